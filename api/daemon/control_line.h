/* control_line.h: lines over the control socket, with a deadline; both ends. */
#ifndef DAEMON_CONTROL_LINE_H
#define DAEMON_CONTROL_LINE_H
#include "base/str.h"

/* Up to the newline, which is cut.  CAIRN_TIMEOUT, CAIRN_TOO_LARGE (more than 'max' bytes), CAIRN_UNAVAILABLE (closed before a line). */
int control_read_line(int fd, int64_t timeout_ms, size_t max, struct str *ret, struct cairn_error *err);
int control_write_line(int fd, int64_t timeout_ms, const char *text, struct cairn_error *err);
#endif
