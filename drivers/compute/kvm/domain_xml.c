/* domain_xml.c: a server as a libvirt domain, as a tree from top to bottom. */

#include "kvm.h"

#define LIBVIRT_SOCKET_MAX 107          /* sun_path */

void
kvm_console_path(struct kvm *kvm, const char *id, char out[KVM_PATH_MAX])
{
    snprintf(out, KVM_PATH_MAX, "%s/console/%.36s.log", kvm->host->state_dir, id);
}

void
kvm_serial_path(struct kvm *kvm, const char *id, char out[KVM_PATH_MAX])
{
    snprintf(out, KVM_PATH_MAX, "%s/%.36s.sock", kvm->host->run_dir, id);
}

/* What describes one domain while it is built. */
struct build {
    struct kvm *kvm;
    virConnectPtr conn;                 /* borrowed */
    const struct cairn_server *server;
    struct kvm_options options;
    struct kvm_tree *tree;
    const xmlDoc *old;                  /* borrowed, may be NULL */
};

/* -- who it is ------------------------------------------------------------------------------------------------------------------ */

static void
add_identity(struct build *b, xmlNode *root)
{
    const struct cairn_server *server = b->server;
    const struct { const char *name, *value; } facts[] = {
        { "name", server->name }, { "project", server->project_id }, { "user", server->user_id }, { "flavor", server->flavor_name },
        { "image", server->image_id },
    };
    xmlNode *metadata, *node;
    xmlNs *ns;
    char text[512];

    kvm_add_text(b->tree, root, "name", server->id);
    kvm_add_text(b->tree, root, "uuid", server->id);
    if (server->name != NULL) {
        kvm_clean_text(server->name, text, sizeof text);
        if (text[strspn(text, " ")] != '\0')
            kvm_add_text(b->tree, root, "title", text);
    }
    metadata = kvm_add(b->tree, root, "metadata", NULL);
    node = kvm_add(b->tree, metadata, "server", "cloud", b->kvm->host->cloud_id, "rescue", server->rescue ? "yes" : NULL, NULL);
    ns = node != NULL ? xmlNewNs(node, BAD_CAST KVM_METADATA_URI, BAD_CAST "cairn") : NULL;
    if (ns == NULL) {
        b->tree->failed = 1;
        return;
    }
    xmlSetNs(node, ns);                 /* the children take it over */
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
        if (facts[i].value != NULL) {
            kvm_clean_text(facts[i].value, text, sizeof text);
            kvm_add_text(b->tree, node, facts[i].name, text);
        }
}

/* What cloud-init and the like look at to know that there is a metadata service or config drive. */
static void
add_sysinfo(struct build *b, xmlNode *root)
{
    static const struct { const char *part, *name, *value; } entries[] = {
        { "system", "manufacturer", "Cairn" }, { "system", "product", "OpenStack Compute" }, { "system", "family", "Virtual Machine" },
        { "chassis", "manufacturer", "Cairn" }, { "chassis", "asset", "OpenStack Compute" },
    };
    xmlNode *info = kvm_add(b->tree, root, "sysinfo", "type", "smbios", NULL), *part = NULL, *entry;

    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        if (i == 0 || strcmp(entries[i].part, entries[i - 1].part) != 0)
            part = kvm_add(b->tree, info, entries[i].part, NULL);
        entry = kvm_add_text(b->tree, part, "entry", entries[i].value);
        kvm_attr(b->tree, entry, "name", "%s", entries[i].name);
        if (i == 2)
            for (int k = 0; k < 2; k++) {
                entry = kvm_add_text(b->tree, part, "entry", b->server->id);
                kvm_attr(b->tree, entry, "name", "%s", k == 0 ? "serial" : "uuid");
            }
    }
}

/* -- the machine ------------------------------------------------------------------------------------------------------------------ */

