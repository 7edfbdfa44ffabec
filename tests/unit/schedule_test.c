/* schedule_test.c: where servers go, where they may not, and the sentence that says why. */
#include <config.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/str.h"
#include "schedule/schedule.h"
#include "unit_cloud.h"

static struct scheduler *scheduler;
static char host_id[ID_UUID], host_name[256];

static const struct config_section sections[] = { { "scheduler", "Placement.", scheduler_keys }, { NULL, NULL, NULL } };

static void
open_scheduler(const char *text)
{
    unit_plugins(text, sections, NULL, NULL);
    ck_assert_msg(scheduler_open(plugins, config, &scheduler, &err) == 0, "%s", err.message);
}

static void
setup(void)
{
    unit_begin();
    unit_catalog();
}

static void
teardown(void)
{
    scheduler_close(scheduler);
    unit_end();
}

static void
add_host(const char *name, const char *zone, unsigned vcpus, unsigned ram_mib, int64_t disk_gib)
{
    struct cairn_compute_info info = { .size = sizeof info, .vcpus = vcpus, .ram_bytes = (uint64_t)ram_mib << 20, .hypervisor_type = "QEMU",
                                       .arch = "x86_64" };
    struct host_report r = { .name = name, .driver = "default", .availability_zone = zone, .host_ip = "10.0.0.1", .info = &info,
                             .disk_gib = disk_gib, .vcpu_ratio = 2, .ram_ratio = 1, .disk_ratio = 1, .reserved_ram_mib = 512 };
    CLEANUP_TX struct tx *tx = NULL;
    char id[ID_UUID];

    ck_assert_int_eq(tx_begin(catalog, TX_WRITE, &tx, &err), 0);
    ck_assert_msg(host_report(tx, &r, id, &err) == 0, "%s", err.message);
    ck_assert_int_eq(tx_commit(steal(&tx), &err), 0);
}

static void
change(const char *sql)
{
    CLEANUP_TX struct tx *tx = NULL;

    ck_assert_int_eq(tx_begin(catalog, TX_WRITE, &tx, &err), 0);
    ck_assert_msg(tx_exec(tx, &err, sql, "") == 0, "%s", err.message);
    ck_assert_int_eq(tx_commit(steal(&tx), &err), 0);
}

static struct cairn_place_request
server(const char *id)
{
    return (struct cairn_place_request){ .size = sizeof(struct cairn_place_request), .vcpus = 1, .ram_mib = 1024, .disk_gib = 10,
                                         .server_id = id, .project_id = "p" };
}

/* Places it and answers the host's name, or the refusal. */
static const char *
place(const struct cairn_place_request *request)
{
    CLEANUP_TX struct tx *tx = NULL;

    ck_assert_int_eq(tx_begin(catalog, TX_WRITE, &tx, &err), 0);
    if (schedule_claim(tx, scheduler, request, "u", host_id, host_name, &err) < 0) {
        ck_assert_msg(err.code == CAIRN_NO_HOST, "%s", err.message);
        return err.message;
    }
    ck_assert_int_eq(tx_commit(steal(&tx), &err), 0);
    return host_name;
}

static const char *
place_id(const char *id)
{
    struct cairn_place_request request = server(id);

    return place(&request);
}

static void
release(const char *id)
{
    CLEANUP_TX struct tx *tx = NULL;

    ck_assert_int_eq(tx_begin(catalog, TX_WRITE, &tx, &err), 0);
    ck_assert_int_eq(schedule_release(tx, id, &err), 0);
    ck_assert_int_eq(tx_commit(steal(&tx), &err), 0);
}

START_TEST(freest_memory_wins_and_servers_spread)
{
    open_scheduler("");
    add_host("a", "nova", 8, 8192, 100);
    add_host("b", "nova", 8, 16384, 100);
    ck_assert_str_eq(place_id("1"), "b");
    for (int i = 2; i < 9; i++) {
        char id[8];

        snprintf(id, sizeof id, "%d", i);
        ck_assert_str_eq(place_id(id), "b");    /* 15360 free against 7680, down to 7680 */
    }
    ck_assert_str_eq(place_id("9"), "a");
}
END_TEST

START_TEST(negative_weight_fills_hosts_up)
{
    open_scheduler("[scheduler]\nweighers = ram:-1\n");
    add_host("a", "nova", 8, 8192, 100);
    add_host("b", "nova", 8, 16384, 100);
    ck_assert_str_eq(place_id("1"), "a");
    ck_assert_str_eq(place_id("2"), "a");
}
END_TEST

