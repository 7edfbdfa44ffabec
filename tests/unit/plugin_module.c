/* plugin_module.c: a compute driver that is wrong in the way that the environment asks for; the loader's test feeds on it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cairn/compute.h>

#include "plugin_module.h"

static int
test_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    struct test_self *self = calloc(1, sizeof *self);

    if (self == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no memory");
    self->host = host;
    self->fail_starts = (int)host->get_int(host->instance, "fail_starts");
    pthread_mutex_init(&self->lock, NULL);
    sem_init(&self->entered, 0, 0);
    sem_init(&self->gate, 0, 0);
    *ret_self = self;
    return 0;
}

static int
test_start(void *arg, struct cairn_error *err)
{
    struct test_self *self = arg;

    if (self->starts++ < self->fail_starts)
        return cairn_fail(err, self->fail_starts == 99 ? CAIRN_DENIED : CAIRN_UNAVAILABLE, "the machine sleeps");
    return 0;
}

static void
test_stop(void *arg)
{
    struct test_self *self = arg;

    if (self->stopped != NULL)
        *self->stopped = 1;
}

static void
test_destroy(void *arg)
{
    struct test_self *self = arg;

    sem_destroy(&self->gate);
    sem_destroy(&self->entered);
    pthread_mutex_destroy(&self->lock);
    free(self);
}

static int
test_info(void *arg, struct cairn_compute_info *ret, struct cairn_error *err)
{
    (void)arg;
    (void)err;
    ret->vcpus = 4;
    ret->ram_bytes = 1 << 30;
    memset(ret->arch, 'x', sizeof ret->arch);   /* does not end */
    return 0;
}

static int
test_list(void *arg, struct cairn_sink *sink, struct cairn_error *err)
{
    struct test_self *self = arg;
    struct cairn_server_state state = { sizeof state, CAIRN_POWER_RUNNING, "one", "" };

    (void)err;
    if (self->host->emit(sink, &state) != 0)
        return 0;
    state.size = offsetof(struct cairn_server_state, reason);   /* of an older build */
    strcpy(state.id, "two");
    strcpy(state.reason, "not part of it");
    if (self->host->emit(sink, &state) != 0)
        return 0;
    if (self->host->get_int(self->host->instance, "rubbish")) {
        state.power = 77;
        self->host->emit(sink, &state);
    }
    return 0;
}

static int
test_state(void *arg, const char *id, struct cairn_server_state *ret, struct cairn_error *err)
{
    (void)arg;
    if (strcmp(id, "rubbish-error") == 0) {
        err->code = 4711;
        memset(err->message, '\xff', sizeof err->message);
        return -1;
    }
    if (strcmp(id, "silent") == 0)
        return -1;
    if (strcmp(id, "positive") == 0)
        return 17;
    snprintf(ret->id, sizeof ret->id, "%s", id);
    ret->power = strcmp(id, "bad-power") == 0 ? 42 : CAIRN_POWER_RUNNING;
    return 0;
}

static int
test_create(void *arg, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err)
{
    struct test_self *self = arg;

    (void)server;
    self->host->progress(op, 7.5);
    if (self->host->cancelled(op))
        return cairn_fail(err, CAIRN_CANCELLED, "called off");
    return 0;
}

static int
test_destroy_server(void *arg, struct cairn_op *op, const char *id, struct cairn_error *err)
{
    struct test_self *self = arg;
    const char *const argv[] = { "sh", "-c", "echo gone", NULL };
    struct cairn_child child = { .size = sizeof child, .argv = argv };
    struct cairn_event event = { .size = sizeof event, .type = CAIRN_EVENT_SERVER_GONE, .object = id };
    char *text = NULL;
    size_t len = 0;
    int32_t status = -1;

    if (self->host->run(self->host->instance, op, &child, &text, &len, &status, err) < 0)
        return -1;
    if (status != 0 || len != 5 || strcmp(text, "gone\n") != 0) {
        free(text);
        return cairn_fail(err, CAIRN_INTERNAL, "the child said something else");
    }
    free(text);
    self->host->event(self->host->instance, &event);
    return 0;
}

static int
test_start_server(void *arg, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err)
{
    (void)arg;
    (void)op;
    (void)server;
    (void)err;
    return 0;
}

static int
test_stop_server(void *arg, struct cairn_op *op, const char *id, uint32_t grace_ms, struct cairn_error *err)
{
    (void)arg;
    (void)op;
    (void)id;
    (void)grace_ms;
    (void)err;
    return 0;
}

