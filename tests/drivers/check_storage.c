/* check_storage.c: what a storage driver promises: <cairn/storage.h>. */
#include "config.h"
#include "check.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "base/run.h"
#include "plugin/storage.h"

#define MIB (UINT64_C(1) << 20)
#define OP(name) offsetof(struct cairn_storage_driver, name)

/* -- helpers -- */

/* A volume description with a new id in 'id'. */
static struct cairn_volume
volume(char id[ID_UUID], uint64_t size)
{
    id_uuid(id);
    return (struct cairn_volume){ .size = sizeof(struct cairn_volume), .id = id, .size_bytes = size };
}

static uint64_t
size_of(struct check *c, const char *handle)
{
    struct cairn_volume_info info = { .size = sizeof info };

    EXPECT(OK, storage_volume_info(c->d, handle, &info, &c->err));
    return info.size_bytes;
}

static unsigned
listed(struct check *c, const char *handle, unsigned *ret_total)
{
    struct check_list list;

    check_list_init(&list, offsetof(struct cairn_volume_info, handle), handle);
    EXPECT(OK, storage_volume_list(c->d, &list.sink, &c->err));
    if (ret_total != NULL)
        *ret_total = list.total;
    return list.matching;
}

static void
fill(unsigned char *buf, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++)
        buf[i] = (unsigned char)((i * 31 + i / 251 + seed) & 0xff);
}

/* Stores 'len' patterned bytes as an image and answers its handle. */
static void
image_put(struct check *c, const char *id, size_t len, unsigned seed, char ret_handle[256])
{
    CLEANUP_FREE unsigned char *bytes = xmalloc(len);
    struct cairn_stream *stream = NULL;
    size_t half = len / 2;

    fill(bytes, len, seed);
    EXPECT(OK, storage_image_open(c->d, id, len, &stream, &c->err));
    EXPECT(OK, storage_image_write(c->d, stream, bytes, half, &c->err));
    EXPECT(OK, storage_image_write(c->d, stream, bytes + half, len - half, &c->err));
    EXPECT(OK, storage_image_commit(c->d, stream, ret_handle, &c->err));
}

/* The volume's bytes: by volume_read(), or where the driver has none, as qemu-img sees what it connects. */
static void
bytes_of(struct check *c, const char *handle, uint64_t offset, unsigned char *buf, size_t len)
{
    struct cairn_connection conn = { .size = sizeof conn };
    char copy[512];
    ssize_t got;
    int fd;

    snprintf(copy, sizeof copy, "%s/copy", c->dir);
    cairn_error_clear(&c->err);
    if (storage_volume_read(c->d, handle, offset, buf, len, &c->err) == 0)
        return;
    REQUIRE(c->err.code == CAIRN_UNSUPPORTED, "volume_read: %s", c->err.message);
    EXPECT(OK, storage_volume_connect(c->d, NULL, handle, "check-host", 1, &conn, &c->err));
    cairn_error_clear(&c->err);
    if (run_argv(&c->err, 60000, NULL, "qemu-img", "convert", "-f", conn.format == CAIRN_FORMAT_QCOW2 ? "qcow2" : "raw", "-O", "raw", conn.path,
                 copy, NULL) < 0) {
        if (c->err.code == CAIRN_NOT_FOUND)
            check_skip(c, "qemu-img is not installed and the driver has no volume_read");
        check_fail(c, "%s", c->err.message);
    }
    EXPECT(OK, storage_volume_disconnect(c->d, NULL, handle, "check-host", &c->err));
    fd = open(copy, O_RDONLY | O_CLOEXEC);
    got = fd < 0 ? -1 : pread(fd, buf, len, (off_t)offset);
    if (fd >= 0)
        close(fd);
    unlink(copy);
    REQUIRE(got == (ssize_t)len, "the volume's copy has only %zd of %zu bytes at %" PRIu64, got, len, offset);
}

