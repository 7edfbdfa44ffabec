/* rbd_image.c: storage driver "rbd": RBD images, whether volumes or of the image store. */
#include "rbd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

enum { TRASH_AT_ONCE = 1024, GENERATIONS = 64 };

rados_ioctx_t ceph_io_volumes(struct ceph_link *link) { return link->volumes; }
rados_ioctx_t ceph_io_images(struct ceph_link *link) { return link->images; }

/* -- names -- */

int
ceph_name_ok(const char *name, size_t max)
{
    size_t len;

    if (name == NULL || name[0] == '.' || name[0] == '\0')
        return 0;
    len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    return name[len] == '\0' && len <= max;
}

int
ceph_name(const char *prefix, const char *id, char ret_name[CEPH_NAME], struct cairn_error *err)
{
    if (!ceph_name_ok(id, 63))
        return cairn_fail(err, CAIRN_INVALID, "'%.64s' cannot be behind '%s': need 1 to 63 of A-Z a-z 0-9 . _ -, without a dot in front",
                          id != NULL ? id : "(null)", prefix);
    snprintf(ret_name, CEPH_NAME, "%s%s", prefix, id);
    return 0;
}

int
ceph_handle(const char *prefix, const char *handle, const char **ret_id, struct cairn_error *err)
{
    size_t len = strlen(prefix);

    if (handle == NULL || strncmp(handle, prefix, len) != 0 || !ceph_name_ok(handle + len, 63))
        return cairn_fail(err, CAIRN_INVALID, "'%.80s' is no handle of this driver: need %sID", handle != NULL ? handle : "(null)", prefix);
    *ret_id = handle + len;
    return 0;
}

void
ceph_part_name(char ret_name[CEPH_NAME])
{
    uint64_t number[2] = { (uint64_t)time(NULL), 0 };

    while (getrandom(number, sizeof number, 0) < 0 && errno == EINTR)
        ;
    snprintf(ret_name, CEPH_NAME, CEPH_PART "%016" PRIx64 "%016" PRIx64, number[0], number[1]);
}

/* -- opening -- */

void
ceph_close_at(rbd_image_t *image)
{
    if (*image != NULL)
        rbd_close(*image);
    *image = NULL;
}

int
ceph_open(struct ceph_link *link, rados_ioctx_t io, const char *name, int write, rbd_image_t *ret_image, struct cairn_error *err)
{
    int rc = write ? rbd_open(io, name, ret_image, NULL) : rbd_open_read_only(io, name, ret_image, NULL);

    if (rc == 0)
        return 0;
    *ret_image = NULL;
    if (rc == -ENOENT)
        return cairn_fail(err, CAIRN_NOT_FOUND, "there is no '%s' in the cluster", name);
    return ceph_fail(link, rc, err, "cannot open '%s'", name);
}

int
ceph_create(struct ceph_link *link, rados_ioctx_t io, const char *name, uint64_t size, struct cairn_error *err)
{
    rbd_image_options_t options;
    int rc;

    rbd_image_options_create(&options);
    rbd_image_options_set_uint64(options, RBD_IMAGE_OPTION_ORDER, link->pool->order);
    rc = rbd_create4(io, name, size, options);
    rbd_image_options_destroy(options);
    return rc < 0 ? ceph_fail(link, rc, err, "cannot create '%s'", name) : 0;
}

int
ceph_clone(struct ceph_link *link, rados_ioctx_t from, const char *name, const char *snap, const char *to, struct cairn_error *err)
{
    rbd_image_options_t options;
    int rc;

    rbd_image_options_create(&options);
    rbd_image_options_set_uint64(options, RBD_IMAGE_OPTION_CLONE_FORMAT, 2);
    rc = rbd_clone3(from, name, snap, link->volumes, to, options);
    rbd_image_options_destroy(options);
    if (rc == -ENOENT)
        return cairn_fail(err, CAIRN_NOT_FOUND, "there is no '%s@%s' in the cluster", name, snap);
    return rc < 0 ? ceph_fail(link, rc, err, "cannot clone '%s@%s'", name, snap) : 0;
}

/* -- images that are kept open for reading -- */

static void
reader_close(struct ceph_reader *reader)
{
    if (reader->link == NULL)
        return;
    rbd_close(reader->image);
    ceph_put(reader->link);
}

