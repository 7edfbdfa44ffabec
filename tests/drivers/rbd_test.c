/* rbd_test.c: what is special about storage driver "rbd", on a real cluster: no kill leaves anything half or for good, what is used is not
 * deleted, a full or silent cluster is told in time.  Run by rbd.sh. */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/run.h"
#include "base/str.h"
#include "plugin/plugin.h"
#include "plugin/storage.h"
#include "../unit/unit.h"

#define MIB (UINT64_C(1) << 20)

/* A namespace for each test, so that none sees the other's things. */
static char space[64];

static char *
tool_conf(void)
{
    return xasprintf("%s/ceph.conf", getenv("RBD_TEST_CEPH"));
}

struct pool {
    struct config *config;
    struct plugins *plugins;
    struct driver *d;
};

static void
pool_open(struct pool *p)
{
    static const struct config_section none[] = { { NULL, NULL, NULL } };
    static const char *const prefixes[] = { "storage", NULL };
    struct cairn_error err = CAIRN_ERROR_INIT;
    CLEANUP_FREE char *state = xasprintf("%s/state", scratch), *run = xasprintf("%s/run", scratch), *conf = tool_conf(),
                      *keyring = xasprintf("%s/client.cairn.keyring", getenv("RBD_TEST_CEPH"));
    const struct cairn_pair settings[] = { { "conf", conf }, { "keyring", keyring }, { "pool", "vms" }, { "image_pool", "images" }, { "namespace", space },
                                           { "chunk", "1M" }, { "clone_depth", "2" }, { "leftover_age", "6s" }, { "timeout", "3s" }, { "connect_timeout", "3s" } };
    struct plugins_options options = { .host_name = "here", .state_dir = state, .run_dir = run, .cloud_id = "7b0f6b1e-0d6c-4b8a-9a3e-000000000000" };

    mkdir(state, 0755);
    mkdir(run, 0755);
    ck_assert_int_eq(config_load_text("", "test", none, prefixes, &p->config, &err), 0);
    options.config = p->config;
    ck_assert_int_eq(plugins_open(&options, &p->plugins, &err), 0);
    ck_assert_msg(plugins_load_with(p->plugins, CAIRN_STORAGE, "rbd", "pool", settings, ARRAY_LEN(settings), &err) == 0, "%s", err.message);
    p->d = plugins_get(p->plugins, CAIRN_STORAGE, "pool");
    ck_assert_ptr_nonnull(p->d);
}

static void
pool_close(struct pool *p)
{
    driver_put(p->d);
    plugins_close(p->plugins);
    config_free(p->config);
}

static void
setup(void)
{
    char id[ID_UUID];

    id_uuid(id);
    snprintf(space, sizeof space, "t-%s", id);
    scratch_make();
    log_open(NULL, CAIRN_LOG_ERROR, NULL);
}

static void
teardown(void)
{
    scratch_drop();
}

#define OK(...) ck_assert_msg((__VA_ARGS__) == 0, "%s", err.message)
#define FAILS(expected, ...) do {                                                                       \
        cairn_error_clear(&err);                                                                        \
        ck_assert_int_eq((__VA_ARGS__), -1);                                                            \
        ck_assert_msg(err.code == CAIRN_##expected, "code %u: %s", err.code, err.message);              \
    } while (0)

/* What a tool of Ceph's says; run as the cluster's administrator.  free() it. */
#define TOOL(program, ...) tool(program, (const char *[]){ __VA_ARGS__, NULL })
static char *
tool(const char *program, const char *const *words)
{
    CLEANUP_FREE char *conf = tool_conf();
    const char *argv[16] = { program, "-c", conf };
    const struct cairn_child child = { .size = sizeof child, .argv = argv, .timeout_ms = 60000, .output_max = 8 << 20 };
    struct run_result result = { 0 };
    struct cairn_error err = CAIRN_ERROR_INIT;
    char *out;

    for (size_t i = 3; *words != NULL; i++)
        argv[i] = *words++;
    ck_assert_msg(run_child(&child, NULL, NULL, &result, &err) == 0, "%s", err.message);
    out = steal(&result.out);
    run_result_free(&result);
    return out;
}

