/* kvm.c: compute driver "kvm": servers as libvirt domains under QEMU, with KVM where it runs and TCG where it does not.
 *
 * Settings, life cycle and the table; kvm.h says where everything else is. */

#include "kvm.h"
#include <inttypes.h>
#include <sys/stat.h>
#include <time.h>

/* -- settings ----------------------------------------------------------------------------------------------------------------------- */

static const struct cairn_key keys[] = {
    CAIRN_KEY("uri", CAIRN_KEY_STRING, "qemu:///system", "The libvirt to use; it must be one on this host."),
    CAIRN_KEY("accel", CAIRN_KEY_STRING, "auto", "How guests run: kvm, tcg, or auto: kvm if a guest instruction really runs under it, else tcg."),
    CAIRN_KEY("cpu_mode", CAIRN_KEY_STRING, "auto",
              "The guests' processor: host-model, host-passthrough, maximum, a model's name, or auto: host-model with KVM, QEMU's own with TCG."),
    CAIRN_KEY("machine", CAIRN_KEY_STRING, "pc", "The guests' machine where the image does not say (hw_machine_type): pc or q35, or a version of them."),
    CAIRN_KEY("qemu_user", CAIRN_KEY_STRING, "auto",
              "Who runs QEMU: libvirt (as libvirt's configuration says), root, or auto: root only if libvirt's user cannot reach the files."),
    CAIRN_KEY("vnc_listen", CAIRN_KEY_STRING, "127.0.0.1", "The address that guests' screens listen on; whoever reaches it needs no password."),
    CAIRN_KEY("nic_model", CAIRN_KEY_STRING, "virtio", "The guests' network card where the image does not say (hw_vif_model)."),
    CAIRN_KEY("disk_cache", CAIRN_KEY_STRING, "auto",
              "QEMU's cache mode of disks: none, writeback, writethrough, directsync, unsafe, or auto: none where the file system can."),
    CAIRN_KEY("console_log_max", CAIRN_KEY_SIZE, "1M", "How much of a serial console's log is kept."),
    CAIRN_KEY("tb_size", CAIRN_KEY_SIZE, "64M", "Memory for translated code of each guest under TCG."),
    CAIRN_KEY("detach_timeout", CAIRN_KEY_DURATION, "60s", "How long a guest may take to let go of a disk or NIC."),
    CAIRN_KEY_RANGE("pcie_root_ports", "16", 0, 28, "PCI Express ports of a q35 machine; disks and NICs that are added later need a free one."),
};

static const struct cairn_key *const key_list[] = {
    &keys[0], &keys[1], &keys[2], &keys[3], &keys[4], &keys[5], &keys[6], &keys[7], &keys[8], &keys[9], &keys[10], &keys[11], NULL };

/* Settings that are one of a few words. */
static const struct { const char *key; const char *words[8]; } choices[] = {
    { "accel", { "auto", "kvm", "tcg" } },
    { "qemu_user", { "auto", "libvirt", "root" } },
    { "disk_cache", { "auto", "none", "writeback", "writethrough", "directsync", "unsafe" } },
};

static int
check_choices(const struct cairn_host *host, struct cairn_error *err)
{
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        const char *value = host->get_string(host->instance, choices[i].key);
        size_t k = 0;

        while (choices[i].words[k] != NULL && strcmp(choices[i].words[k], value) != 0)
            k++;
        if (choices[i].words[k] == NULL)
            return cairn_fail(err, CAIRN_INVALID, "%s = %s: not a value of this setting", choices[i].key, value);
    }
    return 0;
}

/* -- life cycle ---------------------------------------------------------------------------------------------------------------------- */

