/* snapshot.c: lets somebody copy a disk of a running guest: what the guest writes meanwhile goes into an overlay, and from there
 * back into the disk at the end.
 *
 * The overlay is state_dir/overlay/SERVER-DISK.qcow2.  Should the guest or the host die in between, whatever starts the server
 * next puts the overlay's content back first; nothing that the guest wrote is lost. */

#include "kvm.h"
#include <dirent.h>
#include <unistd.h>

static void
overlay_path(const struct kvm *kvm, const char *id, const char *disk_id, char out[KVM_PATH_MAX])
{
    snprintf(out, KVM_PATH_MAX, "%s/overlay/%.36s-%.64s.qcow2", kvm->host->state_dir, id, disk_id);
}

/* Where a disk is and what it is called: looked up together. */
struct place {
    char target[32];
    char overlay[KVM_PATH_MAX];
    int redirected;
};

static int
place_find(struct kvm *kvm, const xmlDoc *doc, const char *id, const char *disk_id, struct place *ret_place, struct cairn_error *err)
{
    xmlNode *disk = kvm_doc_disk(doc, disk_id);
    char source[KVM_PATH_MAX];

    if (!kvm_uuid_ok(disk_id) || disk == NULL)
        return cairn_fail(err, CAIRN_NOT_FOUND, "server %s has no disk %.64s", id, disk_id);
    overlay_path(kvm, id, disk_id, ret_place->overlay);
    kvm_get_attr(kvm_child(disk, "target"), "dev", ret_place->target, sizeof ret_place->target);
    ret_place->redirected = strcmp(kvm_get_attr(kvm_child(disk, "source"), "file", source, sizeof source), ret_place->overlay) == 0;
    return 0;
}

/* -- begin --------------------------------------------------------------------------------------------------------------------------- */

/* All disks but the one stay as they are. */
static char *
snapshot_xml(const xmlDoc *doc, const struct place *place, struct cairn_error *err)
{
    struct kvm_tree tree;
    xmlNode *root = kvm_tree_root(&tree, "domainsnapshot"), *disks = kvm_add(&tree, root, "disks", NULL), *node;
    CLEANUP_DOC owner = tree.doc;
    char target[32];

    for (xmlNode *disk = kvm_child(xmlDocGetRootElement(doc), "devices/disk"); disk != NULL; disk = kvm_next(disk)) {
        int chosen = strcmp(kvm_get_attr(kvm_child(disk, "target"), "dev", target, sizeof target), place->target) == 0;

        node = kvm_add(&tree, disks, "disk", "name", target, "snapshot", chosen ? "external" : "no", NULL);
        if (chosen) {
            kvm_add(&tree, node, "driver", "type", "qcow2", NULL);
            kvm_add(&tree, node, "source", "file", place->overlay, NULL);
        }
    }
    return kvm_tree_print(&tree, root, err);
}

int
kvm_snapshot_begin(void *self, struct cairn_op *op, const char *id, const char *disk_id, uint32_t quiesce, struct cairn_error *err)
{
    struct kvm *kvm = self;
    CLEANUP_DOM dom = kvm_find(kvm, id, err);
    CLEANUP_DOC doc = NULL;
    CLEANUP_STR xml = NULL;
    struct place place;
    virDomainSnapshotPtr snapshot;
    int active;

    (void)op;
    if (dom == NULL || (active = kvm_active(dom, err)) < 0)
        return -1;
    if (!active)
        return 0;                               /* nobody writes */
    doc = kvm_domain_doc(dom, 0, err);
    if (doc == NULL || place_find(kvm, doc, id, disk_id, &place, err) < 0)
        return -1;
    if (place.redirected)
        return 0;
    unlink(place.overlay);                      /* an attempt that died before libvirt used it */
    xml = snapshot_xml(doc, &place, err);
    if (xml == NULL)
        return -1;
    snapshot = virDomainSnapshotCreateXML(dom, xml, VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY | VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA |
                                          VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC | (quiesce ? VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE : 0));
    if (snapshot == NULL)
        return kvm_fail_libvirt(err, "server %s: the writes to disk %s cannot be redirected", id, disk_id);
    virDomainSnapshotFree(snapshot);
    return 0;
}

/* -- end ------------------------------------------------------------------------------------------------------------------------------ */

