/* reconcile_test.c: what differs between the books and the machine is found, named and mended; what agrees is left alone. */
#include <config.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/str.h"
#include "flow/network.h"
#include "flow/reconcile.h"
#include "flow/server.h"
#include "plugin/compute.h"
#include "plugin/network.h"
#include "plugin/storage.h"
#include "unit_cloud.h"

#define HOST   "00000000-0000-4000-8000-0000000000a1"
#define SERVER "00000000-0000-4000-8000-0000000000b1"
#define OTHER  "00000000-0000-4000-8000-0000000000b2"
#define DISK   "00000000-0000-4000-8000-0000000000c1"
#define NET    "00000000-0000-4000-8000-0000000000d1"
#define SUBNET "00000000-0000-4000-8000-0000000000d2"
#define DHCP   "00000000-0000-4000-8000-0000000000d3"
#define PORT   "00000000-0000-4000-8000-0000000000e1"
#define FRIEND_PORT "00000000-0000-4000-8000-0000000000e2"
#define GROUP  "00000000-0000-4000-8000-0000000000f1"
#define IMAGE  "00000000-0000-4000-8000-000000000011"

static const struct cairn_key daemon_keys[] = {
    CAIRN_KEY("state_dir", CAIRN_KEY_PATH, "/nowhere", "Where."), { 0, 0, 0, 0, NULL, NULL, NULL, 0, 0 },
};
static const struct config_section sections[] = { { "daemon", "It.", daemon_keys }, { NULL, NULL, NULL } };
static struct driver *compute, *store, *net;

/* --- the last run's findings: "check object repaired|open\n" */
static char findings[8192], texts[8192];

static void
note(void *arg, const struct audit_finding *f)
{
    size_t n = strlen(findings), m = strlen(texts);

    (void)arg;
    snprintf(findings + n, sizeof findings - n, "%s %s %s\n", f->check, f->object, f->repaired ? "repaired" : "open");
    snprintf(texts + m, sizeof texts - m, "%s\n", f->text);
}

static int
run_audit(int repair)
{
    struct reconciler_options o = { .catalog = catalog, .plugins = plugins, .config = config, .host = "h1" };
    int open = -1;

    findings[0] = texts[0] = '\0';
    ck_assert_int_eq(audit_run(&o, repair, note, NULL, &open, &err), 0);
    return open;
}

static void
expect_clean(void)
{
    int open = run_audit(0);

    ck_assert_str_eq(findings, "");
    ck_assert_int_eq(open, 0);
}

/* Found as told, repaired, and gone afterwards. */
static void
expect_repair(const char *check, const char *object)
{
    char open[128], repaired[128];

    snprintf(open, sizeof open, "%s %s open\n", check, object);
    snprintf(repaired, sizeof repaired, "%s %s repaired\n", check, object);
    ck_assert_int_eq(run_audit(0), 1);
    ck_assert_str_eq(findings, open);
    ck_assert_int_eq(run_audit(1), 0);
    ck_assert_str_eq(findings, repaired);
    expect_clean();
}

/* Found, and a repair leaves it for a person. */
static void
expect_report(const char *check, const char *object)
{
    char open[128];

    snprintf(open, sizeof open, "%s %s open\n", check, object);
    ck_assert_int_eq(run_audit(1), 1);
    ck_assert_str_eq(findings, open);
}

/* --- a small cloud in which all is well: one server with a disk, a port and an image */

static void
add_server_row(const char *id, int number_, const char *vm_state)
{
    sql("insert into servers (id, number, project_id, user_id, name, host_id, vm_state, power_state, flavor_id, flavor, hostname, reservation_id,"
        " created_us, updated_us) values ('%s', %d, 'p', 'u', 'web', '" HOST "', '%s', 1, '1', '{\"vcpus\":1,\"ram\":64,\"disk\":1,\"swap\":512}', 'web',"
        " 'r-1', 1, 1)", id, number_, vm_state);
}