static int
test_pause(void *arg, const char *id, struct cairn_error *err)
{
    struct test_self *self = arg;
    size_t len;

    (void)err;
    pthread_mutex_lock(&self->lock);
    self->running++;
    if (self->running > self->most)
        self->most = self->running;
    len = strlen(self->order);
    snprintf(self->order + len, sizeof self->order - len, "%s ", id);
    pthread_mutex_unlock(&self->lock);
    if (strncmp(id, "wait", 4) == 0) {
        sem_post(&self->entered);
        sem_wait(&self->gate);
    }
    pthread_mutex_lock(&self->lock);
    self->running--;
    pthread_mutex_unlock(&self->lock);
    return 0;
}

static const struct cairn_key key_size = CAIRN_KEY("size", CAIRN_KEY_SIZE, "1G", "How large.");
static const struct cairn_key key_fail = CAIRN_KEY("fail_starts", CAIRN_KEY_INT, "0", "How often start() fails.");
static const struct cairn_key key_rubbish = CAIRN_KEY("rubbish", CAIRN_KEY_BOOL, "no", "Lists hold rubbish.");
static const struct cairn_key key_folder = CAIRN_KEY("folder", CAIRN_KEY_PATH, NULL, "Somewhere.");
static const struct cairn_key *const keys[] = { &key_size, &key_fail, &key_rubbish, &key_folder, NULL };

static const struct cairn_key key_bad_name = CAIRN_KEY("Bad Name", CAIRN_KEY_STRING, NULL, "Bad.");
static const struct cairn_key key_bad_default = CAIRN_KEY("count", CAIRN_KEY_INT, "many", "Bad.");
static const struct cairn_key key_reserved = CAIRN_KEY("enabled", CAIRN_KEY_BOOL, NULL, "Bad.");
static const struct cairn_key *const bad_name[] = { &key_bad_name, NULL };
static const struct cairn_key *const bad_default[] = { &key_bad_default, NULL };
static const struct cairn_key *const reserved[] = { &key_reserved, NULL };
static const struct cairn_key *const twice[] = { &key_size, &key_size, NULL };

static struct cairn_compute_driver table = {
    CAIRN_DRIVER_HEAD(CAIRN_COMPUTE, "test", struct cairn_compute_driver),
    .version = "1",
    .description = "a driver for tests",
    .threads = CAIRN_THREADS_PER_OBJECT,
    .keys = keys,
    .capabilities = CAIRN_COMPUTE_CAN_PAUSE,
    .configure = test_configure,
    .start = test_start,
    .stop = test_stop,
    .destroy = test_destroy,
    .host_info = test_info,
    .server_list = test_list,
    .server_state = test_state,
    .server_create = test_create,
    .server_destroy = test_destroy_server,
    .server_start = test_start_server,
    .server_stop = test_stop_server,
    .server_pause = test_pause,
    .server_unpause = test_pause,
};

CAIRN_PUBLIC const struct cairn_driver *cairn_driver_entry(void);
CAIRN_PUBLIC const struct cairn_driver *
cairn_driver_entry(void)
{
    const char *how = getenv("CAIRN_TEST_TABLE");

    if (how == NULL)
        how = "";
    if (strcmp(how, "null") == 0)
        return NULL;
    if (strcmp(how, "abi") == 0)
        table.abi = 99;
    if (strcmp(how, "size") == 0)
        table.table_size = 12;
    if (strcmp(how, "older") == 0)
        table.table_size = offsetof(struct cairn_compute_driver, server_unpause);
    if (strcmp(how, "kind") == 0)
        table.kind = 77;
    if (strcmp(how, "name") == 0)
        table.name = "Test Driver";
    if (strcmp(how, "other-name") == 0)
        table.name = "prova";
    if (strcmp(how, "threads") == 0)
        table.threads = 9;
    if (strcmp(how, "serial") == 0)
        table.threads = CAIRN_THREADS_SERIAL;
    if (strcmp(how, "key-name") == 0)
        table.keys = bad_name;
    if (strcmp(how, "key-default") == 0)
        table.keys = bad_default;
    if (strcmp(how, "key-reserved") == 0)
        table.keys = reserved;
    if (strcmp(how, "key-twice") == 0)
        table.keys = twice;
    if (strcmp(how, "required") == 0)
        table.server_destroy = NULL;
    if (strcmp(how, "capability") == 0)
        table.capabilities |= CAIRN_COMPUTE_CAN_SUSPEND;
    return (const struct cairn_driver *)(const void *)&table;
}
