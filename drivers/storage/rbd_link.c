/* rbd_link.c: storage driver "rbd": the connection to the cluster, and what QEMU needs to make its own. */
#include "rbd.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* -- errors -- */

static uint32_t
code_of(int rc)
{
    switch (-rc) {
    case ETIMEDOUT: case ESHUTDOWN: case ENOTCONN: case EAGAIN: case ECONNREFUSED: return CAIRN_UNAVAILABLE;
    case ENOTEMPTY: case EBUSY:                                                    return CAIRN_CONFLICT;
    default:                                                                       return cairn_code_of_errno(-rc);
    }
}

int
ceph_fail(struct ceph_link *link, int rc, struct cairn_error *err, const char *fmt, ...)
{
    char what[600];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    if (rc == -ESHUTDOWN && link != NULL) {      /* on the cluster's block list */
        pthread_mutex_lock(&link->pool->lock);
        link->dead = 1;
        pthread_mutex_unlock(&link->pool->lock);
    }
    cairn_fail(err, code_of(rc), "%s: %s", what,
               rc == -ETIMEDOUT ? "the Ceph cluster does not answer" : rc == -ESHUTDOWN ? "the Ceph cluster has blocked this client" : strerror(-rc));
    if (err != NULL)
        err->sys_errno = -rc;
    return -1;
}

/* -- what QEMU is told -- */

/* The words of "v1:1.2.3.4:6789/0" or "1.2.3.4:6789": the address without type and nonce.  Of [v2:...,v1:...] one is enough. */
static int
add_host(char *word, char *list, size_t size)
{
    size_t len = strlen(list);
    int typed = strncmp(word, "v1:", 3) == 0 || strncmp(word, "v2:", 3) == 0, n;

    word += typed ? 3 : 0;
    word[strcspn(word, "/")] = '\0';
    if (*word == '\0')
        return 1;
    n = snprintf(list + len, size - len, "%s%s", len > 0 ? "," : "", word);
    return n >= 0 && (size_t)n < size - len;
}

static int
list_hosts(struct ceph_pool *pool, const char *mon_host, struct cairn_error *err)
{
    char copy[2048], *at = copy, *group;

    snprintf(copy, sizeof copy, "%s", mon_host);
    pool->hosts[0] = '\0';
    while (*(at += strspn(at, " ,;")) != '\0') {
        char *end, *old = NULL, *new = NULL, *save = NULL;
        int grouped = *at == '[' && (strncmp(at, "[v", 2) == 0);

        group = at + grouped;
        end = at + (grouped ? strcspn(at, "]") : strcspn(at, " ,;"));
        at = end + (*end != '\0');
        *end = '\0';
        for (char *word = grouped ? strtok_r(group, ", ", &save) : group; word != NULL; word = grouped ? strtok_r(NULL, ", ", &save) : NULL)
            *(strncmp(word, "v1:", 3) == 0 ? &old : &new) = word;
        if ((old != NULL || new != NULL) && !add_host(old != NULL ? old : new, pool->hosts, sizeof pool->hosts))
            return cairn_fail(err, CAIRN_INVALID, "the monitors' addresses in '%s' are longer than %zu characters", pool->conf, sizeof pool->hosts - 1);
    }
    return 0;
}

/* "key = ..." below "[client.USER]". */
static void
find_key(FILE *file, const char *user, char ret_key[256])
{
    char line[512], section[160];
    int ours = 0;

    snprintf(section, sizeof section, "[client.%s]", user);
    while (ret_key[0] == '\0' && fgets(line, sizeof line, file) != NULL) {
        char *word = line + strspn(line, " \t");

        word[strcspn(word, "\r\n")] = '\0';
        if (*word == '[')
            ours = strncmp(word, section, strlen(section)) == 0;
        else if (ours && strncmp(word, "key", 3) == 0 && (word += 3 + strspn(word + 3, " \t"), *word == '=')) {
            word += 1 + strspn(word + 1, " \t");
            snprintf(ret_key, 256, "%.*s", (int)strcspn(word, " \t"), word);
        }
    }
    explicit_bzero(line, sizeof line);
}