/* Runs QEMU's commit job until it has caught up with the guest, then lets the guest write to the disk again. */
static int
commit_live(struct kvm *kvm, struct cairn_op *op, virDomainPtr dom, const struct place *place, struct cairn_error *err)
{
    virDomainBlockJobInfo info;
    int found = virDomainGetBlockJobInfo(dom, place->target, &info, 0);
    int quiet = 0;

    if (found == 0 && virDomainBlockCommit(dom, place->target, NULL, NULL, 0, VIR_DOMAIN_BLOCK_COMMIT_ACTIVE | VIR_DOMAIN_BLOCK_COMMIT_SHALLOW) < 0)
        return kvm_fail_libvirt(err, "server %s: disk %s does not take its writes back", virDomainGetName(dom), place->target);
    for (;;) {
        found = virDomainGetBlockJobInfo(dom, place->target, &info, 0);
        if (found < 0)
            return kvm_fail_libvirt(err, "server %s: disk %s", virDomainGetName(dom), place->target);
        if (found == 0)
            return cairn_fail(err, CAIRN_UNAVAILABLE, "server %s: putting back the writes to disk %s ended early", virDomainGetName(dom), place->target);
        if (info.end > 0)
            kvm->host->progress(op, (double)info.cur / (double)info.end);
        /* libvirt refuses to pivot until QEMU says that it is ready, which comes a little after cur = end */
        if (info.cur == info.end && virDomainBlockJobAbort(dom, place->target, VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT) == 0)
            return 0;
        if (info.cur == info.end && ++quiet > 100)
            return kvm_fail_libvirt(err, "server %s: disk %s does not go back to its file", virDomainGetName(dom), place->target);
        if (kvm->host->cancelled(op))
            return cairn_fail(err, CAIRN_CANCELLED, "putting back the writes to disk %s was called off", place->target);
        kvm_wait(kvm, kvm_changes(kvm), 50);
    }
}

int
kvm_snapshot_end(void *self, struct cairn_op *op, const char *id, const char *disk_id, struct cairn_error *err)
{
    struct kvm *kvm = self;
    CLEANUP_DOM dom = kvm_find(kvm, id, err);
    CLEANUP_DOC doc = NULL;
    struct place place;
    int active;

    if (dom == NULL || (active = kvm_active(dom, err)) < 0)
        return -1;
    if (!active)
        return kvm_saved(dom, err) == 0 ? kvm_overlays_settle(kvm, op, id, err) : 0;    /* suspended: once it runs again */
    doc = kvm_domain_doc(dom, 0, err);
    if (doc == NULL || place_find(kvm, doc, id, disk_id, &place, err) < 0)
        return -1;
    if (place.redirected && commit_live(kvm, op, dom, &place, err) < 0)
        return -1;
    unlink(place.overlay);
    return 0;
}

/* -- overlays of a guest that is off ------------------------------------------------------------------------------------------------- */

static int
settle_one(struct kvm *kvm, struct cairn_op *op, const char *path, struct cairn_error *err)
{
    const char *argv[] = { "qemu-img", "commit", "-q", "-f", "qcow2", path, NULL };
    struct cairn_child child = { .size = sizeof child, .argv = argv };

    if (kvm->host->run(kvm->host->instance, op, &child, NULL, NULL, NULL, err) < 0)
        return cairn_error_context(err, "the writes kept in '%s' cannot be put back", path);
    unlink(path);
    return 0;
}

/* Calls settle_one() or removes, for each overlay of the server. */
static int
each_overlay(struct kvm *kvm, struct cairn_op *op, const char *id, int keep, struct cairn_error *err)
{
    char folder[KVM_PATH_MAX], path[KVM_PATH_MAX + 256];
    struct dirent *entry;
    int result = 0;
    DIR *dir;

    snprintf(folder, sizeof folder, "%s/overlay", kvm->host->state_dir);
    dir = opendir(folder);
    if (dir == NULL)
        return errno == ENOENT ? 0 : cairn_fail_errno(err, errno, "cannot read folder '%s'", folder);
    while (result == 0 && (entry = readdir(dir)) != NULL)
        if (strncmp(entry->d_name, id, 36) == 0 && entry->d_name[36] == '-') {
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            if (keep)
                result = settle_one(kvm, op, path, err);
            else
                unlink(path);
        }
    closedir(dir);
    return result;
}

int
kvm_overlays_settle(struct kvm *kvm, struct cairn_op *op, const char *id, struct cairn_error *err)
{
    return each_overlay(kvm, op, id, 1, err);
}

void
kvm_overlays_forget(struct kvm *kvm, const char *id)
{
    each_overlay(kvm, NULL, id, 0, NULL);
}