/* Writes by volume_write(); where there is none, with qemu-io into what is connected. */
static void
write_to(struct check *c, const char *handle, unsigned char byte)
{
    struct cairn_connection conn = { .size = sizeof conn };
    unsigned char buf[4096];
    char command[64];

    snprintf(command, sizeof command, "write -P %u 0 4096", byte);
    memset(buf, byte, sizeof buf);
    cairn_error_clear(&c->err);
    if (storage_volume_write(c->d, handle, 0, buf, sizeof buf, &c->err) == 0)
        return;
    REQUIRE(c->err.code == CAIRN_UNSUPPORTED, "volume_write: %s", c->err.message);
    EXPECT(OK, storage_volume_connect(c->d, NULL, handle, "check-host", 0, &conn, &c->err));
    cairn_error_clear(&c->err);
    if (run_argv(&c->err, 60000, NULL, "qemu-io", "-f", conn.format == CAIRN_FORMAT_QCOW2 ? "qcow2" : "raw", "-c", command, conn.path, NULL) < 0)
        check_skip(c, "cannot write into the volume here: %s", c->err.message);
    EXPECT(OK, storage_volume_disconnect(c->d, NULL, handle, "check-host", &c->err));
}

static void
expect_bytes(struct check *c, const char *handle, uint64_t offset, size_t len, unsigned seed, size_t from)
{
    CLEANUP_FREE unsigned char *want = xmalloc(from + len), *got = xmalloc(len);

    fill(want, from + len, seed);
    bytes_of(c, handle, offset, got, len);
    REQUIRE(memcmp(want + from, got, len) == 0, "volume '%s' does not hold at %" PRIu64 " what was put there", handle, offset);
}

static void
expect_byte(struct check *c, const char *handle, uint64_t offset, unsigned char byte)
{
    unsigned char got[4096];

    bytes_of(c, handle, offset, got, sizeof got);
    for (size_t i = 0; i < sizeof got; i++)
        REQUIRE(got[i] == byte, "volume '%s' has 0x%02x at %" PRIu64 ", not 0x%02x", handle, got[i], offset + i, byte);
}

/* -- pool and volumes -- */

static void
pool_figures(struct check *c)
{
    struct cairn_pool_info info = { .size = sizeof info };

    EXPECT(OK, storage_pool_info(c->d, &info, &c->err));
    REQUIRE(info.total_bytes > 0 && info.free_bytes <= info.total_bytes, "free %" PRIu64 " of %" PRIu64 " bytes", info.free_bytes, info.total_bytes);
}

static void
volume_life(struct check *c)
{
    char id[ID_UUID], handle[256], again[256];
    struct cairn_volume vol = volume(id, 16 * MIB);
    struct cairn_volume_info info = { .size = sizeof info };
    unsigned before, after;

    listed(c, NULL, &before);
    EXPECT(OK, storage_volume_create(c->d, NULL, &vol, handle, &c->err));
    EXPECT(OK, storage_volume_info(c->d, handle, &info, &c->err));
    REQUIRE(strcmp(info.id, id) == 0 && strcmp(info.handle, handle) == 0, "volume_info tells id '%s', handle '%s'", info.id, info.handle);
    REQUIRE(info.size_bytes == 16 * MIB, "volume_info tells %" PRIu64 " bytes", info.size_bytes);
    REQUIRE(listed(c, handle, &after) == 1 && after == before + 1, "volume_list has %u more than before", after - before);
    EXPECT(OK, storage_volume_create(c->d, NULL, &vol, again, &c->err));
    REQUIRE(strcmp(handle, again) == 0, "created twice, it has the handles '%s' and '%s'", handle, again);
    vol.size_bytes = 32 * MIB;
    EXPECT(EXISTS, storage_volume_create(c->d, NULL, &vol, again, &c->err));
    REQUIRE(size_of(c, handle) == 16 * MIB, "the refused create changed the volume");
    EXPECT(OK, storage_volume_delete(c->d, NULL, handle, &c->err));
    REQUIRE(listed(c, handle, &after) == 0 && after == before, "the deleted volume is still listed");
    EXPECT(OK, storage_volume_delete(c->d, NULL, handle, &c->err));
    EXPECT(NOT_FOUND, storage_volume_info(c->d, handle, &info, &c->err));
}

