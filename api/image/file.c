/* file.c: the bytes of images: uploads that are hashed and inspected as they pass, downloads straight from the store. */
#include <config.h>
#define LOG_MODULE "image"
#include "image/private.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "media/intake.h"
#include "plugin/storage.h"
#include "task/task.h"

/* --- upload */

/* One worker at a time, in the order of the sink's calls. */
struct upload {
    const struct rest_env *env;
    char id[ID_UUID];
    int staging;                        /* PUT .../stage: the bytes wait for import */
    char *format;                       /* declared */
    char *store_name;
    struct driver *store;
    struct intake *intake;              /* NULL: not open yet */
};

static void
upload_free(struct upload *u)
{
    if (u == NULL)
        return;
    intake_free(u->intake);
    driver_put(u->store);
    free(u->format);
    free(u->store_name);
    free(u);
}

/* The upload came to nothing: the image waits for another. */
static void
back_to_queued(struct upload *u)
{
    CLEANUP_TX struct tx *tx = NULL;
    struct cairn_error err = CAIRN_ERROR_INIT;

    if (tx_begin(u->env->catalog, TX_WRITE, &tx, &err) < 0 ||
        tx_exec(tx, &err, "update images set status = 'queued', updated_us = ? where id = ? and status in ('saving', 'uploading') and staged_handle is null",
                "is", clock_us(), u->id) < 0 ||
        tx_commit(steal(&tx), &err) < 0)
        log_error("image %s stays as it is until the next start: %s", u->id, err.message);
}

static int
upload_write(void *arg, const void *bytes, size_t len, struct cairn_error *err)
{
    struct upload *u = arg;

    return intake_write(u->intake, bytes, len, err);
}

static int
record(struct upload *u, struct cairn_request *req, const struct intake_facts *facts, const char *refused, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_JSON json_t *json = intake_facts_json(facts);
    CLEANUP_FREE char *text = NULL;
    struct sql_value virtual_bytes = { .type = facts->virtual_size > 0 ? 'i' : 'n', .i = (int64_t)facts->virtual_size };
    struct sql_value values[] = {
        { .type = 'i', .i = (int64_t)facts->size }, virtual_bytes, { .type = 's', .p = facts->md5 }, { .type = 's', .p = facts->sha512 },
        { .type = 's', .p = u->store_name }, { .type = 's', .p = facts->handle }, { .type = 'i', .i = clock_us() }, { .type = 's', .p = u->id },
    };

    if (refused != NULL)
        json_object_set_new(json, "refused", json_string(refused));
    text = json_text(json);
    if (tx_begin(u->env->catalog, TX_WRITE, &tx, err) < 0)
        return -1;
    if ((u->staging ? tx_exec(tx, err, "update images set size_bytes = ?, staged_store = ?, staged_handle = ?, staged_facts = ?, updated_us = ?"
                              " where id = ? and status = 'uploading'", "isssis", (int64_t)facts->size, u->store_name, facts->handle, text, clock_us(), u->id)
                    : tx_exec_v(tx, err, "update images set status = 'active', size_bytes = ?, virtual_size_bytes = ?, checksum = ?, os_hash_algo = 'sha512',"
                                " os_hash_value = ?, store = ?, handle = ?, updated_us = ? where id = ? and status = 'saving'", values, ARRAY_LEN(values))) < 0)
        return -1;
    if (tx_changes(tx) == 0)
        return cairn_fail(err, CAIRN_GONE, "Image %s was deleted while its data were uploaded.", u->id);
    if (timeline_add(tx, http_request_id(req), u->id, NULL, "request", u->staging ? "stage" : "upload", NULL, 0, 0, err) < 0)
        return -1;
    return tx_commit(steal(&tx), err);
}

/* The bytes are whole: are they what they were said to be, and safe?  Then they appear in the store, and with them the image.  What is staged
 * is judged, too, but it is the import that fails. */
