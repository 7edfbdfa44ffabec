/* ec2_signature.c: see ec2_signature.h. */
#include "config.h"
#include "identity/ec2_signature.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"

#define PARAMS_MAX 256
#define V4 "AWS4-HMAC-SHA256"

struct digest { uint8_t bytes[EVP_MAX_MD_SIZE]; unsigned len; };

static int
refuse(struct cairn_error *err, const char *why)
{
    return cairn_fail(err, CAIRN_UNAUTHENTICATED, "%s", why);
}

static struct digest
mac(const EVP_MD *md, const void *key, size_t key_len, const char *text, size_t text_len)
{
    struct digest d = { .len = 0 };

    if (HMAC(md, key, (int)key_len, (const uint8_t *)text, text_len, d.bytes, &d.len) == NULL)
        d.len = 0;
    return d;
}

static void
hex_of(const uint8_t *bytes, unsigned len, char *out)
{
    for (unsigned i = 0; i < len; i++)
        snprintf(out + (size_t)2 * i, 3, "%02x", bytes[i]);
}

static int
same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strlen(a) == strlen(b) && strlen(b) > 0 && str_secret_eq(a, b, strlen(b));
}

static int
matches_base64(const struct digest *d, const char *signature)
{
    CLEANUP_FREE char *text = str_base64(d->bytes, d->len, 0);

    return d->len > 0 && same_text(signature, text);
}

/* --- parameters, in order */
struct param { const char *name; char *value; };
struct params { struct param list[PARAMS_MAX]; size_t count; };

static void
params_free(struct params *p)
{
    for (size_t i = 0; i < p->count; i++)
        free(p->list[i].value);
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(((const struct param *)a)->name, ((const struct param *)b)->name);
}

static int
by_name_any_case(const void *a, const void *b)
{
    return strcasecmp(((const struct param *)a)->name, ((const struct param *)b)->name);
}

static int
params_read(const json_t *object, const char *leave_out, struct params *p, struct cairn_error *err)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, name, value) {
        if (strcmp(name, leave_out) == 0)
            continue;
        if (p->count == PARAMS_MAX)
            return refuse(err, "Too many parameters were signed.");
        p->list[p->count].name = name;
        p->list[p->count++].value = json_is_string(value) ? xstrdup(json_string_value(value)) : json_dumps(value, JSON_ENCODE_ANY);
    }
    return 0;
}

static void
quote(struct str *out, const char *text, const char *safe)
{
    for (; *text != '\0'; text++) {
        if (isalnum((unsigned char)*text) || strchr(safe, *text) != NULL)
            str_add_c(out, *text);
        else
            str_addf(out, "%%%02X", (unsigned char)*text);
    }
}

static void
canonical_query(const struct params *p, struct str *out)
{
    for (size_t i = 0; i < p->count; i++) {
        if (i > 0)
            str_add_c(out, '&');
        quote(out, p->list[i].name, "-_.~");
        str_add_c(out, '=');
        quote(out, p->list[i].value, "-_.~");
    }
}

/* --- versions 1 and 2 */
static int
check_v1(const json_t *request, const char *secret, struct cairn_error *err)
{
    CLEANUP(params_free) struct params p = { .count = 0 };
    CLEANUP_STR struct str text = STR_INIT;
    struct digest d;

    if (params_read(json_object_get(request, "params"), "Signature", &p, err) < 0)
        return -1;
    qsort(p.list, p.count, sizeof p.list[0], by_name_any_case);
    for (size_t i = 0; i < p.count; i++) {
        str_add(&text, p.list[i].name);
        str_add(&text, p.list[i].value);
    }
    d = mac(EVP_sha1(), secret, strlen(secret), text.text != NULL ? text.text : "", text.len);
    return matches_base64(&d, json_str(request, "signature")) ? 0 : refuse(err, "Invalid EC2 signature.");
}