static void
add_rows(void)
{
    sql("insert into hosts (id, number, name, driver, availability_zone, heartbeat_us, hypervisor_type, hypervisor_version, arch, cpu_info, host_ip, vcpus,"
        " ram_mib, disk_gib, vcpu_ratio, ram_ratio, disk_ratio, reserved_vcpus, reserved_ram_mib, reserved_disk_gib, created_us, updated_us)"
        " values ('" HOST "', 1, 'h1', 'c1', 'nova', 1, 'fake', 1, 'x86_64', '{}', '127.0.0.1', 8, 8192, 100, 1, 1, 1, 0, 0, 0, 1, 1)");
    add_server_row(SERVER, 1, "active");
    sql("insert into allocations values ('" SERVER "', '" HOST "', 1, 64, 2, 'p', 'u')");
    sql("insert into server_disks (id, server_id, role, store, size_bytes, created_us) values ('" DISK "', '" SERVER "', 'root', 's1', 1048576, 1)");
    sql("insert into networks (id, project_id, mtu, type, created_us, updated_us) values ('" NET "', 'p', 1500, 'local', 1, 1)");
    sql("insert into subnets (id, network_id, project_id, ip_version, cidr, created_us, updated_us)"
        " values ('" SUBNET "', '" NET "', 'p', 4, '10.0.0.0/24', 1, 1)");
    sql("insert into ports (id, network_id, project_id, mac_address, status, device_id, device_owner, created_us, updated_us)"
        " values ('" DHCP "', '" NET "', 'p', 'fa:16:3e:00:00:01', 'ACTIVE', 'dhcp', 'network:dhcp', 1, 1)");
    sql("insert into fixed_ips values ('" SUBNET "', '10.0.0.2', '" DHCP "', 0)");
    sql("insert into ports (id, network_id, project_id, mac_address, status, device_id, device_owner, host, vif_type, owned_by_server, created_us, updated_us)"
        " values ('" PORT "', '" NET "', 'p', 'fa:16:3e:00:00:02', 'ACTIVE', '" SERVER "', 'compute:nova', 'h1', 'tap', 1, 1, 1)");
    sql("insert into fixed_ips values ('" SUBNET "', '10.0.0.5', '" PORT "', 0)");
    sql("insert into security_groups (id, project_id, name, created_us, updated_us) values ('" GROUP "', 'p', 'g', 1, 1)");
    sql("insert into port_security_groups values ('" PORT "', '" GROUP "')");
    sql("insert into images (id, status, visibility, store, created_us, updated_us) values ('" IMAGE "', 'active', 'public', 's1', 1, 1)");
}

static void
make_guest(const char *id)
{
    struct cairn_server server = { .size = sizeof server, .vcpus = 1, .ram_bytes = 64 << 20, .id = id, .name = "web", .project_id = "p", .user_id = "u",
                                   .flavor_name = "f", .power_on = 1 };

    ck_assert_msg(compute_server_create(compute, NULL, &server, &err) == 0, "%s", err.message);
}

static void
make_volume(const char *id, char handle[256])
{
    struct cairn_volume vol = { .size = sizeof vol, .size_bytes = 1 << 20, .id = id };

    ck_assert_msg(storage_volume_create(store, NULL, &vol, handle, &err) == 0, "%s", err.message);
}

static void
make_image(const char *id, char handle[256])
{
    struct cairn_stream *stream;

    ck_assert_msg(storage_image_open(store, id, 4, &stream, &err) == 0, "%s", err.message);
    ck_assert_int_eq(storage_image_write(store, stream, "word", 4, &err), 0);
    ck_assert_int_eq(storage_image_commit(store, stream, handle, &err), 0);
}

static void
plug_port(void)
{
    CLEANUP_ARENA struct arena a = ARENA_INIT;
    struct cairn_nic nic = { .size = sizeof nic };
    const struct cairn_port *port;
    struct tx *tx;

    ck_assert_int_eq(tx_begin(catalog, TX_READ, &tx, &err), 0);
    port = netdesc_port(tx, &a, PORT, &err);
    tx_rollback(tx);
    ck_assert_ptr_nonnull(port);
    ck_assert_msg(network_port_plug(net, port, &nic, &err) == 0, "%s", err.message);
}

