/* kvm_host.c: see kvm_host.h. */
#include "kvm_host.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/config.h"
#include "base/run.h"

#define EVENTS_MAX 256

struct seen {
    uint32_t type;
    char object[64];
    int64_t value;
};

struct cairn_instance {
    const struct cairn_compute_driver *driver;
    const char *const *settings;        /* borrowed */
    char *strings[64];                  /* owned; by key's index */
    int64_t ints[64];
    pthread_mutex_t lock;               /* guards what follows */
    pthread_cond_t came;
    struct seen seen[EVENTS_MAX];
    size_t seen_len;
};

struct test_host {
    struct cairn_instance instance;
    struct cairn_host host;
    void *module, *self;
    char state_dir[256], run_dir[256];
};

/* -- services --------------------------------------------------------------------------------------------------------------------- */

static void CAIRN_PRINTF(3, 4)
host_log(struct cairn_instance *inst, uint32_t level, const char *fmt, ...)
{
    va_list ap;

    (void)inst;
    fprintf(stderr, "[driver %u] ", level);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}

static size_t
key_index(const struct cairn_instance *inst, const char *name)
{
    size_t i = 0;

    while (inst->driver->keys[i] != NULL && strcmp(inst->driver->keys[i]->name, name) != 0)
        i++;
    return i;
}

static const char *
host_get_string(struct cairn_instance *inst, const char *name)
{
    return inst->strings[key_index(inst, name)];
}

static int64_t
host_get_int(struct cairn_instance *inst, const char *name)
{
    return inst->ints[key_index(inst, name)];
}

static void
host_progress(struct cairn_op *op, double fraction)
{
    (void)op;
    (void)fraction;
}

static uint32_t
host_cancelled(struct cairn_op *op)
{
    return op != NULL;                          /* tests pass an op only to call it off */
}

static int
host_run(struct cairn_instance *inst, struct cairn_op *op, const struct cairn_child *child, char **ret_output, size_t *ret_output_len,
         int32_t *ret_status, struct cairn_error *err)
{
    struct run_result result;
    int rc = run_child(child, NULL, NULL, &result, err);

    (void)inst;
    (void)op;
    if (rc == 0) {
        if (ret_status != NULL)
            *ret_status = result.status;
        if (ret_output_len != NULL)
            *ret_output_len = result.out_len;
        if (ret_output != NULL) {
            *ret_output = result.out;
            result.out = NULL;
        }
    }
    run_result_free(&result);
    return rc;
}

static void
host_event(struct cairn_instance *inst, const struct cairn_event *event)
{
    pthread_mutex_lock(&inst->lock);
    if (inst->seen_len < EVENTS_MAX) {
        struct seen *seen = &inst->seen[inst->seen_len++];

        seen->type = event->type;
        seen->value = event->value;
        snprintf(seen->object, sizeof seen->object, "%s", event->object != NULL ? event->object : "");
    }
    pthread_cond_broadcast(&inst->came);
    pthread_mutex_unlock(&inst->lock);
}

static int32_t
host_emit(struct cairn_sink *sink, const void *item)
{
    if ((sink->count + 1) * sink->item_size > sizeof sink->items)
        return 1;
    memcpy(sink->items + sink->count++ * sink->item_size, item, sink->item_size);
    return 0;
}

/* -- life cycle -------------------------------------------------------------------------------------------------------------------- */

static int
read_settings(struct test_host *host, struct cairn_error *err)
{
    struct cairn_instance *inst = &host->instance;

    for (size_t i = 0; inst->driver->keys[i] != NULL; i++) {
        const struct cairn_key *key = inst->driver->keys[i];
        const char *text = key->dflt;

        for (const char *const *s = inst->settings; s != NULL && *s != NULL; s += 2)
            if (strcmp(*s, key->name) == 0)
                text = s[1];
        if (text != NULL && config_parse_value(key, text, host->state_dir, &inst->strings[i], &inst->ints[i], err) < 0)
            return -1;
    }
    return 0;
}

