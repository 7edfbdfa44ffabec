/* catalog_test.c: what transactions of the catalog promise. */
#include "config.h"
#include "unit.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/str.h"
#include "catalog/migrate.h"

static const struct catalog_migration steps[] = {
    { 1, "test",
      "create table parent (id text primary key, name text unique, size bigint, ratio double precision, raw blob);"
      "create table child (id text primary key, parent_id text not null references parent(id), n bigint check (n < 100));" },
    { 0, NULL, NULL },
};

static struct catalog *cat;
static char url[128];

static void
open_file(void)
{
    scratch_make();
    snprintf(url, sizeof url, "sqlite:%s", scratch_path("catalog.db"));
    expect_ok(catalog_open_schema(url, steps, &cat, err));
}

static void
open_memory(void)
{
    scratch_make();
    expect_ok(catalog_open_schema("sqlite::memory:", steps, &cat, err));
}

static void
close_it(void)
{
    catalog_close(cat);
    scratch_drop();
}

static struct tx *
begin(enum tx_mode mode)
{
    struct tx *tx = NULL;

    expect_ok(tx_begin(cat, mode, &tx, err));
    return tx;
}

static int64_t
count(struct tx *tx)
{
    int64_t n = -1;

    expect_ok(tx_int(tx, &n, -1, err, "select count(*) from parent", NULL));
    return n;
}

static int64_t
count_now(void)
{
    struct tx *tx = begin(TX_READ);
    int64_t n = count(tx);

    expect_ok(tx_commit(tx, err));
    return n;
}

static void
add(struct tx *tx, const char *id)
{
    expect_ok(tx_exec(tx, err, "insert into parent (id, name) values (?, ?)", "ss", id, id));
}

static void
add_one(const char *id)
{
    struct tx *tx = begin(TX_WRITE);

    add(tx, id);
    expect_ok(tx_commit(tx, err));
}

START_TEST(what_is_committed_is_there)
{
    add_one("a");
    ck_assert_int_eq(count_now(), 1);
}
END_TEST

START_TEST(what_is_rolled_back_never_was)
{
    struct tx *tx = begin(TX_WRITE);

    add(tx, "a");
    tx_rollback(tx);
    ck_assert_int_eq(count_now(), 0);
}
END_TEST

START_TEST(a_scope_that_is_left_rolls_back)
{
    {
        CLEANUP_TX struct tx *tx = begin(TX_WRITE);
        CLEANUP_ROWS struct rows *rows = NULL;

        add(tx, "a");
        expect_ok(tx_query(tx, &rows, err, "select id from parent", NULL));
    }
    ck_assert_int_eq(count_now(), 0);
}
END_TEST