/* The keyrings that librados looked in, separated by commas. */
static void
read_secret(struct ceph_pool *pool, const char *keyrings)
{
    char copy[1024], *save = NULL;

    snprintf(copy, sizeof copy, "%s", keyrings);
    pool->secret[0] = '\0';
    for (char *path = strtok_r(copy, ",; ", &save); path != NULL && pool->secret[0] == '\0'; path = strtok_r(NULL, ",; ", &save)) {
        FILE *file = fopen(path, "re");

        if (file == NULL)
            continue;
        find_key(file, pool->user, pool->secret);
        fclose(file);
    }
}

static int
copy_text(FILE *from, FILE *to)
{
    char buf[4096];
    size_t n;

    while ((n = fread(buf, 1, sizeof buf, from)) > 0)
        if (fwrite(buf, 1, n, to) != n)
            return -1;
    return ferror(from) ? -1 : 0;
}

/* qemu-img has no word for a keyring: it gets the operator's file with one more section behind it. */
static int
write_tool_conf(struct ceph_pool *pool, struct cairn_error *err)
{
    FILE *from, *to = NULL;
    int fd, failed;

    if (pool->keyring == NULL) {
        snprintf(pool->tool_conf, sizeof pool->tool_conf, "%s", pool->conf);
        return 0;
    }
    snprintf(pool->tool_conf, sizeof pool->tool_conf, "%s/ceph.conf", pool->host->run_dir);
    from = fopen(pool->conf, "re");
    fd = open(pool->tool_conf, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0 && (to = fdopen(fd, "w")) == NULL)
        close(fd);
    failed = from == NULL || to == NULL || copy_text(from, to) < 0 || fprintf(to, "\n[client.%s]\nkeyring = %s\n", pool->user, pool->keyring) < 0;
    if (from != NULL)
        fclose(from);
    if (to != NULL && fclose(to) != 0)
        failed = 1;
    return failed ? cairn_fail_errno(err, errno, "cannot write '%s' for qemu-img", pool->tool_conf) : 0;
}

/* -- the connection -- */

static void
link_free(struct ceph_link *link)
{
    rados_ioctx_t ios[] = { link->volumes, link->images, link->blobs, link->chunks };

    for (size_t i = 0; i < sizeof ios / sizeof ios[0]; i++)
        if (ios[i] != NULL)
            rados_ioctx_destroy(ios[i]);
    if (link->cluster != NULL)
        rados_shutdown(link->cluster);
    free(link);
}

static int
settle(struct ceph_pool *pool, rados_t cluster, struct cairn_error *err)
{
    char mount[24], op[24];
    const struct { const char *name, *value; } settings[] = {
        { "keyring", pool->keyring },
        { "client_mount_timeout", mount }, { "rados_mon_op_timeout", mount }, { "rados_osd_op_timeout", op },
        /* What is read is checked by somebody and what is written is flushed at once: a cache of its own would only be stale. */
        { "rbd_cache", "false" },
        { "log_file", "" }, { "log_to_stderr", "false" }, { "err_to_stderr", "false" }, { "admin_socket", "" },
    };
    int rc;

    snprintf(mount, sizeof mount, "%" PRIu32, (pool->connect_ms + 999) / 1000);
    snprintf(op, sizeof op, "%" PRIu32, (pool->timeout_ms + 999) / 1000);
    if ((rc = rados_conf_read_file(cluster, pool->conf)) < 0)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "cannot read conf = '%s': %s", pool->conf, strerror(-rc));
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (settings[i].value != NULL && (rc = rados_conf_set(cluster, settings[i].name, settings[i].value)) < 0)
            return ceph_fail(NULL, rc, err, "librados does not take %s = '%s'", settings[i].name, settings[i].value);
    return 0;
}

/* librbd deletes by way of the trash.  In a full pool it could not make that, and would say that there is no such image. */
static void
make_trash(rados_ioctx_t io)
{
    rados_write_op_t op = rados_create_write_op();

    rados_write_op_create(op, LIBRADOS_CREATE_IDEMPOTENT, NULL);
    rados_write_op_operate(op, io, "rbd_trash", NULL, 0);
    rados_release_write_op(op);
}