/* Takes it out of the table, so that it is this caller's alone. */
static int
reader_take(struct ceph_pool *pool, rados_ioctx_t (*io)(struct ceph_link *), const char *name, struct ceph_reader *ret, struct cairn_error *err)
{
    rbd_image_info_t info;
    int rc;

    *ret = (struct ceph_reader){ .link = NULL };
    pthread_mutex_lock(&pool->lock);
    for (size_t i = 0; i < CEPH_READERS && ret->link == NULL; i++)
        if (pool->readers[i].link != NULL && pool->readers[i].link == pool->link && strcmp(pool->readers[i].name, name) == 0) {
            *ret = pool->readers[i];
            pool->readers[i].link = NULL;
        }
    pthread_mutex_unlock(&pool->lock);
    if (ret->link != NULL)
        return 0;
    if ((ret->link = ceph_get(pool, err)) == NULL)
        return -1;
    if (ceph_open(ret->link, io(ret->link), name, 0, &ret->image, err) < 0) {
        ceph_put(ret->link);
        return -1;
    }
    if ((rc = rbd_stat(ret->image, &info, sizeof info)) < 0) {
        ceph_fail(ret->link, rc, err, "cannot read the size of '%s'", name);
        reader_close(ret);
        return -1;
    }
    ret->size = info.size;
    snprintf(ret->name, sizeof ret->name, "%s", name);
    return 0;
}

/* Back in the table; the one that was not used for longest makes room. */
static void
reader_give(struct ceph_pool *pool, struct ceph_reader *reader)
{
    struct ceph_reader old = { .link = NULL };
    size_t at = 0;

    pthread_mutex_lock(&pool->lock);
    for (size_t i = 0; i < CEPH_READERS; i++) {
        if (pool->readers[i].link == NULL) {
            at = i;
            break;
        }
        if (pool->readers[i].used < pool->readers[at].used)
            at = i;
    }
    old = pool->readers[at];
    pool->readers[at] = *reader;
    pool->readers[at].used = ++pool->clock;
    pthread_mutex_unlock(&pool->lock);
    reader_close(&old);
}

void
ceph_forget(struct ceph_pool *pool, const char *name)
{
    struct ceph_reader gone[CEPH_READERS];
    size_t n = 0;

    pthread_mutex_lock(&pool->lock);
    for (size_t i = 0; i < CEPH_READERS; i++)
        if (pool->readers[i].link != NULL && (name == NULL || strcmp(pool->readers[i].name, name) == 0)) {
            gone[n++] = pool->readers[i];
            pool->readers[i].link = NULL;
        }
    pthread_mutex_unlock(&pool->lock);
    while (n > 0)
        reader_close(&gone[--n]);
}

int
ceph_read(struct ceph_pool *pool, rados_ioctx_t (*io)(struct ceph_link *), const char *name, uint64_t offset, void *buf, size_t len,
          size_t *ret_len, struct cairn_error *err)
{
    struct ceph_reader reader;
    ssize_t got = 0;

    if (reader_take(pool, io, name, &reader, err) < 0)
        return -1;
    if (offset >= reader.size)
        len = 0;
    else if (len > reader.size - offset)
        len = (size_t)(reader.size - offset);
    if (len > 0 && (got = rbd_read(reader.image, offset, len, buf)) != (ssize_t)len) {
        ceph_fail(reader.link, got < 0 ? (int)got : -EIO, err, "cannot read '%s'", name);
        reader_close(&reader);
        return -1;
    }
    *ret_len = len;
    reader_give(pool, &reader);
    return 0;
}

/* -- parents: what a clone stands on -- */

void
ceph_parent_of(rbd_image_t image, struct ceph_parent *ret)
{
    rbd_linked_image_spec_t spec;
    rbd_snap_spec_t snap;

    *ret = (struct ceph_parent){ 0 };
    if (rbd_get_parent(image, &spec, &snap) < 0)
        return;
    ret->trash = spec.trash;
    snprintf(ret->pool, sizeof ret->pool, "%s", spec.pool_name);
    snprintf(ret->id, sizeof ret->id, "%s", spec.image_id);
    snprintf(ret->name, sizeof ret->name, "%s", spec.image_name);
    rbd_linked_image_spec_cleanup(&spec);
    rbd_snap_spec_cleanup(&snap);
}

static rados_ioctx_t
io_of(struct ceph_link *link, const char *pool)
{
    return strcmp(pool, link->pool->images) == 0 ? link->images : link->volumes;
}

