/* names.c: names of devices, addresses as numbers, text and small files: what every other file of the driver needs. */
#include "linuxbridge.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <fcntl.h>

int
lb_check_id(const char *what, const char *id, struct cairn_error *err)
{
    size_t i;

    for (i = 0; id != NULL && i < 36; i++)
        if (i == 8 || i == 13 || i == 18 || i == 23 ? id[i] != '-' : !isxdigit((unsigned char)id[i]) || isupper((unsigned char)id[i]))
            break;
    if (id == NULL || i != 36 || id[36] != '\0')
        return cairn_fail(err, CAIRN_INVALID, "%s id '%.64s' is not a UUID in lower case", what, id != NULL ? id : "");
    return 0;
}

/* The last 'len' hex digits of a checked id. */
static const char *
id_tail(const char *id, char *buf, size_t len)
{
    size_t at = len;

    buf[at] = '\0';
    for (const char *p = id + 36; at > 0; )
        if (*--p != '-')
            buf[--at] = *p;
    return buf;
}

void
lb_device(char ret[IFNAMSIZ], char kind, const char *id)
{
    char tail[12];

    snprintf(ret, IFNAMSIZ, "c%c%s", kind, id_tail(id, tail, 11));
}

void
lb_netns(char ret[64], const char *network_id)
{
    snprintf(ret, 64, "cairn-%s", network_id);
}

void
lb_alias(const struct lb *lb, char ret[128], const char *kind, const char *id)
{
    snprintf(ret, 128, "cairn:%s:%s:%s", lb->host->cloud_id, kind, id);
}

const char *
lb_alias_id(const struct lb *lb, const char *alias, const char *kind)
{
    char head[128];
    size_t len;

    lb_alias(lb, head, kind, "");
    len = strlen(head);
    return strncmp(alias, head, len) == 0 && lb_check_id("object", alias + len, NULL) == 0 ? alias + len : NULL;
}

void
lb_mac(uint8_t ret[6], const char *id, uint8_t role)
{
    char tail[11];
    unsigned long long bits = strtoull(id_tail(id, tail, 10), NULL, 16);

    ret[0] = (uint8_t)(0x0a | role << 4);
    for (int i = 5; i > 0; i--, bits >>= 8)
        ret[i] = (uint8_t)bits;
}

int
lb_addr_parse(const char *text, struct lb_addr *ret)
{
    char host[INET6_ADDRSTRLEN];
    struct lb_addr a = { 0 };
    const char *slash;
    char *end;
    size_t len;
    long prefix;

    if (text == NULL)
        return -1;
    slash = strchr(text, '/');
    len = slash != NULL ? (size_t)(slash - text) : strlen(text);
    if (len == 0 || len >= sizeof host)
        return -1;
    memcpy(host, text, len);
    host[len] = '\0';
    a.family = strchr(host, ':') != NULL ? AF_INET6 : AF_INET;
    if (inet_pton(a.family, host, a.bytes) != 1)
        return -1;
    a.prefix = 8 * lb_addr_len(&a);
    if (slash != NULL) {
        if (!isdigit((unsigned char)slash[1]))
            return -1;
        prefix = strtol(slash + 1, &end, 10);
        if (*end != '\0' || prefix > a.prefix)
            return -1;
        a.prefix = (int)prefix;
    }
    *ret = a;
    return 0;
}

int
lb_addr_len(const struct lb_addr *a)
{
    return a->family == AF_INET ? 4 : 16;
}

void
lb_addr_base(struct lb_addr *a)
{
    for (int i = 0; i < lb_addr_len(a); i++) {
        int bits = a->prefix - 8 * i;

        a->bytes[i] = (uint8_t)(a->bytes[i] & (bits >= 8 ? 0xff : bits <= 0 ? 0 : 0xff << (8 - bits)));
    }
}

int
lb_addr_in(const struct lb_addr *a, const struct lb_addr *net)
{
    struct lb_addr x = *a, y = *net;

    x.prefix = y.prefix;
    lb_addr_base(&x);
    lb_addr_base(&y);
    return x.family == y.family && memcmp(x.bytes, y.bytes, sizeof x.bytes) == 0;
}

