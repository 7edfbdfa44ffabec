/* data.c: the bytes of an image: streamed in through hashes and the format inspector, streamed out by sendfile where the store can. */
#include "config.h"
#define LOG_MODULE "image"

#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/str.h"
#include "image/private.h"
#include "media/inspect.h"
#include "plugin/storage.h"

/* --- upload */

struct upload {
    struct catalog *catalog;            /* borrowed; outlive the request */
    struct driver *store;
    struct cairn_stream *stream;        /* NULL: committed or aborted */
    struct inspect *inspect;
    EVP_MD_CTX *md5, *sha512;
    uint64_t size, max;
    char id[ID_UUID];
    char format[32];
    char request_id[ID_REQUEST];
};

static void
upload_free(struct upload *u)
{
    if (u->stream != NULL)
        storage_image_abort(u->store, u->stream);
    inspect_free(u->inspect);
    EVP_MD_CTX_free(u->md5);
    EVP_MD_CTX_free(u->sha512);
    driver_put(u->store);
    free(u);
}

/* Back to where the upload began: another may be tried. */
static void
upload_undo(struct upload *u)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct tx *tx;

    if (tx_begin(u->catalog, TX_WRITE, &tx, &err) < 0 ||
        tx_exec(tx, &err, "update images set status = 'queued', updated_us = ? where id = ? and status = 'saving'", "is", clock_us(), u->id) < 0 ||
        tx_commit(tx, &err) < 0)
        log_error("image %s stays in status saving until the next start: %s", u->id, err.message);
}

static int
upload_write(void *arg, const void *bytes, size_t len, struct cairn_error *err)
{
    struct upload *u = arg;

    u->size += len;
    if (u->size > u->max)
        return cairn_fail(err, CAIRN_TOO_LARGE, "Image exceeds the largest size that this cloud takes (%llu bytes)", (unsigned long long)u->max);
    inspect_add(u->inspect, bytes, len);
    if (EVP_DigestUpdate(u->md5, bytes, len) != 1 || EVP_DigestUpdate(u->sha512, bytes, len) != 1)
        return cairn_fail(err, CAIRN_INTERNAL, "image %s: hashing failed", u->id);
    return storage_image_write(u->store, u->stream, bytes, len, err);
}

static void
hex_of(EVP_MD_CTX *ctx, char ret[2 * EVP_MAX_MD_SIZE + 1])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    ret[0] = '\0';
    if (EVP_DigestFinal_ex(ctx, digest, &len) != 1)
        len = 0;
    for (unsigned i = 0; i < len; i++)
        snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}

static int
upload_settle(struct upload *u, const struct inspect_result *found, const char *handle, struct cairn_error *err)
{
    char md5[2 * EVP_MAX_MD_SIZE + 1], sha512[2 * EVP_MAX_MD_SIZE + 1];
    CLEANUP_TX struct tx *tx = NULL;

    hex_of(u->md5, md5);
    hex_of(u->sha512, sha512);
    if (tx_begin(u->catalog, TX_WRITE, &tx, err) < 0 ||
        tx_exec(tx, err,
                "update images set status = 'active', size_bytes = ?, virtual_size_bytes = ?, checksum = ?, os_hash_algo = 'sha512', os_hash_value = ?, store = ?,"
                " handle = ?, updated_us = ? where id = ? and status = 'saving'", "iissssis", (int64_t)u->size, (int64_t)found->virtual_bytes, md5, sha512,
                driver_instance(u->store), handle, clock_us(), u->id) < 0)
        return -1;
    if (tx_changes(tx) == 0)
        return cairn_fail(err, CAIRN_GONE, "Image %s was deleted while its data came in", u->id);
    return tx_commit(steal(&tx), err);
}

static void
upload_done(void *arg, struct cairn_request *req)
{
    struct upload *u = arg;
    struct inspect_result found = { 0 };
    struct cairn_error err = CAIRN_ERROR_INIT, ignored = CAIRN_ERROR_INIT;
    char handle[256];

    log_set_request(u->request_id);
    inspect_finish(u->inspect, &found);
    if (inspect_verdict(u->format, &found, &err) < 0) {
        log_info("image %s refused: %s", u->id, err.message);
        upload_undo(u);
        http_fault(req, 0, &err);
    } else if (storage_image_commit(u->store, steal(&u->stream), handle, &err) < 0) {
        upload_undo(u);
        http_fault(req, 0, &err);
    } else if (upload_settle(u, &found, handle, &err) < 0) {
        storage_image_delete(u->store, handle, &ignored);
        upload_undo(u);
        http_fault(req, 0, &err);
    } else {
        http_reply(req, 204, NULL, NULL);
    }
    upload_free(u);
    log_set_request(NULL);
}

