/* device_xml.c: one disk, one NIC as libvirt wants it, for a whole domain (domain_xml.c) and for hot-plug (devices.c). */

#define _GNU_SOURCE                     /* O_DIRECT */
#include "kvm.h"
#include <fcntl.h>
#include <unistd.h>

/* -- names and buses --------------------------------------------------------------------------------------------------------- */

/* Indexed by enum cairn_disk_bus.  Names of one prefix share their letters; limit is how many the bus carries. */
static const struct { const char *name; const char *prefix; uint32_t set, limit; } buses[] = {
    [CAIRN_BUS_VIRTIO] = { "virtio", "vd", 0, 26 },
    [CAIRN_BUS_SCSI]   = { "scsi",   "sd", 1, 26 },
    [CAIRN_BUS_IDE]    = { "ide",    "hd", 2, 4 },
    [CAIRN_BUS_SATA]   = { "sata",   "sd", 1, 26 },
    [CAIRN_BUS_USB]    = { "usb",    "sd", 1, 26 },
};
#define BUSES (sizeof buses / sizeof buses[0])

static size_t
bus_index(const char *name)
{
    size_t i = CAIRN_BUS_VIRTIO;

    while (i < BUSES && strcmp(buses[i].name, name) != 0)
        i++;
    return i;
}

const char *
kvm_disk_bus(const struct cairn_disk *disk, const struct kvm_options *options)
{
    const char *cdrom = options->cdrom_bus;

    if (disk->bus > CAIRN_BUS_DEFAULT && disk->bus < BUSES)
        return buses[disk->bus].name;
    /* small guest kernels have a driver for the PIIX IDE of "pc", but none for the AHCI of "q35" */
    if (disk->role == CAIRN_DISK_CONFIG)
        return cdrom[0] != '\0' ? cdrom : options->q35 ? "virtio" : "ide";
    if (disk->flags & CAIRN_DISK_CDROM)
        return cdrom[0] != '\0' ? cdrom : options->q35 ? "sata" : "ide";
    return options->disk_bus[0] != '\0' ? options->disk_bus : "virtio";
}

/* "vdc" -> set 0, letter 2; 0 if it is no such name. */
static int
name_split(const char *target, uint32_t *ret_set, uint32_t *ret_letter)
{
    static const char *const prefixes[] = { "vd", "sd", "hd" };

    for (uint32_t set = 0; set < 3; set++)
        if (strncmp(target, prefixes[set], 2) == 0 && target[2] >= 'a' && target[2] <= 'z' && target[3] == '\0') {
            *ret_set = set;
            *ret_letter = (uint32_t)(target[2] - 'a');
            return 1;
        }
    return 0;
}

int
kvm_disk_names_take(struct kvm_disk_names *names, const char *target)
{
    uint32_t set, letter;

    if (!name_split(target, &set, &letter) || (names->used[set] >> letter & 1))
        return 0;
    names->used[set] |= UINT32_C(1) << letter;
    return 1;
}

int
kvm_disk_place(struct kvm_disk_names *names, const struct cairn_disk *disk, const char *bus, char ret_target[32], struct cairn_error *err)
{
    size_t index = bus_index(bus);
    uint32_t set, letter;

    if (index == BUSES)
        return cairn_fail(err, CAIRN_INTERNAL, "disk %s: no bus '%s'", disk->id, bus);
    if (disk->target != NULL && name_split(disk->target, &set, &letter) && set == buses[index].set && letter < buses[index].limit &&
        kvm_disk_names_take(names, disk->target)) {
        snprintf(ret_target, 32, "%s", disk->target);
        return 0;
    }
    for (letter = 0; letter < buses[index].limit; letter++) {
        snprintf(ret_target, 32, "%s%c", buses[index].prefix, (char)('a' + letter));
        if (kvm_disk_names_take(names, ret_target))
            return 0;
    }
    return cairn_fail(err, CAIRN_NO_SPACE, "disk %s: bus %s carries %u disks", disk->id, bus, buses[index].limit);
}

/* -- where the bytes are --------------------------------------------------------------------------------------------------------- */

/* Decodes base64 without blanks; -1 if it is none or does not fit. */
static ssize_t
base64_decode(const char *in, unsigned char *out, size_t size)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    unsigned have = 0;
    size_t len = 0;

    for (; *in != '\0' && *in != '='; in++) {
        const char *at = strchr(alphabet, *in);

        if (at == NULL)
            return -1;
        bits = bits << 6 | (uint32_t)(at - alphabet);
        have += 6;
        if (have >= 8) {
            have -= 8;
            if (len == size)
                return -1;
            out[len++] = (unsigned char)(bits >> have);
        }
    }
    return (ssize_t)len;
}

