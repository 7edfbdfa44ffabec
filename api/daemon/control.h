/* control.h: how `cairn` talks to the daemon that runs: a socket in its run directory, one JSON object per line each way.
 *
 *     {"command": "log", "levels": "flow=debug,info"}
 *     {"ok": true, "levels": "flow=debug,info"}      or      {"ok": false, "error": "..."}
 *
 * The socket has mode 0600, and whoever connects must be root or the daemon's own user.  What needs no daemon (`cairn hosts`,
 * `cairn tasks`) reads the catalog instead.  One connection at a time, a deadline on each; a slow client (or a
 * long audit) holds up nobody but the next one. */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H
#include "base/json.h"
#include "flow/reconcile.h"

#define CONTROL_SOCKET "cairnd.sock"    /* below the run directory */
#define CONTROL_REQUEST_MAX 65536
#define CONTROL_REPLY_MAX (1 << 20)

struct control;

struct control_options {
    const char *run_dir;
    struct plugins *plugins;            /* NULL: commands about drivers say that there are none */
    struct policy *policy;              /* NULL: there is none to read again */
    const char *policy_file;            /* NULL: none is configured */
    const struct reconciler_options *audit;     /* what an audit looks at; NULL: there is none */
};
/* Starts the thread that serves RUN_DIR/cairnd.sock; an old socket there is replaced.  What the options point to is borrowed until
 * control_stop(); the options themselves, and those of the audit, are copied. */
int control_start(const struct control_options *options, struct control **ret, struct cairn_error *err);
void control_stop(struct control *c);           /* NULL is allowed; removes the socket */

/* The other end: sends 'request' to the daemon of that run directory and waits for its answer.  '*ret' (new reference) is an answer with
 * "ok" true; an answer without is an error with the daemon's own sentence.  CAIRN_UNAVAILABLE: no daemon runs there. */
int control_ask(const char *run_dir, const json_t *request, int64_t timeout_ms, json_t **ret, struct cairn_error *err);
#endif
