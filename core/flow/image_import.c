/* image_import.c: the flow "image-import": bytes that are staged, fetched from the web, or in another store already, become an image's in each store asked for.
 *
 * The payload: method, stores, must (all of them or none), task (the row that clients see); steps note "source" {store, handle}, "facts",
 * "copied" {store: handle} and "failed" [store]. */
#include "config.h"
#define LOG_MODULE "flow"

#include "flow/image.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "flow/flow.h"
#include "media/intake.h"
#include "plugin/storage.h"

#define PIECE (1u << 20)
#define KEPT_US (INT64_C(48) * 3600 * 1000000)     /* how long clients see a task that has ended */

static int
is_copy(const struct flow_run *run)
{
    return str_eq(json_str(run->payload, "method"), "copy-image");
}

/* --- what clients see */

static char *
joined(const json_t *names)
{
    CLEANUP_STR struct str text = STR_INIT;
    json_t *name;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)names, i, name)
        str_addf(&text, "%s%s", i > 0 ? "," : "", json_string_value(name));
    return str_take(&text);
}

int
image_set_stores(struct tx *tx, const char *image_id, const json_t *importing, const json_t *failed, struct cairn_error *err)
{
    const struct { const char *name; const json_t *stores; } rows[] = { { "os_glance_importing_to_stores", importing }, { "os_glance_failed_import", failed } };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP_FREE char *text = joined(rows[i].stores);

        if (tx_exec(tx, err, "insert into image_properties (image_id, name, value) select id, ?, ? from images where id = ?"
                    " on conflict (image_id, name) do update set value = excluded.value", "sss", rows[i].name, text, image_id) < 0)
            return -1;
    }
    return 0;
}

static int
task_status(struct flow_run *run, struct tx *tx, const char *status, const char *message, struct cairn_error *err)
{
    CLEANUP_JSON json_t *result = json_pack("{s:s}", "image_id", run->object_id);
    CLEANUP_FREE char *text = json_text(result);

    return tx_exec(tx, err, "update image_tasks set status = ?, message = ?, result = ?, updated_us = ?,"
                   " expires_us = case when ? in ('success', 'failure') then ? end where id = ?", "sssisis", status, message,
                   strcmp(status, "success") == 0 ? text : NULL, clock_us(), status, clock_us() + KEPT_US, json_str(run->payload, "task"));
}

/* --- source: what is fetched from the web is staged first */

struct fetching { struct flow_run *run; struct intake *intake; };

static int
fetch_write(void *arg, const void *bytes, size_t len, struct cairn_error *err)
{
    struct fetching *f = arg;

    return intake_write(f->intake, bytes, len, err);
}

static int
fetch_cancelled(void *arg)
{
    struct fetching *f = arg;

    return flow_cancelled(f->run);
}

static int
is_fetch(const struct flow_run *run)
{
    return str_eq(json_str(run->payload, "method"), "web-download");
}

static int
fetch_run(struct flow_run *run, struct cairn_error *err)
{
    const char *name = json_string_value(json_array_get(json_object_get(run->payload, "stores"), 0));
    CLEANUP_DRIVER struct driver *store = name != NULL ? plugins_get(run->plugins, CAIRN_STORAGE, name) : NULL;
    CLEANUP_INTAKE struct intake *intake = NULL;
    struct fetching f = { .run = run };
    struct intake_facts facts = { .size = 0 };
    char unique[ID_UUID];

    if (store == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "storage instance '%s' is not loaded", name);
    id_uuid(unique);
    if (intake_open(store, unique, 0, &intake, err) < 0)
        return -1;
    f.intake = intake;
    if (image_fetch(run->config, json_str(run->payload, "uri"), fetch_write, fetch_cancelled, &f, err) < 0 ||
        intake_verdict(intake, json_str(run->payload, "format"), err) < 0 || intake_commit(intake, &facts, err) < 0)
        return -1;
    json_object_set_new(run->payload, "source", json_pack("{s:s, s:s}", "store", name, "handle", facts.handle));
    if (json_str(run->payload, "sha512") != NULL && !str_eq(json_str(run->payload, "sha512"), facts.sha512))
        return cairn_fail(err, CAIRN_INVALID, "the data have another SHA-512 than was promised");
    json_object_set_new(run->payload, "facts", intake_facts_json(&facts));
    return 0;
}

