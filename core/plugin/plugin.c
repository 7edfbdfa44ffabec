/* plugin.c: the register of instances: load, reload by draining, unload, and who asks for them. */
#include <config.h>
#define LOG_MODULE "plugin"
#include "plugin/plugin.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "plugin/internal.h"

enum { INSTANCE_MAX_LEN = 64, CLOSE_WAIT_MS = 10000, EACH_MAX = 256 };

int
plugins_open(const struct plugins_options *options, struct plugins **ret, struct cairn_error *err)
{
    struct plugins *p;

    if (options->state_dir == NULL || options->run_dir == NULL || options->cloud_id == NULL || options->host_name == NULL)
        return cairn_fail(err, CAIRN_INVALID, "drivers need a state folder, a run folder, the cloud's id and the host's name");
    p = xcalloc(1, sizeof *p);
    p->options = *options;
    p->config = options->config;
    p->options.path = xstrdup(options->path);
    p->options.cloud_id = xstrdup(options->cloud_id);
    p->options.host_name = xstrdup(options->host_name);
    p->options.state_dir = xstrdup(options->state_dir);
    p->options.run_dir = xstrdup(options->run_dir);
    mutex_init(&p->lock);
    cond_init(&p->drained);
    mutex_init(&p->calls_lock);
    cond_init(&p->watch);
    watchdog_start(p);
    *ret = p;
    return 0;
}

void
plugins_close(struct plugins *p)
{
    struct driver *all;
    int64_t until;
    unsigned left;

    if (p == NULL)
        return;
    mutex_lock(&p->lock);
    all = p->drivers;
    p->drivers = NULL;
    mutex_unlock(&p->lock);
    while (all != NULL) {
        struct driver *next = all->next;

        driver_put(all);
        all = next;
    }
    until = clock_mono_ms() + CLOSE_WAIT_MS;
    mutex_lock(&p->lock);
    while (p->alive > 0 && clock_mono_ms() < until)
        cond_wait_ms(&p->drained, &p->lock, until - clock_mono_ms());
    left = p->alive;
    mutex_unlock(&p->lock);
    watchdog_stop(p);
    if (left > 0) {
        /* Code stays mapped, and its data in place, while a thread may run in it: the process is about to end anyway. */
        log_error("%u driver instance%s still in use: left as they are", left, left > 1 ? "s are" : " is");
        return;
    }
    mutex_destroy(&p->lock);
    mutex_destroy(&p->calls_lock);
    cond_destroy(&p->drained);
    cond_destroy(&p->watch);
    free((char *)p->options.path);
    free((char *)p->options.cloud_id);
    free((char *)p->options.host_name);
    free((char *)p->options.state_dir);
    free((char *)p->options.run_dir);
    free(p);
}

void
plugins_set_config(struct plugins *p, const struct config *config)
{
    mutex_lock(&p->lock);
    p->config = config;
    mutex_unlock(&p->lock);
}

static const struct config *
present_config(struct plugins *p)
{
    const struct config *config;

    mutex_lock(&p->lock);
    config = p->config;
    mutex_unlock(&p->lock);
    return config;
}