static void
upload_aborted(void *arg, struct cairn_request *req, const struct cairn_error *err)
{
    struct upload *u = arg;

    upload_undo(u);
    upload_free(u);
    if (err != NULL)
        http_fault(req, 0, err);
}

/* Takes the image out of the queue; from here on this request alone owns it. */
static int
upload_begin(struct rest_call *call, struct upload *u, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *r = NULL;

    if (tx_begin(call->env->catalog, TX_WRITE, &tx, err) < 0 ||
        tx_query(tx, &r, err, "select status, disk_format, container_format, owner from images where id = ?", "s", u->id) < 0)
        return -1;
    if (rows_next(r, err) != 1)
        return cairn_fail(err, CAIRN_NOT_FOUND, "No image found with ID %s", u->id);
    if (!image_mine(call, r))
        return cairn_fail(err, CAIRN_DENIED, "You are not permitted to upload data for this image.");
    if (strcmp(row_text(r, "status"), "queued") != 0)
        return cairn_fail(err, CAIRN_CONFLICT, "Image status transition from %s to saving is not allowed", row_text(r, "status"));
    if (row_null(r, "disk_format") || row_null(r, "container_format"))
        return cairn_fail(err, CAIRN_INVALID, "Properties disk_format, container_format must be set prior to saving data.");
    snprintf(u->format, sizeof u->format, "%s", row_text(r, "disk_format"));
    rows_close(steal(&r));
    if (tx_exec(tx, err, "update images set status = 'saving', updated_us = ? where id = ?", "is", clock_us(), u->id) < 0)
        return -1;
    return tx_commit(steal(&tx), err);
}

static int
image_upload(struct rest_call *call, struct cairn_error *err)
{
    static const struct http_sink sink = { upload_write, upload_done, upload_aborted };
    const char *type = http_header(call->req, "Content-Type"), *length = http_header(call->req, "Content-Length");
    struct upload *u;
    int64_t hint = 0;

    if (type == NULL || !str_starts(type, "application/octet-stream"))
        return cairn_fail_tag(err, CAIRN_INVALID, "MediaType", "Unsupported Content-Type: image data is application/octet-stream");
    if (length != NULL && str_to_int(length, 0, INT64_MAX, &hint) < 0)
        hint = 0;
    u = xcalloc(1, sizeof *u);
    u->catalog = call->env->catalog;
    u->store = plugins_get(call->env->plugins, CAIRN_STORAGE, config_string(call->env->config, "host", "image_store"));
    u->max = (uint64_t)config_int(call->env->config, "image", "size_max");
    u->inspect = inspect_new();
    u->md5 = EVP_MD_CTX_new();
    u->sha512 = EVP_MD_CTX_new();
    snprintf(u->id, sizeof u->id, "%s", rest_param(call, "id"));
    snprintf(u->request_id, sizeof u->request_id, "%s", http_request_id(call->req));
    if (u->store == NULL) {
        upload_free(u);
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no storage driver is ready: configure a [storage:NAME] section");
    }
    if (EVP_DigestInit_ex(u->md5, EVP_md5(), NULL) != 1 || EVP_DigestInit_ex(u->sha512, EVP_sha512(), NULL) != 1 || upload_begin(call, u, err) < 0) {
        upload_free(u);
        return err->code != CAIRN_OK ? -1 : cairn_fail(err, CAIRN_INTERNAL, "MD5 or SHA-512 is not available");
    }
    if (storage_image_open(u->store, u->id, (uint64_t)hint, &u->stream, err) < 0) {
        upload_undo(u);
        upload_free(u);
        return -1;
    }
    rest_replied(call);
    http_receive(call->req, &sink, u);
    return 0;
}

/* --- download */

struct source { struct driver *store; char handle[256]; uint64_t from; };

static int
source_read(void *arg, uint64_t offset, void *buf, size_t max, size_t *ret_len, struct cairn_error *err)
{
    struct source *s = arg;

    return storage_image_read(s->store, s->handle, s->from + offset, buf, max, ret_len, err);
}

static void
source_free(void *arg)
{
    struct source *s = arg;

    driver_put(s->store);
    free(s);
}

struct wanted { char store[64], handle[256], checksum[64]; uint64_t size; };

