/* events.c: what happens by itself: libvirt's event loop, lifecycle events, and a libvirtd that goes and comes. */

#include "kvm.h"
#include <signal.h>
#include <time.h>

/* The daemon's signals are its own threads' business. */
static void
block_signals(void)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
}

/* -- the event loop: one thread for all instances, since libvirt has one loop per process -------------------------------- */

static pthread_mutex_t loop_lock = PTHREAD_MUTEX_INITIALIZER;
static int loop_holders;                        /* guarded by loop_lock, as all of these */
static int loop_timer = -1;
static pthread_t loop_thread;
static int loop_ending;                         /* atomic */

static void
loop_tick(int timer, void *data)
{
    (void)timer;
    (void)data;
}

static void *
loop_run(void *data)
{
    (void)data;
    block_signals();
    while (!__atomic_load_n(&loop_ending, __ATOMIC_ACQUIRE))
        if (virEventRunDefaultImpl() < 0) {     /* nothing sensible can be done; do not spin */
            struct timespec pause = { 0, 100000000 };

            nanosleep(&pause, NULL);
        }
    return NULL;
}

int
kvm_loop_hold(struct cairn_error *err)
{
    int error = 0;

    pthread_mutex_lock(&loop_lock);
    if (loop_holders == 0) {
        __atomic_store_n(&loop_ending, 0, __ATOMIC_RELEASE);
        loop_timer = virEventAddTimeout(-1, loop_tick, NULL, NULL);     /* fired only to wake the loop when it shall end */
        error = pthread_create(&loop_thread, NULL, loop_run, NULL);
        if (error != 0 && loop_timer >= 0)
            virEventRemoveTimeout(loop_timer);
    }
    if (error == 0)
        loop_holders++;
    pthread_mutex_unlock(&loop_lock);
    return error != 0 ? cairn_fail_errno(err, error, "cannot start libvirt's event loop") : 0;
}

void
kvm_loop_release(void)
{
    pthread_mutex_lock(&loop_lock);
    if (--loop_holders == 0) {
        __atomic_store_n(&loop_ending, 1, __ATOMIC_RELEASE);
        virEventUpdateTimeout(loop_timer, 0);
        pthread_join(loop_thread, NULL);
        virEventRemoveTimeout(loop_timer);
    }
    pthread_mutex_unlock(&loop_lock);
}

/* -- waiting for a change ------------------------------------------------------------------------------------------------ */

int64_t
kvm_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint64_t
kvm_changes(struct kvm *kvm)
{
    uint64_t changes;

    pthread_mutex_lock(&kvm->lock);
    changes = kvm->changes;
    pthread_mutex_unlock(&kvm->lock);
    return changes;
}

void
kvm_signal(struct kvm *kvm)
{
    pthread_mutex_lock(&kvm->lock);
    kvm->changes++;
    pthread_cond_broadcast(&kvm->changed);
    pthread_mutex_unlock(&kvm->lock);
}

/* Waits with the lock held. */
static void
wait_locked(struct kvm *kvm, uint64_t changes, int64_t ms)
{
    int64_t end = kvm_now_ms() + ms;
    struct timespec at = { .tv_sec = end / 1000, .tv_nsec = end % 1000 * 1000000 };

    while (kvm->changes == changes && pthread_cond_timedwait(&kvm->changed, &kvm->lock, &at) == 0)
        continue;
}

void
kvm_wait(struct kvm *kvm, uint64_t changes, int64_t ms)
{
    pthread_mutex_lock(&kvm->lock);
    if (ms > 0)
        wait_locked(kvm, changes, ms);
    pthread_mutex_unlock(&kvm->lock);
}

/* -- events ---------------------------------------------------------------------------------------------------------------- */

void
kvm_tell(struct kvm *kvm, uint32_t type, const char *object, int64_t value, const char *reason)
{
    struct cairn_event event = { .size = sizeof event, .type = type, .object = object, .value = value, .reason = reason };

    kvm->host->event(kvm->host->instance, &event);
}