/* Every object of the namespace's data in a pool, but for librbd's own books: 0 when nothing is left. */
static unsigned
objects_in(const char *pool)
{
    static const char *const books[] = { "rbd_directory", "rbd_info", "rbd_trash", "rbd_children", "rbd_namespace", NULL };
    CLEANUP_FREE char *out = TOOL("rados", "-p", pool, "--all", "ls");
    unsigned count = 0;
    char *save = NULL;

    for (char *line = strtok_r(out, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        const char *name = strchr(line, '\t');
        int book = 0;

        if (name == NULL || strncmp(line, space, strlen(space)) != 0)
            continue;
        for (size_t i = 0; books[i] != NULL; i++)
            book |= strcmp(name + 1, books[i]) == 0;
        count += !book;
    }
    return count;
}

static void
fill(char *buf, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++)
        buf[i] = (char)(i * 31 + i / 251 + seed);
}

static void
image_put(struct pool *p, const char *id, size_t len, unsigned seed, char ret_handle[256])
{
    CLEANUP_FREE char *bytes = xmalloc(len);
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct cairn_stream *stream = NULL;

    fill(bytes, len, seed);
    OK(storage_image_open(p->d, id, 0, &stream, &err));
    OK(storage_image_write(p->d, stream, bytes, len, &err));
    OK(storage_image_commit(p->d, stream, ret_handle, &err));
}

static struct cairn_volume
volume_of(const char *id, uint64_t size, uint32_t kind, const char *source)
{
    return (struct cairn_volume){ .size = sizeof(struct cairn_volume), .id = id, .size_bytes = size, .source_kind = kind, .source_handle = source,
                                  .source_format = CAIRN_FORMAT_RAW };
}

static void
expect(struct pool *p, const char *handle, uint64_t offset, size_t len, unsigned seed)
{
    CLEANUP_FREE char *want = xmalloc(offset + len), *got = xmalloc(len);
    struct cairn_error err = CAIRN_ERROR_INIT;

    fill(want, offset + len, seed);
    OK(storage_volume_read(p->d, handle, offset, got, len, &err));
    ck_assert_msg(memcmp(want + offset, got, len) == 0, "'%s' has other bytes at %llu", handle, (unsigned long long)offset);
}

/* -- clones -- */

START_TEST(a_volume_from_a_raw_image_is_a_clone)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    CLEANUP_FREE char *image_spec = xasprintf("images/%s/image-i@cairn", space), *want = xasprintf("vms/%s/volume-v", space), *children = NULL;
    struct cairn_volume vol;
    char image[256], handle[256];
    struct pool p;

    pool_open(&p);
    image_put(&p, "i", 5 * MIB + 512, 1, image);
    vol = volume_of("v", 16 * MIB, CAIRN_SOURCE_IMAGE, image);
    OK(storage_volume_create(p.d, NULL, &vol, handle, &err));
    children = TOOL("rbd", "children", image_spec);
    ck_assert_msg(strstr(children, want) != NULL, "children: %s", children);
    expect(&p, handle, 3 * MIB, 65536, 1);
    OK(storage_image_delete(p.d, image, &err));         /* the clone keeps its bytes, the last of them takes them along */
    expect(&p, handle, 3 * MIB, 65536, 1);
    OK(storage_volume_delete(p.d, NULL, handle, &err));
    ck_assert_uint_eq(objects_in("vms") + objects_in("images"), 0);
    pool_close(&p);
}
END_TEST

