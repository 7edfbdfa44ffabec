/* instance.c: the life of one instance: settings, folders, configure, start (again, if it could not), stop after the last reference. */
#include <config.h>
#define LOG_MODULE "plugin"
#include "plugin/internal.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/tree.h"

enum { START_RETRY_MS = 5000, PAIRS_MAX = 512 };

static const struct cairn_key *
find_key(const struct cairn_key *const *keys, const char *name, size_t *ret_index)
{
    for (size_t i = 0; keys != NULL && keys[i] != NULL; i++)
        if (strcmp(keys[i]->name, name) == 0) {
            *ret_index = i;
            return keys[i];
        }
    return NULL;
}

static int
unknown_key(const struct driver *d, const char *name, struct cairn_error *err)
{
    const struct cairn_key *const *keys = d->module->table->keys;
    const char *names[256], *near;
    size_t count = 0;

    for (; keys != NULL && keys[count] != NULL && count < ARRAY_LEN(names); count++)
        names[count] = keys[count]->name;
    near = str_nearest(name, names, count);
    return cairn_fail(err, CAIRN_INVALID, "%s plugin '%s' has no setting '%s'%s%s%s", kind_name(d->kind), d->module->table->name, name,
                      near != NULL ? "; do you mean '" : "", near != NULL ? near : "", near != NULL ? "'?" : "");
}

static int
put_setting(struct driver *d, const char *name, const char *text, struct cairn_error *err)
{
    size_t i = 0;
    const struct cairn_key *key = find_key(d->module->table->keys, name, &i);

    if (key == NULL)
        return unknown_key(d, name, err);
    free(steal(&d->settings[i].text));
    return config_parse_value(key, text, d->set->options.state_dir, &d->settings[i].text, &d->settings[i].number, err);
}

static int
settings_of_pairs(struct driver *d, const char *const *pairs, struct cairn_error *err)
{
    const struct cairn_key *const *keys = d->module->table->keys;
    size_t count = 0, pairs_count = 0;

    while (pairs[pairs_count] != NULL)
        pairs_count++;
    d->pairs = xcalloc(pairs_count + 1, sizeof *d->pairs);
    for (size_t i = 0; i < pairs_count; i++)
        d->pairs[i] = xstrdup(pairs[i]);
    while (keys != NULL && keys[count] != NULL)
        count++;
    d->settings = xcalloc(count + 1, sizeof *d->settings);
    for (size_t i = 0; i < count; i++)
        if (keys[i]->dflt != NULL && put_setting(d, keys[i]->name, keys[i]->dflt, err) < 0)
            return -1;
    for (size_t i = 0; i < pairs_count; i += 2)
        if (put_setting(d, pairs[i], pairs[i + 1], err) < 0)
            return cairn_error_context(err, "%s '%s'", kind_name(d->kind), d->instance);
    for (size_t i = 0; i < count; i++)
        if ((keys[i]->flags & CAIRN_KEY_REQUIRED) != 0 && d->settings[i].text == NULL)
            return cairn_fail(err, CAIRN_INVALID, "%s '%s' needs the setting '%s': %s", kind_name(d->kind), d->instance, keys[i]->name,
                              keys[i]->help);
    return 0;
}

static int
read_settings(struct driver *d, const struct instance_source *source, struct cairn_error *err)
{
    const struct config *config;

    if (source->section == NULL)
        return settings_of_pairs(d, source->pairs, err);
    d->section = xstrdup(source->section);
    mutex_lock(&d->set->lock);
    config = d->set->config;
    mutex_unlock(&d->set->lock);
    return config_check(config, source->section, d->module->table->keys, d->set->options.state_dir, &d->values, err);
}

/* What instance_new() has made so far, or all of it.  Nobody else knows it any more. */
static void
instance_free(struct driver *d)
{
    const struct cairn_driver *table = d->module->table;
    const struct cairn_key *const *keys = table->keys;
    struct plugins *p = d->set;

    if (d->started == START_DONE && table->stop != NULL)
        table->stop(d->self);
    if (d->self != NULL && table->destroy != NULL)
        table->destroy(d->self);
    config_values_free(d->values);
    for (size_t i = 0; d->settings != NULL && keys != NULL && keys[i] != NULL; i++)
        free(d->settings[i].text);
    for (size_t i = 0; d->pairs != NULL && d->pairs[i] != NULL; i++)
        free(d->pairs[i]);
    module_close(d->module);
    free(d->settings);
    free(d->pairs);
    free(d->stats);
    free(d->instance);
    free(d->section);
    free(d->label);
    free(d->state_dir);
    free(d->run_dir);
    mutex_destroy(&d->lock);
    free(d);
    mutex_lock(&p->lock);
    p->alive--;
    cond_broadcast(&p->drained);
    mutex_unlock(&p->lock);
}

struct driver *
driver_ref(struct driver *d)
{
    atomic_fetch_add(&d->refs, 1);
    return d;
}

void
driver_put(struct driver *d)
{
    if (d != NULL && atomic_fetch_sub(&d->refs, 1) == 1) {
        log_debug("stopping %s", d->label);
        instance_free(d);
    }
}

/* Runs start() as a call like any other.  No lock is held meanwhile; 'started' keeps others away. */
static int
start_once(struct driver *d, struct cairn_error *err)
{
    struct call call;

    if (d->module->table->start == NULL)
        return 0;
    if (call_begin(&call, d, OP_START, NULL, NULL, 0, err) < 0)
        return -1;
    return call_end(&call, d->module->table->start(d->self, &call.err), err);
}

