/* inspect_test.c: what the inspector of image formats promises: hostile images are refused, honest ones pass, and no bytes harm it. */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/run.h"
#include "base/str.h"
#include "media/inspect.h"
#include "unit.h"

enum { SIZE = 200 * 1024 };
static unsigned char image[SIZE];

static void
put(size_t at, uint64_t v, unsigned width, int big)
{
    for (unsigned i = 0; i < width; i++)
        image[at + (big ? width - 1 - i : i)] = (unsigned char)(v >> (8 * i));
}

static void
text(size_t at, const char *s)
{
    memcpy(image + at, s, strlen(s));
}

/* An honest, empty qcow2 of version 3 and 1 GiB. */
static void
qcow2(void)
{
    memset(image, 0, sizeof image);
    memcpy(image, "QFI\xfb", 4);
    put(4, 3, 4, 1);
    put(20, 16, 4, 1);
    put(24, UINT64_C(1) << 30, 8, 1);
    put(36, 2, 4, 1);
    put(40, 3 << 16, 8, 1);
    put(96, 4, 4, 1);
    put(100, 104, 4, 1);
}

static void
expect(const char *declared, uint32_t code, const char *message)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct inspect_result result;
    int rc;

    inspect_bytes(image, sizeof image, &result);
    rc = inspect_verdict(declared, &result, &err);
    ck_assert_msg(err.code == code, "code %u, '%s'", err.code, err.message);
    ck_assert_int_eq(rc, code == CAIRN_OK ? 0 : -1);
    ck_assert_str_eq(err.message, message);
}

START_TEST(honest_qcow2_passes_and_tells_its_size)
{
    struct inspect_result result;

    qcow2();
    expect("qcow2", CAIRN_OK, "");
    inspect_bytes(image, sizeof image, &result);
    ck_assert_int_eq(result.format, INSPECT_QCOW2);
    ck_assert_uint_eq(result.virtual_bytes, UINT64_C(1) << 30);
    ck_assert_uint_eq(result.file_bytes, SIZE);
}
END_TEST

START_TEST(qcow2_named_raw_is_refused)
{
    qcow2();
    expect("raw", CAIRN_INVALID, "the image was uploaded as raw, but its content is qcow2: set disk_format to what it is, or convert it");
}
END_TEST

START_TEST(raw_named_qcow2_is_refused)
{
    memset(image, 'x', sizeof image);
    expect("qcow2", CAIRN_INVALID, "the image was uploaded as qcow2, but its content is raw: set disk_format to what it is, or convert it");
}
END_TEST

START_TEST(qcow2_with_backing_file_is_refused)      /* OSSA-2014-004, 2015-014 */
{
    qcow2();
    text(512, "/etc/passwd");
    put(8, 512, 8, 1);
    put(16, 11, 4, 1);
    expect("qcow2", CAIRN_INVALID,
           "the image (qcow2) lies over a backing file ('/etc/passwd'): flatten it first, e.g. with qemu-img convert");
}
END_TEST

START_TEST(qcow2_with_data_file_bit_is_refused)     /* OSSA-2024-001 */
{
    qcow2();
    put(72, 4, 8, 1);
    expect("qcow2", CAIRN_INVALID, "the image (qcow2) keeps its data in another file");
}
END_TEST

START_TEST(qcow2_with_data_file_name_is_refused)
{
    qcow2();
    put(104, 0x44415441, 4, 1);
    put(108, 11, 4, 1);
    text(112, "/etc/shadow");
    expect("qcow2", CAIRN_INVALID, "the image (qcow2) keeps its data in another file");
}
END_TEST

START_TEST(qcow2_with_unknown_feature_is_refused)
{
    qcow2();
    put(72, 1 << 9, 8, 1);
    expect("qcow2", CAIRN_INVALID, "the image (qcow2) needs features that are not known (incompatible bits 0x200)");
}
END_TEST

START_TEST(qcow2_with_extension_that_leaves_the_header_is_refused)
{
    qcow2();
    put(104, 0x12345678, 4, 1);
    put(108, 0xfffffff0, 4, 1);
    expect("qcow2", CAIRN_INVALID, "the image (qcow2) has a header extension (0x12345678) that leaves its header");
}
END_TEST

START_TEST(qcow2_with_encryption_is_refused)
{
    qcow2();
    put(32, 1, 4, 1);
    expect("qcow2", CAIRN_INVALID, "the image (qcow2) is encrypted");
}
END_TEST