START_TEST(clones_of_clones_are_flattened_in_time)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    char handles[6][256], id[16], byte = 7, got;
    struct pool p;

    pool_open(&p);
    for (int i = 0; i < 6; i++) {
        struct cairn_volume vol;

        snprintf(id, sizeof id, "v%d", i);
        vol = volume_of(id, 4 * MIB, i == 0 ? CAIRN_SOURCE_NONE : CAIRN_SOURCE_VOLUME, i == 0 ? NULL : handles[i - 1]);
        OK(storage_volume_create(p.d, NULL, &vol, handles[i], &err));
        if (i == 0)
            OK(storage_volume_write(p.d, handles[0], MIB, &byte, 1, &err));
    }
    for (int i = 0; i < 6; i++) {               /* the oldest first */
        OK(storage_volume_read(p.d, handles[i], MIB, &got, 1, &err));
        ck_assert_int_eq(got, byte);
        OK(storage_volume_delete(p.d, NULL, handles[i], &err));
    }
    ck_assert_uint_eq(objects_in("vms"), 0);
    pool_close(&p);
}
END_TEST

START_TEST(a_qcow2_image_becomes_a_volume)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    CLEANUP_FREE char *raw = xasprintf("%s/raw", scratch), *qcow2 = xasprintf("%s/disk, with comma.qcow2", scratch), *bytes = xmalloc(3 * MIB);
    struct cairn_connection conn = { .size = sizeof conn, .kind = CAIRN_CONN_FILE, .format = CAIRN_FORMAT_QCOW2 };
    struct cairn_volume vol = volume_of("q", 8 * MIB, CAIRN_SOURCE_CONNECTION, NULL);
    struct cairn_stream *stream = NULL;
    char image[256], handle[256];
    struct stat st;
    struct pool p;
    int fd = open(raw, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    fill(bytes, 3 * MIB, 4);
    ck_assert_int_eq(write(fd, bytes, 3 * MIB), (ssize_t)(3 * MIB));
    close(fd);
    OK(run_argv(&err, 60000, NULL, "qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", raw, qcow2, NULL));
    snprintf(conn.path, sizeof conn.path, "%s", qcow2);
    vol.source = &conn;
    pool_open(&p);
    OK(storage_volume_create(p.d, NULL, &vol, handle, &err));           /* another store has the image */
    expect(&p, handle, 2 * MIB, 65536, 4);
    OK(storage_volume_delete(p.d, NULL, handle, &err));

    fd = open(qcow2, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_int_eq(read(fd, bytes, (size_t)st.st_size), st.st_size);
    close(fd);
    OK(storage_image_open(p.d, "i", (uint64_t)st.st_size, &stream, &err));
    OK(storage_image_write(p.d, stream, bytes, (size_t)st.st_size, &err));
    OK(storage_image_commit(p.d, stream, image, &err));
    vol = volume_of("q", 8 * MIB, CAIRN_SOURCE_IMAGE, image);
    vol.source_format = CAIRN_FORMAT_QCOW2;
    OK(storage_volume_create(p.d, NULL, &vol, handle, &err));           /* this one has it */
    expect(&p, handle, 2 * MIB, 65536, 4);
    vol.id = "small";
    vol.size_bytes = 2 * MIB;
    FAILS(INVALID, storage_volume_create(p.d, NULL, &vol, handle, &err));
    OK(storage_volume_delete(p.d, NULL, "volume-q", &err));

    OK(run_argv(&err, 60000, NULL, "qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", raw, qcow2, NULL));
    vol = volume_of("over", 8 * MIB, CAIRN_SOURCE_CONNECTION, NULL);
    vol.source = &conn;
    FAILS(INVALID, storage_volume_create(p.d, NULL, &vol, handle, &err));       /* what it lies over is not followed */
    OK(storage_image_delete(p.d, image, &err));
    ck_assert_uint_eq(objects_in("vms") + objects_in("images"), 0);
    pool_close(&p);
}
END_TEST

struct extents { unsigned count; uint64_t bytes, last; };

static int
add_extent(void *arg, const void *item)
{
    struct extents *all = arg;
    const struct cairn_extent *e = item;

    ck_assert_uint_ge(e->offset, all->last);
    all->count++;
    all->bytes += e->zero ? 0 : e->length;
    all->last = e->offset + e->length;
    return 0;
}

START_TEST(changes_since_a_snapshot_are_told)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct cairn_volume vol = volume_of("v", 16 * MIB, CAIRN_SOURCE_NONE, NULL);
    struct extents all = { 0, 0, 0 }, since = { 0, 0, 0 };
    struct cairn_sink all_sink = { add_extent, &all }, since_sink = { add_extent, &since };
    char handle[256], snap[256], byte = 1;
    struct pool p;

    pool_open(&p);
    OK(storage_volume_create(p.d, NULL, &vol, handle, &err));
    OK(storage_volume_write(p.d, handle, 2 * MIB, &byte, 1, &err));
    OK(storage_snapshot_create(p.d, NULL, handle, "s", snap, &err));
    OK(storage_volume_write(p.d, handle, 9 * MIB + 5, &byte, 1, &err));
    OK(storage_volume_changes(p.d, handle, NULL, &all_sink, &err));
    OK(storage_volume_changes(p.d, handle, snap, &since_sink, &err));
    ck_assert_uint_eq(all.count, 2);
    ck_assert_uint_eq(since.count, 1);
    ck_assert_uint_gt(since.last, 9 * MIB + 5);
    ck_assert_uint_le(since.bytes, MIB);
    OK(storage_snapshot_delete(p.d, NULL, handle, snap, &err));
    OK(storage_volume_delete(p.d, NULL, handle, &err));
    pool_close(&p);
}
END_TEST

