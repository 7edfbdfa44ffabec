/* conn.c: the connection to libvirt, its errors in Cairn's codes, and domains found by id. */

#include "kvm.h"

/* -- errors ------------------------------------------------------------------------------------------------------------ */

static const struct { int number; uint32_t code; } error_codes[] = {
    { VIR_ERR_NO_DOMAIN,             CAIRN_NOT_FOUND },
    { VIR_ERR_DEVICE_MISSING,        CAIRN_NOT_FOUND },
    { VIR_ERR_NO_DOMAIN_METADATA,    CAIRN_NOT_FOUND },
    { VIR_ERR_NO_SECRET,             CAIRN_NOT_FOUND },
    { VIR_ERR_DOM_EXIST,             CAIRN_EXISTS },
    { VIR_ERR_OPERATION_INVALID,     CAIRN_CONFLICT },
    { VIR_ERR_RESOURCE_BUSY,         CAIRN_CONFLICT },
    { VIR_ERR_BLOCK_COPY_ACTIVE,     CAIRN_CONFLICT },
    { VIR_ERR_OPERATION_TIMEOUT,     CAIRN_TIMEOUT },
    { VIR_ERR_AGENT_UNRESPONSIVE,    CAIRN_UNAVAILABLE },
    { VIR_ERR_NO_CONNECT,            CAIRN_UNAVAILABLE },
    { VIR_ERR_INVALID_CONN,          CAIRN_UNAVAILABLE },
    { VIR_ERR_RPC,                   CAIRN_UNAVAILABLE },
    { VIR_ERR_NO_MEMORY,             CAIRN_UNAVAILABLE },
    { VIR_ERR_OPERATION_ABORTED,     CAIRN_CANCELLED },
    { VIR_ERR_NO_SUPPORT,            CAIRN_UNSUPPORTED },
    { VIR_ERR_CONFIG_UNSUPPORTED,    CAIRN_UNSUPPORTED },
    { VIR_ERR_OPERATION_UNSUPPORTED, CAIRN_UNSUPPORTED },
    { VIR_ERR_ARGUMENT_UNSUPPORTED,  CAIRN_UNSUPPORTED },
    { VIR_ERR_ACCESS_DENIED,         CAIRN_DENIED },
    { VIR_ERR_AUTH_FAILED,           CAIRN_DENIED },
    { VIR_ERR_AUTH_UNAVAILABLE,      CAIRN_DENIED },
    { VIR_ERR_OPERATION_DENIED,      CAIRN_DENIED },
};

int
kvm_fail_libvirt(struct cairn_error *err, const char *fmt, ...)
{
    virErrorPtr last = virGetLastError();
    uint32_t code = CAIRN_INTERNAL;
    char context[512];
    const char *hint = "";
    va_list ap;

    va_start(ap, fmt);
    if (vsnprintf(context, sizeof context, fmt, ap) < 0)
        context[0] = '\0';
    va_end(ap);
    if (last == NULL)
        return cairn_fail(err, code, "%s: libvirt does not say why", context);
    for (size_t i = 0; i < sizeof error_codes / sizeof error_codes[0]; i++)
        if (error_codes[i].number == last->code)
            code = error_codes[i].code;
    /* a broken socket comes as a system error of the RPC layer, a libvirtd that hangs as an internal one */
    if ((last->code == VIR_ERR_SYSTEM_ERROR || last->code == VIR_ERR_INTERNAL_ERROR) && (last->domain == VIR_FROM_RPC || last->domain == VIR_FROM_REMOTE))
        code = CAIRN_UNAVAILABLE;
    if (last->message != NULL && strstr(last->message, "virtlogd-sock") != NULL)
        hint = " (start virtlogd, or set stdio_handler = \"file\" in qemu.conf)";
    return cairn_fail(err, code, "%s: %s%s", context, last->message != NULL ? last->message : "libvirt does not say why", hint);
}

