/* base_testing.h: what the unit tests of the base and the catalog share: scratch folders, exact failures, the main function. */
#ifndef TESTS_UNIT_BASE_TESTING_H
#define TESTS_UNIT_BASE_TESTING_H
#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cairn/error.h>

/* This code, and this in the message. */
#define expect_error(call, wanted_code, wanted_text)                                        \
    do {                                                                                    \
        struct cairn_error err_ = CAIRN_ERROR_INIT, *err = &err_;                           \
        ck_assert_int_eq(call, -1);                                                         \
        ck_assert_msg(err->code == (wanted_code), "code %u: %s", err->code, err->message);  \
        ck_assert_msg(strstr(err->message, (wanted_text)) != NULL, "message: %s", err->message); \
    } while (0)

#define expect_ok(call)                                                                     \
    do {                                                                                    \
        struct cairn_error err_ = CAIRN_ERROR_INIT, *err = &err_;                           \
        int rc_ = (call);                                                                   \
        ck_assert_msg(rc_ == 0, #call ": %s", err->message);                                \
    } while (0)

static inline int
scratch_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static char scratch[64];        /* a folder of this test's own */

static inline void
scratch_make(void)
{
    strcpy(scratch, "/tmp/cairn-unit-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(scratch));
}

static inline void
scratch_drop(void)
{
    nftw(scratch, scratch_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static inline const char *
scratch_path(const char *name)
{
    static char paths[4][128];
    static unsigned turn;
    char *path = paths[turn++ % 4];

    snprintf(path, 128, "%s/%s", scratch, name);
    return path;
}

static inline int
run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
#endif