/* --- source: where the bytes are, and what is known of them */

static int
source_of_row(struct flow_run *run, struct rows *r, struct cairn_error *err)
{
    const char *store = row_text(r, is_copy(run) ? "store" : "staged_store"), *handle = row_text(r, is_copy(run) ? "handle" : "staged_handle");
    CLEANUP_JSON json_t *facts = json_of_column(row_text(r, "staged_facts"));

    if (store == NULL || handle == NULL)
        return cairn_fail(err, CAIRN_CONFLICT, "image %s has no data to import", run->object_id);
    if (is_copy(run))
        json_object_set_new(facts, "size", json_integer(row_int(r, "size_bytes")));
    else if (json_str(facts, "refused") != NULL)
        return cairn_fail(err, CAIRN_INVALID, "%s", json_str(facts, "refused"));
    json_object_set_new(run->payload, "source", json_pack("{s:s, s:s}", "store", store, "handle", handle));
    json_object_set(run->payload, "facts", facts);
    return 0;
}

static int
source_run(struct flow_run *run, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    if (is_fetch(run))
        return fetch_run(run, err);
    if (tx_begin(run->catalog, TX_READ, &tx, err) < 0 ||
        tx_query(tx, &r, err, "select store, handle, size_bytes, staged_store, staged_handle, staged_facts from images where id = ?", "s", run->object_id) < 0 ||
        (rc = rows_next(r, err)) < 0)
        return -1;
    if (rc == 0)
        return cairn_fail(err, CAIRN_GONE, "image %s is deleted", run->object_id);
    return source_of_row(run, r, err);
}

static int
source_record(struct flow_run *run, struct tx *tx, struct cairn_error *err)
{
    const json_t *source = json_object_get(run->payload, "source");

    if (is_fetch(run) && tx_exec(tx, err, "update images set staged_store = ?, staged_handle = ?, size_bytes = ? where id = ?", "ssis", json_str(source, "store"),
                                 json_str(source, "handle"), json_int(json_object_get(run->payload, "facts"), "size", 0), run->object_id) < 0)
        return -1;
    return task_status(run, tx, "processing", "", err);
}

/* What was fetched goes; what a client staged stays. */
static int
source_undo(struct flow_run *run, struct cairn_error *err)
{
    const json_t *source = json_object_get(run->payload, "source");
    CLEANUP_DRIVER struct driver *d = is_fetch(run) && source != NULL ? plugins_get(run->plugins, CAIRN_STORAGE, json_str(source, "store")) : NULL;

    return d != NULL ? storage_image_delete(d, json_str(source, "handle"), err) : 0;
}

static int
source_record_undo(struct flow_run *run, struct tx *tx, struct cairn_error *err)
{
    if (!is_fetch(run))
        return 0;
    return tx_exec(tx, err, "update images set staged_store = null, staged_handle = null, size_bytes = null where id = ? and status = 'importing'", "s",
                   run->object_id);
}

/* --- copy: into each store in turn */

static int
copy_bytes(struct flow_run *run, struct driver *from, const char *handle, struct driver *to, uint64_t size, char ret_handle[256], struct cairn_error *err)
{
    CLEANUP_FREE char *buf = xmalloc(PIECE);
    struct cairn_stream *stream;
    uint64_t at = 0;
    size_t len;

    if (storage_image_open(to, run->object_id, size, &stream, err) < 0)
        return -1;
    while (at < size) {
        if (flow_cancelled(run)) {
            cairn_fail(err, CAIRN_CANCELLED, "the import of image %s was called off", run->object_id);
            goto fail;
        }
        if (storage_image_read(from, handle, at, buf, PIECE, &len, err) < 0 || storage_image_write(to, stream, buf, len, err) < 0)
            goto fail;
        if (len == 0) {
            cairn_fail(err, CAIRN_INTERNAL, "the data of image %s end after %llu of %llu bytes", run->object_id, (unsigned long long)at, (unsigned long long)size);
            goto fail;
        }
        at += len;
    }
    return storage_image_commit(to, stream, ret_handle, err);
fail:
    storage_image_abort(to, stream);
    return -1;
}

