/* internal.h: the loader's own structures, shared by the files of this folder and by nobody else.
 *
 * Lock order: plugins.lock, then driver.lock; plugins.calls_lock and modules' lock are innermost.  None is held while a driver runs. */
#ifndef PLUGIN_INTERNAL_H
#define PLUGIN_INTERNAL_H
#include <stdatomic.h>

#include "base/thread.h"
#include "plugin/ops.h"
#include "plugin/plugin.h"

/* --- module.c, check.c: a shared object that is mapped --- */
struct module {
    char *file;                 /* owned; as asked for */
    void *handle;
    int fd;                     /* -1, or what it was opened through, so that its name stays unique while it is mapped */
    uint64_t device, inode;
    unsigned refs;              /* modules' lock */
    uint32_t kind;
    const struct cairn_driver *original;        /* in the object */
    struct cairn_driver *table;                 /* owned: full size of this build, zero where the object knows less */
    struct module *next;        /* modules' lock */
};
/* Maps and checks; 'kind' 0 and 'name' NULL: any. */
int module_open(const char *file, uint32_t kind, const char *name, struct module **ret, struct cairn_error *err);
void module_close(struct module *m);
/* Is the table fit for use?  CAIRN_INVALID in words for its author. */
int table_check(const struct cairn_driver *table, const char *file, uint32_t kind, const char *name, struct cairn_error *err);

/* --- search.c: where files are --- */
char *search_default(void);                     /* malloc'd */
/* 'path' NULL: the default. */
int search_find(const char *path, uint32_t kind, const char *name, char **ret_file, struct cairn_error *err);

/* --- instance.c, host.c: one instance --- */
struct op_stats { _Atomic uint64_t calls, errors, total_us, overdue; _Atomic uint32_t running; };
struct setting { char *text; int64_t number; };

enum start_state { START_NOT = 0, START_RUNNING, START_DONE };

struct call;
struct driver {
    struct plugins *set;
    struct module *module;
    uint32_t kind;
    const struct kind_info *info;
    char *instance;             /* all owned; immutable */
    char *section;              /* NULL: loaded with pairs */
    char *label;                /* "compute:kvm": its module in the log */
    char *state_dir, *run_dir;
    struct cairn_host host;
    struct config_values *values;       /* of a section */
    struct setting *settings;           /* of pairs: one for each key of the table */
    char **pairs;                       /* name, value, ..., NULL: what it was loaded with */
    void *self;
    _Atomic unsigned refs, overdue;     /* overdue: calls that are so now */
    struct op_stats *stats;             /* info->count of them */

    struct mutex lock;
    _Atomic int started;                /* enum start_state; written under lock */
    int64_t retry_ms;                   /* lock */
    struct cairn_error start_error;     /* lock */
    struct call *first, *last;          /* calls that hold or await a lane, in order; lock */

    struct driver *next;                /* set->lock */
};
struct instance_source {
    const char *section;                /* or: */
    const char *const *pairs;           /* name, value, ..., NULL */
};
/* Configured and started (or unhealthy); one reference. */
int instance_new(struct plugins *p, struct module *m, const char *instance, const struct instance_source *source, struct driver **ret,
                 struct cairn_error *err);
/* 0 when it runs; else CAIRN_UNAVAILABLE.  Tries again at most once in 5 s. */
int instance_ready(struct driver *d, struct cairn_error *err);
void host_fill(struct driver *d);               /* host.c: the services */

struct plugins {
    struct plugins_options options;     /* immutable; its strings are owned; path may be NULL: the default */
    struct mutex lock;
    struct cond drained;
    const struct config *config;        /* lock */
    struct driver *drivers;             /* lock; in load order; one reference each */
    unsigned alive;                     /* lock; instances that are not destroyed */

    struct mutex calls_lock;
    struct cond watch;
    struct call *oldest, *newest;       /* calls that run now, in the order they began; calls_lock */
    int64_t watch_ms;                   /* when the watchdog looks again; calls_lock */
    int closing;                        /* calls_lock */
    pthread_t watchdog;
};

/* --- call.c: what every wrapper does --- */
struct call {
    struct cairn_op op;                 /* what the driver is handed */
    struct driver *driver;
    const struct op_info *info;
    struct op_stats *stats;
    const struct cairn_op *caller;      /* may be NULL */
    const char *object;                 /* borrowed for the call; NULL: none */
    const char *lane;                   /* NULL: takes no lock; "" the one of a serial driver */
    int64_t begun_us, deadline_ms;      /* deadline: written under driver->lock and calls_lock */
    int overdue;                        /* set->calls_lock */
    struct cond turn;                   /* only while it waits for its lane */
    struct call *prev, *next;           /* lanes; driver->lock */
    struct call *run_prev, *run_next;   /* set->calls_lock */
    struct call *outer;                 /* of this thread */
    struct cairn_error err;             /* what the driver writes */
};
int call_begin(struct call *c, struct driver *d, unsigned op, const char *object, const struct cairn_op *caller, uint32_t extra_ms,
               struct cairn_error *err);
/* 'rc' is what the driver answered. */
int call_end(struct call *c, int rc, struct cairn_error *err);
/* The driver answered rubbish: turns '*rc' into a failure that says so.  Does nothing if it has failed already. */
void call_rubbish(struct call *c, int *rc, const char *what);
struct call *call_current(void);                /* of this thread, or NULL */
void watchdog_start(struct plugins *p);
void watchdog_stop(struct plugins *p);

/* --- answer.c: is what a driver answered fit for use? --- */
void check_handle(struct call *c, int *rc, const char handle[256]);
void check_connection(struct call *c, int *rc, struct cairn_connection *conn);
void check_fd(struct call *c, int *rc, int32_t fd);
/* Returns 1 when 'text' ends within 'size' and is printable; 'empty': may it be empty? */
int text_ok(const char *text, size_t size, int empty);

/* A list on its way from a driver: completes elements to this build's size and checks them. */
struct list {
    struct cairn_sink sink;             /* what the driver is handed */
    struct cairn_sink *to;
    size_t size;                        /* of one element here */
    int (*ok)(const void *item);
    unsigned seen, bad;
};
void list_begin(struct list *l, struct cairn_sink *to, size_t size, int (*ok)(const void *item));
void list_end(struct list *l, struct call *c, int *rc);
#endif