void
ceph_parent_purge(struct ceph_link *link, const struct ceph_parent *parent)
{
    struct ceph_parent now = *parent, next;

    for (unsigned i = 0; i < GENERATIONS && now.trash; i++) {
        rbd_image_t image = NULL;

        next = (struct ceph_parent){ 0 };
        if (rbd_open_by_id_read_only(io_of(link, now.pool), now.id, &image, NULL) == 0) {
            ceph_parent_of(image, &next);
            rbd_close(image);
        }
        if (rbd_trash_remove(io_of(link, now.pool), now.id, false) < 0)
            return;             /* other clones stand on it */
        now = next;
    }
}

unsigned
ceph_depth(struct ceph_link *link, rbd_image_t image)
{
    struct ceph_parent parent;
    unsigned depth = 0;

    ceph_parent_of(image, &parent);
    while (parent.id[0] != '\0' && ++depth < GENERATIONS) {
        rbd_image_t next = NULL;

        if (rbd_open_by_id_read_only(io_of(link, parent.pool), parent.id, &next, NULL) < 0)
            break;
        ceph_parent_of(next, &parent);
        rbd_close(next);
    }
    return depth;
}

/* -- deleting -- */

static int
snapshot_drop(struct ceph_link *link, rbd_image_t image, const char *name, const char *snap, struct cairn_error *err)
{
    int rc = rbd_snap_unprotect(image, snap);

    if (rc < 0 && rc != -EINVAL)                /* EINVAL: it is not protected */
        return ceph_fail(link, rc, err, "cannot unprotect '%s@%s'", name, snap);
    rc = rbd_snap_remove(image, snap);
    return rc < 0 && rc != -ENOENT ? ceph_fail(link, rc, err, "cannot remove '%s@%s'", name, snap) : 0;
}

/* Those that go with the image go, unless there is one that forbids it.  Snapshots in the trash are held by clones and go with them. */
static int
snapshots_drop(struct ceph_link *link, rbd_image_t image, const char *name, const char *own, struct cairn_error *err)
{
    rbd_snap_info_t *snaps = NULL;
    int max = 64, count, rc = 0;

    do {
        free(snaps);
        if ((snaps = calloc((size_t)max, sizeof *snaps)) == NULL)
            return cairn_fail(err, CAIRN_UNAVAILABLE, "no memory for a list of snapshots");
        count = rbd_snap_list(image, snaps, &max);
    } while (count == -ERANGE);
    if (count < 0) {
        free(snaps);
        return ceph_fail(link, count, err, "cannot list the snapshots of '%s'", name);
    }
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < count && rc == 0; i++) {
            rbd_snap_namespace_type_t type = RBD_SNAP_NAMESPACE_TYPE_USER;

            rbd_snap_get_namespace_type(image, snaps[i].id, &type);
            if (type != RBD_SNAP_NAMESPACE_TYPE_USER)
                continue;
            if ((own == NULL || strcmp(snaps[i].name, own) != 0) && strncmp(snaps[i].name, CEPH_PART, strlen(CEPH_PART)) != 0)
                rc = cairn_fail(err, CAIRN_CONFLICT, "'%s' has snapshots: delete them first", name);
            else if (pass == 1)
                rc = snapshot_drop(link, image, name, snaps[i].name, err);
        }
    rbd_snap_list_end(snaps);
    free(snaps);
    return rc;
}

static int
watchers(rbd_image_t image)
{
    rbd_image_watcher_t list[16];
    size_t n = 16;
    int rc = rbd_watchers_list(image, list, &n);

    if (rc == 0)
        rbd_watchers_list_cleanup(list, n);
    return rc == 0 || rc == -ERANGE ? (int)n : rc;
}

int
ceph_delete(struct ceph_link *link, rados_ioctx_t io, const char *name, const char *snap, struct cairn_error *err)
{
    struct ceph_parent parent = { 0 };
    rbd_image_t image = NULL;
    int rc = rbd_open(io, name, &image, NULL), failed, was_there = rc == 0;

    if (rc < 0 && rc != -ENOENT)
        return ceph_fail(link, rc, err, "cannot open '%s'", name);
    if (rc == 0) {                              /* else it is gone, or was being made or removed when somebody died: remove() ends that */
        ceph_parent_of(image, &parent);
        rc = watchers(image);                   /* one is ours */
        failed = rc < 0 ? ceph_fail(link, rc, err, "cannot see who uses '%s'", name)
                 : rc > 1 ? cairn_fail(err, CAIRN_CONFLICT, "'%s' is in use by a guest or a tool", name)
                          : snapshots_drop(link, image, name, snap, err);
        rbd_close(image);
        if (failed < 0)
            return -1;
    }
    rc = rbd_remove(io, name);
    if (rc == -EBUSY || rc == -ENOTEMPTY)       /* clones stand on it */
        rc = rbd_trash_move(io, name, 0);
    if (rc == -ENOENT && was_there && rbd_open_read_only(io, name, &image, NULL) == 0) {
        rbd_close(image);
        return cairn_fail(err, CAIRN_UNAVAILABLE, "'%s' is still there: the cluster could not delete it; is it full?", name);
    }
    if (rc == -ENOENT)
        rc = 0;
    if (rc == -EBUSY)
        return cairn_fail(err, CAIRN_CONFLICT, "'%s' is in use by a guest or a tool, or has clones", name);
    if (rc < 0)
        return ceph_fail(link, rc, err, "cannot delete '%s'", name);
    ceph_parent_purge(link, &parent);
    return 0;
}