static int
v2_fits(const json_t *request, const struct params *p, const char *host, const char *secret)
{
    const char *method = json_str(json_object_get(request, "params"), "SignatureMethod");
    CLEANUP_STR struct str text = STR_INIT;
    struct digest d;

    str_addf(&text, "%s\n%s\n%s\n", json_str(request, "verb"), host, json_str(request, "path"));
    canonical_query(p, &text);
    d = mac(str_eq(method, "HmacSHA1") ? EVP_sha1() : EVP_sha256(), secret, strlen(secret), text.text, text.len);
    return matches_base64(&d, json_str(request, "signature"));
}

/* Some clients sign the host without its port. */
static char *
without_port(const char *host)
{
    const char *colon = strrchr(host, ':');

    return colon != NULL && strchr(colon, ']') == NULL ? xstrndup(host, (size_t)(colon - host)) : NULL;
}

static int
check_v2(const json_t *request, const char *secret, struct cairn_error *err)
{
    CLEANUP(params_free) struct params p = { .count = 0 };
    CLEANUP_FREE char *bare = without_port(json_str(request, "host"));

    if (params_read(json_object_get(request, "params"), "Signature", &p, err) < 0)
        return -1;
    qsort(p.list, p.count, sizeof p.list[0], by_name);
    if (v2_fits(request, &p, json_str(request, "host"), secret) || (bare != NULL && v2_fits(request, &p, bare, secret)))
        return 0;
    return refuse(err, "Invalid EC2 signature.");
}

/* --- version 4 */
static const char *
header_of(const json_t *headers, const char *name)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)headers, key, value) {
        if (strcasecmp(key, name) == 0)
            return json_string_value(value);
    }
    return NULL;
}

/* NAME of "AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...", or of the query's X-Amz-NAME.  malloc'd, NULL: none. */
static char *
v4_param(const json_t *request, const char *name)
{
    const char *header = header_of(json_object_get(request, "headers"), "Authorization"), *at;
    CLEANUP_FREE char *key = NULL;

    if (header == NULL || !str_starts(header, V4)) {
        key = xasprintf("X-Amz-%s", name);
        return xstrdup(json_str(json_object_get(request, "params"), key));
    }
    key = xasprintf("%s=", name);
    at = strstr(header, key);
    return at != NULL ? xstrndup(at + strlen(key), strcspn(at + strlen(key), ", ")) : NULL;
}

static const char *
v4_date(const json_t *request)
{
    const char *date = header_of(json_object_get(request, "headers"), "X-Amz-Date");

    return date != NULL ? date : json_str(json_object_get(request, "params"), "X-Amz-Date");
}

static int
is_v4(const json_t *request)
{
    const char *header = header_of(json_object_get(request, "headers"), "Authorization");

    return (header != NULL && str_starts(header, V4)) || str_eq(json_str(json_object_get(request, "params"), "X-Amz-Algorithm"), V4);
}

/* The parts of "KEY/20260101/region/service/aws4_request" or without the key; they point into 'copy'. */
struct scope { char *copy; const char *date, *region, *service; };

static void
scope_free(struct scope *s)
{
    free(s->copy);
}

static int
scope_read(const char *text, struct scope *s)
{
    char *save = NULL, *end;

    s->copy = xstrdup(text);
    s->date = strtok_r(s->copy, "/", &save);
    s->region = strtok_r(NULL, "/", &save);
    s->service = strtok_r(NULL, "/", &save);
    end = strtok_r(NULL, "/", &save);
    return s->service != NULL && str_eq(end, "aws4_request") && strtok_r(NULL, "/", &save) == NULL ? 0 : -1;
}

static int
v4_matches(const struct scope *s, const char *secret, const char *to_sign, size_t len, const char *signature)
{
    CLEANUP_FREE char *first = xasprintf("AWS4%s", secret);
    const char *const steps[] = { s->region, s->service, "aws4_request" };
    struct digest d = mac(EVP_sha256(), first, strlen(first), s->date, strlen(s->date));
    char text[2 * EVP_MAX_MD_SIZE + 1] = "";

    explicit_bzero(first, strlen(first));
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        d = mac(EVP_sha256(), d.bytes, d.len, steps[i], strlen(steps[i]));
    d = mac(EVP_sha256(), d.bytes, d.len, to_sign, len);
    hex_of(d.bytes, d.len, text);
    return same_text(signature, text);
}