/* -- crashes -- */

struct keys { char text[512]; };

static int
add_key(void *arg, const void *item)
{
    struct keys *keys = arg;
    size_t n = strlen(keys->text);

    snprintf(keys->text + n, sizeof keys->text - n, "%s ", ((const struct cairn_blob_info *)item)->key);
    return 0;
}

/* Sweeps, as the audit does, until nothing is left: a dead client's watch ends after some seconds, and young things are left alone. */
static void
swept(struct pool *p, const char *images, const char *blobs)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct keys seen;
    struct cairn_sink sink = { add_key, &seen };
    int64_t end = clock_mono_ms() + 60000;

    do {
        seen.text[0] = '\0';
        OK(storage_image_list(p->d, &sink, &err));
        ck_assert_str_eq(seen.text, images);            /* never more than what was whole */
        seen.text[0] = '\0';
        OK(storage_blob_list(p->d, NULL, &sink, &err));
        ck_assert_str_eq(seen.text, blobs);
        usleep(500000);
    } while (objects_in("images") + objects_in("vms") > 0 && clock_mono_ms() < end);
    ck_assert_uint_eq(objects_in("images") + objects_in("vms"), 0);
}

/* A child writes an image and a blob of 8 MiB each, and is killed after 'steps' writes, or after the commits. */
static void
killed_writer(unsigned steps)
{
    pid_t pid = fork();
    int status = 0;

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        struct cairn_error err = CAIRN_ERROR_INIT;
        struct cairn_stream *image = NULL, *blob = NULL;
        CLEANUP_FREE char *bytes = xmalloc(MIB);
        struct pool p;

        fill(bytes, MIB, 3);
        pool_open(&p);
        OK(storage_image_open(p.d, "crash", 0, &image, &err));
        OK(storage_blob_open(p.d, "crash", 0, &blob, &err));
        for (unsigned i = 0; i < steps; i++) {
            OK(storage_image_write(p.d, image, bytes, MIB, &err));
            OK(storage_blob_write(p.d, blob, bytes, MIB, &err));
        }
        kill(getpid(), SIGKILL);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the writer ended by itself: status %d", status);
}

START_TEST(a_killed_writer_leaves_nothing_for_good)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    char handle[256];
    struct cairn_blob_info info = { .size = sizeof info };
    struct pool p;

    killed_writer(0);
    killed_writer(3);
    killed_writer(8);
    pool_open(&p);
    FAILS(NOT_FOUND, storage_image_info(p.d, "image-crash", &info, &err));
    FAILS(NOT_FOUND, storage_blob_info(p.d, "crash", &info, &err));
    image_put(&p, "crash", 1000, 1, handle);            /* the name is free */
    OK(storage_image_delete(p.d, handle, &err));
    swept(&p, "", "");
    pool_close(&p);
}
END_TEST