static void
setup(void)
{
    char handle[256];

    unit_cloud(sections);
    compute = plugins_get(plugins, CAIRN_COMPUTE, NULL);
    store = plugins_get(plugins, CAIRN_STORAGE, NULL);
    net = plugins_get(plugins, CAIRN_NETWORK, NULL);
    network_flows_register(0);
    server_flows_register();
    add_rows();
    make_guest(SERVER);
    make_volume(DISK, handle);
    sql("update server_disks set handle = '%s'", handle);
    make_image(IMAGE, handle);
    sql("update images set handle = '%s'", handle);
    ck_assert_msg(network_sync(catalog, plugins, "h1", NET, &err) == 0, "%s", err.message);
    ck_assert_msg(group_sync(catalog, plugins, "h1", GROUP, &err) == 0, "%s", err.message);
    plug_port();
}

static void
teardown(void)
{
    driver_put(compute);
    driver_put(store);
    driver_put(net);
    unit_end();
}

/* --- who is told */

START_TEST(a_delete_tells_every_host_that_knows_the_groups_members)
{
    struct flow_run run = { .catalog = catalog, .plugins = plugins, .config = config, .object_id = SERVER, .host = "h1", .request_id = "req-1" };
    struct tx *tx;

    for (int i = 2; i <= 3; i++)
        sql("insert into hosts (id, number, name, driver, availability_zone, heartbeat_us, hypervisor_type, hypervisor_version, arch, cpu_info, host_ip, vcpus,"
            " ram_mib, disk_gib, vcpu_ratio, ram_ratio, disk_ratio, reserved_vcpus, reserved_ram_mib, reserved_disk_gib, created_us, updated_us)"
            " values ('h%d', %d, 'h%d', 'c1', 'nova', 1, 'fake', 1, 'x86_64', '{}', '127.0.0.1', 8, 8192, 100, 1, 1, 1, 0, 0, 0, 1, 1)", i, i, i);
    sql("insert into ports (id, network_id, project_id, mac_address, status, host, created_us, updated_us) values ('other', '" NET "', 'p',"
        " 'fa:16:3e:00:00:99', 'ACTIVE', 'h2', 1, 1)");
    sql("insert into port_security_groups (port_id, security_group_id) values ('other', '" GROUP "')");
    ck_assert_int_eq(tx_begin(catalog, TX_WRITE, &tx, &err), 0);
    ck_assert_msg(flow_find("server-delete")->done(&run, tx, &err) == 0, "%s", err.message);
    ck_assert_int_eq(tx_commit(tx, &err), 0);
    ck_assert_int_eq(number("select count(*) from tasks where kind = 'group-sync' and object_id = '" GROUP "' and host = 'h1'"), 1);
    ck_assert_int_eq(number("select count(*) from tasks where kind = 'group-sync' and object_id = '" GROUP "' and host = 'h2'"), 1);
    ck_assert_int_eq(number("select count(*) from tasks where kind = 'group-sync' and host = 'h3'"), 0);
    ck_assert_int_eq(number("select count(*) from tasks where kind = 'network-sync' and host = 'h1'"), 1);
    ck_assert_int_eq(number("select count(*) from tasks where kind = 'network-sync' and host <> 'h1'"), 0);
}
END_TEST

START_TEST(a_build_that_failed_leaves_its_place_and_keeps_its_ports)
{
    struct flow_run run = { .catalog = catalog, .plugins = plugins, .config = config, .object_id = SERVER, .host = "h1", .request_id = "req-1" };
    struct cairn_error cause = { .code = CAIRN_INTERNAL, .message = "no such luck" };
    struct tx *tx;

    sql("update servers set vm_state = 'building', task_state = 'spawning'");
    ck_assert_int_eq(tx_begin(catalog, TX_WRITE, &tx, &err), 0);
    ck_assert_msg(flow_find("server-build")->failed(&run, tx, &cause, &err) == 0, "%s", err.message);
    ck_assert_int_eq(tx_commit(tx, &err), 0);
    ck_assert_str_eq(text_of("select vm_state || ' ' || coalesce(host_id, '-') || ' ' || fault_message from servers"),
                     "error - Build of server " SERVER " failed: no such luck");
    ck_assert_int_eq(number("select count(*) from allocations"), 0);
    ck_assert_str_eq(text_of("select device_id || ' ' || host || ' ' || vif_type from ports where id = '" PORT "'"), SERVER "  unbound");
    ck_assert_int_eq(number("select count(*) from tasks where kind = 'network-sync' and object_id = '" NET "' and host = 'h1'"), 1);
}
END_TEST