static int
upload_finish(struct upload *u, struct cairn_request *req, struct cairn_error *err)
{
    struct intake_facts facts = { .size = 0 };
    struct cairn_error refused = CAIRN_ERROR_INIT, ignored = CAIRN_ERROR_INIT;

    crash_here("image-upload:whole");
    if (intake_verdict(u->intake, u->format, &refused) < 0 && !u->staging) {
        *err = refused;
        return -1;
    }
    if (intake_commit(u->intake, &facts, err) < 0)
        return -1;
    crash_here("image-upload:kept");
    if (record(u, req, &facts, refused.code != CAIRN_OK ? refused.message : NULL, err) == 0) {
        crash_here("image-upload:recorded");
        return 0;
    }
    if (storage_image_delete(u->store, facts.handle, &ignored) < 0)
        log_warn("the bytes %s of an upload that failed stay in store '%s' for now: %s", facts.handle, u->store_name, ignored.message);
    return -1;
}

static void
upload_done(void *arg, struct cairn_request *req)
{
    struct upload *u = arg;
    struct cairn_error err = CAIRN_ERROR_INIT;

    if (upload_finish(u, req, &err) < 0) {
        back_to_queued(u);
        http_fault(req, 0, &err);
    } else {
        http_reply(req, 204, NULL, NULL);
    }
    upload_free(u);
}

static void
upload_aborted(void *arg, struct cairn_request *req, const struct cairn_error *err)
{
    struct upload *u = arg;

    back_to_queued(u);
    if (err != NULL)
        http_fault(req, 0, err);
    else
        log_info("upload of image %s: the client left after %" PRIu64 " bytes", u->id, intake_size(u->intake));
    upload_free(u);
}

static int
check_upload(struct rest_call *call, uint64_t max, struct cairn_error *err)
{
    const char *type = http_header(call->req, "Content-Type"), *length = http_header(call->req, "Content-Length");
    size_t len = type != NULL ? strcspn(type, "; ") : 0;
    int64_t bytes;

    if (type == NULL || len != 24 || strncasecmp(type, "application/octet-stream", len) != 0)
        return cairn_fail_tag(err, CAIRN_INVALID, "415", "Unsupported Content-Type '%.80s': image data come as application/octet-stream.", type != NULL ? type : "");
    if (length != NULL && str_to_int(length, 0, INT64_MAX, &bytes) == 0 && (uint64_t)bytes > max)
        return cairn_fail(err, CAIRN_TOO_LARGE, "Denying attempt to upload image larger than %" PRIu64 " bytes.", max);
    return 0;
}

/* From queued to saving or uploading, in a transaction that nobody else's upload can share. */
static int
take_image(struct rest_call *call, struct upload *u, struct cairn_error *err)
{
    const char *status, *format, *container;

    if (tx_begin(call->env->catalog, TX_WRITE, &call->tx, err) < 0 ||
        rest_load(call, &images_resource, rest_param(call, "image_id"), &call->object, err) < 0 || rest_allow(call, u->staging ? "modify_image" : "upload_image", err) < 0)
        return -1;
    status = row_text(call->object, "status");
    format = row_text(call->object, "disk_format");
    container = row_text(call->object, "container_format");
    snprintf(u->id, sizeof u->id, "%s", row_text(call->object, "id"));
    if (strcmp(status, "queued") != 0)
        return cairn_fail(err, CAIRN_CONFLICT, "Image status transition from %s to %s is not allowed.", status, u->staging ? "uploading" : "saving");
    if (format == NULL || container == NULL)
        return cairn_fail(err, CAIRN_INVALID, "Properties %s must be set prior to saving data.",
                          format == NULL && container == NULL ? "disk_format, container_format" : format == NULL ? "disk_format" : "container_format");
    if (image_quota(call, row_text(call->object, "owner"), u->staging ? "image_stage_total" : "image_size_total", 0, err) < 0 ||
        image_quota(call, row_text(call->object, "owner"), "image_count_uploading", 1, err) < 0)
        return -1;
    u->format = xstrdup(format);
    rows_close(steal(&call->object));
    if (tx_exec(call->tx, err, "update images set status = ?, updated_us = ? where id = ?", "sis", u->staging ? "uploading" : "saving", clock_us(), u->id) < 0)
        return -1;
    return tx_commit(steal(&call->tx), err);
}

