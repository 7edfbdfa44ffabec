/* cairn/driver.h: the ABI between cairnd and everything it loads with dlopen(): what all kinds have in common.
 *
 * A driver or plugin is one shared object that exports one symbol, cairn_driver_entry (write CAIRN_DRIVER_EXPORT), which
 * returns a constant table.  It includes <cairn/...> only and links to nothing of Cairn: whatever it needs from the daemon
 * comes through the struct cairn_host that configure() receives.
 *
 * Life cycle, each call in this order:
 *
 *     dlopen -> entry() -> table checked -> configure() -> start() -> operations ... -> stop() -> destroy() -> dlclose
 *
 * configure() makes one instance ('self') from the settings; several instances of one driver may live side by side.  It may
 * not touch the machine.  start() may (connect, make directories), and is where "not now" is reported with CAIRN_UNAVAILABLE.
 * stop() ends what start() began; no operation runs during or after it.  destroy() frees; accepts whatever configure() made.
 *
 * Threads: 'threads' of the table tells the daemon how operations may run; it takes the locks, a driver needs none for that:
 * serial (one operation of an instance at a time), per object (never two at once for one server, volume, port...; an
 * operation that names no object runs alongside) or parallel.  health() and list operations may run beside anything.
 *
 * Every operation is idempotent: create what is there and the same -> success; delete what is gone -> success.
 * A deadline stands over each call.  A driver that can wait long asks host->cancelled(op) now and then.
 *
 * Rules of growth: every struct begins with its size; fields and operations are only ever appended; widths are fixed; flags are
 * uint32_t; lists come in as arrays of pointers and go out as emit calls.  A NULL operation means "unsupported".
 *
 * ABI changes:
 *   1  first version. */
#ifndef CAIRN_DRIVER_H
#define CAIRN_DRIVER_H

#include <stddef.h>
#include <stdint.h>
#include <cairn/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CAIRN_ABI      1u       /* what this header describes */
#define CAIRN_ABI_MIN  1u       /* the oldest that a daemon of this header accepts */

/* enum-like numbers are uint32_t in structs. */
enum cairn_kind {
    CAIRN_COMPUTE = 1, CAIRN_STORAGE = 2, CAIRN_NETWORK = 3,                    /* drivers: touch the machine */
    CAIRN_FILTER = 4, CAIRN_SCHEDULER = 5, CAIRN_CATALOG = 6, CAIRN_NOTIFY = 7, CAIRN_AUTH = 8,     /* plugins */
};

enum cairn_threads { CAIRN_THREADS_SERIAL = 0, CAIRN_THREADS_PER_OBJECT = 1, CAIRN_THREADS_PARALLEL = 2 };

enum cairn_log_level { CAIRN_LOG_ERROR = 0, CAIRN_LOG_WARN = 1, CAIRN_LOG_INFO = 2, CAIRN_LOG_DEBUG = 3 };

/* How the daemon parses a setting before a driver sees it. */
enum cairn_key_type {
    CAIRN_KEY_STRING = 0,
    CAIRN_KEY_INT = 1,          /* within [min, max] unless both are 0 */
    CAIRN_KEY_BOOL = 2,         /* yes/no/true/false/on/off/1/0 */
    CAIRN_KEY_SIZE = 3,         /* bytes: 10G, 512M, 4096 */
    CAIRN_KEY_DURATION = 4,     /* milliseconds: 10s, 500ms, 2m, 1h */
    CAIRN_KEY_PATH = 5,         /* made absolute against the daemon's state directory */
    CAIRN_KEY_SECRET = 6,       /* a string that is never logged or dumped; "file:PATH" reads it from a file */
    CAIRN_KEY_LIST = 7,         /* comma separated; get_string() gives it trimmed and normalised: "a,b" */
};
#define CAIRN_KEY_REQUIRED 1u

struct cairn_key {
    uint32_t size;              /* sizeof(struct cairn_key) */
    uint32_t type;
    uint32_t flags;
    uint32_t reserved;
    const char *name;
    const char *dflt;           /* as an operator would write it; NULL: none */
    const char *help;           /* one sentence, for documentation and --dump */
    int64_t min, max;
};
#define CAIRN_KEY(n, t, d, h)       { sizeof(struct cairn_key), (t), 0, 0, (n), (d), (h), 0, 0 }
#define CAIRN_KEY_REQ(n, t, h)      { sizeof(struct cairn_key), (t), CAIRN_KEY_REQUIRED, 0, (n), NULL, (h), 0, 0 }
#define CAIRN_KEY_RANGE(n, d, lo, hi, h) { sizeof(struct cairn_key), CAIRN_KEY_INT, 0, 0, (n), (d), (h), (lo), (hi) }

struct cairn_op;                /* opaque: the call that runs; NULL is allowed wherever it is passed back */
struct cairn_sink;              /* opaque: where a list goes */
struct cairn_instance;          /* opaque: the daemon's side of one instance */

/* One name=value pair; always passed as arrays of pointers with a count. */
struct cairn_pair {
    const char *name;
    const char *value;
};

/* A child process to run.  argv[0] is looked up in the daemon's safe PATH.  No shell, clean environment, stdin from 'input'. */
struct cairn_child {
    uint32_t size;
    uint32_t timeout_ms;        /* 0: the operation's own deadline */
    const char *const *argv;    /* NULL-terminated; borrowed */
    const char *const *env;     /* extra NAME=VALUE, NULL-terminated, or NULL */
    const char *input;          /* NULL: /dev/null */
    size_t input_len;
    const char *netns;          /* name of the network namespace to run in, or NULL */
    uint64_t limit_cpu_s;       /* RLIMIT_CPU, 0: none */
    uint64_t limit_as_bytes;    /* RLIMIT_AS, 0: none */
    uint32_t flags;             /* CAIRN_CHILD_... */
    uint32_t output_max;        /* bytes of stdout kept; 0: 1 MiB */
};
#define CAIRN_CHILD_ANY_STATUS 1u   /* a non-zero exit status is not an error; see ret_status */

