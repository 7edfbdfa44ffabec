/* object.h: rows of objects and what becomes of their bytes: dropping rows, the reaper, the scrubber. */
#ifndef FLOW_OBJECT_H
#define FLOW_OBJECT_H
#include "catalog/catalog.h"
#include "flow/flow.h"

enum object_kind { OBJECT_PLAIN = 0, OBJECT_SLO = 1, OBJECT_DLO = 2, OBJECT_SYMLINK = 3 };

/* A new random id for a row. */
int64_t object_id(void);
/* Notes that the blob may have lost its last row: it becomes garbage unless another row refers to it.  'blob' NULL: nothing to do. */
int object_release_blob(struct tx *tx, const char *store, const char *blob, struct cairn_error *err);
/* Removes one row (by its id) with its share of the container's statistics, and releases its blob.  No such row: success. */
int object_drop_row(struct tx *tx, int64_t id, struct cairn_error *err);

/* The background work: expired objects, deleted accounts, garbage, and the scrubber, which reads again at [object] scrub_rate bytes a second.
 * Every cairnd may run it; it stops with the engine. */
struct object_keeper;
struct object_keeper_options {
    struct catalog *catalog;
    struct plugins *plugins;
    const struct config *config;
    struct engine *engine;
};
int object_keeper_start(const struct object_keeper_options *options, struct object_keeper **ret, struct cairn_error *err);
void object_keeper_stop(struct object_keeper *k);       /* after engine_stop(); NULL is allowed */
/* Tests, and who does not wait for the timer: one round of all but the scrubber, and one of the scrubber. */
int object_reap(struct catalog *catalog, struct plugins *plugins, struct cairn_error *err);
int object_scrub(struct catalog *catalog, struct plugins *plugins, int64_t bytes_max, char after[208], struct cairn_error *err);
#endif