static int
receive(struct rest_call *call, int staging, struct cairn_error *err)
{
    static const struct http_sink sink = { upload_write, upload_done, upload_aborted };
    struct upload *u = xcalloc(1, sizeof *u);
    uint64_t max = (uint64_t)image_limit(call->env, "size_max");
    const char *length = http_header(call->req, "Content-Length"), *wanted = staging ? NULL : http_header(call->req, "X-Image-Meta-Store");
    char name[ID_UUID];
    int64_t hint = 0;

    u->env = call->env;
    u->staging = staging;
    if (check_upload(call, max, err) < 0 || image_store_open(call->env, wanted, &u->store, err) < 0 ||
        rest_move(call, u->store, err) < 0 || take_image(call, u, err) < 0) {
        upload_free(u);
        return -1;
    }
    u->store_name = xstrdup(driver_instance(u->store));
    if (length != NULL && str_to_int(length, 0, INT64_MAX, &hint) < 0)
        hint = 0;
    id_uuid(name);                      /* what is staged may be staged again: under another name */
    if (intake_open(u->store, staging ? name : u->id, (uint64_t)hint, &u->intake, err) < 0) {
        back_to_queued(u);
        upload_free(u);
        return -1;
    }
    crash_here("image-upload:open");
    http_set_body(call->req, HTTP_BODY_STREAM, (size_t)max);
    http_receive(call->req, &sink, u);
    rest_replied(call);
    return 0;
}

static int
image_upload(struct rest_call *call, struct cairn_error *err)
{
    return receive(call, 0, err);
}

static int
image_stage(struct rest_call *call, struct cairn_error *err)
{
    return receive(call, 1, err);
}

/* --- download */

struct download { struct driver *store; char *handle; uint64_t base; };

static int
download_read(void *arg, uint64_t offset, void *buf, size_t max, size_t *ret_len, struct cairn_error *err)
{
    struct download *d = arg;

    return storage_image_read(d->store, d->handle, d->base + offset, buf, max, ret_len, err);
}

static void
download_free(void *arg)
{
    struct download *d = arg;

    driver_put(d->store);
    free(d->handle);
    free(d);
}

/* "bytes=0-99", "bytes=100-", "bytes=-50" of one range; several, or another unit, are answered with the whole. */
static int
parse_range(const char *header, uint64_t size, uint64_t *ret_from, uint64_t *ret_len, struct cairn_error *err)
{
    CLEANUP_FREE char *first = NULL;
    const char *dash;
    int64_t from = 0, to = (int64_t)size - 1, last;

    *ret_from = 0;
    *ret_len = size;
    if (header == NULL || strncasecmp(header, "bytes=", 6) != 0 || strchr(header, ',') != NULL || (dash = strchr(header, '-')) == NULL)
        return 0;
    first = xstrndup(header + 6, (size_t)(dash - header) - 6);
    if (first[0] == '\0') {
        if (str_to_int(dash + 1, 0, INT64_MAX, &last) < 0 || last == 0)
            goto bad;
        from = last < (int64_t)size ? (int64_t)size - last : 0;
    } else {
        if (str_to_int(first, 0, INT64_MAX, &from) < 0 || (dash[1] != '\0' && str_to_int(dash + 1, 0, INT64_MAX, &last) < 0))
            goto bad;
        if (dash[1] != '\0' && last < to)
            to = last;
    }
    if (from > to)
        goto bad;
    *ret_from = (uint64_t)from;
    *ret_len = (uint64_t)(to - from) + 1;
    return 1;
bad:
    return cairn_fail_tag(err, CAIRN_INVALID, "416", "The range '%.60s' lies outside the image's %" PRIu64 " bytes.", header, size);
}

