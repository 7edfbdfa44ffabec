/* inspect.c: tells what an image is; the formats that have an inside are looked into by inspect_formats.c. */
#include "config.h"
#include "media/inspect.h"
#include "media/inspect_parts.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/str.h"

struct inspect {
    struct inspect_view view;
    unsigned char head[INSPECT_HEAD];
    unsigned char tail[INSPECT_TAIL];       /* the last bytes, in order; view.tail_len of them */
    unsigned char window[INSPECT_WINDOW];
};

struct inspect *
inspect_new(void)
{
    struct inspect *in = xcalloc(1, sizeof *in);

    in->view.head = in->head;
    in->view.tail = in->tail;
    in->view.window = in->window;
    return in;
}

void
inspect_free(struct inspect *in)
{
    free(in);
}

static void
tail_add(struct inspect *in, const unsigned char *buf, size_t len)
{
    struct inspect_view *v = &in->view;

    if (len >= INSPECT_TAIL) {
        memcpy(in->tail, buf + (len - INSPECT_TAIL), INSPECT_TAIL);
        v->tail_len = INSPECT_TAIL;
        return;
    }
    if (v->tail_len + len > INSPECT_TAIL) {
        size_t drop = v->tail_len + len - INSPECT_TAIL;

        memmove(in->tail, in->tail + drop, v->tail_len - drop);
        v->tail_len -= drop;
    }
    memcpy(in->tail + v->tail_len, buf, len);
    v->tail_len += len;
}

/* Keeps what falls into the window; 'at' is the offset of buf in the file. */
static void
window_add(struct inspect *in, uint64_t at, const unsigned char *buf, size_t len)
{
    struct inspect_view *v = &in->view;
    uint64_t want = v->window_at + v->window_len;       /* the next byte that is missing */

    if (v->window_at == 0 || v->window_len == INSPECT_WINDOW || at > want || at + len <= want)
        return;
    buf += want - at;
    len -= (size_t)(want - at);
    if (len > INSPECT_WINDOW - v->window_len)
        len = INSPECT_WINDOW - v->window_len;
    memcpy(in->window + v->window_len, buf, len);
    v->window_len += len;
}

void
inspect_add(struct inspect *in, const void *buf, size_t len)
{
    struct inspect_view *v = &in->view;
    const unsigned char *bytes = buf;
    uint64_t at = v->file_bytes;

    if (len == 0)
        return;
    if (v->head_len < INSPECT_HEAD) {
        size_t take = len < INSPECT_HEAD - v->head_len ? len : INSPECT_HEAD - v->head_len;

        memcpy(in->head + v->head_len, bytes, take);
        v->head_len += take;
        if (v->head_len == INSPECT_HEAD) {
            v->window_at = inspect_window(v);           /* the head is whole: it says where else to look */
            if (v->window_at != 0 && v->window_at < INSPECT_HEAD)
                window_add(in, v->window_at, in->head + v->window_at, (size_t)(INSPECT_HEAD - v->window_at));
        }
    }
    window_add(in, at, bytes, len);
    tail_add(in, bytes, len);
    v->file_bytes += len;
}

/* -- which format -- */

struct magic {
    enum inspect_format format;
    uint64_t offset;
    const char *bytes;
    size_t len;
};
#define MAGIC(format, offset, text) { format, offset, text, sizeof text - 1 }

/* What nobody writes by chance.  All are looked for: bytes that read as two of them are nobody's honest image. */
static const struct magic containers[] = {
    MAGIC(INSPECT_QCOW1, 0, "QFI\xfb\0\0\0\1"),
    MAGIC(INSPECT_QCOW2, 0, "QFI\xfb"),
    MAGIC(INSPECT_VMDK, 0, "KDMV"),
    MAGIC(INSPECT_VMDK, 0, "COWD"),
    MAGIC(INSPECT_VMDK, 0, "# Disk DescriptorFile"),
    MAGIC(INSPECT_VDI, 0x40, "\x7f\x10\xda\xbe"),
    MAGIC(INSPECT_VHDX, 0, "vhdxfile"),
    MAGIC(INSPECT_VHD, 0, "conectix"),
    MAGIC(INSPECT_PLOOP, 0, "WithoutFreeSpace"),
    MAGIC(INSPECT_PLOOP, 0, "WithouFreSpacExt"),
    MAGIC(INSPECT_QED, 0, "QED\0"),
    MAGIC(INSPECT_LUKS, 0, "LUKS\xba\xbe"),
    MAGIC(INSPECT_BOCHS, 0, "Bochs Virtual HD Image"),
    MAGIC(INSPECT_CLOOP, 0, "#!/bin/sh\n#V2.0 Format\n"),
};
static const struct magic trailers[] = {        /* offset: back from the end */
    MAGIC(INSPECT_VHD, 512, "conectix"),
    MAGIC(INSPECT_VHD, 511, "conectix"),        /* some old writers lost a byte */
    MAGIC(INSPECT_DMG, 512, "koly"),
};