static int
copy_to(struct flow_run *run, const char *store, struct cairn_error *err)
{
    const json_t *source = json_object_get(run->payload, "source");
    CLEANUP_DRIVER struct driver *from = plugins_get(run->plugins, CAIRN_STORAGE, json_str(source, "store"));
    CLEANUP_DRIVER struct driver *to = plugins_get(run->plugins, CAIRN_STORAGE, store);
    uint64_t size = (uint64_t)json_int(json_object_get(run->payload, "facts"), "size", 0);
    json_t *copied = json_object_get(run->payload, "copied");
    char handle[256];

    if (str_eq(store, json_str(source, "store"))) {
        json_object_set_new(copied, store, json_string(json_str(source, "handle")));
        return 0;
    }
    if (from == NULL || to == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "storage instance '%s' is not loaded", from == NULL ? json_str(source, "store") : store);
    if (copy_bytes(run, from, json_str(source, "handle"), to, size, handle, err) < 0)
        return cairn_error_context(err, "store '%s'", store);
    json_object_set_new(copied, store, json_string(handle));
    return 0;
}

/* Clients see after each store which are left. */
static int
tell(struct flow_run *run, const json_t *stores, size_t done, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_JSON json_t *left = json_array();

    for (size_t i = done; i < json_array_size(stores); i++)
        json_array_append(left, json_array_get(stores, i));
    if (tx_begin(run->catalog, TX_WRITE, &tx, err) < 0 ||
        image_set_stores(tx, run->object_id, left, json_object_get(run->payload, "failed"), err) < 0)
        return -1;
    return tx_commit(steal(&tx), err);
}

static void
drop_copies(struct flow_run *run)
{
    const json_t *source = json_object_get(run->payload, "source");
    const char *store;
    json_t *handle;

    json_object_foreach(json_object_get(run->payload, "copied"), store, handle) {
        CLEANUP_DRIVER struct driver *d = plugins_get(run->plugins, CAIRN_STORAGE, store);
        struct cairn_error err = CAIRN_ERROR_INIT;

        if (!str_eq(store, json_str(source, "store")) && d != NULL && storage_image_delete(d, json_string_value(handle), &err) < 0)
            log_warn("the bytes %s of an import that failed stay in store '%s' for now: %s", json_string_value(handle), store, err.message);
    }
}

static int
copy_undo(struct flow_run *run, struct cairn_error *err)
{
    (void)err;
    drop_copies(run);
    return 0;
}

static int
copy_run(struct flow_run *run, struct cairn_error *err)
{
    const json_t *stores = json_object_get(run->payload, "stores");
    int must = json_bool(run->payload, "must", 1);
    json_t *failed = json_array(), *name;
    size_t i, n = json_array_size(stores);

    json_object_set_new(run->payload, "failed", failed);
    json_object_set_new(run->payload, "copied", json_object());
    json_array_foreach((json_t *)(uintptr_t)stores, i, name) {
        if (copy_to(run, json_string_value(name), err) < 0) {
            if (must || err->code == CAIRN_CANCELLED) {
                drop_copies(run);
                return -1;
            }
            log_warn("image %s: %s", run->object_id, err->message);
            cairn_error_clear(err);
            json_array_append(failed, name);
        }
        if (tell(run, stores, i + 1, err) < 0)
            return -1;
        flow_progress(run, (double)(i + 1) / (double)n);
    }
    if (n > 0 && json_array_size(failed) == n)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no store took the data of image %s", run->object_id);
    return 0;
}

static int
add_copy(struct flow_run *run, struct tx *tx, const char *store, const char *handle, struct cairn_error *err)
{
    return tx_exec(tx, err, "insert into image_copies (image_id, store, handle, created_us) select id, ?, ?, ? from images where id = ?"
                   " on conflict (image_id, store) do update set handle = excluded.handle", "ssis", store, handle, clock_us(), run->object_id);
}