/* First match wins; detail -1: any. */
static const struct { int event, detail; uint32_t type, power; const char *reason; } lifecycle[] = {
    { VIR_DOMAIN_EVENT_STARTED,     -1,                                CAIRN_EVENT_SERVER_STATE, CAIRN_POWER_RUNNING,   NULL },
    { VIR_DOMAIN_EVENT_RESUMED,     -1,                                CAIRN_EVENT_SERVER_STATE, CAIRN_POWER_RUNNING,   NULL },
    { VIR_DOMAIN_EVENT_SUSPENDED,   VIR_DOMAIN_EVENT_SUSPENDED_IOERROR, CAIRN_EVENT_SERVER_STATE, CAIRN_POWER_PAUSED,   "a disk reported an error" },
    { VIR_DOMAIN_EVENT_SUSPENDED,   -1,                                CAIRN_EVENT_SERVER_STATE, CAIRN_POWER_PAUSED,    NULL },
    { VIR_DOMAIN_EVENT_STOPPED,     VIR_DOMAIN_EVENT_STOPPED_SAVED,    CAIRN_EVENT_SERVER_STATE, CAIRN_POWER_SUSPENDED, NULL },
    { VIR_DOMAIN_EVENT_STOPPED,     VIR_DOMAIN_EVENT_STOPPED_CRASHED,  CAIRN_EVENT_SERVER_STATE, CAIRN_POWER_CRASHED,   "QEMU ended by itself" },
    { VIR_DOMAIN_EVENT_STOPPED,     VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN, CAIRN_EVENT_SERVER_STATE, CAIRN_POWER_SHUTDOWN,  "the guest powered off" },
    { VIR_DOMAIN_EVENT_STOPPED,     VIR_DOMAIN_EVENT_STOPPED_FAILED,   CAIRN_EVENT_SERVER_STATE, CAIRN_POWER_CRASHED,   "QEMU ended by itself" },
    { VIR_DOMAIN_EVENT_STOPPED,     -1,                                CAIRN_EVENT_SERVER_STATE, CAIRN_POWER_SHUTDOWN,  NULL },
    { VIR_DOMAIN_EVENT_PMSUSPENDED, -1,                                CAIRN_EVENT_SERVER_STATE, CAIRN_POWER_SUSPENDED, "the guest sleeps" },
    { VIR_DOMAIN_EVENT_CRASHED,     -1,                                CAIRN_EVENT_SERVER_STATE, CAIRN_POWER_CRASHED,   "the guest crashed" },
    { VIR_DOMAIN_EVENT_UNDEFINED,   VIR_DOMAIN_EVENT_UNDEFINED_REMOVED, CAIRN_EVENT_SERVER_GONE, 0,                     "its domain was removed" },
};

/* On the loop's thread: asks libvirt nothing. */
static int
on_lifecycle(virConnectPtr conn, virDomainPtr dom, int event, int detail, void *data)
{
    struct kvm *kvm = data;
    unsigned char uuid[VIR_UUID_BUFLEN];
    char id[VIR_UUID_STRING_BUFLEN];

    (void)conn;
    if (virDomainGetUUID(dom, uuid) < 0 || virDomainGetUUIDString(dom, id) < 0 || !kvm_known_has(kvm, uuid))
        return 0;
    for (size_t i = 0; i < sizeof lifecycle / sizeof lifecycle[0]; i++)
        if (lifecycle[i].event == event && (lifecycle[i].detail == -1 || lifecycle[i].detail == detail)) {
            kvm_tell(kvm, lifecycle[i].type, id, lifecycle[i].power, lifecycle[i].reason);
            break;
        }
    if (event == VIR_DOMAIN_EVENT_UNDEFINED)
        kvm_known_remove(kvm, uuid);
    kvm_signal(kvm);
    return 0;
}

/* A device went, or a guest refused to let it go: whoever waits for it looks. */
static void
on_device(virConnectPtr conn, virDomainPtr dom, const char *alias, void *data)
{
    (void)conn;
    (void)dom;
    (void)alias;
    kvm_signal(data);
}

static void
on_close(virConnectPtr conn, int reason, void *data)
{
    struct kvm *kvm = data;
    uint32_t tell;

    (void)conn;
    if (reason == VIR_CONNECT_CLOSE_REASON_CLIENT)
        return;
    pthread_mutex_lock(&kvm->lock);
    tell = !kvm->lost && !kvm->stopping;
    kvm->lost = 1;
    pthread_mutex_unlock(&kvm->lock);
    if (tell) {
        kvm->host->log(kvm->host->instance, CAIRN_LOG_WARN, "libvirt at '%s' went away; trying again until it is back", kvm->uri);
        kvm_tell(kvm, CAIRN_EVENT_DRIVER_LOST, NULL, 0, "libvirt went away");
    }
    kvm_signal(kvm);
}

static void
callback_gone(void *data)
{
    struct kvm *kvm = data;

    pthread_mutex_lock(&kvm->lock);
    kvm->callbacks--;
    kvm->changes++;
    pthread_cond_broadcast(&kvm->changed);
    pthread_mutex_unlock(&kvm->lock);
}