static void
volume_unknown(struct check *c)
{
    char id[ID_UUID], handle[256];
    struct cairn_volume vol = volume(id, MIB);
    struct cairn_volume_info info = { .size = sizeof info };
    struct cairn_connection conn = { .size = sizeof conn };

    /* A handle that is well formed and once was a volume's. */
    EXPECT(OK, storage_volume_create(c->d, NULL, &vol, handle, &c->err));
    EXPECT(OK, storage_volume_delete(c->d, NULL, handle, &c->err));
    EXPECT(NOT_FOUND, storage_volume_info(c->d, handle, &info, &c->err));
    EXPECT(NOT_FOUND, storage_volume_connect(c->d, NULL, handle, "check-host", 0, &conn, &c->err));
    if (check_has(c, OP(volume_extend)))
        EXPECT(NOT_FOUND, storage_volume_extend(c->d, NULL, handle, 2 * MIB, &c->err));
    if (check_has(c, OP(snapshot_create)))
        EXPECT(NOT_FOUND, storage_snapshot_create(c->d, NULL, handle, id, handle, &c->err));
}

/* What must never be followed. */
static const char *const hostile[] = {
    "../canary", "/etc/passwd", "..", ".", "", "images/../../canary", "a/b", "volumes/x.qcow2", "x\n.raw", "%s%n", "-o", "x.qcow2;id", "..%2fcanary",
};

static void
volume_hostile(struct check *c)
{
    CLEANUP_FREE char *canary = xasprintf("%s/canary", c->dir);
    struct cairn_volume_info info = { .size = sizeof info };
    struct cairn_connection conn = { .size = sizeof conn };
    struct stat st;
    int fd = open(canary, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    REQUIRE(fd >= 0 && close(fd) == 0, "cannot make '%s'", canary);
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        struct cairn_volume vol = { .size = sizeof vol, .id = hostile[i], .size_bytes = MIB };
        char handle[256];

        REQUIRE(storage_volume_info(c->d, hostile[i], &info, &c->err) < 0, "volume_info took the handle '%s'", hostile[i]);
        REQUIRE(storage_volume_connect(c->d, NULL, hostile[i], "check-host", 0, &conn, &c->err) < 0, "volume_connect took '%s'", hostile[i]);
        (void)storage_volume_delete(c->d, NULL, hostile[i], &c->err);      /* gone already may be success */
        if (strchr(hostile[i], '/') != NULL || hostile[i][0] == '.' || hostile[i][0] == '\0')
            REQUIRE(storage_volume_create(c->d, NULL, &vol, handle, &c->err) < 0, "volume_create took the id '%s'", hostile[i]);
    }
    REQUIRE(stat(canary, &st) == 0 && stat("/etc/passwd", &st) == 0, "a hostile handle removed a file outside the pool");
}

static void
volume_extends(struct check *c)
{
    char id[ID_UUID], handle[256];
    struct cairn_volume vol = volume(id, 16 * MIB);

    EXPECT(OK, storage_volume_create(c->d, NULL, &vol, handle, &c->err));
    EXPECT(OK, storage_volume_extend(c->d, NULL, handle, 48 * MIB, &c->err));
    REQUIRE(size_of(c, handle) == 48 * MIB, "extended to 48 MiB, it tells %" PRIu64, size_of(c, handle));
    EXPECT(OK, storage_volume_extend(c->d, NULL, handle, 48 * MIB, &c->err));
    EXPECT(INVALID, storage_volume_extend(c->d, NULL, handle, 16 * MIB, &c->err));
    REQUIRE(size_of(c, handle) == 48 * MIB, "the refused shrink changed the volume");
    expect_byte(c, handle, 47 * MIB, 0);
    EXPECT(OK, storage_volume_delete(c->d, NULL, handle, &c->err));
}