/* libvirt's and libxml2's own habit is to print to stderr. */
static void
quiet(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

static pthread_once_t init_once = PTHREAD_ONCE_INIT;
static int init_result;

static void
library_init(void)
{
    xmlInitParser();
    virSetErrorFunc(NULL, quiet);
    /* once for the life of the process: this module is linked so that it stays mapped after dlclose() */
    init_result = virInitialize() < 0 || virEventRegisterDefaultImpl() < 0 ? -1 : 0;
}

int
kvm_library_init(struct cairn_error *err)
{
    pthread_once(&init_once, library_init);
    if (init_result < 0)
        return kvm_fail_libvirt(err, "cannot initialise libvirt's library");
    return 0;
}

/* -- the connection ---------------------------------------------------------------------------------------------------- */

/* The live connection with a new reference, or NULL. */
static virConnectPtr
current(struct kvm *kvm)
{
    virConnectPtr conn;

    pthread_mutex_lock(&kvm->lock);
    conn = kvm->conn;
    if (conn != NULL)
        virConnectRef(conn);
    pthread_mutex_unlock(&kvm->lock);
    if (conn != NULL && virConnectIsAlive(conn) != 1) {
        virConnectClose(conn);
        conn = NULL;
    }
    return conn;
}

/* Takes the connection out of the instance and lets it go. */
static void
drop(struct kvm *kvm)
{
    virConnectPtr conn;

    pthread_mutex_lock(&kvm->lock);
    conn = kvm->conn;
    kvm->conn = NULL;
    pthread_mutex_unlock(&kvm->lock);
    if (conn != NULL) {
        kvm_events_unregister(kvm, conn);
        virConnectClose(conn);
    }
}

static virConnectPtr
open_new(struct kvm *kvm, struct cairn_error *err)
{
    CLEANUP_CONN conn = virConnectOpen(kvm->uri);
    virConnectPtr ret;
    uint32_t was_lost;

    if (conn == NULL) {
        kvm_fail_libvirt(err, "cannot reach libvirt at '%s'", kvm->uri);
        err->code = CAIRN_UNAVAILABLE;
        return NULL;
    }
    /* a libvirtd that hangs is as good as dead: calls then fail after 20 s instead of never */
    virConnectSetKeepAlive(conn, 5, 3);
    if (kvm_events_register(kvm, conn, err) < 0)
        return NULL;
    virConnectRef(conn);
    pthread_mutex_lock(&kvm->lock);
    kvm->conn = conn;
    was_lost = kvm->lost;
    kvm->lost = 0;
    pthread_mutex_unlock(&kvm->lock);
    if (was_lost) {
        kvm->host->log(kvm->host->instance, CAIRN_LOG_INFO, "libvirt at '%s' answers again", kvm->uri);
        kvm_tell(kvm, CAIRN_EVENT_DRIVER_BACK, NULL, 0, "libvirt answers again");
    }
    kvm_signal(kvm);
    ret = conn;
    conn = NULL;
    return ret;
}

virConnectPtr
kvm_connection(struct kvm *kvm, struct cairn_error *err)
{
    virConnectPtr conn = current(kvm);

    if (conn != NULL)
        return conn;
    pthread_mutex_lock(&kvm->opening);
    conn = current(kvm);                        /* another thread may have been faster */
    if (conn == NULL) {
        drop(kvm);
        conn = open_new(kvm, err);
    }
    pthread_mutex_unlock(&kvm->opening);
    return conn;
}

void
kvm_connection_close(struct kvm *kvm)
{
    pthread_mutex_lock(&kvm->opening);
    drop(kvm);
    pthread_mutex_unlock(&kvm->opening);
}

/* -- which domains are ours -------------------------------------------------------------------------------------------- */

static size_t
known_index(const struct kvm *kvm, const unsigned char *uuid)
{
    size_t i = 0;

    while (i < kvm->known_len && memcmp(kvm->known[i], uuid, VIR_UUID_BUFLEN) != 0)
        i++;
    return i;
}

int
kvm_known_has(struct kvm *kvm, const unsigned char *uuid)
{
    int has;

    pthread_mutex_lock(&kvm->lock);
    has = known_index(kvm, uuid) < kvm->known_len;
    pthread_mutex_unlock(&kvm->lock);
    return has;
}

/* Out of memory: the domain is asked again next time. */
void
kvm_known_add(struct kvm *kvm, const unsigned char *uuid)
{
    pthread_mutex_lock(&kvm->lock);
    if (known_index(kvm, uuid) == kvm->known_len) {
        if (kvm->known_len == kvm->known_size) {
            size_t size = kvm->known_size == 0 ? 64 : kvm->known_size * 2;
            void *grown = realloc(kvm->known, size * sizeof kvm->known[0]);

            if (grown != NULL) {
                kvm->known = grown;
                kvm->known_size = size;
            }
        }
        if (kvm->known_len < kvm->known_size)
            memcpy(kvm->known[kvm->known_len++], uuid, VIR_UUID_BUFLEN);
    }
    pthread_mutex_unlock(&kvm->lock);
}

void
kvm_known_remove(struct kvm *kvm, const unsigned char *uuid)
{
    size_t i;

    pthread_mutex_lock(&kvm->lock);
    i = known_index(kvm, uuid);
    if (i < kvm->known_len) {
        kvm->known_len--;
        memmove(kvm->known[i], kvm->known[kvm->known_len], VIR_UUID_BUFLEN);
    }
    pthread_mutex_unlock(&kvm->lock);
}

int
kvm_is_ours(struct kvm *kvm, virDomainPtr dom)
{
    unsigned char uuid[VIR_UUID_BUFLEN];
    CLEANUP_STR text = NULL;
    CLEANUP_DOC doc = NULL;
    char cloud[80];

    if (virDomainGetUUID(dom, uuid) < 0)
        return 0;
    if (kvm_known_has(kvm, uuid))
        return 1;
    text = virDomainGetMetadata(dom, VIR_DOMAIN_METADATA_ELEMENT, KVM_METADATA_URI, VIR_DOMAIN_AFFECT_CURRENT);
    if (text == NULL || (doc = kvm_parse(text, NULL)) == NULL)
        return 0;
    if (strcmp(kvm_get_attr(xmlDocGetRootElement(doc), "cloud", cloud, sizeof cloud), kvm->host->cloud_id) != 0)
        return 0;
    kvm_known_add(kvm, uuid);
    return 1;
}

int
kvm_uuid_ok(const char *text)
{
    size_t i;

    if (text == NULL)
        return 0;
    for (i = 0; i < 36; i++) {
        int dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? text[i] != '-' : text[i] == '\0' || strchr("0123456789abcdef", text[i]) == NULL)
            return 0;
    }
    return text[36] == '\0';
}

