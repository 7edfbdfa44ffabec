/* file_test.c: what is special about storage driver "file": no kill leaves anything half, nothing of QEMU's is disturbed, headers are QEMU's. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/config.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/run.h"
#include "base/str.h"
#include "plugin/plugin.h"
#include "plugin/storage.h"
#include "../unit/unit.h"

#define MIB (UINT64_C(1) << 20)

/* A pool in a scratch folder; opened and closed as a daemon would. */
struct pool {
    struct config *config;
    struct plugins *plugins;
    struct driver *d;
};

static void
pool_open(struct pool *p, const char *format)
{
    static const struct config_section none[] = { { NULL, NULL, NULL } };
    static const char *const prefixes[] = { "storage", NULL };
    struct cairn_error err = CAIRN_ERROR_INIT;
    CLEANUP_FREE char *state = xasprintf("%s/state", scratch), *run = xasprintf("%s/run", scratch), *dir = xasprintf("%s/pool", scratch);
    const struct cairn_pair settings[] = { { "dir", dir }, { "format", format }, { "reserved", "0" } };
    struct plugins_options options = { .host_name = "here", .state_dir = state, .run_dir = run, .cloud_id = "7b0f6b1e-0d6c-4b8a-9a3e-000000000000" };

    mkdir(state, 0755);
    mkdir(run, 0755);
    ck_assert_int_eq(config_load_text("", "test", none, prefixes, &p->config, &err), 0);
    options.config = p->config;
    ck_assert_int_eq(plugins_open(&options, &p->plugins, &err), 0);
    ck_assert_msg(plugins_load_with(p->plugins, CAIRN_STORAGE, "file", "pool", settings, ARRAY_LEN(settings), &err) == 0, "%s", err.message);
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
    scratch_make();
    log_open(NULL, CAIRN_LOG_ERROR, NULL);
}

static void
teardown(void)
{
    scratch_drop();
}

static void
image_put(struct pool *p, const char *id, const void *bytes, size_t len)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct cairn_stream *stream = NULL;
    char handle[256];

    ck_assert_msg(storage_image_open(p->d, id, len, &stream, &err) == 0, "%s", err.message);
    ck_assert_int_eq(storage_image_write(p->d, stream, bytes, len, &err), 0);
    ck_assert_msg(storage_image_commit(p->d, stream, handle, &err) == 0, "%s", err.message);
}

/* Names in a folder of the pool, those with a leading dot left out. */
static unsigned
names_in(const char *folder)
{
    CLEANUP_FREE char *path = xasprintf("%s/pool/%s", scratch, folder);
    DIR *dir = opendir(path);
    struct dirent *e;
    unsigned count = 0;

    ck_assert_ptr_nonnull(dir);
    while ((e = readdir(dir)) != NULL)
        count += e->d_name[0] != '.';
    closedir(dir);
    return count;
}

static int
have(const char *program)
{
    struct cairn_error err = CAIRN_ERROR_INIT;

    if (run_argv(&err, 10000, NULL, program, "--version", NULL) == 0)
        return 1;
    fprintf(stderr, "skipped: %s is not installed\n", program);
    return 0;
}

static const uint64_t sizes[] = { 1, 16, 511, 512, 513, 1 << 20, UINT64_C(5) << 20 };     /* MiB: around the reach of one table entry, 1 TiB, 5 TiB */

START_TEST(an_empty_volume_is_qcow2_as_qemu_means_it)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct cairn_volume vol = { .size = sizeof vol, .id = "v", .size_bytes = sizes[_i] * MIB };
    CLEANUP_FREE char *path = xasprintf("%s/pool/volumes/v.qcow2", scratch), *out = NULL;
    CLEANUP_FREE char *size = xasprintf("\"virtual-size\": %llu,", (unsigned long long)vol.size_bytes);
    char handle[256];
    struct pool p;

    if (!have("qemu-img"))
        return;
    pool_open(&p, "qcow2");
    ck_assert_int_eq(storage_volume_create(p.d, NULL, &vol, handle, &err), 0);
    pool_close(&p);
    ck_assert_msg(run_argv(&err, 20000, NULL, "qemu-img", "check", "-q", "-f", "qcow2", path, NULL) == 0, "%s", err.message);
    ck_assert_int_eq(run_argv(&err, 20000, &out, "qemu-img", "info", "-f", "qcow2", "--output=json", path, NULL), 0);
    ck_assert_msg(strstr(out, size) != NULL, "%s", out);
}
END_TEST

