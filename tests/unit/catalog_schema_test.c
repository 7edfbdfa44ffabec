/* catalog_schema_test.c: upgrades, copies, backup, restore and check of catalogs. */
#include "config.h"
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base/str.h"
#include "catalog/migrate.h"

static const struct catalog_migration first[] = {
    { 1, "core", "create table thing (id text primary key); insert into thing (id) values ('old');" },
    { 0, NULL, NULL },
};
static const struct catalog_migration second[] = {
    { 1, "core", "create table thing (id text primary key); insert into thing (id) values ('old');" },
    { 5, "more", "alter table thing add column size bigint not null default 3; insert into thing (id) values ('new');" },
    { 0, NULL, NULL },
};
static const struct catalog_migration between[] = {
    { 1, "core", "" }, { 3, "late", "create table late (id text)" }, { 5, "more", "" }, { 0, NULL, NULL },
};
static const struct catalog_migration broken[] = {
    { 1, "core", "" }, { 2, "well", "create table well (id text)" }, { 3, "ill", "create table ill (" }, { 0, NULL, NULL },
};

static char url[128];

static void
set_up(void)
{
    scratch_make();
    snprintf(url, sizeof url, "sqlite:%s", scratch_path("catalog.db"));
}

static struct catalog *
open_with(const struct catalog_migration *steps)
{
    struct catalog *cat = NULL;

    expect_ok(catalog_open_schema(url, steps, &cat, err));
    return cat;
}

static int64_t
ask(struct catalog *cat, const char *sql)
{
    struct tx *tx = NULL;
    int64_t n = -1;

    expect_ok(tx_begin(cat, TX_READ, &tx, err));
    expect_ok(tx_int(tx, &n, -1, err, sql, NULL));
    expect_ok(tx_commit(tx, err));
    return n;
}

static void
change(struct catalog *cat, const char *sql)
{
    struct tx *tx = NULL;

    expect_ok(tx_begin(cat, TX_WRITE, &tx, err));
    expect_ok(tx_exec(tx, err, sql, NULL));
    expect_ok(tx_commit(tx, err));
}

START_TEST(the_schema_that_is_compiled_in_applies)
{
    struct catalog *cat = NULL;

    expect_ok(catalog_open(url, &cat, err));
    ck_assert_int_ge(catalog_schema_version(cat), 1);
    ck_assert_int_eq(ask(cat, "select count(*) from settings"), 0);
    expect_ok(catalog_check(cat, err));
    catalog_close(cat);
    expect_ok(catalog_open(url, &cat, err));    /* and is found again */
    catalog_close(cat);
}
END_TEST

