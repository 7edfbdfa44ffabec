/* power.c: servers made, started, stopped, paused, put to sleep and removed.
 *
 * Every operation looks first what is there, so that a task may run it again from anywhere. */

#include "kvm.h"
#include <inttypes.h>
#include <unistd.h>

#define SHUTDOWN_AGAIN_MS 10000         /* a guest that is still booting misses the power button: press it again */

/* -- definition ----------------------------------------------------------------------------------------------------------------- */

/* Defines the server as described.  On a domain that runs this changes what it will be at its next start. */
static int
define(struct kvm *kvm, const struct cairn_server *server, virDomainPtr old, virDomainPtr *ret_dom, struct cairn_error *err)
{
    CLEANUP_CONN conn = kvm_connection(kvm, err);
    CLEANUP_DOC old_doc = NULL;
    CLEANUP_STR xml = NULL;
    unsigned char uuid[VIR_UUID_BUFLEN];
    virDomainPtr dom;

    if (conn == NULL)
        return -1;
    if (old != NULL && (old_doc = kvm_domain_doc(old, VIR_DOMAIN_XML_INACTIVE, err)) == NULL)
        return -1;
    xml = kvm_domain_xml(kvm, conn, server, old_doc, err);
    if (xml == NULL)
        return -1;
    dom = virDomainDefineXML(conn, xml);
    if (dom == NULL)
        return kvm_fail_libvirt(err, "server %s cannot be defined", server->id);
    if (virDomainGetUUID(dom, uuid) == 0)
        kvm_known_add(kvm, uuid);
    *ret_dom = dom;
    return 0;
}

/* Starts a domain that is off. */
static int
boot(struct kvm *kvm, const struct cairn_server *server, virDomainPtr dom, struct cairn_error *err)
{
    int active;

    if (kvm_console_prepare(kvm, server, err) < 0)
        return -1;
    if (virDomainCreate(dom) == 0)
        return 0;
    kvm_fail_libvirt(err, "server %s cannot be started", server->id);
    active = virDomainIsActive(dom);            /* somebody was faster */
    if (active == 1)
        cairn_error_clear(err);
    return active == 1 ? 0 : -1;
}

/* Off (not saved): redefined and started. */
static int
boot_as_described(struct kvm *kvm, struct cairn_op *op, const struct cairn_server *server, virDomainPtr old, struct cairn_error *err)
{
    CLEANUP_DOM dom = NULL;

    if (kvm_overlays_settle(kvm, op, server->id, err) < 0 || define(kvm, server, old, &dom, err) < 0)
        return -1;
    return boot(kvm, server, dom, err);
}

/* Saved memory belongs to the machine as it was: it is resumed, or thrown away knowingly (hard reboot), never started over. */
static int
refuse_saved(virDomainPtr dom, struct cairn_error *err)
{
    int saved = kvm_saved(dom, err);

    if (saved > 0)
        return cairn_fail(err, CAIRN_CONFLICT, "server %s is suspended: resume it", virDomainGetName(dom));
    return saved;
}

int
kvm_server_create(void *self, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err)
{
    struct kvm *kvm = self;
    CLEANUP_DOM old = NULL;
    CLEANUP_DOM dom = NULL;
    int active = 0;

    if (kvm_look(kvm, server->id, &old, err) < 0 || (old != NULL && (active = kvm_active(old, err)) < 0))
        return -1;
    if (old != NULL && !active && refuse_saved(old, err) < 0)
        return -1;
    if (server->power_on && !active)
        return boot_as_described(kvm, op, server, old, err);
    return define(kvm, server, old, &dom, err);
}

int
kvm_server_start(void *self, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err)
{
    struct kvm *kvm = self;
    CLEANUP_DOM dom = kvm_find(kvm, server->id, err);
    int active;

    if (dom == NULL || (active = kvm_active(dom, err)) < 0)
        return -1;
    if (active)
        return 0;
    if (refuse_saved(dom, err) < 0)
        return -1;
    return boot_as_described(kvm, op, server, dom, err);
}

/* -- off --------------------------------------------------------------------------------------------------------------------------- */

/* Pulls the plug.  Off already is success. */
static int
pull(virDomainPtr dom, struct cairn_error *err)
{
    int active = kvm_active(dom, err);

    if (active <= 0)
        return active;
    /* libvirt gives up when the kernel does not let go of QEMU in time (a disk that hangs): once more, then tell */
    for (int i = 0; i < 3; i++) {
        if (virDomainDestroyFlags(dom, 0) == 0 || virDomainIsActive(dom) == 0)
            return 0;
        if (virGetLastError() == NULL || virGetLastError()->code != VIR_ERR_SYSTEM_ERROR)
            break;
    }
    return kvm_fail_libvirt(err, "server %s cannot be stopped", virDomainGetName(dom));
}