/* What the row says of the bytes; NULL handle: there are none (204). */
struct found { char *store, *handle, *checksum; uint64_t size; };

static void
found_free(struct found *f)
{
    free(f->store);
    free(f->handle);
    free(f->checksum);
}

static int
find_bytes(struct rest_call *call, struct found *ret, struct cairn_error *err)
{
    const char *status;

    if (tx_begin(call->env->catalog, TX_READ, &call->tx, err) < 0 ||
        rest_load(call, &images_resource, rest_param(call, "image_id"), &call->object, err) < 0 || rest_allow(call, "download_image", err) < 0)
        return -1;
    status = row_text(call->object, "status");
    if (strcmp(status, "deactivated") == 0 && !call->auth->is_admin)
        return cairn_fail(err, CAIRN_DENIED, "The requested image has been deactivated. Image data download is forbidden.");
    if (strcmp(status, "active") == 0 || strcmp(status, "deactivated") == 0) {
        ret->store = xstrdup(row_text(call->object, "store"));
        ret->handle = xstrdup(row_text(call->object, "handle"));
        ret->checksum = xstrdup(row_text(call->object, "checksum"));
        ret->size = (uint64_t)row_int(call->object, "size_bytes");
    }
    rows_close(steal(&call->object));
    return tx_commit(steal(&call->tx), err);
}

static int
image_download(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP(found_free) struct found f = { NULL, NULL, NULL, 0 };
    CLEANUP_DRIVER struct driver *store = NULL;
    struct cairn_error no_fd = CAIRN_ERROR_INIT;
    struct download *d;
    uint64_t from, len, fd_size;
    char range[96];
    int32_t fd;
    int part, status;

    if (find_bytes(call, &f, err) < 0)
        return -1;
    if (f.handle == NULL || f.store == NULL) {
        call->status = 204;
        return 0;
    }
    store = plugins_get(call->env->plugins, CAIRN_STORAGE, f.store);
    if (store == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "image %s: storage instance '%s' is not loaded", rest_param(call, "image_id"), f.store);
    part = parse_range(http_header(call->req, "Range"), f.size, &from, &len, err);
    if (part < 0) {
        snprintf(range, sizeof range, "bytes */%" PRIu64, f.size);
        rest_header(call, "Content-Range", range);
        return -1;
    }
    rest_header(call, "Accept-Ranges", "bytes");
    if (part) {
        snprintf(range, sizeof range, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, from, from + len - 1, f.size);
        rest_header(call, "Content-Range", range);
    } else if (f.checksum != NULL) {
        rest_header(call, "Content-MD5", f.checksum);
    }
    status = part ? 206 : 200;
    if (rest_move(call, store, err) < 0)
        return -1;
    if (storage_image_fd(store, f.handle, &fd, &fd_size, &no_fd) == 0) {
        http_reply_fd(call->req, status, "application/octet-stream", fd, from, len);
    } else if (no_fd.code == CAIRN_UNSUPPORTED) {
        d = xcalloc(1, sizeof *d);
        d->store = steal(&store);
        d->handle = steal(&f.handle);
        d->base = from;
        http_reply_source(call->req, status, "application/octet-stream", len, download_read, download_free, d);
    } else {
        *err = no_fd;
        return -1;
    }
    rest_replied(call);
    return 0;
}

const struct rest_route image_file_routes[] = {
    { .method = "PUT", .path = "/v2/images/{image_id}/file", .rule = "upload_image", .status = 204, .flags = REST_STREAM | REST_NO_TX,
      .object = &images_resource, .handle = image_upload },
    { .method = "PUT", .path = "/v2/images/{image_id}/stage", .rule = "modify_image", .status = 204, .flags = REST_STREAM | REST_NO_TX,
      .object = &images_resource, .handle = image_stage },
    { .method = "GET", .path = "/v2/images/{image_id}/file", .rule = "download_image", .status = 200, .flags = REST_BLOCKING | REST_NO_TX,
      .object = &images_resource, .handle = image_download },
    { .method = NULL }
};