static void
volume_cycles(struct check *c)
{
    char id[ID_UUID], handles[12][256];
    unsigned before, after;

    listed(c, NULL, &before);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < ARRAY_LEN(handles); i++) {
            struct cairn_volume vol = volume(id, (1 + i) * MIB);

            EXPECT(OK, storage_volume_create(c->d, NULL, &vol, handles[i], &c->err));
        }
        listed(c, NULL, &after);
        REQUIRE(after == before + ARRAY_LEN(handles), "%u volumes are listed", after);
        for (size_t i = 0; i < ARRAY_LEN(handles); i++)
            EXPECT(OK, storage_volume_delete(c->d, NULL, handles[i], &c->err));
    }
    listed(c, NULL, &after);
    REQUIRE(after == before, "%u volumes are left", after - before);
}

static void
volume_connects(struct check *c)
{
    char id[ID_UUID], handle[256];
    struct cairn_volume vol = volume(id, 8 * MIB);
    struct cairn_connection conn = { .size = sizeof conn };
    struct stat st;

    EXPECT(OK, storage_volume_create(c->d, NULL, &vol, handle, &c->err));
    EXPECT(OK, storage_volume_connect(c->d, NULL, handle, "check-host", 1, &conn, &c->err));
    REQUIRE(conn.format == CAIRN_FORMAT_RAW || conn.format == CAIRN_FORMAT_QCOW2, "the connection does not tell its format");
    REQUIRE(conn.read_only == 1, "asked for read-only, the connection is not");
    REQUIRE(conn.size_bytes == 8 * MIB || conn.size_bytes == 0, "the connection tells %" PRIu64 " bytes", conn.size_bytes);
    if (!check_simulated(c) && (conn.kind == CAIRN_CONN_FILE || conn.kind == CAIRN_CONN_BLOCK))
        REQUIRE(stat(conn.path, &st) == 0, "the connection's path '%s' does not exist", conn.path);
    EXPECT(OK, storage_volume_disconnect(c->d, NULL, handle, "check-host", &c->err));
    EXPECT(OK, storage_volume_disconnect(c->d, NULL, handle, "check-host", &c->err));
    EXPECT(OK, storage_volume_delete(c->d, NULL, handle, &c->err));
}

static void
old_data_is_gone(struct check *c)
{
    char id[ID_UUID], handle[256];
    struct cairn_volume vol = volume(id, 4 * MIB);

    EXPECT(OK, storage_volume_create(c->d, NULL, &vol, handle, &c->err));
    expect_byte(c, handle, 0, 0);
    write_to(c, handle, 0x5a);
    expect_byte(c, handle, 0, 0x5a);
    EXPECT(OK, storage_volume_delete(c->d, NULL, handle, &c->err));
    EXPECT(OK, storage_volume_create(c->d, NULL, &vol, handle, &c->err));
    expect_byte(c, handle, 0, 0);
    EXPECT(OK, storage_volume_delete(c->d, NULL, handle, &c->err));
}

/* -- volumes from images, volumes, snapshots -- */

static struct cairn_volume
volume_from(char id[ID_UUID], uint64_t size, uint32_t kind, const char *source)
{
    struct cairn_volume vol = volume(id, size);

    vol.source_kind = kind;
    vol.source_handle = source;
    vol.source_format = CAIRN_FORMAT_RAW;
    return vol;
}

static void
volume_from_image(struct check *c)
{
    enum { LEN = 3 * 1024 * 1024 + 512 };
    char image_id[ID_UUID], image[256], id[ID_UUID], id2[ID_UUID], handle[256], handle2[256];
    struct cairn_volume vol, second;

    id_uuid(image_id);
    image_put(c, image_id, LEN, 7, image);
    vol = volume_from(id, 8 * MIB, CAIRN_SOURCE_IMAGE, image);
    second = volume_from(id2, 4 * MIB, CAIRN_SOURCE_IMAGE, image);
    EXPECT(OK, storage_volume_create(c->d, NULL, &vol, handle, &c->err));
    EXPECT(OK, storage_volume_create(c->d, NULL, &vol, handle, &c->err));
    EXPECT(OK, storage_volume_create(c->d, NULL, &second, handle2, &c->err));
    REQUIRE(size_of(c, handle) == 8 * MIB, "it has %" PRIu64 " bytes", size_of(c, handle));
    expect_bytes(c, handle, 1 * MIB, 65536, 7, 1 * MIB);
    expect_byte(c, handle, 5 * MIB, 0);
    EXPECT(OK, storage_image_delete(c->d, image, &c->err));
    EXPECT(OK, storage_volume_delete(c->d, NULL, handle, &c->err));
    expect_bytes(c, handle2, 2 * MIB, 65536, 7, 2 * MIB);      /* neither deletion took its bytes */
    vol = volume_from(id, 8 * MIB, CAIRN_SOURCE_IMAGE, image);
    EXPECT(NOT_FOUND, storage_volume_create(c->d, NULL, &vol, handle, &c->err));
    REQUIRE(listed(c, handle, NULL) == 0, "the failed create left a volume");
    EXPECT(OK, storage_volume_delete(c->d, NULL, handle2, &c->err));
}