int
inspect_has(const struct inspect_view *v, uint64_t offset, const void *bytes, size_t len)
{
    return offset <= v->head_len && len <= v->head_len - offset && memcmp(v->head + offset, bytes, len) == 0;
}

/* A descriptor may have comments and blank lines in front; QEMU looks past them, and so do we. */
static int
is_descriptor(const struct inspect_view *v)
{
    static const char word[] = "# Disk DescriptorFile";
    size_t at = 0, line;

    while (at < v->head_len && at < 65536) {
        if (inspect_has(v, at, word, sizeof word - 1))
            return 1;
        for (line = at; line < v->head_len && v->head[line] != '\n'; line++)
            if (v->head[at] != '#' && v->head[line] != ' ' && v->head[line] != '\r')
                return 0;
        at = line + 1;
    }
    return 0;
}

static int
is_mbr(const struct inspect_view *v)
{
    int used = 0;

    if (!inspect_has(v, 510, "\x55\xaa", 2))
        return 0;
    for (size_t entry = 446; entry < 510; entry += 16) {
        if (v->head[entry] != 0 && v->head[entry] != 0x80)
            return 0;
        used += v->head[entry + 4] != 0;
    }
    return used > 0;
}

/* The disk formats without an inside of their own. */
static enum inspect_format
raw_kind(const struct inspect_view *v)
{
    if (inspect_has(v, 0x8001, "CD001", 5))     /* before the tables: bootable ISOs have those too */
        return INSPECT_ISO;
    if (inspect_has(v, 512, "EFI PART", 8) || inspect_has(v, 4096, "EFI PART", 8))
        return INSPECT_GPT;
    return is_mbr(v) ? INSPECT_MBR : INSPECT_RAW;
}

static void
found(enum inspect_format format, struct inspect_result *r)
{
    if (r->format == INSPECT_RAW || r->format == format)
        r->format = format;
    else if (!(r->format == INSPECT_QCOW1 && format == INSPECT_QCOW2))      /* one magic begins the other */
        inspect_unsafe(r, "reads as %s and as %s", inspect_format_name(r->format), inspect_format_name(format));
}

static void
judge(const struct inspect_view *v, struct inspect_result *r)
{
    enum inspect_format inside = raw_kind(v);

    for (size_t i = 0; i < sizeof containers / sizeof containers[0]; i++)
        if (inspect_has(v, containers[i].offset, containers[i].bytes, containers[i].len))
            found(containers[i].format, r);
    if (is_descriptor(v))
        found(INSPECT_VMDK, r);
    for (size_t i = 0; i < sizeof trailers / sizeof trailers[0]; i++)
        if (v->tail_len >= trailers[i].offset &&
            memcmp(v->tail + (v->tail_len - trailers[i].offset), trailers[i].bytes, trailers[i].len) == 0)
            found(trailers[i].format, r);
    if (r->format == INSPECT_RAW) {
        r->format = inside;
        r->virtual_bytes = v->file_bytes;
        return;
    }
    if (inside == INSPECT_ISO)
        inspect_unsafe(r, "reads as %s and as iso", inspect_format_name(r->format));
    inspect_inside(v, r);
}

