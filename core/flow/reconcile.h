/* reconcile.h: the books and the machine agree, or are made to.
 *
 * One table of checks serves three callers: the reconciler of a host (at start, on a driver's return, on a timer: repairs), `cairn audit` (reports) and
 * `cairn audit --repair`.  A finding names the object, what is wrong, and what repairing it means. */
#ifndef FLOW_RECONCILE_H
#define FLOW_RECONCILE_H
#include "flow/flow.h"

struct reconciler;
struct reconciler_options {
    struct catalog *catalog;
    struct plugins *plugins;    /* NULL: the checks of the catalog alone (no driver is asked) */
    const struct config *config;
    struct engine *engine;      /* NULL: run once, by audit_run() */
    const char *host;           /* NULL: every host (simulation) */
};
struct audit_finding {
    const char *check;          /* "allocation-without-server" */
    const char *object;         /* id */
    char text[512];
    int repaired;
};
/* Runs every check; found() may be NULL.  '*ret_open' counts findings that were not repaired.  Objects with an open task are left alone. */
int audit_run(const struct reconciler_options *options, int repair, void (*found)(void *arg, const struct audit_finding *finding), void *arg,
              int *ret_open, struct cairn_error *err);

/* Runs at once on a worker, then every five minutes and when poked ("reconcile"). */
int reconciler_start(const struct reconciler_options *options, struct reconciler **ret, struct cairn_error *err);
void reconciler_stop(struct reconciler *r);     /* after engine_stop(); NULL is allowed */
#endif
