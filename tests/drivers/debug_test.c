/* debug_test.c: the core survives drivers that fail, hang, answer late and answer rubbish: the debug drivers do so on command. */
#include "config.h"

#include <pthread.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/str.h"
#include "plugin/compute.h"
#include "plugin/network.h"
#include "plugin/plugin.h"
#include "plugin/storage.h"
#include "../unit/unit.h"

static struct config *config;
static struct plugins *plugins;
static struct driver *compute, *storage, *network;

/* Tells all debug drivers how to behave from now on. */
static void
script(const char *rules)
{
    CLEANUP_FREE char *path = xasprintf("%s/script", scratch), *new = xasprintf("%s/script.new", scratch);
    FILE *file = fopen(new, "we");

    ck_assert_ptr_nonnull(file);
    fputs(rules, file);
    ck_assert(fclose(file) == 0 && rename(new, path) == 0);
}

static struct driver *
load(uint32_t kind)
{
    CLEANUP_FREE char *path = xasprintf("%s/script", scratch);
    const struct cairn_pair setting = { "script", path };
    struct cairn_error err = CAIRN_ERROR_INIT;

    ck_assert_msg(plugins_load_with(plugins, kind, "debug", "d", &setting, 1, &err) == 0, "%s", err.message);
    return plugins_get(plugins, kind, "d");
}

static void
setup(void)
{
    static const struct config_section none[] = { { NULL, NULL, NULL } };
    static const char *const prefixes[] = { "storage", NULL };
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct plugins_options options = { .host_name = "here", .cloud_id = "7b0f6b1e-0d6c-4b8a-9a3e-000000000000" };

    scratch_make();
    options.state_dir = options.run_dir = scratch;
    log_open("/dev/null", CAIRN_LOG_ERROR, NULL);
    ck_assert_int_eq(config_load_text("", "test", none, prefixes, &config, &err), 0);
    options.config = config;
    ck_assert_int_eq(plugins_open(&options, &plugins, &err), 0);
    compute = load(CAIRN_COMPUTE);
    storage = load(CAIRN_STORAGE);
    network = load(CAIRN_NETWORK);
}

static void
teardown(void)
{
    driver_put(compute);
    driver_put(storage);
    driver_put(network);
    plugins_close(plugins);
    config_free(config);
    scratch_drop();
}

static struct cairn_server
server(const char *id)
{
    return (struct cairn_server){ .size = sizeof(struct cairn_server), .vcpus = 1, .ram_bytes = 1 << 27, .id = id, .name = id, .power_on = 1 };
}

START_TEST(a_failure_comes_with_the_code_that_was_asked_for)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct cairn_server s = server("s");

    script("server_create fail no_space 1\n");
    ck_assert_int_eq(compute_server_create(compute, NULL, &s, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_NO_SPACE);
    ck_assert_int_eq(compute_server_create(compute, NULL, &s, &err), 0);        /* once is over */
    script("* fail 10\n");
    ck_assert_int_eq(compute_server_stop(compute, NULL, "s", 0, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_UNAVAILABLE);
    ck_assert_int_eq(storage_volume_delete(storage, NULL, "v", &err), -1);
    ck_assert_int_eq(network_port_unplug(network, "p", &err), -1);
    script("");
    ck_assert_int_eq(compute_server_stop(compute, NULL, "s", 0, &err), 0);
}
END_TEST

/* Each call's answer is spoiled, and the core's wrapper must say CAIRN_INTERNAL, whatever lies in the answer. */
#define RUBBISH(call) do { cairn_error_clear(&err); ck_assert_msg((call) == -1 && err.code == CAIRN_INTERNAL, #call ": %u %s", err.code, err.message); } while (0)

START_TEST(rubbish_is_an_internal_error)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct cairn_server s = server("s");
    struct cairn_server_state state = { .size = sizeof state };
    struct cairn_compute_info info = { .size = sizeof info };
    struct cairn_disk disk = { .size = sizeof disk, .role = CAIRN_DISK_VOLUME, .id = "disk" };
    struct cairn_volume vol = { .size = sizeof vol, .id = "v", .size_bytes = 1 << 20 };
    struct cairn_volume_info volume = { .size = sizeof volume };
    struct cairn_connection conn = { .size = sizeof conn };
    struct cairn_net net = { .size = sizeof net, .type = CAIRN_NET_LOCAL, .mtu = 1500, .id = "n" };
    struct cairn_port port = { .size = sizeof port, .id = "p", .network_id = "n", .mac = "fa:16:3e:00:00:01" };
    struct cairn_nic nic = { .size = sizeof nic };
    struct cairn_stream *stream = NULL;
    char handle[256], target[32], *text = NULL, byte;
    size_t len = 0;
    int32_t fd = -1;

    ck_assert_int_eq(compute_server_create(compute, NULL, &s, &err), 0);
    ck_assert_int_eq(storage_volume_create(storage, NULL, &vol, handle, &err), 0);
    ck_assert_int_eq(network_network_apply(network, &net, &err), 0);
    script("* rubbish\n");
    RUBBISH(compute_host_info(compute, &info, &err));
    RUBBISH(compute_server_state(compute, "s", &state, &err));
    RUBBISH(compute_server_create(compute, NULL, &s, &err));
    RUBBISH(compute_disk_attach(compute, NULL, "s", &disk, target, &err));
    RUBBISH(compute_console_log(compute, "s", 100, &text, &len, &err));
    RUBBISH(storage_volume_create(storage, NULL, &vol, handle, &err));
    RUBBISH(storage_volume_info(storage, "v", &volume, &err));
    RUBBISH(storage_volume_connect(storage, NULL, "v", "here", 0, &conn, &err));
    RUBBISH(storage_image_open(storage, "i", 0, &stream, &err));
    RUBBISH(storage_image_read(storage, "i", 0, &byte, 1, &len, &err));
    RUBBISH(network_port_plug(network, &port, &nic, &err));
    RUBBISH(network_metadata_listen(network, "n", &fd, &err));
}
END_TEST