/* Something that happened by itself: a guest powered off, a pool filled up.  'object' is the id the driver was given. */
enum cairn_event_type {
    CAIRN_EVENT_SERVER_STATE = 1,   /* value: enum cairn_power */
    CAIRN_EVENT_SERVER_GONE = 2,
    CAIRN_EVENT_VOLUME_ERROR = 3,
    CAIRN_EVENT_PORT_STATE = 4,     /* value: 1 up, 0 down */
    CAIRN_EVENT_DRIVER_LOST = 5,    /* the driver lost its backend; health() tells more */
    CAIRN_EVENT_DRIVER_BACK = 6,    /* and has it again: the reconciler runs */
};
struct cairn_event {
    uint32_t size;
    uint32_t type;
    const char *object;         /* borrowed for the call; may be NULL */
    int64_t value;
    const char *reason;         /* for a person; may be NULL */
};

struct cairn_health {
    uint32_t size;
    uint32_t ok;                /* 1: works */
    char text[248];             /* one line: "libvirt 9.0.0, QEMU 7.2, TCG (KVM does not run here)" */
};

/* The daemon's services.  Borrowed; outlives the instance.  Every function may be called from any thread, at any time between
 * configure() and destroy(), and none calls back into the driver. */
struct cairn_host {
    uint32_t size;
    uint32_t abi;
    struct cairn_instance *instance;    /* pass it back as the first parameter */
    const char *name;                   /* of the instance: "fast" in [storage:fast] */
    const char *cloud_id;               /* UUID of the cloud: mark with it whatever you make on the machine */
    const char *host_name;              /* the host that this daemon is */
    const char *state_dir;              /* yours alone, survives restarts; exists */
    const char *run_dir;                /* yours alone, may be lost at reboot; exists */

    void (*log)(struct cairn_instance *inst, uint32_t level, const char *fmt, ...) CAIRN_PRINTF(3, 4);

    /* Settings, parsed and checked against the table's keys already.  The string lives as long as the instance; NULL if unset. */
    const char *(*get_string)(struct cairn_instance *inst, const char *key);
    int64_t (*get_int)(struct cairn_instance *inst, const char *key);   /* INT, BOOL (0/1), SIZE (bytes), DURATION (ms) */

    void (*progress)(struct cairn_op *op, double fraction);     /* 0..1 */
    uint32_t (*cancelled)(struct cairn_op *op);                 /* 1: stop soon and return CAIRN_CANCELLED */

    /* Runs a child to its end.  '*ret_output' (may be NULL) is its stdout, malloc'd, NUL-terminated: free() it.  '*ret_status' (may
     * be NULL) its exit status.  Errors: CAIRN_TIMEOUT, CAIRN_NOT_FOUND (no such program), CAIRN_INTERNAL with the command and the
     * last line of its stderr. */
    int (*run)(struct cairn_instance *inst, struct cairn_op *op, const struct cairn_child *child, char **ret_output,
               size_t *ret_output_len, int32_t *ret_status, struct cairn_error *err);

    /* Tells the daemon that something happened by itself.  Returns at once. */
    void (*event)(struct cairn_instance *inst, const struct cairn_event *event);

    /* Gives one element of a list to the daemon; 'item' is the struct that the list operation names; copied at once.  Returns
     * nonzero when the daemon wants no more. */
    int32_t (*emit)(struct cairn_sink *sink, const void *item);
};

/* The head of each kind's table.  Set it with CAIRN_DRIVER_HEAD. */
#define CAIRN_DRIVER_COMMON                                                                            \
    uint32_t abi;                       /* CAIRN_ABI of the header it was built with */                \
    uint32_t table_size;                                                                               \
    uint32_t kind;                                                                                     \
    uint32_t threads;                                                                                  \
    const char *name;                   /* [a-z][a-z0-9_-]*, at most 32: what the configuration says */   \
    const char *version;                                                                               \
    const char *description;            /* one line */                                                 \
    const struct cairn_key *const *keys;    /* NULL-terminated array of pointers, or NULL */           \
    uint64_t capabilities;              /* of the kind: CAIRN_COMPUTE_CAN_..., ... */                  \
    int (*configure)(const struct cairn_host *host, void **ret_self, struct cairn_error *err);         \
    int (*start)(void *self, struct cairn_error *err);                                                 \
    void (*stop)(void *self);                                                                          \
    void (*destroy)(void *self);                                                                       \
    int (*health)(void *self, struct cairn_health *ret_health, struct cairn_error *err)

struct cairn_driver {
    CAIRN_DRIVER_COMMON;
};

#define CAIRN_DRIVER_HEAD(kind_, name_, type_)                                                         \
    .abi = CAIRN_ABI, .table_size = (uint32_t)sizeof(type_), .kind = (kind_), .name = (name_)

#define CAIRN_ENTRY_SYMBOL "cairn_driver_entry"
typedef const struct cairn_driver *(*cairn_entry_fn)(void);

#if defined(__GNUC__)
#define CAIRN_PUBLIC __attribute__((visibility("default")))
#else
#define CAIRN_PUBLIC
#endif
#define CAIRN_DRIVER_EXPORT(table)                                                                     \
    CAIRN_PUBLIC const struct cairn_driver *cairn_driver_entry(void);                                  \
    CAIRN_PUBLIC const struct cairn_driver *cairn_driver_entry(void) { return (const struct cairn_driver *)(const void *)&(table); }

#ifdef __cplusplus
}
#endif

#endif
