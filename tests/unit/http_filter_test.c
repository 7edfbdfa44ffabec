/* http_filter_test.c: what each filter promises, loaded as a module into a pipeline and asked over real sockets. */
#include "config.h"
#include <check.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "http/http.h"
#include "http_client.h"
#include "plugin/plugin.h"
#include "rest/auth.h"
#include "unit.h"

static struct http_server *server;
static struct plugins *plugins;
static struct config *config;
static uint16_t port;

static const char *const no_prefixes[] = { NULL };
static const struct config_section no_sections[] = { { NULL, NULL, NULL } };

/* --- an application that shows what reaches it */

static void
add_header(struct str *s, const struct cairn_request *req, const char *name)
{
    const char *value = http_header(req, name);

    str_addf(s, "%s=%s;", name, value != NULL ? value : "-");
}

static void
app_route(void *self, struct cairn_request *req)
{
    int gone = strcmp(http_path(req), "/gone") == 0;

    (void)self;
    if (strcmp(http_path(req), "/private") != 0 && !gone)
        http_set_public(req);
    if (strcmp(http_path(req), "/missing") == 0 || gone) {
        struct str s = STR_INIT;

        str_add(&s, "no such route");
        http_reply(req, 404, "text/plain", &s);
    }
}

static void
app_handle(void *self, struct cairn_request *req)
{
    struct str s = STR_INIT;

    (void)self;
    add_header(&s, req, "X-User-Id");
    add_header(&s, req, "X-Roles");
    add_header(&s, req, "X-Service-Roles");
    add_header(&s, req, "X-Openstack-Request-Id");
    str_addf(&s, "user=%s", http_auth(req) != NULL ? http_auth(req)->user_id : "-");
    http_reply(req, 200, "text/plain", &s);
}

static void
app_fault(void *self, struct cairn_request *req, uint32_t status, const struct cairn_error *err)
{
    struct str s = STR_INIT;

    (void)self;
    str_addf(&s, "fault: %s", err->message);
    http_reply(req, (int)status, "text/plain", &s);
}

static struct http_app app = { .name = "tiny", .route = app_route, .handle = app_handle, .fault = app_fault };
static struct http_app *apps[] = { &app, NULL };

/* Tokens are names of users. */
static int
authenticate(void *arg, const char *token, struct auth **ret, struct cairn_error *err)
{
    struct auth *a;

    (void)arg;
    if (strcmp(token, "unreadable") == 0)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "the catalog does not answer");
    if (strncmp(token, "user-", 5) != 0)
        return cairn_fail(err, CAIRN_UNAUTHENTICATED, "no such token");
    a = xcalloc(1, sizeof *a + strlen(token) + 1);
    strcpy((char *)(a + 1), token);
    a->user_id = (char *)(a + 1);
    a->project_id = "project";
    a->domain_id = "";
    a->refs = 1;
    *ret = a;
    return 0;
}

static int
start(const char *pipeline, struct cairn_error *err)
{
    struct http_options o = { .address = "127.0.0.1", .threads = 2, .workers = 2, .header_max = 16384 };
    struct plugins_options po = { .cloud_id = "00000000-0000-4000-8000-000000000000", .host_name = "test" };
    int rc;

    scratch_make();
    o.pipeline_path = scratch_write("pipeline.ini", pipeline);
    ck_assert_int_eq(config_load(NULL, no_sections, no_prefixes, &config, err), 0);
    po.config = config;
    po.state_dir = po.run_dir = scratch;
    ck_assert_msg(plugins_open(&po, &plugins, err) == 0, "%s", err->message);
    http_set_authenticator(authenticate, NULL);
    rc = http_start(&o, plugins, apps, &server, err);
    if (rc == 0)
        port = http_port(server);
    return rc;
}

static void
begin(const char *pipeline)
{
    struct cairn_error err = CAIRN_ERROR_INIT;

    ck_assert_msg(start(pipeline, &err) == 0, "%s", err.message);
}

static void
end(void)
{
    http_stop(server);
    plugins_close(plugins);
    config_free(config);
    scratch_drop();
    server = NULL;
}

#define PIPELINE(filters, settings) "[composite:main]\n/t = t\n[pipeline:t]\nfilters = " filters "\napp = tiny\n" settings

