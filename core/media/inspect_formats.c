/* inspect_formats.c: the insides of disk image formats: sizes, and whatever makes an image unsafe.  Every offset is checked before use. */
#include "config.h"
#include "media/inspect_parts.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

void
inspect_unsafe(struct inspect_result *r, const char *fmt, ...)
{
    va_list ap;

    if (r->unsafe[0] != '\0')
        return;
    va_start(ap, fmt);
    vsnprintf(r->unsafe, sizeof r->unsafe, fmt, ap);
    va_end(ap);
}

/* -- numbers; 0 behind the end of what was kept, so each reader checks the length first where 0 means something -- */

struct span {
    const unsigned char *p;
    size_t len;
};

static uint64_t
number(struct span s, uint64_t at, unsigned width, int big)
{
    uint64_t v = 0;

    if (at > s.len || width > s.len - at)
        return 0;
    for (unsigned i = 0; i < width; i++)
        v = v << 8 | s.p[at + (big ? i : width - 1 - i)];
    return v;
}

#define BE32(s, at) ((uint32_t)number(s, at, 4, 1))
#define BE64(s, at) number(s, at, 8, 1)
#define LE16(s, at) ((uint32_t)number(s, at, 2, 0))
#define LE32(s, at) ((uint32_t)number(s, at, 4, 0))
#define LE64(s, at) number(s, at, 8, 0)

/* A name from the image, made printable, for a reason's text. */
static void
printable(char *to, size_t size, const unsigned char *from, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len && n + 1 < size && from[i] != '\0'; i++)
        to[n++] = isprint(from[i]) ? (char)from[i] : '?';
    to[n] = '\0';
}

/* -- qcow2 -- */

static const struct { uint32_t type; const char *trouble; } qcow2_extensions[] = {
    { UINT32_C(0x44415441), "keeps its data in another file" },     /* "DATA": name of the external data file */
    { UINT32_C(0x0537be77), "is encrypted" },                       /* LUKS header inside */
};
#define QCOW2_CORRUPT   (UINT64_C(1) << 1)
#define QCOW2_DATA_FILE (UINT64_C(1) << 2)
#define QCOW2_KNOWN     UINT64_C(0x1f)      /* dirty, corrupt, data file, compression, extended L2 */

static void
qcow2_walk_extensions(struct span s, uint64_t at, uint64_t end, struct inspect_result *r)
{
    while (at + 8 <= end) {
        uint32_t type = BE32(s, at), len = BE32(s, at + 4);

        if (at + 8 > s.len) {
            inspect_unsafe(r, "ends inside its header");
            return;
        }
        if (type == 0)
            return;
        if (len > end - at - 8) {
            inspect_unsafe(r, "has a header extension (0x%08" PRIx32 ") that leaves its header", type);
            return;
        }
        for (size_t i = 0; i < sizeof qcow2_extensions / sizeof qcow2_extensions[0]; i++)
            if (type == qcow2_extensions[i].type)
                inspect_unsafe(r, "%s", qcow2_extensions[i].trouble);
        at += 8 + ((len + UINT64_C(7)) & ~UINT64_C(7));
    }
}

static void
inside_qcow2(const struct inspect_view *v, struct inspect_result *r)
{
    struct span s = { v->head, v->head_len };
    uint32_t version = BE32(s, 4), cluster_bits = BE32(s, 20), l1_entries = BE32(s, 36), header_len = version >= 3 ? BE32(s, 100) : 72;
    uint64_t backing_at = BE64(s, 8), incompatible = version >= 3 ? BE64(s, 72) : 0, cluster, reach;
    char name[64];

    r->virtual_bytes = BE64(s, 24);
    r->snapshots = BE32(s, 60);
    r->encrypted = BE32(s, 32) != 0;
    if (version != 2 && version != 3)
        inspect_unsafe(r, "has version %" PRIu32 ", and only 2 and 3 are known", version);
    if (s.len < (version >= 3 ? 104 : 72))
        inspect_unsafe(r, "ends inside its header");
    if (backing_at != 0) {
        if (backing_at < s.len)
            printable(name, sizeof name, s.p + backing_at, BE32(s, 16) < s.len - backing_at ? BE32(s, 16) : (size_t)(s.len - backing_at));
        else
            snprintf(name, sizeof name, "?");
        inspect_unsafe(r, "lies over a backing file ('%s'): flatten it first, e.g. with qemu-img convert", name);
    }
    if (incompatible & QCOW2_DATA_FILE)
        inspect_unsafe(r, "keeps its data in another file");
    if (incompatible & ~QCOW2_KNOWN)
        inspect_unsafe(r, "needs features that are not known (incompatible bits 0x%" PRIx64 ")", incompatible & ~QCOW2_KNOWN);
    if (incompatible & QCOW2_CORRUPT)
        inspect_unsafe(r, "is marked as damaged: repair it first, e.g. with qemu-img check -r all");
    if (r->encrypted)
        inspect_unsafe(r, "is encrypted");
    if (cluster_bits < 9 || cluster_bits > 21) {
        inspect_unsafe(r, "has clusters of 2^%" PRIu32 " bytes", cluster_bits);
        return;
    }
    cluster = UINT64_C(1) << cluster_bits;
    reach = cluster * (cluster / (incompatible & 16 ? 16 : 8));
    if (r->virtual_bytes > (UINT64_C(1) << 62) || (r->virtual_bytes + reach - 1) / reach > l1_entries || l1_entries > (32u << 20) / 8)
        inspect_unsafe(r, "has a table of %" PRIu32 " entries for %" PRIu64 " bytes", l1_entries, r->virtual_bytes);
    if (header_len < (version >= 3 ? 104u : 72u) || header_len > cluster)
        inspect_unsafe(r, "has a header of %" PRIu32 " bytes", header_len);
    else
        qcow2_walk_extensions(s, header_len, cluster < s.len ? cluster : s.len, r);
}