/* Presses the power button until the guest is off.  1 off, 0 the time was up, -1 error or cancelled. */
static int
ask(struct kvm *kvm, struct cairn_op *op, virDomainPtr dom, uint32_t grace_ms, struct cairn_error *err)
{
    int64_t now = kvm_now_ms(), end = now + grace_ms, press = now;
    uint32_t power;

    for (;;) {
        uint64_t changes = kvm_changes(kvm);

        if (kvm_power(dom, &power, NULL, 0, err) < 0)
            return -1;
        if (power != CAIRN_POWER_RUNNING)       /* off, or in no state to hear us */
            return power == CAIRN_POWER_SHUTDOWN || power == CAIRN_POWER_CRASHED;
        now = kvm_now_ms();
        if (now >= end)
            return 0;
        if (kvm->host->cancelled(op))
            return cairn_fail(err, CAIRN_CANCELLED, "stopping server %s was called off", virDomainGetName(dom));
        if (now >= press) {
            virDomainShutdownFlags(dom, VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN);    /* failure shows as time passing */
            press = now + SHUTDOWN_AGAIN_MS;
        }
        kvm_wait(kvm, changes, end - now < 500 ? end - now : 500);
    }
}

static int
stop(struct kvm *kvm, struct cairn_op *op, virDomainPtr dom, uint32_t grace_ms, struct cairn_error *err)
{
    int active = kvm_active(dom, err);
    int off = 0;

    if (active <= 0)
        return active;
    if (grace_ms > 0)
        off = ask(kvm, op, dom, grace_ms, err);
    return off < 0 ? -1 : pull(dom, err);       /* also when it is off already: pull() looks first */
}

int
kvm_server_stop(void *self, struct cairn_op *op, const char *id, uint32_t grace_ms, struct cairn_error *err)
{
    struct kvm *kvm = self;
    CLEANUP_DOM dom = kvm_find(kvm, id, err);

    if (dom == NULL || stop(kvm, op, dom, grace_ms, err) < 0)
        return -1;
    return kvm_overlays_settle(kvm, op, id, err);
}

int
kvm_server_destroy(void *self, struct cairn_op *op, const char *id, struct cairn_error *err)
{
    static const unsigned int all = VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA | VIR_DOMAIN_UNDEFINE_NVRAM |
                                    VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA;
    struct kvm *kvm = self;
    struct cairn_error why = CAIRN_ERROR_INIT;
    unsigned char uuid[VIR_UUID_BUFLEN];
    CLEANUP_DOM dom = kvm_find(kvm, id, &why);

    (void)op;
    if (dom == NULL && why.code != CAIRN_NOT_FOUND) {
        if (err != NULL)
            *err = why;
        return -1;
    }
    if (dom != NULL) {
        if (pull(dom, err) < 0)
            return -1;
        if (virDomainGetUUID(dom, uuid) == 0)
            kvm_known_remove(kvm, uuid);        /* what follows was asked for: no event */
        if (virDomainUndefineFlags(dom, all) < 0 && virGetLastError()->code != VIR_ERR_NO_DOMAIN)
            return kvm_fail_libvirt(err, "server %s cannot be removed", id);
    }
    if (kvm_uuid_ok(id)) {
        kvm_console_forget(kvm, id);
        kvm_overlays_forget(kvm, id);
    }
    return 0;
}

int
kvm_server_reboot(void *self, struct cairn_op *op, const struct cairn_server *server, uint32_t type, uint32_t grace_ms, struct cairn_error *err)
{
    struct kvm *kvm = self;
    CLEANUP_DOM dom = kvm_find(kvm, server->id, err);

    if (dom == NULL)
        return -1;
    if (type == CAIRN_REBOOT_HARD) {
        if (virDomainHasManagedSaveImage(dom, 0) == 1 && virDomainManagedSaveRemove(dom, 0) < 0)
            return kvm_fail_libvirt(err, "server %s: its saved memory cannot be removed", server->id);
        grace_ms = 0;
    } else if (kvm_active(dom, err) == 0 && refuse_saved(dom, err) < 0)
        return -1;
    if (stop(kvm, op, dom, grace_ms, err) < 0)
        return -1;
    return boot_as_described(kvm, op, server, dom, err);
}

/* -- rescue: the description says with which disks, so that both ways are one ---------------------------------------------------- */