/* A guest keeps the machine that it was installed on: "pc" once resolved to a version stays that version. */
static void
add_os(struct build *b, xmlNode *root)
{
    xmlNode *os = kvm_add(b->tree, root, "os", "firmware", b->options.firmware[0] != '\0' ? b->options.firmware : NULL, NULL), *type;
    char machine[64], old[64] = "";

    snprintf(machine, sizeof machine, "%s", b->options.machine);
    if (b->old != NULL)
        kvm_get_attr(kvm_child(xmlDocGetRootElement(b->old), "os/type"), "machine", old, sizeof old);
    if ((strcmp(machine, "pc") == 0 && strncmp(old, "pc-i440fx-", 10) == 0) || (strcmp(machine, "q35") == 0 && strncmp(old, "pc-q35-", 7) == 0))
        snprintf(machine, sizeof machine, "%s", old);
    type = kvm_add_text(b->tree, os, "type", "hvm");
    kvm_attr(b->tree, type, "arch", "%s", b->kvm->machine.arch);
    kvm_attr(b->tree, type, "machine", "%s", machine);
    if (b->options.boot_menu)
        kvm_add(b->tree, os, "bootmenu", "enable", "yes", "timeout", "3000", NULL);
    kvm_add(b->tree, os, "smbios", "mode", "sysinfo", NULL);
}

static void
add_features(struct build *b, xmlNode *root)
{
    xmlNode *features = kvm_add(b->tree, root, "features", NULL), *node;
    char mib[32];

    kvm_add(b->tree, features, "acpi", NULL);
    kvm_add(b->tree, features, "apic", NULL);
    if (!b->kvm->machine.accelerated) {
        /* left alone, QEMU's translator takes up to a gigabyte per guest */
        snprintf(mib, sizeof mib, "%lld", (long long)(b->kvm->tb_size / (1024 * 1024)));
        node = kvm_add(b->tree, features, "tcg", NULL);
        node = kvm_add_text(b->tree, node, "tb-cache", mib);
        kvm_attr(b->tree, node, "unit", "MiB");
    } else if (strcmp(b->options.os_type, "windows") == 0) {
        node = kvm_add(b->tree, features, "hyperv", NULL);
        kvm_add(b->tree, node, "relaxed", "state", "on", NULL);
        kvm_add(b->tree, node, "vapic", "state", "on", NULL);
        kvm_add(b->tree, node, "spinlocks", "state", "on", "retries", "8191", NULL);
    }
}

/* Under TCG QEMU's own default model, qemu64, is by far the fastest: what it lacks need not be emulated. */
static void
add_cpu(struct build *b, xmlNode *root)
{
    const char *mode = b->kvm->cpu_mode;
    xmlNode *cpu = kvm_add(b->tree, root, "cpu", NULL), *topology, *model;

    if (strcmp(mode, "auto") == 0)
        mode = b->kvm->machine.accelerated ? "host-model" : "";
    else if (strcmp(mode, "host-passthrough") == 0 && !b->kvm->machine.accelerated)
        mode = "maximum";
    if (strcmp(mode, "host-model") == 0 || strcmp(mode, "host-passthrough") == 0 || strcmp(mode, "maximum") == 0)
        kvm_attr(b->tree, cpu, "mode", "%s", mode);
    else if (mode[0] != '\0') {
        kvm_attr(b->tree, cpu, "mode", "custom");
        kvm_attr(b->tree, cpu, "match", "exact");
        kvm_attr(b->tree, cpu, "check", "none");
        model = kvm_add_text(b->tree, cpu, "model", mode);
        kvm_attr(b->tree, model, "fallback", "forbid");
    }
    topology = kvm_add(b->tree, cpu, "topology", NULL);
    kvm_attr(b->tree, topology, "sockets", "%u", b->options.sockets);
    kvm_attr(b->tree, topology, "dies", "1");
    kvm_attr(b->tree, topology, "cores", "%u", b->options.cores);
    kvm_attr(b->tree, topology, "threads", "%u", b->options.threads);
}

