/* keypairs.c: the compute resource "os-keypairs": a user's SSH keys. */
#include "config.h"
#include "compute/compute.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"

/* Whose key pairs are meant: the caller's, or from 2.10 on with user_id another's, for whom policy allows. */
static int
keypair_owner(struct rest_call *call, const char *asked, const char **ret, struct cairn_error *err)
{
    *ret = call->auth->user_id;
    if (asked == NULL || !rest_since(call, 2, 10) || strcmp(asked, call->auth->user_id) == 0)
        return 0;
    *ret = asked;
    return rest_allow(call, "os_compute_api:os-keypairs:other_users", err);
}

/* MD5 of the key's bytes in colon form: what every client shows. */
static int
fingerprint_of(const char *public_key, char ret[48], struct cairn_error *err)
{
    CLEANUP_FREE char *copy = xstrdup(public_key);
    CLEANUP_FREE unsigned char *blob = NULL;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;
    char *save = NULL, *type = strtok_r(copy, " \t\r\n", &save), *data = strtok_r(NULL, " \t\r\n", &save);
    size_t len = 0, type_len;

    if (type == NULL || data == NULL || (blob = str_unbase64(data, strlen(data), 0, &len)) == NULL || len < 8)
        return cairn_fail(err, CAIRN_INVALID, "Keypair data is invalid: failed to generate fingerprint: it is not 'TYPE BASE64 COMMENT'");
    /* The bytes begin with the type's name again: a cut or mistyped key is seen here. */
    type_len = (size_t)blob[0] << 24 | (size_t)blob[1] << 16 | (size_t)blob[2] << 8 | blob[3];
    if (type_len > len - 4 || type_len != strlen(type) || memcmp(blob + 4, type, type_len) != 0)
        return cairn_fail(err, CAIRN_INVALID, "Keypair data is invalid: failed to generate fingerprint: the key is damaged");
    if (EVP_Digest(blob, len, digest, &digest_len, EVP_md5(), NULL) != 1 || digest_len != 16)
        return cairn_fail(err, CAIRN_INTERNAL, "MD5 is not available");
    for (unsigned i = 0; i < 16; i++)
        snprintf(ret + i * 3, 4, "%02x%s", digest[i], i < 15 ? ":" : "");
    return 0;
}

static void
add_mpint(struct str *s, const BIGNUM *n)
{
    unsigned char bytes[1024], head[4];
    int len = BN_bn2bin(n, bytes + 1), pad = len > 0 && (bytes[1] & 0x80) != 0;
    uint32_t total = (uint32_t)(len + pad);

    bytes[0] = 0;
    head[0] = (unsigned char)(total >> 24);
    head[1] = (unsigned char)(total >> 16);
    head[2] = (unsigned char)(total >> 8);
    head[3] = (unsigned char)total;
    str_add_n(s, (const char *)head, 4);
    str_add_n(s, (const char *)bytes + 1 - pad, total);
}

/* A fresh RSA pair: PEM and "ssh-rsa ..." text. */
static int
generate(char **ret_private, char **ret_public, struct cairn_error *err)
{
    CLEANUP_STR struct str blob = STR_INIT;
    CLEANUP_FREE char *text = NULL;
    EVP_PKEY *key = EVP_RSA_gen(2048);
    BIO *bio = BIO_new(BIO_s_mem());
    BIGNUM *n = NULL, *e = NULL;
    char *pem = NULL;
    long pem_len;
    int rc = -1;

    if (key != NULL && bio != NULL && EVP_PKEY_get_bn_param(key, "n", &n) == 1 && EVP_PKEY_get_bn_param(key, "e", &e) == 1 &&
        PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL) == 1 && (pem_len = BIO_get_mem_data(bio, &pem)) > 0) {
        str_add_n(&blob, "\0\0\0\7ssh-rsa", 11);
        add_mpint(&blob, e);
        add_mpint(&blob, n);
        text = str_base64(blob.text, blob.len, 0);
        *ret_private = xstrndup(pem, (size_t)pem_len);
        *ret_public = xasprintf("ssh-rsa %s Generated-by-Cairn", text);
        rc = 0;
    } else {
        cairn_fail(err, CAIRN_INTERNAL, "cannot make an RSA key");
    }
    BN_free(n);
    BN_free(e);
    BIO_free(bio);
    EVP_PKEY_free(key);
    return rc;
}

