/* devices.c: disks and NICs that come and go, in the running guest and in the definition.
 *
 * Both sides are looked at one by one: a task that died between them finishes what is missing. */

#include "kvm.h"
#include <inttypes.h>

#define DETACH_AGAIN_MS 5000            /* a guest that is booting does not hear: ask again */

/* The two sides of a domain; 'live' is NULL when it is off. */
struct sides {
    xmlDoc *live, *config;              /* owned */
};

static void
sides_free(struct sides *sides)
{
    xmlFreeDoc(sides->live);
    xmlFreeDoc(sides->config);
}
#define CLEANUP_SIDES CLEANUP(sides_free) struct sides

static int
sides_read(virDomainPtr dom, struct sides *ret_sides, struct cairn_error *err)
{
    int active = kvm_active(dom, err), saved = active == 0 ? kvm_saved(dom, err) : 0;

    if (active < 0 || saved < 0)
        return -1;
    if (saved)
        return cairn_fail(err, CAIRN_CONFLICT, "server %s is suspended: resume it before its devices change", virDomainGetName(dom));
    if (active && (ret_sides->live = kvm_domain_doc(dom, 0, err)) == NULL)
        return -1;
    ret_sides->config = kvm_domain_doc(dom, VIR_DOMAIN_XML_INACTIVE, err);
    return ret_sides->config == NULL ? -1 : 0;
}

/* Which of the two sides lack (have = 0) or have (have = 1) what 'find' finds. */
static unsigned int
sides_which(const struct sides *sides, xmlNode *(*find)(const xmlDoc *, const char *), const char *id, int have)
{
    unsigned int flags = 0;

    if (sides->live != NULL && (find(sides->live, id) != NULL) == have)
        flags |= VIR_DOMAIN_AFFECT_LIVE;
    if ((find(sides->config, id) != NULL) == have)
        flags |= VIR_DOMAIN_AFFECT_CONFIG;
    return flags;
}

/* -- attach ------------------------------------------------------------------------------------------------------------------------ */

/* As the server's other disks. */
static void
usual_bus(const xmlDoc *doc, struct kvm_options *options)
{
    char device[16], bus[16], machine[64];

    kvm_get_attr(kvm_child(xmlDocGetRootElement(doc), "os/type"), "machine", machine, sizeof machine);
    options->q35 = strstr(machine, "q35") != NULL;
    for (xmlNode *disk = kvm_child(xmlDocGetRootElement(doc), "devices/disk"); disk != NULL; disk = kvm_next(disk)) {
        kvm_get_attr(disk, "device", device, sizeof device);
        kvm_get_attr(kvm_child(disk, "target"), "bus", bus, sizeof bus);
        if (strcmp(device, "disk") == 0 && (strcmp(bus, "virtio") == 0 || strcmp(bus, "scsi") == 0)) {
            snprintf(options->disk_bus, sizeof options->disk_bus, "%s", bus);
            return;
        }
    }
}

static void
take_names(const xmlDoc *doc, struct kvm_disk_names *names)
{
    char target[32];

    if (doc != NULL)
        for (xmlNode *disk = kvm_child(xmlDocGetRootElement(doc), "devices/disk"); disk != NULL; disk = kvm_next(disk))
            kvm_disk_names_take(names, kvm_get_attr(kvm_child(disk, "target"), "dev", target, sizeof target));
}

/* The disk's name if a side has it already. */
static int
present_name(const struct sides *sides, const char *disk_id, char ret_target[32])
{
    xmlNode *disk = sides->live != NULL ? kvm_doc_disk(sides->live, disk_id) : NULL;

    if (disk == NULL)
        disk = kvm_doc_disk(sides->config, disk_id);
    if (disk == NULL)
        return 0;
    kvm_get_attr(kvm_child(disk, "target"), "dev", ret_target, 32);
    return 1;
}

static int
attach(virDomainPtr dom, struct kvm_tree *tree, unsigned int flags, const char *what, const char *id, struct cairn_error *err)
{
    CLEANUP_STR xml = kvm_tree_print(tree, kvm_child(xmlDocGetRootElement(tree->doc), what), err);

    if (xml == NULL)
        return -1;
    if (virDomainAttachDeviceFlags(dom, xml, flags) < 0)
        return kvm_fail_libvirt(err, "server %s does not take %s %s", virDomainGetName(dom), what, id);
    return 0;
}