START_TEST(qcow2_that_claims_more_than_its_table_is_refused)
{
    qcow2();
    put(24, UINT64_C(1) << 50, 8, 1);
    expect("qcow2", CAIRN_INVALID, "the image (qcow2) has a table of 2 entries for 1125899906842624 bytes");
}
END_TEST

START_TEST(qcow2_that_is_an_iso_too_is_refused)
{
    qcow2();
    text(0x8001, "CD001");
    expect("qcow2", CAIRN_INVALID, "the image (qcow2) reads as qcow2 and as iso");
}
END_TEST

START_TEST(qcow2_of_version_1_is_refused)
{
    qcow2();
    put(4, 1, 4, 1);
    expect("qcow2", CAIRN_INVALID, "the image was uploaded as qcow2, but its content is qcow: set disk_format to what it is, or convert it");
}
END_TEST

static void
vmdk(const char *descriptor)
{
    memset(image, 0, sizeof image);
    memcpy(image, "KDMV", 4);
    put(4, 1, 4, 0);
    put(12, 2048, 8, 0);
    put(28, 1, 8, 0);
    put(36, 20, 8, 0);
    text(512, descriptor);
}

START_TEST(sparse_vmdk_passes)
{
    vmdk("# Disk DescriptorFile\nversion=1\nparentCID=ffffffff\ncreateType=\"monolithicSparse\"\nRW 2048 SPARSE \"a.vmdk\"\n");
    expect("vmdk", CAIRN_OK, "");
}
END_TEST

START_TEST(flat_vmdk_is_refused)                    /* OSSA-2023-002 */
{
    vmdk("# Disk DescriptorFile\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\nRW 2048 FLAT \"/etc/passwd\" 0\n");
    expect("vmdk", CAIRN_INVALID, "the image (vmdk) is of type monolithicFlat; only monolithicSparse and streamOptimized stand alone");
}
END_TEST

START_TEST(flat_extent_under_a_good_type_is_refused)
{
    vmdk("createType=\"monolithicSparse\"\nRW 2048 FLAT \"passwd\" 0\n");
    expect("vmdk", CAIRN_INVALID, "the image (vmdk) has an extent that is not inside it");
    vmdk("createType=\"monolithicSparse\"\nRW 2048 SPARSE \"/etc/passwd\"\n");
    expect("vmdk", CAIRN_INVALID, "the image (vmdk) names an extent in another folder");
    vmdk("createType=\"monolithicSparse\"\nRW 2048 SPARSE \"a\"\nRW 2048 SPARSE \"b\"\n");
    expect("vmdk", CAIRN_INVALID, "the image (vmdk) has 2 extents instead of one");
}
END_TEST

START_TEST(vmdk_descriptor_alone_is_refused)
{
    memset(image, 0, sizeof image);
    text(0, "# a remark\n# Disk DescriptorFile\ncreateType=\"monolithicFlat\"\nRW 8 FLAT \"/etc/passwd\" 0\n");
    expect("vmdk", CAIRN_INVALID, "the image (vmdk) is only a descriptor (or an ESX extent): it refers to other files");
    expect("raw", CAIRN_INVALID, "the image was uploaded as raw, but its content is vmdk: set disk_format to what it is, or convert it");
}
END_TEST

START_TEST(vmdk_with_parent_is_refused)
{
    vmdk("parentCID=12345678\ncreateType=\"monolithicSparse\"\nRW 2048 SPARSE \"a.vmdk\"\n");
    expect("vmdk", CAIRN_INVALID, "the image (vmdk) lies over a parent image");
}
END_TEST

START_TEST(differencing_vdi_and_vhd_are_refused)
{
    memset(image, 0, sizeof image);
    put(0x40, 0xbeda107f, 4, 0);
    put(0x4c, 4, 4, 0);
    expect("vdi", CAIRN_INVALID, "the image (vdi) is of type 4: only dynamic (1) and fixed (2) images stand alone");
    memset(image, 0, sizeof image);
    text(SIZE - 512, "conectix");
    put(SIZE - 512 + 60, 4, 4, 1);
    expect("vhd", CAIRN_INVALID, "the image (vhd) is of type 4: only fixed (2) and dynamic (3) images stand alone");
}
END_TEST

START_TEST(luks_and_qed_are_refused_under_any_name)
{
    memset(image, 0, sizeof image);
    memcpy(image, "LUKS\xba\xbe", 6);
    expect("raw", CAIRN_INVALID, "the image was uploaded as raw, but its content is luks: set disk_format to what it is, or convert it");
    memset(image, 0, sizeof image);
    memcpy(image, "QED", 4);
    expect("qcow2", CAIRN_INVALID, "the image was uploaded as qcow2, but its content is qed: set disk_format to what it is, or convert it");
}
END_TEST

