/* identity_token_test.c: keys, tokens, passwords, the service catalog's URLs. */
#include "config.h"
#include <check.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/str.h"
#include "identity/keys.h"
#include "identity/password.h"
#include "identity/service_catalog.h"
#include "identity/token.h"
#include "unit.h"

static struct key_ring *ring;
static struct cairn_error err;

static void
setup(void)
{
    cairn_error_clear(&err);
    scratch_make();
    ck_assert_msg(keys_open(scratch, TOKEN_KEYS, &ring, &err) == 0, "%s", err.message);
}

static void
teardown(void)
{
    keys_close(ring);
    scratch_drop();
}

static struct token
sample(void)
{
    struct token t = { .scope = AUTH_PROJECT, .methods = TOKEN_BY_PASSWORD, .issued_us = clock_us(), .expires_us = clock_us() + 3600000000LL };

    token_audit_id(t.audit_id);
    token_audit_id(t.chain_id);
    strcpy(t.user_id, "0123456789abcdef0123456789abcdef");
    strcpy(t.target_id, "fedcba9876543210fedcba9876543210");
    return t;
}

START_TEST(a_token_says_what_was_put_in)
{
    struct token t = sample(), back;
    char text[TOKEN_TEXT_MAX];

    ck_assert_int_eq(token_seal(ring, &t, text, &err), 0);
    ck_assert_uint_lt(strlen(text), 200);
    ck_assert_int_eq(token_unseal(ring, text, &back, &err), 0);
    ck_assert_int_eq(back.scope, AUTH_PROJECT);
    ck_assert_uint_eq(back.methods, TOKEN_BY_PASSWORD);
    ck_assert_int_eq(back.issued_us, t.issued_us);
    ck_assert_int_eq(back.expires_us, t.expires_us);
    ck_assert_str_eq(back.user_id, t.user_id);
    ck_assert_str_eq(back.target_id, t.target_id);
    ck_assert_str_eq(back.audit_id, t.audit_id);
    ck_assert_str_eq(back.chain_id, t.chain_id);
}
END_TEST

START_TEST(ids_of_any_form_survive)
{
    static const char *const ids[] = { "", "default", "a", "ABCDEF0123456789ABCDEF0123456789", "0123456789abcdef0123456789abcdeg",
                                       "b2b5c1f0-4b6a-4f6e-9c9a-3f0c2a0c1c11", "1234567890123456789012345678901234567890123456789012345678901234" };

    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        struct token t = sample(), back;
        char text[TOKEN_TEXT_MAX];

        snprintf(t.target_id, sizeof t.target_id, "%s", ids[i]);
        ck_assert_int_eq(token_seal(ring, &t, text, &err), 0);
        ck_assert_int_eq(token_unseal(ring, text, &back, &err), 0);
        ck_assert_str_eq(back.target_id, ids[i]);
    }
}
END_TEST

START_TEST(a_token_changed_anywhere_is_refused)
{
    struct token t = sample(), back;
    char text[TOKEN_TEXT_MAX], bent[TOKEN_TEXT_MAX];
    size_t len, refused = 0;

    ck_assert_int_eq(token_seal(ring, &t, text, &err), 0);
    len = strlen(text);
    for (size_t i = 0; i + 1 < len; i++) {      /* the last character has bits that mean nothing */
        strcpy(bent, text);
        bent[i] = bent[i] == 'A' ? 'B' : 'A';
        cairn_error_clear(&err);
        ck_assert_int_eq(token_unseal(ring, bent, &back, &err), -1);
        ck_assert_int_eq(err.code, CAIRN_UNAUTHENTICATED);
        refused++;
    }
    ck_assert_uint_gt(refused, 100);
    for (size_t cut = 0; cut < len; cut++) {
        snprintf(bent, cut + 1, "%s", text);
        ck_assert_int_eq(token_unseal(ring, bent, &back, &err), -1);
    }
    snprintf(bent, sizeof bent, "%sA", text);
    ck_assert_int_eq(token_unseal(ring, bent, &back, &err), -1);
}
END_TEST

START_TEST(another_clouds_token_is_refused)
{
    struct token t = sample(), back;
    const char *other_dir = scratch_path("other");
    char text[TOKEN_TEXT_MAX];
    struct key_ring *other;

    ck_assert_int_eq(mkdir(other_dir, 0700), 0);
    ck_assert_int_eq(keys_open(other_dir, TOKEN_KEYS, &other, &err), 0);
    ck_assert_int_eq(token_seal(other, &t, text, &err), 0);
    ck_assert_int_eq(token_unseal(ring, text, &back, &err), -1);
    keys_close(other);
}
END_TEST