int
kvm_disk_attach(void *self, struct cairn_op *op, const char *id, const struct cairn_disk *disk, char ret_target[32], struct cairn_error *err)
{
    struct kvm *kvm = self;
    CLEANUP_DOM dom = kvm_find(kvm, id, err);
    CLEANUP_CONN conn = dom != NULL ? kvm_connection(kvm, err) : NULL;
    CLEANUP_SIDES sides = { NULL, NULL };
    CLEANUP_DOC doc = NULL;
    struct kvm_options options = { .machine = "" };
    struct kvm_disk_names names = { { 0 } };
    struct kvm_tree tree;
    unsigned int missing;
    const char *bus;
    char target[32], found_bus[16];
    xmlNode *root, *there;

    (void)op;
    if (conn == NULL || sides_read(dom, &sides, err) < 0)
        return -1;
    missing = sides_which(&sides, kvm_doc_disk, disk->id, 0);
    usual_bus(sides.config, &options);
    bus = kvm_disk_bus(disk, &options);
    if (present_name(&sides, disk->id, target)) {
        if (missing == 0) {
            snprintf(ret_target, 32, "%s", target);
            return 0;
        }
        there = sides.live != NULL ? kvm_doc_disk(sides.live, disk->id) : NULL;
        if (there == NULL)
            there = kvm_doc_disk(sides.config, disk->id);
        bus = kvm_get_attr(kvm_child(there, "target"), "bus", found_bus, sizeof found_bus);
    } else {
        take_names(sides.live, &names);
        take_names(sides.config, &names);
        if (kvm_disk_place(&names, disk, bus, target, err) < 0)
            return -1;
    }
    root = kvm_tree_root(&tree, "devices");
    doc = tree.doc;
    if (kvm_disk_element(kvm, conn, &tree, root, disk, bus, target, 0, err) < 0 || attach(dom, &tree, missing, "disk", disk->id, err) < 0)
        return -1;
    snprintf(ret_target, 32, "%s", target);
    return 0;
}

int
kvm_nic_attach(void *self, struct cairn_op *op, const char *id, const struct cairn_nic *nic, struct cairn_error *err)
{
    struct kvm *kvm = self;
    CLEANUP_DOM dom = kvm_find(kvm, id, err);
    CLEANUP_SIDES sides = { NULL, NULL };
    CLEANUP_DOC doc = NULL;
    struct kvm_tree tree;
    unsigned int missing;
    xmlNode *root;

    (void)op;
    if (dom == NULL || sides_read(dom, &sides, err) < 0)
        return -1;
    missing = sides_which(&sides, kvm_doc_nic, nic->id, 0);
    if (missing == 0)
        return 0;
    root = kvm_tree_root(&tree, "devices");
    doc = tree.doc;
    kvm_nic_element(kvm, &tree, root, nic, "", 1);
    return attach(dom, &tree, missing, "interface", nic->id, err);
}

/* -- detach ------------------------------------------------------------------------------------------------------------------------ */

struct device {
    const char *what;                   /* "disk" */
    const char *id;
    xmlNode *(*find)(const xmlDoc *doc, const char *id);
};

/* Takes the device off one side, as that side describes it. */
static int
detach_side(virDomainPtr dom, xmlDoc *doc, const struct device *device, unsigned int flags)
{
    struct kvm_tree tree = { .doc = doc, .failed = 0 };
    CLEANUP_STR xml = kvm_tree_print(&tree, device->find(doc, device->id), NULL);

    return xml == NULL ? -1 : virDomainDetachDeviceFlags(dom, xml, flags);
}

