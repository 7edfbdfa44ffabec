/* object_test.c: the object store's access lists, the bounds of its listings, its policies; the reaper, the scrubber and the audit of its bytes. */
#include <config.h>
#include <string.h>

#include "flow/reconcile.h"
#include "object/private.h"
#include "rest/policy.h"
#include "unit_cloud.h"

static const struct auth ann = { .user_id = "u1", .user_name = "ann", .user_domain_id = "default", .project_id = "p1", .project_name = "red",
                                 .project_domain_id = "default" };
static const struct auth stranger = { .user_id = "u2", .user_name = "ann", .user_domain_id = "other", .project_id = "p2", .project_name = "red",
                                      .project_domain_id = "other" };

START_TEST(a_list_names_users_by_id_and_name)
{
    ck_assert_int_eq(acl_allows("p1:u1", "default", &ann, NULL, 0), 1);
    ck_assert_int_eq(acl_allows("red:ann", "default", &ann, NULL, 0), 1);
    ck_assert_int_eq(acl_allows("*:u1", "default", &ann, NULL, 0), 1);
    ck_assert_int_eq(acl_allows("p1:*", "default", &ann, NULL, 0), 1);
    ck_assert_int_eq(acl_allows("p2:u1,p1:u2", "default", &ann, NULL, 0), 0);
    ck_assert_int_eq(acl_allows("*:*", "default", NULL, NULL, 0), 0);
}
END_TEST

START_TEST(names_of_another_domain_are_not_believed)
{
    ck_assert_int_eq(acl_allows("red:ann", "default", &stranger, NULL, 0), 0);
    ck_assert_int_eq(acl_allows("p2:u2", "default", &stranger, NULL, 0), 1);
}
END_TEST

START_TEST(a_referrer_opens_objects_and_only_with_rlistings_lists)
{
    ck_assert_int_eq(acl_allows(".r:*", "default", NULL, NULL, 0), 1);
    ck_assert_int_eq(acl_allows(".r:*", "default", NULL, NULL, 1), 0);
    ck_assert_int_eq(acl_allows(".r:*,.rlistings", "default", NULL, NULL, 1), 1);
    ck_assert_int_eq(acl_allows(".r:.example.com", "default", NULL, "http://www.example.com/page", 0), 1);
    ck_assert_int_eq(acl_allows(".r:.example.com", "default", NULL, "http://www.example.com.evil.org/", 0), 0);
    ck_assert_int_eq(acl_allows(".r:.example.com", "default", NULL, "http://example.com@evil.org/", 0), 0);
    ck_assert_int_eq(acl_allows(".r:*,.r:-thief.com", "default", NULL, "http://thief.com/", 0), 0);
}
END_TEST