START_TEST(an_overlay_names_its_base_and_the_bases_format)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct cairn_volume vol = { .size = sizeof vol, .id = "v", .size_bytes = 4 * MIB, .source_kind = CAIRN_SOURCE_IMAGE, .source_handle = "i",
                                .source_format = CAIRN_FORMAT_RAW };
    CLEANUP_FREE char *path = xasprintf("%s/pool/volumes/v.qcow2", scratch), *out = NULL;
    /* Raw bytes that look like qcow2 with a backing file: a guest may write such a thing at any time. */
    unsigned char bytes[1024] = "QFI\xfb\0\0\0\3\0\0\0\0\0\0\2\0\0\0\0\13";
    char handle[256];
    struct pool p;

    memcpy(bytes + 512, "/etc/passwd", 11);
    pool_open(&p, "qcow2");
    image_put(&p, "i", bytes, sizeof bytes);
    ck_assert_int_eq(storage_volume_create(p.d, NULL, &vol, handle, &err), 0);
    vol.id = "w";
    vol.source_format = CAIRN_FORMAT_QCOW2;     /* and as qcow2 it is not taken */
    ck_assert_int_eq(storage_volume_create(p.d, NULL, &vol, handle, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_INVALID);
    ck_assert_str_eq(err.message, "volume 'w': image 'i': the qcow2 image lies over another file ('/etc/passwd'): flatten it first");
    pool_close(&p);
    ck_assert_uint_eq(names_in("base"), 1);
    if (!have("qemu-img"))
        return;
    ck_assert_msg(run_argv(&err, 20000, &out, "qemu-img", "info", "-f", "qcow2", "--backing-chain", "--output=json", path, NULL) == 0, "%s", err.message);
    ck_assert_ptr_nonnull(strstr(out, "\"backing-filename\": \"../base/v\""));
    ck_assert_ptr_nonnull(strstr(out, "\"backing-filename-format\": \"raw\""));
    ck_assert_ptr_null(strstr(out, "passwd"));
}
END_TEST

START_TEST(the_last_volume_takes_its_images_bytes_along)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct cairn_volume vol = { .size = sizeof vol, .size_bytes = MIB, .source_kind = CAIRN_SOURCE_IMAGE, .source_handle = "i",
                                .source_format = CAIRN_FORMAT_RAW };
    char handle[256];
    struct pool p;

    pool_open(&p, "qcow2");
    image_put(&p, "i", "bytes", 5);
    vol.id = "a";
    ck_assert_int_eq(storage_volume_create(p.d, NULL, &vol, handle, &err), 0);
    vol.id = "b";
    ck_assert_int_eq(storage_volume_create(p.d, NULL, &vol, handle, &err), 0);
    ck_assert_int_eq(storage_image_delete(p.d, "i", &err), 0);
    ck_assert_uint_eq(names_in("base"), 2);
    ck_assert_int_eq(storage_volume_delete(p.d, NULL, "a.qcow2", &err), 0);
    ck_assert_uint_eq(names_in("base"), 1);
    ck_assert_int_eq(storage_volume_delete(p.d, NULL, "b.qcow2", &err), 0);
    ck_assert_uint_eq(names_in("base"), 0);
    pool_close(&p);
}
END_TEST