static void
canonical_headers(const json_t *request, const char *signed_headers, struct str *out)
{
    CLEANUP_FREE char *copy = xstrdup(signed_headers);
    char *save = NULL;

    for (char *name = strtok_r(copy, ";", &save); name != NULL; name = strtok_r(NULL, ";", &save)) {
        const char *value = header_of(json_object_get(request, "headers"), name);

        if (value == NULL && strcasecmp(name, "host") == 0)
            value = json_str(request, "host");
        if (value == NULL)
            continue;
        value += strspn(value, " \t");
        str_addf(out, "%s:%s", name, value);
        while (out->len > 0 && (out->text[out->len - 1] == ' ' || out->text[out->len - 1] == '\t'))
            out->text[--out->len] = '\0';
        str_add_c(out, '\n');
    }
    str_add_c(out, '\n');
}

static int
check_v4(const json_t *request, const char *secret, struct cairn_error *err)
{
    CLEANUP_FREE char *credential = v4_param(request, "Credential");
    CLEANUP_FREE char *signed_headers = v4_param(request, "SignedHeaders");
    CLEANUP_FREE char *in_header = v4_param(request, "Signature");
    CLEANUP(scope_free) struct scope scope = { NULL, NULL, NULL, NULL };
    CLEANUP(params_free) struct params p = { .count = 0 };
    CLEANUP_STR struct str canonical = STR_INIT;
    CLEANUP_STR struct str to_sign = STR_INIT;
    const char *date = v4_date(request), *body_hash = json_str(request, "body_hash"), *verb = json_str(request, "verb"),
               *signature = json_str(request, "signature") != NULL ? json_str(request, "signature") : in_header;
    uint8_t hash[32];
    unsigned hash_len = sizeof hash;
    char hex[65];

    if (credential == NULL || strchr(credential, '/') == NULL || signed_headers == NULL || date == NULL || body_hash == NULL
        || scope_read(strchr(credential, '/') + 1, &scope) < 0)
        return refuse(err, "Invalid EC2 signature.");
    if (!str_starts(date, scope.date))
        return refuse(err, "Request date mismatch error");
    if (params_read(json_object_get(request, "params"), "X-Amz-Signature", &p, err) < 0)
        return -1;
    qsort(p.list, p.count, sizeof p.list[0], by_name);
    str_addf(&canonical, "%s\n%s\n", verb, json_str(request, "path"));
    if (strcasecmp(verb, "POST") != 0)
        canonical_query(&p, &canonical);
    str_add_c(&canonical, '\n');
    canonical_headers(request, signed_headers, &canonical);
    str_addf(&canonical, "%s\n%s", signed_headers, body_hash);
    EVP_Digest(canonical.text, canonical.len, hash, &hash_len, EVP_sha256(), NULL);
    hex_of(hash, hash_len, hex);
    str_addf(&to_sign, V4 "\n%s\n%s\n%s", date, strchr(credential, '/') + 1, hex);
    return v4_matches(&scope, secret, to_sign.text, to_sign.len, signature) ? 0 : refuse(err, "Invalid EC2 signature.");
}