static int
not_ready(struct driver *d, const char *why, struct cairn_error *err)
{
    return cairn_fail(err, CAIRN_UNAVAILABLE, "%s driver '%s' is not ready: %s", kind_name(d->kind), d->instance, why);
}

int
instance_ready(struct driver *d, struct cairn_error *err)
{
    struct cairn_error why = CAIRN_ERROR_INIT;
    int rc;

    if (atomic_load_explicit(&d->started, memory_order_acquire) == START_DONE)
        return 0;
    mutex_lock(&d->lock);
    if (d->started == START_NOT && clock_mono_ms() >= d->retry_ms) {
        d->started = START_RUNNING;
        mutex_unlock(&d->lock);
        rc = start_once(d, &why);
        mutex_lock(&d->lock);
        d->started = rc == 0 ? START_DONE : START_NOT;
        d->start_error = why;
        d->retry_ms = clock_mono_ms() + START_RETRY_MS;
        if (rc == 0)
            log_info("%s is ready", d->label);
    } else if (d->started == START_RUNNING) {
        snprintf(why.message, sizeof why.message, "it is being started");
    } else {
        why = d->start_error;
    }
    rc = d->started == START_DONE ? 0 : -1;
    mutex_unlock(&d->lock);
    return rc == 0 ? 0 : not_ready(d, why.message, err);
}

static int
configure(struct driver *d, const struct instance_source *source, struct cairn_error *err)
{
    const struct cairn_driver *table = d->module->table;
    uint32_t code;

    if (tree_make(d->state_dir, 0700, err) < 0 || tree_make(d->run_dir, 0700, err) < 0 || read_settings(d, source, err) < 0)
        return -1;
    if (table->configure != NULL && table->configure(&d->host, &d->self, err) < 0)
        return cairn_error_context(err, "%s driver '%s'", kind_name(d->kind), d->instance);
    if (instance_ready(d, err) == 0)
        return 0;
    mutex_lock(&d->lock);
    code = d->start_error.code;
    if (code != CAIRN_UNAVAILABLE && code != CAIRN_TIMEOUT && err != NULL)
        *err = d->start_error;
    mutex_unlock(&d->lock);
    if (code != CAIRN_UNAVAILABLE && code != CAIRN_TIMEOUT)
        return cairn_error_context(err, "cannot start the %s driver '%s'", kind_name(d->kind), d->instance);
    log_warn("%s; it is tried again when it is needed", err != NULL ? err->message : d->label);
    cairn_error_clear(err);
    return 0;
}

int
instance_new(struct plugins *p, struct module *m, const char *instance, const struct instance_source *source, struct driver **ret,
             struct cairn_error *err)
{
    struct driver *d = xcalloc(1, sizeof *d);
    struct cairn_error why = CAIRN_ERROR_INIT;

    d->set = p;
    d->module = m;
    d->kind = m->kind;
    d->info = kind_info(m->kind);
    d->instance = xstrdup(instance);
    d->label = xasprintf("%s:%s", d->info->name, instance);
    d->state_dir = xasprintf("%s/%s/%s", p->options.state_dir, d->info->name, instance);
    d->run_dir = xasprintf("%s/%s/%s", p->options.run_dir, d->info->name, instance);
    d->stats = xcalloc(d->info->count, sizeof *d->stats);
    d->refs = 1;
    mutex_init(&d->lock);
    host_fill(d);
    mutex_lock(&p->lock);
    p->alive++;
    mutex_unlock(&p->lock);
    if (configure(d, source, &why) < 0) {
        if (err != NULL)
            *err = why;
        instance_free(d);
        return -1;
    }
    log_info("loaded %s: driver %s %s from '%s'", d->label, m->table->name, m->table->version != NULL ? m->table->version : "", m->file);
    *ret = d;
    return 0;
}

const char *
driver_instance(const struct driver *d)
{
    return d->instance;
}

const struct cairn_driver *
driver_table(const struct driver *d)
{
    return d->module->table;
}

void *
driver_self(const struct driver *d)
{
    return d->self;
}

uint64_t
driver_capabilities(const struct driver *d)
{
    return d->module->table->capabilities;
}

static int
ask_health(struct driver *d, struct cairn_health *ret, struct cairn_error *err)
{
    struct cairn_health health = { .size = sizeof health };
    struct call call;
    int rc;

    if (d->module->table->health == NULL) {
        ret->ok = 1;
        snprintf(ret->text, sizeof ret->text, "%s", d->module->table->description != NULL ? d->module->table->description : "");
        return 0;
    }
    if (call_begin(&call, d, OP_HEALTH, NULL, NULL, 0, err) < 0)
        return -1;
    rc = d->module->table->health(d->self, &health, &call.err);
    if (!text_ok(health.text, sizeof health.text, 1))
        call_rubbish(&call, &rc, "a text that is not printable or does not end");
    if (call_end(&call, rc, err) < 0)
        return -1;
    *ret = health;
    return 0;
}

int
driver_health(struct driver *d, struct cairn_health *ret, struct cairn_error *err)
{
    unsigned overdue = atomic_load(&d->overdue);
    struct cairn_error why = CAIRN_ERROR_INIT;

    memset(ret, 0, sizeof *ret);
    ret->size = sizeof *ret;
    if (overdue > 0) {
        snprintf(ret->text, sizeof ret->text, "%u call%s overran the deadline and did not come back", overdue, overdue > 1 ? "s" : "");
        return 0;
    }
    if (instance_ready(d, &why) < 0) {
        snprintf(ret->text, sizeof ret->text, "%.240s", why.message);
        return 0;
    }
    return ask_health(d, ret, err);
}