/* --- what builds share */

static int applies;

static void
count_applies(void *arg, struct driver *d, const char *operation, const char *object, int64_t duration_us, uint32_t code)
{
    (void)arg;
    (void)d;
    (void)duration_us;
    ck_assert_uint_eq(code, CAIRN_OK);
    applies += strcmp(operation, "network_apply") == 0 && strcmp(object, NET) == 0;
}

/* A network has leases for ports that are bound: an apply that saw the port's row, but not its host yet, does not count for it. */
START_TEST(a_port_waits_for_an_apply_that_saw_it_bound)
{
    struct flow_run run = { .catalog = catalog, .plugins = plugins, .config = config, .object_id = OTHER, .host = "h1", .request_id = "req-1" };
    struct cairn_op op = { .trace = count_applies };
    struct cairn_nic nic;

    driver_set_op(&op);
    add_server_row(OTHER, 2, "building");
    sql("update servers set updated_us = 20");
    sql("insert into ports (id, network_id, project_id, mac_address, status, device_id, device_owner, created_us, updated_us)"
        " values ('" FRIEND_PORT "', '" NET "', 'p', 'fa:16:3e:00:00:03', 'DOWN', '" OTHER "', 'compute:nova', 10, 10)");
    sql("insert into fixed_ips values ('" SUBNET "', '10.0.0.6', '" FRIEND_PORT "', 0)");
    ck_assert_int_eq(network_sync(catalog, plugins, "h1", NET, &err), 0);      /* for another's sake */
    ck_assert_int_eq(applies, 1);
    sql("update ports set host = 'h1', vif_type = 'tap', updated_us = 30 where id = '" FRIEND_PORT "'");
    sql("update servers set updated_us = 31 where id = '" OTHER "'");
    ck_assert_msg(port_bring_up(&run, net, FRIEND_PORT, &nic, &err) == 0, "%s", err.message);
    ck_assert_int_eq(applies, 2);
    ck_assert_msg(port_bring_up(&run, net, FRIEND_PORT, &nic, &err) == 0, "%s", err.message);
    ck_assert_int_eq(applies, 2);               /* whoever was bound before that apply needs no other */
    driver_set_op(NULL);
}
END_TEST

/* --- what agrees */

START_TEST(books_that_agree_with_the_machine_are_left_alone)
{
    expect_clean();
    ck_assert_int_eq(run_audit(1), 0);
    ck_assert_str_eq(findings, "");
    ck_assert_int_eq(number("select count(*) from tasks"), 0);
}
END_TEST

START_TEST(what_a_task_works_on_is_left_alone)
{
    sql("insert into tasks (id, kind, object_type, object_id, host, state, payload, not_before_us, request_id, seq, created_us)"
        " values ('t', 'server-stop', 'server', '" SERVER "', 'h1', 'running', '{}', 0, 'r', 1, 1)");
    ck_assert_int_eq(compute_server_stop(compute, NULL, SERVER, 0, &err), 0);
    ck_assert_int_eq(network_port_unplug(net, PORT, &err), 0);
    sql("update servers set task_state = 'powering-off'");
    sql("delete from allocations");
    expect_clean();
    sql("update tasks set state = 'done'");
    ck_assert_int_gt(run_audit(0), 2);
}
END_TEST

/* --- the books */

START_TEST(allocation_without_server_is_deleted)
{
    sql("insert into allocations values ('" OTHER "', '" HOST "', 1, 64, 2, 'p', 'u')");
    expect_repair("allocation-without-server", OTHER);
    ck_assert_int_eq(number("select count(*) from allocations"), 1);
}
END_TEST