START_TEST(no_valid_host_counts_who_removed_how_many)
{
    struct cairn_place_request big = server("big");

    open_scheduler("");
    add_host("a", "nova", 2, 1536, 20);
    add_host("b", "nova", 4, 2560, 30);
    add_host("c", "nova", 4, 4096, 30);
    change("update hosts set enabled = 0 where name = 'c'");
    big.ram_mib = 3000;
    ck_assert_str_eq(place(&big), "no valid host: 3 hosts; alive removed 1, capacity removed 2 (largest free: 4 VCPUs, 2048 MiB, 30 GiB)");
}
END_TEST

START_TEST(no_host_at_all)
{
    CLEANUP_STR struct str text = STR_INIT;

    open_scheduler("");
    ck_assert_str_eq(place_id("1"), "no valid host: 0 hosts");
    add_host("a", "nova", 4, 8192, 100);
    ck_assert_str_eq(place_id("1"), "a");
    scheduler_metrics(scheduler, &text);
    ck_assert_ptr_nonnull(strstr(text.text, "\ncairn_placements_total{result=\"placed\"} 1\ncairn_placements_total{result=\"no-host\"} 1\n"));
}
END_TEST

START_TEST(silent_and_forced_down_hosts_are_not_alive)
{
    open_scheduler("");
    add_host("a", "nova", 4, 8192, 100);
    ck_assert_str_eq(place_id("1"), "a");
    clock_move(INT64_C(61) * 1000000);
    ck_assert_str_eq(place_id("2"), "no valid host: 1 host; alive removed 1");
    add_host("a", "nova", 4, 8192, 100);
    ck_assert_str_eq(place_id("2"), "a");
    change("update hosts set forced_down = 1");
    ck_assert_str_eq(place_id("3"), "no valid host: 1 host; alive removed 1");
}
END_TEST

START_TEST(host_disabled_a_moment_ago_is_not_chosen)
{
    open_scheduler("");
    add_host("a", "nova", 4, 4096, 100);
    add_host("b", "nova", 4, 8192, 100);
    ck_assert_str_eq(place_id("1"), "b");
    change("update hosts set enabled = 0 where name = 'b'");
    ck_assert_str_eq(place_id("2"), "a");
    change("update hosts set enabled = 0 where name = 'a'");
    change("update hosts set enabled = 1 where name = 'b'");
    ck_assert_str_eq(place_id("3"), "b");
}
END_TEST

START_TEST(ratios_and_reserves_count)
{
    struct cairn_place_request r = server("1");

    open_scheduler("");
    add_host("a", "nova", 4, 4608, 20);         /* 4 VCPUs twice, 4096 MiB, 20 GiB */
    r.ram_mib = 512;
    r.disk_gib = 1;
    r.vcpus = 4;
    ck_assert_str_eq(place(&r), "a");
    r.server_id = "2";
    ck_assert_str_eq(place(&r), "a");
    r.server_id = "3";
    r.vcpus = 1;
    ck_assert_str_eq(place(&r), "no valid host: 1 host; capacity removed 1 (largest free: 0 VCPUs, 3072 MiB, 18 GiB)");
    release("1");
    ck_assert_str_eq(place(&r), "a");
}
END_TEST

START_TEST(one_server_is_never_larger_than_the_machine)
{
    struct cairn_place_request r = server("1");

    open_scheduler("");
    add_host("a", "nova", 4, 4608, 20);
    r.vcpus = 5;
    ck_assert_str_eq(place(&r), "no valid host: 1 host; capacity removed 1 (largest free: 4 VCPUs, 4096 MiB, 20 GiB)");
}
END_TEST

START_TEST(space_that_another_process_took_is_not_given_twice)
{
    struct cairn_place_request r = server("1");

    open_scheduler("");
    add_host("a", "nova", 4, 2560, 100);
    ck_assert_str_eq(place(&r), "a");           /* the scheduler has its picture: 1024 MiB are left */
    change("insert into allocations select 'other', id, 1, 1024, 1, 'p', 'u' from hosts");
    r.server_id = "2";
    ck_assert_str_eq(place(&r), "no valid host: 1 host; capacity removed 1 (largest free: 4 VCPUs, 0 MiB, 89 GiB)");
}
END_TEST

START_TEST(rolled_back_claim_leaves_the_space_free)
{
    struct cairn_place_request r = server("1");
    struct tx *tx;

    open_scheduler("");
    add_host("a", "nova", 4, 1536, 100);
    ck_assert_int_eq(tx_begin(catalog, TX_WRITE, &tx, &err), 0);
    ck_assert_int_eq(schedule_claim(tx, scheduler, &r, "u", host_id, host_name, &err), 0);
    tx_rollback(tx);
    ck_assert_str_eq(place(&r), "a");
    r.server_id = "2";
    ck_assert_ptr_nonnull(strstr(place(&r), "capacity removed 1"));
}
END_TEST