static int
open_io(struct ceph_link *link, const char *name, const char *suffix, rados_ioctx_t *ret, struct cairn_error *err)
{
    char space[160];
    int rc = rados_ioctx_create(link->cluster, name, ret);

    if (rc < 0) {
        *ret = NULL;
        return rc == -ENOENT ? cairn_fail(err, CAIRN_UNAVAILABLE, "the cluster has no pool '%s'", name)
                             : ceph_fail(link, rc, err, "cannot use pool '%s'", name);
    }
    rados_set_pool_full_try(*ret);              /* a full cluster says so instead of keeping us waiting */
    if (suffix[0] == '\0' && (rc = rbd_namespace_create(*ret, link->pool->space)) < 0 && rc != -EEXIST) {
        bool there = false;

        if (rbd_namespace_exists(*ret, link->pool->space, &there) < 0 || !there)
            return ceph_fail(link, rc, err, "cannot make namespace '%s' in pool '%s'", link->pool->space, name);
    }
    snprintf(space, sizeof space, "%s%s", link->pool->space, suffix);
    rados_ioctx_set_namespace(*ret, space);
    if (suffix[0] == '\0')
        make_trash(*ret);
    return 0;
}

static int
link_open(struct ceph_pool *pool, struct ceph_link *link, struct cairn_error *err)
{
    char id[160], mon_host[2048], keyrings[1024];
    int rc;

    snprintf(id, sizeof id, "client.%s", pool->user);
    if ((rc = rados_create2(&link->cluster, "ceph", id, 0)) < 0) {
        link->cluster = NULL;
        return ceph_fail(link, rc, err, "cannot begin a connection as '%s'", id);
    }
    if (settle(pool, link->cluster, err) < 0)
        return -1;
    if ((rc = rados_connect(link->cluster)) < 0)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "cannot connect to the Ceph cluster of '%s' as '%s': %s", pool->conf, id, strerror(-rc));
    if (open_io(link, pool->volumes, "", &link->volumes, err) < 0 || open_io(link, pool->images, "", &link->images, err) < 0 ||
        open_io(link, pool->blobs, ".blobs", &link->blobs, err) < 0 || open_io(link, pool->blobs, ".chunks", &link->chunks, err) < 0)
        return -1;
    if (rados_conf_get(link->cluster, "mon_host", mon_host, sizeof mon_host) < 0)
        mon_host[0] = '\0';
    if (rados_conf_get(link->cluster, "keyring", keyrings, sizeof keyrings) < 0)
        keyrings[0] = '\0';
    if (pool->hosts[0] == '\0') {               /* at the first time: from then on they are only read */
        if (list_hosts(pool, mon_host, err) < 0 || write_tool_conf(pool, err) < 0)
            return -1;
        read_secret(pool, keyrings);
    }
    return 0;
}

int
ceph_connect(struct ceph_pool *pool, struct cairn_error *err)
{
    struct ceph_link *link = calloc(1, sizeof *link), *old;

    if (link == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no memory for a connection");
    link->pool = pool;
    link->refs = 1;
    if (link_open(pool, link, err) < 0) {
        link_free(link);
        return -1;
    }
    pthread_mutex_lock(&pool->lock);
    old = pool->link;
    pool->link = link;
    pthread_mutex_unlock(&pool->lock);
    if (old != NULL)
        ceph_put(old);
    return 0;
}

void
ceph_disconnect(struct ceph_pool *pool)
{
    struct ceph_link *link;

    ceph_forget(pool, NULL);
    pthread_mutex_lock(&pool->lock);
    link = pool->link;
    pool->link = NULL;
    pthread_mutex_unlock(&pool->lock);
    if (link != NULL)
        ceph_put(link);
}

struct ceph_link *
ceph_get(struct ceph_pool *pool, struct cairn_error *err)
{
    struct ceph_link *link;

    for (int tries = 0; tries < 2; tries++) {
        pthread_mutex_lock(&pool->lock);
        link = pool->link;
        if (link != NULL && !link->dead) {
            link->refs++;
            pthread_mutex_unlock(&pool->lock);
            return link;
        }
        pthread_mutex_unlock(&pool->lock);
        if (ceph_connect(pool, err) < 0)
            return NULL;
    }
    cairn_fail(err, CAIRN_UNAVAILABLE, "the Ceph cluster blocks this client again and again");
    return NULL;
}

struct ceph_link *
ceph_ref(struct ceph_link *link)
{
    pthread_mutex_lock(&link->pool->lock);
    link->refs++;
    pthread_mutex_unlock(&link->pool->lock);
    return link;
}

void
ceph_put(struct ceph_link *link)
{
    unsigned left;

    if (link == NULL)
        return;
    pthread_mutex_lock(&link->pool->lock);
    left = --link->refs;
    pthread_mutex_unlock(&link->pool->lock);
    if (left == 0)
        link_free(link);
}