static int
load(struct test_host *host, const char *module, struct cairn_error *err)
{
    cairn_entry_fn entry;
    const struct cairn_driver *driver;

    host->module = dlopen(module, RTLD_NOW | RTLD_LOCAL);
    if (host->module == NULL)
        return cairn_fail(err, CAIRN_NOT_FOUND, "%s", dlerror());
    *(void **)&entry = dlsym(host->module, CAIRN_ENTRY_SYMBOL);
    if (entry == NULL)
        return cairn_fail(err, CAIRN_INVALID, "%s exports no driver", module);
    driver = entry();
    if (driver->kind != CAIRN_COMPUTE || driver->abi != CAIRN_ABI || driver->table_size < sizeof(struct cairn_compute_driver))
        return cairn_fail(err, CAIRN_INVALID, "%s is no compute driver of this ABI", module);
    host->instance.driver = (const struct cairn_compute_driver *)(const void *)driver;
    return 0;
}

struct test_host *
test_host_open(const char *module, const char *dir, const char *cloud_id, const char *const *settings, struct cairn_error *err)
{
    struct test_host *host = calloc(1, sizeof *host);

    if (host == NULL)
        abort();
    pthread_mutex_init(&host->instance.lock, NULL);
    pthread_cond_init(&host->instance.came, NULL);
    host->instance.settings = settings;
    snprintf(host->state_dir, sizeof host->state_dir, "%s/state", dir);
    snprintf(host->run_dir, sizeof host->run_dir, "%s/run", dir);
    mkdir(host->state_dir, 0755);
    mkdir(host->run_dir, 0755);
    host->host = (struct cairn_host){
        .size = sizeof host->host, .abi = CAIRN_ABI, .instance = &host->instance, .name = "test", .cloud_id = cloud_id, .host_name = "test",
        .state_dir = host->state_dir, .run_dir = host->run_dir, .log = host_log, .get_string = host_get_string, .get_int = host_get_int,
        .progress = host_progress, .cancelled = host_cancelled, .run = host_run, .event = host_event, .emit = host_emit,
    };
    if (load(host, module, err) < 0 || read_settings(host, err) < 0 || host->instance.driver->configure(&host->host, &host->self, err) < 0 ||
        host->instance.driver->start(host->self, err) < 0) {
        if (host->self != NULL)
            host->instance.driver->destroy(host->self);
        host->self = NULL;
        test_host_close(host);
        return NULL;
    }
    return host;
}

void
test_host_close(struct test_host *host)
{
    if (host == NULL)
        return;
    if (host->self != NULL) {
        host->instance.driver->stop(host->self);
        host->instance.driver->destroy(host->self);
    }
    for (size_t i = 0; i < sizeof host->instance.strings / sizeof host->instance.strings[0]; i++)
        free(host->instance.strings[i]);
    if (host->module != NULL)
        dlclose(host->module);
    pthread_cond_destroy(&host->instance.came);
    pthread_mutex_destroy(&host->instance.lock);
    free(host);
}

const struct cairn_compute_driver *
test_host_driver(const struct test_host *host)
{
    return host->instance.driver;
}

void *
test_host_self(const struct test_host *host)
{
    return host->self;
}

const char *
test_host_state_dir(const struct test_host *host)
{
    return host->state_dir;
}

/* -- events ------------------------------------------------------------------------------------------------------------------------ */

static int
seen_already(const struct cairn_instance *inst, uint32_t type, const char *object, int64_t value)
{
    for (size_t i = 0; i < inst->seen_len; i++)
        if (inst->seen[i].type == type && (object == NULL || strcmp(inst->seen[i].object, object) == 0) &&
            (value == -1 || inst->seen[i].value == value))
            return 1;
    return 0;
}

int
test_host_saw(struct test_host *host, uint32_t type, const char *object, int64_t value, int timeout_ms)
{
    struct cairn_instance *inst = &host->instance;
    struct timespec until;
    int found;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += timeout_ms % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&inst->lock);
    while (!(found = seen_already(inst, type, object, value)) && pthread_cond_timedwait(&inst->came, &inst->lock, &until) == 0)
        continue;
    pthread_mutex_unlock(&inst->lock);
    return found;
}

void
test_host_forget(struct test_host *host)
{
    pthread_mutex_lock(&host->instance.lock);
    host->instance.seen_len = 0;
    pthread_mutex_unlock(&host->instance.lock);
}
