/* search.c: where drivers are found: KIND-NAME.so in the folders of a search path. */
#include <config.h>
#define LOG_MODULE "plugin"
#include "plugin/internal.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"

enum { FILES_MAX = 1000, PARENTS_MAX = 3 };

static const char *const build_folders[] = {
    "drivers/compute/.libs", "drivers/storage/.libs", "drivers/network/.libs", "plugins/auth/.libs", "plugins/filter/.libs", "plugins/scheduler/.libs",
};

/* The top of the build tree that this program runs from, or NULL.  Test programs live a few folders below it. */
static char *
build_tree(void)
{
    CLEANUP_FREE char *dir = xcalloc(1, 4097);
    ssize_t len = readlink("/proc/self/exe", dir, 4096);

    if (len <= 0 || len >= 4096)
        return NULL;
    for (int i = 0; i < PARENTS_MAX + 1; i++) {
        CLEANUP_FREE char *mark = NULL;
        char *slash = strrchr(dir, '/');

        if (slash == NULL || slash == dir)
            return NULL;
        *slash = '\0';
        mark = xasprintf("%s/config.status", dir);
        if (access(mark, F_OK) == 0)
            return steal(&dir);
    }
    return NULL;
}

char *
search_default(void)
{
    const char *env = getenv("CAIRN_DRIVER_PATH");
    CLEANUP_FREE char *top = NULL;
    CLEANUP_STR struct str path = STR_INIT;

    if (env != NULL && env[0] != '\0')
        return xstrdup(env);
    top = build_tree();
    if (top == NULL)
        return xstrdup(CAIRN_LIBDIR "/cairn/drivers");
    for (size_t i = 0; i < ARRAY_LEN(build_folders); i++)
        str_addf(&path, "%s%s/%s", i > 0 ? ":" : "", top, build_folders[i]);
    return str_take(&path);
}

/* Calls fn for each folder until it answers nonzero. */
static int
each_folder(const char *path, int (*fn)(void *arg, const char *folder), void *arg)
{
    int rc = 0;

    for (const char *p = path; rc == 0 && *p != '\0';) {
        size_t len = strcspn(p, ":");
        CLEANUP_FREE char *folder = xstrndup(p, len);

        if (len > 0)
            rc = fn(arg, folder);
        p += len + (p[len] == ':');
    }
    return rc;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of the *.so files of a folder, sorted; frees nothing of the caller's. */
static size_t
list_folder(const char *folder, char **names, size_t max)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    size_t count = 0;

    if (dir == NULL)
        return 0;
    while (count < max && (entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.' && str_ends(entry->d_name, ".so"))
            names[count++] = xstrdup(entry->d_name);
    closedir(dir);
    if (count > 0)
        qsort(names, count, sizeof *names, by_name);
    return count;
}

struct find { const char *file_name; char *found; };

static int
find_in(void *arg, const char *folder)
{
    struct find *find = arg;
    CLEANUP_FREE char *file = xasprintf("%s/%s", folder, find->file_name);

    if (access(file, F_OK) < 0)
        return 0;
    find->found = steal(&file);
    return 1;
}

struct names { const char *prefix; struct str text; };

static int
names_in(void *arg, const char *folder)
{
    struct names *names = arg;
    char *files[FILES_MAX];
    size_t count = list_folder(folder, files, FILES_MAX), len = strlen(names->prefix);

    for (size_t i = 0; i < count; i++) {
        if (str_starts(files[i], names->prefix))
            str_addf(&names->text, "%s%.*s", names->text.len > 0 ? ", " : "", (int)(strlen(files[i]) - len - 3), files[i] + len);
        free(files[i]);
    }
    return 0;
}

int
search_find(const char *path, uint32_t kind, const char *name, char **ret_file, struct cairn_error *err)
{
    CLEANUP_FREE char *own = path == NULL ? search_default() : NULL;
    CLEANUP_FREE char *file_name = xasprintf("%s-%s.so", kind_name(kind), name);
    CLEANUP_FREE char *prefix = xasprintf("%s-", kind_name(kind));
    struct find find = { file_name, NULL };
    struct names names = { prefix, STR_INIT };

    if (strchr(name, '/') != NULL)
        return cairn_fail(err, CAIRN_INVALID, "driver '%s': give a name, or a path that begins with '/'", name);
    path = path != NULL ? path : own;
    if (each_folder(path, find_in, &find) != 0) {
        *ret_file = find.found;
        return 0;
    }
    each_folder(path, names_in, &names);
    cairn_fail(err, CAIRN_NOT_FOUND, "there is no %s driver '%s' in %s; there are: %s", kind_name(kind), name, path,
               names.text.len > 0 ? names.text.text : "none");
    str_free(&names.text);
    return -1;
}

struct scan { void (*fn)(void *arg, const char *file, const struct cairn_driver *table); void *arg; };

static int
scan_folder(void *arg, const char *folder)
{
    struct scan *scan = arg;
    char *files[FILES_MAX];
    size_t count = list_folder(folder, files, FILES_MAX);

    for (size_t i = 0; i < count; i++) {
        CLEANUP_FREE char *name = files[i];
        CLEANUP_FREE char *file = xasprintf("%s/%s", folder, name);
        struct cairn_error why = CAIRN_ERROR_INIT;
        struct module *m;

        if (module_open(file, 0, NULL, &m, &why) < 0) {
            log_warn("%s", why.message);
            continue;
        }
        scan->fn(scan->arg, file, m->table);
        module_close(m);
    }
    return 0;
}

int
plugins_scan(const char *path, void (*fn)(void *arg, const char *file, const struct cairn_driver *table), void *arg, struct cairn_error *err)
{
    CLEANUP_FREE char *own = path == NULL ? search_default() : NULL;
    struct scan scan = { fn, arg };

    if (path != NULL && path[0] == '\0')
        return cairn_fail(err, CAIRN_INVALID, "the search path for drivers is empty");
    each_folder(path != NULL ? path : own, scan_folder, &scan);
    return 0;
}
