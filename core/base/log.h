/* log.h: one line per event: time, level, module, request id, text.  Any thread. */
#ifndef BASE_LOG_H
#define BASE_LOG_H
#include <stdint.h>
#include <cairn/driver.h>

/* Each .c file defines LOG_MODULE before it includes this, e.g. #define LOG_MODULE "flow". */
#ifndef LOG_MODULE
#define LOG_MODULE "core"
#endif

/* 'path' NULL: stderr.  Level for every module that log_set_level() has not named.  May be called again. */
int log_open(const char *path, uint32_t level, struct cairn_error *err);
/* Run-time control: "info", or "flow=debug,http=warn,info".  Nothing changes on error. */
int log_set_levels(const char *spec, struct cairn_error *err);
/* The present setting as log_set_levels() would take it; malloc'd. */
char *log_get_levels(void);
int log_enabled(const char *module, uint32_t level);
/* Writes one line.  The same line from the same place more than ten times in a second is counted, not written. */
void log_write(const char *module, uint32_t level, const char *fmt, ...) CAIRN_PRINTF(3, 4);
/* The request id that this thread works for; copied; NULL or "" for none.  Returns nothing: set it at each entry, clear it at exit. */
void log_set_request(const char *request_id);
const char *log_request(void);      /* never NULL */
void log_reopen(void);              /* after rotation (SIGHUP) */

#define log_at(level, ...) do { if (log_enabled(LOG_MODULE, level)) log_write(LOG_MODULE, level, __VA_ARGS__); } while (0)
#define log_error(...) log_at(CAIRN_LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_at(CAIRN_LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_at(CAIRN_LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(CAIRN_LOG_DEBUG, __VA_ARGS__)
#endif