/* The first store's bytes make it active. */
static int
activate(struct flow_run *run, struct tx *tx, const char *store, const char *handle, struct cairn_error *err)
{
    const json_t *facts = json_object_get(run->payload, "facts");
    int64_t virtual_size = json_int(facts, "virtual_size", 0);
    struct sql_value values[] = {
        { .type = 'i', .i = json_int(facts, "size", 0) }, { .type = virtual_size > 0 ? 'i' : 'n', .i = virtual_size },
        { .type = 's', .p = json_str(facts, "checksum") }, { .type = 's', .p = json_str(facts, "os_hash_value") }, { .type = 's', .p = store },
        { .type = 's', .p = handle }, { .type = 'i', .i = clock_us() }, { .type = 's', .p = run->object_id },
    };

    return tx_exec_v(tx, err, "update images set status = 'active', size_bytes = ?, virtual_size_bytes = ?, checksum = ?, os_hash_algo = 'sha512',"
                     " os_hash_value = ?, store = ?, handle = ?, staged_store = null, staged_handle = null, staged_facts = null, updated_us = ?"
                     " where id = ? and status = 'importing'", values, ARRAY_LEN(values));
}

static int
copy_record(struct flow_run *run, struct tx *tx, struct cairn_error *err)
{
    int first = !is_copy(run);
    int64_t there;
    const char *store;
    json_t *handle;

    if (tx_int(tx, &there, 0, err, "select count(*) from images where id = ?", "s", run->object_id) < 0)
        return -1;
    if (there == 0)
        return cairn_fail(err, CAIRN_GONE, "image %s was deleted while it was imported", run->object_id);
    json_object_foreach(json_object_get(run->payload, "copied"), store, handle) {
        if ((first ? activate(run, tx, store, json_string_value(handle), err) : add_copy(run, tx, store, json_string_value(handle), err)) < 0)
            return -1;
        first = 0;
    }
    return 0;
}

/* --- clean: staged bytes that no store asked for */

static int
clean_run(struct flow_run *run, struct cairn_error *err)
{
    const json_t *source = json_object_get(run->payload, "source");
    const char *store = json_str(source, "store");
    CLEANUP_DRIVER struct driver *d = plugins_get(run->plugins, CAIRN_STORAGE, store);

    if (is_copy(run) || d == NULL || json_object_get(json_object_get(run->payload, "copied"), store) != NULL)
        return 0;
    return storage_image_delete(d, json_str(source, "handle"), err);
}

/* --- the end */

static int
import_done(struct flow_run *run, struct tx *tx, struct cairn_error *err)
{
    if (image_set_stores(tx, run->object_id, NULL, json_object_get(run->payload, "failed"), err) < 0)
        return -1;
    return task_status(run, tx, "success", is_copy(run) ? "Copied." : "Imported.", err);
}

/* Staged bytes stay and may be imported again; who asked sees what failed. */
static int
import_failed(struct flow_run *run, struct tx *tx, const struct cairn_error *cause, struct cairn_error *err)
{
    log_warn("image %s: import failed: %s", run->object_id, cause->message);
    if (tx_exec(tx, err, "update images set status = case when staged_handle is null then 'queued' else 'uploading' end, updated_us = ?"
                " where id = ? and status = 'importing'", "is", clock_us(), run->object_id) < 0 ||
        image_set_stores(tx, run->object_id, NULL, json_object_get(run->payload, "stores"), err) < 0)
        return -1;
    return task_status(run, tx, "failure", cause->message, err);
}

static const struct flow_step steps[] = {
    { "source", source_run, source_record, source_undo, source_record_undo },
    { "copy", copy_run, copy_record, copy_undo, NULL },
    { "clean", clean_run, NULL, NULL, NULL },
    { NULL, NULL, NULL, NULL, NULL },
};
static const struct flow import_flow = { .kind = "image-import", .steps = steps, .done = import_done, .failed = import_failed };

void
image_flows_register(void)
{
    flow_register(&import_flow);
}
