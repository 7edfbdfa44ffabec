/* oauth_signature.c: see oauth_signature.h. */
#include "config.h"
#include "identity/oauth_signature.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/clock.h"
#include "base/str.h"

void
oauth_free(struct oauth_request *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free(r->params[i].name);
        free(r->params[i].value);
    }
    free(r->method);
    free(r->url);
    memset(r, 0, sizeof *r);
}

static int
add(struct oauth_request *r, const char *name, const char *value)
{
    if (r->count == OAUTH_PARAMS_MAX)
        return -1;
    r->params[r->count++] = (struct oauth_param){ xstrdup(name), xstrdup(value) };
    return 0;
}

static int
hex_digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

void
oauth_decode(char *text, int form)
{
    char *out = text;

    while (*text != '\0') {
        if (text[0] == '%' && hex_digit(text[1]) >= 0 && hex_digit(text[2]) >= 0) {
            *out++ = (char)(hex_digit(text[1]) << 4 | hex_digit(text[2]));
            text += 3;
        } else {
            *out++ = form && *text == '+' ? ' ' : *text;
            text++;
        }
    }
    *out = '\0';
}

static char *
percent_encode(const char *text)
{
    struct str out = STR_INIT;

    for (; *text != '\0'; text++) {
        if (isalnum((unsigned char)*text) || strchr("-._~", *text) != NULL)
            str_add_c(&out, *text);
        else
            str_addf(&out, "%%%02X", (unsigned char)*text);
    }
    return str_take(&out);
}

static int
bad_header(struct cairn_error *err)
{
    return cairn_fail(err, CAIRN_INVALID, "Expecting to find the parameters of OAuth in the header Authorization.");
}

/* OAuth name="value", name="value": values are percent-encoded, so no quote stands in them. */
int
oauth_parse_header(const char *header, struct oauth_request *r, struct cairn_error *err)
{
    if (header == NULL || strncasecmp(header, "OAuth ", 6) != 0)
        return bad_header(err);
    header += 6;
    for (;;) {
        size_t name_len, value_len;
        char *name, *value;
        int full;

        header += strspn(header, " \t,");
        if (*header == '\0')
            return 0;
        name_len = strcspn(header, "=");
        if (header[name_len] != '=' || header[name_len + 1] != '"')
            return bad_header(err);
        value_len = strcspn(header + name_len + 2, "\"");
        if (header[name_len + 2 + value_len] != '"')
            return bad_header(err);
        name = xstrndup(header, name_len);
        value = xstrndup(header + name_len + 2, value_len);
        oauth_decode(name, 0);
        oauth_decode(value, 0);
        full = oauth_param(r, name) != NULL || add(r, name, value) < 0;
        free(name);
        free(value);
        if (full)
            return bad_header(err);
        header += name_len + 3 + value_len;
    }
}

static int
add_query(void *arg, const char *name, const char *value)
{
    return add(arg, name, value) < 0;
}

int
oauth_read(const struct cairn_request *req, struct oauth_request *r, struct cairn_error *err)
{
    if (oauth_parse_header(http_header(req, "Authorization"), r, err) < 0)
        return -1;
    http_query_each(req, add_query, r);
    r->method = xstrdup(http_method(req));
    r->url = xasprintf("%s%s", http_base_url(req), http_full_path(req));
    return 0;
}

const char *
oauth_param(const struct oauth_request *r, const char *name)
{
    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->params[i].name, name) == 0)
            return r->params[i].value;
    }
    return NULL;
}

/* --- the text that is signed */
struct pair { char *name, *value; };

static int
by_name_then_value(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    return order != 0 ? order : strcmp(x->value, y->value);
}

static char *
parameter_text(const struct oauth_request *r)
{
    struct pair pairs[OAUTH_PARAMS_MAX];
    struct str text = STR_INIT;
    size_t n = 0;

    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->params[i].name, "realm") == 0 || strcmp(r->params[i].name, "oauth_signature") == 0)
            continue;
        pairs[n++] = (struct pair){ percent_encode(r->params[i].name), percent_encode(r->params[i].value) };
    }
    qsort(pairs, n, sizeof pairs[0], by_name_then_value);
    for (size_t i = 0; i < n; i++) {
        str_addf(&text, "%s%s=%s", i > 0 ? "&" : "", pairs[i].name, pairs[i].value);
        free(pairs[i].name);
        free(pairs[i].value);
    }
    return str_take(&text);
}