START_TEST(a_volume_in_use_is_left_alone)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct cairn_volume vol = { .size = sizeof vol, .id = "v", .size_bytes = 4 * MIB };
    CLEANUP_FREE char *path = xasprintf("%s/pool/volumes/v.qcow2", scratch);
    char handle[256], byte;
    int in[2], out[2];
    struct pool p;
    pid_t pid;

    if (!have("qemu-io"))
        return;
    pool_open(&p, "qcow2");
    ck_assert_int_eq(storage_volume_create(p.d, NULL, &vol, handle, &err), 0);
    ck_assert(pipe(in) == 0 && pipe(out) == 0);
    if ((pid = fork()) == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        execlp("qemu-io", "qemu-io", "-f", "qcow2", path, (char *)NULL);
        _exit(127);
    }
    ck_assert_int_eq(write(in[1], "length\n", 7), 7);
    ck_assert_int_eq(read(out[0], &byte, 1), 1);        /* it has the file open now */
    ck_assert_int_eq(storage_volume_extend(p.d, NULL, handle, 8 * MIB, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_CONFLICT);
    ck_assert_str_eq(err.message, "volume 'v.qcow2' is in use by a running guest or tool");
    ck_assert_int_eq(storage_snapshot_create(p.d, NULL, handle, "s", handle, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_CONFLICT);
    ck_assert_int_eq(storage_volume_delete(p.d, NULL, "v.qcow2", &err), -1);
    ck_assert_int_eq(err.code, CAIRN_CONFLICT);
    close(in[1]);
    close(in[0]);
    waitpid(pid, NULL, 0);
    close(out[0]);
    close(out[1]);
    ck_assert_msg(storage_volume_delete(p.d, NULL, "v.qcow2", &err) == 0, "%s", err.message);
    pool_close(&p);
}
END_TEST

START_TEST(a_raw_volume_tells_where_its_data_is)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct cairn_volume vol = { .size = sizeof vol, .id = "v", .size_bytes = 64 * MIB };
    char handle[256], block[4096];
    struct pool p;

    memset(block, 7, sizeof block);
    pool_open(&p, "raw");
    ck_assert_int_eq(storage_volume_create(p.d, NULL, &vol, handle, &err), 0);
    ck_assert_int_eq(storage_volume_write(p.d, handle, 32 * MIB, block, sizeof block, &err), 0);
    ck_assert_int_eq(storage_volume_write(p.d, handle, 64 * MIB - 10, block, sizeof block, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_INVALID);
    ck_assert_int_eq(storage_volume_read(p.d, handle, 32 * MIB + 1, block, 100, &err), 0);
    ck_assert_int_eq(block[0], 7);
    pool_close(&p);
}
END_TEST

/* What a daemon might be doing when it is killed. */
static void
busy(void)
{
    static const char bytes[300000] = "image";
    struct cairn_volume vol = { .size = sizeof vol, .size_bytes = 8 * MIB, .source_kind = CAIRN_SOURCE_IMAGE, .source_format = CAIRN_FORMAT_RAW };
    struct pool p;

    pool_open(&p, "qcow2");
    for (unsigned i = 0;; i++) {
        char id[32], image[32], handle[256];

        snprintf(id, sizeof id, "v%u", i % 7);
        snprintf(image, sizeof image, "i%u", i % 3);
        vol.id = id;
        vol.source_handle = image;
        if (i % 5 == 0)
            storage_image_delete(p.d, image, NULL);
        if (i % 2 == 0) {
            struct cairn_stream *stream = NULL;

            if (storage_image_open(p.d, image, 0, &stream, NULL) == 0) {
                storage_image_write(p.d, stream, bytes, sizeof bytes, NULL);
                storage_image_commit(p.d, stream, handle, NULL);
            }
        }
        storage_volume_create(p.d, NULL, &vol, handle, NULL);
        snprintf(handle, sizeof handle, "v%u.qcow2", (i + 3) % 7);
        storage_volume_delete(p.d, NULL, handle, NULL);
    }
}

static int
check_volume(void *arg, const void *item)
{
    const struct cairn_volume_info *info = item;
    CLEANUP_FREE char *path = xasprintf("%s/pool/volumes/%s", scratch, info->handle);
    struct cairn_error err = CAIRN_ERROR_INIT;

    ++*(unsigned *)arg;
    ck_assert_uint_eq(info->size_bytes, 8 * MIB);
    ck_assert_msg(run_argv(&err, 20000, NULL, "qemu-img", "check", "-q", "-f", "qcow2", path, NULL) == 0, "%s", err.message);
    return 0;
}

static int
check_image(void *arg, const void *item)
{
    ++*(unsigned *)arg;
    ck_assert_uint_eq(((const struct cairn_blob_info *)item)->size_bytes, 300000);
    return 0;
}

START_TEST(a_kill_at_any_time_leaves_nothing_half)
{
    unsigned seed = 1, volumes, images, seen = 0;

    if (!have("qemu-img"))
        return;
    for (int round = 0; round < 12; round++) {
        struct cairn_error err = CAIRN_ERROR_INIT;
        struct cairn_sink volume_sink = { check_volume, &volumes }, image_sink = { check_image, &images };
        struct timespec pause = { 0, 30000000 + (long)(rand_r(&seed) % 90000000) };
        struct pool p;
        pid_t pid = fork();

        if (pid == 0)
            busy();
        nanosleep(&pause, NULL);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        pool_open(&p, "qcow2");
        volumes = images = 0;
        ck_assert_int_eq(storage_volume_list(p.d, &volume_sink, &err), 0);
        ck_assert_int_eq(storage_image_list(p.d, &image_sink, &err), 0);
        ck_assert_uint_eq(names_in("tmp"), 0);
        ck_assert_uint_eq(names_in("base"), volumes);
        ck_assert_uint_eq(names_in("volumes"), volumes);
        pool_close(&p);
        seen += volumes + images;
    }
    ck_assert_uint_gt(seen, 0);
}
END_TEST

START_TEST(a_copy_from_elsewhere_follows_nothing)        /* OSSA-2024-001, 2024-002 */
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct cairn_connection conn = { .size = sizeof conn, .kind = CAIRN_CONN_FILE, .format = CAIRN_FORMAT_QCOW2, .read_only = 1 };
    struct cairn_volume vol = { .size = sizeof vol, .id = "v", .size_bytes = 4 * MIB, .source_kind = CAIRN_SOURCE_CONNECTION, .source = &conn };
    unsigned char bytes[1024] = "QFI\xfb\0\0\0\3\0\0\0\0\0\0\2\0\0\0\0\13";
    struct cairn_volume_info info = { .size = sizeof info };
    char handle[256];
    struct pool p;
    int fd;

    memcpy(bytes + 512, "/etc/passwd", 11);
    snprintf(conn.path, sizeof conn.path, "%s/foreign", scratch);
    fd = open(conn.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    ck_assert(fd >= 0 && write(fd, bytes, sizeof bytes) == sizeof bytes && close(fd) == 0);
    pool_open(&p, _i == 0 ? "qcow2" : "raw");
    ck_assert_int_eq(storage_volume_create(p.d, NULL, &vol, handle, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "lies over another file ('/etc/passwd')"));
    conn.format = CAIRN_FORMAT_RAW;             /* as plain bytes it is harmless */
    if (have("qemu-img")) {
        ck_assert_msg(storage_volume_create(p.d, NULL, &vol, handle, &err) == 0, "%s", err.message);
        ck_assert_int_eq(storage_volume_info(p.d, handle, &info, &err), 0);
        ck_assert_uint_eq(info.size_bytes, 4 * MIB);
        ck_assert_uint_eq(names_in("volumes"), 1);
    }
    ck_assert_uint_eq(names_in("tmp"), 0);
    pool_close(&p);
}
END_TEST

START_TEST(a_second_instance_does_not_sweep_what_the_first_is_making)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct cairn_stream *stream = NULL;
    CLEANUP_FREE char *left = xasprintf("%s/pool/tmp/leftover", scratch);
    char handle[256];
    struct pool first, second;
    int fd;

    pool_open(&first, "qcow2");
    fd = open(left, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    ck_assert(fd >= 0 && close(fd) == 0);
    ck_assert_int_eq(storage_image_open(first.d, "i", 0, &stream, &err), 0);
    ck_assert_int_eq(storage_image_write(first.d, stream, "x", 1, &err), 0);
    pool_open(&second, "qcow2");                /* as at a reload */
    ck_assert_uint_eq(names_in("tmp"), 1);
    ck_assert_int_eq(storage_image_commit(first.d, stream, handle, &err), 0);
    pool_close(&second);
    pool_close(&first);
    pool_open(&first, "qcow2");
    ck_assert_uint_eq(names_in("tmp"), 0);
    pool_close(&first);
}
END_TEST

START_TEST(a_full_pool_says_so)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct cairn_stream *stream = NULL;
    struct pool p;

    pool_open(&p, "qcow2");
    ck_assert_int_eq(storage_image_open(p.d, "i", UINT64_C(1) << 60, &stream, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_NO_SPACE);
    pool_close(&p);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("file");
    TCase *tcase = tcase_create("file");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, an_empty_volume_is_qcow2_as_qemu_means_it, 0, (int)ARRAY_LEN(sizes));
    tcase_add_test(tcase, an_overlay_names_its_base_and_the_bases_format);
    tcase_add_test(tcase, the_last_volume_takes_its_images_bytes_along);
    tcase_add_test(tcase, a_volume_in_use_is_left_alone);
    tcase_add_test(tcase, a_raw_volume_tells_where_its_data_is);
    tcase_add_test(tcase, a_kill_at_any_time_leaves_nothing_half);
    tcase_add_loop_test(tcase, a_copy_from_elsewhere_follows_nothing, 0, 2);
    tcase_add_test(tcase, a_second_instance_does_not_sweep_what_the_first_is_making);
    tcase_add_test(tcase, a_full_pool_says_so);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