/* -- vmdk -- */

/* Finds "key=value" at a line's beginning, spaces allowed around; copies the value without quotes.  0: not there. */
static int
descriptor_value(const char *text, const char *key, char *ret, size_t size)
{
    size_t key_len = strlen(key);

    for (const char *line = text; line != NULL; line = strchr(line, '\n') != NULL ? strchr(line, '\n') + 1 : NULL) {
        const char *p = line + strspn(line, " \t");

        if (strncasecmp(p, key, key_len) != 0)
            continue;
        p += key_len + strspn(p + key_len, " \t");
        if (*p != '=')
            continue;
        p += 1 + strspn(p + 1, " \t\"");
        printable(ret, size, (const unsigned char *)p, strcspn(p, "\"\r\n"));
        return 1;
    }
    return 0;
}

/* Every extent line must be the one sparse extent that is this very file. */
static void
vmdk_extents(const char *text, struct inspect_result *r)
{
    static const char *const access[] = { "RW", "RDONLY", "NOACCESS" };
    unsigned extents = 0;
    char word[16], kind[16];
    unsigned long long sectors;

    for (const char *line = text; line != NULL; line = strchr(line, '\n') != NULL ? strchr(line, '\n') + 1 : NULL) {
        int is_extent = 0;

        if (sscanf(line, " %15s", word) != 1)
            continue;
        for (size_t i = 0; i < sizeof access / sizeof access[0]; i++)
            is_extent |= strcasecmp(word, access[i]) == 0;
        if (!is_extent)
            continue;
        extents++;
        if (sscanf(line, " %*15s %llu %15s", &sectors, kind) != 2 || strcasecmp(kind, "SPARSE") != 0)
            inspect_unsafe(r, "has an extent that is not inside it");
        else if (memchr(line, '/', strcspn(line, "\n")) != NULL || memchr(line, '\\', strcspn(line, "\n")) != NULL)
            inspect_unsafe(r, "names an extent in another folder");
    }
    if (extents != 1)
        inspect_unsafe(r, "has %u extents instead of one", extents);
}

static void
inside_vmdk(const struct inspect_view *v, struct inspect_result *r)
{
    static const char *const good[] = { "monolithicSparse", "streamOptimized" };
    struct span s = { v->head, v->head_len };
    uint64_t at = LE64(s, 28) * 512, len = LE64(s, 36) * 512;
    char text[20481], value[64];
    int known = 0;

    if (!inspect_has(v, 0, "KDMV", 4)) {
        inspect_unsafe(r, "is only a descriptor (or an ESX extent): it refers to other files");
        return;
    }
    r->virtual_bytes = LE64(s, 12) > UINT64_MAX / 512 ? 0 : LE64(s, 12) * 512;
    if (LE64(s, 28) == 0 || LE64(s, 28) > s.len || LE64(s, 36) > s.len || at > s.len || len > s.len - at || len == 0) {
        inspect_unsafe(r, "has no descriptor inside, or not where it can be checked");
        return;
    }
    if (len > sizeof text - 1)
        len = sizeof text - 1;
    memcpy(text, s.p + at, (size_t)len);
    text[len] = '\0';
    if (!descriptor_value(text, "createType", value, sizeof value))
        snprintf(value, sizeof value, "unknown");
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        known |= strcasecmp(value, good[i]) == 0;
    if (!known)
        inspect_unsafe(r, "is of type %s; only monolithicSparse and streamOptimized stand alone", value);
    if (descriptor_value(text, "parentFileNameHint", value, sizeof value) ||
        (descriptor_value(text, "parentCID", value, sizeof value) && strcasecmp(value, "ffffffff") != 0))
        inspect_unsafe(r, "lies over a parent image");
    vmdk_extents(text, r);
}

/* -- vdi, vhd, ploop, qed -- */

static void
inside_vdi(const struct inspect_view *v, struct inspect_result *r)
{
    struct span s = { v->head, v->head_len };
    uint32_t type = LE32(s, 0x4c);

    r->virtual_bytes = LE64(s, 0x170);
    if (s.len < 0x178)
        inspect_unsafe(r, "ends inside its header");
    if (type != 1 && type != 2)
        inspect_unsafe(r, "is of type %" PRIu32 ": only dynamic (1) and fixed (2) images stand alone", type);
}