START_TEST(every_type_comes_back_as_it_went_in)
{
    struct tx *tx = begin(TX_WRITE);
    CLEANUP_ROWS struct rows *rows = NULL;
    CLEANUP_FREE char *text = NULL;
    int64_t number = 0;
    size_t len = 0;

    expect_ok(tx_exec(tx, err, "insert into parent (id, name, size, ratio, raw) values (?, ?, ?, ?, ?)", "ssidb", "a", "n\xc3\xa4me",
                      INT64_MIN, 1.5, "\0\1\2", (size_t)3));
    ck_assert_int_eq(tx_changes(tx), 1);
    expect_ok(tx_exec(tx, err, "insert into parent (id, name, size, ratio, raw) values (?, ?, ?, ?, ?)", "ssnnn", "b", NULL));
    expect_ok(tx_query(tx, &rows, err, "select id, name, size, ratio, raw from parent order by id", NULL));
    ck_assert_int_eq(rows_next(rows, NULL), 1);
    ck_assert_int_eq(rows_columns(rows), 5);
    ck_assert_mem_eq(row_blob(rows, "raw", &len), "\0\1\2", 3);     /* names in any order */
    ck_assert_uint_eq(len, 3);
    ck_assert_str_eq(row_text(rows, "id"), "a");
    ck_assert_str_eq(row_text_at(rows, 1), "n\xc3\xa4me");
    ck_assert(row_int(rows, "size") == INT64_MIN);
    ck_assert(row_real(rows, "ratio") == 1.5);
    ck_assert_int_eq(row_null(rows, "name"), 0);
    ck_assert_int_eq(rows_next(rows, NULL), 1);
    ck_assert_ptr_null(row_text(rows, "name"));
    ck_assert_int_eq(row_int(rows, "size"), 0);
    ck_assert_int_eq(row_null(rows, "raw"), 1);
    ck_assert_int_eq(rows_next(rows, NULL), 0);
    ck_assert_int_eq(rows_next(rows, NULL), 0);
    rows_close(steal(&rows));
    expect_ok(tx_text(tx, &text, err, "select name from parent where id = ?", "s", "a"));
    ck_assert_str_eq(text, "n\xc3\xa4me");
    free(steal(&text));
    expect_ok(tx_text(tx, &text, err, "select name from parent where id = ?", "s", "b"));
    ck_assert_ptr_null(text);
    expect_ok(tx_text(tx, &text, err, "select name from parent where id = 'none'", ""));
    ck_assert_ptr_null(text);
    expect_ok(tx_int(tx, &number, 7, err, "select size from parent where id = 'b'", ""));
    ck_assert_int_eq(number, 7);
    expect_ok(tx_commit(tx, err));
}
END_TEST

START_TEST(one_statement_can_run_within_itself)
{
    static const char sql[] = "select id from parent order by id";
    struct tx *tx = begin(TX_WRITE);
    struct rows *outer, *inner;
    int pairs = 0;

    add(tx, "a");
    add(tx, "b");
    expect_ok(tx_query(tx, &outer, err, sql, NULL));
    while (rows_next(outer, NULL) == 1) {
        expect_ok(tx_query(tx, &inner, err, sql, NULL));
        while (rows_next(inner, NULL) == 1)
            pairs += row_text(outer, "id")[0] != 0 && row_text(inner, "id")[0] != 0;
        rows_close(inner);
    }
    rows_close(outer);
    ck_assert_int_eq(pairs, 4);
    expect_ok(tx_commit(tx, err));
}
END_TEST

START_TEST(a_reader_neither_sees_nor_awaits_a_writer)
{
    struct tx *writer, *reader;

    add_one("a");
    writer = begin(TX_WRITE);
    reader = begin(TX_READ);
    add(writer, "b");
    ck_assert_int_eq(count(reader), 1);
    expect_ok(tx_commit(writer, err));
    ck_assert_int_eq(count(reader), 1);     /* still its snapshot */
    expect_ok(tx_commit(reader, err));
    ck_assert_int_eq(count_now(), 2);
}
END_TEST

START_TEST(the_snapshot_is_of_the_begin_not_of_the_first_query)
{
    struct tx *reader = begin(TX_READ);

    add_one("a");
    ck_assert_int_eq(count(reader), 0);
    expect_ok(tx_commit(reader, err));
}
END_TEST

static int hook_calls;

static void
hook(void *arg)
{
    struct tx *tx = begin(TX_WRITE);        /* would wait for ever if the commit still held anything */

    tx_rollback(tx);
    hook_calls += *(int *)arg;
}

START_TEST(hooks_run_after_commit_and_only_then)
{
    struct tx *tx = begin(TX_WRITE);
    int one = 1, ten = 10;

    hook_calls = 0;
    tx_on_commit(tx, hook, &one);
    tx_on_commit(tx, hook, &ten);
    ck_assert_int_eq(hook_calls, 0);
    expect_ok(tx_commit(tx, err));
    ck_assert_int_eq(hook_calls, 11);
    tx = begin(TX_WRITE);
    tx_on_commit(tx, hook, &one);
    tx_rollback(tx);
    ck_assert_int_eq(hook_calls, 11);
}
END_TEST