/* libvirt keeps the key of a Ceph user as a secret, in memory only; named after cloud and user, so that it is made once. */
static int
ceph_secret(struct kvm *kvm, virConnectPtr conn, const struct cairn_connection *source, char usage[320], struct cairn_error *err)
{
    struct kvm_tree tree;
    CLEANUP_DOC doc = NULL;
    CLEANUP_STR text = NULL;
    unsigned char key[256];
    ssize_t len = base64_decode(source->secret, key, sizeof key);
    virSecretPtr secret;
    xmlNode *root, *use;
    int result;

    if (len <= 0)
        return cairn_fail(err, CAIRN_INVALID, "the key of Ceph user '%s' is not base64", source->user);
    snprintf(usage, 320, "cairn %.64s %s", kvm->host->cloud_id, source->user);
    root = kvm_tree_root(&tree, "secret");
    doc = tree.doc;
    kvm_attr(&tree, root, "ephemeral", "yes");
    kvm_attr(&tree, root, "private", "yes");
    use = kvm_add(&tree, root, "usage", "type", "ceph", NULL);
    kvm_add_text(&tree, use, "name", usage);
    text = kvm_tree_print(&tree, root, err);
    if (text == NULL)
        return -1;
    secret = virSecretLookupByUsage(conn, VIR_SECRET_USAGE_TYPE_CEPH, usage);
    if (secret == NULL)
        secret = virSecretDefineXML(conn, text, 0);
    result = secret == NULL ? -1 : virSecretSetValue(secret, key, (size_t)len, 0);
    explicit_bzero(key, sizeof key);
    if (result < 0)
        kvm_fail_libvirt(err, "cannot hand the key of Ceph user '%s' to libvirt", source->user);
    if (secret != NULL)
        virSecretFree(secret);
    return result;
}

/* "a:6789,[::1]:6789" as <host> elements. */
static void
add_hosts(struct kvm_tree *tree, xmlNode *parent, const char *hosts)
{
    char list[256], *save = NULL, *port;

    snprintf(list, sizeof list, "%s", hosts);
    for (char *host = strtok_r(list, ", ", &save); host != NULL; host = strtok_r(NULL, ", ", &save)) {
        char *end = host[0] == '[' ? strchr(host, ']') : NULL;

        port = strchr(end != NULL ? end : host, ':');
        if (port != NULL)
            *port++ = '\0';
        if (end != NULL) {
            *end = '\0';
            host++;
        }
        kvm_add(tree, parent, "host", "name", host, "port", port, NULL);
    }
}

static int
add_source(struct kvm *kvm, virConnectPtr conn, struct kvm_tree *tree, xmlNode *disk, const struct cairn_connection *source, struct cairn_error *err)
{
    char usage[320];
    xmlNode *node, *auth, *host;

    switch ((enum cairn_connection_kind)source->kind) {
    case CAIRN_CONN_FILE:
        kvm_attr(tree, disk, "type", "file");
        kvm_add(tree, disk, "source", "file", source->path, NULL);
        return 0;
    case CAIRN_CONN_BLOCK:
        kvm_attr(tree, disk, "type", "block");
        kvm_add(tree, disk, "source", "dev", source->path, NULL);
        return 0;
    case CAIRN_CONN_RBD:
        kvm_attr(tree, disk, "type", "network");
        if (source->user[0] != '\0' && source->secret[0] != '\0') {
            if (ceph_secret(kvm, conn, source, usage, err) < 0)
                return -1;
            auth = kvm_add(tree, disk, "auth", "username", source->user, NULL);
            kvm_add(tree, auth, "secret", "type", "ceph", "usage", usage, NULL);
        }
        node = kvm_add(tree, disk, "source", "protocol", "rbd", NULL);
        kvm_attr(tree, node, "name", "%s/%s", source->pool, source->image);
        add_hosts(tree, node, source->host);
        return 0;
    case CAIRN_CONN_NBD:
        kvm_attr(tree, disk, "type", "network");
        node = kvm_add(tree, disk, "source", "protocol", "nbd", "name", source->export_name[0] != '\0' ? source->export_name : NULL,
                       "tls", source->tls ? "yes" : NULL, NULL);
        if (source->path[0] != '\0')
            kvm_add(tree, node, "host", "transport", "unix", "socket", source->path, NULL);
        else {
            host = kvm_add(tree, node, "host", "name", source->host, NULL);
            kvm_attr(tree, host, "port", "%u", source->port != 0 ? source->port : 10809);
        }
        return 0;
    }
    return cairn_fail(err, CAIRN_UNSUPPORTED, "a disk by connection kind %u: this driver takes file, block device, rbd and nbd", source->kind);
}