/* Asks the guest until it let go. */
static int
detach_live(struct kvm *kvm, struct cairn_op *op, virDomainPtr dom, const struct device *device, struct cairn_error *err)
{
    int64_t now = kvm_now_ms(), end = now + kvm->detach_timeout_ms, again = now;
    virErrorPtr last;

    for (;;) {
        uint64_t changes = kvm_changes(kvm);
        CLEANUP_DOC doc = NULL;
        int active = kvm_active(dom, err);

        if (active <= 0)
            return active;                      /* gone with the guest */
        doc = kvm_domain_doc(dom, 0, err);
        if (doc == NULL)
            return -1;
        if (device->find(doc, device->id) == NULL)
            return 0;
        now = kvm_now_ms();
        if (now >= end)
            return cairn_fail(err, CAIRN_TIMEOUT, "the guest of server %s did not let go of %s %s within %" PRId64 " s", virDomainGetName(dom),
                              device->what, device->id, kvm->detach_timeout_ms / 1000);
        if (kvm->host->cancelled(op))
            return cairn_fail(err, CAIRN_CANCELLED, "detaching %s %s was called off", device->what, device->id);
        if (now >= again) {
            again = now + DETACH_AGAIN_MS;
            last = detach_side(dom, doc, device, VIR_DOMAIN_AFFECT_LIVE) < 0 ? virGetLastError() : NULL;
            /* "already being unplugged" and "just gone" are what we want; the look above tells */
            if (last != NULL && last->code != VIR_ERR_DEVICE_MISSING && last->code != VIR_ERR_OPERATION_FAILED &&
                last->code != VIR_ERR_INTERNAL_ERROR && last->code != VIR_ERR_OPERATION_INVALID)
                return kvm_fail_libvirt(err, "server %s: %s %s cannot be detached", virDomainGetName(dom), device->what, device->id);
        }
        kvm_wait(kvm, changes, end - now < 500 ? end - now : 500);
    }
}

/* First the guest, then the definition: if the guest does not let go, nothing has changed. */
static int
detach(struct kvm *kvm, struct cairn_op *op, const char *id, const struct device *device, struct cairn_error *err)
{
    CLEANUP_DOM dom = kvm_find(kvm, id, err);
    CLEANUP_SIDES sides = { NULL, NULL };
    unsigned int has;

    if (dom == NULL || sides_read(dom, &sides, err) < 0)
        return -1;
    has = sides_which(&sides, device->find, device->id, 1);
    if ((has & VIR_DOMAIN_AFFECT_LIVE) && detach_live(kvm, op, dom, device, err) < 0)
        return -1;
    if ((has & VIR_DOMAIN_AFFECT_CONFIG) && detach_side(dom, sides.config, device, VIR_DOMAIN_AFFECT_CONFIG) < 0)
        return kvm_fail_libvirt(err, "server %s: %s %s cannot be taken out of its definition", id, device->what, device->id);
    return 0;
}

int
kvm_disk_detach(void *self, struct cairn_op *op, const char *id, const char *disk_id, struct cairn_error *err)
{
    const struct device device = { "disk", disk_id, kvm_doc_disk };

    return detach(self, op, id, &device, err);
}

int
kvm_nic_detach(void *self, struct cairn_op *op, const char *id, const char *nic_id, struct cairn_error *err)
{
    const struct device device = { "interface", nic_id, kvm_doc_nic };

    return detach(self, op, id, &device, err);
}

/* -- resize ------------------------------------------------------------------------------------------------------------------------ */

int
kvm_disk_resize(void *self, const char *id, const char *disk_id, uint64_t size_bytes, struct cairn_error *err)
{
    CLEANUP_DOM dom = kvm_find(self, id, err);
    CLEANUP_DOC doc = NULL;
    char target[32];
    xmlNode *disk;
    int active;

    if (dom == NULL || (active = kvm_active(dom, err)) < 0)
        return -1;
    doc = kvm_domain_doc(dom, 0, err);
    if (doc == NULL)
        return -1;
    disk = kvm_doc_disk(doc, disk_id);
    if (disk == NULL)
        return cairn_fail(err, CAIRN_NOT_FOUND, "server %s has no disk %s", id, disk_id);
    if (!active)
        return 0;                               /* it will see at its next start */
    kvm_get_attr(kvm_child(disk, "target"), "dev", target, sizeof target);
    if (virDomainBlockResize(dom, target, size_bytes, VIR_DOMAIN_BLOCK_RESIZE_BYTES) < 0)
        return kvm_fail_libvirt(err, "server %s: disk %s cannot be resized to %" PRIu64 " bytes", id, disk_id, size_bytes);
    return 0;
}