static void
answer_is(struct answer a, int status, const char *body)
{
    ck_assert_int_eq(a.status, status);
    ck_assert_str_eq(a.body.text != NULL ? a.body.text : "", body);
    str_free(&a.body);
}

/* --- request_id */

START_TEST(each_reply_has_its_own_request_id)
{
    struct answer a;
    char first[64];

    begin(PIPELINE("request_id", ""));
    a = client_get(port, "/t/show");
    snprintf(first, sizeof first, "%.60s", answer_header(&a, "X-Openstack-Request-Id"));
    ck_assert_uint_eq(strlen(first), 40);
    ck_assert_int_eq(strncmp(first, "req-", 4), 0);
    str_free(&a.body);
    a = client_once(port, "GET /t/missing HTTP/1.1\r\nHost: h\r\nX-Openstack-Request-Id: req-11111111-2222-4333-8444-555555555555\r\n\r\n");
    ck_assert_str_ne(answer_header(&a, "X-Openstack-Request-Id"), first);
    ck_assert_str_ne(answer_header(&a, "X-Openstack-Request-Id"), "req-11111111-2222-4333-8444-555555555555");
    answer_is(a, 404, "no such route");
    end();
}
END_TEST

START_TEST(the_log_has_each_request_under_its_id)
{
    struct answer a;
    char wanted[256], log[8192] = "";

    begin(PIPELINE("request_id", ""));
    expect_ok(log_open(scratch_path("log"), CAIRN_LOG_DEBUG, err));
    a = client_get(port, "/t/show");
    snprintf(wanted, sizeof wanted, "debug http [%.60s] 127.0.0.1 GET /t/show: 200", answer_header(&a, "X-Openstack-Request-Id"));
    str_free(&a.body);
    for (int i = 0; i < 500 && strstr(log, wanted) == NULL; i++) {     /* the line comes after the reply */
        FILE *file = fopen(scratch_path("log"), "re");

        ck_assert_ptr_nonnull(file);
        log[fread(log, 1, sizeof log - 1, file)] = '\0';
        fclose(file);
        usleep(10000);
    }
    ck_assert_msg(strstr(log, wanted) != NULL, "no '%s' in: %s", wanted, log);
    expect_ok(log_open(NULL, CAIRN_LOG_INFO, err));
    end();
}
END_TEST

START_TEST(forged_identity_headers_never_arrive_ossa_2026_001)
{
    begin(PIPELINE("request_id", ""));
    answer_is(client_once(port, "GET /t/show HTTP/1.1\r\nHost: h\r\nX-User-Id: root\r\nx-roles: admin\r\nX-Roles: admin\r\nX-SERVICE-ROLES: service\r\n"
                          "X-Openstack-Request-Id: not-an-id\r\n\r\n"),
              200, "X-User-Id=-;X-Roles=-;X-Service-Roles=-;X-Openstack-Request-Id=-;user=-");
    answer_is(client_once(port, "GET /t/show HTTP/1.1\r\nHost: h\r\nX-Openstack-Request-Id: req-11111111-2222-4333-8444-555555555555\r\n\r\n"),
              200, "X-User-Id=-;X-Roles=-;X-Service-Roles=-;X-Openstack-Request-Id=req-11111111-2222-4333-8444-555555555555;user=-");
    end();
}
END_TEST

/* --- token_auth */

START_TEST(no_token_no_private_route)
{
    static const char *const requests[] = {
        "GET /t/private HTTP/1.1\r\nHost: cloud:80\r\n\r\n",
        "GET /t/private HTTP/1.1\r\nHost: cloud:80\r\nX-Auth-Token: bad\r\n\r\n",
        "GET /t/private HTTP/1.1\r\nHost: cloud:80\r\nX-Auth-Token: \r\n\r\n",
    };

    begin(PIPELINE("token_auth", ""));
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        struct answer a = client_once(port, requests[i]);

        ck_assert_str_eq(answer_header(&a, "WWW-Authenticate"), "Keystone uri=\"http://cloud:80/identity\"");
        answer_is(a, 401, "fault: The request you have made requires authentication.");
    }
    end();
}
END_TEST