static int
name_check(struct rest_call *call, const json_t *value, struct cairn_error *err)
{
    const char *s = json_string_value(value);
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-";

    if (s == NULL || s[strspn(s, " \t")] == '\0' || s[0] == ' ' || s[strlen(s) - 1] == ' ')
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute name. A key pair's name cannot be empty or begin or end with a blank.");
    /* From 2.92 on '@' and '.' are allowed too. */
    for (; *s != '\0'; s++)
        if (strchr(allowed, *s) == NULL && !(rest_since(call, 2, 92) && (*s == '@' || *s == '.')))
            return cairn_fail(err, CAIRN_INVALID, "Keypair data is invalid: Keypair name contains unsafe characters");
    return 0;
}

static const char *const types[] = { "ssh", "x509", NULL };
static const struct rest_attr keypair_body[] = {
    { .name = "name", .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = 255, .check = name_check },
    { .name = "type", .type = REST_ENUM, .choices = types, .flags = REST_CREATE, .since = { 2, 2 } },
    { .name = "public_key", .type = REST_TEXT, .flags = REST_CREATE, .min = 1, .max = 16384, .until = { 2, 91 } },
    { .name = "public_key", .type = REST_TEXT, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = 16384, .since = { 2, 92 } },
    { .name = "user_id", .type = REST_STRING, .flags = REST_CREATE, .max = 64, .since = { 2, 10 } },
    { .name = NULL },
};

static int
keypair_create(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_FREE char *private_key = NULL;
    CLEANUP_FREE char *made = NULL;
    const char *name = rest_str(call, "name"), *public_key = rest_str(call, "public_key"), *type = rest_str(call, "type"), *user;
    char fingerprint[48];
    int64_t used;

    if (keypair_owner(call, rest_str(call, "user_id"), &user, err) < 0)
        return -1;
    if (type != NULL && strcmp(type, "x509") == 0)
        return cairn_fail(err, CAIRN_INVALID, "Keypair type x509 is not supported by this cloud: use type ssh");
    if (tx_int(call->tx, &used, 0, err, "select count(*) from keypairs where user_id = ?", "s", user) < 0)
        return -1;
    if (rest_quota(call, "compute", call->auth->project_id, "key_pairs", used, 1, err) < 0) {
        if (err->code == CAIRN_OVER_QUOTA)
            return cairn_fail(err, CAIRN_OVER_QUOTA, "Quota exceeded, too many key pairs.");
        return -1;
    }
    if (public_key == NULL) {
        if (generate(&private_key, &made, err) < 0)
            return -1;
        public_key = made;
    }
    if (fingerprint_of(public_key, fingerprint, err) < 0)
        return -1;
    if (tx_exec(call->tx, err,
                "insert into keypairs (number, user_id, name, type, fingerprint, public_key, created_us)"
                " values ((select coalesce(max(number), 0) + 1 from keypairs), ?, ?, 'ssh', ?, ?, ?)", "ssssi", user, name, fingerprint, public_key,
                clock_us()) < 0) {
        if (err->code == CAIRN_EXISTS)
            return cairn_fail(err, CAIRN_EXISTS, "Key pair '%s' already exists.", name);
        return -1;
    }
    if (!rest_since(call, 2, 2))
        call->status = 200;
    jo_object(call->out, NULL);
    jo_object(call->out, "keypair");
    jo_str(call->out, "name", name);
    jo_str(call->out, "public_key", public_key);
    jo_str(call->out, "fingerprint", fingerprint);
    jo_str(call->out, "user_id", user);
    if (private_key != NULL)
        jo_str(call->out, "private_key", private_key);
    if (rest_since(call, 2, 2))
        jo_str(call->out, "type", "ssh");
    jo_end_object(call->out);
    jo_end_object(call->out);
    return 0;
}

/* --- list: key pairs of one user, in the order of names; pages from 2.35 on */