START_TEST(two_claims_of_one_transaction_see_each_other)
{
    struct cairn_place_request one = server("1"), two = server("2");
    CLEANUP_TX struct tx *tx = NULL;

    open_scheduler("");
    add_host("a", "nova", 4, 1536, 100);
    ck_assert_int_eq(tx_begin(catalog, TX_WRITE, &tx, &err), 0);
    ck_assert_int_eq(schedule_claim(tx, scheduler, &one, "u", host_id, host_name, &err), 0);
    ck_assert_int_eq(schedule_claim(tx, scheduler, &two, "u", host_id, host_name, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_NO_HOST);
}
END_TEST

START_TEST(server_is_claimed_once_on_a_host)
{
    struct cairn_place_request r = server("1");
    CLEANUP_TX struct tx *tx = NULL;

    open_scheduler("");
    add_host("a", "nova", 4, 8192, 100);
    ck_assert_str_eq(place(&r), "a");
    ck_assert_int_eq(tx_begin(catalog, TX_WRITE, &tx, &err), 0);
    ck_assert_int_eq(schedule_claim(tx, scheduler, &r, "u", host_id, host_name, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_EXISTS);
}
END_TEST

START_TEST(zone_forced_and_ignored_hosts)
{
    struct cairn_place_request r = server("1");
    const char *const ignored[] = { "b" };

    open_scheduler("");
    add_host("a", "north", 4, 8192, 100);
    add_host("b", "south", 4, 16384, 100);
    r.availability_zone = "north";
    ck_assert_str_eq(place(&r), "a");
    r.server_id = "2";
    r.availability_zone = "west";
    ck_assert_str_eq(place(&r), "no valid host: 2 hosts; zone removed 2");
    r.availability_zone = NULL;
    r.forced_host = "north:a";
    ck_assert_str_eq(place(&r), "a");
    r.server_id = "3";
    r.forced_host = "a";
    ck_assert_str_eq(place(&r), "a");
    r.server_id = "4";
    r.forced_host = "south:a";
    ck_assert_str_eq(place(&r), "no valid host: 2 hosts; none is the 'south:a' that was asked for");
    r.forced_host = NULL;
    r.ignore_hosts = ignored;
    r.ignore_hosts_count = 1;
    ck_assert_str_eq(place(&r), "a");
}
END_TEST

START_TEST(image_goes_where_it_can_run)
{
    const struct cairn_pair arm = { "hw_architecture", "arm64" }, amd = { "hw_architecture", "amd64" }, lxc = { "img_hv_type", "lxc" },
                            exe = { "hw_vm_mode", "exe" };
    const struct cairn_pair *properties[1];
    struct cairn_place_request r = server("1");

    open_scheduler("");
    add_host("a", "nova", 4, 8192, 100);
    r.properties = properties;
    r.properties_count = 1;
    properties[0] = &arm;
    ck_assert_str_eq(place(&r), "no valid host: 1 host; image removed 1");
    properties[0] = &lxc;
    ck_assert_str_eq(place(&r), "no valid host: 1 host; image removed 1");
    properties[0] = &exe;
    ck_assert_str_eq(place(&r), "no valid host: 1 host; image removed 1");
    properties[0] = &amd;
    ck_assert_str_eq(place(&r), "a");
}
END_TEST

START_TEST(groups_stay_together_or_apart)
{
    const char *const members[] = { "a" }, *const twice[] = { "a", "a" };
    struct cairn_place_request r = server("1");

    open_scheduler("");
    add_host("a", "nova", 4, 4096, 100);
    add_host("b", "nova", 4, 8192, 100);
    r.group_policy = "affinity";
    ck_assert_str_eq(place(&r), "b");           /* the first goes anywhere */
    r.group_hosts = members;
    r.group_hosts_count = 1;
    r.server_id = "2";
    ck_assert_str_eq(place(&r), "a");
    r.server_id = "3";
    r.group_policy = "anti-affinity";
    ck_assert_str_eq(place(&r), "b");
    r.server_id = "4";
    change("update hosts set enabled = 0 where name = 'b'");
    ck_assert_str_eq(place(&r), "no valid host: 2 hosts; alive removed 1, affinity removed 1");
    r.server_id = "5";
    r.group_max_per_host = 2;                   /* the rule max_server_per_host */
    ck_assert_str_eq(place(&r), "a");
    r.server_id = "6";
    r.group_hosts = twice;
    r.group_hosts_count = 2;
    ck_assert_str_eq(place(&r), "no valid host: 2 hosts; alive removed 1, affinity removed 1");
}
END_TEST

START_TEST(soft_policies_are_a_preference)
{
    const char *const members[] = { "b" };
    struct cairn_place_request r = server("1");

    open_scheduler("[scheduler]\nweighers = affinity:1.0\n");
    add_host("a", "nova", 4, 8192, 100);
    add_host("b", "nova", 4, 8192, 100);
    r.group_hosts = members;
    r.group_hosts_count = 1;
    r.group_policy = "soft-affinity";
    ck_assert_str_eq(place(&r), "b");
    r.server_id = "2";
    r.group_policy = "soft-anti-affinity";
    ck_assert_str_eq(place(&r), "a");
    change("update hosts set enabled = 0 where name = 'a'");
    r.server_id = "3";
    ck_assert_str_eq(place(&r), "b");
}
END_TEST

START_TEST(report_keeps_a_hosts_identity)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_FREE char *first = NULL, *second = NULL, *mib = NULL;

    open_scheduler("");
    add_host("a", "nova", 4, 8192, 100);
    ck_assert_int_eq(tx_begin(catalog, TX_READ, &tx, &err), 0);
    ck_assert_int_eq(tx_text(tx, &first, &err, "select id || number from hosts", ""), 0);
    tx_rollback(steal(&tx));
    add_host("a", "nova", 8, 9000, 100);
    ck_assert_int_eq(tx_begin(catalog, TX_READ, &tx, &err), 0);
    ck_assert_int_eq(tx_text(tx, &second, &err, "select id || number from hosts", ""), 0);
    ck_assert_int_eq(tx_text(tx, &mib, &err, "select ram_mib from hosts", ""), 0);
    ck_assert_str_eq(first, second);
    ck_assert_str_eq(mib, "9000");
    tx_rollback(steal(&tx));
    ck_assert_int_eq(tx_begin(catalog, TX_WRITE, &tx, &err), 0);
    ck_assert_int_eq(host_heartbeat(tx, "nobody", &err), -1);
    ck_assert_int_eq(err.code, CAIRN_NOT_FOUND);
}
END_TEST

static const struct { const char *text, *words; } wrong[] = {
    { "[scheduler]\nfilters = alive, capcity\n", "there is no scheduler driver 'capcity'" },
    { "[scheduler]\nfilters = ram\n", "filters: the plugin 'ram' is no filter" },
    { "[scheduler]\nweighers = ram:heavy\n", "weighers: 'heavy' is no weight for 'ram'" },
    { "[scheduler]\nweighers = alive\n", "weighers: the plugin 'alive' is no weigher" },
};

START_TEST(wrong_settings_are_refused_in_words)
{
    unit_plugins(wrong[_i].text, sections, NULL, NULL);
    ck_assert_int_eq(scheduler_open(plugins, config, &scheduler, &err), -1);
    ck_assert_msg(strstr(err.message, wrong[_i].words) != NULL, "%s", err.message);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("schedule");
    TCase *tc = tcase_create("schedule");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, freest_memory_wins_and_servers_spread);
    tcase_add_test(tc, negative_weight_fills_hosts_up);
    tcase_add_test(tc, no_valid_host_counts_who_removed_how_many);
    tcase_add_test(tc, no_host_at_all);
    tcase_add_test(tc, silent_and_forced_down_hosts_are_not_alive);
    tcase_add_test(tc, host_disabled_a_moment_ago_is_not_chosen);
    tcase_add_test(tc, ratios_and_reserves_count);
    tcase_add_test(tc, one_server_is_never_larger_than_the_machine);
    tcase_add_test(tc, space_that_another_process_took_is_not_given_twice);
    tcase_add_test(tc, rolled_back_claim_leaves_the_space_free);
    tcase_add_test(tc, two_claims_of_one_transaction_see_each_other);
    tcase_add_test(tc, server_is_claimed_once_on_a_host);
    tcase_add_test(tc, zone_forced_and_ignored_hosts);
    tcase_add_test(tc, image_goes_where_it_can_run);
    tcase_add_test(tc, groups_stay_together_or_apart);
    tcase_add_test(tc, soft_policies_are_a_preference);
    tcase_add_test(tc, report_keeps_a_hosts_identity);
    tcase_add_loop_test(tc, wrong_settings_are_refused_in_words, 0, ARRAY_LEN(wrong));
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