START_TEST(constraints_have_codes_and_cost_only_their_statement)
{
    struct tx *tx = begin(TX_WRITE);

    add(tx, "a");
    expect_error(tx_exec(tx, err, "insert into parent (id) values ('a')", NULL), CAIRN_EXISTS, "parent.id");
    expect_error(tx_exec(tx, err, "insert into parent (id, name) values ('b', 'a')", NULL), CAIRN_EXISTS, "parent.name");
    expect_error(tx_exec(tx, err, "insert into child (id, parent_id) values ('c', 'none')", NULL), CAIRN_CONFLICT, "FOREIGN KEY");
    expect_error(tx_exec(tx, err, "insert into child (id, parent_id, n) values ('c', 'a', 100)", NULL), CAIRN_INVALID, "CHECK");
    expect_error(tx_exec(tx, err, "insert into child (id) values ('c')", NULL), CAIRN_INVALID, "NOT NULL");
    add(tx, "b");
    expect_ok(tx_commit(tx, err));
    ck_assert_int_eq(count_now(), 2);
}
END_TEST

START_TEST(a_transaction_that_failed_cannot_be_committed)
{
    struct tx *tx = begin(TX_WRITE);

    add(tx, "a");
    expect_error(tx_exec(tx, err, "insert into nowhere values (1)", NULL), CAIRN_INTERNAL, "nowhere");
    expect_error(tx_exec(tx, err, "insert into parent (id) values ('z')", NULL), CAIRN_INTERNAL, "failed already");
    expect_error(tx_commit(tx, err), CAIRN_INTERNAL, "nothing was changed");
    ck_assert_int_eq(count_now(), 0);
}
END_TEST

START_TEST(a_wrong_number_of_parameters_is_an_error)
{
    struct tx *tx = begin(TX_WRITE);

    expect_error(tx_exec(tx, err, "insert into parent (id) values (?)", NULL), CAIRN_INTERNAL, "0 parameters given, 1 wanted");
    tx_rollback(tx);
}
END_TEST

START_TEST(two_statements_in_one_text_are_refused)
{
    struct tx *tx = begin(TX_WRITE);

    expect_error(tx_exec(tx, err, "delete from child; delete from parent", NULL), CAIRN_INTERNAL, "one statement");
    tx_rollback(tx);
}
END_TEST

START_TEST(a_change_in_a_read_transaction_is_fatal)
{
    struct tx *tx = begin(TX_READ);

    scratch_drop();         /* here and below: nobody cleans up after the abort */
    tx_exec(tx, NULL, "delete from parent", NULL);
}
END_TEST

START_TEST(a_column_that_was_not_selected_is_fatal)
{
    struct tx *tx = begin(TX_WRITE);
    struct rows *rows;

    add(tx, "a");
    expect_ok(tx_query(tx, &rows, err, "select id from parent", NULL));
    rows_next(rows, NULL);
    scratch_drop();
    row_text(rows, "name");
}
END_TEST

#ifdef CAIRN_DEBUG
START_TEST(a_column_that_nobody_reads_is_fatal_for_developers)
{
    struct tx *tx = begin(TX_WRITE);
    struct rows *rows;

    add(tx, "a");
    expect_ok(tx_query(tx, &rows, err, "select id, name from parent", NULL));
    while (rows_next(rows, NULL) == 1)
        row_text(rows, "id");
    scratch_drop();
    rows_close(rows);
}
END_TEST

START_TEST(a_query_left_open_is_fatal_for_developers)
{
    struct tx *tx = begin(TX_READ);
    struct rows *rows;

    expect_ok(tx_query(tx, &rows, err, "select id from parent", NULL));
    scratch_drop();
    tx_commit(tx, NULL);
}
END_TEST

