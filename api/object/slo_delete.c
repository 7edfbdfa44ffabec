/* slo_delete.c: DELETE ?multipart-manifest=delete: a static large object with its segments, and theirs. */
#include "config.h"
#define LOG_MODULE "object"
#include "object/private.h"

#include <string.h>

#include "base/log.h"

/* What goes, in this order: the segments, then the manifests from the deepest to the first. */
struct doomed {
    struct bulk_report report;
    struct slo_walk walk;
    json_t *segments, *manifests;       /* "container/object" */
    json_t *known;                      /* manifests whose segments are in the lists: a ring of manifests is gone through once */
};

static void
doomed_clear(struct doomed *d)
{
    report_free(&d->report);
    json_decref(d->segments);
    json_decref(d->manifests);
    json_decref(d->known);
}

/* Reads the manifest that 'r' is; -1: why, with a status. */
static int
open_manifest(struct object_call *c, struct tx *tx, const char *path, struct reading *r, json_t **ret, struct cairn_error *err)
{
    const char *slash = strchr(path, '/');
    CLEANUP_FREE char *container = slash != NULL ? xstrndup(path, (size_t)(slash - path)) : NULL;

    if (container == NULL)
        return object_fail(err, 404, "%s", "");
    if (reading_open(c, tx, c->account, container, slash + 1, r, err) < 0)
        return -1;
    if (r->object.kind != OBJECT_SLO)
        return object_fail(err, 400, "Not an SLO manifest");
    return slo_manifest(c->service, &r->object, ret, err);
}

/* One manifest, and those in it.  -1: nothing may be deleted, the report says why. */
static int
collect(struct object_call *c, struct tx *tx, struct doomed *d, const char *path, int is_first)
{
    CLEANUP_READING struct reading r = { .walk = is_first ? NULL : &d->walk, .is_head = 1 };
    CLEANUP_JSON json_t *manifest = NULL;
    struct cairn_error err = CAIRN_ERROR_INIT;
    size_t i;
    json_t *seg;

    if (json_object_get(d->known, path) != NULL)
        return 0;
    json_object_set_new(d->known, path, json_true());
    json_array_insert_new(d->manifests, 0, json_string(path));
    if (open_manifest(c, tx, path, &r, &manifest, &err) < 0) {
        int status = object_status_of(&err);

        if (http_replied(c->req))
            return -1;
        if (is_first && (status == 401 || status == 403)) {
            report_stop(&d->report, status, object_title(status));
            return -1;
        }
        if (status >= 500)
            log_error("manifest %s: %s", path, err.message);
        if (status != 404)              /* else its delete tells */
            report_fail_with(&d->report, path, status, status == 400 ? err.message : "Unable to load SLO manifest or segment.");
        if (status != 404)
            json_array_remove(d->manifests, 0);
        return 0;
    }
    d->walk.bytes += r.object.size;
    json_array_foreach(manifest, i, seg) {
        const char *name = json_str(seg, "name");

        if (name == NULL)
            continue;
        if (++d->walk.segments > SLO_WALK_SEGMENTS_MAX || d->walk.bytes > SLO_WALK_BYTES_MAX) {
            report_stop(&d->report, 400, "Too many segments to delete at once.");
            return -1;
        }
        name += strspn(name, "/");
        if (!json_bool(seg, "sub_slo", 0))
            json_array_append_new(d->segments, json_string(name));
        else if (++d->walk.depth > SLO_WALK_DELETE_DEPTH_MAX || collect(c, tx, d, name, 0) < 0) {
            if (!d->report.is_stopped)
                report_stop(&d->report, 400, "Manifests are in manifests too deep.");
            return -1;
        } else {
            d->walk.depth--;
        }
    }
    return 0;
}

static void
delete_all(struct object_call *c, json_t *list, struct doomed *d)
{
    size_t n = json_array_size(list);
    CLEANUP_FREE char **paths = xcalloc(n + 1, sizeof *paths);

    for (size_t i = 0; i < n; i++)
        paths[i] = (char *)(uintptr_t)json_string_value(json_array_get(list, i));       /* only read */
    deletes_run(c, paths, n, &d->report);
}

/* The version of the first manifest that the request names. */
static void
delete_version(struct object_call *c, const char *version, const char *path, struct bulk_report *report)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_CONTAINER struct container k = { 0 };
    CLEANUP_OBJECT struct object o = { 0 };
    struct cairn_error err = CAIRN_ERROR_INIT;
    int found = 0, status = 204;

    if (tx_begin(c->service->env.catalog, TX_WRITE, &tx, &err) < 0 || container_for_write(c, tx, c->account, c->container, &k, &err) < 0 ||
        (found = versions_remove(c, tx, &k, version, &o, &err)) < 0 || tx_commit(steal(&tx), &err) < 0)
        status = object_status_of(&err);
    else if (!found)
        status = 404;
    if (status >= 500)
        log_error("version %s of %s: %s", version, path, err.message);
    report_note(report, path, status);
}

int
slo_delete(struct object_call *c, struct cairn_error *err)
{
    CLEANUP(doomed_clear) struct doomed d = { .report = REPORT_OF_DELETES, .segments = json_array(), .manifests = json_array(), .known = json_object() };
    CLEANUP_FREE char *path = xasprintf("%s/%s", c->container, c->object);
    const char *version = object_has(c, "object_versioning") ? http_query(c->req, "version-id") : NULL;
    CLEANUP_TX struct tx *tx = NULL;

    if (tx_begin(c->service->env.catalog, TX_READ, &tx, err) < 0)
        return -1;
    if (collect(c, tx, &d, path, 1) == 0) {
        size_t last = json_array_size(d.manifests);
        int is_version = version != NULL && last > 0 && strcmp(json_string_value(json_array_get(d.manifests, last - 1)), path) == 0;

        tx_rollback(steal(&tx));
        if (is_version)
            json_array_remove(d.manifests, last - 1);
        delete_all(c, d.segments, &d);
        if (!d.report.is_stopped)
            delete_all(c, d.manifests, &d);
        if (is_version && !d.report.is_stopped)
            delete_version(c, version, path, &d.report);
    }
    if (!http_replied(c->req))          /* it is a mark of a deletion, and that was told */
        report_reply(c, &d.report);
    return 0;
}