static void
image_too_large(struct check *c)
{
    char image_id[ID_UUID], image[256], id[ID_UUID], handle[256];
    struct cairn_volume vol;
    unsigned before, after;

    id_uuid(image_id);
    image_put(c, image_id, 2 * MIB, 9, image);
    listed(c, NULL, &before);
    vol = volume_from(id, MIB, CAIRN_SOURCE_IMAGE, image);
    EXPECT(INVALID, storage_volume_create(c->d, NULL, &vol, handle, &c->err));
    listed(c, NULL, &after);
    REQUIRE(before == after, "the failed create left a volume");
    EXPECT(OK, storage_image_delete(c->d, image, &c->err));
}

static void
volume_from_volume(struct check *c)
{
    char id[ID_UUID], id2[ID_UUID], handle[256], handle2[256];
    struct cairn_volume vol = volume(id, 4 * MIB), copy;

    EXPECT(OK, storage_volume_create(c->d, NULL, &vol, handle, &c->err));
    write_to(c, handle, 0x11);
    copy = volume_from(id2, 8 * MIB, CAIRN_SOURCE_VOLUME, handle);
    EXPECT(OK, storage_volume_create(c->d, NULL, &copy, handle2, &c->err));
    REQUIRE(size_of(c, handle2) == 8 * MIB, "the copy has %" PRIu64 " bytes", size_of(c, handle2));
    write_to(c, handle, 0x22);
    expect_byte(c, handle2, 0, 0x11);
    EXPECT(OK, storage_volume_delete(c->d, NULL, handle, &c->err));
    expect_byte(c, handle2, 0, 0x11);
    EXPECT(OK, storage_volume_delete(c->d, NULL, handle2, &c->err));
}

static void
volume_flattens(struct check *c)
{
    char image_id[ID_UUID], image[256], id[ID_UUID], handle[256];
    struct cairn_volume vol;

    id_uuid(image_id);
    image_put(c, image_id, MIB, 3, image);
    vol = volume_from(id, 4 * MIB, CAIRN_SOURCE_IMAGE, image);
    EXPECT(OK, storage_volume_create(c->d, NULL, &vol, handle, &c->err));
    EXPECT(OK, storage_image_delete(c->d, image, &c->err));
    EXPECT(OK, storage_volume_flatten(c->d, NULL, handle, &c->err));
    EXPECT(OK, storage_volume_flatten(c->d, NULL, handle, &c->err));
    expect_bytes(c, handle, 65536, 65536, 3, 65536);
    EXPECT(OK, storage_volume_delete(c->d, NULL, handle, &c->err));
}

