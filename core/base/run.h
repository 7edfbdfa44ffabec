/* run.h: the one runner of child processes: argv, clean environment, no inherited descriptors, deadline, captured output. */
#ifndef BASE_RUN_H
#define BASE_RUN_H
#include <sys/types.h>
#include <cairn/driver.h>

struct run_result { char *out; size_t out_len; char *errtext; int status; };    /* status: exit code, or 128+signal */
void run_result_free(struct run_result *r);

/* Runs to the end or the deadline (then SIGTERM, SIGKILL 2 s later).  'cancelled' (may be NULL) is asked twice a second.  Blocking; any
 * thread.  A non-zero status is an error (CAIRN_INTERNAL with the command and the last line of stderr) unless CAIRN_CHILD_ANY_STATUS.
 * '*ret' (may be NULL) is filled on success, else empty; run_result_free() either way.  'timeout_ms' 0: one minute.  The child dies with
 * the thread that runs it; who means to stay daemonises itself (setsid, a second fork). */
int run_child(const struct cairn_child *child, int (*cancelled)(void *), void *arg, struct run_result *ret, struct cairn_error *err);
/* Shorthand: run_argv(err, 10000, &out, "ip", "link", NULL); out may be NULL. */
int run_argv(struct cairn_error *err, uint32_t timeout_ms, char **ret_out, const char *program, ...) __attribute__((sentinel));
/* Tests: children are given to 'fn' instead of being run. */
void run_record(int (*fn)(void *arg, const struct cairn_child *child, struct run_result *ret, struct cairn_error *err), void *arg);
#endif
