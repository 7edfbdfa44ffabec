/* chain.c: stretches of blobs and of text, read as one: large objects, and replies of several ranges. */
#include "config.h"
#include "object/private.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct part {
    char *store, *blob;                 /* a blob's; or NULL and */
    char *text;                         /* text; or NULL and */
    char *gone;                         /* why these bytes cannot be had */
    int64_t offset, len;
};
struct chain {
    const struct object_service *service;
    struct part *parts;
    size_t n, cap;
    int64_t len;
    /* where reading is */
    size_t at;
    int64_t at_start;                   /* of parts[at] in the whole */
    struct driver *driver;              /* of parts[at] */
    int fd;                             /* -1: not open, or the driver has none */
    int opened;
};

struct chain *
chain_new(const struct object_service *s)
{
    struct chain *ch = xcalloc(1, sizeof *ch);

    ch->service = s;
    ch->fd = -1;
    return ch;
}

static void
part_close(struct chain *ch)
{
    if (ch->fd >= 0)
        close(ch->fd);
    ch->fd = -1;
    driver_put(ch->driver);
    ch->driver = NULL;
    ch->opened = 0;
}

void
chain_free(struct chain *ch)
{
    if (ch == NULL)
        return;
    part_close(ch);
    for (size_t i = 0; i < ch->n; i++) {
        free(ch->parts[i].store);
        free(ch->parts[i].blob);
        free(ch->parts[i].text);
        free(ch->parts[i].gone);
    }
    free(ch->parts);
    free(ch);
}

static struct part *
part_add(struct chain *ch, int64_t len)
{
    if (ch->n == ch->cap) {
        ch->cap = ch->cap > 0 ? 2 * ch->cap : 1;
        ch->parts = xrealloc(ch->parts, ch->cap * sizeof *ch->parts);
    }
    ch->parts[ch->n] = (struct part){ .len = len };
    ch->len += len;
    return &ch->parts[ch->n++];
}

void
chain_text(struct chain *ch, const char *text, size_t len)
{
    if (len > 0)
        part_add(ch, (int64_t)len)->text = xstrndup(text, len);
}

void
chain_blob(struct chain *ch, const char *store, const char *blob, int64_t offset, int64_t len)
{
    struct part *p;

    if (blob == NULL || len <= 0)
        return;
    p = part_add(ch, len);
    p->store = xstrdup(store);
    p->blob = xstrdup(blob);
    p->offset = offset;
}

void
chain_gone(struct chain *ch, int64_t len, const char *why)
{
    if (len > 0)
        part_add(ch, len)->gone = xstrdup(why);
}

const char *
chain_gone_at(const struct chain *ch, int64_t offset)
{
    for (size_t i = 0; i < ch->n; i++) {
        if (offset < ch->parts[i].len)
            return ch->parts[i].gone;
        offset -= ch->parts[i].len;
    }
    return NULL;
}

void
chain_part(struct chain *to, const struct chain *from, int64_t offset, int64_t len)
{
    for (size_t i = 0; i < from->n && len > 0; i++) {
        const struct part *p = &from->parts[i];
        int64_t n;

        if (offset >= p->len) {
            offset -= p->len;
            continue;
        }
        n = p->len - offset < len ? p->len - offset : len;
        if (p->text != NULL)
            chain_text(to, p->text + offset, (size_t)n);
        else if (p->gone != NULL)
            chain_gone(to, n, p->gone);
        else
            chain_blob(to, p->store, p->blob, p->offset + offset, n);
        len -= n;
        offset = 0;
    }
}

int64_t
chain_len(const struct chain *ch)
{
    return ch->len;
}

size_t
chain_parts(const struct chain *ch)
{
    return ch->n;
}