START_TEST(valid_token_says_who_it_is_on_any_route)
{
    const char *nobody = "X-User-Id=-;X-Roles=-;X-Service-Roles=-;X-Openstack-Request-Id=-;user=-";
    const char *ann = "X-User-Id=-;X-Roles=-;X-Service-Roles=-;X-Openstack-Request-Id=-;user=user-ann";

    begin(PIPELINE("token_auth", "[filter:token_auth]\nuse = token_auth\nwww_authenticate_uri = https://id.example/v3\n"));
    answer_is(client_once(port, "GET /t/private HTTP/1.1\r\nHost: h\r\nX-Auth-Token: user-ann\r\n\r\n"), 200, ann);
    answer_is(client_once(port, "GET /t/open HTTP/1.1\r\nHost: h\r\nX-Auth-Token: user-ann\r\n\r\n"), 200, ann);
    answer_is(client_once(port, "GET /t/private HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer user-ann\r\n\r\n"), 200, ann);
    answer_is(client_once(port, "GET /t/open HTTP/1.1\r\nHost: h\r\nX-Auth-Token: bad\r\n\r\n"), 200, nobody);
    answer_is(client_get(port, "/t/open"), 200, nobody);
    end();
}
END_TEST

START_TEST(a_path_that_is_not_there_needs_a_token_too)
{
    begin(PIPELINE("token_auth", ""));
    answer_is(client_get(port, "/t/gone"), 401, "fault: The request you have made requires authentication.");
    answer_is(client_once(port, "GET /t/gone HTTP/1.1\r\nHost: h\r\nX-Auth-Token: user-ann\r\n\r\n"), 404, "no such route");
    end();
}
END_TEST

START_TEST(a_token_that_cannot_be_checked_now_is_not_refused)
{
    struct answer a;

    begin(PIPELINE("token_auth", ""));
    a = client_once(port, "GET /t/private HTTP/1.1\r\nHost: h\r\nX-Auth-Token: unreadable\r\n\r\n");
    ck_assert_str_eq(answer_header(&a, "Retry-After"), "1");
    ck_assert_ptr_null(answer_header(&a, "WWW-Authenticate"));
    answer_is(a, 503, "fault: the catalog does not answer");
    answer_is(client_once(port, "GET /t/open HTTP/1.1\r\nHost: h\r\nX-Auth-Token: unreadable\r\n\r\n"), 200,
              "X-User-Id=-;X-Roles=-;X-Service-Roles=-;X-Openstack-Request-Id=-;user=-");
    end();
}
END_TEST

/* --- size_limit */

START_TEST(size_limit_is_of_the_pipeline)
{
    begin(PIPELINE("size_limit", "[filter:size_limit]\nmax_request_body_size = 10\n"));
    answer_is(client_once(port, "POST /t/x HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n01234567890"), 413, "fault: The body is larger than 10 bytes.");
    answer_is(client_once(port, "POST /t/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n"), 413,
              "fault: The body is larger than 10 bytes.");
    answer_is(client_once(port, "POST /t/x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789"), 200,
              "X-User-Id=-;X-Roles=-;X-Service-Roles=-;X-Openstack-Request-Id=-;user=-");
    end();
}
END_TEST

/* --- ratelimit */

static int
count_ok(const char *request, int tries)
{
    int ok = 0;

    for (int i = 0; i < tries; i++) {
        struct answer a = client_once(port, request);

        if (a.status == 429) {
            ck_assert_str_eq(answer_header(&a, "Retry-After"), "1");
            ck_assert_ptr_nonnull(strstr(a.body.text, "Too many requests"));
        } else {
            ck_assert_int_eq(a.status, 200);
            ok++;
        }
        str_free(&a.body);
    }
    return ok;
}

START_TEST(bursts_pass_and_floods_are_told_to_wait)
{
    begin(PIPELINE("ratelimit", "[filter:ratelimit]\nrate = 1\nburst = 5\n"));
    ck_assert_int_ge(count_ok("GET /t/x HTTP/1.1\r\nHost: h\r\n\r\n", 12), 5);
    ck_assert_int_le(count_ok("GET /t/x HTTP/1.1\r\nHost: h\r\n\r\n", 10), 4);
    end();
}
END_TEST