/* The host's page cache is by-passed where the file system lets us: guests' disks then neither crowd it nor lie about flushes. */
static const char *
cache_mode(const struct kvm *kvm, const struct cairn_connection *source)
{
    int fd;

    if (strcmp(kvm->disk_cache, "auto") != 0)
        return kvm->disk_cache;
    if (source->kind != CAIRN_CONN_FILE)
        return source->kind == CAIRN_CONN_BLOCK ? "none" : "writeback";
    fd = open(source->path, O_RDONLY | O_DIRECT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return "writeback";
    close(fd);
    return "none";
}

int
kvm_disk_element(struct kvm *kvm, virConnectPtr conn, struct kvm_tree *tree, xmlNode *parent, const struct cairn_disk *disk, const char *bus,
                 const char *target, uint32_t order, struct cairn_error *err)
{
    const struct cairn_connection *source = disk->source;
    int cdrom = (disk->role == CAIRN_DISK_CONFIG || (disk->flags & CAIRN_DISK_CDROM)) && strcmp(bus, "virtio") != 0 && strcmp(bus, "usb") != 0;
    int read_only = cdrom || disk->role == CAIRN_DISK_CONFIG || (disk->flags & (CAIRN_DISK_READ_ONLY | CAIRN_DISK_CDROM)) || source->read_only;
    xmlNode *node = kvm_add(tree, parent, "disk", "device", cdrom ? "cdrom" : "disk", NULL), *boot;
    const char *format;

    switch (source->format) {
    case CAIRN_FORMAT_RAW:   format = "raw"; break;
    case CAIRN_FORMAT_QCOW2: format = "qcow2"; break;
    default:                 return cairn_fail(err, CAIRN_INVALID, "disk %s: format %u is neither raw nor qcow2", disk->id, source->format);
    }
    /* the type is always said: what a guest writes at the start of its raw disk is never looked at */
    kvm_add(tree, node, "driver", "name", "qemu", "type", format, "cache", cache_mode(kvm, source), "discard", read_only ? NULL : "unmap", NULL);
    if (add_source(kvm, conn, tree, node, source, err) < 0)
        return cairn_error_context(err, "disk %s", disk->id);
    kvm_add(tree, node, "target", "dev", target, "bus", bus, NULL);
    if (read_only)
        kvm_add(tree, node, "readonly", NULL);
    else if (disk->flags & CAIRN_DISK_SHAREABLE)
        kvm_add(tree, node, "shareable", NULL);
    kvm_add_text(tree, node, "serial", disk->id);
    if (order > 0) {
        boot = kvm_add(tree, node, "boot", NULL);
        kvm_attr(tree, boot, "order", "%u", order);
    }
    return 0;
}

/* -- NICs ------------------------------------------------------------------------------------------------------------------------- */

/* Everything that leaves checksums or segments for somebody else to finish. */
static void
add_offloads_off(struct kvm_tree *tree, xmlNode *driver)
{
    kvm_add(tree, driver, "host", "csum", "off", "gso", "off", "tso4", "off", "tso6", "off", "ecn", "off", "ufo", "off", NULL);
    kvm_add(tree, driver, "guest", "csum", "off", "tso4", "off", "tso6", "off", "ecn", "off", "ufo", "off", NULL);
}

void
kvm_nic_element(struct kvm *kvm, struct kvm_tree *tree, xmlNode *parent, const struct cairn_nic *nic, const char *model, uint32_t queues)
{
    xmlNode *node = kvm_add(tree, parent, "interface", "type", nic->kind == CAIRN_NIC_TAP ? "ethernet" : "bridge", NULL), *child;
    int virtio;

    if (nic->model[0] != '\0')
        model = nic->model;
    else if (model[0] == '\0')
        model = kvm->nic_model;
    virtio = strcmp(model, "virtio") == 0;
    kvm_add(tree, node, "mac", "address", nic->mac, NULL);
    if (nic->kind != CAIRN_NIC_TAP)
        kvm_add(tree, node, "source", "bridge", nic->bridge, NULL);
    if (nic->kind == CAIRN_NIC_OVS) {
        child = kvm_add(tree, node, "virtualport", "type", "openvswitch", NULL);
        kvm_add(tree, child, "parameters", "interfaceid", nic->id, NULL);
    }
    if (nic->device[0] != '\0')
        kvm_add(tree, node, "target", "dev", nic->device, "managed", nic->kind == CAIRN_NIC_TAP ? "no" : NULL, NULL);
    kvm_add(tree, node, "model", "type", model, NULL);
    if (virtio && (!nic->checksum_offload || (queues > 1 && nic->kind != CAIRN_NIC_TAP))) {
        child = kvm_add(tree, node, "driver", NULL);
        if (queues > 1 && nic->kind != CAIRN_NIC_TAP)           /* a tap that is there already has one queue */
            kvm_attr(tree, child, "queues", "%u", queues);
        if (!nic->checksum_offload)
            add_offloads_off(tree, child);
    }
    if (nic->mtu > 0) {
        child = kvm_add(tree, node, "mtu", NULL);
        kvm_attr(tree, child, "size", "%u", nic->mtu);
    }
    kvm_add(tree, node, "rom", "enabled", "no", NULL);         /* nobody boots from the network; saves the option ROM's time */
    if (kvm_uuid_ok(nic->id)) {
        child = kvm_add(tree, node, "alias", NULL);
        kvm_attr(tree, child, "name", "ua-nic-%s", nic->id);
    }
}