START_TEST(a_sweep_leaves_living_writers_alone)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct cairn_stream *image = NULL, *blob = NULL;
    CLEANUP_FREE char *bytes = xmalloc(3 * MIB), *got = xmalloc(3 * MIB);
    struct keys seen = { "" };
    struct cairn_sink sink = { add_key, &seen };
    char handle[256];
    size_t len = 0;
    struct pool p, other;

    fill(bytes, 3 * MIB, 9);
    pool_open(&p);
    OK(storage_image_open(p.d, "slow", 0, &image, &err));
    OK(storage_blob_open(p.d, "slow", 0, &blob, &err));
    OK(storage_image_write(p.d, image, bytes, 2 * MIB, &err));
    OK(storage_blob_write(p.d, blob, bytes, 2 * MIB, &err));
    sleep(8);                                           /* older than what is spared for its youth */
    pool_open(&other);
    OK(storage_image_list(other.d, &sink, &err));
    OK(storage_blob_list(other.d, NULL, &sink, &err));
    ck_assert_str_eq(seen.text, "");
    pool_close(&other);
    OK(storage_image_write(p.d, image, bytes + 2 * MIB, MIB, &err));
    OK(storage_blob_write(p.d, blob, bytes + 2 * MIB, MIB, &err));
    OK(storage_image_commit(p.d, image, handle, &err));
    OK(storage_blob_commit(p.d, blob, &err));
    OK(storage_image_read(p.d, handle, 0, got, 3 * MIB, &len, &err));
    ck_assert_uint_eq(len, 3 * MIB);
    ck_assert_mem_eq(bytes, got, 3 * MIB);
    memset(got, 0, 3 * MIB);
    OK(storage_blob_read(p.d, "slow", 0, got, 3 * MIB, &len, &err));
    ck_assert_uint_eq(len, 3 * MIB);
    ck_assert_mem_eq(bytes, got, 3 * MIB);
    OK(storage_image_delete(p.d, handle, &err));
    OK(storage_blob_delete(p.d, "slow", &err));
    ck_assert_uint_eq(objects_in("vms") + objects_in("images"), 0);
    pool_close(&p);
}
END_TEST

/* -- blobs -- */

START_TEST(blobs_of_every_size_come_back)
{
    static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 262143, 262144, 262145, 1048575, 1048576, 1048577, 3500000 };
    struct cairn_error err = CAIRN_ERROR_INIT;
    CLEANUP_FREE char *want = xmalloc(4 * MIB), *got = xmalloc(4 * MIB);
    struct cairn_stream *stream = NULL;
    struct cairn_blob_info info = { .size = sizeof info };
    size_t size = sizes[_i], len = 0;
    struct pool p;

    fill(want, 4 * MIB, 5);
    pool_open(&p);
    for (int again = 0; again < 2; again++) {           /* an upload that is done again after a crash */
        OK(storage_blob_open(p.d, "b", again ? size : 0, &stream, &err));
        for (size_t at = 0, n; at < size; at += n) {
            n = size - at < 100000 ? size - at : 100000;
            OK(storage_blob_write(p.d, stream, want + at, n, &err));
        }
        OK(storage_blob_commit(p.d, stream, &err));
    }
    OK(storage_blob_info(p.d, "b", &info, &err));
    ck_assert_uint_eq(info.size_bytes, size);
    for (int again = 0; again < 2; again++) {
        OK(storage_blob_read(p.d, "b", 0, got, 4 * MIB, &len, &err));
        ck_assert_uint_eq(len, size);
        ck_assert(size == 0 || memcmp(want, got, size) == 0);
        OK(storage_blob_read(p.d, "b", size / 2, got, 4 * MIB, &len, &err));
        ck_assert_uint_eq(len, size - size / 2);
        ck_assert(len == 0 || memcmp(want + size / 2, got, len) == 0);
        OK(storage_blob_read(p.d, "b", size + 1, got, 10, &len, &err));
        ck_assert_uint_eq(len, 0);
    }
    OK(storage_blob_open(p.d, "b", 0, &stream, &err));
    OK(storage_blob_write(p.d, stream, "other", 5, &err));
    FAILS(EXISTS, storage_blob_commit(p.d, stream, &err));
    OK(storage_blob_delete(p.d, "b", &err));
    FAILS(NOT_FOUND, storage_blob_read(p.d, "b", 0, got, 10, &len, &err));
    ck_assert_uint_eq(objects_in("vms"), 0);
    pool_close(&p);
}
END_TEST

