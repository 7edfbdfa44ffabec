/* object_push.c: container sync: what the queue names is put to or deleted from the other cloud, by way of cairn-fetch: a child without
 * privileges, which alone talks to it. */
#include "config.h"
#define LOG_MODULE "object"
#include "flow/object_sync.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/log.h"
#include "base/spawn.h"
#include "base/str.h"
#include "flow/image.h"
#include "flow/object.h"
#include "plugin/storage.h"

#define BATCH 100
#define PIECE (256u << 10)
#define RETRY_MAX_S 3600

struct item { int64_t container_id, changed_us, tries; char *name; };
struct push {
    struct object_sync_target to;
    char *user_key, *sync_to, *store, *blob;
    struct str head;                    /* lines of headers */
    int64_t size;
    int is_there, is_off;               /* the object; what it is cannot be pushed, or the container is not */
};

static void
push_clear(struct push *p)
{
    object_sync_target_clear(&p->to);
    free(p->user_key);
    free(p->sync_to);
    free(p->store);
    free(p->blob);
    str_free(&p->head);
}

static void
add_quoted(struct str *out, const char *text)
{
    for (; *text != '\0'; text++)
        if ((*text >= '0' && *text <= '9') || ((*text | 0x20) >= 'a' && (*text | 0x20) <= 'z') || strchr("/-_.~", *text) != NULL)
            str_add_c(out, *text);
        else
            str_addf(out, "%%%02X", (unsigned char)*text);
}

/* What is to be sent now, whatever it was when it was noted. */
static int
look_up(struct catalog *catalog, const struct item *item, struct push *p, int64_t *ret_us, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *r = NULL;
    CLEANUP_JSON json_t *own = NULL;
    CLEANUP_JSON json_t *meta = NULL;
    CLEANUP_FREE char *text = NULL;
    const char *name;
    json_t *value;
    int64_t delete_at_us, kind;
    int rc;

    if (tx_begin(catalog, TX_READ, &tx, err) < 0 || tx_text(tx, &text, err, "select meta from object_containers where id = ?", "i", item->container_id) < 0)
        return -1;
    own = json_of_column(text);
    if (json_str(own, "x-container-sync-to") == NULL || json_str(own, "x-container-sync-key") == NULL) {
        p->is_off = 1;
        return 0;
    }
    p->sync_to = xstrdup(json_str(own, "x-container-sync-to"));
    p->user_key = xstrdup(json_str(own, "x-container-sync-key"));
    if (tx_query(tx, &r, err, "select kind, size_bytes, etag, content_type, meta, store, blob, updated_us, delete_at_us from objects"
                 " where container_id = ? and name = ? and latest = 1 and marker = 0", "is", item->container_id, item->name) < 0 || (rc = rows_next(r, err)) < 0)
        return -1;
    *ret_us = item->changed_us;
    p->is_there = rc;
    if (rc == 0)
        return 0;
    kind = row_int(r, "kind");
    p->size = row_int(r, "size_bytes");
    delete_at_us = row_int(r, "delete_at_us");
    *ret_us = row_int(r, "updated_us");
    p->store = xstrdup(row_text(r, "store"));
    p->blob = xstrdup(row_text(r, "blob"));
    str_addf(&p->head, "ETag: %s\n", row_text(r, "etag"));
    str_addf(&p->head, "Content-Type: %s\n", row_text(r, "content_type"));
    if (delete_at_us > 0)
        str_addf(&p->head, "X-Delete-At: %" PRId64 "\n", delete_at_us / 1000000);
    meta = json_of_column(row_text(r, "meta"));
    json_object_foreach(meta, name, value)
        str_addf(&p->head, "%s: %s\n", name, json_string_value(value));
    if (kind == OBJECT_SLO || kind == OBJECT_SYMLINK) {
        log_info("container sync: '%s' is a manifest or a link, which is not pushed", item->name);
        p->is_off = 1;
    }
    return 0;
}

