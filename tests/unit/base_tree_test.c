/* base_tree_test.c: trees of folders are made and removed, and nothing outside of them. */
#include <config.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
#include "unit.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/tree.h"

START_TEST(folders_are_made_with_those_above_them)
{
    CLEANUP_FREE char *path = xstrdup(scratch_path("a/b/c"));
    struct stat st;

    expect_ok(tree_make(path, 0700, err));
    expect_ok(tree_make(path, 0755, err));          /* there already: left as it is */
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0700);
    ck_assert_int_eq(stat(scratch_path("a/b"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0755);
}
END_TEST

START_TEST(a_file_in_the_way_is_told)
{
    scratch_write("a", "");
    expect_error(tree_make(scratch_path("a/b"), 0700, err), CAIRN_INTERNAL, "cannot make folder");
}
END_TEST

START_TEST(a_tree_goes_and_what_its_links_point_at_stays)
{
    CLEANUP_FREE char *outside = xstrdup(scratch_path("outside"));

    expect_ok(tree_make(outside, 0700, err));
    scratch_write("outside/kept", "x");
    expect_ok(tree_make(scratch_path("tree/deep/deeper"), 0700, err));
    scratch_write("tree/deep/file", "x");
    ck_assert_int_eq(symlink(outside, scratch_path("tree/deep/link")), 0);
    expect_ok(tree_remove(scratch_path("tree"), err));
    ck_assert_int_eq(access(scratch_path("tree"), F_OK), -1);
    ck_assert_int_eq(access(scratch_path("outside/kept"), F_OK), 0);
    expect_ok(tree_remove(scratch_path("tree"), err));      /* gone already */
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("tree");
    TCase *t = tcase_create("tree");

    umask(022);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_test(t, folders_are_made_with_those_above_them);
    tcase_add_test(t, a_file_in_the_way_is_told);
    tcase_add_test(t, a_tree_goes_and_what_its_links_point_at_stays);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
