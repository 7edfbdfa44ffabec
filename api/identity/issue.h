/* issue.h: what all ways to a new token end with. */
#ifndef IDENTITY_ISSUE_H
#define IDENTITY_ISSUE_H
#include "identity/proof.h"
#include "rest/rest.h"

/* A token of now, with a chain of its own and the usual lifetime; the caller sets scope, target and delegation. */
void token_begin(struct token *token, const char *user_id, unsigned methods);
/* The same of what was proved, with its chain, delegation and end. */
void token_of_proof(struct token *token, const struct proof *proof);
/* Writes its description; 'with_token': and the token itself, as X-Subject-Token. */
int token_answer(struct rest_call *call, struct tx *tx, const struct token *token, const struct auth *who, int with_token, struct cairn_error *err);
#endif