START_TEST(partitioned_and_plain_disks_are_raw)
{
    struct inspect_result result;

    memset(image, 0, sizeof image);
    expect("raw", CAIRN_OK, "");
    put(510, 0xaa55, 2, 0);
    image[446] = 0x80;
    image[450] = 0x83;
    expect("raw", CAIRN_OK, "");
    inspect_bytes(image, sizeof image, &result);
    ck_assert_int_eq(result.format, INSPECT_MBR);
    text(512, "EFI PART");
    inspect_bytes(image, sizeof image, &result);
    ck_assert_int_eq(result.format, INSPECT_GPT);
    ck_assert_uint_eq(result.virtual_bytes, SIZE);
    expect("raw", CAIRN_OK, "");
}
END_TEST

START_TEST(iso_passes_as_iso)
{
    memset(image, 0, sizeof image);
    text(0x8001, "CD001");
    expect("iso", CAIRN_OK, "");
    expect("qcow2", CAIRN_INVALID, "the image was uploaded as qcow2, but its content is iso: set disk_format to what it is, or convert it");
}
END_TEST

START_TEST(unknown_disk_format_is_refused)
{
    expect("docx", CAIRN_INVALID, "there is no disk_format 'docx'");
}
END_TEST

START_TEST(empty_image_is_refused)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct inspect_result result;

    inspect_bytes("", 0, &result);
    ck_assert_int_eq(inspect_verdict("raw", &result, &err), -1);
    ck_assert_str_eq(err.message, "the image is empty");
}
END_TEST

/* What QEMU writes: each format's empty image of 64 MiB (larger than all that is kept), given in odd pieces and as a file. */
static const struct { const char *qemu, *declared, *options; enum inspect_format format; } formats[] = {
    { "raw", "raw", NULL, INSPECT_RAW },
    { "qcow2", "qcow2", NULL, INSPECT_QCOW2 },
    { "qcow2", "qcow2", "compat=0.10", INSPECT_QCOW2 },
    { "qcow2", "qcow2", "extended_l2=on,compression_type=zlib,cluster_size=2M", INSPECT_QCOW2 },
    { "vmdk", "vmdk", NULL, INSPECT_VMDK },
    { "vmdk", "vmdk", "subformat=streamOptimized", INSPECT_VMDK },
    { "vdi", "vdi", NULL, INSPECT_VDI },
    { "vpc", "vhd", "force_size=on", INSPECT_VHD },
    { "vpc", "vhd", "subformat=fixed,force_size=on", INSPECT_VHD },
    { "vhdx", "vhdx", NULL, INSPECT_VHDX },
    { "vhdx", "vhdx", "subformat=fixed", INSPECT_VHDX },
};

START_TEST(images_that_qemu_makes_are_known_and_sized)
{
    enum { DISK = 64 << 20 };
    const char *path;
    char piece[70001];
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct inspect_result whole, pieces;
    struct inspect *in = inspect_new();
    const char *options = formats[_i].options != NULL ? formats[_i].options : "";
    ssize_t n;
    int rc;

    scratch_make();
    path = scratch_path("image");
    if (options[0] != '\0')
        rc = run_argv(&err, 20000, NULL, "qemu-img", "create", "-q", "-f", formats[_i].qemu, "-o", options, path, "64M", NULL);
    else
        rc = run_argv(&err, 20000, NULL, "qemu-img", "create", "-q", "-f", formats[_i].qemu, path, "64M", NULL);
    CLEANUP_FD int made = open(path, O_RDONLY | O_CLOEXEC);
    scratch_drop();
    if (err.code == CAIRN_NOT_FOUND) {
        inspect_free(in);
        fprintf(stderr, "skipped: qemu-img is not installed\n");
        return;
    }
    ck_assert_msg(rc == 0, "%s", err.message);
    ck_assert_int_eq(inspect_fd(made, &whole, &err), 0);
    ck_assert_int_eq(lseek(made, 0, SEEK_SET), 0);
    while ((n = read(made, piece, sizeof piece)) > 0)
        inspect_add(in, piece, (size_t)n);
    inspect_finish(in, &pieces);
    inspect_free(in);
    ck_assert_str_eq(whole.unsafe, "");
    ck_assert_int_eq(whole.format, formats[_i].format);
    ck_assert_uint_eq(whole.virtual_bytes, DISK);
    ck_assert_mem_eq(&whole, &pieces, sizeof whole);
    ck_assert_msg(inspect_verdict(formats[_i].declared, &whole, &err) == 0, "%s", err.message);
}
END_TEST