START_TEST(a_rotated_key_still_opens_old_tokens_until_the_grace_is_over)
{
    struct token t = sample(), back;
    char old[TOKEN_TEXT_MAX], new[TOKEN_TEXT_MAX];
    uint32_t number = 0;

    ck_assert_int_eq(token_seal(ring, &t, old, &err), 0);
    ck_assert_int_eq(keys_rotate(ring, 7200, &number, &err), 0);
    ck_assert_uint_eq(number, 2);
    ck_assert_int_eq(token_seal(ring, &t, new, &err), 0);
    ck_assert_int_eq(token_unseal(ring, old, &back, &err), 0);
    ck_assert_int_eq(token_unseal(ring, new, &back, &err), 0);
    clock_move(3 * 3600 * 1000000LL);
    ck_assert_int_eq(keys_rotate(ring, 7200, &number, &err), 0);
    ck_assert_int_eq(token_unseal(ring, old, &back, &err), -1);
    ck_assert_int_eq(token_unseal(ring, new, &back, &err), 0);
    clock_move(-3 * 3600 * 1000000LL);
}
END_TEST

START_TEST(another_process_finds_the_new_key_by_reading_again)
{
    struct key_ring *other;
    struct token t = sample(), back;
    char text[TOKEN_TEXT_MAX];
    uint32_t number;

    ck_assert_int_eq(keys_open(scratch, TOKEN_KEYS, &other, &err), 0);
    ck_assert_int_eq(keys_rotate(other, 7200, &number, &err), 0);
    ck_assert_int_eq(token_seal(other, &t, text, &err), 0);
    ck_assert_int_eq(token_unseal(ring, text, &back, &err), -1);
    ck_assert_int_eq(keys_reload(ring, &err), 0);
    ck_assert_int_eq(token_unseal(ring, text, &back, &err), 0);
    keys_close(other);
}
END_TEST