static void
callback_comes(struct kvm *kvm)
{
    pthread_mutex_lock(&kvm->lock);
    kvm->callbacks++;
    pthread_mutex_unlock(&kvm->lock);
}

int
kvm_events_register(struct kvm *kvm, virConnectPtr conn, struct cairn_error *err)
{
    const struct { int id; virConnectDomainEventGenericCallback fn; } wanted[] = {
        { VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle) },
        { VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(on_device) },
        { VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED, VIR_DOMAIN_EVENT_CALLBACK(on_device) },
    };

    /* libvirt calls callback_gone() when it forgets a callback, also when the connection dies with it */
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        kvm->events[i] = -1;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        callback_comes(kvm);
        kvm->events[i] = virConnectDomainEventRegisterAny(conn, NULL, wanted[i].id, wanted[i].fn, kvm, callback_gone);
        if (kvm->events[i] < 0) {
            callback_gone(kvm);
            kvm_fail_libvirt(err, "cannot listen to libvirt's events");
            kvm_events_unregister(kvm, conn);
            return -1;
        }
    }
    callback_comes(kvm);
    if (virConnectRegisterCloseCallback(conn, on_close, kvm, callback_gone) < 0) {
        callback_gone(kvm);
        kvm_fail_libvirt(err, "cannot watch the connection to libvirt");
        kvm_events_unregister(kvm, conn);
        return -1;
    }
    return 0;
}

/* A dead connection refuses to, but forgets its own side all the same. */
void
kvm_events_unregister(struct kvm *kvm, virConnectPtr conn)
{
    for (size_t i = 0; i < sizeof kvm->events / sizeof kvm->events[0]; i++)
        if (kvm->events[i] >= 0)
            virConnectDomainEventDeregisterAny(conn, kvm->events[i]);
    virConnectUnregisterCloseCallback(conn, on_close);
}

/* -- the keeper: reconnects, keeps console logs short ---------------------------------------------------------------------- */

#define KEEPER_RETRY_MS 500
#define KEEPER_TRIM_MS  10000

static void *
keeper_run(void *data)
{
    struct kvm *kvm = data;
    int64_t trim_at = kvm_now_ms() + KEEPER_TRIM_MS;
    uint32_t stopping, lost;
    uint64_t changes;

    block_signals();
    for (;;) {
        pthread_mutex_lock(&kvm->lock);
        stopping = kvm->stopping;
        lost = kvm->lost;
        changes = kvm->changes;
        pthread_mutex_unlock(&kvm->lock);
        if (stopping)
            return NULL;
        if (lost) {
            struct cairn_error err = CAIRN_ERROR_INIT;
            CLEANUP_CONN conn = kvm_connection(kvm, &err);

            lost = conn == NULL;
        }
        if (kvm_now_ms() >= trim_at) {
            kvm_console_trim(kvm);
            trim_at = kvm_now_ms() + KEEPER_TRIM_MS;
        }
        kvm_wait(kvm, changes, lost ? KEEPER_RETRY_MS : KEEPER_TRIM_MS);
    }
}

int
kvm_keeper_start(struct kvm *kvm, struct cairn_error *err)
{
    int error = pthread_create(&kvm->keeper, NULL, keeper_run, kvm);

    if (error != 0)
        return cairn_fail_errno(err, error, "cannot start a thread");
    kvm->keeper_runs = 1;
    return 0;
}

/* Ends the keeper, closes the connection, and waits until libvirt holds no pointer to the instance any more. */
void
kvm_keeper_stop(struct kvm *kvm)
{
    int64_t deadline = kvm_now_ms() + 10000;
    uint32_t held;

    pthread_mutex_lock(&kvm->lock);
    kvm->stopping = 1;
    pthread_mutex_unlock(&kvm->lock);
    kvm_signal(kvm);
    if (kvm->keeper_runs)
        pthread_join(kvm->keeper, NULL);
    kvm->keeper_runs = 0;
    kvm_connection_close(kvm);
    do {
        uint64_t changes = kvm_changes(kvm);

        pthread_mutex_lock(&kvm->lock);
        held = kvm->callbacks;
        pthread_mutex_unlock(&kvm->lock);
        if (held > 0)
            kvm_wait(kvm, changes, 200);
    } while (held > 0 && kvm_now_ms() < deadline);
    if (held > 0)
        kvm->host->log(kvm->host->instance, CAIRN_LOG_ERROR, "libvirt still holds %u callbacks", held);
}
