/* inspect.h: what an image really is, told from its bytes as they pass; nothing is opened, followed or believed.
 *
 * A format is what QEMU or another tool could take the bytes for.  Whatever refers to something outside the image (backing files, data
 * files, extents, parents), is encrypted, damaged or needs features that are not known makes it unsafe, with the reason in words.
 *
 *     in = inspect_new();  inspect_add(in, buf, len) for each piece;  inspect_finish(in, &result);  inspect_free(in);
 *     if (inspect_verdict("qcow2", &result, err) < 0) ...
 *
 * Memory: a little above 1 MiB for each inspection, however long the image.  One thread at a time for each; no global state. */
#ifndef MEDIA_INSPECT_H
#define MEDIA_INSPECT_H
#include <stddef.h>
#include <stdint.h>
#include <cairn/error.h>

/* X(constant, name): the name is the disk_format of the image API where that has one. */
#define INSPECT_FORMATS(X)                                                                             \
    X(INSPECT_RAW, "raw")               /* nothing known: a file system, a kernel, zeros ... */        \
    X(INSPECT_MBR, "mbr")               /* a raw disk with a DOS partition table */                    \
    X(INSPECT_GPT, "gpt")               /* a raw disk with a GUID partition table */                   \
    X(INSPECT_ISO, "iso")                                                                              \
    X(INSPECT_QCOW2, "qcow2")                                                                          \
    X(INSPECT_QCOW1, "qcow")                                                                           \
    X(INSPECT_VMDK, "vmdk")                                                                            \
    X(INSPECT_VDI, "vdi")                                                                              \
    X(INSPECT_VHD, "vhd")                                                                              \
    X(INSPECT_VHDX, "vhdx")                                                                            \
    X(INSPECT_PLOOP, "ploop")           /* Parallels */                                                \
    X(INSPECT_QED, "qed")                                                                              \
    X(INSPECT_LUKS, "luks")                                                                            \
    X(INSPECT_BOCHS, "bochs")                                                                          \
    X(INSPECT_CLOOP, "cloop")                                                                          \
    X(INSPECT_DMG, "dmg")
enum inspect_format {
#define X(constant, name) constant,
    INSPECT_FORMATS(X)
#undef X
};

struct inspect_result {
    enum inspect_format format;
    uint64_t virtual_bytes;         /* of the disk inside; of the file for raw formats; 0: not told */
    uint64_t file_bytes;
    uint32_t snapshots;             /* qcow2: inside the image */
    uint32_t encrypted;
    char unsafe[192];               /* empty, or why the image must not be used: the end of a sentence that begins "the image ..." */
};

struct inspect;
struct inspect *inspect_new(void);  /* aborts when out of memory, as all of base */
void inspect_add(struct inspect *in, const void *buf, size_t len);
/* Judges what was added so far: usually called once, at the end; more may be added and it may be called again. */
void inspect_finish(struct inspect *in, struct inspect_result *ret);
void inspect_free(struct inspect *in);      /* NULL is allowed */

/* All of an image in memory. */
void inspect_bytes(const void *bytes, size_t len, struct inspect_result *ret);
/* A file from its beginning; reads only what is needed.  CAIRN_... of errno when it cannot be read. */
int inspect_fd(int fd, struct inspect_result *ret, struct cairn_error *err);

const char *inspect_format_name(enum inspect_format format);

/* May an image that was uploaded as 'declared' (a disk_format of the image API) be kept?  CAIRN_INVALID, with a sentence that helps, when its
 * content is something else, or unsafe, or when there is no such disk_format. */
int inspect_verdict(const char *declared, const struct inspect_result *result, struct cairn_error *err);
#endif
