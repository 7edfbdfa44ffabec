/* oauth_signature.h: requests signed by OAuth 1.0 (RFC 5849) as the header Authorization brings them.  Pure: no catalog.  Any thread. */
#ifndef IDENTITY_OAUTH_SIGNATURE_H
#define IDENTITY_OAUTH_SIGNATURE_H
#include <stddef.h>
#include <stdint.h>
#include <cairn/error.h>
#include "http/http.h"

#define OAUTH_PARAMS_MAX 64
#define OAUTH_PLAINTEXT "PLAINTEXT"     /* the method without time and nonce */
#define OAUTH_CLOCK_S 600       /* how far a timestamp may be from now */

struct oauth_request {
    struct oauth_param { char *name, *value; } params[OAUTH_PARAMS_MAX];        /* decoded; of the header, then of the query */
    size_t count;
    char *method, *url;         /* what was signed: upper case; without query */
};
void oauth_free(struct oauth_request *r);
#define CLEANUP_OAUTH CLEANUP(oauth_free)

/* CAIRN_INVALID: there is no such header, or it is ill-formed.  'r' is zeroed by the caller. */
int oauth_read(const struct cairn_request *req, struct oauth_request *r, struct cairn_error *err);
/* For oauth_read(), and tests. */
int oauth_parse_header(const char *header, struct oauth_request *r, struct cairn_error *err);
const char *oauth_param(const struct oauth_request *r, const char *name);       /* NULL: absent */
/* CAIRN_UNAUTHENTICATED unless signed with these secrets ('token_secret' "" where there is no token yet), by a method we know, and (PLAINTEXT aside) about now. */
int oauth_check(const struct oauth_request *r, const char *consumer_secret, const char *token_secret, struct cairn_error *err);
/* "%41" becomes "A", in place; "%zz" stays as it is.  'form': '+' is a blank. */
void oauth_decode(char *text, int form);
#endif
