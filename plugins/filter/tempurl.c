/* tempurl.c: filter "tempurl": a signature in the URL opens one object, or all under a prefix, to one method until a time. */

#define _GNU_SOURCE 1                   /* strptime, timegm */
#include <cairn/filter.h>
#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <time.h>

static int
tempurl_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    (void)host, (void)err;
    *ret_self = NULL;
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

/* Seconds, or "2026-01-31T12:00:00Z". */
static long long
expiry(const char *text)
{
    struct tm tm = { 0 };
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    char *end;
    long long seconds;

    if (rest != NULL && *rest == '\0')
        return (long long)timegm(&tm);
    seconds = strtoll(text, &end, 10);
    return *text == '\0' || *end != '\0' ? 0 : seconds;
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
    if (slash != NULL)
        bits = (unsigned)strtoul(slash + 1, NULL, 10);
    if (bits > max || inet_pton(family, base, net) != 1 || inet_pton(family, address, own) != 1)
        return 0;
    for (i = 0; i < bits; i++)
        if (((net[i / 8] ^ own[i / 8]) >> (7 - i % 8)) & 1)
            return 0;
    return 1;
}

/* The digest is told by the length of its hex text, or by a name before base64: "sha256:...". */
static int
signature_fits(const char *sig, const char *key, const char *text)
{
    static const struct { const char *name; size_t hex; const EVP_MD *(*md)(void); } digests[] = {
        { "sha1:", 40, EVP_sha1 }, { "sha256:", 64, EVP_sha256 }, { "sha512:", 128, EVP_sha512 } };
    unsigned char raw[EVP_MAX_MD_SIZE];
    char want[2 * EVP_MAX_MD_SIZE + 16];
    unsigned len = 0;

    for (size_t i = 0; i < sizeof digests / sizeof digests[0]; i++) {
        size_t name_len = strlen(digests[i].name);
        int named = strncmp(sig, digests[i].name, name_len) == 0;

        if (!named && strlen(sig) != digests[i].hex)
            continue;
        if (HMAC(digests[i].md(), key, (int)strlen(key), (const unsigned char *)text, strlen(text), raw, &len) == NULL)
            return 0;
        if (named) {
            char given[2 * EVP_MAX_MD_SIZE + 16];

            EVP_EncodeBlock((unsigned char *)want, raw, (int)len);
            snprintf(given, sizeof given, "%s", sig + name_len);
            for (char *p = given; *p != '\0'; p++)
                *p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
            want[strcspn(want, "=")] = given[strcspn(given, "=")] = '\0';
            return strlen(want) == strlen(given) && CRYPTO_memcmp(want, given, strlen(want)) == 0;
        }
        for (unsigned n = 0; n < len; n++)
            snprintf(want + 2 * n, 3, "%02x", raw[n]);
        return CRYPTO_memcmp(want, sig, digests[i].hex) == 0;
    }
    return 0;
}

