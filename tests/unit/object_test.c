/* object_test.c: the object store's access lists and the bounds of its listings. */
#include <config.h>
#include <check.h>
#include "object/private.h"

static const struct auth ann = { .user_id = "u1", .user_name = "ann", .user_domain_id = "default", .project_id = "p1", .project_name = "red",
                                 .project_domain_id = "default" };
static const struct auth stranger = { .user_id = "u2", .user_name = "ann", .user_domain_id = "other", .project_id = "p2", .project_name = "red",
                                      .project_domain_id = "other" };

START_TEST(a_list_names_users_by_id_and_name)
{
    ck_assert_int_eq(acl_allows("p1:u1", &ann, NULL, 0), 1);
    ck_assert_int_eq(acl_allows("red:ann", &ann, NULL, 0), 1);
    ck_assert_int_eq(acl_allows("*:u1", &ann, NULL, 0), 1);
    ck_assert_int_eq(acl_allows("p1:*", &ann, NULL, 0), 1);
    ck_assert_int_eq(acl_allows("p2:u1,p1:u2", &ann, NULL, 0), 0);
    ck_assert_int_eq(acl_allows("*:*", NULL, NULL, 0), 0);
}
END_TEST

START_TEST(names_of_another_domain_are_not_believed)
{
    ck_assert_int_eq(acl_allows("red:ann", &stranger, NULL, 0), 0);
    ck_assert_int_eq(acl_allows("p2:u2", &stranger, NULL, 0), 1);
}
END_TEST

START_TEST(a_referrer_opens_objects_and_only_with_rlistings_lists)
{
    ck_assert_int_eq(acl_allows(".r:*", NULL, NULL, 0), 1);
    ck_assert_int_eq(acl_allows(".r:*", NULL, NULL, 1), 0);
    ck_assert_int_eq(acl_allows(".r:*,.rlistings", NULL, NULL, 1), 1);
    ck_assert_int_eq(acl_allows(".r:.example.com", NULL, "http://www.example.com/page", 0), 1);
    ck_assert_int_eq(acl_allows(".r:.example.com", NULL, "http://www.example.com.evil.org/", 0), 0);
    ck_assert_int_eq(acl_allows(".r:.example.com", NULL, "http://example.com@evil.org/", 0), 0);
    ck_assert_int_eq(acl_allows(".r:*,.r:-thief.com", NULL, "http://thief.com/", 0), 0);
}
END_TEST

START_TEST(a_list_is_cleaned_or_refused)
{
    CLEANUP_STR struct str out = STR_INIT;
    struct cairn_error err = CAIRN_ERROR_INIT;

    ck_assert_int_eq(acl_clean(" .referrer : *.example.com , bob:ann,", 0, &out, &err), 0);
    ck_assert_str_eq(out.text, ".r:.example.com,bob:ann");
    ck_assert_int_eq(acl_clean(".r:*", 1, &out, &err), -1);
    ck_assert_str_eq(err.tag, "400");
    ck_assert_int_eq(acl_clean(".r:-", 0, &out, &err), -1);
    ck_assert_int_eq(acl_clean(".unknown:x", 0, &out, &err), -1);
}
END_TEST

START_TEST(the_successor_lies_just_above_all_with_the_prefix)
{
    static const char *const pairs[][2] = { { "a", "b" }, { "a/", "a0" }, { "\x7f", "\xc2\x80" }, { "\xed\x9f\xbf", "\xee\x80\x80" }, { "a\xf4\x8f\xbf\xbf", "b" } };

    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        CLEANUP_FREE char *next = listing_successor(pairs[i][0]);

        ck_assert_str_eq(next, pairs[i][1]);
    }
    ck_assert_ptr_null(listing_successor("\xf4\x8f\xbf\xbf"));
    ck_assert_ptr_null(listing_successor(""));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("object");
    TCase *t = tcase_create("rules");
    SRunner *r;
    int failed;

    tcase_add_test(t, a_list_names_users_by_id_and_name);
    tcase_add_test(t, names_of_another_domain_are_not_believed);
    tcase_add_test(t, a_referrer_opens_objects_and_only_with_rlistings_lists);
    tcase_add_test(t, a_list_is_cleaned_or_refused);
    tcase_add_test(t, the_successor_lies_just_above_all_with_the_prefix);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed > 0;
}