/* It names folders, log modules and metrics. */
static int
check_instance_name(const char *instance, struct cairn_error *err)
{
    size_t len = strlen(instance);

    if (len == 0 || len > INSTANCE_MAX_LEN || instance[0] == '.' || instance[0] == '-' ||
        strspn(instance, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != len)
        return cairn_fail(err, CAIRN_INVALID, "'%.80s' is no name for an instance: letters, digits, '_', '.', '-', at most %d", instance,
                          INSTANCE_MAX_LEN);
    return 0;
}

static struct driver **find(struct plugins *p, uint32_t kind, const char *instance) REQUIRES(p->lock);
static struct driver **
find(struct plugins *p, uint32_t kind, const char *instance)
{
    struct driver **at = &p->drivers;

    while (*at != NULL && ((*at)->kind != kind || (instance != NULL && strcmp((*at)->instance, instance) != 0)))
        at = &(*at)->next;
    return at;
}

/* Opens the module that 'driver_name' (a name or an absolute path) means and makes an instance of it. */
static int
make(struct plugins *p, uint32_t kind, const char *driver_name, const char *instance, const struct instance_source *source,
     struct driver **ret, struct cairn_error *err)
{
    CLEANUP_FREE char *file = NULL;
    int by_path = driver_name[0] == '/';
    struct module *m;

    if (check_instance_name(instance, err) < 0)
        return -1;
    if (by_path)
        file = xstrdup(driver_name);
    else if (search_find(p->options.path, kind, driver_name, &file, err) < 0)
        return -1;
    if (module_open(file, kind, by_path ? NULL : driver_name, &m, err) < 0)
        return -1;
    return instance_new(p, m, instance, source, ret, err);     /* takes the module in any case */
}

/* Puts it at the end of the register, or in the place of the instance of its name when 'replace'. */
static int
enlist(struct plugins *p, struct driver *d, int replace, struct cairn_error *err)
{
    struct driver **at, *old;

    mutex_lock(&p->lock);
    at = find(p, d->kind, d->instance);
    old = *at;
    if (old != NULL && !replace) {
        mutex_unlock(&p->lock);
        cairn_fail(err, CAIRN_EXISTS, "there is a %s driver '%s' already", kind_name(d->kind), d->instance);
        driver_put(d);
        return -1;
    }
    d->next = old != NULL ? old->next : NULL;
    *at = d;
    mutex_unlock(&p->lock);
    driver_put(old);
    return 0;
}

static int
load_section(struct plugins *p, uint32_t kind, const char *section, const char *instance, int replace, struct cairn_error *err)
{
    const struct config *config = present_config(p);
    const struct instance_source source = { section, NULL };
    const char *name = config != NULL ? config_raw(config, section, "driver") : NULL;
    struct driver *d;

    if (name == NULL || name[0] == '\0')
        return cairn_fail(err, CAIRN_INVALID, "section [%s] needs \"driver = NAME\"", section);
    if (make(p, kind, name, instance, &source, &d, err) < 0)
        return cairn_error_context(err, "[%s]", section);
    return enlist(p, d, replace, err);
}

/* Says no before anything is loaded; enlist() says it again should two loads race. */
static int
refuse_known(struct plugins *p, uint32_t kind, const char *instance, struct cairn_error *err)
{
    int known;

    mutex_lock(&p->lock);
    known = *find(p, kind, instance) != NULL;
    mutex_unlock(&p->lock);
    return known ? cairn_fail(err, CAIRN_EXISTS, "there is a %s driver '%s' already", kind_name(kind), instance) : 0;
}

int
plugins_load(struct plugins *p, uint32_t kind, const char *section, const char *instance, struct cairn_error *err)
{
    return refuse_known(p, kind, instance, err) < 0 ? -1 : load_section(p, kind, section, instance, 0, err);
}

int
plugins_load_with(struct plugins *p, uint32_t kind, const char *driver_name, const char *instance, const struct cairn_pair *settings,
                  size_t count, struct cairn_error *err)
{
    CLEANUP_FREE const char **pairs = xcalloc(2 * count + 3, sizeof *pairs);
    const struct instance_source source = { NULL, pairs + 1 };
    struct driver *d;

    if (refuse_known(p, kind, instance, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        pairs[2 * i + 1] = settings[i].name;
        pairs[2 * i + 2] = settings[i].value;
    }
    if (make(p, kind, driver_name, instance, &source, &d, err) < 0)
        return -1;
    return enlist(p, d, 0, err);
}

struct load_all { struct plugins *p; uint32_t kind; struct cairn_error *err; int failed; };

static void
load_one(void *arg, const char *section, const char *instance)
{
    struct load_all *all = arg;
    const char *enabled = config_raw(present_config(all->p), section, "enabled");
    int on = 1;

    if (all->failed)
        return;
    if (enabled != NULL && str_to_bool(enabled, &on) < 0) {
        cairn_fail(all->err, CAIRN_INVALID, "[%s]: enabled = '%s' is neither yes nor no", section, enabled);
        all->failed = 1;
    } else if (on) {
        all->failed = plugins_load(all->p, all->kind, section, instance, all->err) < 0;
    }
}

int
plugins_load_all(struct plugins *p, struct cairn_error *err)
{
    static const uint32_t kinds[] = { CAIRN_COMPUTE, CAIRN_STORAGE, CAIRN_NETWORK, CAIRN_AUTH };
    struct load_all all = { p, 0, err, 0 };

    for (size_t i = 0; i < ARRAY_LEN(kinds) && !all.failed; i++) {
        all.kind = kinds[i];
        config_each_instance(present_config(p), kind_name(kinds[i]), load_one, &all);
    }
    return all.failed ? -1 : 0;
}

int
plugins_reload(struct plugins *p, uint32_t kind, const char *instance, struct cairn_error *err)
{
    CLEANUP_DRIVER struct driver *old = plugins_get(p, kind, instance);
    const struct instance_source source = { NULL, old != NULL ? (const char *const *)old->pairs : NULL };
    struct driver *d;

    if (old == NULL || instance == NULL)
        return cairn_fail(err, CAIRN_NOT_FOUND, "there is no %s driver '%s'", kind_name(kind), instance != NULL ? instance : "");
    if (old->section != NULL)
        return load_section(p, kind, old->section, instance, 1, err);
    if (make(p, kind, old->module->file, instance, &source, &d, err) < 0)
        return -1;
    return enlist(p, d, 1, err);
}

int
plugins_unload(struct plugins *p, uint32_t kind, const char *instance, struct cairn_error *err)
{
    struct driver **at, *d = NULL;

    mutex_lock(&p->lock);
    at = find(p, kind, instance);
    d = *at;
    if (d != NULL)
        *at = d->next;
    mutex_unlock(&p->lock);
    if (d == NULL)
        return cairn_fail(err, CAIRN_NOT_FOUND, "there is no %s driver '%s'", kind_name(kind), instance != NULL ? instance : "");
    driver_put(d);
    return 0;
}

struct driver *
plugins_get(struct plugins *p, uint32_t kind, const char *instance)
{
    struct driver *d;

    mutex_lock(&p->lock);
    d = *find(p, kind, instance);
    if (d != NULL)
        driver_ref(d);
    mutex_unlock(&p->lock);
    return d;
}

void
plugins_each(struct plugins *p, uint32_t kind, int (*fn)(void *arg, struct driver *d), void *arg)
{
    struct driver *some[EACH_MAX];
    size_t count = 0;
    int done = 0;

    mutex_lock(&p->lock);
    for (struct driver *d = p->drivers; d != NULL && count < EACH_MAX; d = d->next)
        if (d->kind == kind)
            some[count++] = driver_ref(d);
    mutex_unlock(&p->lock);
    for (size_t i = 0; i < count; i++) {
        if (!done)
            done = fn(arg, some[i]);
        driver_put(some[i]);
    }
}

struct metric { const char *name, *help, *type; };
enum { M_CALLS, M_ERRORS, M_SECONDS, M_RUNNING, M_OVERDUE };
static const struct metric metrics[] = {
    [M_CALLS]   = { "cairn_driver_calls_total", "Driver calls that ended.", "counter" },
    [M_ERRORS]  = { "cairn_driver_errors_total", "Driver calls that failed.", "counter" },
    [M_SECONDS] = { "cairn_driver_seconds_total", "Time spent in driver calls.", "counter" },
    [M_RUNNING] = { "cairn_driver_running", "Driver calls that run now.", "gauge" },
    [M_OVERDUE] = { "cairn_driver_overdue_total", "Driver calls that overran their deadline.", "counter" },
};

struct metric_pass { struct str *out; unsigned metric; };

static int
metrics_of(void *arg, struct driver *d)
{
    struct metric_pass *pass = arg;

    for (unsigned i = 0; i < d->info->count; i++) {
        const struct op_stats *s = &d->stats[i];
        double value = 0;

        if (s->calls == 0 && s->running == 0 && s->overdue == 0)
            continue;
        switch (pass->metric) {
        case M_CALLS:   value = (double)s->calls; break;
        case M_ERRORS:  value = (double)s->errors; break;
        case M_SECONDS: value = (double)s->total_us / 1e6; break;
        case M_RUNNING: value = (double)s->running; break;
        case M_OVERDUE: value = (double)s->overdue; break;
        }
        str_addf(pass->out, "%s{kind=\"%s\",instance=\"%s\",operation=\"%s\"} %.*f\n", metrics[pass->metric].name, d->info->name,
                 d->instance, d->info->ops[i].name, pass->metric == M_SECONDS ? 6 : 0, value);
    }
    return 0;
}

void
plugins_metrics(struct plugins *p, struct str *out)
{
    struct metric_pass pass = { out, 0 };

    for (pass.metric = 0; pass.metric < ARRAY_LEN(metrics); pass.metric++) {
        str_addf(out, "# HELP %s %s\n# TYPE %s %s\n", metrics[pass.metric].name, metrics[pass.metric].help, metrics[pass.metric].name,
                 metrics[pass.metric].type);
        for (uint32_t kind = CAIRN_COMPUTE; kind <= CAIRN_AUTH; kind++)
            plugins_each(p, kind, metrics_of, &pass);
    }
}
