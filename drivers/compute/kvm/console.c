/* console.c: the serial console's log, and where consoles listen. */

#include "kvm.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <dirent.h>

/* Makes the log's file so that QEMU's user may append to it. */
int
kvm_console_prepare(struct kvm *kvm, const struct cairn_server *server, struct cairn_error *err)
{
    char path[KVM_PATH_MAX];
    struct stat st;
    int fd, error = 0;

    if (server->console_log != NULL)
        snprintf(path, sizeof path, "%s", server->console_log);
    else
        kvm_console_path(kvm, server->id, path);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return cairn_fail_errno(err, errno, "server %s: cannot make console log '%s'", server->id, path);
    if (fstat(fd, &st) < 0 || (st.st_uid != kvm->machine.qemu_uid && fchown(fd, kvm->machine.qemu_uid, kvm->machine.qemu_gid) < 0))
        error = errno;
    close(fd);
    return error != 0 ? cairn_fail_errno(err, error, "server %s: cannot hand console log '%s' to QEMU's user", server->id, path) : 0;
}

void
kvm_console_forget(struct kvm *kvm, const char *id)
{
    char path[KVM_PATH_MAX], rotated[KVM_PATH_MAX + 8];

    kvm_console_path(kvm, id, path);
    unlink(path);
    for (int i = 0; i < 3; i++) {               /* virtlogd's older parts */
        snprintf(rotated, sizeof rotated, "%s.%d", path, i);
        unlink(rotated);
    }
    kvm_serial_path(kvm, id, path);
    unlink(path);
}

/* -- kept short -------------------------------------------------------------------------------------------------------------------- */

/* Leaves the last half of what is allowed.  QEMU appends, so its next line lands behind that. */
static void
trim_file(int dir_fd, const char *name, off_t max)
{
    int fd = openat(dir_fd, name, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    char *tail = NULL;
    ssize_t len;

    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > max && (tail = malloc((size_t)max / 2)) != NULL) {
        len = pread(fd, tail, (size_t)max / 2, st.st_size - max / 2);
        if (len > 0 && ftruncate(fd, 0) == 0 && write(fd, tail, (size_t)len) < 0)
            len = 0;                            /* the disk is full: the log starts anew */
    }
    free(tail);
    close(fd);
}

void
kvm_console_trim(struct kvm *kvm)
{
    char path[KVM_PATH_MAX];
    struct dirent *entry;
    DIR *dir;

    snprintf(path, sizeof path, "%s/console", kvm->host->state_dir);
    dir = opendir(path);
    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.')
            trim_file(dirfd(dir), entry->d_name, kvm->console_log_max);
    closedir(dir);
}

/* -- read --------------------------------------------------------------------------------------------------------------------------- */

/* Reads the end of a file, at most 'max' bytes, before which 'out' has room; how many. */
static size_t
read_tail(const char *path, char *out, size_t max)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    size_t len = 0;
    off_t from;
    ssize_t n;

    if (fd < 0)
        return 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        from = (uint64_t)st.st_size > max ? st.st_size - (off_t)max : 0;
        while (len < max && (n = pread(fd, out + len, max - len, from + (off_t)len)) > 0)
            len += (size_t)n;
    }
    close(fd);
    return len;
}

int
kvm_console_log(void *self, const char *id, size_t max_bytes, char **ret_text, size_t *ret_len, struct cairn_error *err)
{
    struct kvm *kvm = self;
    CLEANUP_DOM dom = kvm_find(kvm, id, err);
    CLEANUP_DOC doc = dom != NULL ? kvm_domain_doc(dom, 0, err) : NULL;
    CLEANUP_STR text = NULL;
    char path[KVM_PATH_MAX], older[KVM_PATH_MAX + 8];
    size_t len, before;

    if (doc == NULL)
        return -1;
    kvm_get_attr(kvm_child(xmlDocGetRootElement(doc), "devices/serial/log"), "file", path, sizeof path);
    if (max_bytes > (size_t)kvm->console_log_max)
        max_bytes = (size_t)kvm->console_log_max;
    text = malloc(max_bytes * 2 + 1);
    if (text == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no memory for a console log of %zu bytes", max_bytes);
    len = read_tail(path, text + max_bytes, max_bytes);
    snprintf(older, sizeof older, "%s.0", path);
    before = len < max_bytes ? read_tail(older, text, max_bytes - len) : 0;     /* virtlogd has just begun a new file */
    memmove(text + before, text + max_bytes, len);
    text[before + len] = '\0';
    *ret_len = before + len;
    *ret_text = text;
    text = NULL;
    return 0;
}

/* -- connect ------------------------------------------------------------------------------------------------------------------------ */

static int
graphics_at(const xmlDoc *doc, const char *type, struct cairn_console *ret_console)
{
    char found[16], port[16];

    for (xmlNode *node = kvm_child(xmlDocGetRootElement(doc), "devices/graphics"); node != NULL; node = kvm_next(node)) {
        if (strcmp(kvm_get_attr(node, "type", found, sizeof found), type) != 0)
            continue;
        ret_console->port = (uint32_t)strtoul(kvm_get_attr(node, "port", port, sizeof port), NULL, 10);
        kvm_get_attr(node, "listen", ret_console->host, sizeof ret_console->host);
        if (ret_console->port > 0 && ret_console->port < 65536)
            return 1;
    }
    return 0;
}

int
kvm_console_connect(void *self, const char *id, uint32_t kind, struct cairn_console *ret_console, struct cairn_error *err)
{
    CLEANUP_DOM dom = kvm_find(self, id, err);
    CLEANUP_DOC doc = NULL;
    struct cairn_console console = { .size = sizeof console, .kind = kind };
    int active, found = 0;

    if (dom == NULL || (active = kvm_active(dom, err)) < 0)
        return -1;
    if (!active)
        return cairn_fail(err, CAIRN_CONFLICT, "server %s is not running: it has no console", id);
    doc = kvm_domain_doc(dom, 0, err);
    if (doc == NULL)
        return -1;
    switch ((enum cairn_console_kind)kind) {
    case CAIRN_CONSOLE_VNC:
        found = graphics_at(doc, "vnc", &console);
        break;
    case CAIRN_CONSOLE_SPICE:
        found = graphics_at(doc, "spice", &console);
        break;
    case CAIRN_CONSOLE_SERIAL:
        kvm_get_attr(kvm_child(xmlDocGetRootElement(doc), "devices/serial/source"), "path", console.path, sizeof console.path);
        found = console.path[0] == '/' && strncmp(console.path, "/dev/", 5) != 0;
        break;
    }
    if (!found)
        return cairn_fail(err, CAIRN_UNSUPPORTED, "server %s has no console of this kind", id);
    *ret_console = console;
    return 0;
}
