/* rbac.c: see rbac.h. */
#include "config.h"
#include "rbac.h"

#include <ctype.h>
#include <stdio.h>

#include "rest/policy.h"

const struct persona personas[PERSONAS] = {
    { 'a', "admin,manager,member,reader" }, { 'g', "manager,member,reader" }, { 'm', "member,reader" }, { 'r', "reader" }, { 's', "service" },
};
const enum auth_scope scopes[CELLS] = { AUTH_SYSTEM, AUTH_DOMAIN, AUTH_PROJECT, AUTH_UNSCOPED };

#define OWN_USER    "0000000000000000000000000000000a"
#define OWN_PROJECT "0000000000000000000000000000000b"
#define OWN_DOMAIN  "0000000000000000000000000000000c"
#define FOREIGN     "ffffffffffffffffffffffffffffffff"

struct auth *
somebody(enum auth_scope scope, const char *roles, const char *user, const char *project, const char *domain)
{
    struct auth *a = xcalloc(1, sizeof *a + 8 * sizeof(char *) + 128);
    const char **names = (const char **)(a + 1);
    char *text = (char *)(names + 8), *save = NULL;

    snprintf(text, 128, "%s", scope == AUTH_UNSCOPED ? "" : roles);
    for (char *at = strtok_r(text, ",", &save); at != NULL && a->roles_count < 8; at = strtok_r(NULL, ",", &save))
        names[a->roles_count++] = at;
    a->roles = names;
    a->role_ids = names;
    a->scope = scope;
    a->user_id = a->user_name = user;
    a->user_domain_id = a->user_domain_name = domain;
    a->project_id = a->project_name = scope == AUTH_PROJECT ? project : "";
    a->project_domain_id = a->project_domain_name = scope == AUTH_PROJECT ? domain : "";
    a->domain_id = a->domain_name = scope == AUTH_DOMAIN ? domain : "";
    a->token_id = a->audit_id = a->audit_chain_id = "";
    a->refs = 1;
    a->is_admin = auth_has_role(a, "admin");
    return a;
}

/* --- the tables' own rules */
static int
ends(const char *attr, const char *with)
{
    return str_ends(attr, with);
}

/* An object of the caller's own, or one of somebody else's: '*arg' is 1 or 0. */
static const char *
target(void *arg, const char *attr)
{
    int own = *(const int *)arg;

    if (ends(attr, "role.name"))
        return "member";
    if (ends(attr, "domain_id") || ends(attr, "domain.id"))
        return own ? OWN_DOMAIN : FOREIGN;
    if (ends(attr, "project_id") || ends(attr, "tenant_id") || ends(attr, "project.id") || ends(attr, "owner") || ends(attr, "member_id"))
        return own ? OWN_PROJECT : FOREIGN;
    if (ends(attr, "user_id") || ends(attr, "user.id") || ends(attr, "trustor_user_id") || ends(attr, "trustee_user_id"))
        return own ? OWN_USER : FOREIGN;
    return NULL;
}

static char
letter_of(struct policy *policy, const char *rule, enum auth_scope scope, const char *roles, char letter)
{
    struct auth *who = somebody(scope, roles, OWN_USER, OWN_PROJECT, OWN_DOMAIN);
    int own = 1, foreign = 0;
    int may_own = policy_check(policy, rule, who, target, &own), may_foreign = policy_check(policy, rule, who, target, &foreign);

    auth_put(who);
    ck_assert_msg(may_own || !may_foreign, "%s: allowed on what is another's, and not on one's own", rule);
    return may_foreign ? (char)toupper(letter) : may_own ? letter : '-';
}

static struct row
row_of(struct policy *policy, const char *rule)
{
    struct row row = { 0 };

    for (int c = 0; c < CELLS; c++) {
        if (scopes[c] == AUTH_UNSCOPED) {
            row.cell[c][0] = rule == NULL ? 'P' : letter_of(policy, rule, AUTH_UNSCOPED, "", 'u');
            continue;
        }
        for (size_t p = 0; p < PERSONAS; p++)
            row.cell[c][p] = rule == NULL ? 'P' : letter_of(policy, rule, scopes[c], personas[p].roles, personas[p].letter);
    }
    return row;
}

/* --- all routes */
struct route routes[4000];
size_t routes_count;
static struct policy *policy;

static void
add_route(void *arg, const char *method, const char *path, const char *action, struct rest_version since, const char *rule)
{
    struct route *r = &routes[routes_count];

    (void)since;
    for (size_t i = 0; i < routes_count; i++) {         /* microversions of one route */
        if (strcmp(routes[i].service, arg) == 0 && strcmp(routes[i].method, method) == 0 && strcmp(routes[i].path, path) == 0
            && str_eq(routes[i].action, action != NULL ? action : "") && str_eq(routes[i].rule, rule != NULL ? rule : ""))
            return;
    }
    ck_assert_uint_lt(routes_count, ARRAY_LEN(routes));
    *r = (struct route){ .service = arg, .method = xstrdup(method), .path = xstrdup(path), .action = xstrdup(action != NULL ? action : ""),
                         .rule = xstrdup(rule != NULL ? rule : ""), .row = row_of(policy, rule) };
    r->read = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    routes_count++;
}

void
routes_load(const struct rest_service *const *services)
{
    struct cairn_error err = CAIRN_ERROR_INIT;

    ck_assert_int_eq(policy_new(&policy, &err), 0);
    for (size_t i = 0; services[i] != NULL; i++)
        ck_assert_msg(policy_add_defaults(policy, services[i]->policies, &err) == 0, "%s", err.message);
    for (size_t i = 0; services[i] != NULL; i++)
        rest_each_route(services[i], add_route, (void *)(uintptr_t)services[i]->name);
}

void
routes_free(void)
{
    for (size_t i = 0; i < routes_count; i++) {
        free(routes[i].method);
        free(routes[i].path);
        free(routes[i].action);
        free(routes[i].rule);
    }
    routes_count = 0;
    policy_free(policy);
}

void
row_text_of(const struct route *r, struct str *out)
{
    str_addf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", r->service, r->method, r->path, r->action, r->row.cell[0], r->row.cell[1], r->row.cell[2], r->row.cell[3]);
}