START_TEST(server_without_allocation_claims_what_its_flavor_takes)
{
    sql("delete from allocations");
    expect_repair("allocation-of-server", SERVER);
    ck_assert_str_eq(text_of("select vcpus || ' ' || ram_mib || ' ' || disk_gib || ' ' || project_id from allocations"), "1 64 2 p");
}
END_TEST

START_TEST(allocation_of_wrong_size_is_corrected)
{
    sql("update allocations set vcpus = 7");
    expect_repair("allocation-of-server", SERVER);
    ck_assert_int_eq(number("select vcpus from allocations"), 1);
}
END_TEST

START_TEST(disks_of_a_deleted_server_go_with_their_volumes)
{
    add_server_row(OTHER, 2, "deleted");
    sql("update servers set deleted_us = 5, host_id = null where id = '" OTHER "'");
    sql("update server_disks set server_id = '" OTHER "'");
    ck_assert_int_eq(run_audit(1), 0);
    ck_assert_str_eq(findings, "disk-without-server " DISK " repaired\nvolume-without-server " DISK " repaired\n");
    expect_clean();
}
END_TEST

START_TEST(port_of_a_deleted_server_is_deleted_and_unplugged)
{
    sql("update servers set deleted_us = 5, host_id = null, vm_state = 'deleted'");
    sql("delete from allocations");
    sql("delete from server_disks");
    run_audit(1);
    ck_assert_ptr_nonnull(strstr(findings, "port-without-server " PORT " repaired\n"));
    ck_assert_int_eq(number("select count(*) from ports where id = '" PORT "'"), 0);
    ck_assert_int_eq(number("select count(*) from tasks where kind = 'port-sync' and object_id = '" PORT "' and host = 'h1'"), 1);
}
END_TEST

START_TEST(port_made_before_its_deleted_server_is_freed)
{
    sql("update servers set deleted_us = 5, host_id = null, vm_state = 'deleted'");
    sql("update ports set owned_by_server = 0");
    sql("delete from allocations");
    sql("delete from server_disks");
    run_audit(1);
    ck_assert_str_eq(text_of("select device_id || host || vif_type from ports where id = '" PORT "'"), "unbound");
}
END_TEST

START_TEST(port_that_a_user_gave_to_something_else_is_his)
{
    sql("update ports set device_id = 'mine', device_owner = 'compute:own', owned_by_server = 0, host = '', vif_type = 'unbound' where id = '" PORT "'");
    run_audit(1);
    ck_assert_ptr_null(strstr(findings, "port-without-server"));
    ck_assert_str_eq(text_of("select device_id from ports where id = '" PORT "'"), "mine");
}
END_TEST

START_TEST(port_bound_elsewhere_comes_to_its_server)
{
    sql("update ports set host = 'h9' where id = '" PORT "'");
    run_audit(1);
    ck_assert_ptr_nonnull(strstr(findings, "port-on-other-host " PORT " repaired\n"));
    ck_assert_str_eq(text_of("select host from ports where id = '" PORT "'"), "h1");
}
END_TEST

START_TEST(build_without_a_task_becomes_an_error_that_can_be_read)
{
    sql("update servers set vm_state = 'building', task_state = 'spawning'");
    expect_repair("server-stuck", SERVER);
    ck_assert_str_eq(text_of("select vm_state || ' ' || coalesce(task_state, '-') || ' ' || fault_message from servers"),
                     "error - Build of server " SERVER " was interrupted and cannot go on: delete it and create it again.");
}
END_TEST

START_TEST(delete_without_a_task_goes_on)
{
    sql("update servers set task_state = 'deleting'");
    expect_repair("server-stuck", SERVER);
    ck_assert_int_eq(number("select count(*) from tasks where kind = 'server-delete' and object_id = '" SERVER "' and host = 'h1'"), 1);
}
END_TEST

START_TEST(reboot_without_a_task_is_forgotten_and_the_power_state_read)
{
    sql("update servers set task_state = 'rebooting'");
    ck_assert_int_eq(compute_server_stop(compute, NULL, SERVER, 0, &err), 0);
    ck_assert_int_eq(run_audit(1), 0);
    ck_assert_str_eq(findings, "server-stuck " SERVER " repaired\nserver-state " SERVER " repaired\n");
    ck_assert_str_eq(text_of("select vm_state || ' ' || coalesce(task_state, '-') || ' ' || power_state from servers"), "stopped - 4");
    expect_clean();
}
END_TEST

