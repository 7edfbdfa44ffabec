/* rest_listen_test.c: the resource engine behind the real listener: long lists, slow clients. */
#include <config.h>
#include <stdio.h>
#include "http_client.h"
#include "base/log.h"
#include "http/http.h"
#include "rest/rest.h"
#include "unit.h"

#define THINGS 3000
#define SLOW   24               /* clients that ask and do not read: more than the catalog has readers */

static struct catalog *catalog;
static struct policy *policy;
static struct rest_env env;
static struct http_app *app;
static struct http_server *server;
static struct cairn_error err;

static const struct rest_attr thing_attrs[] = {
    { .name = "id", .column = "t.id", .type = REST_UUID, .flags = REST_READ },
    { .name = "description", .column = "t.description", .type = REST_TEXT, .flags = REST_READ },
    { 0 },
};
static const struct rest_resource things = { .name = "thing", .plural = "things", .noun = "Thing", .path = "/things", .table = "security_groups", .attrs = thing_attrs,
                                             .default_sort = "id" };

static int
list_all(struct rest_call *call, struct cairn_error *e)
{
    return rest_list(call, &things, 1, e);
}

static const struct rest_route list_routes[] = { { .method = "GET", .path = "/things", .flags = REST_PUBLIC, .handle = list_all }, { 0 } };
static const struct rest_resource *const resources[] = { &things, NULL };
static const struct rest_route *const routes[] = { list_routes, NULL };
static const struct rest_service toy = { .name = "toy", .resources = resources, .routes = routes, .paging = REST_PAGE_NEUTRON };

static void
fill(void)
{
    struct tx *tx;
    char text[900];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    ck_assert_int_eq(tx_begin(catalog, TX_WRITE, &tx, &err), 0);
    for (int i = 0; i < THINGS; i++) {
        char id[40];

        snprintf(id, sizeof id, "00000000-0000-4000-8000-%012d", i);
        ck_assert_int_eq(tx_exec(tx, &err, "insert into security_groups (id, project_id, name, description, created_us, updated_us) values (?, 'p', 'n', ?, 0, 0)", "ss", id,
                                 text), 0);
    }
    ck_assert_int_eq(tx_commit(tx, &err), 0);
}

static void
setup(void)
{
    struct http_app *apps[2] = { NULL, NULL };
    struct http_options o = { .address = "127.0.0.1", .threads = 2, .workers = 2, .max_connections = 100, .max_per_address = 100, .idle_timeout_s = 20, .header_max = 16384,
                              .body_max = 1000 };
    CLEANUP_FREE char *url = NULL;

    scratch_make();
    url = xasprintf("sqlite:%s", scratch_path("catalog.db"));
    o.pipeline_path = scratch_write("pipeline.ini", "[composite:main]\n/toy = t\n[pipeline:t]\napp = toy\n");
    ck_assert_int_eq(log_set_levels("warn", &err), 0);
    ck_assert_msg(catalog_open(url, &catalog, &err) == 0, "%s", err.message);
    ck_assert_int_eq(policy_new(&policy, &err), 0);
    fill();
    env = (struct rest_env){ .catalog = catalog, .policy = policy };
    ck_assert_msg(rest_app(&toy, &env, &app, &err) == 0, "%s", err.message);
    apps[0] = app;
    ck_assert_msg(http_start(&o, NULL, apps, &server, &err) == 0, "%s", err.message);
}

static void
teardown(void)
{
    http_stop(server);
    rest_app_free(app);
    policy_free(policy);
    catalog_close(catalog);
    scratch_drop();
}

static int
ask(const char *query)
{
    CLEANUP_FREE char *request = xasprintf("GET /toy/things%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", query);
    int fd = client_connect(http_port(server));

    client_send(fd, request, strlen(request));
    return fd;
}

/* The reply, its chunks put together; 'a' gets its head. */
static char *
drain(int fd, struct answer *a)
{
    struct str body = STR_INIT;

    ck_assert_int_ne(client_head(fd, a), 0);
    client_body(fd, a, &body, 0);
    close(fd);
    return str_take(&body);
}

static int
count(const char *text, const char *word)
{
    int n = 0;

    for (; (text = strstr(text, word)) != NULL; text++)
        n++;
    return n;
}

START_TEST(a_long_list_comes_in_chunks_and_whole)
{
    struct answer a;
    CLEANUP_FREE char *text = drain(ask(""), &a);

    ck_assert_int_eq(a.status, 200);
    ck_assert_str_eq(answer_header(&a, "Transfer-Encoding"), "chunked");
    ck_assert_int_eq(count(text, "\"description\":"), THINGS);
    ck_assert(str_ends(text, "]}"));
}
END_TEST

START_TEST(a_short_list_has_a_length)
{
    struct answer a;
    CLEANUP_FREE char *text = drain(ask("?limit=2"), &a);

    ck_assert_int_eq(a.status, 200);
    ck_assert_ptr_nonnull(answer_header(&a, "Content-Length"));
    ck_assert_int_eq(count(text, "\"description\":"), 2);
    ck_assert_int_eq(count(text, "\"rel\":\"next\""), 1);
}
END_TEST

START_TEST(clients_that_do_not_read_starve_nobody)
{
    struct answer a;
    int fds[SLOW];
    CLEANUP_FREE char *text = NULL, *late = NULL;

    for (int i = 0; i < SLOW; i++)
        fds[i] = ask("");
    text = drain(ask("?limit=1"), &a);
    ck_assert_int_eq(a.status, 200);
    late = drain(fds[SLOW - 1], &a);            /* one of those that hold no reader */
    ck_assert_int_eq(count(late, "\"description\":"), THINGS);
    for (int i = 0; i < SLOW - 1; i++)
        close(fds[i]);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("rest behind the listener");
    TCase *tc = tcase_create("rest behind the listener");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_long_list_comes_in_chunks_and_whole);
    tcase_add_test(tc, a_short_list_has_a_length);
    tcase_add_test(tc, clients_that_do_not_read_starve_nobody);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
