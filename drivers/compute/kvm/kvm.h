/* kvm.h: what the files of compute driver "kvm" share: the instance, the libvirt connection, domains, XML.
 *
 *     kvm.c         settings, life cycle, host_info, the table
 *     conn.c        the connection: opened on demand, survives libvirtd; errors; finding a domain
 *     events.c      one event loop thread for the process; lifecycle events; the keeper thread of each instance
 *     probe.c       does KVM run here?  asked by running a guest, probe_rom.c
 *     options.c     image and flavor properties, as a table
 *     xml.c         trees: building, reading, printing
 *     domain_xml.c  a server as a domain;  device_xml.c  its disks and NICs
 *     power.c       create, destroy, start, stop, reboot, pause, suspend, rescue
 *     devices.c     attach, detach, resize
 *     snapshot.c    sends a disk's writes elsewhere while somebody copies it
 *     console.c     the serial console's log and where consoles listen;  stats.c  lists and counters
 *
 * Domains: name and UUID are the server's id; the cloud's id stands in their metadata, and a domain of another cloud is not
 * there for us.  Nothing is kept in memory that libvirt does not know better, but for a cache of ids known as ours. */
#ifndef CAIRN_KVM_H
#define CAIRN_KVM_H

#include <cairn/compute.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <libxml/tree.h>
#include <libxml/xpath.h>
#include <pthread.h>
#include <stdlib.h>

#define KVM_METADATA_URI "urn:cairn:server:1"
#define KVM_PATH_MAX     512

#define CLEANUP(fn) __attribute__((cleanup(fn), unused))
static inline void kvm_free_conn(virConnectPtr *p) { if (*p != NULL) virConnectClose(*p); }
static inline void kvm_free_dom(virDomainPtr *p)   { if (*p != NULL) virDomainFree(*p); }
static inline void kvm_free_doc(xmlDoc **p)        { xmlFreeDoc(*p); }
static inline void kvm_free_str(char **p)          { free(*p); }
#define CLEANUP_CONN CLEANUP(kvm_free_conn) virConnectPtr
#define CLEANUP_DOM  CLEANUP(kvm_free_dom) virDomainPtr
#define CLEANUP_DOC  CLEANUP(kvm_free_doc) xmlDoc *
#define CLEANUP_STR  CLEANUP(kvm_free_str) char *

/* How guests run on this host; found out by start(), then only read. */
struct kvm_machine {
    char emulator[KVM_PATH_MAX];
    char arch[32];
    uint32_t accelerated;       /* 1: KVM, 0: TCG */
    uint32_t run_as_root;       /* 1: domains get the label +0:+0 */
    uint32_t qemu_uid, qemu_gid;        /* who runs QEMU */
    unsigned long qemu_version; /* 7002022 */
    char why[160];              /* why it is not accelerated; empty if it is */
};

/* One instance.  Lock order: opening, lock. */
struct kvm {
    const struct cairn_host *host;      /* borrowed; outlives the instance */
    /* settings: strings belong to the host; written by configure() only */
    const char *uri, *accel, *cpu_mode, *machine_type, *qemu_user, *vnc_listen, *disk_cache, *nic_model;
    int64_t console_log_max, tb_size, detach_timeout_ms, pcie_root_ports;
    struct kvm_machine machine;

    pthread_mutex_t opening;            /* one opens the connection at a time; held while libvirt answers */
    pthread_mutex_t lock;               /* guards all below; never held across a call to libvirt or the host */
    pthread_cond_t changed;             /* something happened to a domain or the connection; monotonic clock */
    uint64_t changes;                   /* how often 'changed' was signalled */
    int events[3];                      /* guarded by 'opening': libvirt's callback numbers, -1 none */
    virConnectPtr conn;                 /* owned; NULL or dead between libvirtd's death and the next use */
    uint32_t lost;                      /* 1: the host was told that libvirt went away */
    uint32_t stopping;
    uint32_t callbacks;                 /* libvirt callbacks that hold a pointer to us */
    unsigned char (*known)[VIR_UUID_BUFLEN];    /* owned; domains known to be of this cloud */
    size_t known_len, known_size;
    pthread_t keeper;
    uint32_t keeper_runs, loop_held;    /* touched by start() and stop() only */
};

