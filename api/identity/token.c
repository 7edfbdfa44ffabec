/* token.c: see token.h.  All sizes are known before anything is decrypted, so that hostile text costs a length check or one MAC. */
#include "config.h"
#include "identity/token.h"

#include "base/ids.h"
#include "base/str.h"
#include "identity/seal.h"

#define FORMAT_TOKEN 1
#define FORMAT_RECEIPT 2
#define AUDIT_LEN 16
#define FIXED_LEN (1 + 1 + 8 + 8 + AUDIT_LEN + AUDIT_LEN)
#define PAYLOAD_MAX (FIXED_LEN + 3 * (1 + TOKEN_ID_MAX))
#define SEALED_MIN (FIXED_LEN + 2 + SEAL_MORE)
#define SEALED_MAX (PAYLOAD_MAX + SEAL_MORE)
#define PACKED_HEX 255
_Static_assert((SEALED_MAX + 2) / 3 * 4 < TOKEN_TEXT_MAX, "the longest token fits its buffer");

const char *const token_method_names[TOKEN_METHOD_COUNT] = {
#define X(name, bit) name,
    TOKEN_METHODS(X)
#undef X
};

/* Writing and reading never pass 'end'; the reader fails once and for all. */
struct writer { uint8_t *p; };
struct reader { const uint8_t *p, *end; int bad; };

static void
put_bytes(struct writer *w, const void *bytes, size_t len)
{
    memcpy(w->p, bytes, len);
    w->p += len;
}

static void
put_u64(struct writer *w, uint64_t v)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        *w->p++ = (uint8_t)(v >> shift);
}

static int
put_id(struct writer *w, const char *id, struct cairn_error *err)
{
    size_t len = strlen(id);
    unsigned byte;

    if (len > TOKEN_ID_MAX)
        return cairn_fail(err, CAIRN_INVALID, "the id '%.70s' is longer than %d characters: no token can carry it", id, TOKEN_ID_MAX);
    if (id_is_hex32(id) && strspn(id, "0123456789abcdef") == 32) {
        *w->p++ = PACKED_HEX;
        for (size_t i = 0; i < 32; i += 2) {
            if (sscanf(id + i, "%2x", &byte) != 1)
                return cairn_fail(err, CAIRN_INVALID, "the id '%s' is ill-formed", id);
            *w->p++ = (uint8_t)byte;
        }
        return 0;
    }
    *w->p++ = (uint8_t)len;
    put_bytes(w, id, len);
    return 0;
}

static int
put_audit(struct writer *w, const char *audit, struct cairn_error *err)
{
    size_t len = 0;
    CLEANUP_FREE unsigned char *bytes = str_unbase64(audit, strlen(audit), 1, &len);

    if (bytes == NULL || len != AUDIT_LEN)
        return cairn_fail(err, CAIRN_INVALID, "'%.40s' is no audit id", audit);
    put_bytes(w, bytes, len);
    return 0;
}

static const uint8_t *
get_bytes(struct reader *r, size_t len)
{
    const uint8_t *p = r->p;

    if (r->bad || (size_t)(r->end - r->p) < len) {
        r->bad = 1;
        return NULL;
    }
    r->p += len;
    return p;
}

static uint8_t
get_u8(struct reader *r)
{
    const uint8_t *p = get_bytes(r, 1);

    return p != NULL ? *p : 0;
}

static int64_t
get_i64(struct reader *r)
{
    const uint8_t *p = get_bytes(r, 8);
    uint64_t v = 0;

    for (int i = 0; p != NULL && i < 8; i++)
        v = v << 8 | p[i];
    return (int64_t)v;
}

static void
get_id(struct reader *r, char out[TOKEN_ID_MAX + 1])
{
    static const char hex[] = "0123456789abcdef";
    size_t len = get_u8(r);
    int packed = len == PACKED_HEX;
    const uint8_t *p = get_bytes(r, packed ? 16 : len);

    out[0] = '\0';
    if (p == NULL || (!packed && len > TOKEN_ID_MAX)) {
        r->bad = 1;
        return;
    }
    if (packed) {
        for (int i = 0; i < 16; i++) {
            out[2 * i] = hex[p[i] >> 4];
            out[2 * i + 1] = hex[p[i] & 15];
        }
        out[32] = '\0';
    } else {
        memcpy(out, p, len);
        out[len] = '\0';
    }
}

static void
audit_text(const uint8_t bytes[AUDIT_LEN], char out[TOKEN_AUDIT])
{
    CLEANUP_FREE char *text = str_base64(bytes, AUDIT_LEN, 1);

    snprintf(out, TOKEN_AUDIT, "%s", text);
}