/* Whether one of the keys ("SCOPE KEY" lines) has signed it, for one of the methods that its bearer may then use. */
static int
find_signer(char *keys, const char *sig, const char *method, const char *rest, char scope[16])
{
    const char *methods[] = { method, strcmp(method, "HEAD") == 0 ? "GET" : NULL, "PUT", "POST" };
    size_t tries = methods[1] != NULL ? 4 : 1;
    char *save = NULL;

    for (char *line = strtok_r(keys, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        char *key = strchr(line, ' ');

        if (key == NULL)
            continue;
        *key++ = '\0';
        for (size_t i = 0; i < tries; i++) {
            size_t size = strlen(rest) + 80;
            char *text = malloc(size);
            const char *ip_end = strncmp(rest, "ip=", 3) == 0 ? strchr(rest, '\n') + 1 : rest;
            int fits;

            if (text == NULL)
                return 0;
            snprintf(text, size, "%.*s%s\n%s", (int)(ip_end - rest), rest, methods[i], ip_end);
            fits = signature_fits(sig, key, text);
            free(text);
            if (fits) {
                snprintf(scope, 16, "%s", line);
                return 1;
            }
        }
    }
    return 0;
}

static uint32_t
tempurl_before(void *self, const struct cairn_http *http, struct cairn_request *req)
{
    const char *sig = http->query(req, "temp_url_sig"), *expires = http->query(req, "temp_url_expires"), *prefix = http->query(req, "temp_url_prefix");
    const char *range = http->query(req, "temp_url_ip_range"), *path = http->path(req), *method = http->method(req), *account, *container, *object;
    struct cairn_error err = CAIRN_ERROR_INIT;
    void (*release)(void *) = NULL;
    char *keys = NULL, scope[16] = "", rest[3072], *note;
    int fits = 0;

    (void)self;
    if (sig == NULL && expires == NULL)
        return CAIRN_FILTER_PASS;
    account = strncmp(path, "/v1/", 4) == 0 ? path + 4 : NULL;
    container = account != NULL ? strchr(account, '/') : NULL;
    object = container != NULL ? strchr(container + 1, '/') : NULL;
    if (sig == NULL || expires == NULL || object == NULL || object[1] == '\0' || expiry(expires) <= (long long)time(NULL) ||
        (range != NULL && (!in_range(range, http->client_address(req)) || strchr(range, '\n') != NULL)) ||
        (prefix != NULL && strncmp(object + 1, prefix, strlen(prefix)) != 0))
        return refuse(http, req, 401, "Temp URL invalid");
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0 && strcmp(method, "PUT") != 0 && strcmp(method, "POST") != 0 && strcmp(method, "DELETE") != 0)
        return refuse(http, req, 401, "Temp URL invalid");
    if (strcmp(method, "PUT") == 0 && (http->header(req, "X-Object-Manifest") != NULL || http->header(req, "X-Symlink-Target") != NULL || http->header(req, "X-Copy-From") != NULL))
        return refuse(http, req, 400, "A temporary URL takes neither X-Object-Manifest nor X-Symlink-Target nor X-Copy-From");
    if (http->ask(req, "object.temp_url_keys", path, &keys, &release, &err) < 0)
        return refuse(http, req, 401, "Temp URL invalid");
    /* Clients sign the path from /v1 on, or with what the service is mounted under. */
    for (int mounted = 0; mounted < 2 && !fits; mounted++) {
        const char *full = http->full_path(req), *v1 = strstr(full, "/v1/");
        char *copy = strdup(keys);

        snprintf(rest, sizeof rest, "%s%s%s%lld\n%s%.*s%.*s%s", range != NULL ? "ip=" : "", range != NULL ? range : "", range != NULL ? "\n" : "", expiry(expires),
                 prefix != NULL ? "prefix:" : "", mounted && v1 != NULL ? (int)(v1 - full) : 0, full, prefix != NULL ? (int)(object + 1 - path) : (int)strlen(path), path, prefix != NULL ? prefix : "");
        fits = copy != NULL && find_signer(copy, sig, method, rest, scope);
        free(copy);
    }
    release(keys);
    if (!fits)
        return refuse(http, req, 401, "Temp URL invalid");
    note = malloc(strlen(path) + 16);
    if (note == NULL)
        return refuse(http, req, 401, "Temp URL invalid");
    sprintf(note, "%s %.*s", scope, (int)((strcmp(scope, "account") == 0 ? container : object) - account), account);
    http->set_note(req, "object.signed_for", note, free);
    return CAIRN_FILTER_PASS;
}

static void
tempurl_after(void *self, const struct cairn_http *http, struct cairn_request *req)
{
    const char *filename = http->query(req, "filename"), *slash = strrchr(http->path(req), '/');
    char text[1200];

    (void)self;
    if (http->note(req, "object.signed_for") == NULL || http->status(req) / 100 != 2 || (strcmp(http->method(req), "GET") != 0 && strcmp(http->method(req), "HEAD") != 0))
        return;
    if (filename == NULL || *filename == '\0')
        filename = slash != NULL && slash[1] != '\0' ? slash + 1 : "object";
    if (http->query(req, "inline") != NULL && http->query(req, "filename") == NULL)
        snprintf(text, sizeof text, "inline");
    else
        snprintf(text, sizeof text, "%s; filename=\"%.500s\"", http->query(req, "inline") != NULL ? "inline" : "attachment", filename);
    for (char *p = strchr(text, '"'); p != NULL && p[1] != '\0' && p[2] != '\0'; p++)
        if (p[1] == '"' || p[1] == '\\' || p[1] == '\r' || p[1] == '\n')
            p[1] = '_';
    if (http->query(req, "inline") != NULL || http->query(req, "filename") != NULL || http->reply_header(req, "Content-Disposition") == NULL)
        http->set_reply_header(req, "Content-Disposition", text);
}

static const char *
tempurl_feature(void *self)
{
    (void)self;
    return "{\"methods\":[\"GET\",\"HEAD\",\"PUT\",\"POST\",\"DELETE\"],\"allowed_digests\":[\"sha1\",\"sha256\",\"sha512\"]}";
}

static const struct cairn_filter_plugin tempurl_filter = {
    CAIRN_DRIVER_HEAD(CAIRN_FILTER, "tempurl", struct cairn_filter_plugin),
    .threads     = CAIRN_THREADS_PARALLEL,
    .version     = "1",
    .description = "temporary URLs of the object store",
    .configure   = tempurl_configure,
    .before      = tempurl_before,
    .after       = tempurl_after,
    .feature     = tempurl_feature,
};
CAIRN_DRIVER_EXPORT(tempurl_filter)