/* -- conn.c: errors and domains */

/* Once per process: quiets libvirt and libxml2, readies both for threads and events. */
int kvm_library_init(struct cairn_error *err);

/* Sets 'err' from libvirt's last error, with context before it; always -1. */
int kvm_fail_libvirt(struct cairn_error *err, const char *fmt, ...) CAIRN_PRINTF(2, 3);

/* A reference to the live connection (virConnectClose() it), opened when there is none.  NULL: CAIRN_UNAVAILABLE. */
virConnectPtr kvm_connection(struct kvm *kvm, struct cairn_error *err);
void kvm_connection_close(struct kvm *kvm);

/* The domain of server 'id' if it is this cloud's; NULL: CAIRN_NOT_FOUND or the connection's error. */
virDomainPtr kvm_find(struct kvm *kvm, const char *id, struct cairn_error *err);
/* The same, but absence is no error: 0 and '*ret_dom' NULL.  A domain of that id that is not ours: CAIRN_EXISTS. */
int kvm_look(struct kvm *kvm, const char *id, virDomainPtr *ret_dom, struct cairn_error *err);
/* 1: of this cloud, 0: not, or not there any more. */
int kvm_is_ours(struct kvm *kvm, virDomainPtr dom);
void kvm_known_add(struct kvm *kvm, const unsigned char *uuid);
void kvm_known_remove(struct kvm *kvm, const unsigned char *uuid);
int kvm_known_has(struct kvm *kvm, const unsigned char *uuid);

/* What the domain does now; 'reason' (size bytes) says why it is down, if known.  -1: libvirt's error. */
int kvm_power(virDomainPtr dom, uint32_t *ret_power, char *reason, size_t size, struct cairn_error *err);
/* As libvirt's numbers say; saved: there is saved memory. */
uint32_t kvm_power_of(int state, int reason, int saved, char *text, size_t size);
/* 1 active, 0 not, -1 with err. */
int kvm_active(virDomainPtr dom, struct cairn_error *err);
/* 1: its memory is on disk, 0 not, -1 with err. */
int kvm_saved(virDomainPtr dom, struct cairn_error *err);

/* -- events.c */
int kvm_loop_hold(struct cairn_error *err);     /* the event loop runs while anybody holds it */
void kvm_loop_release(void);
int kvm_events_register(struct kvm *kvm, virConnectPtr conn, struct cairn_error *err);
void kvm_events_unregister(struct kvm *kvm, virConnectPtr conn);
int kvm_keeper_start(struct kvm *kvm, struct cairn_error *err);
void kvm_keeper_stop(struct kvm *kvm);
void kvm_tell(struct kvm *kvm, uint32_t type, const char *object, int64_t value, const char *reason);
int64_t kvm_now_ms(void);                       /* monotonic */
uint64_t kvm_changes(struct kvm *kvm);
void kvm_signal(struct kvm *kvm);
/* Waits until something happened after 'changes', at most 'ms'. */
void kvm_wait(struct kvm *kvm, uint64_t changes, int64_t ms);

/* -- probe.c: fills kvm->machine */
int kvm_probe(struct kvm *kvm, virConnectPtr conn, struct cairn_error *err);
/* The first folder on the way to 'path' that QEMU's user may not pass, into 'ret_dir' and 1; 0 if there is none. */
int kvm_path_blocked(const struct kvm *kvm, const char *path, char ret_dir[KVM_PATH_MAX]);