static void
get_audit(struct reader *r, char out[TOKEN_AUDIT])
{
    const uint8_t *p = get_bytes(r, AUDIT_LEN);

    out[0] = '\0';
    if (p != NULL)
        audit_text(p, out);
}

void
token_audit_id(char buf[TOKEN_AUDIT])
{
    uint8_t bytes[AUDIT_LEN];

    id_random(bytes, sizeof bytes);
    audit_text(bytes, buf);
}

static int
seal_payload(struct key_ring *ring, uint8_t format, const struct token *token, char buf[TOKEN_TEXT_MAX], struct cairn_error *err)
{
    uint8_t payload[PAYLOAD_MAX], sealed[SEALED_MAX];
    struct writer w = { payload };
    CLEANUP_FREE char *text = NULL;

    *w.p++ = (uint8_t)((unsigned)token->scope | (unsigned)token->delegation << 4);
    *w.p++ = (uint8_t)token->methods;
    put_u64(&w, (uint64_t)token->issued_us);
    put_u64(&w, (uint64_t)token->expires_us);
    if (put_audit(&w, token->audit_id, err) < 0 || put_audit(&w, token->chain_id, err) < 0 || put_id(&w, token->user_id, err) < 0
        || put_id(&w, token->target_id, err) < 0 || (token->delegation != AUTH_DIRECT && put_id(&w, token->delegation_id, err) < 0))
        return -1;
    if (seal(ring, format, "", payload, (size_t)(w.p - payload), sealed, err) < 0)
        return -1;
    text = str_base64(sealed, (size_t)(w.p - payload) + SEAL_MORE, 1);
    snprintf(buf, TOKEN_TEXT_MAX, "%s", text);
    return 0;
}

int
token_seal(struct key_ring *ring, const struct token *token, char buf[TOKEN_TEXT_MAX], struct cairn_error *err)
{
    return seal_payload(ring, FORMAT_TOKEN, token, buf, err);
}

int
receipt_seal(struct key_ring *ring, const struct token *receipt, char buf[TOKEN_TEXT_MAX], struct cairn_error *err)
{
    return seal_payload(ring, FORMAT_RECEIPT, receipt, buf, err);
}

static int
refuse(struct cairn_error *err)
{
    return cairn_fail(err, CAIRN_UNAUTHENTICATED, "this is no token of this cloud");
}

static int
read_payload(const uint8_t *payload, size_t len, struct token *ret, struct cairn_error *err)
{
    struct reader r = { payload, payload + len, 0 };
    unsigned kinds = get_u8(&r), scope = kinds & 15, delegation = kinds >> 4;

    ret->methods = get_u8(&r);
    ret->issued_us = get_i64(&r);
    ret->expires_us = get_i64(&r);
    get_audit(&r, ret->audit_id);
    get_audit(&r, ret->chain_id);
    get_id(&r, ret->user_id);
    get_id(&r, ret->target_id);
    ret->delegation_id[0] = '\0';
    if (delegation != AUTH_DIRECT)
        get_id(&r, ret->delegation_id);
    if (r.bad || r.p != r.end || scope > AUTH_SYSTEM || delegation > AUTH_BY_OAUTH)
        return refuse(err);
    ret->scope = (enum auth_scope)scope;
    ret->delegation = (enum auth_delegation)delegation;
    return 0;
}

static int
unseal_payload(struct key_ring *ring, uint8_t format, const char *text, struct token *ret, struct cairn_error *err)
{
    size_t text_len = strnlen(text, TOKEN_TEXT_MAX), len;
    uint8_t payload[PAYLOAD_MAX];
    CLEANUP_FREE unsigned char *sealed = NULL;

    if (text_len >= TOKEN_TEXT_MAX || text_len < (SEALED_MIN * 8 + 5) / 6)
        return refuse(err);
    sealed = str_unbase64(text, text_len, 1, &len);
    if (sealed == NULL || len < SEALED_MIN || len > SEALED_MAX || unseal(ring, format, "", sealed, len, payload, NULL) < 0)
        return refuse(err);
    return read_payload(payload, len - SEAL_MORE, ret, err);
}

int
token_unseal(struct key_ring *ring, const char *text, struct token *ret, struct cairn_error *err)
{
    return unseal_payload(ring, FORMAT_TOKEN, text, ret, err);
}

int
receipt_unseal(struct key_ring *ring, const char *text, struct token *ret, struct cairn_error *err)
{
    return unseal_payload(ring, FORMAT_RECEIPT, text, ret, err);
}