static void
snapshots(struct check *c)
{
    char id[ID_UUID], snap_id[ID_UUID], copy_id[ID_UUID], handle[256], snap[256], again[256], copy_handle[256];
    struct cairn_volume vol = volume(id, 4 * MIB), copy;
    int rc;

    id_uuid(snap_id);
    EXPECT(OK, storage_volume_create(c->d, NULL, &vol, handle, &c->err));
    write_to(c, handle, 0x31);
    cairn_error_clear(&c->err);
    rc = storage_snapshot_create(c->d, NULL, handle, snap_id, snap, &c->err);
    if (rc < 0 && c->err.code == CAIRN_UNSUPPORTED) {
        EXPECT(OK, storage_volume_delete(c->d, NULL, handle, &c->err));
        check_skip(c, "this pool's volumes have no snapshots");
    }
    check_code(c, "snapshot_create", rc, CAIRN_OK);
    EXPECT(OK, storage_snapshot_create(c->d, NULL, handle, snap_id, again, &c->err));
    REQUIRE(strcmp(snap, again) == 0, "created twice, it has the handles '%s' and '%s'", snap, again);
    write_to(c, handle, 0x32);
    copy = volume_from(copy_id, 4 * MIB, CAIRN_SOURCE_SNAPSHOT, snap);
    EXPECT(OK, storage_volume_create(c->d, NULL, &copy, copy_handle, &c->err));
    expect_byte(c, copy_handle, 0, 0x31);
    expect_byte(c, handle, 0, 0x32);
    EXPECT(CONFLICT, storage_volume_delete(c->d, NULL, handle, &c->err));
    EXPECT(OK, storage_volume_extend(c->d, NULL, handle, 6 * MIB, &c->err));
    EXPECT(OK, storage_volume_revert(c->d, NULL, handle, snap, &c->err));
    expect_byte(c, handle, 0, 0x31);
    REQUIRE(size_of(c, handle) == 6 * MIB, "the revert shrank the volume to %" PRIu64, size_of(c, handle));
    EXPECT(OK, storage_snapshot_delete(c->d, NULL, handle, snap, &c->err));
    EXPECT(OK, storage_snapshot_delete(c->d, NULL, handle, snap, &c->err));
    EXPECT(NOT_FOUND, storage_volume_revert(c->d, NULL, handle, snap, &c->err));
    EXPECT(OK, storage_volume_delete(c->d, NULL, handle, &c->err));
    EXPECT(OK, storage_volume_delete(c->d, NULL, copy_handle, &c->err));
}

/* -- images -- */

static unsigned
image_listed(struct check *c, const char *key)
{
    struct check_list list;

    check_list_init(&list, offsetof(struct cairn_blob_info, key), key);
    EXPECT(OK, storage_image_list(c->d, &list.sink, &c->err));
    return list.matching;
}

static void
image_appears_whole(struct check *c)
{
    enum { LEN = 300000 };
    CLEANUP_FREE unsigned char *want = xmalloc(LEN), *got = xmalloc(LEN);
    char id[ID_UUID], handle[256], again[256];
    struct cairn_blob_info info = { .size = sizeof info };
    struct cairn_stream *stream = NULL;
    size_t len = 0;

    id_uuid(id);
    fill(want, LEN, 5);
    EXPECT(OK, storage_image_open(c->d, id, 0, &stream, &c->err));
    EXPECT(OK, storage_image_write(c->d, stream, want, LEN, &c->err));
    REQUIRE(image_listed(c, id) == 0, "the image is listed before its commit");
    EXPECT(OK, storage_image_commit(c->d, stream, handle, &c->err));
    EXPECT(OK, storage_image_info(c->d, handle, &info, &c->err));
    REQUIRE(info.size_bytes == LEN && info.created_us > 0, "image_info tells %" PRIu64 " bytes", info.size_bytes);
    REQUIRE(image_listed(c, info.key) == 1, "the image is not listed");
    EXPECT(OK, storage_image_read(c->d, handle, 1000, got, LEN, &len, &c->err));
    REQUIRE(len == LEN - 1000 && memcmp(want + 1000, got, len) == 0, "reading from 1000 gave %zu bytes, or others", len);
    EXPECT(OK, storage_image_read(c->d, handle, LEN + 10, got, 10, &len, &c->err));
    REQUIRE(len == 0, "behind the end there are %zu bytes", len);
    image_put(c, id, LEN, 5, again);
    REQUIRE(strcmp(handle, again) == 0, "the same image has two handles");
    EXPECT(OK, storage_image_delete(c->d, handle, &c->err));
    EXPECT(OK, storage_image_delete(c->d, handle, &c->err));
    EXPECT(NOT_FOUND, storage_image_info(c->d, handle, &info, &c->err));
    REQUIRE(image_listed(c, info.key) == 0, "the deleted image is still listed");
}

