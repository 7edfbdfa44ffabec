/* audit.h: what the files of the audit share: one table of checks each, and the ways to report and to repair. */
#ifndef FLOW_AUDIT_H
#define FLOW_AUDIT_H
#include "base/arena.h"
#include "flow/reconcile.h"

/* One run over all checks. */
struct audit {
    const struct reconciler_options *o;
    struct reconciler *r;               /* NULL: a single run, by audit_run() */
    const struct audit_check *check;    /* the one that runs */
    int repair;
    int at_start;                       /* the first run of this process: what a reboot may have taken is made again */
    int64_t process_start_us;
    char request_id[ID_REQUEST];        /* of the tasks that repairs add */
    void (*found)(void *arg, const struct audit_finding *finding);
    void *arg;
    int open;
};

/* A check is a function, or a query and a repair.  The query selects 'id', 'owner' (the object whose open tasks matter beside those of 'id')
 * and 'detail' (what is wrong); the repair runs in the transaction that has seen the row again, without an open task. */
struct audit_check {
    const char *name;
    int needs_drivers;
    const char *remedy;                 /* "delete the allocation"; what repairing means, or what an operator can do */
    int (*fn)(struct audit *a, struct cairn_error *err);
    const char *find;
    int (*repair)(struct audit *a, struct tx *tx, const char *id, struct cairn_error *err);     /* NULL: reported only */
};

/* Each ends with name == NULL.  They run in this order: the books first, for the others compare with them. */
extern const struct audit_check audit_books[], audit_servers[], audit_network[], audit_storage[];

/* Tasks that are not finished, as a condition on "object_id". */
#define AUDIT_OPEN(object) "exists (select 1 from tasks t where t.object_id = " object " and t.state in ('queued', 'running', 'undoing'))"

/* Reports a finding of the check that runs; 'why' (may be NULL): the repair failed. */
void audit_found(struct audit *a, const char *object, int repaired, const struct cairn_error *why, const char *fmt, ...) CAIRN_PRINTF(5, 6);
/* The host to look at, "" for all: for conditions "('' = ? or name = ?)". */
const char *audit_host(const struct audit *a);
/* A count in a transaction of its own: 'sql' has 1 to 4 parameters, all text, the unused ones NULL. */
int audit_count(struct audit *a, int64_t *ret, struct cairn_error *err, const char *sql, const char *p1, const char *p2, const char *p3, const char *p4);
/* 1: the object has an open task, -1: error. */
int audit_busy(struct audit *a, const char *object, struct cairn_error *err);
/* First column of every row, in the arena.  Parameters as above. */
int audit_ids(struct audit *a, struct arena *arena, struct ptrs *ret, struct cairn_error *err, const char *sql, const char *p1, const char *p2,
              const char *p3);
/* Texts in order, for audit_has(). */
void audit_sort(struct ptrs *list);
int audit_has(const struct ptrs *sorted, const char *text);
/* 1: the same was seen in the reconciler's last run too.  Remembers it for the next. */
int audit_seen_twice(struct audit *a, const char *what);
#endif
