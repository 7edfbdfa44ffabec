/* token.h: a token is its own record: what it says is sealed with AES-256-GCM, nothing of it is kept.
 *
 * On the wire: URL-safe base64 of
 *     1 byte format (1; receipts 2) | 3 bytes key number | 12 bytes nonce | sealed payload | 16 bytes MAC      (see seal.h)
 * The payload:
 *     1 byte scope, delegation in its high half | 1 byte methods | 8 bytes issued | 8 bytes expires (microseconds) | 16 bytes audit id |
 *     16 bytes chain id | user id | id of project or domain (empty otherwise) | only when delegated: id of what delegates
 * An id is a length byte and its bytes; 32 hex digits are 16 bytes after a length byte of 255. */
#ifndef IDENTITY_TOKEN_H
#define IDENTITY_TOKEN_H
#include "identity/keys.h"
#include "rest/auth.h"

#define TOKEN_ID_MAX 64         /* longest user, project or domain id */
#define TOKEN_AUDIT 23          /* 22 characters and NUL */
#define TOKEN_TEXT_MAX 384      /* no token is longer; usual ones have 184 characters */

/* X(name, bit's name): how somebody proved to be who they are. */
#define TOKEN_METHODS(X) \
    X("password", PASSWORD) \
    X("token", TOKEN) \
    X("application_credential", APP_CRED) \
    X("totp", TOTP) \
    X("oauth1", OAUTH1) \
    X("ec2credential", EC2)

enum token_method_bit {
#define X(name, bit) TOKEN_BIT_##bit,
    TOKEN_METHODS(X)
#undef X
    TOKEN_METHOD_COUNT
};
#define TOKEN_BY_PASSWORD (1u << TOKEN_BIT_PASSWORD)
#define TOKEN_BY_TOKEN    (1u << TOKEN_BIT_TOKEN)
#define TOKEN_BY_APP_CRED (1u << TOKEN_BIT_APP_CRED)
#define TOKEN_BY_TOTP     (1u << TOKEN_BIT_TOTP)
#define TOKEN_BY_OAUTH1   (1u << TOKEN_BIT_OAUTH1)
#define TOKEN_BY_EC2      (1u << TOKEN_BIT_EC2)
extern const char *const token_method_names[TOKEN_METHOD_COUNT];

struct token {
    enum auth_scope scope;
    unsigned methods;                   /* bits */
    int64_t issued_us, expires_us;
    char audit_id[TOKEN_AUDIT];
    char chain_id[TOKEN_AUDIT];         /* the audit id of the first token of this row of exchanges */
    char user_id[TOKEN_ID_MAX + 1];
    char target_id[TOKEN_ID_MAX + 1];   /* project or domain, "" otherwise */
    enum auth_delegation delegation;
    char delegation_id[TOKEN_ID_MAX + 1];       /* trust, application credential or access token; "" when direct */
};

void token_audit_id(char buf[TOKEN_AUDIT]);     /* random */
/* 'buf' gets the text.  CAIRN_INVALID: an id is too long or an audit id ill-formed. */
int token_seal(struct key_ring *ring, const struct token *token, char buf[TOKEN_TEXT_MAX], struct cairn_error *err);
/* CAIRN_UNAUTHENTICATED for whatever we did not seal ourselves.  Expiry is the caller's business.  Allocates nothing for rubbish. */
int token_unseal(struct key_ring *ring, const char *text, struct token *ret, struct cairn_error *err);
/* A receipt says what somebody has proved so far, and is no token: user, methods and times count, scope and target are empty. */
int receipt_seal(struct key_ring *ring, const struct token *receipt, char buf[TOKEN_TEXT_MAX], struct cairn_error *err);
int receipt_unseal(struct key_ring *ring, const char *text, struct token *ret, struct cairn_error *err);
#endif