static void
add_clock(struct build *b, xmlNode *root)
{
    int windows = strcmp(b->options.os_type, "windows") == 0;
    xmlNode *clock = kvm_add(b->tree, root, "clock", "offset", windows ? "localtime" : "utc", NULL);

    if (b->kvm->machine.accelerated) {
        kvm_add(b->tree, clock, "timer", "name", "pit", "tickpolicy", "delay", NULL);
        kvm_add(b->tree, clock, "timer", "name", "rtc", "tickpolicy", "catchup", NULL);
        if (windows)
            kvm_add(b->tree, clock, "timer", "name", "hypervclock", "present", "yes", NULL);
    }
    kvm_add(b->tree, clock, "timer", "name", "hpet", "present", "no", NULL);
}

/* -- devices ------------------------------------------------------------------------------------------------------------------------ */

#define BOOTS_NEVER INT64_MAX

static int64_t
boot_rank(const struct cairn_server *server, const struct cairn_disk *disk)
{
    if (server->rescue && disk->role == CAIRN_DISK_RESCUE)
        return -1;
    return disk->boot_index >= 0 ? disk->boot_index : BOOTS_NEVER;
}

/* The disk's place in the boot order, from 1; 0: never.  A rescue disk goes before all, then boot_index, then the list's order. */
static uint32_t
boot_order(const struct cairn_server *server, uint32_t index)
{
    int64_t mine = boot_rank(server, server->disks[index]);
    uint32_t order = 1;

    if (mine == BOOTS_NEVER)
        return 0;
    for (uint32_t i = 0; i < server->disks_count; i++) {
        int64_t other = boot_rank(server, server->disks[i]);

        order += other < mine || (other == mine && i < index);
    }
    return order;
}

static int
add_disks(struct build *b, xmlNode *devices, uint32_t *ret_usb, uint32_t *ret_scsi, struct cairn_error *err)
{
    struct kvm_disk_names names = { { 0 } };
    char target[32];

    *ret_usb = *ret_scsi = 0;
    for (uint32_t i = 0; i < b->server->disks_count; i++) {
        const struct cairn_disk *disk = b->server->disks[i];
        const char *bus = kvm_disk_bus(disk, &b->options);

        if (kvm_disk_place(&names, disk, bus, target, err) < 0 ||
            kvm_disk_element(b->kvm, b->conn, b->tree, devices, disk, bus, target, boot_order(b->server, i), err) < 0)
            return -1;
        *ret_usb |= strcmp(bus, "usb") == 0;
        *ret_scsi |= strcmp(bus, "scsi") == 0;
    }
    return 0;
}

static int
add_nics(struct build *b, xmlNode *devices, struct cairn_error *err)
{
    for (uint32_t i = 0; i < b->server->nics_count; i++) {
        const struct cairn_nic *nic = b->server->nics[i];

        if (nic->kind != CAIRN_NIC_TAP && nic->kind != CAIRN_NIC_BRIDGE && nic->kind != CAIRN_NIC_OVS)
            return cairn_fail(err, CAIRN_UNSUPPORTED, "port %s: a NIC of kind %u is not for virtual machines", nic->id, nic->kind);
        kvm_nic_element(b->kvm, b->tree, devices, nic, b->options.vif_model, b->options.multiqueue ? b->server->vcpus : 1);
    }
    return 0;
}

static void
add_controllers(struct build *b, xmlNode *devices, uint32_t usb, uint32_t scsi)
{
    xmlNode *node;

    /* no USB unless somebody uses it: its timers cost an idle guest most of its CPU time */
    kvm_add(b->tree, devices, "controller", "type", "usb", "model", usb ? "qemu-xhci" : "none", NULL);
    if (scsi)
        kvm_add(b->tree, devices, "controller", "type", "scsi", "index", "0", "model",
                b->options.scsi_model[0] != '\0' ? b->options.scsi_model : "virtio-scsi", NULL);
    /* what is plugged in later needs a free port on q35 */
    for (int64_t i = 0; b->options.q35 && i < b->kvm->pcie_root_ports; i++) {
        node = kvm_add(b->tree, devices, "controller", "type", "pci", "model", "pcie-root-port", NULL);
        kvm_attr(b->tree, node, "index", "%lld", (long long)i + 1);
    }
}

