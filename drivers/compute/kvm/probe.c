/* probe.c: what runs guests here.  /dev/kvm may be there and yet no guest run: so a small guest is run, with the processor that
 * servers will get, and the answer kept for as long as this boot, this QEMU and this setting last. */

#include "kvm.h"
#include "probe_rom.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROBE_STATUS ((KVM_PROBE_VALUE << 1) | 1)

static int
rom_write(const char *path, struct cairn_error *err)
{
    unsigned char *rom = malloc(KVM_PROBE_ROM_SIZE);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    ssize_t wrote;
    int error;

    if (fd < 0 || rom == NULL) {
        error = errno;
    } else {
        kvm_probe_rom(rom);
        wrote = write(fd, rom, KVM_PROBE_ROM_SIZE);
        error = wrote < 0 ? errno : wrote < KVM_PROBE_ROM_SIZE ? ENOSPC : 0;
    }
    if (fd >= 0)
        close(fd);
    free(rom);
    return error != 0 ? cairn_fail_errno(err, error, "cannot write '%s'", path) : 0;
}

/* The processor of servers, in QEMU's words. */
static const char *
probe_cpu(const struct kvm *kvm)
{
    static const char *const modes[] = { "auto", "host-model", "host-passthrough", "maximum" };

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(kvm->cpu_mode, modes[i]) == 0)
            return "host";
    return kvm->cpu_mode;
}

/* 1: the guest did its work; 0: it did not, and machine->why says how that looked. */
static int
run_guest(struct kvm *kvm)
{
    struct kvm_machine *machine = &kvm->machine;
    struct cairn_error err = CAIRN_ERROR_INIT;
    char rom[KVM_PATH_MAX];
    const char *argv[] = { machine->emulator, "-machine", "pc,accel=kvm", "-cpu", probe_cpu(kvm), "-m", "16",
                           "-nodefaults", "-no-user-config", "-display", "none",
                           "-no-reboot", "-bios", rom, "-device", "isa-debug-exit,iobase=0xf4,iosize=1", NULL };
    struct cairn_child child = { .size = sizeof child, .timeout_ms = 10000, .argv = argv, .flags = CAIRN_CHILD_ANY_STATUS, .output_max = 4096 };
    int32_t status = -1;
    int result = -1;

    if ((size_t)snprintf(rom, sizeof rom, "%s/probe.rom", kvm->host->run_dir) >= sizeof rom)
        cairn_fail(&err, CAIRN_INVALID, "the path of the run directory is too long");
    else if (rom_write(rom, &err) == 0) {
        result = kvm->host->run(kvm->host->instance, NULL, &child, NULL, NULL, &status, &err);
        unlink(rom);
    }
    if (result == 0 && status == PROBE_STATUS)
        return 1;
    if (result == 0)
        snprintf(machine->why, sizeof machine->why, "/dev/kvm is there, but a trial guest did not run: QEMU ended with status %d instead of %d", (int)status, PROBE_STATUS);
    else
        snprintf(machine->why, sizeof machine->why, "%.150s", err.message);
    return 0;
}

/* -- the answer on disk: "BOOT-ID QEMU-VERSION CPU-MODE 0|1 why" -------------------------------------------------------------------- */

static void
boot_id(char out[64])
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

    out[0] = '\0';
    if (file != NULL) {
        if (fgets(out, 64, file) == NULL)
            out[0] = '\0';
        fclose(file);
    }
    out[strcspn(out, "\n")] = '\0';
}

static int
cache_read(const char *path, const char *key, struct kvm_machine *machine)
{
    FILE *file = fopen(path, "re");
    char line[512] = "";
    size_t len = strlen(key);
    int found = 0;

    if (file == NULL)
        return 0;
    if (fgets(line, sizeof line, file) != NULL && strncmp(line, key, len) == 0 && (line[len] == '0' || line[len] == '1')) {
        machine->accelerated = line[len] == '1';
        line[strcspn(line, "\n")] = '\0';
        snprintf(machine->why, sizeof machine->why, "%.150s", line[len + 1] == ' ' ? line + len + 2 : "");
        found = 1;
    }
    fclose(file);
    return found;
}

/* A cache that cannot be written only costs the next start a second. */
static void
cache_write(const char *path, const char *key, const struct kvm_machine *machine)
{
    FILE *file = fopen(path, "we");

    if (file != NULL) {
        fprintf(file, "%s%u %s\n", key, machine->accelerated, machine->why);
        fclose(file);
    }
}

static void
probe_accel(struct kvm *kvm)
{
    struct kvm_machine *machine = &kvm->machine;
    char path[KVM_PATH_MAX], key[256], boot[64];

    if (access("/dev/kvm", F_OK) < 0) {
        snprintf(machine->why, sizeof machine->why, "there is no /dev/kvm");
        return;
    }
    boot_id(boot);
    snprintf(key, sizeof key, "%s %lu %.64s ", boot, machine->qemu_version, kvm->cpu_mode);
    if ((size_t)snprintf(path, sizeof path, "%s/kvm-probe", kvm->host->state_dir) >= sizeof path || cache_read(path, key, machine))
        return;
    machine->accelerated = (uint32_t)run_guest(kvm);
    cache_write(path, key, machine);
}