START_TEST(a_list_is_cleaned_or_refused)
{
    CLEANUP_STR struct str out = STR_INIT;

    cairn_error_clear(&err);
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

/* --- rows and bytes in two stores */

#define HELLO_MD5 "5d41402abc4b2a76b9719d911017c592"

static const struct cairn_key daemon_keys[] = {
    CAIRN_KEY("state_dir", CAIRN_KEY_PATH, "/nowhere", "Where."), { 0, 0, 0, 0, NULL, NULL, NULL, 0, 0 },
};
static const struct config_section sections[] = { { "daemon", "It.", daemon_keys }, { "object", "It.", object_keys }, { NULL, NULL, NULL } };

static void
begin(void)
{
    CLEANUP_FREE char *text = NULL;

    unit_begin();
    unit_catalog();
    text = xasprintf("[daemon]\nstate_dir = %s\n[storage:slow]\ndriver = fake\n[storage:fast]\ndriver = fake\n[object]\npolicies = gold=fast,plain=slow\n", scratch);
    unit_plugins(text, sections, NULL, NULL);
    ck_assert_msg(plugins_load_all(plugins, &err) == 0, "%s", err.message);
    sql("insert into object_accounts (id, name, created_us) values (1, 'AUTH_p', 1)");
    sql("insert into object_containers (id, account_id, name, policy, created_us, updated_us) values (2, 1, 'c', 'gold', 1, 1)");
}

static void
add_blob(const char *instance, const char *key, const char *bytes)
{
    CLEANUP_DRIVER struct driver *store = plugins_get(plugins, CAIRN_STORAGE, instance);
    struct cairn_stream *stream;

    ck_assert_int_eq(storage_blob_open(store, key, 0, &stream, &err), 0);
    ck_assert_int_eq(storage_blob_write(store, stream, bytes, strlen(bytes), &err), 0);
    ck_assert_int_eq(storage_blob_commit(store, stream, &err), 0);
}

/* A row of five bytes. */
static void
add_row(int64_t id, const char *name, const char *instance, const char *key, int is_expired)
{
    sql("insert into objects (id, container_id, name, version_us, latest, size_bytes, etag, content_type, store, blob, updated_us, delete_at_us)"
        " values (%d, 2, '%s', %d, 1, 5, '" HELLO_MD5 "', 'text/plain', '%s', '%s', 1, %s)", (int)id, name, (int)id, instance, key, is_expired ? "1" : "null");
    sql("update object_containers set object_count = object_count + 1, bytes_used = bytes_used + 5 where id = 2");
}

static int
is_there(const char *instance, const char *key)
{
    CLEANUP_DRIVER struct driver *store = plugins_get(plugins, CAIRN_STORAGE, instance);
    struct cairn_blob_info info = { .size = sizeof info };
    struct cairn_error why = CAIRN_ERROR_INIT;

    return storage_blob_info(store, key, &info, &why) == 0;
}

START_TEST(shared_bytes_go_with_the_last_row_in_the_store_they_are_in)
{
    add_blob("fast", "one", "hello");
    add_blob("slow", "two", "hello");
    add_row(10, "expired", "fast", "one", 1);
    add_row(11, "copy", "fast", "one", 0);
    add_row(12, "gone", "slow", "two", 1);
    ck_assert_int_eq(object_reap(catalog, plugins, &err), 0);
    ck_assert(is_there("fast", "one"));
    ck_assert(!is_there("slow", "two"));
    ck_assert_int_eq(number("select count(*) from objects"), 1);
    ck_assert_int_eq(number("select object_count * 100 + bytes_used from object_containers"), 105);
    sql("update objects set delete_at_us = 1");
    ck_assert_int_eq(object_reap(catalog, plugins, &err), 0);
    ck_assert(!is_there("fast", "one"));
    ck_assert_int_eq(number("select object_count + bytes_used from object_containers"), 0);
    ck_assert_int_eq(number("select count(*) from object_garbage"), 0);
}
END_TEST

START_TEST(the_scrubber_keeps_apart_what_is_damaged_or_lost)
{
    char after[208] = "";

    add_blob("fast", "good", "hello");
    add_blob("slow", "bad", "jello");
    add_row(10, "a", "fast", "good", 0);
    add_row(11, "b", "slow", "bad", 0);
    add_row(12, "c", "slow", "lost", 0);
    ck_assert_int_eq(object_scrub(catalog, plugins, 1, after, &err), 0);
    ck_assert_str_eq(after, "bad");             /* one step, and it goes on from there */
    ck_assert_str_eq(text_of("select blob from object_quarantine"), "bad");
    ck_assert_int_eq(object_scrub(catalog, plugins, 1 << 20, after, &err), 0);
    ck_assert_str_eq(after, "");                /* once around */
    ck_assert_int_eq(number("select count(*) from object_quarantine where blob in ('bad', 'lost')"), 2);
    ck_assert_int_eq(number("select count(*) from object_quarantine"), 2);
    ck_assert_int_eq(object_scrub(catalog, plugins, 1 << 20, after, &err), 0);
    ck_assert_int_eq(number("select count(*) from object_quarantine"), 2);
    /* With the object its place in the quarantine goes. */
    sql("update objects set delete_at_us = 1");
    ck_assert_int_eq(object_reap(catalog, plugins, &err), 0);
    ck_assert_int_eq(number("select count(*) from object_quarantine"), 0);
    ck_assert(!is_there("slow", "bad"));
}
END_TEST

static void
count_finding(void *arg, const struct audit_finding *f)
{
    int *counts = arg;

    counts[strcmp(f->check, "object-bytes-without-object") == 0 ? 0 : strcmp(f->check, "object-without-bytes") == 0 ? 1 : 2]++;
}

START_TEST(the_audit_turns_every_page)
{
    enum { MANY = 2500 };
    struct reconciler_options o = { .catalog = catalog, .plugins = plugins, .config = config, .host = "h1" };
    int counts[3] = { 0, 0, 0 }, open;

    for (int i = 0; i < MANY; i++) {
        char key[16];

        snprintf(key, sizeof key, "o%05d", i);
        add_blob(i % 2 == 0 ? "fast" : "slow", key, "hello");
    }
    sql("insert into objects (id, container_id, name, version_us, latest, size_bytes, etag, content_type, store, blob, updated_us)"
        " with recursive n(i) as (select 0 union all select i + 1 from n where i < %d)"
        " select i + 1, 2, 'n' || i, i, 1, 5, '" HELLO_MD5 "', 'text/plain', case i %% 2 when 0 then 'fast' else 'slow' end, printf('o%%05d', i), 1 from n",
        MANY - 1);
    sql("update object_containers set object_count = %d, bytes_used = %d", MANY, MANY * 5);
    ck_assert_msg(audit_run(&o, 0, count_finding, counts, &open, &err) == 0, "%s", err.message);
    ck_assert_int_eq(counts[0] + counts[1] + counts[2], 0);
    /* Rows whose bytes are elsewhere: each is told, those of the last page too. */
    sql("update objects set store = case store when 'fast' then 'slow' else 'fast' end where id in (1, %d)", MANY);
    ck_assert_int_eq(audit_run(&o, 0, count_finding, counts, &open, &err), 0);
    ck_assert_int_eq(counts[1], 2);
}
END_TEST

START_TEST(each_policy_has_its_store)
{
    static const struct { const char *text; int ok; } lists[] = {
        { "gold=fast,plain=slow", 1 }, { "gold=fast,GOLD=slow", 0 }, { "gold", 0 }, { "=fast", 0 }, { "gold=", 0 }, { "go ld=fast", 0 },
    };
    struct http_app *app;
    struct object_service *s;
    struct driver *store;

    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct rest_env env = { .catalog = catalog, .plugins = plugins };
        CLEANUP_FREE char *text = xasprintf("[object]\npolicies = %s\n", lists[i].text);
        struct config *own;

        ck_assert_int_eq(config_load_text(text, "own.conf", sections, NULL, &own, &err), 0);
        ck_assert_int_eq(policy_new(&env.policy, &err), 0);
        env.config = own;
        ck_assert_int_eq(object_app(&env, &app, &err), lists[i].ok ? 0 : -1);
        if (lists[i].ok) {
            s = app->self;
            ck_assert_int_eq(policy_open(s, "gold", &store, &err), 0);
            ck_assert_str_eq(driver_instance(store), "fast");
            driver_put(store);
            ck_assert_int_eq(policy_open(s, "PLAIN", &store, &err), 0);
            ck_assert_str_eq(driver_instance(store), "slow");
            driver_put(store);
            ck_assert_int_eq(policy_open(s, "silver", &store, &err), -1);
            object_app_free(app);
        }
        policy_free(env.policy);
        config_free(own);
        cairn_error_clear(&err);
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("object");
    TCase *bytes = tcase_create("bytes");
    TCase *t = tcase_create("rules");

    tcase_add_test(t, a_list_names_users_by_id_and_name);
    tcase_add_test(t, names_of_another_domain_are_not_believed);
    tcase_add_test(t, a_referrer_opens_objects_and_only_with_rlistings_lists);
    tcase_add_test(t, a_list_is_cleaned_or_refused);
    tcase_add_test(t, the_successor_lies_just_above_all_with_the_prefix);
    suite_add_tcase(s, t);
    tcase_add_checked_fixture(bytes, begin, unit_end);
    tcase_set_timeout(bytes, 60);
    tcase_add_test(bytes, shared_bytes_go_with_the_last_row_in_the_store_they_are_in);
    tcase_add_test(bytes, the_scrubber_keeps_apart_what_is_damaged_or_lost);
    tcase_add_test(bytes, the_audit_turns_every_page);
    tcase_add_test(bytes, each_policy_has_its_store);
    suite_add_tcase(s, bytes);
    return run_suite(s);
}