/* PLAINTEXT is for those who trust their wire (TLS), as passwords are. */
static const struct { const char *name; const EVP_MD *(*digest)(void); } methods[] = {
    { "HMAC-SHA1", EVP_sha1 }, { "HMAC-SHA256", EVP_sha256 }, { "HMAC-SHA512", EVP_sha512 }, { OAUTH_PLAINTEXT, NULL }
};

static char *
secrets_key(const char *consumer_secret, const char *token_secret)
{
    CLEANUP_FREE char *first = percent_encode(consumer_secret);
    CLEANUP_FREE char *second = percent_encode(token_secret);

    return xasprintf("%s&%s", first, second);
}

static char *
hmac_of(const struct oauth_request *r, const char *key, const EVP_MD *digest)
{
    CLEANUP_FREE char *params = parameter_text(r);
    CLEANUP_FREE char *quoted_params = percent_encode(params);
    CLEANUP_FREE char *quoted_url = percent_encode(r->url);
    CLEANUP_FREE char *text = xasprintf("%s&%s&%s", r->method, quoted_url, quoted_params);
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    return HMAC(digest, key, (int)strlen(key), (const uint8_t *)text, strlen(text), mac, &len) != NULL ? str_base64(mac, len, 0) : NULL;
}

static int
signature_fits(const struct oauth_request *r, const EVP_MD *digest, const char *consumer_secret, const char *token_secret)
{
    CLEANUP_FREE char *key = secrets_key(consumer_secret, token_secret);
    CLEANUP_FREE char *wanted = digest != NULL ? hmac_of(r, key, digest) : xstrdup(key);
    const char *given = oauth_param(r, "oauth_signature");
    int fits = given != NULL && wanted != NULL && strlen(given) == strlen(wanted) && str_secret_eq(given, wanted, strlen(wanted));

    explicit_bzero(key, strlen(key));
    return fits;
}

/* A text that is signed is of one time, and is used once. */
static int
check_freshness(const struct oauth_request *r, struct cairn_error *err)
{
    const char *nonce = oauth_param(r, "oauth_nonce");
    int64_t now = clock_us() / 1000000, timestamp;

    if (nonce == NULL || nonce[0] == '\0' || strlen(nonce) > 255)
        return cairn_fail(err, CAIRN_UNAUTHENTICATED, "The request must have a nonce.");
    if (oauth_param(r, "oauth_timestamp") == NULL || str_to_int(oauth_param(r, "oauth_timestamp"), 0, INT64_MAX / 2, &timestamp) < 0
        || timestamp < now - OAUTH_CLOCK_S || timestamp > now + OAUTH_CLOCK_S)
        return cairn_fail(err, CAIRN_UNAUTHENTICATED, "The timestamp of the request is too far from now.");
    return 0;
}

int
oauth_check(const struct oauth_request *r, const char *consumer_secret, const char *token_secret, struct cairn_error *err)
{
    const char *method = oauth_param(r, "oauth_signature_method"), *version = oauth_param(r, "oauth_version");
    size_t i = 0;

    while (i < ARRAY_LEN(methods) && !str_eq(method, methods[i].name))
        i++;
    if (i == ARRAY_LEN(methods) || (version != NULL && strcmp(version, "1.0") != 0))
        return cairn_fail(err, CAIRN_UNAUTHENTICATED, "The request must be signed by HMAC-SHA1, HMAC-SHA256, HMAC-SHA512 or PLAINTEXT of OAuth version 1.0.");
    if (methods[i].digest != NULL && check_freshness(r, err) < 0)
        return -1;
    return signature_fits(r, methods[i].digest != NULL ? methods[i].digest() : NULL, consumer_secret, token_secret)
           ? 0 : cairn_fail(err, CAIRN_UNAUTHENTICATED, "Invalid signature");
}
