/* module.c: shared objects: mapped once however many instances there are, unmapped after the last. */
#include <config.h>
#define LOG_MODULE "plugin"
#include "plugin/internal.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/str.h"

/* Held while an object is mapped: two loads of one file must not map it twice.  Neither its constructors nor entry() call us back. */
static struct mutex modules_lock = MUTEX_INIT;
static struct module *modules GUARDED_BY(modules_lock);

static void
module_free(struct module *m)
{
    if (m == NULL)
        return;
    if (m->handle != NULL)
        dlclose(m->handle);
    cleanup_fd(&m->fd);
    free(m->table);
    free(m->file);
    free(m);
}
static void cleanup_module(struct module **m) { module_free(*m); }

static struct module *REQUIRES(modules_lock)
find_mapped(const char *file, const struct stat *st, int *ret_older)
{
    for (struct module *m = modules; m != NULL; m = m->next) {
        if (m->device == st->st_dev && m->inode == st->st_ino)
            return m;
        if (strcmp(m->file, file) == 0)
            *ret_older = 1;
    }
    return NULL;
}

/* The dynamic linker goes by names: a file that replaced one which is still mapped under its name is opened through its descriptor. */
static int
map(struct module *m, int fd, int older, struct cairn_error *err)
{
    char path[64];

    if (older) {
        m->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (m->fd < 0)
            return cairn_fail_errno(err, errno, "cannot open '%s' anew", m->file);
        snprintf(path, sizeof path, "/proc/self/fd/%d", m->fd);
    }
    m->handle = dlopen(older ? path : m->file, RTLD_NOW | RTLD_LOCAL);
    if (m->handle == NULL)
        return cairn_fail(err, CAIRN_INVALID, "cannot load '%s': %s", m->file, dlerror());
    return 0;
}

static int
read_table(struct module *m, struct cairn_error *err)
{
    void *symbol = dlsym(m->handle, CAIRN_ENTRY_SYMBOL);
    cairn_entry_fn entry;
    size_t ours, theirs;

    if (symbol == NULL)
        return cairn_fail(err, CAIRN_INVALID, "'%s' is no driver of Cairn: it does not export " CAIRN_ENTRY_SYMBOL
                          " (write CAIRN_DRIVER_EXPORT)", m->file);
    memcpy(&entry, &symbol, sizeof entry);
    m->original = entry();
    if (table_check(m->original, m->file, 0, NULL, err) < 0)
        return -1;
    m->kind = m->original->kind;
    ours = kind_info(m->kind)->table_size;
    theirs = m->original->table_size;
    m->table = xcalloc(1, ours);
    memcpy(m->table, m->original, theirs < ours ? theirs : ours);
    return 0;
}

static int
check_file(int fd, const char *file, struct stat *st, struct cairn_error *err)
{
    if (fd < 0 || fstat(fd, st) < 0)
        return cairn_fail_errno(err, errno, "cannot open '%s'", file);
    if (!S_ISREG(st->st_mode))
        return cairn_fail(err, CAIRN_INVALID, "'%s' is not a file", file);
    /* What everybody may write, everybody may run as the daemon. */
    if ((st->st_mode & S_IWOTH) != 0)
        return cairn_fail(err, CAIRN_DENIED, "'%s' may be written by everybody: not loaded (chmod o-w)", file);
    return 0;
}

/* Maps it or finds it mapped; one reference more. */
static int
module_get(const char *file, struct module **ret, struct cairn_error *err)
{
    CLEANUP_FD int fd = open(file, O_RDONLY | O_CLOEXEC);
    CLEANUP(cleanup_module) struct module *m = NULL;
    struct stat st;
    int older = 0;

    if (check_file(fd, file, &st, err) < 0)
        return -1;
    mutex_lock(&modules_lock);
    *ret = find_mapped(file, &st, &older);
    if (*ret != NULL) {
        (*ret)->refs++;
        mutex_unlock(&modules_lock);
        return 0;
    }
    m = xcalloc(1, sizeof *m);
    m->fd = -1;
    m->file = xstrdup(file);
    m->device = st.st_dev;
    m->inode = st.st_ino;
    m->refs = 1;
    if (map(m, fd, older, err) < 0 || read_table(m, err) < 0) {
        mutex_unlock(&modules_lock);
        return -1;
    }
    m->next = modules;
    modules = m;
    *ret = steal(&m);
    mutex_unlock(&modules_lock);
    return 0;
}

int
module_open(const char *file, uint32_t kind, const char *name, struct module **ret, struct cairn_error *err)
{
    struct module *m;

    if (module_get(file, &m, err) < 0)
        return -1;
    if (table_check(m->original, file, kind, name, err) < 0) {
        module_close(m);
        return -1;
    }
    *ret = m;
    return 0;
}

void
module_close(struct module *m)
{
    struct module **at;

    if (m == NULL)
        return;
    mutex_lock(&modules_lock);
    if (--m->refs > 0) {
        mutex_unlock(&modules_lock);
        return;
    }
    for (at = &modules; *at != m; at = &(*at)->next)
        ;
    *at = m->next;
    mutex_unlock(&modules_lock);
    log_debug("unloading '%s'", m->file);
    module_free(m);
}