/* --- time */
/* "20260101T120000Z" as well as ISO 8601. */
static int
read_time(const char *text, int64_t *ret_us)
{
    char iso[32];

    if (strlen(text) == 16 && text[8] == 'T' && text[15] == 'Z') {
        snprintf(iso, sizeof iso, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", text, text + 4, text + 6, text + 9, text + 11, text + 13);
        text = iso;
    }
    return clock_parse(text, ret_us);
}

/* A signature without a time would be a credential for ever: OSSA-2020-003.  Only a time that is signed counts: version 4 signs no parameters of
 * a POST, so its own date alone says when. */
static int
check_time(const json_t *request, int v4, struct cairn_error *err)
{
    const json_t *params = json_object_get(request, "params");
    const char *text = v4 ? v4_date(request) : json_str(params, "Timestamp"), *expires = v4 ? NULL : json_str(params, "Expires");
    int64_t us, now = clock_us(), ttl = INT64_C(1000000) * SIGNATURE_TTL_S;

    if (text == NULL && expires != NULL) {
        if (read_time(expires, &us) < 0)
            return refuse(err, "Credential timestamp is invalid");
        return us > now ? 0 : refuse(err, "Credential is expired");
    }
    if (text == NULL || read_time(text, &us) < 0)
        return refuse(err, "Credential timestamp is invalid");
    return now <= us + ttl && us <= now + ttl ? 0 : refuse(err, "Credential is expired");
}

int
ec2_signature_check(const json_t *request, const char *secret, struct cairn_error *err)
{
    static const char *const texts[] = { "host", "verb", "path" };
    const char *version = json_str(json_object_get(request, "params"), "SignatureVersion");
    int result;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (json_str(request, texts[i]) == NULL)
            return cairn_fail(err, CAIRN_INVALID, "Expecting to find %s in the credentials.", texts[i]);
    }
    if (version != NULL && json_str(request, "signature") == NULL)
        return refuse(err, "EC2 signature not supplied.");
    if (str_eq(version, "1"))
        result = check_v1(request, secret, err);
    else if (str_eq(version, "2"))
        result = check_v2(request, secret, err);
    else if (version == NULL && is_v4(request))
        result = check_v4(request, secret, err);
    else
        return refuse(err, "Unknown EC2 signature version.");
    return result < 0 ? -1 : check_time(request, version == NULL, err);
}

/* --- S3 */
/* Base64 of either alphabet, padded or not.  The bytes may hold zeros; one more stands behind them. */
static char *
decode_token(const char *token, size_t *ret_len)
{
    CLEANUP_FREE char *text = xstrdup(token);
    size_t len = strcspn(text, "=");
    CLEANUP_FREE unsigned char *bytes = NULL;
    char *out;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '+')
            text[i] = '-';
        else if (text[i] == '/')
            text[i] = '_';
    }
    bytes = str_unbase64(text, len, 1, ret_len);
    if (bytes == NULL)
        return NULL;
    out = xmalloc(*ret_len + 1);
    memcpy(out, bytes, *ret_len);
    out[*ret_len] = '\0';
    return out;
}

static int
s3_v4_fits(const char *text, size_t len, const char *secret, const char *signature)
{
    static const char *const services[] = { "s3", "iam", "sts" };
    CLEANUP_FREE char *copy = xstrdup(text);
    CLEANUP(scope_free) struct scope scope = { NULL, NULL, NULL, NULL };
    char *save = NULL, *algorithm = strtok_r(copy, "\n", &save), *date = strtok_r(NULL, "\n", &save), *scope_text = strtok_r(NULL, "\n", &save),
         *hash = strtok_r(NULL, "\n", &save);

    if (!str_eq(algorithm, V4) || date == NULL || hash == NULL || strtok_r(NULL, "\n", &save) != NULL || scope_read(scope_text, &scope) < 0)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(services); i++) {
        if (strcmp(services[i], scope.service) == 0)
            return v4_matches(&scope, secret, text, len, signature);
    }
    return 0;
}

int
s3_signature_check(const json_t *request, const char *secret, struct cairn_error *err)
{
    const char *signature = json_str(request, "signature"), *token = json_str(request, "token");
    CLEANUP_FREE char *text = NULL;
    struct digest d;
    size_t len = 0;

    if (signature == NULL || token == NULL)
        return refuse(err, "EC2 signature not supplied.");
    text = decode_token(token, &len);
    if (text == NULL)
        return refuse(err, "Credential signature mismatch");
    if (str_starts(text, "AWS4"))
        return s3_v4_fits(text, len, secret, signature) ? 0 : refuse(err, "Invalid EC2 signature.");
    d = mac(EVP_sha1(), secret, strlen(secret), text, len);
    return matches_base64(&d, signature) ? 0 : refuse(err, "Credential signature mismatch");
}
