/* unit.h: what all unit tests share: a folder of each test's own, exact failures, and a main function that leaves nothing behind. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H
#include <check.h>
#include <stdlib.h>
#include <string.h>
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

extern char *scratch;                           /* a folder of this test's own, between scratch_make() and scratch_drop() */
void scratch_make(void);
void scratch_drop(void);                        /* nothing without one */
const char *scratch_path(const char *name);     /* "SCRATCH/NAME"; good until the fourth call after this one */
const char *scratch_write(const char *name, const char *text);     /* a file of the folder: its path, as scratch_path() tells it */

/* Runs the suite and answers the status to exit with.  Until then TMPDIR is a folder of this program's own, which is removed at the end with
 * whatever tests that failed, died or ran out of time have left in it. */
int run_suite(Suite *suite);
#endif