/* A socket for people and a log for the API.  QEMU (or virtlogd) writes the log; console.c keeps it short. */
static void
add_serial(struct build *b, xmlNode *devices)
{
    char log[KVM_PATH_MAX], sock[KVM_PATH_MAX];
    xmlNode *serial;

    kvm_serial_path(b->kvm, b->server->id, sock);
    if (b->server->console_log != NULL)
        snprintf(log, sizeof log, "%s", b->server->console_log);
    else
        kvm_console_path(b->kvm, b->server->id, log);
    if (strlen(sock) <= LIBVIRT_SOCKET_MAX) {
        serial = kvm_add(b->tree, devices, "serial", "type", "unix", NULL);
        kvm_add(b->tree, serial, "source", "mode", "bind", "path", sock, NULL);
    } else
        serial = kvm_add(b->tree, devices, "serial", "type", "pty", NULL);
    kvm_add(b->tree, serial, "log", "file", log, "append", "on", NULL);
    kvm_add(b->tree, serial, "target", "port", "0", NULL);
}

static void
add_screen(struct build *b, xmlNode *devices)
{
    const char *model = b->options.video_model;
    xmlNode *node;

    if (b->server->graphics != CAIRN_GRAPHICS_NONE) {
        int vnc = b->server->graphics == CAIRN_GRAPHICS_VNC;

        node = kvm_add(b->tree, devices, "graphics", "type", vnc ? "vnc" : "spice", "autoport", "yes", NULL);
        kvm_add(b->tree, node, "listen", "type", "address", "address", b->kvm->vnc_listen, NULL);
        if (model[0] == '\0')
            model = "vga";
    }
    node = kvm_add(b->tree, devices, "video", NULL);
    kvm_add(b->tree, node, "model", "type", model[0] != '\0' ? model : "none", NULL);
    if (b->options.pointer[0] != '\0')
        kvm_add(b->tree, devices, "input", "type", "tablet", "bus", b->options.pointer, NULL);
}

static void
add_helpers(struct build *b, xmlNode *devices)
{
    xmlNode *node;

    /* always: without entropy a guest's sshd waits for ever */
    node = kvm_add(b->tree, devices, "rng", "model", "virtio", NULL);
    node = kvm_add_text(b->tree, node, "backend", "/dev/urandom");
    kvm_attr(b->tree, node, "model", "random");
    node = kvm_add(b->tree, devices, "memballoon", "model", "virtio", NULL);
    kvm_add(b->tree, node, "stats", "period", "10", NULL);
    if (b->options.watchdog[0] != '\0')
        kvm_add(b->tree, devices, "watchdog", "model", "i6300esb", "action", b->options.watchdog, NULL);
    if (b->options.guest_agent) {
        node = kvm_add(b->tree, devices, "channel", "type", "unix", NULL);
        kvm_add(b->tree, node, "source", "mode", "bind", NULL);
        kvm_add(b->tree, node, "target", "type", "virtio", "name", "org.qemu.guest_agent.0", NULL);
    }
}

/* -- whose process ------------------------------------------------------------------------------------------------------------------- */

/* QEMU's user must reach each file; if it cannot, and may not be made root, QEMU's own message says so. */
static int
needs_root(const struct build *b)
{
    char dir[KVM_PATH_MAX];

    if (b->kvm->machine.run_as_root)
        return 1;
    if (strcmp(b->kvm->qemu_user, "auto") != 0)
        return 0;
    for (uint32_t i = 0; i < b->server->disks_count; i++) {
        const struct cairn_connection *source = b->server->disks[i]->source;

        if (source->kind == CAIRN_CONN_FILE && kvm_path_blocked(b->kvm, source->path, dir)) {
            b->kvm->host->log(b->kvm->host->instance, CAIRN_LOG_WARN,
                              "server %s: QEMU will run as root: user %u, which libvirt would take, may not pass folder '%s'", b->server->id,
                              b->kvm->machine.qemu_uid, dir);
            return 1;
        }
    }
    return 0;
}