const char *
lb_addr_text(const struct lb_addr *a, int always, char buf[LB_ADDR_TEXT])
{
    if (inet_ntop(a->family, a->bytes, buf, INET6_ADDRSTRLEN) == NULL)
        buf[0] = '\0';
    if (always || a->prefix < 8 * lb_addr_len(a))
        snprintf(buf + strlen(buf), 5, "/%d", a->prefix & 0xff);
    return buf;
}

int
lb_mac_parse(const char *text, uint8_t ret[6])
{
    unsigned v;

    if (text == NULL || strlen(text) != 17)
        return -1;
    for (int i = 0; i < 6; i++) {
        const char *p = text + 3 * i;

        if (!isxdigit((unsigned char)p[0]) || !isxdigit((unsigned char)p[1]) || (i < 5 && p[2] != ':') || sscanf(p, "%2x", &v) != 1)
            return -1;
        ret[i] = (uint8_t)v;
    }
    return 0;
}

const char *
lb_mac_text(const uint8_t m[6], char buf[18])
{
    snprintf(buf, 18, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
    return buf;
}

void
lb_add(struct lb_text *t, const char *fmt, ...)
{
    va_list ap, again;
    int need;

    va_start(ap, fmt);
    va_copy(again, ap);
    need = vsnprintf(NULL, 0, fmt, ap);
    if (need >= 0 && t->len + (size_t)need + 1 > t->size) {
        size_t size = 2 * t->size + (size_t)need + 1024;
        char *buf = realloc(t->buf, size);

        if (buf != NULL) {
            t->buf = buf;
            t->size = size;
        }
    }
    if (need < 0 || t->len + (size_t)need + 1 > t->size)
        t->failed = 1;
    else
        t->len += (size_t)vsnprintf(t->buf + t->len, t->size - t->len, fmt, again);
    va_end(again);
    va_end(ap);
}

int
lb_text_done(const struct lb_text *t, struct cairn_error *err)
{
    return t->failed ? cairn_fail(err, CAIRN_UNAVAILABLE, "out of memory") : 0;
}

void
lb_text_free(struct lb_text *t)
{
    free(t->buf);
}

int
lb_write_file(const char *path, const char *text, struct cairn_error *err)
{
    CLEANUP_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        return cairn_fail_errno(err, errno, "cannot write '%s' to %s", text, path);
    return 0;
}

char *
lb_read_file(const char *path, size_t max, size_t *ret_len)
{
    CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *buf;
    size_t len = 0;
    ssize_t n = 0;

    if (fd < 0 || (buf = malloc(max + 1)) == NULL)
        return NULL;
    while (len < max && (n = read(fd, buf + len, max - len)) > 0)
        len += (size_t)n;
    if (n < 0) {
        free(buf);
        return NULL;
    }
    buf[len] = '\0';
    *ret_len = len;
    return buf;
}

int
lb_same_file(const char *path, const struct lb_text *text)
{
    size_t len = 0;
    CLEANUP_FREE char *old = lb_read_file(path, text->len + 1, &len);

    return old != NULL && len == text->len && (len == 0 || memcmp(old, text->buf, len) == 0);
}

int
lb_replace_file(const char *path, const struct lb_text *text, struct cairn_error *err)
{
    size_t done = 0;
    CLEANUP_FD int fd = -1;
    char temp[4096];

    if (lb_same_file(path, text))
        return 0;
    snprintf(temp, sizeof temp, "%s.new", path);
    fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return cairn_fail_errno(err, errno, "cannot create %s", temp);
    while (done < text->len) {
        ssize_t n = write(fd, text->buf + done, text->len - done);

        if (n < 0)
            return cairn_fail_errno(err, errno, "cannot write %s", temp);
        done += (size_t)n;
    }
    if (rename(temp, path) < 0)
        return cairn_fail_errno(err, errno, "cannot rename %s to %s", temp, path);
    return 1;
}
