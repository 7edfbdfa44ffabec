/* task.h: durable work.  A task is a row; handlers write it in their own transaction, workers claim it by a lease.
 *
 * Tasks of one object run one after the other in the order they were added; those of different objects in parallel. */
#ifndef TASK_TASK_H
#define TASK_TASK_H
#include "base/ids.h"
#include "base/json.h"
#include "catalog/catalog.h"

struct task_new {
    const char *kind;           /* name of a registered flow */
    const char *object_type, *object_id;
    const char *host;           /* name of the host that must run it; "" any */
    const json_t *payload;      /* borrowed; NULL: {} */
    int64_t not_before_us;      /* 0: now */
    const char *request_id, *project_id, *user_id;
};
/* Adds it to the caller's transaction; workers wake when that commits.  'ret_id' may be NULL. */
int task_add(struct tx *tx, const struct task_new *task, char ret_id[ID_UUID], struct cairn_error *err);
/* Asks every open task of the object to stop at its next chance; it then undoes what it did.  Call before task_add() of a delete: delete wins. */
int task_cancel_object(struct tx *tx, const char *object_id, struct cairn_error *err);
/* Number of tasks of the object that are not finished. */
int task_open(struct tx *tx, const char *object_id, int64_t *ret, struct cairn_error *err);
/* Removes finished tasks and timeline rows older than 'before_us', at most 'max'. */
int task_sweep(struct tx *tx, int64_t before_us, int64_t max, struct cairn_error *err);

/* --- for who runs tasks in this process */
/* fn(arg) is called after each commit that added tasks or called some off: it may not block.  At most 16 at a time. */
void task_listen(void (*fn)(void *arg), void *arg);
void task_unlisten(void (*fn)(void *arg), void *arg);       /* it does not run any more when this returns */
/* A number that changes when tasks of this object were called off by this process (and now and then when they were not). */
uint32_t task_cancel_mark(const char *object_id);

/* The story: appends one timeline row. */
int timeline_add(struct tx *tx, const char *request_id, const char *object_id, const char *task_id, const char *what, const char *name,
                 const char *detail, int64_t duration_us, uint32_t code, struct cairn_error *err);
#endif
