/* rbd_copy.c: storage driver "rbd": volumes that are filled by qemu-img: from qcow2 images, and from what another store has. */
#include "qemu_source.h"
#include "rbd.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#define QCOW2_HEAD 104
#define QCOW2_KNOWN UINT64_C(0x19)      /* incompatible features: dirty, compression, extended L2; not corrupt, not external data */

static uint64_t
big_endian(const unsigned char *p, size_t n)
{
    uint64_t v = 0;

    while (n-- > 0)
        v = v << 8 | *p++;
    return v;
}

/* What a qcow2 refers to must never be followed: it stands alone or is refused. */
static int
qcow2_check(const unsigned char head[QCOW2_HEAD], size_t len, uint64_t *ret_size, struct cairn_error *err)
{
    uint64_t version = big_endian(head + 4, 4);

    if (len < QCOW2_HEAD || memcmp(head, "QFI\xfb", 4) != 0 || (version != 2 && version != 3))
        return cairn_fail(err, CAIRN_INVALID, "the source is no qcow2 image");
    if (big_endian(head + 8, 8) != 0)
        return cairn_fail(err, CAIRN_INVALID, "the source has a backing file");
    if (big_endian(head + 32, 4) != 0 || (version == 3 && (big_endian(head + 72, 8) & ~QCOW2_KNOWN) != 0))
        return cairn_fail(err, CAIRN_INVALID, "the source is encrypted, damaged, or has its data elsewhere");
    *ret_size = big_endian(head + 24, 8);
    return 0;
}

/* The first bytes of where it comes from, and how many it has. */
static int
peek(struct ceph_pool *pool, const struct cairn_volume *vol, unsigned char head[QCOW2_HEAD], size_t *ret_len, uint64_t *ret_size, struct cairn_error *err)
{
    const struct cairn_connection *conn = vol->source;
    ssize_t got;
    off_t end;
    int fd;

    if (vol->source_kind == CAIRN_SOURCE_IMAGE)
        return ceph_read(pool, ceph_io_images, vol->source_handle, 0, head, QCOW2_HEAD, ret_len, err);
    if (conn->kind == CAIRN_CONN_RBD) {
        if (conn->format != CAIRN_FORMAT_RAW)
            return cairn_fail(err, CAIRN_UNSUPPORTED, "a qcow2 image in another cluster cannot be copied from: give it to this store first");
        *ret_size = conn->size_bytes;
        return 0;
    }
    fd = open(conn->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cairn_fail_errno(err, errno, "cannot open the source '%s'", conn->path);
    got = pread(fd, head, QCOW2_HEAD, 0);
    end = lseek(fd, 0, SEEK_END);
    close(fd);
    if (got < 0 || end < 0)
        return cairn_fail(err, CAIRN_INTERNAL, "cannot read the source '%s'", conn->path);
    *ret_len = (size_t)got;
    *ret_size = (uint64_t)end;
    return 0;
}

static int
check_source(struct ceph_pool *pool, const struct cairn_volume *vol, uint32_t format, struct cairn_error *err)
{
    unsigned char head[QCOW2_HEAD] = { 0 };
    uint64_t size = 0;
    size_t len = 0;

    if (peek(pool, vol, head, &len, &size, err) < 0 || (format == CAIRN_FORMAT_QCOW2 && qcow2_check(head, len, &size, err) < 0))
        return -1;
    if (size > vol->size_bytes)
        return cairn_fail(err, CAIRN_INVALID, "the source holds %" PRIu64 " bytes, the volume only %" PRIu64, size, vol->size_bytes);
    return 0;
}

/* An image of this cluster by the connection's own configuration. */
static int
options_here(const struct ceph_pool *pool, const char *pool_name, const char *name, const char *snap, char options[QEMU_OPTIONS], struct cairn_error *err)
{
    int ok = qemu_option(options, "file.driver", "rbd") && qemu_option(options, "file.pool", pool_name) &&
             qemu_option(options, "file.namespace", pool->space) && qemu_option(options, "file.image", name) &&
             (snap == NULL || qemu_option(options, "file.snapshot", snap)) && qemu_option(options, "file.conf", pool->tool_conf) &&
             qemu_option(options, "file.user", pool->user);

    return ok ? 0 : cairn_fail(err, CAIRN_INVALID, "the address of '%s' is too long", name);
}

static int
convert(struct ceph_link *link, struct cairn_op *op, const struct qemu_source *source, const char *target, struct cairn_error *err)
{
    static const char *const env[] = { "MALLOC_ARENA_MAX=2", NULL };
    const struct cairn_host *host = link->pool->host;
    const char *argv[24];
    struct cairn_child child = { .size = sizeof child, .timeout_ms = link->pool->convert_ms, .argv = argv, .env = env,
                                 .limit_cpu_s = link->pool->convert_ms / 1000 + 1, .limit_as_bytes = UINT64_C(8) << 30 };
    size_t n = 0;

    argv[n++] = "qemu-img";
    argv[n++] = "convert";
    argv[n++] = "-q";
    argv[n++] = "-n";                           /* the volume is there, and empty */
    argv[n++] = "--target-is-zero";
    if (source->secret[0] != '\0') {
        argv[n++] = "--object";
        argv[n++] = source->secret;
    }
    argv[n++] = "--image-opts";
    argv[n++] = "--target-image-opts";
    argv[n++] = "--";
    argv[n++] = source->options;
    argv[n++] = target;
    argv[n] = NULL;
    return host->run(host->instance, op, &child, NULL, NULL, NULL, err);
}

int
ceph_fill(struct ceph_link *link, struct cairn_op *op, const struct cairn_volume *vol, const char *name, struct cairn_error *err)
{
    struct ceph_pool *pool = link->pool;
    struct qemu_source source = { .options = "" };
    CEPH_IMAGE_OPEN hold = NULL;                /* whoever sees a watcher does not take it for a leftover */
    char target[QEMU_OPTIONS] = "";
    uint32_t format = vol->source_kind == CAIRN_SOURCE_IMAGE || vol->source == NULL ? vol->source_format : vol->source->format;
    int rc;

    if (vol->source_kind == CAIRN_SOURCE_CONNECTION && vol->source == NULL)
        return cairn_fail(err, CAIRN_INVALID, "a volume from a connection needs one");
    if (format != CAIRN_FORMAT_RAW && format != CAIRN_FORMAT_QCOW2)
        return cairn_fail(err, CAIRN_INVALID, "the source's format is not told (%" PRIu32 ")", format);
    if (check_source(pool, vol, format, err) < 0 || ceph_open(link, link->volumes, name, 1, &hold, err) < 0)
        return -1;
    qemu_option(target, "driver", "raw");
    if (options_here(pool, pool->volumes, name, NULL, target, err) < 0)
        return -1;
    if (vol->source_kind == CAIRN_SOURCE_IMAGE) {
        qemu_option(source.options, "driver", "qcow2");
        rc = options_here(pool, pool->images, vol->source_handle, CEPH_SNAP, source.options, err);
    } else
        rc = qemu_source_begin(vol->source, format, pool->host->run_dir, &source, err);
    if (rc == 0)
        rc = convert(link, op, &source, target, err);
    qemu_source_end(&source);
    return rc;
}