START_TEST(users_have_buckets_of_their_own)
{
    begin(PIPELINE("token_auth ratelimit", "[filter:ratelimit]\nrate = 1\nburst = 3\nby = user\n"));
    count_ok("GET /t/private HTTP/1.1\r\nHost: h\r\nX-Auth-Token: user-ann\r\n\r\n", 6);
    ck_assert_int_eq(count_ok("GET /t/private HTTP/1.1\r\nHost: h\r\nX-Auth-Token: user-bob\r\n\r\n", 3), 3);
    end();
}
END_TEST

/* --- cors */

START_TEST(preflight_is_answered_for_allowed_origins)
{
    struct answer a;

    begin(PIPELINE("request_id cors token_auth", "[filter:cors]\nallowed_origins = https://dash.example, https://other.example\n"));
    a = client_once(port, "OPTIONS /t/private HTTP/1.1\r\nHost: h\r\nOrigin: https://dash.example\r\nAccess-Control-Request-Method: POST\r\n\r\n");
    ck_assert_int_eq(a.status, 200);
    ck_assert_str_eq(answer_header(&a, "Access-Control-Allow-Origin"), "https://dash.example");
    ck_assert_ptr_nonnull(strstr(answer_header(&a, "Access-Control-Allow-Methods"), "POST"));
    ck_assert_str_eq(answer_header(&a, "Access-Control-Max-Age"), "3600");
    ck_assert_str_eq(answer_header(&a, "Vary"), "Origin");
    a = client_once(port, "OPTIONS /t/private HTTP/1.1\r\nHost: h\r\nOrigin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n\r\n");
    ck_assert_int_eq(a.status, 401);
    ck_assert_ptr_null(answer_header(&a, "Access-Control-Allow-Origin"));
    str_free(&a.body);
    end();
}
END_TEST

START_TEST(refusals_carry_the_origin_too)
{
    struct answer a;

    begin(PIPELINE("request_id cors token_auth", "[filter:cors]\nallowed_origins = https://dash.example\nallow_credentials = yes\n"));
    a = client_once(port, "GET /t/private HTTP/1.1\r\nHost: h\r\nOrigin: https://dash.example\r\n\r\n");
    ck_assert_int_eq(a.status, 401);
    ck_assert_str_eq(answer_header(&a, "Access-Control-Allow-Origin"), "https://dash.example");
    ck_assert_str_eq(answer_header(&a, "Access-Control-Allow-Credentials"), "true");
    str_free(&a.body);
    end();
}
END_TEST

/* --- settings */

START_TEST(bad_settings_keep_the_server_from_starting)
{
    static const struct { const char *pipeline, *message; } cases[] = {
        { PIPELINE("cors", "[filter:cors]\nallowed_origins = *\nallow_credentials = yes\n"), "filter 'cors'" },
        { PIPELINE("ratelimit", "[filter:ratelimit]\nby = colour\n"), "must be address, user or project" },
        { PIPELINE("ratelimit", "[filter:ratelimit]\nrat = 1\n"), "rat" },
        { PIPELINE("sise_limit", "[filter:size_limit]\nuse = size_limit\n"), "did you mean 'size_limit'?" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct cairn_error err = CAIRN_ERROR_INIT;

        ck_assert_int_eq(start(cases[i].pipeline, &err), -1);
        ck_assert_msg(strstr(err.message, cases[i].message) != NULL, "case %zu: %s", i, err.message);
        end();
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("filters");
    TCase *t = tcase_create("filters");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, each_reply_has_its_own_request_id);
    tcase_add_test(t, the_log_has_each_request_under_its_id);
    tcase_add_test(t, forged_identity_headers_never_arrive_ossa_2026_001);
    tcase_add_test(t, no_token_no_private_route);
    tcase_add_test(t, valid_token_says_who_it_is_on_any_route);
    tcase_add_test(t, a_path_that_is_not_there_needs_a_token_too);
    tcase_add_test(t, a_token_that_cannot_be_checked_now_is_not_refused);
    tcase_add_test(t, size_limit_is_of_the_pipeline);
    tcase_add_test(t, bursts_pass_and_floods_are_told_to_wait);
    tcase_add_test(t, users_have_buckets_of_their_own);
    tcase_add_test(t, preflight_is_answered_for_allowed_origins);
    tcase_add_test(t, refusals_carry_the_origin_too);
    tcase_add_test(t, bad_settings_keep_the_server_from_starting);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