static void
image_aborts(struct check *c)
{
    char id[ID_UUID];
    struct cairn_stream *stream = NULL;

    id_uuid(id);
    EXPECT(OK, storage_image_open(c->d, id, 0, &stream, &c->err));
    EXPECT(OK, storage_image_write(c->d, stream, "half", 4, &c->err));
    storage_image_abort(c->d, stream);
    REQUIRE(image_listed(c, id) == 0, "an aborted image is listed");
}

static void
image_is_written_once(struct check *c)
{
    char id[ID_UUID], handle[256], other[256];
    struct cairn_stream *stream = NULL;
    unsigned char got[8];
    size_t len = 0;

    id_uuid(id);
    image_put(c, id, 5000, 1, handle);
    EXPECT(OK, storage_image_open(c->d, id, 0, &stream, &c->err));
    EXPECT(OK, storage_image_write(c->d, stream, "different", 9, &c->err));
    EXPECT(EXISTS, storage_image_commit(c->d, stream, other, &c->err));
    EXPECT(OK, storage_image_read(c->d, handle, 0, got, sizeof got, &len, &c->err));
    REQUIRE(len == sizeof got && got[0] == 1, "the refused image took the place of the first");
    EXPECT(OK, storage_image_delete(c->d, handle, &c->err));
}

static void
image_descriptor(struct check *c)
{
    char id[ID_UUID], handle[256];
    unsigned char want[64], got[64];
    uint64_t size = 0;
    int32_t fd = -1;
    int rc;

    id_uuid(id);
    image_put(c, id, 5000, 6, handle);
    cairn_error_clear(&c->err);
    rc = storage_image_fd(c->d, handle, &fd, &size, &c->err);
    EXPECT(OK, storage_image_delete(c->d, handle, &c->err));
    if (rc < 0)
        check_skip(c, "this image has no descriptor");
    fill(want, sizeof want, 6);
    REQUIRE(size == 5000 && pread(fd, got, sizeof got, 0) == (ssize_t)sizeof got && memcmp(want, got, sizeof got) == 0,
            "the descriptor gives other bytes than were written (after the image was deleted, too)");
    close(fd);
}

static void
image_hostile(struct check *c)
{
    struct cairn_blob_info info = { .size = sizeof info };
    struct cairn_stream *stream = NULL;
    char byte;
    size_t len;

    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        REQUIRE(storage_image_info(c->d, hostile[i], &info, &c->err) < 0, "image_info took the handle '%s'", hostile[i]);
        REQUIRE(storage_image_read(c->d, hostile[i], 0, &byte, 1, &len, &c->err) < 0, "image_read took the handle '%s'", hostile[i]);
        if (strchr(hostile[i], '/') != NULL || hostile[i][0] == '.' || hostile[i][0] == '\0')
            REQUIRE(storage_image_open(c->d, hostile[i], 0, &stream, &c->err) < 0, "image_open took the id '%s'", hostile[i]);
    }
}

/* -- blobs -- */

static void
blob_put(struct check *c, const char *key, const char *text)
{
    struct cairn_stream *stream = NULL;

    EXPECT(OK, storage_blob_open(c->d, key, strlen(text), &stream, &c->err));
    EXPECT(OK, storage_blob_write(c->d, stream, text, strlen(text), &c->err));
    EXPECT(OK, storage_blob_commit(c->d, stream, &c->err));
}

struct ordered { char last[256]; unsigned count, wrong; };

static int
ordered_add(void *arg, const void *item)
{
    struct ordered *all = arg;
    const struct cairn_blob_info *info = item;

    all->wrong += strcmp(all->last, info->key) >= 0;
    snprintf(all->last, sizeof all->last, "%s", info->key);
    all->count++;
    return 0;
}

