/* tempurl.c: filter "tempurl": a signature in the URL opens one object, or all under a prefix, to one method until a time. */

#define _GNU_SOURCE 1                   /* strptime, timegm, asprintf */
#include <cairn/filter.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "object/signed.h"

static const struct cairn_key tempurl_methods = CAIRN_KEY("methods", CAIRN_KEY_LIST, "GET,HEAD,PUT,POST,DELETE", "methods that a temporary URL may be for");
static const struct cairn_key tempurl_digests = CAIRN_KEY("allowed_digests", CAIRN_KEY_LIST, SIGNED_DIGESTS, "digests that may sign: sha1, sha256, sha512");
static const struct cairn_key tempurl_incoming =
    CAIRN_KEY("incoming_remove_headers", CAIRN_KEY_LIST, "x-timestamp", "headers of a request that are not heard, by their whole names");
static const struct cairn_key tempurl_hidden =
    CAIRN_KEY("outgoing_remove_headers", CAIRN_KEY_LIST, "x-object-meta-*", "metadata that a temporary URL does not show; a '*' ends a prefix");
static const struct cairn_key tempurl_shown =
    CAIRN_KEY("outgoing_allow_headers", CAIRN_KEY_LIST, "x-object-meta-public-*", "what of that it shows all the same");
static const struct cairn_key *const tempurl_keys[] = { &tempurl_methods, &tempurl_digests, &tempurl_incoming, &tempurl_hidden, &tempurl_shown, NULL };

struct tempurl { const char *methods, *digests, *incoming; char feature[4096]; };

/* "a,b" to "\"a\",\"b\""; -1: it is too long, or has what no name has. */
static int
quoted_list(const char *list, char *buf, size_t size)
{
    size_t used = 0, n;

    buf[0] = '\0';
    for (const char *at = list + strspn(list, ", "); *at != '\0'; at += n, at += strspn(at, ", ")) {
        n = strcspn(at, ", ");
        if (used + n + 4 > size || memchr(at, '"', n) != NULL || memchr(at, '\\', n) != NULL)
            return -1;
        used += (size_t)snprintf(buf + used, size - used, "%s\"%.*s\"", used > 0 ? "," : "", (int)n, at);
    }
    return 0;
}

static int
tempurl_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    static const struct cairn_key *const lists[] = { &tempurl_methods, &tempurl_incoming, &tempurl_hidden, &tempurl_shown };
    struct tempurl *f = calloc(1, sizeof *f);
    char json[4][800], digests[64];
    const char *value;

    if (f == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "out of memory");
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        value = host->get_string(host->instance, lists[i]->name);
        if (quoted_list(value != NULL ? value : "", json[i], sizeof json[i]) < 0) {
            free(f);
            return cairn_fail(err, CAIRN_INVALID, "%s: names with commas between them, 800 bytes of them at most", lists[i]->name);
        }
    }
    f->methods = host->get_string(host->instance, "methods");
    f->digests = host->get_string(host->instance, "allowed_digests");
    f->incoming = host->get_string(host->instance, "incoming_remove_headers");
    if (signed_list_json(f->digests != NULL ? f->digests : "", digests, sizeof digests) < 0 || f->methods == NULL) {
        free(f);
        return cairn_fail(err, CAIRN_INVALID, "allowed_digests are some of sha1, sha256, sha512, and methods some of GET, HEAD, PUT, POST, DELETE");
    }
    snprintf(f->feature, sizeof f->feature,
             "{\"methods\":[%s],\"incoming_remove_headers\":[%s],\"incoming_allow_headers\":[],\"outgoing_remove_headers\":[%s],"
             "\"outgoing_allow_headers\":[%s],\"allowed_digests\":[%s]}", json[0], json[1], json[2], json[3], digests);
    *ret_self = f;
    return 0;
}

static uint32_t
refuse(const struct cairn_http *http, struct cairn_request *req, uint32_t status, const char *why)
{
    struct cairn_error err = CAIRN_ERROR_INIT;

    cairn_fail(&err, status == 401 ? CAIRN_UNAUTHENTICATED : CAIRN_INVALID, "%s", why);
    if (status == 401)
        http->set_reply_header(req, "WWW-Authenticate", "Swift realm=\"tempurl\"");
    http->fault(req, status, &err);
    return CAIRN_FILTER_REPLIED;
}

/* Seconds, or "2026-01-31", "2026-01-31T12:00:00", "2026-01-31T12:00:00Z"; 0: neither. */
static long long
expiry(const char *text)
{
    static const char *const forms[] = { "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ" };
    char *end;
    long long seconds = strtoll(text, &end, 10);

    if (*text != '\0' && *end == '\0')
        return seconds;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct tm tm = { 0 };
        const char *rest = strptime(text, forms[i], &tm);

        if (rest != NULL && *rest == '\0')
            return (long long)timegm(&tm);
    }
    return 0;
}

