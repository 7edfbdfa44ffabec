/* service.c: see service.h. */
#include <config.h>
#include "service.h"

#include "base/log.h"

struct rest_env env;
struct auth *admin, *member, *reader, *stranger;

static struct http_app *apps[4];
static size_t apps_count;

void
service_begin(void)
{
    if (catalog == NULL) {
        memset(&err, 0, sizeof err);
        ck_assert_int_eq(log_set_levels("warn", &err), 0);
        ck_assert_msg(catalog_open("sqlite::memory:", &catalog, &err) == 0, "%s", err.message);
    }
    env = (struct rest_env){ .catalog = catalog, .plugins = plugins, .config = config, .cloud_id = "c", .state_dir = scratch };
    ck_assert_int_eq(policy_new(&env.policy, &err), 0);
    admin = wire_auth("u0", P0, "admin,member,reader");
    member = wire_auth("u1", P1, "member,reader");
    stranger = wire_auth("u2", P2, "member,reader");
    reader = wire_auth("u3", P1, "reader");
}

struct http_app *
service_app(const struct rest_service *service)
{
    ck_assert_int_lt((int)apps_count, (int)ARRAY_LEN(apps));
    ck_assert_msg(rest_app(service, &env, &apps[apps_count], &err) == 0, "%s", err.message);
    return apps[apps_count++];
}

void
service_end(void)
{
    wire_end();
    while (apps_count > 0)
        rest_app_free(apps[--apps_count]);
    policy_free(env.policy);
    auth_put(admin);
    auth_put(member);
    auth_put(stranger);
    auth_put(reader);
    unit_end();
}