/* -- who QEMU is -------------------------------------------------------------------------------------------------------------- */

/* The emulator's path as libvirt would take it. */
static int
find_emulator(struct kvm *kvm, virConnectPtr conn, const xmlDoc *caps, struct cairn_error *err)
{
    char os_type[32], arch[32];

    for (xmlNode *guest = kvm_child(xmlDocGetRootElement(caps), "guest"); guest != NULL; guest = kvm_next(guest)) {
        kvm_get_text(kvm_child(guest, "os_type"), os_type, sizeof os_type);
        kvm_get_attr(kvm_child(guest, "arch"), "name", arch, sizeof arch);
        if (strcmp(os_type, "hvm") == 0 && strcmp(arch, kvm->machine.arch) == 0) {
            kvm_get_text(kvm_child(guest, "arch/emulator"), kvm->machine.emulator, sizeof kvm->machine.emulator);
            break;
        }
    }
    if (kvm->machine.emulator[0] == '\0')
        return cairn_fail(err, CAIRN_UNAVAILABLE, "libvirt at '%s' has no QEMU for %s (Debian: qemu-system-x86)", kvm->uri, kvm->machine.arch);
    if (virConnectGetVersion(conn, &kvm->machine.qemu_version) < 0)
        return kvm_fail_libvirt(err, "QEMU's version");
    return 0;
}

/* libvirt's own user for QEMU: <baselabel type='qemu'>+64055:+104</baselabel> of the "dac" model. */
static void
find_qemu_user(struct kvm *kvm, const xmlDoc *caps)
{
    char model[16], label[64];
    unsigned uid = 0, gid = 0;

    for (xmlNode *sec = kvm_child(xmlDocGetRootElement(caps), "host/secmodel"); sec != NULL; sec = kvm_next(sec))
        if (strcmp(kvm_get_text(kvm_child(sec, "model"), model, sizeof model), "dac") == 0 &&
            sscanf(kvm_get_text(kvm_child(sec, "baselabel"), label, sizeof label), "+%u:+%u", &uid, &gid) == 2) {
            kvm->machine.qemu_uid = uid;
            kvm->machine.qemu_gid = gid;
        }
}

int
kvm_path_blocked(const struct kvm *kvm, const char *path, char ret_dir[KVM_PATH_MAX])
{
    uint32_t uid = kvm->machine.qemu_uid, gid = kvm->machine.qemu_gid;
    size_t len = strlen(path);
    struct stat st;

    if (uid == 0)
        return 0;
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        snprintf(ret_dir, KVM_PATH_MAX, "%.*s", (int)i, path);
        if (stat(ret_dir, &st) < 0 || !S_ISDIR(st.st_mode))
            return 0;
        if (!(st.st_mode & (st.st_uid == uid ? S_IXUSR : st.st_gid == gid ? S_IXGRP : S_IXOTH)))
            return 1;
    }
    return 0;
}

static void
choose_user(struct kvm *kvm)
{
    struct kvm_machine *machine = &kvm->machine;
    char dir[KVM_PATH_MAX];

    if (machine->qemu_uid == 0 || strcmp(kvm->qemu_user, "libvirt") == 0)
        return;
    if (strcmp(kvm->qemu_user, "root") == 0)
        machine->run_as_root = 1;
    else if (kvm_path_blocked(kvm, kvm->host->state_dir, dir)) {
        machine->run_as_root = 1;
        kvm->host->log(kvm->host->instance, CAIRN_LOG_WARN,
                       "QEMU will run as root: user %u, which libvirt would take, may not pass folder '%s' (qemu_user=libvirt forbids this)",
                       machine->qemu_uid, dir);
    }
    if (machine->run_as_root)
        machine->qemu_uid = machine->qemu_gid = 0;
}

int
kvm_probe(struct kvm *kvm, virConnectPtr conn, struct cairn_error *err)
{
    struct kvm_machine *machine = &kvm->machine;
    CLEANUP_STR text = virConnectGetCapabilities(conn);
    CLEANUP_DOC caps = NULL;

    memset(machine, 0, sizeof *machine);
    if (text == NULL)
        return kvm_fail_libvirt(err, "libvirt's capabilities");
    caps = kvm_parse(text, err);
    if (caps == NULL)
        return -1;
    kvm_get_text(kvm_child(xmlDocGetRootElement(caps), "host/cpu/arch"), machine->arch, sizeof machine->arch);
    if (strcmp(machine->arch, "x86_64") != 0)
        return cairn_fail(err, CAIRN_UNSUPPORTED, "this driver runs x86_64 guests; the host is %s", machine->arch);
    if (find_emulator(kvm, conn, caps, err) < 0)
        return -1;
    find_qemu_user(kvm, caps);
    choose_user(kvm);
    if (strcmp(kvm->accel, "tcg") == 0)
        snprintf(machine->why, sizeof machine->why, "accel=tcg");
    else
        probe_accel(kvm);
    if (strcmp(kvm->accel, "kvm") == 0 && !machine->accelerated)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "accel=kvm, but KVM does not run here: %s", machine->why);
    return 0;
}