static int
find_data(struct rest_call *call, struct wanted *w, int *ret_none, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *r = NULL;
    const char *status;

    if (tx_begin(call->env->catalog, TX_READ, &tx, err) < 0 ||
        tx_query(tx, &r, err, "select status, store, handle, checksum, size_bytes from images where id = ?", "s", rest_param(call, "id")) < 0)
        return -1;
    if (rows_next(r, err) != 1)
        return cairn_fail(err, CAIRN_NOT_FOUND, "No image found with ID %s", rest_param(call, "id"));
    status = row_text(r, "status");
    if (strcmp(status, "deactivated") == 0 && !call->auth->is_admin)
        return cairn_fail(err, CAIRN_DENIED, "The requested image has been deactivated. Image data download is forbidden.");
    *ret_none = row_null(r, "handle");
    if (*ret_none)
        return 0;
    snprintf(w->store, sizeof w->store, "%s", row_text(r, "store"));
    snprintf(w->handle, sizeof w->handle, "%s", row_text(r, "handle"));
    snprintf(w->checksum, sizeof w->checksum, "%s", row_null(r, "checksum") ? "" : row_text(r, "checksum"));
    w->size = (uint64_t)row_int(r, "size_bytes");
    return 0;
}

/* "bytes=A-B", "bytes=A-", "bytes=-N": one range.  1: given. */
static int
read_range(struct rest_call *call, uint64_t size, uint64_t *from, uint64_t *len, struct cairn_error *err)
{
    const char *text = http_header(call->req, "Range"), *dash;
    CLEANUP_FREE char *first = NULL;
    int64_t a = 0, b = 0;

    *from = 0;
    *len = size;
    if (text == NULL)
        return 0;
    if (!str_starts(text, "bytes=") || strchr(text, ',') != NULL || (dash = strchr(text, '-')) == NULL)
        return cairn_fail_tag(err, CAIRN_INVALID, "Range", "Invalid range request '%.64s': one range of bytes is served", text);
    first = xstrndup(text + 6, (size_t)(dash - text - 6));
    if ((*first != '\0' && str_to_int(first, 0, INT64_MAX, &a) < 0) || (dash[1] != '\0' && str_to_int(dash + 1, 0, INT64_MAX, &b) < 0) ||
        (*first == '\0' && dash[1] == '\0'))
        return cairn_fail_tag(err, CAIRN_INVALID, "Range", "Invalid range request '%.64s'", text);
    if (*first == '\0') {
        a = (uint64_t)b > size ? 0 : (int64_t)size - b;
        b = (int64_t)size - 1;
    } else if (dash[1] == '\0' || (uint64_t)b >= size) {
        b = (int64_t)size - 1;
    }
    if (a > b || (uint64_t)a >= size)
        return cairn_fail_tag(err, CAIRN_INVALID, "Range", "Range '%.64s' is outside the image's %llu bytes", text, (unsigned long long)size);
    *from = (uint64_t)a;
    *len = (uint64_t)(b - a + 1);
    return 1;
}

static int
image_download(struct rest_call *call, struct cairn_error *err)
{
    struct wanted w = { .size = 0 };
    struct driver *store;
    struct source *s;
    uint64_t from, len, whole = 0;
    int32_t fd = -1;
    int none = 0, ranged, status;

    if (find_data(call, &w, &none, err) < 0)
        return -1;
    if (none) {
        call->status = 204;
        return 0;
    }
    if ((ranged = read_range(call, w.size, &from, &len, err)) < 0)
        return -1;
    store = plugins_get(call->env->plugins, CAIRN_STORAGE, w.store);
    if (store == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "image %s: storage instance '%s' is not loaded", rest_param(call, "id"), w.store);
    status = ranged ? 206 : 200;
    if (ranged) {
        CLEANUP_FREE char *text = xasprintf("bytes %llu-%llu/%llu", (unsigned long long)from, (unsigned long long)(from + len - 1), (unsigned long long)w.size);

        rest_header(call, "Content-Range", text);
    } else if (w.checksum[0] != '\0') {
        rest_header(call, "Content-MD5", w.checksum);
    }
    if (storage_image_fd(store, w.handle, &fd, &whole, err) == 0) {
        driver_put(store);
        rest_replied(call);
        http_reply_fd(call->req, status, "application/octet-stream", fd, from, len);
        return 0;
    }
    if (err->code != CAIRN_UNSUPPORTED) {
        driver_put(store);
        return -1;
    }
    cairn_error_clear(err);
    s = xcalloc(1, sizeof *s);
    s->store = store;
    s->from = from;
    snprintf(s->handle, sizeof s->handle, "%s", w.handle);
    rest_replied(call);
    http_reply_source(call->req, status, "application/octet-stream", len, source_read, source_free, s);
    return 0;
}

#define IMAGE .object = &images_resource
const struct rest_route image_data_routes[] = {
    { .method = "PUT", .path = "/v2/images/{id}/file", .rule = "upload_image", .status = 204, .flags = REST_STREAM | REST_NO_TX, IMAGE,
      .handle = image_upload },
    { .method = "GET", .path = "/v2/images/{id}/file", .rule = "download_image", .status = 200, .flags = REST_NO_TX | REST_BLOCKING, IMAGE,
      .handle = image_download },
    { .method = NULL },
};
