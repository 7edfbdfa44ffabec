/* file_qcow2.c: storage driver "file": reads a qcow2 header and writes an empty image, so that neither costs a child process.
 *
 * The layout is that of QEMU's docs/interop/qcow2.txt: big-endian numbers, version 3.  An empty image of 64 KiB clusters is
 * header | refcount table | one refcount block | L1 table (zeros: nothing is allocated). */
#include "file.h"

#include <inttypes.h>
#include <unistd.h>

enum {
    CLUSTER_BITS = 16, CLUSTER = 1 << CLUSTER_BITS,
    HEADER_LEN = 104,
    L2_REACH_BITS = CLUSTER_BITS + CLUSTER_BITS - 3,    /* one L1 entry maps an L2 cluster of 8-byte entries */
};
#define MAX_SIZE (UINT64_C(1) << 50)                    /* 1 PiB: its L1 table fits one refcount block */
#define EXT_BACKING_FORMAT UINT32_C(0xE2792ACA)
#define INCOMPATIBLE_DIRTY UINT64_C(1)
#define INCOMPATIBLE_COMPRESSION UINT64_C(8)
#define INCOMPATIBLE_EXTENDED_L2 UINT64_C(16)

static void
put32(unsigned char *p, uint32_t v)
{
    for (int i = 3; i >= 0; i--, v >>= 8)
        p[i] = (unsigned char)v;
}

static void
put64(unsigned char *p, uint64_t v)
{
    put32(p, (uint32_t)(v >> 32));
    put32(p + 4, (uint32_t)v);
}

static uint32_t
get32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t
get64(const unsigned char *p)
{
    return (uint64_t)get32(p) << 32 | get32(p + 4);
}

/* What the backing file is, as the header's extension says; empty when it does not. */
static void
read_backing_format(int fd, uint64_t at, char ret_format[16])
{
    unsigned char ext[8];
    uint32_t type, len;
    size_t got = 0;

    for (int i = 0; i < 64; i++) {
        if (file_pread_all(fd, ext, sizeof ext, at, &got) != 0 || got != sizeof ext)
            return;
        type = get32(ext);
        len = get32(ext + 4);
        if (type == EXT_BACKING_FORMAT && len < 16) {
            if (file_pread_all(fd, ret_format, len, at + 8, &got) != 0 || got != len)
                ret_format[0] = '\0';
            return;
        }
        if (type == 0 || len > CLUSTER)
            return;
        at += 8 + ((len + UINT64_C(7)) & ~UINT64_C(7));
    }
}

int
file_qcow2_read(int fd, struct file_qcow2 *ret_header, struct cairn_error *err)
{
    unsigned char h[HEADER_LEN] = { 0 };
    struct file_qcow2 header = { 0 };
    uint64_t backing_offset;
    uint32_t version, backing_len;
    size_t got = 0;
    int rc = file_pread_all(fd, h, sizeof h, 0, &got);

    if (rc != 0)
        return cairn_fail_errno(err, rc, "cannot read the qcow2 header");
    version = get32(h + 4);
    if (got < 72 || memcmp(h, "QFI\xfb", 4) != 0 || (version != 2 && version != 3) || (version == 3 && got < HEADER_LEN))
        return cairn_fail(err, CAIRN_CORRUPT, "this is no qcow2 image of version 2 or 3");
    header.size_bytes = get64(h + 24);
    header.encrypted = get32(h + 32) != 0;
    header.snapshots_count = get32(h + 60);
    header.snapshots_offset = get64(h + 64);
    header.incompatible = version == 3 ? get64(h + 72) : 0;
    backing_offset = get64(h + 8);
    backing_len = get32(h + 16);
    if (backing_offset != 0) {
        if (backing_len >= sizeof header.backing || backing_len == 0)
            return cairn_fail(err, CAIRN_CORRUPT, "the qcow2 image names a backing file with %" PRIu32 " bytes", backing_len);
        rc = file_pread_all(fd, header.backing, backing_len, backing_offset, &got);
        if (rc != 0 || got != backing_len)
            return cairn_fail(err, CAIRN_CORRUPT, "the qcow2 image ends before its backing file's name");
        read_backing_format(fd, version == 3 ? get32(h + 100) : 72, header.backing_format);
    }
    *ret_header = header;
    return 0;
}