static int
keypair_list(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    const char *user, *marker = rest_since(call, 2, 35) ? rest_query(call, "marker") : NULL, *limit_text = rest_query(call, "limit");
    int64_t limit = 1000, n = 0, there = 1;
    char last[256] = "";
    int rc;

    if (keypair_owner(call, rest_query(call, "user_id"), &user, err) < 0)
        return -1;
    if (rest_since(call, 2, 35) && limit_text != NULL) {
        if (str_to_int(limit_text, 0, INT32_MAX, &limit) < 0)
            return cairn_fail(err, CAIRN_INVALID, "Invalid input for query parameters limit. Value: %.32s. It is a whole number.", limit_text);
        limit = limit > 1000 ? 1000 : limit;
    }
    if (marker != NULL && tx_int(call->tx, &there, 0, err, "select count(*) from keypairs where user_id = ? and name = ?", "ss", user, marker) < 0)
        return -1;
    if (there == 0)
        return cairn_fail(err, CAIRN_INVALID, "marker [%.64s] not found", marker);
    if (tx_query(call->tx, &r, err, "select name, public_key, fingerprint, type from keypairs where user_id = ? and name > ? order by name limit ?", "ssi",
                 user, marker != NULL ? marker : "", limit + 1) < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_array(call->out, "keypairs");
    while ((rc = rows_next(r, err)) == 1 && n++ < limit) {
        const char *type = row_text(r, "type");

        jo_object(call->out, NULL);
        jo_object(call->out, "keypair");
        jo_str(call->out, "name", row_text(r, "name"));
        jo_str(call->out, "public_key", row_text(r, "public_key"));
        jo_str(call->out, "fingerprint", row_text(r, "fingerprint"));
        if (rest_since(call, 2, 2))
            jo_str(call->out, "type", type);
        jo_end_object(call->out);
        jo_end_object(call->out);
        snprintf(last, sizeof last, "%s", row_text(r, "name"));
    }
    jo_end_array(call->out);
    if (rc == 1 && rest_since(call, 2, 35)) {
        CLEANUP_STR struct str encoded = STR_INIT;
        CLEANUP_FREE char *next = NULL;

        rest_add_encoded(&encoded, last);
        next = rest_url(call, "/v2.1/os-keypairs?limit=%lld&marker=%s", (long long)limit, encoded.text);

        jo_array(call->out, "keypairs_links");
        jo_object(call->out, NULL);
        jo_str(call->out, "rel", "next");
        jo_str(call->out, "href", next);
        jo_end_object(call->out);
        jo_end_array(call->out);
    }
    jo_end_object(call->out);
    return rc < 0 ? -1 : 0;
}

static int
keypair_show(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    const char *user, *name = rest_param(call, "name");
    char text[CLOCK_TEXT];
    int rc;

    if (keypair_owner(call, rest_query(call, "user_id"), &user, err) < 0 ||
        tx_query(call->tx, &r, err, "select number, name, public_key, fingerprint, type, created_us from keypairs where user_id = ? and name = ?", "ss", user,
                 name) < 0 || (rc = rows_next(r, err)) < 0)
        return -1;
    if (rc == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Keypair %.255s not found for user %s", name, user);
    jo_object(call->out, NULL);
    jo_object(call->out, "keypair");
    jo_int(call->out, "id", row_int(r, "number"));
    jo_str(call->out, "name", row_text(r, "name"));
    jo_str(call->out, "public_key", row_text(r, "public_key"));
    jo_str(call->out, "fingerprint", row_text(r, "fingerprint"));
    jo_str(call->out, "user_id", user);
    jo_bool(call->out, "deleted", 0);
    jo_null(call->out, "deleted_at");
    jo_null(call->out, "updated_at");
    jo_str(call->out, "created_at", clock_format(row_int(r, "created_us"), CLOCK_MICRO, text));
    const char *type = row_text(r, "type");
    if (rest_since(call, 2, 2))
        jo_str(call->out, "type", type);
    jo_end_object(call->out);
    jo_end_object(call->out);
    return 0;
}

static int
keypair_delete(struct rest_call *call, struct cairn_error *err)
{
    const char *user, *name = rest_param(call, "name");

    if (keypair_owner(call, rest_query(call, "user_id"), &user, err) < 0 ||
        tx_exec(call->tx, err, "delete from keypairs where user_id = ? and name = ?", "ss", user, name) < 0)
        return -1;
    if (tx_changes(call->tx) == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Keypair %.255s not found for user %s", name, user);
    if (!rest_since(call, 2, 2))
        call->status = 202;
    return 0;
}

static const struct rest_attr whose_query[] = { { .name = "user_id", .type = REST_STRING, .since = { 2, 10 } }, { .name = NULL } };
static const struct rest_attr list_query[] = {
    { .name = "user_id", .type = REST_STRING, .since = { 2, 10 } },
    { .name = "limit", .type = REST_INT, .max = INT32_MAX, .since = { 2, 35 } },
    { .name = "marker", .type = REST_STRING, .since = { 2, 35 } },
    { .name = NULL },
};

#define RULE "os_compute_api:os-keypairs:"
const struct rest_route keypair_routes[] = {
    { .method = "GET", .path = "/v2.1/os-keypairs", .rule = RULE "index", .status = 200, .query = list_query, .handle = keypair_list },
    { .method = "POST", .path = "/v2.1/os-keypairs", .rule = RULE "create", .status = 201, .body = keypair_body, .body_key = "keypair",
      .handle = keypair_create },
    { .method = "GET", .path = "/v2.1/os-keypairs/{name}", .rule = RULE "show", .status = 200, .query = whose_query, .handle = keypair_show },
    { .method = "DELETE", .path = "/v2.1/os-keypairs/{name}", .rule = RULE "delete", .status = 204, .query = whose_query, .handle = keypair_delete },
    { .method = NULL },
};
