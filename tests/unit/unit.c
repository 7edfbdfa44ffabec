/* unit.c: see unit.h. */
#include <config.h>
#include "unit.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/tree.h"

char *scratch;

static char *
fresh_folder(const char *name)
{
    const char *tmp = getenv("TMPDIR");
    char *path = xasprintf("%s/%s-XXXXXX", tmp != NULL ? tmp : "/tmp", name);

    return mkdtemp(path) != NULL ? path : NULL;
}

void
scratch_make(void)
{
    scratch = fresh_folder("test");
    ck_assert_msg(scratch != NULL, "cannot make a folder in TMPDIR");
}

void
scratch_drop(void)
{
    if (scratch == NULL)
        return;
    tree_remove(scratch, NULL);
    free(scratch);
    scratch = NULL;
}

const char *
scratch_path(const char *name)
{
    static char paths[4][256];
    static unsigned turn;
    char *path = paths[turn++ % 4];

    snprintf(path, 256, "%s/%s", scratch, name);
    return path;
}

const char *
scratch_write(const char *name, const char *text)
{
    const char *path = scratch_path(name);
    FILE *f = fopen(path, "we");

    ck_assert_msg(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0, "cannot write '%s'", path);
    return path;
}

int
run_suite(Suite *suite)
{
    CLEANUP_FREE char *folder = fresh_folder("cairn-unit");
    SRunner *runner;
    int failed;

    if (folder == NULL) {
        perror("cannot make a folder in TMPDIR");
        return 99;                              /* automake's "hard error" */
    }
    setenv("TMPDIR", folder, 1);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    tree_remove(folder, NULL);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