static void
add_label(struct build *b, xmlNode *root)
{
    xmlNode *label;

    if (needs_root(b)) {
        label = kvm_add(b->tree, root, "seclabel", "type", "static", "model", "dac", "relabel", "no", NULL);
        kvm_add_text(b->tree, label, "label", "+0:+0");
    }
}

/* -- all of it ----------------------------------------------------------------------------------------------------------------------- */

static int
add_all(struct build *b, xmlNode *root, struct cairn_error *err)
{
    xmlNode *devices;
    uint32_t usb, scsi;

    kvm_attr(b->tree, root, "type", "%s", b->kvm->machine.accelerated ? "kvm" : "qemu");
    add_identity(b, root);
    kvm_attr(b->tree, kvm_add_number(b->tree, root, "memory", b->server->ram_bytes / 1024), "unit", "KiB");
    kvm_add_number(b->tree, root, "vcpu", b->server->vcpus);
    add_sysinfo(b, root);
    add_os(b, root);
    add_features(b, root);
    add_cpu(b, root);
    add_clock(b, root);
    kvm_add_text(b->tree, root, "on_poweroff", "destroy");
    kvm_add_text(b->tree, root, "on_reboot", "restart");
    kvm_add_text(b->tree, root, "on_crash", "destroy");
    devices = kvm_add(b->tree, root, "devices", NULL);
    kvm_add_text(b->tree, devices, "emulator", b->kvm->machine.emulator);
    if (add_disks(b, devices, &usb, &scsi, err) < 0 || add_nics(b, devices, err) < 0)
        return -1;
    add_controllers(b, devices, usb || b->options.pointer[0] != '\0', scsi);
    add_serial(b, devices);
    add_screen(b, devices);
    add_helpers(b, devices);
    add_label(b, root);
    return 0;
}

static int
server_check(const struct cairn_server *server, struct cairn_error *err)
{
    if (!kvm_uuid_ok(server->id))
        return cairn_fail(err, CAIRN_INVALID, "'%.64s' is not the id of a server: a UUID in lower case is", server->id != NULL ? server->id : "");
    if (server->vcpus == 0 || server->vcpus > 1024)
        return cairn_fail(err, CAIRN_INVALID, "server %s: %u processors; 1 to 1024 can be", server->id, server->vcpus);
    if (server->ram_bytes < 1024 * 1024)
        return cairn_fail(err, CAIRN_INVALID, "server %s: less than 1 MiB of memory", server->id);
    if (server->console_log != NULL && strlen(server->console_log) >= KVM_PATH_MAX)
        return cairn_fail(err, CAIRN_INVALID, "server %s: the path of its console log is too long", server->id);
    return 0;
}

char *
kvm_domain_xml(struct kvm *kvm, virConnectPtr conn, const struct cairn_server *server, const xmlDoc *old, struct cairn_error *err)
{
    struct kvm_tree tree;
    struct build b = { .kvm = kvm, .conn = conn, .server = server, .tree = &tree, .old = old };
    CLEANUP_DOC doc = NULL;
    xmlNode *root;

    if (server_check(server, err) < 0)
        return NULL;
    if (kvm_options_read(kvm, server, &b.options, err) < 0) {
        cairn_error_context(err, "server %s", server->id);
        return NULL;
    }
    root = kvm_tree_root(&tree, "domain");
    doc = tree.doc;
    if (root == NULL) {
        cairn_fail(err, CAIRN_UNAVAILABLE, "no memory for a domain's description");
        return NULL;
    }
    if (add_all(&b, root, err) < 0)
        return NULL;
    return kvm_tree_print(&tree, root, err);
}