static int
count_item(void *arg, const void *item)
{
    const struct cairn_server_state *state = item;

    ck_assert_uint_lt(strnlen(state->id, sizeof state->id), sizeof state->id);
    ++*(unsigned *)arg;
    return 0;
}

START_TEST(rubbish_in_a_list_reaches_nobody)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct cairn_server s = server("s");
    unsigned count = 0;
    struct cairn_sink sink = { count_item, &count };

    ck_assert_int_eq(compute_server_create(compute, NULL, &s, &err), 0);
    script("server_list rubbish\n");
    compute_server_list(compute, &sink, &err);          /* an error or what is sound of it; never the rubbish */
    ck_assert_uint_le(count, 1);
}
END_TEST

struct hung { int rc, done; struct cairn_error err; };

static void *
create_hung(void *arg)
{
    struct hung *hung = arg;
    struct cairn_server s = server("hung");

    hung->rc = compute_server_create(compute, NULL, &s, &hung->err);
    __atomic_store_n(&hung->done, 1, __ATOMIC_RELEASE);
    return NULL;
}

START_TEST(a_hung_call_blocks_its_own_object_only)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct cairn_server_state state = { .size = sizeof state };
    struct driver_running running[4];
    struct cairn_server s = server("free");
    struct hung hung = { .rc = -2 };
    pthread_t thread;

    script("server_create hang\n");
    ck_assert_int_eq(pthread_create(&thread, NULL, create_hung, &hung), 0);
    while (plugins_running(plugins, running, ARRAY_LEN(running)) == 0)
        sched_yield();
    ck_assert_str_eq(running[0].operation, "server_create");
    ck_assert_str_eq(running[0].object, "hung");
    ck_assert_int_eq(compute_server_state(compute, "free", &state, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_NOT_FOUND);
    ck_assert_int_eq(__atomic_load_n(&hung.done, __ATOMIC_ACQUIRE), 0);
    script("");                                         /* the rule is gone: it comes back */
    pthread_join(thread, NULL);
    ck_assert_int_eq(hung.rc, 0);
    ck_assert_int_eq(compute_server_create(compute, NULL, &s, &err), 0);
}
END_TEST

START_TEST(a_late_answer_is_an_answer)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct cairn_server s = server("s");
    int64_t before = clock_mono_ms();

    script("server_create late 60ms\nserver_stop delay 60ms\n");
    ck_assert_int_eq(compute_server_create(compute, NULL, &s, &err), 0);
    ck_assert_int_eq(compute_server_stop(compute, NULL, "s", 0, &err), 0);
    ck_assert_int_ge(clock_mono_ms() - before, 120);
}
END_TEST

START_TEST(wrong_rules_in_a_script_are_left_out)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct cairn_server s = server("s");

    script("server_create fail nonsense\nserver_create explode\n# a remark\n\nserver_create\n");
    ck_assert_int_eq(compute_server_create(compute, NULL, &s, &err), 0);
}
END_TEST

START_TEST(a_reload_keeps_the_simulated_world)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct cairn_server s = server("s");
    struct cairn_server_state state = { .size = sizeof state };

    ck_assert_int_eq(compute_server_create(compute, NULL, &s, &err), 0);
    ck_assert_msg(plugins_reload(plugins, CAIRN_COMPUTE, "d", &err) == 0, "%s", err.message);
    driver_put(compute);
    compute = plugins_get(plugins, CAIRN_COMPUTE, "d");
    ck_assert_int_eq(compute_server_state(compute, "s", &state, &err), 0);
    ck_assert_uint_eq(state.power, CAIRN_POWER_RUNNING);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("debug");
    TCase *tcase = tcase_create("debug");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_failure_comes_with_the_code_that_was_asked_for);
    tcase_add_test(tcase, rubbish_is_an_internal_error);
    tcase_add_test(tcase, rubbish_in_a_list_reaches_nobody);
    tcase_add_test(tcase, a_hung_call_blocks_its_own_object_only);
    tcase_add_test(tcase, a_late_answer_is_an_answer);
    tcase_add_test(tcase, wrong_rules_in_a_script_are_left_out);
    tcase_add_test(tcase, a_reload_keeps_the_simulated_world);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