START_TEST(a_catalog_is_for_its_owner_alone)
{
    struct stat st;
    mode_t mask = umask(0);

    catalog_close(open_with(first));
    umask(mask);
    ck_assert_int_eq(stat(scratch_path("catalog.db"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(a_new_catalog_makes_no_copy)
{
    catalog_close(open_with(second));
    ck_assert_int_eq(access(scratch_path("catalog.db.before-5"), F_OK), -1);
}
END_TEST

START_TEST(an_upgrade_keeps_the_rows_and_a_copy_from_before)
{
    struct catalog *cat;

    catalog_close(open_with(first));
    cat = open_with(second);
    ck_assert_int_eq(catalog_schema_version(cat), 5);
    ck_assert_int_eq(ask(cat, "select count(*) from thing where size = 3"), 2);
    ck_assert_int_eq(ask(cat, "select count(*) from schema_migrations where number in (1, 5) and applied_us > 0"), 2);
    catalog_close(cat);
    snprintf(url, sizeof url, "sqlite:%s", scratch_path("catalog.db.before-5"));
    cat = open_with(first);
    ck_assert_int_eq(ask(cat, "select count(*) from thing"), 1);
    catalog_close(cat);
}
END_TEST

START_TEST(a_step_with_a_lower_number_that_came_later_is_applied_too)
{
    struct catalog *cat;

    catalog_close(open_with(second));
    cat = open_with(between);
    ck_assert_int_eq(ask(cat, "select count(*) from late"), 0);
    catalog_close(cat);
}
END_TEST

START_TEST(a_newer_catalog_is_refused)
{
    struct catalog *cat = NULL;

    catalog_close(open_with(second));
    expect_error(catalog_open_schema(url, first, &cat, err), CAIRN_INVALID,
                 "was made by a newer Cairn: it has schema step 5, this one knows steps up to 1");
    catalog_close(open_with(second));       /* and was not harmed */
}
END_TEST

START_TEST(an_upgrade_that_fails_changes_nothing)
{
    struct catalog *cat = NULL;

    catalog_close(open_with(first));
    expect_error(catalog_open_schema(url, broken, &cat, err), CAIRN_INTERNAL, "schema step 0003-ill");
    cat = open_with(first);
    ck_assert_int_eq(ask(cat, "select count(*) from sqlite_schema where name = 'well'"), 0);
    ck_assert_int_eq(ask(cat, "select count(*) from schema_migrations"), 1);
    catalog_close(cat);
}
END_TEST

START_TEST(a_url_that_is_none_is_refused)
{
    struct catalog *cat = NULL;

    expect_error(catalog_open("postgres:x", &cat, err), CAIRN_INVALID, "'postgres:x' names no catalog");
    expect_error(catalog_open("sqlite:/nonexistent/folder/x.db", &cat, err), CAIRN_NOT_FOUND, "cannot open '/nonexistent/folder/x.db'");
}
END_TEST

START_TEST(a_file_that_is_no_catalog_is_refused)
{
    struct catalog *cat = NULL;
    FILE *f = fopen(scratch_path("catalog.db"), "w");

    for (int i = 0; i < 1000; i++)
        fprintf(f, "this is no database\n");
    fclose(f);
    expect_error(catalog_open(url, &cat, err), CAIRN_CORRUPT, "not a database");
}
END_TEST

static int stop;

static void *
keep_writing(void *arg)
{
    /* Two rows or none: a copy that holds an odd number is no snapshot. */
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        struct tx *tx = NULL;

        expect_ok(tx_begin(arg, TX_WRITE, &tx, err));
        for (int i = 0; i < 2; i++)
            expect_ok(tx_exec(tx, err, "insert into thing (id) select coalesce(max(rowid), 0) + 1 from thing", NULL));
        expect_ok(tx_commit(tx, err));
    }
    return NULL;
}

START_TEST(a_backup_while_others_write_is_consistent)
{
    struct catalog *cat = open_with(first), *copy = NULL;
    pthread_t thread;
    struct stat st;

    change(cat, "delete from thing");
    ck_assert_int_eq(pthread_create(&thread, NULL, keep_writing, cat), 0);
    for (int i = 0; i < 5; i++) {
        char copy_url[160];

        while (ask(cat, "select count(*) from thing") < 20 * (i + 1))
            usleep(1000);
        expect_ok(catalog_backup(cat, scratch_path("backup.db"), err));
        ck_assert_int_eq(stat(scratch_path("backup.db"), &st), 0);
        ck_assert_uint_eq(st.st_mode & 0777, 0600);
        ck_assert_int_eq(access(scratch_path("backup.db.part"), F_OK), -1);
        snprintf(copy_url, sizeof copy_url, "sqlite:%s", scratch_path("backup.db"));
        expect_ok(catalog_open_schema(copy_url, first, &copy, err));
        ck_assert_int_ge(ask(copy, "select count(*) from thing"), 20 * (i + 1));
        ck_assert_int_eq(ask(copy, "select count(*) from thing") % 2, 0);
        expect_ok(catalog_check(copy, err));
        catalog_close(copy);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    catalog_close(cat);
}
END_TEST

START_TEST(a_backup_of_a_memory_catalog_works)
{
    struct catalog *cat = NULL;

    expect_ok(catalog_open_schema("sqlite::memory:", first, &cat, err));
    expect_ok(catalog_backup(cat, scratch_path("catalog.db"), err));
    expect_ok(catalog_check(cat, err));
    catalog_close(cat);
    cat = open_with(first);
    ck_assert_int_eq(ask(cat, "select count(*) from thing"), 1);
    catalog_close(cat);
}
END_TEST

/* The compiled-in schema: restore checks against that one. */
START_TEST(restore_puts_a_backup_in_place)
{
    struct catalog *cat = NULL;

    expect_ok(catalog_open(url, &cat, err));
    change(cat, "insert into settings (name, value) values ('a', '1')");
    expect_ok(catalog_backup(cat, scratch_path("backup.db"), err));
    change(cat, "delete from settings");
    expect_error(catalog_restore(url, scratch_path("backup.db"), err), CAIRN_CONFLICT, "is in use: stop cairnd first");
    ck_assert_int_eq(ask(cat, "select count(*) from settings"), 0);
    catalog_close(cat);
    expect_ok(catalog_restore(url, scratch_path("backup.db"), err));
    expect_ok(catalog_open(url, &cat, err));
    ck_assert_int_eq(ask(cat, "select count(*) from settings"), 1);
    catalog_close(cat);
    ck_assert_int_eq(unlink(scratch_path("catalog.db")), 0);
    expect_ok(catalog_restore(url, scratch_path("backup.db"), err));    /* also where none is left */
    expect_ok(catalog_open(url, &cat, err));
    ck_assert_int_eq(ask(cat, "select count(*) from settings"), 1);
    catalog_close(cat);
}
END_TEST

START_TEST(restore_refuses_what_is_no_backup)
{
    struct catalog *cat = NULL;
    FILE *f;

    expect_ok(catalog_open(url, &cat, err));
    catalog_close(cat);
    expect_error(catalog_restore(url, scratch_path("none.db"), err), CAIRN_NOT_FOUND, "none.db");
    f = fopen(scratch_path("empty.db"), "w");
    fclose(f);
    expect_error(catalog_restore(url, scratch_path("empty.db"), err), CAIRN_INVALID, "is no catalog of Cairn");
    expect_ok(catalog_open(url, &cat, err));
    catalog_close(cat);
}
END_TEST

START_TEST(restore_replaces_a_damaged_catalog)
{
    struct catalog *cat = NULL;
    int fd;

    expect_ok(catalog_open(url, &cat, err));
    expect_ok(catalog_backup(cat, scratch_path("backup.db"), err));
    catalog_close(cat);
    fd = open(scratch_path("catalog.db"), O_WRONLY);
    ck_assert_int_eq(pwrite(fd, "rubbish, rubbish, rubbish", 25, 0), 25);
    close(fd);
    expect_error(catalog_open(url, &cat, err), CAIRN_CORRUPT, "not a database");
    expect_ok(catalog_restore(url, scratch_path("backup.db"), err));
    expect_ok(catalog_open(url, &cat, err));
    catalog_close(cat);
}
END_TEST

START_TEST(check_finds_damage)
{
    struct catalog *cat = open_with(first);
    int fd;

    for (int i = 0; i < 200; i++) {
        CLEANUP_FREE char *sql = xasprintf("insert into thing (id) values ('%0100d')", i);

        change(cat, sql);
    }
    expect_ok(catalog_check(cat, err));
    catalog_close(cat);
    fd = open(scratch_path("catalog.db"), O_WRONLY);
    for (off_t at = 4 * 4096; at < 9 * 4096; at += 4096)
        ck_assert_int_eq(pwrite(fd, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12, at), 12);
    close(fd);
    cat = open_with(first);
    expect_error(catalog_check(cat, err), CAIRN_CORRUPT, "catalog: ");
    catalog_close(cat);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("catalog schema");
    TCase *t = tcase_create("schema");

    tcase_add_checked_fixture(t, set_up, scratch_drop);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, the_schema_that_is_compiled_in_applies);
    tcase_add_test(t, a_catalog_is_for_its_owner_alone);
    tcase_add_test(t, a_new_catalog_makes_no_copy);
    tcase_add_test(t, an_upgrade_keeps_the_rows_and_a_copy_from_before);
    tcase_add_test(t, a_step_with_a_lower_number_that_came_later_is_applied_too);
    tcase_add_test(t, a_newer_catalog_is_refused);
    tcase_add_test(t, an_upgrade_that_fails_changes_nothing);
    tcase_add_test(t, a_url_that_is_none_is_refused);
    tcase_add_test(t, a_file_that_is_no_catalog_is_refused);
    tcase_add_test(t, a_backup_while_others_write_is_consistent);
    tcase_add_test(t, a_backup_of_a_memory_catalog_works);
    tcase_add_test(t, restore_puts_a_backup_in_place);
    tcase_add_test(t, restore_refuses_what_is_no_backup);
    tcase_add_test(t, restore_replaces_a_damaged_catalog);
    tcase_add_test(t, check_finds_damage);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