/* -- options.c */
struct kvm_options {            /* libvirt's words; empty: the driver's default */
    char machine[64];
    char disk_bus[16], cdrom_bus[16], scsi_model[32];
    char vif_model[32], video_model[16], watchdog[16], firmware[16], pointer[16], os_type[32];
    uint32_t sockets, cores, threads;
    uint32_t guest_agent, boot_menu, multiqueue, q35;
};
/* Errors: CAIRN_INVALID; CAIRN_UNSUPPORTED with the values that a property may have. */
int kvm_options_read(struct kvm *kvm, const struct cairn_server *server, struct kvm_options *ret_options, struct cairn_error *err);

/* -- xml.c */
struct kvm_tree {
    xmlDoc *doc;                /* owned */
    int failed;                 /* out of memory somewhere: the tree is not to be used */
};
/* A child of 'parent' with attributes "name", "value", ..., NULL; an attribute with a NULL value is left out. */
xmlNode *kvm_add(struct kvm_tree *tree, xmlNode *parent, const char *name, ...) __attribute__((sentinel));
xmlNode *kvm_add_text(struct kvm_tree *tree, xmlNode *parent, const char *name, const char *text);
xmlNode *kvm_add_number(struct kvm_tree *tree, xmlNode *parent, const char *name, uint64_t number);
void kvm_attr(struct kvm_tree *tree, xmlNode *node, const char *name, const char *fmt, ...) CAIRN_PRINTF(4, 5);
xmlNode *kvm_tree_root(struct kvm_tree *tree, const char *name);
/* The node as text, malloc'd; NULL with err.  'failed' trees are refused here. */
char *kvm_tree_print(struct kvm_tree *tree, xmlNode *node, struct cairn_error *err);
/* Users' text as XML and libvirt take it: valid UTF-8 in one line without control characters. */
void kvm_clean_text(const char *in, char *out, size_t size);

xmlDoc *kvm_domain_doc(virDomainPtr dom, unsigned int flags, struct cairn_error *err);
xmlDoc *kvm_parse(const char *text, struct cairn_error *err);
/* The first child of that name, or its path "a/b/c"; NULL if none. */
xmlNode *kvm_child(const xmlNode *node, const char *path);
/* The next sibling element with the same name. */
xmlNode *kvm_next(const xmlNode *node);
/* Attribute or text into 'out'; "" if there is none.  Returns out. */
char *kvm_get_attr(const xmlNode *node, const char *name, char *out, size_t size);
char *kvm_get_text(const xmlNode *node, char *out, size_t size);

/* -- domain_xml.c, device_xml.c */
struct kvm_disk_names { uint32_t used[3]; };    /* letters taken: vd, sd, hd; all 0 at first */
/* The domain as XML, malloc'd.  'old' is the definition that it replaces (keeps the machine type's version) or NULL. */
char *kvm_domain_xml(struct kvm *kvm, virConnectPtr conn, const struct cairn_server *server, const xmlDoc *old, struct cairn_error *err);
/* A <disk>: 'bus' and 'target' as chosen by kvm_disk_place(); 'order' 0: never boots. */
int kvm_disk_element(struct kvm *kvm, virConnectPtr conn, struct kvm_tree *tree, xmlNode *parent, const struct cairn_disk *disk, const char *bus,
                     const char *target, uint32_t order, struct cairn_error *err);
void kvm_nic_element(struct kvm *kvm, struct kvm_tree *tree, xmlNode *parent, const struct cairn_nic *nic, const char *model, uint32_t queues);
const char *kvm_disk_bus(const struct cairn_disk *disk, const struct kvm_options *options);
/* "vdb" into 'ret_target': disk->target where it fits the bus and is free, else the first free one.  Error: CAIRN_NO_SPACE. */
int kvm_disk_place(struct kvm_disk_names *names, const struct cairn_disk *disk, const char *bus, char ret_target[32], struct cairn_error *err);
/* 0 if the name was taken already, or is none that kvm_disk_place() gives. */
int kvm_disk_names_take(struct kvm_disk_names *names, const char *target);
int kvm_uuid_ok(const char *text);
/* Files of one server. */
void kvm_console_path(struct kvm *kvm, const char *id, char out[KVM_PATH_MAX]);
void kvm_serial_path(struct kvm *kvm, const char *id, char out[KVM_PATH_MAX]);

