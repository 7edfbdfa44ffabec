/* catalog_speed_test.c: how fast rows and statements pass through the catalog.  The bounds are far below what an idle machine does,
 * and catch what is slower by its nature: a statement prepared each time, memory taken for each row. */
#include "config.h"
#include "unit.h"

#include <malloc.h>
#include <time.h>

#include "base/str.h"
#include "catalog/migrate.h"

enum { ROWS = 50000, LOOKUPS = 20000 };

static const struct catalog_migration steps[] = {
    { 1, "test",
      "create table server (id text primary key, name text not null, project_id text not null, state text not null, vcpus bigint not null,"
      " created_us bigint not null, task text)" },
    { 0, NULL, NULL },
};

static struct catalog *cat;

/* The processor time of this process: other tests run beside it. */
static double
seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
set_up(void)
{
    CLEANUP_FREE char *url = NULL;
    struct tx *tx = NULL;

    scratch_make();
    url = xasprintf("sqlite:%s", scratch_path("catalog.db"));
    expect_ok(catalog_open_schema(url, steps, &cat, err));
    expect_ok(tx_begin(cat, TX_WRITE, &tx, err));
    for (int64_t i = 0; i < ROWS; i++) {
        char id[40];

        snprintf(id, sizeof id, "%08x-0000-4000-8000-000000000000", (unsigned)i);
        expect_ok(tx_exec(tx, err, "insert into server (id, name, project_id, state, vcpus, created_us, task) values (?, ?, ?, ?, ?, ?, ?)",
                          "ssssiin", id, "a-server", "0123456789abcdef0123456789abcdef", "ACTIVE", i, (int64_t)1577836800000000));
    }
    expect_ok(tx_commit(tx, err));
}

static void
tear_down(void)
{
    catalog_close(cat);
    scratch_drop();
}

START_TEST(a_list_reads_fifty_thousand_rows_a_second)
{
    struct tx *tx = NULL;
    struct rows *rows = NULL;
    double began, took;
    size_t bytes = 0, before;
    int64_t sum = 0;
    int count = 0, rc;

    expect_ok(tx_begin(cat, TX_READ, &tx, err));
    began = seconds();
    expect_ok(tx_query(tx, &rows, err, "select id, name, project_id, state, vcpus, created_us, task from server order by id", NULL));
    ck_assert_int_eq(rows_next(rows, NULL), 1);
    before = mallinfo2().uordblks;
    do {
        bytes += strlen(row_text(rows, "id")) + strlen(row_text(rows, "name")) + strlen(row_text(rows, "project_id")) +
                 strlen(row_text(rows, "state"));
        sum += row_int(rows, "vcpus") + (row_int(rows, "created_us") > 0) + row_null(rows, "task");
        count++;
    } while ((rc = rows_next(rows, NULL)) == 1);
    ck_assert_int_eq(rc, 0);
    ck_assert_uint_lt(mallinfo2().uordblks, before + (8 << 20));       /* pages are kept, rows are not */
    rows_close(rows);
    took = seconds() - began;
    expect_ok(tx_commit(tx, err));
    ck_assert_int_eq(count, ROWS);
    ck_assert_uint_eq(bytes, ROWS * (size_t)(36 + 8 + 32 + 6));
    ck_assert(sum > ROWS);
    printf("list: %.0f rows/s\n", count / took);
    ck_assert_msg(count / took > 50000, "%.0f rows/s", count / took);
}
END_TEST

START_TEST(a_lookup_in_a_transaction_of_its_own_takes_less_than_100_us)
{
    double began = seconds(), took;

    for (int i = 0; i < LOOKUPS; i++) {
        CLEANUP_TX struct tx *tx = NULL;
        CLEANUP_ROWS struct rows *rows = NULL;
        char id[40];

        snprintf(id, sizeof id, "%08x-0000-4000-8000-000000000000", (unsigned)(i * 7919) % ROWS);
        expect_ok(tx_begin(cat, TX_READ, &tx, err));
        expect_ok(tx_query(tx, &rows, err, "select id, name, project_id, state, vcpus, created_us, task from server where id = ?", "s", id));
        ck_assert_int_eq(rows_next(rows, NULL), 1);
        ck_assert_str_eq(row_text(rows, "id"), id);
        for (int k = 1; k < 7; k++)
            row_null_at(rows, k);
    }
    took = seconds() - began;
    printf("lookup: %.2f us\n", took / LOOKUPS * 1e6);
    ck_assert_msg(took / LOOKUPS < 100e-6, "%.2f us", took / LOOKUPS * 1e6);
}
END_TEST

START_TEST(an_update_in_an_open_transaction_takes_less_than_100_us)
{
    double began = seconds(), took;
    struct tx *tx = NULL;

    expect_ok(tx_begin(cat, TX_WRITE, &tx, err));
    for (int i = 0; i < LOOKUPS; i++) {
        char id[40];

        snprintf(id, sizeof id, "%08x-0000-4000-8000-000000000000", (unsigned)(i * 7919) % ROWS);
        expect_ok(tx_exec(tx, err, "update server set state = ?, task = ? where id = ?", "sss", "BUILD", "spawning", id));
        ck_assert_int_eq(tx_changes(tx), 1);
    }
    expect_ok(tx_commit(tx, err));
    took = seconds() - began;
    printf("update: %.2f us\n", took / LOOKUPS * 1e6);
    ck_assert_msg(took / LOOKUPS < 100e-6, "%.2f us", took / LOOKUPS * 1e6);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("catalog speed");
    TCase *t = tcase_create("speed");

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_list_reads_fifty_thousand_rows_a_second);
    tcase_add_test(t, a_lookup_in_a_transaction_of_its_own_takes_less_than_100_us);
    tcase_add_test(t, an_update_in_an_open_transaction_takes_less_than_100_us);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
