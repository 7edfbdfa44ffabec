/* host.c: the services that a driver gets from the daemon: struct cairn_host. */
#include <config.h>
#include "plugin/internal.h"

#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/run.h"
#include "base/str.h"

enum { CHILD_TIMEOUT_MS = 60000 };     /* outside any operation */

/* struct cairn_instance is the driver's name for struct driver. */
static struct driver *
of(struct cairn_instance *inst)
{
    return (struct driver *)(void *)inst;
}

static void
host_log(struct cairn_instance *inst, uint32_t level, const char *fmt, ...)
{
    char text[2048];
    va_list ap;

    if (level > CAIRN_LOG_DEBUG)
        level = CAIRN_LOG_DEBUG;
    if (!log_enabled(of(inst)->label, level))
        return;
    va_start(ap, fmt);
    if (vsnprintf(text, sizeof text, fmt, ap) < 0)
        text[0] = '\0';
    va_end(ap);
    log_write(of(inst)->label, level, "%s", text);
}

/* The key's place in the table; -1: the driver asks for what it has not declared. */
static int
key_index(const struct driver *d, const char *name)
{
    const struct cairn_key *const *keys = d->module->table->keys;

    for (int i = 0; keys != NULL && keys[i] != NULL; i++)
        if (strcmp(keys[i]->name, name) == 0)
            return i;
    log_write(d->label, CAIRN_LOG_ERROR, "the driver asks for the setting '%s', which is not in its table of keys", name);
    return -1;
}

static const char *
host_get_string(struct cairn_instance *inst, const char *key)
{
    struct driver *d = of(inst);
    int i = key_index(d, key);

    if (i < 0)
        return NULL;
    return d->values != NULL ? config_values_string(d->values, key) : d->settings[i].text;
}

static int64_t
host_get_int(struct cairn_instance *inst, const char *key)
{
    struct driver *d = of(inst);
    int i = key_index(d, key);

    if (i < 0)
        return 0;
    return d->values != NULL ? config_values_int(d->values, key) : d->settings[i].number;
}

/* Operations without a parameter 'op' pass NULL: then it is the thread's own call that is meant. */
static struct cairn_op *
meant(struct cairn_op *op)
{
    struct call *c = call_current();

    return op != NULL ? op : c != NULL ? &c->op : NULL;
}

static void
host_progress(struct cairn_op *op, double fraction)
{
    op = meant(op);
    if (op != NULL && op->progress != NULL)
        op->progress(op->arg, fraction >= 1 ? 1 : fraction > 0 ? fraction : 0);
}

static uint32_t
host_cancelled(struct cairn_op *op)
{
    op = meant(op);
    return op != NULL && op->cancelled != NULL && op->cancelled(op->arg) ? 1 : 0;
}

static int
op_cancelled(void *arg)
{
    struct cairn_op *op = arg;

    return op != NULL && op->cancelled != NULL && op->cancelled(op->arg);
}

static uint32_t
time_left(const struct cairn_op *op)
{
    struct call *c = call_current();
    int64_t left;

    if (c == NULL)
        return op != NULL && op->timeout_ms > 0 ? op->timeout_ms : CHILD_TIMEOUT_MS;
    left = c->deadline_ms - clock_mono_ms();
    return left < 1 ? 1 : left > UINT32_MAX ? UINT32_MAX : (uint32_t)left;
}

static int
host_run(struct cairn_instance *inst, struct cairn_op *op, const struct cairn_child *child, char **ret_output, size_t *ret_output_len,
         int32_t *ret_status, struct cairn_error *err)
{
    struct cairn_child own = { 0 };
    struct run_result result = { 0 };

    (void)inst;
    memcpy(&own, child, child->size < sizeof own ? child->size : sizeof own);
    own.size = sizeof own;
    if (own.argv == NULL || own.argv[0] == NULL)
        return cairn_fail(err, CAIRN_INVALID, "the driver asked to run a child without a program");
    op = meant(op);
    if (own.timeout_ms == 0)
        own.timeout_ms = time_left(op);
    if (run_child(&own, op_cancelled, op, &result, err) < 0) {
        run_result_free(&result);
        return -1;
    }
    if (ret_output != NULL)
        *ret_output = result.out != NULL ? steal(&result.out) : xstrdup("");
    if (ret_output_len != NULL)
        *ret_output_len = result.out_len;
    if (ret_status != NULL)
        *ret_status = result.status;
    run_result_free(&result);
    return 0;
}

static void
host_event(struct cairn_instance *inst, const struct cairn_event *event)
{
    struct driver *d = of(inst);
    const struct plugins_options *options = &d->set->options;
    struct cairn_event own = { 0 };

    if (event->size < offsetof(struct cairn_event, object)) {
        log_write(d->label, CAIRN_LOG_ERROR, "the driver reported an event of %u bytes: ignored", event->size);
        return;
    }
    memcpy(&own, event, event->size < sizeof own ? event->size : sizeof own);
    own.size = sizeof own;
    if (options->event != NULL)
        options->event(options->event_arg, d, &own);
}

static int32_t
host_emit(struct cairn_sink *sink, const void *item)
{
    return sink->fn(sink->arg, item) != 0;
}

void
host_fill(struct driver *d)
{
    d->host = (struct cairn_host){
        .size = sizeof d->host,
        .abi = CAIRN_ABI,
        .instance = (struct cairn_instance *)(void *)d,
        .name = d->instance,
        .cloud_id = d->set->options.cloud_id,
        .host_name = d->set->options.host_name,
        .state_dir = d->state_dir,
        .run_dir = d->run_dir,
        .log = host_log,
        .get_string = host_get_string,
        .get_int = host_get_int,
        .progress = host_progress,
        .cancelled = host_cancelled,
        .run = host_run,
        .event = host_event,
        .emit = host_emit,
    };
}