/* -- console.c */
void kvm_console_trim(struct kvm *kvm);
int kvm_console_prepare(struct kvm *kvm, const struct cairn_server *server, struct cairn_error *err);
void kvm_console_forget(struct kvm *kvm, const char *id);

/* -- snapshot.c */
/* Puts what a redirected disk of a domain that is off has collected back into the disk.  Nothing to do: success. */
int kvm_overlays_settle(struct kvm *kvm, struct cairn_op *op, const char *id, struct cairn_error *err);
void kvm_overlays_forget(struct kvm *kvm, const char *id);

/* -- operations, see <cairn/compute.h> */
int kvm_host_info(void *self, struct cairn_compute_info *ret_info, struct cairn_error *err);
int kvm_server_list(void *self, struct cairn_sink *sink, struct cairn_error *err);
int kvm_server_state(void *self, const char *id, struct cairn_server_state *ret_state, struct cairn_error *err);
int kvm_server_create(void *self, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err);
int kvm_server_destroy(void *self, struct cairn_op *op, const char *id, struct cairn_error *err);
int kvm_server_start(void *self, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err);
int kvm_server_stop(void *self, struct cairn_op *op, const char *id, uint32_t grace_ms, struct cairn_error *err);
int kvm_server_reboot(void *self, struct cairn_op *op, const struct cairn_server *server, uint32_t type, uint32_t grace_ms, struct cairn_error *err);
int kvm_server_pause(void *self, const char *id, struct cairn_error *err);
int kvm_server_unpause(void *self, const char *id, struct cairn_error *err);
int kvm_server_suspend(void *self, struct cairn_op *op, const char *id, struct cairn_error *err);
int kvm_server_resume(void *self, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err);
int kvm_server_rescue(void *self, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err);
int kvm_disk_attach(void *self, struct cairn_op *op, const char *id, const struct cairn_disk *disk, char ret_target[32], struct cairn_error *err);
int kvm_disk_detach(void *self, struct cairn_op *op, const char *id, const char *disk_id, struct cairn_error *err);
int kvm_disk_resize(void *self, const char *id, const char *disk_id, uint64_t size_bytes, struct cairn_error *err);
int kvm_nic_attach(void *self, struct cairn_op *op, const char *id, const struct cairn_nic *nic, struct cairn_error *err);
int kvm_nic_detach(void *self, struct cairn_op *op, const char *id, const char *nic_id, struct cairn_error *err);
int kvm_snapshot_begin(void *self, struct cairn_op *op, const char *id, const char *disk_id, uint32_t quiesce, struct cairn_error *err);
int kvm_snapshot_end(void *self, struct cairn_op *op, const char *id, const char *disk_id, struct cairn_error *err);
int kvm_console_log(void *self, const char *id, size_t max_bytes, char **ret_text, size_t *ret_len, struct cairn_error *err);
int kvm_console_connect(void *self, const char *id, uint32_t kind, struct cairn_console *ret_console, struct cairn_error *err);
int kvm_server_diagnostics(void *self, const char *id, struct cairn_server_stats *ret_stats, struct cairn_error *err);
int kvm_server_stats(void *self, struct cairn_sink *sink, struct cairn_error *err);
int kvm_server_inject_nmi(void *self, const char *id, struct cairn_error *err);
int kvm_server_set_password(void *self, const char *id, const char *user, const char *password, struct cairn_error *err);

/* The <disk> whose serial is 'disk_id', or the <interface> with alias "ua-nic-ID"; NULL if none. */
xmlNode *kvm_doc_disk(const xmlDoc *doc, const char *disk_id);
xmlNode *kvm_doc_nic(const xmlDoc *doc, const char *nic_id);

#endif