static int
kvm_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    struct cairn_instance *inst = host->instance;
    pthread_condattr_t attr;
    struct kvm *kvm;

    if (check_choices(host, err) < 0)
        return -1;
    /* "/console/UUID.log.N" and "/overlay/UUID-UUID.qcow2" follow */
    if (strlen(host->state_dir) + 128 > KVM_PATH_MAX || strlen(host->run_dir) + 128 > KVM_PATH_MAX)
        return cairn_fail(err, CAIRN_INVALID, "the paths '%s' and '%s' are too long: at most %d characters", host->state_dir, host->run_dir,
                          KVM_PATH_MAX - 128);
    kvm = calloc(1, sizeof *kvm);
    if (kvm == NULL)
        return cairn_fail_errno(err, ENOMEM, "no memory for an instance of kvm");
    kvm->host = host;
    kvm->uri = host->get_string(inst, "uri");
    kvm->accel = host->get_string(inst, "accel");
    kvm->cpu_mode = host->get_string(inst, "cpu_mode");
    kvm->machine_type = host->get_string(inst, "machine");
    kvm->qemu_user = host->get_string(inst, "qemu_user");
    kvm->vnc_listen = host->get_string(inst, "vnc_listen");
    kvm->disk_cache = host->get_string(inst, "disk_cache");
    kvm->nic_model = host->get_string(inst, "nic_model");
    kvm->console_log_max = host->get_int(inst, "console_log_max");
    kvm->tb_size = host->get_int(inst, "tb_size");
    kvm->detach_timeout_ms = host->get_int(inst, "detach_timeout");
    kvm->pcie_root_ports = host->get_int(inst, "pcie_root_ports");
    if (kvm->console_log_max < 4096 || kvm->tb_size < 1024 * 1024) {
        free(kvm);
        return cairn_fail(err, CAIRN_INVALID, "console_log_max is at least 4K, tb_size at least 1M");
    }
    pthread_mutex_init(&kvm->opening, NULL);
    pthread_mutex_init(&kvm->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&kvm->changed, &attr);
    pthread_condattr_destroy(&attr);
    *ret_self = kvm;
    return 0;
}

static void
kvm_destroy(void *self)
{
    struct kvm *kvm = self;

    if (kvm == NULL)
        return;
    pthread_cond_destroy(&kvm->changed);
    pthread_mutex_destroy(&kvm->lock);
    pthread_mutex_destroy(&kvm->opening);
    free(kvm->known);
    free(kvm);
}

static void
kvm_stop(void *self)
{
    struct kvm *kvm = self;

    if (!kvm->loop_held)
        return;
    kvm_keeper_stop(kvm);
    kvm_loop_release();
    kvm->loop_held = 0;
}

