/* identity_rbac_test.c: what the rules say (rbac.h) is what the wire does: every route of identity, by every persona, on own and foreign objects. */
#include "config.h"
#include "identity_testing.h"

#include <ctype.h>
#include <stdio.h>

#include "rbac.h"
#include "unit.h"

struct side { char *domain, *project, *user, *group, *role, *region, *service, *endpoint; };

static char *
make_in(const char *token, const char *path, const char *key, const char *name, const char *domain)
{
    CLEANUP_FREE char *fields = xasprintf("{\"name\":\"%s\",\"domain_id\":\"%s\"}", name, domain);

    return bed_make(token, path, key, fields);
}

static struct side
make_side(const char *token, const char *name)
{
    CLEANUP_FREE char *domain = xasprintf("{\"name\":\"%s\"}", name);
    struct side s = { .domain = bed_make(token, "/v3/domains", "domain", domain) };
    CLEANUP_FREE char *service = NULL;
    CLEANUP_FREE char *region = xasprintf("{\"id\":\"%s\"}", name);

    s.project = make_in(token, "/v3/projects", "project", name, s.domain);
    s.user = make_in(token, "/v3/users", "user", name, s.domain);
    s.group = make_in(token, "/v3/groups", "group", name, s.domain);
    s.role = bed_make(token, "/v3/roles", "role", domain);
    s.region = bed_make(token, "/v3/regions", "region", region);
    s.service = bed_make(token, "/v3/services", "service", "{\"type\":\"x\"}");
    service = xasprintf("{\"service_id\":\"%s\",\"interface\":\"public\",\"url\":\"http://h\"}", s.service);
    s.endpoint = bed_make(token, "/v3/endpoints", "endpoint", service);
    return s;
}

static void
side_free(struct side *s)
{
    char **all[] = { &s->domain, &s->project, &s->user, &s->group, &s->role, &s->region, &s->service, &s->endpoint };

    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        free(*all[i]);
}

/* The path with ids put in; NULL: it has a parameter that no object here is of.  malloc'd. */
static char *
path_for(const char *path, const struct side *s)
{
    const struct { const char *name, *value; } known[] = {
        { "{domain_id}", s->domain }, { "{project_id}", s->project }, { "{user_id}", s->user }, { "{group_id}", s->group }, { "{role_id}", s->role },
        { "{prior_role_id}", s->role }, { "{implied_role_id}", s->role }, { "{implies_role_id}", s->role }, { "{region_id}", s->region },
        { "{service_id}", s->service }, { "{endpoint_id}", s->endpoint }, { "{tag}", "t" }, { "{value}", "t" },
    };
    struct str out = STR_INIT;

    while (*path != '\0') {
        size_t i;

        if (*path != '{') {
            str_add_c(&out, *path++);
            continue;
        }
        for (i = 0; i < ARRAY_LEN(known) && !str_starts(path, known[i].name); i++)
            ;
        if (i == ARRAY_LEN(known)) {
            str_free(&out);
            return NULL;
        }
        str_add(&out, known[i].value);
        path += strlen(known[i].name);
    }
    return str_take(&out);
}

static const struct rest_service *const only_identity[] = { &identity_service, NULL };
static unsigned asked, denials;

/* What the table's letter says must be what happens.  Only reads are tried where they are allowed: nothing may change. */
static void
try_route(const struct route *r, const char *path, enum auth_scope scope, const char *roles, int allowed, const struct side *own)
{
    struct auth *who;
    const struct wire_reply *reply;

    if (allowed && !r->read)
        return;
    who = somebody(scope, roles, own->user, own->project, own->domain);
    reply = wire_ask(bed.app, who, r->method, path, NULL, NULL, r->read || strcmp(r->method, "DELETE") == 0 ? NULL : "{}");
    asked++;
    denials += reply->status == 403;
    if (allowed)
        ck_assert_msg(reply->status != 403 && reply->status != 401, "%s %s by %s, scope %d: %d %s", r->method, path, roles, (int)scope, reply->status, reply->text);
    else
        ck_assert_msg(reply->status == 403 || reply->status == 404 || (reply->status == 400 && !r->read), "%s %s by %s, scope %d, is allowed: %d %s", r->method, path, roles,
                      (int)scope, reply->status, reply->text);
    auth_put(who);
}

START_TEST(the_wire_does_what_the_rules_say_on_own_and_foreign_objects)
{
    struct side sides[2];
    CLEANUP_FREE char *token = NULL;

    bed_open();
    token = bed_login("admin", PASSWORD, PROJECT_SCOPE);
    sides[0] = make_side(token, "own");
    sides[1] = make_side(token, "foreign");
    routes_load(only_identity);
    for (size_t i = 0; i < routes_count; i++) {
        const struct route *r = &routes[i];

        if (strcmp(r->service, "identity") != 0 || r->rule[0] == '\0' || strstr(r->path, "OS-FEDERATION") != NULL || strstr(r->path, "/v3/auth/") != NULL
            || strstr(r->path, "/config/security_compliance") != NULL)      /* whose own sentences are 403, too */
            continue;
        for (int foreign = 0; foreign < 2; foreign++) {
            CLEANUP_FREE char *path = path_for(r->path, &sides[foreign]);

            if (path == NULL || (strchr(r->path, '{') == NULL && foreign))
                continue;
            for (size_t c = 0; c < CELLS; c++) {
                for (size_t p = 0; p < PERSONAS; p++) {
                    char letter = r->row.cell[c][scopes[c] == AUTH_UNSCOPED ? 0 : p];

                    /* Lists without an object narrow themselves; what only one's own domain decides is asked there. */
                    if (strchr(r->path, '{') == NULL && islower((unsigned char)letter))
                        continue;
                    /* Regions, services and the like are nobody's: lower case cannot come of them. */
                    try_route(r, path, scopes[c], personas[p].roles, foreign ? isupper((unsigned char)letter) : letter != '-', &sides[0]);
                    if (scopes[c] == AUTH_UNSCOPED)
                        break;
                }
            }
        }
    }
    printf("%u requests, %u of them refused by policy\n", asked, denials);
    ck_assert_uint_gt(denials, 1000);
    routes_free();
    side_free(&sides[0]);
    side_free(&sides[1]);
    bed_close();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("who may do what, through the wire");
    TCase *tc = tcase_create("rbac");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, the_wire_does_what_the_rules_say_on_own_and_foreign_objects);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