static int
in_range(const char *range, const char *address)
{
    unsigned char net[16], own[16];
    char base[64];
    const char *slash = strchr(range, '/');
    int family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET;
    unsigned max = family == AF_INET ? 32 : 128, bits = max, i;

    snprintf(base, sizeof base, "%.*s", (int)(slash != NULL ? slash - range : (int)strlen(range)), range);
    if (slash != NULL) {
        if (slash[1] == '\0' || slash[1 + strspn(slash + 1, "0123456789")] != '\0')
            return 0;
        bits = (unsigned)strtoul(slash + 1, NULL, 10);
    }
    if (bits > max || inet_pton(family, base, net) != 1 || inet_pton(family, address, own) != 1)
        return 0;
    for (i = 0; i < bits; i++)
        if (((net[i / 8] ^ own[i / 8]) >> (7 - i % 8)) & 1)
            return 0;
    return 1;
}

/* Whether one of the keys ("SCOPE KEY" lines) has signed it, for one of the methods that its bearer may then use. */
static int
find_signer(const char *lines, const char *sig, const char *range, const char *method, const char *rest, char scope[16])
{
    const char *methods[] = { method, "GET", "PUT", "POST" };
    size_t tries = strcmp(method, "HEAD") == 0 ? 4 : 1;
    char *keys = strdup(lines), *save = NULL;
    int fits = 0;

    for (char *line = keys != NULL ? strtok_r(keys, "\n", &save) : NULL; line != NULL && !fits; line = strtok_r(NULL, "\n", &save)) {
        char *key = strchr(line, ' ');

        if (key == NULL)
            continue;
        *key++ = '\0';
        for (size_t i = 0; i < tries && !fits; i++) {
            char *text;

            if (asprintf(&text, "%s%s%s%s\n%s", range != NULL ? "ip=" : "", range != NULL ? range : "", range != NULL ? "\n" : "", methods[i], rest) < 0)
                break;
            fits = signed_fits(sig, key, text);
            free(text);
        }
        if (fits)
            snprintf(scope, 16, "%s", line);
    }
    free(keys);
    return fits;
}

/* What could make more of a signature than the one object that it is for. */
static const char *
more_than_signed_for(const struct cairn_http *http, const struct cairn_request *req)
{
    static const char *const headers[] = { "X-Object-Manifest", "X-Symlink-Target", "X-Copy-From" };
    static const char *const queries[] = { "extract-archive", "bulk-delete" };

    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        if (http->header(req, headers[i]) != NULL)
            return headers[i];
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++)
        if (http->query(req, queries[i]) != NULL)
            return queries[i];
    return NULL;
}

static void
forget_headers(const struct tempurl *f, const struct cairn_http *http, struct cairn_request *req)
{
    char *list = strdup(f->incoming != NULL ? f->incoming : ""), *save = NULL;

    for (char *name = list != NULL ? strtok_r(list, ", ", &save) : NULL; name != NULL; name = strtok_r(NULL, ", ", &save))
        http->set_request_header(req, name, NULL);
    free(list);
}

struct parts { const char *account, *container, *object; };     /* each with the '/' before the next */

/* "/v1/A/C/O"; a container's root when all that is in it is signed for. */
static int
split(const char *path, const char *prefix, const char *method, struct parts *ret)
{
    int is_read = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    const char *slash;

    if (strncmp(path, "/v1/", 4) != 0)
        return 0;
    ret->account = path + 4;
    ret->container = strchr(ret->account, '/');
    slash = ret->container != NULL ? strchr(ret->container + 1, '/') : NULL;
    ret->object = slash;
    return slash != NULL && (slash[1] != '\0' || (is_read && prefix != NULL && *prefix == '\0'));
}

/* Clients sign the path from /v1 on, or with what the service is mounted under. */
static int
is_signed(const struct cairn_http *http, const struct cairn_request *req, const struct parts *p, const char *keys, const char *sig, char scope[16])
{
    const char *path = http->path(req), *full = http->full_path(req), *v1 = strstr(full, "/v1/"), *prefix = http->query(req, "temp_url_prefix");
    int fits = 0;

    for (int mounted = 0; mounted < 2 && !fits; mounted++) {
        char *rest;

        if (asprintf(&rest, "%lld\n%s%.*s%.*s%s", expiry(http->query(req, "temp_url_expires")), prefix != NULL ? "prefix:" : "",
                     mounted && v1 != NULL ? (int)(v1 - full) : 0, full, prefix != NULL ? (int)(p->object + 1 - path) : (int)strlen(path), path,
                     prefix != NULL ? prefix : "") < 0)
            return 0;
        fits = find_signer(keys, sig, http->query(req, "temp_url_ip_range"), http->method(req), rest, scope);
        free(rest);
    }
    return fits;
}