void
inspect_finish(struct inspect *in, struct inspect_result *ret)
{
    *ret = (struct inspect_result){ .format = INSPECT_RAW, .file_bytes = in->view.file_bytes };
    if (in->view.window_at == 0)            /* a short image: what there is of the head must do */
        in->view.window_at = inspect_window(&in->view);
    if (in->view.window_len == 0 && in->view.window_at != 0 && in->view.window_at < in->view.head_len)
        window_add(in, in->view.window_at, in->head + in->view.window_at, in->view.head_len - (size_t)in->view.window_at);
    judge(&in->view, ret);
}

void
inspect_bytes(const void *bytes, size_t len, struct inspect_result *ret)
{
    struct inspect *in = inspect_new();

    inspect_add(in, bytes, len);
    inspect_finish(in, ret);
    inspect_free(in);
}

static int
fd_part(int fd, uint64_t offset, unsigned char *buf, size_t len, size_t *ret_len, struct cairn_error *err)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = pread(fd, buf + done, len - done, (off_t)(offset + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cairn_fail_errno(err, errno, "cannot read the image");
        if (n == 0)
            break;
        done += (size_t)n;
    }
    *ret_len = done;
    return 0;
}

int
inspect_fd(int fd, struct inspect_result *ret, struct cairn_error *err)
{
    struct inspect *in = inspect_new();
    struct inspect_view *v = &in->view;
    off_t end = lseek(fd, 0, SEEK_END);
    int rc = end < 0 ? cairn_fail_errno(err, errno, "cannot tell how long the image is") : 0;

    if (rc == 0) {
        v->file_bytes = (uint64_t)end;
        rc = fd_part(fd, 0, in->head, INSPECT_HEAD, &v->head_len, err);
    }
    if (rc == 0)
        rc = fd_part(fd, end > INSPECT_TAIL ? (uint64_t)end - INSPECT_TAIL : 0, in->tail, INSPECT_TAIL, &v->tail_len, err);
    if (rc == 0 && (v->window_at = inspect_window(v)) != 0 && v->window_at < v->file_bytes)
        rc = fd_part(fd, v->window_at, in->window, INSPECT_WINDOW, &v->window_len, err);
    if (rc == 0)
        inspect_finish(in, ret);
    inspect_free(in);
    return rc;
}

/* -- the verdict -- */

const char *
inspect_format_name(enum inspect_format format)
{
    static const char *const names[] = {
#define X(constant, name) name,
        INSPECT_FORMATS(X)
#undef X
    };
    return names[format];
}

#define BIT(format) (1u << (format))
#define ANY_RAW (BIT(INSPECT_RAW) | BIT(INSPECT_MBR) | BIT(INSPECT_GPT) | BIT(INSPECT_ISO))
static const struct {
    const char *declared;
    uint32_t accepts;
} rules[] = {
    { "raw", ANY_RAW },
    { "ami", ANY_RAW },
    { "ari", ANY_RAW },
    { "aki", ANY_RAW },
    { "iso", BIT(INSPECT_ISO) },
    { "qcow2", BIT(INSPECT_QCOW2) },
    { "vmdk", BIT(INSPECT_VMDK) },
    { "vdi", BIT(INSPECT_VDI) },
    { "vhd", BIT(INSPECT_VHD) },
    { "vhdx", BIT(INSPECT_VHDX) },
    { "ploop", BIT(INSPECT_PLOOP) },
};

int
inspect_verdict(const char *declared, const struct inspect_result *result, struct cairn_error *err)
{
    const char *content = inspect_format_name(result->format);
    size_t i = 0;

    while (i < sizeof rules / sizeof rules[0] && strcmp(rules[i].declared, declared) != 0)
        i++;
    if (i == sizeof rules / sizeof rules[0])
        return cairn_fail(err, CAIRN_INVALID, "there is no disk_format '%.40s'", declared);
    if (result->file_bytes == 0)
        return cairn_fail(err, CAIRN_INVALID, "the image is empty");
    if (!(rules[i].accepts & BIT(result->format)))
        return cairn_fail(err, CAIRN_INVALID, "the image was uploaded as %s, but its content is %s: set disk_format to what it is, or convert it",
                          declared, content);
    if (result->unsafe[0] != '\0')
        return cairn_fail(err, CAIRN_INVALID, "the image (%s) %s", content, result->unsafe);
    return 0;
}