/* QEMU's user passes through, and reads nothing. */
static int
make_folder(const struct kvm *kvm, const char *name, struct cairn_error *err)
{
    char path[KVM_PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", kvm->host->state_dir, name);
    if (mkdir(path, 0711) < 0 && errno != EEXIST)
        return cairn_fail_errno(err, errno, "cannot make folder '%s'", path);
    return 0;
}

/* Learns which domains are ours, so that their events are told from the first on. */
static int
learn_domains(struct kvm *kvm, virConnectPtr conn, struct cairn_error *err)
{
    virDomainPtr *domains = NULL;
    int count = virConnectListAllDomains(conn, &domains, 0);

    for (int i = 0; i < count; i++) {
        kvm_is_ours(kvm, domains[i]);
        virDomainFree(domains[i]);
    }
    free(domains);
    return count < 0 ? kvm_fail_libvirt(err, "cannot list the domains") : 0;
}

static int
start_all(struct kvm *kvm, struct cairn_error *err)
{
    CLEANUP_CONN conn = NULL;

    kvm->stopping = 0;
    if (make_folder(kvm, "console", err) < 0 || make_folder(kvm, "overlay", err) < 0)
        return -1;
    conn = kvm_connection(kvm, err);
    if (conn == NULL || kvm_probe(kvm, conn, err) < 0 || learn_domains(kvm, conn, err) < 0 || kvm_keeper_start(kvm, err) < 0)
        return -1;
    kvm->host->log(kvm->host->instance, CAIRN_LOG_INFO, "guests run by %s%s%s", kvm->machine.accelerated ? "KVM" : "TCG",
                   kvm->machine.why[0] != '\0' ? ": " : "", kvm->machine.why);
    return 0;
}

static int
kvm_start(void *self, struct cairn_error *err)
{
    struct kvm *kvm = self;

    if (kvm_library_init(err) < 0 || kvm_loop_hold(err) < 0)
        return -1;
    kvm->loop_held = 1;
    if (start_all(kvm, err) < 0) {
        kvm_stop(kvm);
        return -1;
    }
    return 0;
}

static int
kvm_health(void *self, struct cairn_health *ret_health, struct cairn_error *err)
{
    struct kvm *kvm = self;
    struct cairn_error why = CAIRN_ERROR_INIT;
    struct cairn_health health = { .size = sizeof health };
    CLEANUP_CONN conn = kvm_connection(kvm, &why);
    unsigned long libvirt = 0, qemu = 0;

    (void)err;
    if (conn == NULL)
        snprintf(health.text, sizeof health.text, "%.240s", why.message);
    else if (virConnectGetLibVersion(conn, &libvirt) < 0 || virConnectGetVersion(conn, &qemu) < 0) {
        kvm_fail_libvirt(&why, "libvirt at '%s'", kvm->uri);
        snprintf(health.text, sizeof health.text, "%.240s", why.message);
    } else {
        health.ok = 1;
        snprintf(health.text, sizeof health.text, "libvirt %lu.%lu.%lu, QEMU %lu.%lu.%lu, %s%s%.120s%s", libvirt / 1000000, libvirt / 1000 % 1000,
                 libvirt % 1000, qemu / 1000000, qemu / 1000 % 1000, qemu % 1000, kvm->machine.accelerated ? "KVM" : "TCG",
                 kvm->machine.why[0] != '\0' ? " (" : "", kvm->machine.why, kvm->machine.why[0] != '\0' ? ")" : "");
    }
    *ret_health = health;
    return 0;
}

/* -- the table ------------------------------------------------------------------------------------------------------------------------- */

static const struct cairn_compute_driver kvm_driver = {
    CAIRN_DRIVER_HEAD(CAIRN_COMPUTE, "kvm", struct cairn_compute_driver),
    .version = "1",
    .description = "virtual machines by libvirt and QEMU, with KVM or TCG",
    .threads = CAIRN_THREADS_PER_OBJECT,
    .keys = key_list,
    .capabilities = CAIRN_COMPUTE_CAN_SUSPEND | CAIRN_COMPUTE_CAN_PAUSE | CAIRN_COMPUTE_CAN_HOTPLUG_DISK | CAIRN_COMPUTE_CAN_HOTPLUG_NIC |
                    CAIRN_COMPUTE_CAN_RESCUE,
    .configure = kvm_configure,
    .start = kvm_start,
    .stop = kvm_stop,
    .destroy = kvm_destroy,
    .health = kvm_health,
    .host_info = kvm_host_info,
    .server_list = kvm_server_list,
    .server_state = kvm_server_state,
    .server_create = kvm_server_create,
    .server_destroy = kvm_server_destroy,
    .server_start = kvm_server_start,
    .server_stop = kvm_server_stop,
    .server_reboot = kvm_server_reboot,
    .server_pause = kvm_server_pause,
    .server_unpause = kvm_server_unpause,
    .server_suspend = kvm_server_suspend,
    .server_resume = kvm_server_resume,
    .server_rescue = kvm_server_rescue,
    .server_unrescue = kvm_server_rescue,
    .disk_attach = kvm_disk_attach,
    .disk_detach = kvm_disk_detach,
    .disk_resize = kvm_disk_resize,
    .nic_attach = kvm_nic_attach,
    .nic_detach = kvm_nic_detach,
    .snapshot_begin = kvm_snapshot_begin,
    .snapshot_end = kvm_snapshot_end,
    .console_log = kvm_console_log,
    .console_connect = kvm_console_connect,
    .server_diagnostics = kvm_server_diagnostics,
    .server_stats = kvm_server_stats,
    .server_inject_nmi = kvm_server_inject_nmi,
    .server_set_password = kvm_server_set_password,
};
CAIRN_DRIVER_EXPORT(kvm_driver)