/* Honest images with bytes changed and ends cut off: any verdict is right, a fault of memory (ASan, UBSan) is not. */
START_TEST(no_bytes_harm_the_inspector)
{
    static const char *const heads[] = { "QFI\xfb", "KDMV", "conectix", "vhdxfile", "LUKS\xba\xbe", "QED", "WithoutFreeSpace", "# Disk DescriptorFile\nRW" };
    struct inspect_result result;
    struct cairn_error err;
    unsigned seed = 4711;

    for (int round = 0; round < 600; round++) {
        size_t len;

        if (round % 4 == 0)
            qcow2();
        else if (round % 4 == 1)
            vmdk("parentCID=ffffffff\ncreateType=\"monolithicSparse\"\nRW 2048 SPARSE \"a.vmdk\"\n");
        else {
            memset(image, 0, sizeof image);
            memcpy(image, heads[(size_t)rand_r(&seed) % ARRAY_LEN(heads)], 4);
            text(192 << 10, "regi");
        }
        for (int i = 0; i < 40; i++)
            image[(size_t)rand_r(&seed) % (i % 2 ? 200 : SIZE)] = (unsigned char)rand_r(&seed);
        len = round % 3 == 0 ? (size_t)rand_r(&seed) % 600 : (size_t)rand_r(&seed) % SIZE;
        /* A copy of just that length, so that one byte too far is seen. */
        unsigned char *copy = xmalloc(len + 1);

        memcpy(copy, image, len);
        struct inspect *in = inspect_new();

        for (size_t at = 0; at < len;) {
            size_t step = 1 + (size_t)rand_r(&seed) % 40000;

            step = step < len - at ? step : len - at;
            inspect_add(in, copy + at, step);
            at += step;
        }
        inspect_finish(in, &result);
        inspect_free(in);
        free(copy);
        ck_assert_uint_eq(result.file_bytes, len);
        ck_assert_uint_lt(strlen(result.unsafe), sizeof result.unsafe);
        cairn_error_clear(&err);
        if (inspect_verdict("qcow2", &result, &err) < 0)
            ck_assert_int_eq(err.code, CAIRN_INVALID);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("inspect");
    TCase *tcase = tcase_create("inspect");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, honest_qcow2_passes_and_tells_its_size);
    tcase_add_test(tcase, qcow2_named_raw_is_refused);
    tcase_add_test(tcase, raw_named_qcow2_is_refused);
    tcase_add_test(tcase, qcow2_with_backing_file_is_refused);
    tcase_add_test(tcase, qcow2_with_data_file_bit_is_refused);
    tcase_add_test(tcase, qcow2_with_data_file_name_is_refused);
    tcase_add_test(tcase, qcow2_with_unknown_feature_is_refused);
    tcase_add_test(tcase, qcow2_with_extension_that_leaves_the_header_is_refused);
    tcase_add_test(tcase, qcow2_with_encryption_is_refused);
    tcase_add_test(tcase, qcow2_that_claims_more_than_its_table_is_refused);
    tcase_add_test(tcase, qcow2_that_is_an_iso_too_is_refused);
    tcase_add_test(tcase, qcow2_of_version_1_is_refused);
    tcase_add_test(tcase, sparse_vmdk_passes);
    tcase_add_test(tcase, flat_vmdk_is_refused);
    tcase_add_test(tcase, flat_extent_under_a_good_type_is_refused);
    tcase_add_test(tcase, vmdk_descriptor_alone_is_refused);
    tcase_add_test(tcase, vmdk_with_parent_is_refused);
    tcase_add_test(tcase, differencing_vdi_and_vhd_are_refused);
    tcase_add_test(tcase, luks_and_qed_are_refused_under_any_name);
    tcase_add_test(tcase, partitioned_and_plain_disks_are_raw);
    tcase_add_test(tcase, iso_passes_as_iso);
    tcase_add_test(tcase, unknown_disk_format_is_refused);
    tcase_add_test(tcase, empty_image_is_refused);
    tcase_add_loop_test(tcase, images_that_qemu_makes_are_known_and_sized, 0, (int)ARRAY_LEN(formats));
    tcase_add_test(tcase, no_bytes_harm_the_inspector);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
