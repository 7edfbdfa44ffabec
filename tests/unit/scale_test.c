/* scale_test.c: a list costs the catalog as many statements for 1,000 objects as for 10, but for the batches of their children, and a page of a
 * tenant's objects is read through an index. */
#include <config.h>
#include <sqlite3.h>
#include <stdio.h>
#include "base/log.h"
#include "compute/compute.h"
#include "network/network_api.h"
#include "service.h"

#define BATCHES 8                       /* of 128 in 1,000 */
#define ID(digit) "printf('0000000" digit "-0000-4000-8000-%012d', i)"

static struct http_app *apps[2];
static sqlite3 *db;                     /* the catalog's only connection */
static char *seen[256];                 /* statements since watch() */
static size_t seen_count;
static int watching;

static int
on_statement(unsigned event, void *arg, void *statement, void *text)
{
    (void)event, (void)arg, (void)text;
    if (watching && seen_count < ARRAY_LEN(seen))
        seen[seen_count++] = sqlite3_expanded_sql(statement);
    return 0;
}

static int
on_connection(sqlite3 *new, char **error, const struct sqlite3_api_routines *api)
{
    (void)error, (void)api;
    db = new;
    return sqlite3_trace_v2(new, SQLITE_TRACE_STMT, on_statement, NULL);
}

static void
forget(void)
{
    while (seen_count > 0)
        sqlite3_free(seen[--seen_count]);
}

static void
setup(void)
{
    static const struct rest_service *const services[] = { &compute_service, &network_service };

    ck_assert_int_eq(sqlite3_auto_extension((void (*)(void))(void *)on_connection), SQLITE_OK);
    service_begin();
    for (size_t i = 0; i < ARRAY_LEN(services); i++)
        apps[i] = service_app(services[i]);
}

static void
teardown(void)
{
    forget();
    service_end();
    sqlite3_reset_auto_extension();
}

/* Objects 'first' to 'last' of each kind; each server has a port with an address, a group and a tag. */
static void
fill(int first, int last)
{
    static const char *const rows[] = {
        "servers (id, number, project_id, user_id, name, vm_state, flavor_id, flavor, hostname, reservation_id, created_us, updated_us)"
        " select " ID("1") ", i, '" P1 "', 'u1', 's', 'active', '1', '{}', 's', 'r', i, i from n",
        "server_tags (server_id, tag) select " ID("1") ", 'blue' from n",
        "networks (id, project_id, name, mtu, type, created_us, updated_us) select " ID("2") ", '" P1 "', 'n', 1500, 'local', i, i from n",
        "subnets (id, network_id, project_id, ip_version, cidr, created_us, updated_us) select " ID("3") ", " ID("2") ", '" P1 "', 4,"
        " '10.0.0.0/8', i, i from n",
        "ports (id, network_id, project_id, mac_address, status, device_id, created_us, updated_us) select " ID("4") ", " ID("2") ", '" P1 "',"
        " printf('%012x', i), 'ACTIVE', " ID("1") ", i, i from n",
        "fixed_ips (subnet_id, ip_address, port_id) select " ID("3") ", printf('10.0.%d.%d', i / 256, i % 256), " ID("4") " from n",
        "security_groups (id, project_id, name, created_us, updated_us) select " ID("5") ", '" P1 "', 'g', i, i from n",
        "security_group_rules (id, security_group_id, project_id, direction, ethertype, created_us, updated_us) select " ID("6") ", " ID("5") ","
        " '" P1 "', 'egress', 'IPv4', i, i from n",
        "port_security_groups (port_id, security_group_id) select " ID("4") ", " ID("5") " from n",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        sql("with recursive n(i) as (select %d union all select i + 1 from n where i < %d) insert into %s", first, last, rows[i]);
}

/* What is listed; 'first' is the head of its ids. */
static const struct { int app; const char *path, *key, *first; } lists[] = {
    { 0, "/v2.1/servers", "servers", "00000001" }, { 0, "/v2.1/servers/detail", "servers", "00000001" },
    { 1, "/v2.0/networks", "networks", "00000002" }, { 1, "/v2.0/subnets", "subnets", "00000003" }, { 1, "/v2.0/ports", "ports", "00000004" },
    { 1, "/v2.0/security-groups", "security_groups", "00000005" }, { 1, "/v2.0/security-group-rules", "security_group_rules", "00000006" },
};

/* The list as a member sees it; the statements that it took are in 'seen'. */
static size_t
ask_list(size_t i, const char *query, size_t want_least)
{
    const struct wire_reply *r;

    forget();
    watching = 1;
    r = wire_ask(apps[lists[i].app], member, "GET", lists[i].path, query, NULL, NULL);
    watching = 0;
    ASSERT_STATUS(r, 200);
    ck_assert_msg(json_array_size(json_object_get(r->json, lists[i].key)) >= want_least, "%s?%s: %.200s", lists[i].path, query, r->text);
    return seen_count;
}

START_TEST(a_list_of_1000_takes_no_query_for_each)
{
    size_t few[ARRAY_LEN(lists)];

    fill(1, 10);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        few[i] = ask_list(i, "limit=1000", 10);
    fill(11, 1000);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        size_t many = ask_list(i, "limit=1000", 1000);

        ck_assert_msg(many <= BATCHES * few[i], "%s: %zu statements for 10, %zu for 1,000", lists[i].path, few[i], many);
        ck_assert_int_lt((int)many, (int)ARRAY_LEN(seen));
    }
}
END_TEST

/* A table read from end to end, in no order and by no key.  What a plan makes itself on the way is no table. */
static void
assert_no_scan(const char *what, const char *statement)
{
    CLEANUP_FREE char *explain = xasprintf("explain query plan %s", statement);
    char made[16][64];
    size_t made_count = 0;
    sqlite3_stmt *plan;

    ck_assert_msg(sqlite3_prepare_v2(db, explain, -1, &plan, NULL) == SQLITE_OK, "%s: %s", statement, sqlite3_errmsg(db));
    while (sqlite3_step(plan) == SQLITE_ROW) {
        const char *detail = (const char *)sqlite3_column_text(plan, 3);
        int bad = strncmp(detail, "SCAN ", 5) == 0 && strstr(detail, " USING ") == NULL && strstr(detail, "CONSTANT ROW") == NULL;

        if (made_count < ARRAY_LEN(made) && (sscanf(detail, "CO-ROUTINE %63s", made[made_count]) == 1 || sscanf(detail, "MATERIALIZE %63s", made[made_count]) == 1))
            made_count++;
        for (size_t i = 0; bad && i < made_count; i++)
            bad = strcmp(detail + 5, made[i]) != 0;
        ck_assert_msg(!bad, "%s: %s\n%s", what, detail, statement);
    }
    sqlite3_finalize(plan);
}

START_TEST(a_tenants_page_is_read_through_an_index)
{
    fill(1, 300);
    sql("analyze");
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        CLEANUP_FREE char *next = xasprintf("limit=5&marker=%s-0000-4000-8000-000000000100", lists[i].first);
        const char *const queries[] = { "limit=5", next };

        for (size_t k = 0; k < ARRAY_LEN(queries); k++) {
            ask_list(i, queries[k], 5);
            for (size_t s = 0; s < seen_count; s++)
                if (strncmp(seen[s], "select", 6) == 0 && strstr(seen[s], "sqlite_schema") == NULL)
                    assert_no_scan(lists[i].path, seen[s]);
        }
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("scale");
    TCase *c = tcase_create("lists");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, a_list_of_1000_takes_no_query_for_each);
    tcase_add_test(c, a_tenants_page_is_read_through_an_index);
    tcase_set_timeout(c, 60);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