int
kvm_look(struct kvm *kvm, const char *id, virDomainPtr *ret_dom, struct cairn_error *err)
{
    CLEANUP_CONN conn = NULL;
    CLEANUP_DOM dom = NULL;
    virErrorPtr last;

    *ret_dom = NULL;
    if (!kvm_uuid_ok(id))
        return cairn_fail(err, CAIRN_INVALID, "'%.64s' is not the id of a server: a UUID in lower case is", id != NULL ? id : "");
    conn = kvm_connection(kvm, err);
    if (conn == NULL)
        return -1;
    dom = virDomainLookupByUUIDString(conn, id);
    if (dom == NULL) {
        last = virGetLastError();
        if (last != NULL && last->code == VIR_ERR_NO_DOMAIN)
            return 0;
        return kvm_fail_libvirt(err, "server %s", id);
    }
    if (!kvm_is_ours(kvm, dom))
        return cairn_fail(err, CAIRN_EXISTS, "domain %s is on this host, but not of this cloud", id);
    *ret_dom = dom;
    dom = NULL;
    return 0;
}

virDomainPtr
kvm_find(struct kvm *kvm, const char *id, struct cairn_error *err)
{
    struct cairn_error why = CAIRN_ERROR_INIT;
    virDomainPtr dom;

    if (kvm_look(kvm, id, &dom, &why) < 0 && why.code != CAIRN_EXISTS && why.code != CAIRN_INVALID) {
        if (err != NULL)
            *err = why;
        return NULL;
    }
    if (dom == NULL)
        cairn_fail(err, CAIRN_NOT_FOUND, "server %.64s is not on this host", id != NULL ? id : "");
    return dom;
}