void
ceph_drop(struct ceph_link *link, rados_ioctx_t io, const char *name)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    const struct cairn_host *host = link->pool->host;

    if (ceph_delete(link, io, name, CEPH_SNAP, &err) < 0)
        host->log(host->instance, CAIRN_LOG_WARN, "'%s' stays for now: %s", name, err.message);
}

/* -- lists -- */

int
ceph_each(struct ceph_link *link, rados_ioctx_t io, const char *prefix, int (*fn)(void *arg, const char *name), void *arg, struct cairn_error *err)
{
    rbd_image_spec_t *list = NULL;
    size_t count = 256, len = strlen(prefix);
    int rc, more = 1;

    do {
        free(list);
        if ((list = calloc(count, sizeof *list)) == NULL)
            return cairn_fail(err, CAIRN_UNAVAILABLE, "no memory for a list of %zu images", count);
        rc = rbd_list2(io, list, &count);
    } while (rc == -ERANGE);
    if (rc < 0) {
        free(list);
        return ceph_fail(link, rc, err, "cannot list the images of a pool");
    }
    for (size_t i = 0; i < count && more; i++)
        if (strncmp(list[i].name, prefix, len) == 0 && strlen(list[i].name) < CEPH_NAME)
            more = fn(arg, list[i].name) == 0;
    rbd_image_spec_list_cleanup(list, count);
    free(list);
    return 0;
}

struct sweep { struct ceph_link *link; rados_ioctx_t io; };

static int
sweep_part(void *arg, const char *name)
{
    struct sweep *sweep = arg;
    const struct cairn_host *host = sweep->link->pool->host;
    struct timespec made = { 0, 0 };
    rbd_image_t image = NULL;
    int left;

    if (rbd_open_read_only(sweep->io, name, &image, NULL) < 0)
        return 0;
    left = watchers(image) == 0 && rbd_get_create_timestamp(image, &made) == 0 && made.tv_sec < time(NULL) - sweep->link->pool->left_s;
    rbd_close(image);
    if (left) {
        host->log(host->instance, CAIRN_LOG_INFO, "removing '%s': whoever wrote it is gone", name);
        ceph_drop(sweep->link, sweep->io, name);
    }
    return 0;
}

void
ceph_sweep(struct ceph_link *link, rados_ioctx_t io)
{
    struct sweep sweep = { link, io };
    rbd_trash_image_info_t trash[TRASH_AT_ONCE];
    size_t count = TRASH_AT_ONCE;

    if (ceph_each(link, io, CEPH_PART, sweep_part, &sweep, NULL) < 0 || rbd_trash_list(io, trash, &count) < 0)
        return;
    for (size_t i = 0; i < count; i++)
        if (trash[i].deferment_end_time <= time(NULL))
            rbd_trash_remove(io, trash[i].id, false);   /* refused as long as a clone is there */
    rbd_trash_list_cleanup(trash, count);
}

void
ceph_connection(const struct ceph_pool *pool, const char *pool_name, const char *name, uint64_t size, struct cairn_connection *ret)
{
    *ret = (struct cairn_connection){ .size = sizeof *ret, .kind = CAIRN_CONN_RBD, .format = CAIRN_FORMAT_RAW, .size_bytes = size };
    snprintf(ret->pool, sizeof ret->pool, "%s/%s", pool_name, pool->space);
    snprintf(ret->image, sizeof ret->image, "%s", name);
    snprintf(ret->host, sizeof ret->host, "%s", pool->hosts);
    snprintf(ret->user, sizeof ret->user, "%s", pool->user);
    snprintf(ret->secret, sizeof ret->secret, "%s", pool->secret);
}