START_TEST(rotation_without_end_is_refused_and_loses_no_key)
{
    struct token t = sample(), back;
    char text[TOKEN_TEXT_MAX];
    uint32_t number;

    ck_assert_int_eq(token_seal(ring, &t, text, &err), 0);
    for (int i = 1; i < KEYS_MAX; i++)
        ck_assert_int_eq(keys_rotate(ring, 7200, &number, &err), 0);
    ck_assert_int_eq(keys_rotate(ring, 7200, &number, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_RATE_LIMITED);
    ck_assert_int_eq(token_unseal(ring, text, &back, &err), 0);
}
END_TEST

START_TEST(keys_are_for_their_owner_alone)
{
    struct stat st;
    CLEANUP_FREE char *folder = xasprintf("%s/keys", scratch);
    CLEANUP_FREE char *file = xasprintf("%s/keys/1", scratch);
    struct key_ring *other;

    ck_assert_int_eq(stat(folder, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0700);
    ck_assert_int_eq(stat(file, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0600);
    ck_assert_int_eq(chmod(file, 0644), 0);
    ck_assert_int_eq(keys_open(scratch, TOKEN_KEYS, &other, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_DENIED);
}
END_TEST

START_TEST(a_flood_of_rubbish_keeps_memory_as_it_was)
{
    struct token back;
    char text[TOKEN_TEXT_MAX + 64];
    size_t before = 0;

    for (int i = 0; i < 20000; i++) {
        size_t len = (size_t)(i % (int)(sizeof text - 1));

        id_random(text, len);
        for (size_t j = 0; j < len; j++)
            text[j] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[(unsigned char)text[j] % 64];
        if (len > 6 && i % 2 == 0)
            memcpy(text, "AQAAAQ", 6);          /* looks like one of ours */
        text[len] = '\0';
        ck_assert_int_eq(token_unseal(ring, text, &back, &err), -1);
        if (i == 1000)
            before = mallinfo2().uordblks;
    }
    ck_assert_uint_le(mallinfo2().uordblks, before + 4096);
}
END_TEST

/* --- passwords */
START_TEST(a_password_opens_its_own_hash_only)
{
    CLEANUP_FREE char *hash = NULL;
    CLEANUP_FREE char *again = NULL;
    unsigned long hashed, after, remembered;

    ck_assert_int_eq(password_hash("swordfish", &hash, &err), 0);
    ck_assert_int_eq(password_hash("swordfish", &again, &err), 0);
    ck_assert_str_ne(hash, again);
    ck_assert_int_eq(password_verify("u1", "swordfish", hash, &err), 0);
    password_counts(&hashed, &remembered);
    ck_assert_int_eq(password_verify("u1", "swordfish", hash, &err), 0);
    password_counts(&after, &remembered);
    ck_assert_uint_eq(after, hashed);           /* remembered: not hashed again */
    ck_assert_int_eq(password_verify("u2", "swordfish", hash, &err), 0);
    password_counts(&after, &remembered);
    ck_assert_uint_eq(after, hashed + 1);       /* of another user nothing is remembered */
    ck_assert_int_eq(password_verify("u1", "swordfish ", hash, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_UNAUTHENTICATED);
    ck_assert_int_eq(password_verify("u1", "", hash, &err), -1);
    clock_move(6 * 60 * 1000000LL);
    password_counts(&hashed, &remembered);
    ck_assert_int_eq(password_verify("u1", "swordfish", hash, &err), 0);
    password_counts(&after, &remembered);
    ck_assert_uint_eq(after, hashed + 1);       /* five minutes are over */
    clock_move(-6 * 60 * 1000000LL);
}
END_TEST

START_TEST(an_unknown_user_costs_a_hash_as_well)
{
    unsigned long hashed, after, remembered;

    password_counts(&hashed, &remembered);
    ck_assert_int_eq(password_verify(NULL, "x", NULL, &err), -1);
    password_counts(&after, &remembered);
    ck_assert_uint_eq(after, hashed + 1);
    ck_assert_int_eq(err.code, CAIRN_UNAUTHENTICATED);
}
END_TEST

START_TEST(every_scheme_hashes_and_the_others_hashes_are_told_to_be_old)
{
    static const struct { const char *name, *prefix; unsigned cost; } schemes[] = { { "scrypt", "$7$", 6 }, { "bcrypt", "$2b$04$", 4 }, { "yescrypt", "$y$j9T$", 0 } };
    char *hashes[ARRAY_LEN(schemes)];

    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        ck_assert_msg(password_scheme(schemes[i].name, schemes[i].cost, &err) == 0, "%s", err.message);
        ck_assert_int_eq(password_hash("swordfish", &hashes[i], &err), 0);
        ck_assert_msg(str_starts(hashes[i], schemes[i].prefix), "%s", hashes[i]);
        ck_assert_int_eq(password_outdated(hashes[i]), 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        ck_assert_int_eq(password_verify("u", "swordfish", hashes[i], &err), 0);
        ck_assert_int_eq(password_verify("u", "swordfisk", hashes[i], &err), -1);
        ck_assert_int_eq(password_outdated(hashes[i]), i != ARRAY_LEN(schemes) - 1);
        free(hashes[i]);
    }
    ck_assert_int_eq(password_scheme("bcrypt", 5, &err), 0);
    ck_assert_int_eq(password_outdated("$2b$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"), 1);    /* too cheap */
    ck_assert_int_eq(password_scheme("rot13", 0, &err), -1);
    ck_assert_int_eq(password_scheme("bcrypt", 2, &err), -1);
    ck_assert_int_eq(password_scheme("yescrypt", 0, &err), 0);
}
END_TEST

/* bcrypt looks at 72 bytes: two secrets that differ behind them would open each other's hash. */
START_TEST(bcrypt_never_cuts_a_secret)
{
    char secret[80];
    CLEANUP_FREE char *hash = NULL;

    memset(secret, 'x', sizeof secret);
    secret[72] = '\0';
    ck_assert_int_eq(password_scheme("bcrypt", 4, &err), 0);
    ck_assert_int_eq(password_hash(secret, &hash, &err), 0);
    ck_assert_int_eq(password_verify("u", secret, hash, &err), 0);
    strcpy(secret + 72, "y");
    ck_assert_int_eq(password_verify("u", secret, hash, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_UNAUTHENTICATED);
    free(steal(&hash));
    ck_assert_int_eq(password_hash(secret, &hash, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_INVALID);
    ck_assert_int_eq(password_scheme("yescrypt", 0, &err), 0);
    ck_assert_int_eq(password_hash(secret, &hash, &err), 0);
}
END_TEST

START_TEST(hashes_of_older_schemes_still_open_and_are_told)
{
    ck_assert_int_eq(password_verify("u", "U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", &err), 0);
    ck_assert_int_eq(password_outdated("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"), 1);
    ck_assert_int_eq(password_outdated("$y$j9T$x$y"), 0);
    ck_assert_int_eq(password_verify("u", "x", "not a hash", &err), -1);
}
END_TEST

START_TEST(empty_and_endless_passwords_are_refused)
{
    char *hash, longest[600];

    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    ck_assert_int_eq(password_hash("", &hash, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_INVALID);
    ck_assert_int_eq(password_hash(longest, &hash, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_INVALID);
}
END_TEST

/* Costs a quarter of a second, so that the others surely meet the one that runs. */
static const char slow_hash[] = "$2b$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

static void *
log_in(void *arg)
{
    struct cairn_error e = CAIRN_ERROR_INIT;
    CLEANUP_FREE char *user = xasprintf("u%d", *(int *)arg);

    return (void *)(uintptr_t)(password_verify(user, "swordfish", slow_hash, &e) < 0 ? e.code : 0u);
}

START_TEST(too_many_logins_at_once_are_told_to_come_again)
{
    pthread_t threads[16];
    int numbers[16], done = 0, busy = 0;

    password_limits(1, 2);
    for (int i = 0; i < 16; i++) {
        numbers[i] = i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, log_in, &numbers[i]), 0);
    }
    for (int i = 0; i < 16; i++) {
        void *result;

        pthread_join(threads[i], &result);
        done += (uintptr_t)result == CAIRN_UNAUTHENTICATED;
        busy += (uintptr_t)result == CAIRN_UNAVAILABLE;
    }
    password_limits(2, 10);
    ck_assert_int_eq(done + busy, 16);
    ck_assert_int_ge(done, 3);                  /* one runs, two wait */
    ck_assert_int_ge(busy, 1);
}
END_TEST

/* --- URLs */
START_TEST(urls_are_filled_in)
{
    static const struct { const char *url, *project, *user, *expected; } cases[] = {
        { "http://h/v3", "p", "u", "http://h/v3" },
        { "http://h/v3/%(project_id)s", "p", "u", "http://h/v3/p" },
        { "http://h/v3/$(tenant_id)s/x", "p", "u", "http://h/v3/p/x" },
        { "http://h/%(user_id)s%%", "p", "u", "http://h/u%" },
        { "http://h/%(project_id)s", "", "u", NULL },
        { "http://h/%(project_id)s", NULL, "u", NULL },
        { "http://h/%(admin_token)s", "p", "u", NULL },
        { "http://h/%(project_id)", "p", "u", NULL },
        { "http://h/%s", "p", "u", NULL },
        { "http://h/%", "p", "u", NULL },
        { "http://h/$x", "p", "u", "http://h/$x" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP_STR struct str out = STR_INIT;
        int rc = service_url(cases[i].url, cases[i].project, cases[i].user, &out);

        ck_assert_msg(rc == (cases[i].expected != NULL ? 0 : -1), "%s", cases[i].url);
        if (cases[i].expected != NULL)
            ck_assert_str_eq(out.text, cases[i].expected);
    }
    ck_assert_int_eq(service_url_check("http://h/%(project_id)s", &err), 0);
    ck_assert_int_eq(service_url_check("http://h/%(password)s", &err), -1);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("identity tokens");
    TCase *t = tcase_create("tokens"), *p = tcase_create("passwords");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_token_says_what_was_put_in);
    tcase_add_test(t, ids_of_any_form_survive);
    tcase_add_test(t, a_token_changed_anywhere_is_refused);
    tcase_add_test(t, another_clouds_token_is_refused);
    tcase_add_test(t, a_rotated_key_still_opens_old_tokens_until_the_grace_is_over);
    tcase_add_test(t, another_process_finds_the_new_key_by_reading_again);
    tcase_add_test(t, rotation_without_end_is_refused_and_loses_no_key);
    tcase_add_test(t, keys_are_for_their_owner_alone);
    tcase_add_test(t, a_flood_of_rubbish_keeps_memory_as_it_was);
    tcase_set_timeout(t, 60);
    suite_add_tcase(s, t);
    tcase_set_timeout(p, 60);
    tcase_add_test(p, a_password_opens_its_own_hash_only);
    tcase_add_test(p, an_unknown_user_costs_a_hash_as_well);
    tcase_add_test(p, every_scheme_hashes_and_the_others_hashes_are_told_to_be_old);
    tcase_add_test(p, bcrypt_never_cuts_a_secret);
    tcase_add_test(p, hashes_of_older_schemes_still_open_and_are_told);
    tcase_add_test(p, empty_and_endless_passwords_are_refused);
    tcase_add_test(p, too_many_logins_at_once_are_told_to_come_again);
    tcase_add_test(p, urls_are_filled_in);
    suite_add_tcase(s, p);
    return run_suite(s);
}