/* -- states ------------------------------------------------------------------------------------------------------------ */

/* Reasons that an operator wants to read; the others are what anybody would guess. */
static const struct { int state, reason; uint32_t power; const char *text; } states[] = {
    { VIR_DOMAIN_RUNNING,     -1,                          CAIRN_POWER_RUNNING,   "" },
    { VIR_DOMAIN_BLOCKED,     -1,                          CAIRN_POWER_RUNNING,   "" },
    { VIR_DOMAIN_SHUTDOWN,    -1,                          CAIRN_POWER_RUNNING,   "shutting down" },
    { VIR_DOMAIN_PAUSED,      VIR_DOMAIN_PAUSED_IOERROR,   CAIRN_POWER_PAUSED,    "a disk reported an error" },
    { VIR_DOMAIN_PAUSED,      VIR_DOMAIN_PAUSED_WATCHDOG,  CAIRN_POWER_PAUSED,    "its watchdog fired" },
    { VIR_DOMAIN_PAUSED,      VIR_DOMAIN_PAUSED_CRASHED,   CAIRN_POWER_CRASHED,   "the guest crashed" },
    { VIR_DOMAIN_PAUSED,      VIR_DOMAIN_PAUSED_SHUTTING_DOWN, CAIRN_POWER_RUNNING, "shutting down" },
    { VIR_DOMAIN_PAUSED,      VIR_DOMAIN_PAUSED_STARTING_UP,   CAIRN_POWER_NONE,  "starting" },
    { VIR_DOMAIN_PAUSED,      -1,                          CAIRN_POWER_PAUSED,    "" },
    { VIR_DOMAIN_SHUTOFF,     VIR_DOMAIN_SHUTOFF_CRASHED,  CAIRN_POWER_CRASHED,   "QEMU ended by itself" },
    { VIR_DOMAIN_SHUTOFF,     VIR_DOMAIN_SHUTOFF_SHUTDOWN, CAIRN_POWER_SHUTDOWN,  "the guest powered off" },
    { VIR_DOMAIN_SHUTOFF,     VIR_DOMAIN_SHUTOFF_FAILED,   CAIRN_POWER_SHUTDOWN,  "it could not be started" },
    { VIR_DOMAIN_SHUTOFF,     -1,                          CAIRN_POWER_SHUTDOWN,  "" },
    { VIR_DOMAIN_CRASHED,     -1,                          CAIRN_POWER_CRASHED,   "the guest crashed" },
    { VIR_DOMAIN_PMSUSPENDED, -1,                          CAIRN_POWER_SUSPENDED, "the guest sleeps" },
};

uint32_t
kvm_power_of(int state, int reason, int saved, char *text, size_t size)
{
    if (size > 0)
        text[0] = '\0';
    if (state == VIR_DOMAIN_SHUTOFF && saved)
        return CAIRN_POWER_SUSPENDED;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (states[i].state == state && (states[i].reason == -1 || states[i].reason == reason)) {
            snprintf(text, size, "%s", states[i].text);
            return states[i].power;
        }
    return CAIRN_POWER_NONE;
}

int
kvm_active(virDomainPtr dom, struct cairn_error *err)
{
    int active = virDomainIsActive(dom);

    return active < 0 ? kvm_fail_libvirt(err, "server %s", virDomainGetName(dom)) : active;
}

int
kvm_saved(virDomainPtr dom, struct cairn_error *err)
{
    int saved = virDomainHasManagedSaveImage(dom, 0);

    return saved < 0 ? kvm_fail_libvirt(err, "server %s", virDomainGetName(dom)) : saved;
}

int
kvm_power(virDomainPtr dom, uint32_t *ret_power, char *reason, size_t size, struct cairn_error *err)
{
    int state, why, saved = 0;

    if (virDomainGetState(dom, &state, &why, 0) < 0)
        return kvm_fail_libvirt(err, "server %s", virDomainGetName(dom));
    if (state == VIR_DOMAIN_SHUTOFF && (saved = kvm_saved(dom, err)) < 0)
        return -1;
    *ret_power = kvm_power_of(state, why, saved, reason, size);
    return 0;
}