int
file_qcow2_standalone(const struct file_qcow2 *header, struct cairn_error *err)
{
    uint64_t unknown = header->incompatible & ~(INCOMPATIBLE_DIRTY | INCOMPATIBLE_COMPRESSION | INCOMPATIBLE_EXTENDED_L2);

    if (header->backing[0] != '\0')
        return cairn_fail(err, CAIRN_INVALID, "the qcow2 image lies over another file ('%.200s'): flatten it first", header->backing);
    if (header->encrypted)
        return cairn_fail(err, CAIRN_INVALID, "the qcow2 image is encrypted");
    if (unknown != 0)
        return cairn_fail(err, CAIRN_INVALID, "the qcow2 image needs features that are not accepted (incompatible bits 0x%" PRIx64 ")", unknown);
    return 0;
}

int
file_qcow2_write(int fd, uint64_t size_bytes, const char *backing, const char *backing_format, struct cairn_error *err)
{
    unsigned char head[1024] = { 0 };
    unsigned char refcounts[CLUSTER] = { 0 };
    unsigned char pointer[8];
    uint64_t l1_entries = (size_bytes + (UINT64_C(1) << L2_REACH_BITS) - 1) >> L2_REACH_BITS;
    uint64_t l1_clusters = (l1_entries * 8 + CLUSTER - 1) / CLUSTER;
    size_t at = HEADER_LEN;
    int rc;

    if (size_bytes > MAX_SIZE || (backing != NULL && strlen(backing) > 512) || (backing != NULL && strlen(backing_format) > 8))
        return cairn_fail(err, CAIRN_INVALID, "a volume of %" PRIu64 " bytes is too large for qcow2 here", size_bytes);
    memcpy(head, "QFI\xfb", 4);
    put32(head + 4, 3);
    put32(head + 20, CLUSTER_BITS);
    put64(head + 24, size_bytes);
    put32(head + 36, (uint32_t)l1_entries);
    put64(head + 40, 3 * CLUSTER);      /* L1 table */
    put64(head + 48, 1 * CLUSTER);      /* refcount table */
    put32(head + 56, 1);
    put32(head + 96, 4);                /* refcounts of 2^4 bits */
    put32(head + 100, HEADER_LEN);
    if (backing != NULL) {
        size_t len = strlen(backing_format);

        put32(head + at, EXT_BACKING_FORMAT);
        put32(head + at + 4, (uint32_t)len);
        memcpy(head + at + 8, backing_format, len);
        at += 8 + ((len + 7) & ~(size_t)7);
    }
    at += 8;                            /* the end of extensions is eight zeros */
    if (backing != NULL) {
        put64(head + 8, at);
        put32(head + 16, (uint32_t)strlen(backing));
        memcpy(head + at, backing, strlen(backing));
    }
    put64(pointer, 2 * CLUSTER);        /* refcount table's first entry: the block */
    for (uint64_t i = 0; i < 3 + l1_clusters; i++)
        refcounts[2 * i + 1] = 1;
    if (ftruncate(fd, (off_t)((3 + l1_clusters) * CLUSTER)) < 0)
        return cairn_fail_errno(err, errno, "cannot size a qcow2 file");
    if ((rc = file_pwrite_all(fd, head, sizeof head, 0)) != 0 || (rc = file_pwrite_all(fd, pointer, sizeof pointer, CLUSTER)) != 0 ||
        (rc = file_pwrite_all(fd, refcounts, sizeof refcounts, 2 * CLUSTER)) != 0)
        return cairn_fail_errno(err, rc, "cannot write a qcow2 file");
    return 0;
}

int
file_qcow2_has_snapshot(int fd, const struct file_qcow2 *header, const char *name, struct cairn_error *err)
{
    unsigned char entry[40];
    char found[256];
    uint64_t at = header->snapshots_offset;
    uint32_t id_len, name_len, extra_len;
    size_t got = 0;

    for (uint32_t i = 0; i < header->snapshots_count && i < 65536; i++) {
        if (file_pread_all(fd, entry, sizeof entry, at, &got) != 0 || got != sizeof entry)
            return cairn_fail(err, CAIRN_CORRUPT, "the qcow2 image's list of snapshots is cut off");
        id_len = (uint32_t)entry[12] << 8 | entry[13];
        name_len = (uint32_t)entry[14] << 8 | entry[15];
        extra_len = get32(entry + 36);
        at += sizeof entry + extra_len + id_len;
        if (name_len < sizeof found) {
            if (file_pread_all(fd, found, name_len, at, &got) != 0 || got != name_len)
                return cairn_fail(err, CAIRN_CORRUPT, "the qcow2 image's list of snapshots is cut off");
            found[name_len] = '\0';
            if (strcmp(found, name) == 0)
                return 1;
        }
        at = (at + name_len + 7) & ~UINT64_C(7);
    }
    return 0;
}