int
kvm_server_rescue(void *self, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err)
{
    struct kvm *kvm = self;
    CLEANUP_DOM dom = kvm_find(kvm, server->id, err);
    CLEANUP_DOC doc = NULL;
    char rescue[16];
    int active;

    if (dom == NULL || (active = kvm_active(dom, err)) < 0)
        return -1;
    if (active) {
        doc = kvm_domain_doc(dom, 0, err);
        if (doc == NULL)
            return -1;
        kvm_get_attr(kvm_child(xmlDocGetRootElement(doc), "metadata/server"), "rescue", rescue, sizeof rescue);
        if ((strcmp(rescue, "yes") == 0) == (server->rescue != 0))
            return 0;                           /* runs as it shall already */
    } else if (refuse_saved(dom, err) < 0)
        return -1;
    if (pull(dom, err) < 0)
        return -1;
    return boot_as_described(kvm, op, server, dom, err);
}

/* -- pause, suspend ----------------------------------------------------------------------------------------------------------------- */

static int
wrong_state(virDomainPtr dom, const char *verb, struct cairn_error *err)
{
    return cairn_fail(err, CAIRN_CONFLICT, "server %s is not running: it cannot be %s", virDomainGetName(dom), verb);
}

int
kvm_server_pause(void *self, const char *id, struct cairn_error *err)
{
    CLEANUP_DOM dom = kvm_find(self, id, err);
    uint32_t power;

    if (dom == NULL || kvm_power(dom, &power, NULL, 0, err) < 0)
        return -1;
    if (power == CAIRN_POWER_PAUSED)
        return 0;
    if (power != CAIRN_POWER_RUNNING)
        return wrong_state(dom, "paused", err);
    return virDomainSuspend(dom) < 0 ? kvm_fail_libvirt(err, "server %s cannot be paused", id) : 0;
}

int
kvm_server_unpause(void *self, const char *id, struct cairn_error *err)
{
    CLEANUP_DOM dom = kvm_find(self, id, err);
    uint32_t power;

    if (dom == NULL || kvm_power(dom, &power, NULL, 0, err) < 0)
        return -1;
    if (power == CAIRN_POWER_RUNNING)
        return 0;
    if (power != CAIRN_POWER_PAUSED)
        return wrong_state(dom, "unpaused", err);
    return virDomainResume(dom) < 0 ? kvm_fail_libvirt(err, "server %s cannot be unpaused", id) : 0;
}

int
kvm_server_suspend(void *self, struct cairn_op *op, const char *id, struct cairn_error *err)
{
    CLEANUP_DOM dom = kvm_find(self, id, err);
    int active, saved;

    (void)op;
    if (dom == NULL || (active = kvm_active(dom, err)) < 0)
        return -1;
    if (!active) {
        saved = kvm_saved(dom, err);
        return saved > 0 ? 0 : saved < 0 ? -1 : wrong_state(dom, "suspended", err);
    }
    return virDomainManagedSave(dom, 0) < 0 ? kvm_fail_libvirt(err, "server %s cannot be suspended", id) : 0;
}

int
kvm_server_resume(void *self, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err)
{
    struct kvm *kvm = self;
    CLEANUP_DOM dom = kvm_find(kvm, server->id, err);
    int active, saved;
    uint32_t power;

    (void)op;
    if (dom == NULL || (active = kvm_active(dom, err)) < 0)
        return -1;
    if (!active) {
        saved = kvm_saved(dom, err);
        if (saved < 0)
            return -1;
        if (!saved)
            return cairn_fail(err, CAIRN_CONFLICT, "server %s is not suspended: it has no saved memory", server->id);
        if (boot(kvm, server, dom, err) < 0)
            return -1;
    }
    if (kvm_power(dom, &power, NULL, 0, err) < 0)
        return -1;
    if (power == CAIRN_POWER_PAUSED && virDomainResume(dom) < 0)
        return kvm_fail_libvirt(err, "server %s cannot be resumed", server->id);
    return 0;
}

/* -- signals into the guest ---------------------------------------------------------------------------------------------------------- */

int
kvm_server_inject_nmi(void *self, const char *id, struct cairn_error *err)
{
    CLEANUP_DOM dom = kvm_find(self, id, err);
    int active;

    if (dom == NULL || (active = kvm_active(dom, err)) < 0)
        return -1;
    if (!active)
        return wrong_state(dom, "interrupted", err);
    return virDomainInjectNMI(dom, 0) < 0 ? kvm_fail_libvirt(err, "server %s: no NMI", id) : 0;
}

int
kvm_server_set_password(void *self, const char *id, const char *user, const char *password, struct cairn_error *err)
{
    CLEANUP_DOM dom = kvm_find(self, id, err);
    int active;

    if (dom == NULL || (active = kvm_active(dom, err)) < 0)
        return -1;
    if (!active)
        return wrong_state(dom, "given a password", err);
    if (virDomainSetUserPassword(dom, user, password, 0) < 0)
        return kvm_fail_libvirt(err, "server %s: its guest agent did not set the password", id);
    return 0;
}
