/* object.c: rows of objects: how one goes, and its bytes with it. */
#include "config.h"
#include "flow/object.h"
#include "flow/object_sync.h"

#include "base/clock.h"
#include "base/ids.h"
#include "base/str.h"

int64_t
object_id(void)
{
    int64_t id;

    id_random(&id, sizeof id);
    return id & INT64_MAX;
}

int
object_release_blob(struct tx *tx, const char *store, const char *blob, struct cairn_error *err)
{
    if (blob == NULL)
        return 0;
    return tx_exec(tx, err,
                   "insert into object_garbage (blob, store, since_us) select ?, ?, ? where not exists (select 1 from objects where blob = ?)"
                   " on conflict (blob) do nothing", "ssis", blob, store, clock_us(), blob);
}

int
object_drop_row(struct tx *tx, int64_t id, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    CLEANUP_FREE char *store = NULL, *blob = NULL;
    int64_t container, size, counts;
    int rc;

    if (tx_query(tx, &r, err, "select container_id, size_bytes, latest, store, blob from objects where id = ?", "i", id) < 0 || (rc = rows_next(r, err)) < 0)
        return -1;
    if (rc == 0)
        return 0;
    container = row_int(r, "container_id");
    size = row_int(r, "size_bytes");
    counts = row_int(r, "latest");
    store = xstrdup(row_text(r, "store"));
    blob = xstrdup(row_text(r, "blob"));
    rows_close(steal(&r));
    if (counts && object_sync_note(tx, id, err) < 0)
        return -1;
    return tx_exec(tx, err, "delete from objects where id = ?", "i", id) < 0 ||
           tx_exec(tx, err, "update object_containers set object_count = object_count - ?, bytes_used = bytes_used - ? where id = ?", "iii", counts, size,
                   container) < 0 ||
           object_release_blob(tx, store, blob, err) < 0 ? -1 : 0;
}