START_TEST(waiting_for_oneself_is_fatal_for_developers)
{
    begin(TX_WRITE);
    scratch_drop();
    begin(TX_WRITE);
}
END_TEST
#else
START_TEST(a_query_left_open_ends_with_its_transaction)
{
    struct tx *tx = begin(TX_READ);
    struct rows *rows;

    expect_ok(tx_query(tx, &rows, err, "select id from parent", NULL));
    expect_ok(tx_commit(tx, err));
    expect_error(rows_next(rows, err), CAIRN_INTERNAL, "outlived");
    rows_close(rows);
    expect_ok(tx_commit(begin(TX_WRITE), err));
}
END_TEST
#endif

enum { WRITERS = 8, EACH = 25 };

static void *
write_many(void *arg)
{
    for (int i = 0; i < EACH; i++) {
        struct tx *tx = begin(TX_WRITE);
        int64_t n = 0;

        /* Read, then write what was read: lost updates would show. */
        expect_ok(tx_int(tx, &n, 0, err, "select size from parent where id = 'sum'", NULL));
        expect_ok(tx_exec(tx, err, "update parent set size = ? where id = 'sum'", "i", n + 1));
        expect_ok(tx_commit(tx, err));
    }
    return arg;
}

static void *
read_many(void *arg)
{
    for (int i = 0; i < 4 * EACH; i++)
        ck_assert_int_eq(count_now(), 1);
    return arg;
}

START_TEST(writers_of_many_threads_take_turns)
{
    pthread_t threads[2 * WRITERS];
    struct tx *tx;
    int64_t n = 0;

    add_one("sum");
    for (int i = 0; i < 2 * WRITERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, i % 2 ? write_many : read_many, NULL), 0);
    for (int i = 0; i < 2 * WRITERS; i++)
        pthread_join(threads[i], NULL);
    tx = begin(TX_READ);
    expect_ok(tx_int(tx, &n, 0, err, "select size from parent where id = 'sum'", NULL));
    expect_ok(tx_commit(tx, err));
    ck_assert_int_eq(n, WRITERS * EACH);
}
END_TEST

START_TEST(more_readers_than_connections_wait_their_turn)
{
    struct tx *held[15];
    pthread_t threads[8];

    add_one("a");
    for (int i = 0; i < 15; i++)
        held[i] = begin(TX_READ);
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_many, NULL), 0);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 15; i++)
        expect_ok(tx_commit(held[i], err));
}
END_TEST

START_TEST(more_statements_than_are_kept_still_work)
{
    struct tx *tx = begin(TX_WRITE);

    for (int i = 0; i < 1000; i++) {
        CLEANUP_FREE char *sql = xasprintf("select %d", i);
        int64_t n = -1;

        expect_ok(tx_int(tx, &n, -1, err, sql, NULL));
        ck_assert_int_eq(n, i);
    }
    tx_rollback(tx);
}
END_TEST

START_TEST(a_full_disk_is_no_space_and_changes_nothing)
{
    struct tx *tx = begin(TX_WRITE);
    int rc = 0;
    int64_t pages = 0;
    struct cairn_error why = CAIRN_ERROR_INIT;

    expect_ok(tx_int(tx, &pages, 0, err, "pragma max_page_count = 20", NULL));
    for (int i = 0; rc == 0 && i < 1000; i++) {
        CLEANUP_FREE char *id = xasprintf("%d", i);

        rc = tx_exec(tx, &why, "insert into parent (id, raw) values (?, zeroblob(4000))", "s", id);
    }
    ck_assert_int_eq(rc, -1);
    ck_assert_uint_eq(why.code, CAIRN_NO_SPACE);
    expect_error(tx_exec(tx, err, "insert into parent (id) values ('z')", NULL), CAIRN_NO_SPACE, "failed already");
    expect_error(tx_commit(tx, err), CAIRN_NO_SPACE, "nothing was changed");
    ck_assert_int_eq(count_now(), 0);
}
END_TEST

