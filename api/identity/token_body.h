/* token_body.h: the description of a token, as POST and GET /auth/tokens answer it. */
#ifndef IDENTITY_TOKEN_BODY_H
#define IDENTITY_TOKEN_BODY_H
#include "base/str.h"
#include "catalog/catalog.h"
#include "rest/auth.h"

/* Appends the JSON object (what stands behind "token"). */
int token_body(struct tx *tx, const struct auth *who, int with_catalog, struct str *out, struct cairn_error *err);
#endif