/* Feeds the child; it may end before it has read all. */
static int
feed(int fd, struct plugins *plugins, const struct push *p, struct cairn_error *err)
{
    CLEANUP_DRIVER struct driver *store = p->blob != NULL ? plugins_get(plugins, CAIRN_STORAGE, p->store) : NULL;
    CLEANUP_FREE char *buf = xmalloc(PIECE);
    uint64_t at = 0;
    size_t n = p->head.len;
    const char *from = p->head.text;

    if (p->blob != NULL && store == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "storage instance '%s' is not loaded", p->store);
    while (n > 0) {
        while (n > 0) {
            ssize_t w = write(fd, from, n);

            if (w < 0 && errno != EINTR)
                return 0;               /* its status tells why */
            from += w > 0 ? w : 0;
            n -= w > 0 ? (size_t)w : 0;
        }
        if (store == NULL)
            return 0;
        if (storage_blob_read(store, p->blob, at, buf, PIECE, &n, err) < 0)
            return -1;
        from = buf;
        at += n;
    }
    return 0;
}

/* The child's first words: the status as a number on its output, or what went wrong. */
static void
listen_to(int fd, char *buf, size_t size)
{
    struct pollfd wait = { fd, POLLIN, 0 };
    size_t len = 0;
    ssize_t n;

    while (len + 1 < size) {
        n = read(fd, buf + len, size - 1 - len);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            break;
        if (n < 0)
            poll(&wait, 1, 1000);
        len += n > 0 ? (size_t)n : 0;
    }
    buf[len] = '\0';
    buf[strcspn(buf, "\n")] = '\0';
}

static int
run_child_with(const char *const *argv, struct plugins *plugins, const struct push *p, int64_t *ret_status, struct cairn_error *err)
{
    const struct cairn_child child = { .size = sizeof child, .argv = argv };
    struct spawned s;
    char said[16], why[300];
    int fds[2], rc, status = 0;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return cairn_fail_errno(err, errno, "cannot make a pipe");
    rc = spawn_child_reading(&child, fds[0], &s, err);
    close(fds[0]);
    if (rc < 0) {
        close(fds[1]);
        return -1;
    }
    rc = feed(fds[1], plugins, p, err);
    if (rc < 0)
        kill(-s.pid, SIGKILL);
    close(fds[1]);
    listen_to(s.out_fd, said, sizeof said);
    listen_to(s.err_fd, why, sizeof why);
    while (waitpid(s.pid, &status, 0) < 0 && errno == EINTR)
        ;
    close(s.pid_fd);
    close(s.out_fd);
    close(s.err_fd);
    if (rc == 0 && (status != 0 || str_to_int(said, 100, 999, ret_status) < 0))
        return cairn_fail(err, CAIRN_UNAVAILABLE, "%s", why[0] != '\0' ? why : "cairn-fetch ended badly");
    return rc;
}