static uint32_t
tempurl_before(void *self, const struct cairn_http *http, struct cairn_request *req)
{
    const struct tempurl *f = self;
    const char *sig = http->query(req, "temp_url_sig"), *expires = http->query(req, "temp_url_expires"), *prefix = http->query(req, "temp_url_prefix");
    const char *range = http->query(req, "temp_url_ip_range"), *path = http->path(req), *method = http->method(req), *digest, *bad;
    struct cairn_error err = CAIRN_ERROR_INIT;
    void (*release)(void *) = NULL;
    struct parts p;
    char *keys = NULL, scope[16] = "", *note;
    int fits;

    if ((sig == NULL && expires == NULL) || strcmp(method, "OPTIONS") == 0)
        return CAIRN_FILTER_PASS;
    digest = sig != NULL ? signed_digest(sig) : NULL;
    if (digest == NULL || expires == NULL || !signed_in_list(f->digests, digest) || !signed_in_list(f->methods, method) || !split(path, prefix, method, &p) ||
        expiry(expires) <= (long long)time(NULL) || (range != NULL && (!in_range(range, http->client_address(req)) || strchr(range, '\n') != NULL)) ||
        (prefix != NULL && strncmp(p.object + 1, prefix, strlen(prefix)) != 0) || http->ask(req, "object.temp_url_keys", path, &keys, &release, &err) < 0)
        return refuse(http, req, 401, "Temp URL invalid");
    fits = is_signed(http, req, &p, keys, sig, scope);
    release(keys);
    if (!fits)
        return refuse(http, req, 401, "Temp URL invalid");
    bad = strcmp(method, "PUT") == 0 || strcmp(method, "POST") == 0 || strcmp(method, "DELETE") == 0 ? more_than_signed_for(http, req) : NULL;
    if (bad != NULL) {
        char why[100];

        snprintf(why, sizeof why, "The header '%s' is not allowed in this tempurl", bad);
        return refuse(http, req, 400, why);
    }
    forget_headers(f, http, req);
    if (asprintf(&note, "%s %.*s", scope, (int)((strcmp(scope, "account") == 0 ? p.container : p.object) - p.account), p.account) < 0)
        return refuse(http, req, 401, "Temp URL invalid");
    http->set_note(req, "object.signed_for", note, free);
    return CAIRN_FILTER_PASS;
}

/* Percent-encoding, but for what 'safe' has. */
static void
add_quoted(FILE *out, const char *text, const char *safe)
{
    for (; *text != '\0'; text++)
        if ((*text >= '0' && *text <= '9') || ((*text | 0x20) >= 'a' && (*text | 0x20) <= 'z') || strchr("_.-~", *text) != NULL || strchr(safe, *text) != NULL)
            fputc(*text, out);
        else
            fprintf(out, "%%%02X", (unsigned char)*text);
}

static char *
disposition(const char *kind, const char *filename)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (out == NULL)
        return NULL;
    fprintf(out, "%s; filename=\"", kind);
    add_quoted(out, filename, " /");
    fputs("\"; filename*=UTF-8''", out);
    add_quoted(out, filename, "/");
    fclose(out);
    return text;
}

/* The name of the file: what the URL says, else what the object's own metadata says, else its name. */
static void
tempurl_after(void *self, const struct cairn_http *http, struct cairn_request *req)
{
    const char *filename = http->query(req, "filename"), *path = http->path(req), *last = path + strlen(path);
    int is_inline = http->query(req, "inline") != NULL;
    char when[64], *text = NULL, *name;
    time_t expires;
    struct tm tm;

    (void)self;
    if (http->note(req, "object.signed_for") == NULL || http->status(req) / 100 != 2 || (strcmp(http->method(req), "GET") != 0 && strcmp(http->method(req), "HEAD") != 0))
        return;
    expires = (time_t)expiry(http->query(req, "temp_url_expires"));
    if (gmtime_r(&expires, &tm) != NULL && strftime(when, sizeof when, "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0)
        http->set_reply_header(req, "Expires", when);
    if (filename != NULL && *filename == '\0')
        filename = NULL;
    if (is_inline && filename == NULL) {
        http->set_reply_header(req, "Content-Disposition", "inline");
        return;
    }
    if (filename == NULL && http->reply_header(req, "Content-Disposition") != NULL)
        return;
    while (last > path && last[-1] == '/')
        last--;
    for (path = last; path > http->path(req) && path[-1] != '/';)
        path--;
    name = filename != NULL ? strdup(filename) : strndup(path, (size_t)(last - path));
    text = name != NULL ? disposition(is_inline ? "inline" : "attachment", name) : NULL;
    if (text != NULL)
        http->set_reply_header(req, "Content-Disposition", text);
    free(name);
    free(text);
}

static const char *
tempurl_feature(void *self)
{
    const struct tempurl *f = self;

    return f->feature;
}

static const struct cairn_filter_plugin tempurl_filter = {
    CAIRN_DRIVER_HEAD(CAIRN_FILTER, "tempurl", struct cairn_filter_plugin),
    .threads     = CAIRN_THREADS_PARALLEL,
    .version     = "1",
    .description = "temporary URLs of the object store",
    .keys        = tempurl_keys,
    .configure   = tempurl_configure,
    .destroy     = free,
    .before      = tempurl_before,
    .after       = tempurl_after,
    .feature     = tempurl_feature,
};
CAIRN_DRIVER_EXPORT(tempurl_filter)
