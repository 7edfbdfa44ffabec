/* identity_testing.h: an identity with its own catalog in a scratch folder, for tests. */
#ifndef TESTS_IDENTITY_TESTING_H
#define TESTS_IDENTITY_TESTING_H
#include <check.h>
#include <stdlib.h>
#include "base/str.h"
#include "identity/identity.h"
#include "rest_wire.h"

#define BASE_URL "http://127.0.0.1:1"
#define PASSWORD "correct horse"

struct bed {
    char *url;
    struct catalog *catalog;
    struct config *config;      /* NULL: defaults */
    struct rest_env env;
    struct http_app *app;
};
extern struct bed bed;

void bed_open(void);            /* fresh folder, catalog, bootstrap, identity, application */
void bed_close(void);
void bed_reopen(void);          /* as if the daemon was started again */
void bed_configure(const char *ini);    /* and with these settings; NULL: the defaults */
void bed_plugins(struct plugins *plugins);      /* and with these plugins; NULL: none */
/* POST /v3/auth/tokens; 'scope' is JSON or NULL.  The token, or NULL (see the last reply).  malloc'd. */
char *bed_login(const char *user, const char *password, const char *scope);
char *bed_login_as(const char *identity_json, const char *scope);
/* A request with a token, through the authenticator: nobody with a bad one.  'headers' or NULL. */
const struct wire_reply *bed_ask(const char *token, const char *method, const char *path, const char *query, const char *headers, const char *body);
/* Text at a path of keys of the last reply, "user.id"; NULL absent. */
const char *bed_text(const struct wire_reply *r, const char *path);
/* The pattern with 'a' for "%1$s", 'b' for "%2$s" ...: unlike printf()'s, patterns need not use all of them.  malloc'd. */
char *bed_fill(const char *pattern, const char *a, const char *b, const char *c, const char *d);
/* Makes an object by POST as 'token' and answers its id; malloc'd. */
char *bed_make(const char *token, const char *path, const char *key, const char *fields);
#define PROJECT_SCOPE "{\"project\":{\"name\":\"admin\",\"domain\":{\"id\":\"default\"}}}"
#endif