static int
part_open(struct chain *ch, const struct part *p, struct cairn_error *err)
{
    struct cairn_error no_fd = CAIRN_ERROR_INIT;
    uint64_t size;
    int32_t fd;

    if (ch->opened)
        return 0;
    ch->driver = plugins_get(ch->service->env.plugins, CAIRN_STORAGE, p->store);
    if (ch->driver == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "storage instance '%s' is not loaded", p->store);
    if (storage_blob_fd(ch->driver, p->blob, &fd, &size, &no_fd) == 0) {
        ch->fd = fd;
    } else if (no_fd.code != CAIRN_UNSUPPORTED) {
        *err = no_fd;
        return -1;
    }
    ch->opened = 1;
    return 0;
}

static int
part_read(struct chain *ch, const struct part *p, int64_t in, void *buf, size_t want, size_t *ret_len, struct cairn_error *err)
{
    ssize_t n;

    if (p->text != NULL) {
        memcpy(buf, p->text + in, want);
        *ret_len = want;
        return 0;
    }
    if (p->gone != NULL)
        return object_fail(err, 409, "%s", p->gone);
    if (part_open(ch, p, err) < 0)
        return -1;
    if (ch->fd < 0)
        return storage_blob_read(ch->driver, p->blob, (uint64_t)(p->offset + in), buf, want, ret_len, err);
    do
        n = pread(ch->fd, buf, want, p->offset + in);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return cairn_fail_errno(err, errno, "cannot read blob '%s'", p->blob);
    *ret_len = (size_t)n;
    return 0;
}

int
chain_read(void *chain, uint64_t offset, void *buf, size_t max, size_t *ret_len, struct cairn_error *err)
{
    struct chain *ch = chain;
    int64_t at = (int64_t)offset, left;

    if (at < ch->at_start) {
        part_close(ch);
        ch->at = 0;
        ch->at_start = 0;
    }
    while (ch->at < ch->n && at - ch->at_start >= ch->parts[ch->at].len) {
        part_close(ch);
        ch->at_start += ch->parts[ch->at++].len;
    }
    *ret_len = 0;
    if (ch->at == ch->n)
        return 0;
    left = ch->parts[ch->at].len - (at - ch->at_start);
    if (part_read(ch, &ch->parts[ch->at], at - ch->at_start, buf, left < (int64_t)max ? (size_t)left : max, ret_len, err) < 0)
        return -1;
    if (*ret_len == 0)
        return cairn_fail(err, CAIRN_CORRUPT, "blob '%s' is shorter than its row says", ch->parts[ch->at].blob);
    return 0;
}

int
chain_gather(struct chain *ch, size_t max, struct str *out, struct cairn_error *err)
{
    char buf[16 << 10];
    size_t n = 0;

    if (ch->len > (int64_t)max)
        return cairn_fail(err, CAIRN_TOO_LARGE, "%" PRId64 " bytes are more than %zu", ch->len, max);
    do {
        if (chain_read(ch, out->len, buf, sizeof buf, &n, err) < 0)
            return -1;
        str_add_n(out, buf, n);
    } while (n > 0);
    return 0;
}

static void
chain_release(void *chain)
{
    chain_free(chain);
}

void
chain_reply(struct chain *ch, struct cairn_request *req, int status, const char *type, int is_head)
{
    struct cairn_error err = CAIRN_ERROR_INIT;

    if (ch->len == 0) {
        http_reply(req, status, type, NULL);
        chain_free(ch);
    } else if (!is_head && ch->n == 1 && ch->parts[0].blob != NULL) {
        const struct part *p = &ch->parts[0];

        if (part_open(ch, p, &err) < 0) {
            http_fault(req, err.code == CAIRN_UNAVAILABLE ? 503 : 500, &err);
            chain_free(ch);
        } else if (ch->fd >= 0) {
            http_reply_fd(req, status, type, steal_fd(&ch->fd), (uint64_t)p->offset, (uint64_t)p->len);
            chain_free(ch);
        } else {
            http_reply_source(req, status, type, (uint64_t)ch->len, chain_read, chain_release, ch);
        }
    } else {
        http_reply_source(req, status, type, (uint64_t)ch->len, chain_read, chain_release, ch);
    }
}
