/* rbac.h: routes, personas and scopes, and what the rules say of each: for the tests of who may do what. */
#ifndef TESTS_UNIT_RBAC_H
#define TESTS_UNIT_RBAC_H
#include <check.h>
#include "base/str.h"
#include "rest/rest.h"

/* A cell has a letter for each persona: upper case also on what is another's, lower case on their own only, '-' not at all; P: without a token. */
#define PERSONAS 5
extern const struct persona { char letter; const char *roles; } personas[PERSONAS];
enum { CELLS = 4, CELL = 8 };           /* system, domain, project, no scope at all */
extern const enum auth_scope scopes[CELLS];
struct row { char cell[CELLS][CELL]; };

struct route { const char *service; char *method, *path, *action, *rule; struct row row; int read; };   /* rule "": open to everybody */
extern struct route routes[4000];
extern size_t routes_count;

/* Every route of these services (NULL ends), with its row. */
void routes_load(const struct rest_service *const *services);
void routes_free(void);
void row_text_of(const struct route *r, struct str *out);
/* Somebody with these roles in a scope; auth_put() it.  Strings are borrowed. */
struct auth *somebody(enum auth_scope scope, const char *roles, const char *user, const char *project, const char *domain);
#endif
