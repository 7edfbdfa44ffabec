/* identity_load_test.c: many logins at once on a real listener: they wait for each other, and nobody else waits for them. */
#include "config.h"
#include <check.h>
#include <unistd.h>

#include "base/config.h"
#include "base/log.h"
#include "http_client.h"
#include "identity/identity.h"
#include "identity/password.h"
#include "unit.h"

#define LOGINS 64
#define BASE_URL "http://127.0.0.1:1"

static struct catalog *catalog;
static struct config *config;
static struct policy *policy;
static struct http_app *app;
static struct http_server *server;
static struct rest_env env;

static int
healthy(void *arg, struct str *out)
{
    (void)arg;
    str_add(out, "fine\n");
    return 0;
}

static void
start(const char *ini)
{
    static const struct config_section sections[] = {
        { IDENTITY_SECTION, "", identity_keys }, { COMPLIANCE_SECTION, "", compliance_keys }, { "quota", "", rest_quota_keys }, { NULL, NULL, NULL }
    };
    static const char *const none[] = { NULL };
    struct http_options o = { .address = "127.0.0.1", .threads = 2, .workers = 2, .max_connections = 200, .max_per_address = 200, .idle_timeout_s = 60,
                              .header_max = 16384, .body_max = 10000 };
    struct identity_bootstrap b = { .base_url = BASE_URL, .admin_password = "correct horse" };
    CLEANUP_FREE char *url = NULL;
    struct http_app *apps[2] = { NULL, NULL };
    struct cairn_error err = CAIRN_ERROR_INIT;

    log_set_levels("error,rest=error", NULL);
    scratch_make();
    url = xasprintf("sqlite:%s/catalog.db", scratch);
    o.pipeline_path = scratch_write("pipeline.ini", "[composite:main]\n/ = root\n/identity = i\n[pipeline:i]\napp = identity\n[pipeline:root]\napp = root\n");
    ck_assert_msg(config_load_text(ini, "test", sections, none, &config, &err) == 0, "%s", err.message);
    ck_assert_msg(catalog_open(url, &catalog, &err) == 0, "%s", err.message);
    ck_assert_int_eq(policy_new(&policy, &err), 0);
    env = (struct rest_env){ .catalog = catalog, .policy = policy, .state_dir = scratch, .config = config };
    ck_assert_msg(identity_open(&env, &err) == 0, "%s", err.message);
    ck_assert_msg(identity_bootstrap(catalog, &b, &err) == 0, "%s", err.message);
    ck_assert_msg(rest_app(&identity_service, &env, &app, &err) == 0, "%s", err.message);
    apps[0] = app;
    http_register_health(healthy, NULL);      /* runs on one of the two workers */
    identity_slow_lane(config, &o.slow_workers, &o.slow_waiting);
    ck_assert_msg(http_start(&o, NULL, apps, &server, &err) == 0, "%s", err.message);
}

static void
stop(void)
{
    http_stop(server);
    rest_app_free(app);
    identity_close();
    policy_free(policy);
    catalog_close(catalog);
    config_free(config);
    scratch_drop();
}

static int
begin_login(int n)
{
    CLEANUP_FREE char *body = xasprintf("{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"%s\",\"password\":\"guess %d\","
                                        "\"domain\":{\"id\":\"default\"}}}}}}", n % 2 ? "admin" : "nobody", n);
    CLEANUP_FREE char *request = xasprintf("POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
    int fd = client_connect(http_port(server));

    client_send(fd, request, strlen(request));
    return fd;
}

static struct answer
finish_login(int fd)
{
    struct answer a = client_exchange(fd, "");

    str_free(&a.body);
    close(fd);
    return a;
}

START_TEST(logins_by_the_dozen_leave_everything_else_alone)
{
    unsigned long before, after, remembered;
    int fds[LOGINS];

    start("[identity]\npassword_cost = 7\n");           /* a hash takes its time */
    password_counts(&before, &remembered);
    for (int i = 0; i < LOGINS; i++)
        fds[i] = begin_login(i);
    for (int i = 0; i < 20; i++) {
        struct answer a = client_get(http_port(server), "/healthz");        /* a worker's */

        ck_assert_int_eq(a.status, 200);
        str_free(&a.body);
        a = client_get(http_port(server), "/identity/v3");                  /* the network threads' */
        ck_assert_int_eq(a.status, 200);
        str_free(&a.body);
    }
    password_counts(&after, &remembered);
    ck_assert_uint_lt(after - before, LOGINS);          /* they are still at it: nothing of the above waited for them */
    for (int i = 0; i < LOGINS; i++) {
        struct answer a = finish_login(fds[i]);

        ck_assert_int_eq(a.status, 401);
    }
    password_counts(&after, &remembered);
    ck_assert_uint_eq(after - before, LOGINS);
    stop();
}
END_TEST

START_TEST(what_finds_no_room_to_wait_is_told_when_to_come_again)
{
    int fds[LOGINS], refused = 0, judged = 0;

    start("[identity]\npassword_parallel = 1\npassword_waiting = 4\npassword_cost = 7\n");
    for (int i = 0; i < LOGINS; i++)
        fds[i] = begin_login(i);
    for (int i = 0; i < LOGINS; i++) {
        struct answer a = finish_login(fds[i]);

        if (a.status == 503) {
            ck_assert_str_eq(answer_header(&a, "Retry-After"), "1");
            refused++;
        } else {
            ck_assert_int_eq(a.status, 401);
            judged++;
        }
    }
    ck_assert_int_ge(judged, 7);                        /* one hashes, two more are in, four wait */
    ck_assert_int_gt(refused, 0);
    stop();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("identity under load");
    TCase *tc = tcase_create("load");

    tcase_set_timeout(tc, 180);
    tcase_add_test(tc, logins_by_the_dozen_leave_everything_else_alone);
    tcase_add_test(tc, what_finds_no_room_to_wait_is_told_when_to_come_again);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
