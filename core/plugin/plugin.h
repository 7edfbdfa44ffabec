/* plugin.h: the one loader of drivers and plugins, and the instances it keeps.
 *
 * A configuration section [KIND:INSTANCE] with "driver = NAME" makes an instance; files are KIND-NAME.so in the search path (or an
 * absolute path).  A table is checked once, at the door; afterwards the core trusts it.  Reload makes a new instance beside the old;
 * the old one drains: no new calls, stop() after the last reference, dlclose last.
 *
 * Threads: any.  A struct driver is reference counted; hold a reference while you use it. */
#ifndef PLUGIN_PLUGIN_H
#define PLUGIN_PLUGIN_H
#include <cairn/driver.h>
#include "base/config.h"

struct plugins;
struct driver;                  /* one instance */

struct plugins_options {
    const struct config *config;
    const char *cloud_id, *host_name, *state_dir, *run_dir;
    const char *path;           /* ':'-separated folders; NULL: CAIRN_DRIVER_PATH, else the build tree's if the program runs from one, else $libdir/cairn/drivers */
    /* An instance reports an event; called from the driver's thread; must not block.  May be NULL. */
    void (*event)(void *arg, struct driver *driver, const struct cairn_event *event);
    void *event_arg;
};
/* Starts the watchdog of overdue calls; loads nothing yet.  The strings are copied; config and event_arg outlive the plugins. */
int plugins_open(const struct plugins_options *options, struct plugins **ret, struct cairn_error *err);
/* Stops every instance and unloads.  Waits up to 10 s for references that others hold; what is then still in use stays mapped for ever. */
void plugins_close(struct plugins *p);
/* The configuration that loads and reloads read from now on; borrowed, outlives the plugins. */
void plugins_set_config(struct plugins *p, const struct config *config);

/* Loads, checks, configures and starts one instance.  'section' "storage:fast".  CAIRN_INVALID says what is wrong with the table or
 * the settings, in words for a vendor or an operator.  start() that fails with CAIRN_UNAVAILABLE leaves the instance loaded, unhealthy,
 * and start() is tried again on use (at most once in 5 s). */
int plugins_load(struct plugins *p, uint32_t kind, const char *section, const char *instance, struct cairn_error *err);
/* As above for plugins without a section of their own: settings by name=value pairs (pipeline.ini's filters, scheduler lists). */
int plugins_load_with(struct plugins *p, uint32_t kind, const char *driver_name, const char *instance, const struct cairn_pair *settings,
                      size_t count, struct cairn_error *err);
/* Every [compute:*], [storage:*], [network:*], [auth:*] section of the configuration but those with "enabled = no". */
int plugins_load_all(struct plugins *p, struct cairn_error *err);
int plugins_reload(struct plugins *p, uint32_t kind, const char *instance, struct cairn_error *err);
int plugins_unload(struct plugins *p, uint32_t kind, const char *instance, struct cairn_error *err);

/* A new reference, NULL: no such instance.  instance NULL: the first of its kind. */
struct driver *plugins_get(struct plugins *p, uint32_t kind, const char *instance);
struct driver *driver_ref(struct driver *d);
void driver_put(struct driver *d);              /* NULL is allowed */
static inline void cleanup_driver(struct driver **d) { driver_put(*d); }
#define CLEANUP_DRIVER __attribute__((cleanup(cleanup_driver)))
/* Calls fn with a borrowed instance, in load order, until it answers nonzero. */
void plugins_each(struct plugins *p, uint32_t kind, int (*fn)(void *arg, struct driver *d), void *arg);

const char *driver_instance(const struct driver *d);
const struct cairn_driver *driver_table(const struct driver *d);    /* its kind's table, completed with NULLs to this build's size */
void *driver_self(const struct driver *d);
uint64_t driver_capabilities(const struct driver *d);
int driver_health(struct driver *d, struct cairn_health *ret, struct cairn_error *err);
/* ABI, keys, operations of a file, as text for `cairn drivers --dump`.  'path' without a '/': "KIND-NAME", looked for in the default path. */
int plugin_dump(const char *path, char **ret_text, struct cairn_error *err);
/* Files found in the search path (NULL: the default one): fn(arg, path, table).  Files that are no drivers are logged and left out. */
int plugins_scan(const char *path, void (*fn)(void *arg, const char *file, const struct cairn_driver *table), void *arg, struct cairn_error *err);
const char *kind_name(uint32_t kind);           /* "compute" */
uint32_t kind_of(const char *name);             /* 0: none */

/* --- one wrapper per operation: compute.h, storage.h, network.h of this folder declare KIND_OPERATION(struct driver *, the operation's
 * parameters without self), e.g. compute_server_create(d, op, server, err), storage_volume_create(...), network_port_plug(...).
 * The wrapper answers CAIRN_UNSUPPORTED for NULL operations, takes the lock that the thread model asks for (waiting callers of the same object
 * queue; never two locks), opens the deadline, traces, counts and times, and turns rubbish into CAIRN_INTERNAL. */

/* What a call may ask of its caller.  Zeroed is fine.  Every function may be NULL; none may block. */
struct cairn_op {
    int (*cancelled)(void *arg);
    void (*progress)(void *arg, double fraction);
    void *arg;
    const char *request_id;
    uint32_t timeout_ms;        /* 0: the operation's default */
    /* The call overran its deadline (1, from the watchdog's thread, under a lock of the loader) and came back after all (0). */
    void (*overdue)(void *arg, int on);
    /* The call ended; from its own thread. */
    void (*trace)(void *arg, struct driver *d, const char *operation, const char *object, int64_t duration_us, uint32_t code);
};
/* The op of this thread's calls of operations that carry none (and of those whose caller passes NULL); NULL ends that.  Borrowed. */
void driver_set_op(struct cairn_op *op);
struct cairn_op *driver_op(void);
/* Where a list goes: fn answers nonzero to stop. */
struct cairn_sink {
    int (*fn)(void *arg, const void *item);
    void *arg;
};

/* Calls that run now, longest first: what `cairn tasks` shows as "in driver call X for N s". */
struct driver_running {
    uint32_t kind;
    char instance[72];
    const char *operation;      /* static */
    char object[64], request_id[48];
    int64_t for_ms;             /* how long it has run */
    int overdue;
};
size_t plugins_running(struct plugins *p, struct driver_running *buf, size_t max);
/* Prometheus text: calls, errors, seconds, running, overdue by kind, instance, operation. */
struct str;
void plugins_metrics(struct plugins *p, struct str *out);
#endif