static void
blobs(struct check *c)
{
    static const char *const keys[] = { "b.2", "a_1", "c-3", "b.10", "B" };
    struct ordered all = { "", 0, 0 }, rest = { "b", 0, 0 };
    struct cairn_sink all_sink = { ordered_add, &all }, rest_sink = { ordered_add, &rest };
    struct cairn_blob_info info = { .size = sizeof info };
    char got[16];
    size_t len = 0;

    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        blob_put(c, keys[i], keys[i]);
    EXPECT(OK, storage_blob_read(c->d, "b.10", 1, got, sizeof got, &len, &c->err));
    REQUIRE(len == 3 && memcmp(got, ".10", 3) == 0, "blob_read gave %zu bytes", len);
    EXPECT(OK, storage_blob_info(c->d, "c-3", &info, &c->err));
    REQUIRE(strcmp(info.key, "c-3") == 0 && info.size_bytes == 3, "blob_info tells key '%s', %" PRIu64 " bytes", info.key, info.size_bytes);
    if (check_has(c, OP(blob_list))) {
        EXPECT(OK, storage_blob_list(c->d, NULL, &all_sink, &c->err));
        EXPECT(OK, storage_blob_list(c->d, "b", &rest_sink, &c->err));
        REQUIRE(all.count == 5 && all.wrong == 0, "the list has %u blobs, %u out of order", all.count, all.wrong);
        REQUIRE(rest.count == 3 && rest.wrong == 0, "after 'b' there are %u blobs, %u out of order", rest.count, rest.wrong);
    }
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        EXPECT(OK, storage_blob_delete(c->d, keys[i], &c->err));
        EXPECT(OK, storage_blob_delete(c->d, keys[i], &c->err));
        EXPECT(NOT_FOUND, storage_blob_info(c->d, keys[i], &info, &c->err));
    }
}

static void
blob_aborts(struct check *c)
{
    struct cairn_blob_info info = { .size = sizeof info };
    struct cairn_stream *stream = NULL;

    EXPECT(OK, storage_blob_open(c->d, "gone", 0, &stream, &c->err));
    EXPECT(OK, storage_blob_write(c->d, stream, "x", 1, &c->err));
    EXPECT(NOT_FOUND, storage_blob_info(c->d, "gone", &info, &c->err));
    storage_blob_abort(c->d, stream);
    EXPECT(NOT_FOUND, storage_blob_info(c->d, "gone", &info, &c->err));
}

static const struct check_case cases[] = {
    { "pool figures make sense", pool_figures, 0 },
    { "a volume is created once, listed once, deleted for good", volume_life, OP(volume_create) },
    { "a volume that is gone is not found", volume_unknown, OP(volume_create) },
    { "hostile volume handles and ids reach nothing", volume_hostile, OP(volume_create) },
    { "a volume grows and never shrinks", volume_extends, OP(volume_extend) },
    { "many volumes come and go without a trace", volume_cycles, OP(volume_create) },
    { "a connection leads to the volume", volume_connects, OP(volume_connect) },
    { "a new volume reads as zeros, even under an old id", old_data_is_gone, OP(volume_create) },
    { "a volume from an image outlives the image and its siblings", volume_from_image, OP(image_commit) },
    { "an image larger than the volume is refused", image_too_large, OP(image_commit) },
    { "a copy of a volume stands alone", volume_from_volume, OP(volume_create) },
    { "a flattened volume keeps its bytes", volume_flattens, OP(volume_flatten) },
    { "snapshots hold, revert and go", snapshots, OP(snapshot_create) },
    { "an image appears whole at its commit", image_appears_whole, OP(image_open) },
    { "an aborted image leaves nothing", image_aborts, OP(image_open) },
    { "an image is written once", image_is_written_once, OP(image_open) },
    { "an image's descriptor gives its bytes", image_descriptor, OP(image_fd) },
    { "hostile image handles and ids reach nothing", image_hostile, OP(image_open) },
    { "blobs are kept, listed in order and deleted", blobs, OP(blob_open) },
    { "an aborted blob leaves nothing", blob_aborts, OP(blob_open) },
    { NULL, NULL, 0 },
};
const struct check_kind check_storage = { CAIRN_STORAGE, CAIRN_STORAGE_SIMULATED, cases };