static void
inside_vhd(const struct inspect_view *v, struct inspect_result *r)
{
    struct span head = { v->head, v->head_len }, s = { v->tail, v->tail_len };
    size_t footer = v->tail_len >= 512 && memcmp(v->tail + (v->tail_len - 512), "conectix", 8) == 0 ? 512 : 511;
    uint64_t at = s.len >= footer ? s.len - footer : 0;
    uint32_t type;

    if (s.len < footer || memcmp(s.p + at, "conectix", 8) != 0) {       /* only the copy at the head */
        s = head;
        at = 0;
    }
    type = BE32(s, at + 60);
    r->virtual_bytes = BE64(s, at + 48);
    if (type != 2 && type != 3)
        inspect_unsafe(r, "is of type %" PRIu32 ": only fixed (2) and dynamic (3) images stand alone", type);
    if (inspect_has(v, 0, "conectix", 8) && (BE32(head, 60) != type || BE64(head, 48) != r->virtual_bytes))
        inspect_unsafe(r, "says one thing at its beginning and another at its end");
}

static void
inside_ploop(const struct inspect_view *v, struct inspect_result *r)
{
    struct span s = { v->head, v->head_len };
    uint64_t sectors = LE64(s, 36);

    r->virtual_bytes = sectors > UINT64_MAX / 512 ? 0 : sectors * 512;
    if (s.len < 64)
        inspect_unsafe(r, "ends inside its header");
}

static void
inside_qed(const struct inspect_view *v, struct inspect_result *r)
{
    struct span s = { v->head, v->head_len };

    r->virtual_bytes = LE64(s, 48);
    if (LE64(s, 16) & 1)
        inspect_unsafe(r, "lies over a backing file");
}

/* -- vhdx -- */

static const unsigned char guid_metadata[16] = { 0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b, 0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e };
static const unsigned char guid_size[16] = { 0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48, 0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4, 0xb8 };
static const unsigned char guid_file[16] = { 0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d, 0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7, 0x6b };
enum { VHDX_REGIONS = 192 << 10, VHDX_MAX_ENTRIES = 2047, VHDX_HAS_PARENT = 2 };

uint64_t
inspect_window(const struct inspect_view *v)
{
    struct span s = { v->head, v->head_len };
    uint32_t count = LE32(s, VHDX_REGIONS + 8);

    if (!inspect_has(v, 0, "vhdxfile", 8) || !inspect_has(v, VHDX_REGIONS, "regi", 4) || count > VHDX_MAX_ENTRIES)
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t entry = VHDX_REGIONS + 16 + (uint64_t)i * 32;

        if (inspect_has(v, entry, guid_metadata, sizeof guid_metadata))
            return LE64(s, entry + 16);
    }
    return 0;
}

static void
inside_vhdx(const struct inspect_view *v, struct inspect_result *r)
{
    struct span s = { v->window, v->window_len };
    uint32_t count = LE16(s, 10);
    int size_known = 0, parent_known = 0;

    if (s.len < 32 || memcmp(s.p, "metadata", 8) != 0 || count > VHDX_MAX_ENTRIES) {
        inspect_unsafe(r, "has no metadata where it can be checked");
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t entry = 32 + (uint64_t)i * 32;
        uint64_t item = LE32(s, entry + 16);

        if (entry + 32 > s.len || item + 8 > s.len) {
            inspect_unsafe(r, "ends inside its metadata");
            return;
        }
        if (memcmp(s.p + entry, guid_size, sizeof guid_size) == 0) {
            r->virtual_bytes = LE64(s, item);
            size_known = 1;
        } else if (memcmp(s.p + entry, guid_file, sizeof guid_file) == 0) {
            parent_known = 1;
            if (LE32(s, item + 4) & VHDX_HAS_PARENT)
                inspect_unsafe(r, "lies over a parent image");
        }
    }
    if (!size_known || !parent_known)
        inspect_unsafe(r, "does not say how large it is and whether it has a parent");
}

void
inspect_inside(const struct inspect_view *v, struct inspect_result *r)
{
    switch (r->format) {
    case INSPECT_QCOW2: inside_qcow2(v, r); break;
    case INSPECT_VMDK:  inside_vmdk(v, r); break;
    case INSPECT_VDI:   inside_vdi(v, r); break;
    case INSPECT_VHD:   inside_vhd(v, r); break;
    case INSPECT_VHDX:  inside_vhdx(v, r); break;
    case INSPECT_PLOOP: inside_ploop(v, r); break;
    case INSPECT_QED:   inside_qed(v, r); break;
    case INSPECT_LUKS:
        r->encrypted = 1;
        inspect_unsafe(r, "is encrypted");
        break;
    case INSPECT_QCOW1: case INSPECT_BOCHS: case INSPECT_CLOOP: case INSPECT_DMG:
        inspect_unsafe(r, "is of a format that is not accepted");
        break;
    case INSPECT_RAW: case INSPECT_MBR: case INSPECT_GPT: case INSPECT_ISO:
        break;
    }
}