/* The cluster is one that the operator named, so its address may be any; but no other host's, and no redirect is followed. */
static int
send_it(struct plugins *plugins, const struct config *config, struct push *p, const struct item *item, int64_t us, struct cairn_error *err)
{
    CLEANUP_FREE char *program = image_fetch_program();
    CLEANUP_STR struct str url = STR_INIT;
    const char *method = p->is_there ? "PUT" : "DELETE", *host, *path;
    char timestamp[32], nonce[ID_UUID], sig[OBJECT_SYNC_SIG] = "", size[24], timeout[24], hostname[256], port[8];
    int64_t status = 0;

    if (object_sync_target_parse(config, p->sync_to, &p->to, err) < 0)
        return -1;
    str_addf(&url, "%s/", p->to.endpoint);
    add_quoted(&url, p->to.account);
    str_add(&url, "/");
    add_quoted(&url, p->to.container);
    str_add(&url, "/");
    add_quoted(&url, item->name);
    host = strstr(url.text, "://");
    path = host != NULL ? strchr(host + 3, '/') : NULL;
    if (path == NULL || (!str_starts(url.text, "http://") && !str_starts(url.text, "https://")))
        return cairn_fail(err, CAIRN_INVALID, "cluster '%s' of realm '%s' is not at a URL", p->to.cluster, p->to.realm);
    host += 3;
    snprintf(hostname, sizeof hostname, "%.*s", (int)(host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/")), host);
    host += strlen(hostname);
    snprintf(port, sizeof port, "%.*s", *host == ':' ? (int)strcspn(host + 1, "/") : 3, *host == ':' ? host + 1 : str_starts(url.text, "https") ? "443" : "80");
    snprintf(timestamp, sizeof timestamp, "%" PRId64 ".%05d", us / 1000000, (int)(us % 1000000 / 10));
    snprintf(size, sizeof size, "%" PRId64, p->is_there ? p->size : 0);
    snprintf(timeout, sizeof timeout, "%" PRId64, config_int(config, "object", "sync_timeout") / 1000);
    id_uuid(nonce);
    object_sync_sign(p->to.key, method, path, timestamp, nonce, p->user_key, sig);
    str_addf(&p->head, "X-Timestamp: %s\nX-Container-Sync-Auth: %s %s %s\n\n", timestamp, p->to.realm, nonce, sig);
    const char *const argv[] = { program, "--method", method, "--size", size, "--ports", port, "--hosts", hostname, "--networks", "0.0.0.0/0,::/0",
                                 "--timeout", timeout, "--", url.text, NULL };

    if (run_child_with(argv, plugins, p, &status, err) < 0)
        return cairn_error_context(err, "%s %s", method, url.text);
    if (status / 100 == 2 || (!p->is_there && (status == 404 || status == 409)))
        return 0;
    return cairn_fail(err, CAIRN_UNAVAILABLE, "%s %s: status %" PRId64, method, url.text, status);
}

/* What changed again meanwhile stays in the queue. */
static int
settle(struct catalog *catalog, const struct item *item, int done, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    int64_t wait_s = item->tries < 12 ? INT64_C(1) << item->tries : RETRY_MAX_S;

    if (tx_begin(catalog, TX_WRITE, &tx, err) < 0 ||
        (done ? tx_exec(tx, err, "delete from object_sync_queue where container_id = ? and name = ? and changed_us = ?", "isi", item->container_id, item->name, item->changed_us)
              : tx_exec(tx, err, "update object_sync_queue set tries = tries + 1, next_us = ? where container_id = ? and name = ? and changed_us = ?", "iisi",
                        clock_us() + wait_s * 1000000, item->container_id, item->name, item->changed_us)) < 0)
        return -1;
    return tx_commit(steal(&tx), err);
}

static int
take_due(struct catalog *catalog, struct item *items, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *r = NULL;
    int n = 0, rc;

    if (tx_begin(catalog, TX_READ, &tx, err) < 0 ||
        tx_query(tx, &r, err, "select container_id, name, changed_us, tries from object_sync_queue where next_us <= ? order by next_us limit ?", "ii", clock_us(),
                 (int64_t)BATCH) < 0)
        return -1;
    while (n < BATCH && (rc = rows_next(r, err)) != 0) {
        if (rc < 0)
            return -1;
        items[n++] = (struct item){ row_int(r, "container_id"), row_int(r, "changed_us"), row_int(r, "tries"), xstrdup(row_text(r, "name")) };
    }
    return n;
}

int
object_sync_push(struct catalog *catalog, struct plugins *plugins, const struct config *config, struct cairn_error *err)
{
    CLEANUP_FREE struct item *items = xcalloc(BATCH, sizeof *items);
    int n = take_due(catalog, items, err), rc = n < 0 ? -1 : 0;

    for (int i = 0; i < BATCH && items[i].name != NULL; i++) {
        CLEANUP(push_clear) struct push p = { 0 };
        struct cairn_error why = CAIRN_ERROR_INIT;
        int64_t us = 0;
        int sent = -1;

        if (rc == 0 && look_up(catalog, &items[i], &p, &us, &why) == 0)
            sent = p.is_off ? 0 : send_it(plugins, config, &p, &items[i], us, &why);
        if (sent < 0 && rc == 0)
            log_warn("container sync: %s", why.message);
        if (rc == 0)
            rc = settle(catalog, &items[i], sent == 0, err);
        free(items[i].name);
    }
    return rc;
}