/* -- what is used, full, silent -- */

/* Another client has the image open: RBD_TEST_CEPH's rbd tool writes to it for some seconds. */
START_TEST(what_is_in_use_is_not_deleted)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct cairn_volume vol = volume_of("v", 64 * MIB, CAIRN_SOURCE_NONE, NULL);
    char handle[256];
    struct pool p;
    pid_t pid;

    pool_open(&p);
    OK(storage_volume_create(p.d, NULL, &vol, handle, &err));
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        CLEANUP_FREE char *conf = tool_conf(), *spec = xasprintf("vms/%s/%s", space, handle);

        execlp("rbd", "rbd", "-c", conf, "bench", "--io-type", "write", "--io-size", "4096", "--io-total", "100G", "--io-threads", "1", spec, NULL);
        _exit(127);
    }
    for (int i = 0; i < 100; i++) {                     /* until it is open there */
        CLEANUP_FREE char *spec = xasprintf("vms/%s/%s", space, handle), *status = TOOL("rbd", "status", spec);

        if (strstr(status, "watcher=") != NULL)
            break;
        usleep(100000);
    }
    FAILS(CONFLICT, storage_volume_delete(p.d, NULL, handle, &err));
    OK(storage_volume_extend(p.d, NULL, handle, 128 * MIB, &err));      /* by whoever has it open */
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    for (int i = 0; i < 60; i++) {                      /* until the cluster forgets it */
        cairn_error_clear(&err);
        if (storage_volume_delete(p.d, NULL, handle, &err) == 0)
            break;
        ck_assert_msg(err.code == CAIRN_CONFLICT, "%s", err.message);
        usleep(500000);
    }
    ck_assert_uint_eq(objects_in("vms"), 0);
    pool_close(&p);
}
END_TEST

/* Pool vms may have so many objects; returns when the cluster has noticed. */
static void
quota(const char *objects, int full)
{
    free(TOOL("ceph", "osd", "pool", "set-quota", "vms", "max_objects", objects));
    for (int i = 0; i < 150; i++) {
        CLEANUP_FREE char *pools = TOOL("ceph", "osd", "pool", "ls", "detail");

        if ((strstr(pools, "full_quota") != NULL) == full)
            return;
        usleep(200000);
    }
    ck_abort_msg("the quota of pool vms had no effect");
}

START_TEST(a_full_cluster_says_so)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    CLEANUP_FREE char *bytes = xmalloc(MIB);
    struct cairn_volume vol = volume_of("v", 16 * MIB, CAIRN_SOURCE_NONE, NULL);
    struct cairn_stream *stream = NULL;
    struct pool p;
    char handle[256];
    int rc = 0;

    fill(bytes, MIB, 2);
    pool_open(&p);
    OK(storage_volume_create(p.d, NULL, &vol, handle, &err));
    OK(storage_volume_write(p.d, handle, 8 * MIB, bytes, MIB, &err));
    quota("1", 1);
    if (storage_blob_open(p.d, "b", 0, &stream, &err) == 0) {
        for (int i = 0; i < 8 && rc == 0; i++)
            rc = storage_blob_write(p.d, stream, bytes, MIB, &err);
        if (rc < 0)
            storage_blob_abort(p.d, stream);
        else
            rc = storage_blob_commit(p.d, stream, &err);
    }
    ck_assert_int_eq(rc, -1);
    ck_assert_msg(err.code == CAIRN_NO_SPACE, "code %u: %s", err.code, err.message);
    FAILS(NO_SPACE, storage_volume_write(p.d, handle, 0, bytes, MIB, &err));
    OK(storage_volume_delete(p.d, NULL, handle, &err));         /* deleting helps, so it works */
    quota("0", 0);
    ck_assert_uint_eq(objects_in("vms"), 0);
    pool_close(&p);
}
END_TEST