/* Each child is a process like cairnd --api and cairnd --host. */
START_TEST(processes_share_a_catalog)
{
    enum { PROCESSES = 4 };
    pid_t pids[PROCESSES];
    struct tx *tx;
    int64_t n = 0;

    add_one("sum");
    catalog_close(cat);         /* no connection may cross a fork */
    cat = NULL;
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            expect_ok(catalog_open_schema(url, steps, &cat, err));
            write_many(NULL);
            catalog_close(cat);
            _exit(0);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = -1;

        ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
        ck_assert_int_eq(status, 0);
    }
    expect_ok(catalog_open_schema(url, steps, &cat, err));
    tx = begin(TX_READ);
    expect_ok(tx_int(tx, &n, 0, err, "select size from parent where id = 'sum'", NULL));
    expect_ok(tx_commit(tx, err));
    ck_assert_int_eq(n, PROCESSES * EACH);
}
END_TEST

START_TEST(a_killed_process_leaves_what_it_committed_and_nothing_else)
{
    int ready[2];
    char c;
    pid_t pid;

    catalog_close(cat);
    cat = NULL;
    ck_assert_int_eq(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        struct tx *tx;

        expect_ok(catalog_open_schema(url, steps, &cat, err));
        add_one("done");
        tx = begin(TX_WRITE);
        add(tx, "half");
        ck_assert_int_eq(write(ready[1], "x", 1), 1);
        for (;;)
            pause();
    }
    ck_assert_int_eq(read(ready[0], &c, 1), 1);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    expect_ok(catalog_open_schema(url, steps, &cat, err));
    ck_assert_int_eq(count_now(), 1);
    add_one("half");
    expect_ok(catalog_check(cat, err));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("catalog");
    TCase *file = tcase_create("file"), *memory = tcase_create("memory");

    tcase_add_checked_fixture(file, open_file, close_it);
    tcase_add_checked_fixture(memory, open_memory, close_it);
    tcase_set_timeout(file, 60);
    for (int i = 0; i < 2; i++) {
        TCase *t = i == 0 ? file : memory;

        tcase_add_test(t, what_is_committed_is_there);
        tcase_add_test(t, what_is_rolled_back_never_was);
        tcase_add_test(t, a_scope_that_is_left_rolls_back);
        tcase_add_test(t, every_type_comes_back_as_it_went_in);
        tcase_add_test(t, one_statement_can_run_within_itself);
        tcase_add_test(t, hooks_run_after_commit_and_only_then);
        tcase_add_test(t, constraints_have_codes_and_cost_only_their_statement);
        tcase_add_test(t, a_transaction_that_failed_cannot_be_committed);
        tcase_add_test(t, writers_of_many_threads_take_turns);
    }
    tcase_add_test(file, a_reader_neither_sees_nor_awaits_a_writer);
    tcase_add_test(file, the_snapshot_is_of_the_begin_not_of_the_first_query);
    tcase_add_test(file, a_wrong_number_of_parameters_is_an_error);
    tcase_add_test(file, two_statements_in_one_text_are_refused);
    tcase_add_test(file, more_readers_than_connections_wait_their_turn);
    tcase_add_test(file, more_statements_than_are_kept_still_work);
    tcase_add_test(file, a_full_disk_is_no_space_and_changes_nothing);
    tcase_add_test(file, processes_share_a_catalog);
    tcase_add_test(file, a_killed_process_leaves_what_it_committed_and_nothing_else);
    tcase_add_test_raise_signal(file, a_change_in_a_read_transaction_is_fatal, SIGABRT);
    tcase_add_test_raise_signal(file, a_column_that_was_not_selected_is_fatal, SIGABRT);
#ifdef CAIRN_DEBUG
    tcase_add_test_raise_signal(file, a_column_that_nobody_reads_is_fatal_for_developers, SIGABRT);
    tcase_add_test_raise_signal(file, a_query_left_open_is_fatal_for_developers, SIGABRT);
    tcase_add_test_raise_signal(file, waiting_for_oneself_is_fatal_for_developers, SIGABRT);
#else
    tcase_add_test(file, a_query_left_open_ends_with_its_transaction);
#endif
    suite_add_tcase(suite, file);
    suite_add_tcase(suite, memory);
    return run_suite(suite);
}