START_TEST(task_of_a_server_that_is_gone_ends)
{
    sql("insert into tasks (id, kind, object_type, object_id, host, state, payload, not_before_us, request_id, seq, created_us)"
        " values ('t', 'server-stop', 'server', '" OTHER "', 'h1', 'queued', '{}', 0, 'r', 1, 1)");
    expect_repair("task-without-server", "t");
    ck_assert_str_eq(text_of("select state || ' ' || error from tasks"), "cancelled the server is gone");
}
END_TEST

START_TEST(address_of_another_network_is_reported)
{
    sql("insert into networks (id, project_id, mtu, type, created_us, updated_us) values ('n2', 'p', 1500, 'local', 1, 1)");
    sql("insert into subnets (id, network_id, project_id, ip_version, cidr, created_us, updated_us) values ('s2', 'n2', 'p', 4, '10.1.0.0/24', 1, 1)");
    sql("insert into fixed_ips values ('s2', '10.1.0.9', '" PORT "', 1)");
    expect_report("address-of-other-network", PORT);
}
END_TEST

START_TEST(network_whose_dhcp_port_is_gone_is_reported)
{
    sql("delete from ports where id = '" DHCP "'");
    expect_report("network-without-dhcp", NET);
}
END_TEST

/* --- guests */

START_TEST(guest_without_a_server_is_destroyed)
{
    struct cairn_server_state state = { .size = sizeof state };

    make_guest(OTHER);
    expect_repair("guest-without-server", OTHER);
    ck_assert_int_eq(compute_server_state(compute, OTHER, &state, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_NOT_FOUND);
}
END_TEST

START_TEST(guest_of_a_server_on_another_host_is_destroyed)
{
    make_guest(OTHER);
    add_server_row(OTHER, 2, "error");
    sql("update servers set host_id = null where id = '" OTHER "'");
    expect_repair("guest-without-server", OTHER);
}
END_TEST

START_TEST(server_whose_guest_is_gone_is_stopped)
{
    ck_assert_int_eq(compute_server_destroy(compute, NULL, SERVER, &err), 0);
    expect_repair("server-state", SERVER);
    ck_assert_str_eq(text_of("select vm_state || ' ' || power_state from servers"), "stopped 4");
}
END_TEST

START_TEST(server_follows_its_guest)
{
    ck_assert_int_eq(compute_server_pause(compute, SERVER, &err), 0);
    expect_repair("server-state", SERVER);
    ck_assert_str_eq(text_of("select vm_state || ' ' || power_state from servers"), "paused 3");
}
END_TEST

START_TEST(config_drive_without_a_server_is_deleted)
{
    CLEANUP_FREE char *path = xasprintf("%s/config-drives", scratch);
    CLEANUP_FREE char *iso = xasprintf("%s/" OTHER ".iso", path), *kept = xasprintf("%s/" SERVER ".iso", path);

    ck_assert_int_eq(mkdir(path, 0700), 0);
    close(open(iso, O_CREAT | O_WRONLY, 0600));
    close(open(kept, O_CREAT | O_WRONLY, 0600));
    sql("insert into server_disks (id, server_id, role, store, handle, size_bytes, created_us) values ('cd', '" SERVER "', 'config', '', 'config', 1, 1)");
    expect_repair("config-drive-without-server", OTHER);
    ck_assert_int_ne(access(iso, F_OK), 0);
    ck_assert_int_eq(access(kept, F_OK), 0);
}
END_TEST

/* --- storage */

START_TEST(volume_that_is_nobodys_disk_is_deleted)
{
    struct cairn_volume_info info = { .size = sizeof info };
    char handle[256];

    make_volume(OTHER, handle);
    expect_repair("volume-without-server", OTHER);
    ck_assert_int_eq(storage_volume_info(store, handle, &info, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_NOT_FOUND);
}
END_TEST

START_TEST(disk_without_its_volume_is_reported)
{
    sql("update server_disks set handle = 'lost'");
    expect_report("disk-without-volume", "lost");
}
END_TEST

START_TEST(bytes_without_an_image_are_deleted_when_they_are_not_of_an_upload)
{
    char handle[256], repaired[320];

    make_image(OTHER, handle);
    expect_clean();
    clock_move(INT64_C(61) * 1000000);
    snprintf(repaired, sizeof repaired, "image-bytes-without-image %s repaired\n", handle);
    ck_assert_int_eq(run_audit(1), 0);
    ck_assert_str_eq(findings, repaired);
    expect_clean();
}
END_TEST

START_TEST(image_without_its_bytes_is_reported)
{
    sql("update images set handle = 'lost'");
    clock_move(INT64_C(61) * 1000000);
    run_audit(0);
    ck_assert_ptr_nonnull(strstr(findings, "image-without-bytes lost open\n"));
}
END_TEST

/* --- networks */

START_TEST(port_that_is_not_bound_here_is_unplugged)
{
    sql("update ports set host = '', vif_type = 'unbound' where id = '" PORT "'");
    ck_assert_int_eq(run_audit(1), 0);
    ck_assert_str_eq(findings, "network-on-host " NET " repaired\ngroup-on-host " GROUP " repaired\nport-without-binding " PORT " repaired\n");
    expect_clean();
}
END_TEST

START_TEST(port_that_is_bound_here_is_plugged_by_a_task)
{
    ck_assert_int_eq(network_port_unplug(net, PORT, &err), 0);
    expect_repair("port-not-plugged", PORT);
    ck_assert_int_eq(number("select count(*) from tasks where kind = 'port-sync' and object_id = '" PORT "' and host = 'h1'"), 1);
}
END_TEST

START_TEST(network_and_group_that_ports_need_are_applied)
{
    ck_assert_int_eq(network_port_unplug(net, PORT, &err), 0);
    ck_assert_int_eq(network_group_remove(net, GROUP, &err), 0);
    ck_assert_int_eq(network_network_remove(net, NET, &err), 0);
    ck_assert_int_eq(run_audit(1), 0);
    ck_assert_str_eq(findings, "network-on-host " NET " repaired\ngroup-on-host " GROUP " repaired\nport-not-plugged " PORT " repaired\n");
    plug_port();
    sql("delete from tasks");
    expect_clean();
}
END_TEST

#define FRIENDS "00000000-0000-4000-8000-0000000000f2"

START_TEST(a_group_that_rules_name_comes_and_goes_with_theirs)
{
    sql("insert into security_groups (id, project_id, name, created_us, updated_us) values ('" FRIENDS "', 'p', 'friends', 1, 1)");
    sql("insert into security_group_rules (id, security_group_id, project_id, direction, ethertype, remote_group_id, created_us, updated_us)"
        " values ('" OTHER "', '" GROUP "', 'p', 'ingress', 'IPv4', '" FRIENDS "', 1, 1)");
    ck_assert_int_eq(group_sync(catalog, plugins, "h1", GROUP, &err), 0);
    expect_clean();
    sql("delete from port_security_groups");
    ck_assert_int_eq(group_sync(catalog, plugins, "h1", GROUP, &err), 0);
    expect_clean();
}
END_TEST

/* --- drivers that fail, the reconciler */

static void
script(const char *text)
{
    CLEANUP_FREE char *path = NULL;
    int fd;

    path = xasprintf("%s/run/compute/c1/script", scratch);
    fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    ck_assert_msg(fd >= 0, "%s", path);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

START_TEST(driver_that_fails_does_not_hide_what_others_tell)
{
    char handle[256];

    make_volume(OTHER, handle);
    script("server_list fail unavailable\n");
    ck_assert_int_eq(run_audit(1), 2);
    ck_assert_str_eq(findings, "guest-without-server - open\nserver-state - open\nvolume-without-server " OTHER " repaired\n");
}
END_TEST

START_TEST(catalog_alone_can_be_audited)
{
    struct reconciler_options o = { .catalog = catalog, .config = config };
    int open;

    ck_assert_int_eq(compute_server_destroy(compute, NULL, SERVER, &err), 0);
    ck_assert_int_eq(audit_run(&o, 0, NULL, NULL, &open, &err), 0);
    ck_assert_int_eq(open, 0);
}
END_TEST

START_TEST(reconciler_makes_everything_again_at_its_start)
{
    static const char *const hosts[] = { "h1", NULL };
    struct engine_options eo = { .catalog = catalog, .plugins = plugins, .config = config, .owner = "test", .hosts = hosts, .workers = 2 };
    struct reconciler_options ro = { .catalog = catalog, .plugins = plugins, .config = config, .host = "h1" };
    struct reconciler *r;
    struct engine *engine;

    ck_assert_int_eq(network_port_unplug(net, PORT, &err), 0);
    ck_assert_int_eq(network_group_remove(net, GROUP, &err), 0);
    ck_assert_int_eq(network_network_remove(net, NET, &err), 0);
    make_guest(OTHER);
    sql("insert into images (id, status, visibility, size_bytes, created_us, updated_us) values ('up', 'saving', 'public', 7, 1, 1)");
    sql("insert into images (id, status, visibility, created_us, updated_us) values ('alive', 'saving', 'public', 1, %lld)", (long long)clock_us());
    ck_assert_msg(engine_start(&eo, &engine, &err) == 0, "%s", err.message);
    ro.engine = engine;
    ck_assert_msg(reconciler_start(&ro, &r, &err) == 0, "%s", err.message);
    for (int i = 0; i < 100 && engine_wait_idle(engine, 10000) == 0 && number("select count(*) from tasks where state = 'done'") == 0; i++)
        usleep(10000);          /* the run itself is no task */
    ck_assert_int_eq(engine_wait_idle(engine, 10000), 0);
    engine_stop(engine);
    reconciler_stop(r);
    ck_assert_str_eq(text_of("select status || coalesce(size_bytes, '-') from images where id = 'up'"), "queued-");
    ck_assert_str_eq(text_of("select status from images where id = 'alive'"), "saving");
    expect_clean();
}
END_TEST

int
main(void)
{
    const TTest *const tests[] = {
        a_delete_tells_every_host_that_knows_the_groups_members, a_build_that_failed_leaves_its_place_and_keeps_its_ports,
        a_port_waits_for_an_apply_that_saw_it_bound,
        books_that_agree_with_the_machine_are_left_alone, what_a_task_works_on_is_left_alone, allocation_without_server_is_deleted,
        server_without_allocation_claims_what_its_flavor_takes, allocation_of_wrong_size_is_corrected,
        disks_of_a_deleted_server_go_with_their_volumes, port_of_a_deleted_server_is_deleted_and_unplugged,
        port_made_before_its_deleted_server_is_freed, port_that_a_user_gave_to_something_else_is_his, port_bound_elsewhere_comes_to_its_server,
        build_without_a_task_becomes_an_error_that_can_be_read, delete_without_a_task_goes_on,
        reboot_without_a_task_is_forgotten_and_the_power_state_read, task_of_a_server_that_is_gone_ends, address_of_another_network_is_reported,
        network_whose_dhcp_port_is_gone_is_reported, guest_without_a_server_is_destroyed, guest_of_a_server_on_another_host_is_destroyed,
        server_whose_guest_is_gone_is_stopped, server_follows_its_guest, config_drive_without_a_server_is_deleted,
        volume_that_is_nobodys_disk_is_deleted, disk_without_its_volume_is_reported,
        bytes_without_an_image_are_deleted_when_they_are_not_of_an_upload, image_without_its_bytes_is_reported,
        port_that_is_not_bound_here_is_unplugged, port_that_is_bound_here_is_plugged_by_a_task, network_and_group_that_ports_need_are_applied,
        a_group_that_rules_name_comes_and_goes_with_theirs,
        driver_that_fails_does_not_hide_what_others_tell, catalog_alone_can_be_audited, reconciler_makes_everything_again_at_its_start,
    };
    TCase *tcase = tcase_create("reconcile");
    Suite *suite = suite_create("reconcile");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 30);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
