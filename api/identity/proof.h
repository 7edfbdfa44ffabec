/* proof.h: how a request for a token proves who asks.  Each method is a function; several may prove one user together.
 *
 * Every way to fail has the same words (proof_refused()): nobody learns whether it was the name, the secret or the state of one of these. */
#ifndef IDENTITY_PROOF_H
#define IDENTITY_PROOF_H
#include "identity/token.h"
#include "identity/who.h"
#include "rest/rest.h"

struct proof {
    char *user_id;                      /* owned; NULL before the first method */
    unsigned methods;                   /* bits of token.h */
    int64_t expires_us;                 /* the new token ends then at the latest; 0: as tokens do */
    char chain_id[TOKEN_AUDIT];         /* "" : the new token begins one */
    enum auth_delegation delegation;    /* and the project that it is bound to */
    char delegation_id[TOKEN_ID_MAX + 1], project_id[TOKEN_ID_MAX + 1];
    int rescoped;                       /* a token for a token */
    enum auth_scope from;               /* the scope of that one */
};

void proof_free(struct proof *proof);
int proof_refused(struct cairn_error *err);
/* 404 and 403 of a look-up become the one answer, real trouble stays. */
int proof_veil(struct cairn_error *err);
/* The methods of one request must agree. */
int proof_user(struct proof *proof, const char *user_id, struct cairn_error *err);
int proof_by_delegation(struct proof *proof, enum auth_delegation kind, const char *id, const char *project_id, int64_t expires_us, struct cairn_error *err);
/* CAIRN_INVALID "Expecting to find id or name in WHAT." */
int proof_need_one_of(const char *id, const char *name, const char *what, struct cairn_error *err);
/* The user of {"id"} or {"name", "domain"}: CAIRN_INVALID when it names none, CAIRN_NOT_FOUND; '*ret' is zeroed by the caller. */
int proof_find_user(struct rest_call *call, const json_t *user, struct who_user *ret, struct cairn_error *err);

/* One for each name in "methods": 'data' is identity.NAME (NULL: none given).  No transaction is open. */
typedef int proof_fn(struct rest_call *call, const json_t *data, struct proof *proof, struct cairn_error *err);
proof_fn proof_by_app_cred, proof_by_totp, proof_by_oauth1;

/* --- factors.c: users who must prove themselves in more than one way */
/* 1: these methods will do; 0: more are needed. */
int factors_suffice(struct tx *tx, const char *user_id, unsigned methods, struct cairn_error *err);
/* Adds what the receipt in Openstack-Auth-Receipt proves of the same user. */
int factors_take_receipt(struct rest_call *call, struct proof *proof, struct cairn_error *err);
/* Answers 401 with a receipt and what is missing. */
int factors_answer(struct rest_call *call, const struct proof *proof, struct cairn_error *err);
#define OPTION_MFA_ENABLED "multi_factor_auth_enabled"
#define OPTION_MFA_RULES "multi_factor_auth_rules"
/* What the option multi_factor_auth_rules may hold: lists of names of methods. */
int factors_rules_ok(const json_t *rules);
#endif