static void
signal_cluster(int sig)
{
    CLEANUP_FREE char *pids = xstrdup(getenv("RBD_TEST_PIDS"));
    char *save = NULL;

    for (char *pid = strtok_r(pids, " ", &save); pid != NULL; pid = strtok_r(NULL, " ", &save))
        kill((pid_t)atoi(pid), sig);
}

static void
wake_cluster(void)
{
    signal_cluster(SIGCONT);
}

START_TEST(a_silent_cluster_is_unavailable_in_time)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct cairn_volume vol = volume_of("v", 16 * MIB, CAIRN_SOURCE_NONE, NULL);
    struct cairn_volume_info info = { .size = sizeof info };
    struct cairn_pool_info space_info = { .size = sizeof space_info };
    struct cairn_blob_info blob = { .size = sizeof blob };
    struct pool p, late;
    char handle[256];
    int64_t begin;

    pool_open(&p);
    OK(storage_volume_create(p.d, NULL, &vol, handle, &err));
    atexit(wake_cluster);
    signal_cluster(SIGSTOP);
    begin = clock_mono_ms();
    FAILS(UNAVAILABLE, storage_volume_info(p.d, handle, &info, &err));
    FAILS(UNAVAILABLE, storage_pool_info(p.d, &space_info, &err));
    FAILS(UNAVAILABLE, storage_blob_info(p.d, "b", &blob, &err));
    vol.id = "w";
    FAILS(UNAVAILABLE, storage_volume_create(p.d, NULL, &vol, handle, &err));
    pool_open(&late);                                   /* a daemon that starts meanwhile is not kept */
    FAILS(UNAVAILABLE, storage_pool_info(late.d, &space_info, &err));
    ck_assert_int_lt(clock_mono_ms() - begin, 40000);
    signal_cluster(SIGCONT);
    for (int i = 0; i < 100 && storage_volume_info(p.d, "volume-v", &info, &err) < 0; i++)
        usleep(200000);
    OK(storage_volume_info(p.d, "volume-v", &info, &err));
    for (int i = 0; i < 100 && storage_volume_info(late.d, "volume-v", &info, &err) < 0; i++)
        usleep(200000);
    OK(storage_volume_info(late.d, "volume-v", &info, &err));
    OK(storage_volume_delete(p.d, NULL, "volume-v", &err));
    pool_close(&late);
    pool_close(&p);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("drivers/rbd");
    TCase *quick = tcase_create("bytes"), *slow = tcase_create("trouble");

    if (getenv("RBD_TEST_CEPH") == NULL) {
        puts("SKIP: run by rbd.sh");
        return 77;
    }
    tcase_add_checked_fixture(quick, setup, teardown);
    tcase_set_timeout(quick, 60);
    tcase_add_test(quick, a_volume_from_a_raw_image_is_a_clone);
    tcase_add_test(quick, clones_of_clones_are_flattened_in_time);
    tcase_add_test(quick, a_qcow2_image_becomes_a_volume);
    tcase_add_test(quick, changes_since_a_snapshot_are_told);
    tcase_add_loop_test(quick, blobs_of_every_size_come_back, 0, 12);
    suite_add_tcase(suite, quick);
    tcase_add_checked_fixture(slow, setup, teardown);
    tcase_set_timeout(slow, 120);
    tcase_add_test(slow, what_is_in_use_is_not_deleted);
    tcase_add_test(slow, a_full_cluster_says_so);
    tcase_add_test(slow, a_killed_writer_leaves_nothing_for_good);
    tcase_add_test(slow, a_sweep_leaves_living_writers_alone);
    tcase_add_test(slow, a_silent_cluster_is_unavailable_in_time);
    suite_add_tcase(suite, slow);
    return run_suite(suite);
}
