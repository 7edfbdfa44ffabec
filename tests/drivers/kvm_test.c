/* kvm_test.c: what compute driver "kvm" promises, on a real libvirt and QEMU.  Run by kvm.sh, which makes both:
 * $KVM_TEST_MODULE the driver, $KVM_TEST_DIR an empty folder, $KVM_TEST_POWER the guest image "power.raw". */

#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kvm_host.h"

#define CLOUD       "aaaaaaaa-0000-4000-8000-000000000001"
#define OTHER_CLOUD "aaaaaaaa-0000-4000-8000-000000000002"
#define SERVER      "bbbbbbbb-0000-4000-8000-000000000001"
#define NOBODY      "bbbbbbbb-0000-4000-8000-00000000ffff"
#define ROOT_DISK   "cccccccc-0000-4000-8000-000000000001"
#define DATA_DISK   "cccccccc-0000-4000-8000-000000000002"
#define PORT        "dddddddd-0000-4000-8000-000000000001"
#define MIB         (UINT64_C(1) << 20)

static struct test_host *host;
static const struct cairn_compute_driver *driver;
static void *self;
static struct cairn_error err;
static const char *dir;

/* -- one server ------------------------------------------------------------------------------------------------------------------- */

static struct cairn_connection root_source, data_source;
static struct cairn_disk root_disk, data_disk;
static const struct cairn_disk *disks[] = { &root_disk };
static struct cairn_server server;

#define ok(call)  do { cairn_error_clear(&err); if ((call) != 0) ck_abort_msg("%s: %u %s", #call, err.code, err.message); } while (0)
#define fails(call, wanted) do {                                                                           \
        cairn_error_clear(&err);                                                                           \
        ck_assert_int_eq((call), -1);                                                                      \
        ck_assert_msg(err.code == (wanted), "%s: code %u, not %s: %s", #call, err.code, #wanted, err.message); } while (0)

static void
copy_file(const char *from, const char *to)
{
    char buf[65536];
    ssize_t n;
    int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    ck_assert_msg(in >= 0 && out >= 0, "cannot copy %s to %s", from, to);
    while ((n = read(in, buf, sizeof buf)) > 0)
        ck_assert_int_eq(write(out, buf, (size_t)n), n);
    close(in);
    close(out);
}

static void
describe(void)
{
    root_source = (struct cairn_connection){ .size = sizeof root_source, .kind = CAIRN_CONN_FILE, .format = CAIRN_FORMAT_RAW, .size_bytes = MIB };
    snprintf(root_source.path, sizeof root_source.path, "%s/root.raw", dir);
    copy_file(getenv("KVM_TEST_POWER"), root_source.path);
    data_source = root_source;
    snprintf(data_source.path, sizeof data_source.path, "%s/data.raw", dir);
    copy_file(getenv("KVM_TEST_POWER"), data_source.path);
    ck_assert_int_eq(truncate(data_source.path, 8 * MIB), 0);
    root_disk = (struct cairn_disk){ .size = sizeof root_disk, .role = CAIRN_DISK_ROOT, .boot_index = 0, .id = ROOT_DISK, .source = &root_source };
    data_disk = (struct cairn_disk){ .size = sizeof data_disk, .role = CAIRN_DISK_VOLUME, .boot_index = -1, .id = DATA_DISK, .source = &data_source };
    server = (struct cairn_server){ .size = sizeof server, .vcpus = 1, .ram_bytes = 16 * MIB, .id = SERVER, .name = "caf\xc3\xa9 <&>\n]]>\x01",
                                    .project_id = "p", .user_id = "u", .flavor_name = "tiny", .disks = disks, .disks_count = 1, .power_on = 1,
                                    .graphics = CAIRN_GRAPHICS_VNC };
}

static uint32_t
power(void)
{
    struct cairn_server_state state = { .size = 0 };

    ok(driver->server_state(self, SERVER, &state, &err));
    ck_assert_str_eq(state.id, SERVER);
    return state.power;
}

/* 1 once the serial console's log contains 'text' that many times; 0 after twenty seconds. */
static int
console_says(const char *text, int times)
{
    const struct timespec pause = { 0, 50000000 };

    for (int i = 0; i < 400; i++) {
        char *log = NULL;
        size_t len = 0;
        int found = 0;

        ok(driver->console_log(self, SERVER, 65536, &log, &len, &err));
        ck_assert_uint_eq(strlen(log), len);
        for (const char *at = log; (at = strstr(at, text)) != NULL; at++)
            found++;
        free(log);
        if (found >= times)
            return 1;
        nanosleep(&pause, NULL);
    }
    return 0;
}

static void
start_host(void)
{
    static const char *const settings[] = { "detach_timeout", "20s", NULL };

    host = test_host_open(getenv("KVM_TEST_MODULE"), dir, CLOUD, settings, &err);
    if (host == NULL) {                         /* without it no test means anything */
        fprintf(stderr, "kvm_test: %s\n", err.message);
        exit(EXIT_FAILURE);
    }
    driver = test_host_driver(host);
    self = test_host_self(host);
}

static void
setup(void)
{
    dir = getenv("KVM_TEST_DIR");
    start_host();
}

static void
teardown(void)
{
    driver->server_destroy(self, NULL, SERVER, &err);
    test_host_close(host);
}

static void
boot_server(void)
{
    describe();
    ok(driver->server_create(self, NULL, &server, &err));
    ck_assert(console_says("login:", 1));
}

static void
remove_server(void)
{
    ok(driver->server_destroy(self, NULL, SERVER, &err));
}

/* -- making and removing ----------------------------------------------------------------------------------------------------------- */

START_TEST(a_created_server_boots_and_says_login)
{
    test_host_forget(host);
    ok(driver->server_create(self, NULL, &server, &err));
    ck_assert(console_says("login:", 1));
    ck_assert_uint_eq(power(), CAIRN_POWER_RUNNING);
    ck_assert(test_host_saw(host, CAIRN_EVENT_SERVER_STATE, SERVER, CAIRN_POWER_RUNNING, 5000));
}
END_TEST

START_TEST(create_again_changes_nothing)
{
    ok(driver->server_create(self, NULL, &server, &err));
    ok(driver->server_create(self, NULL, &server, &err));
    ck_assert_uint_eq(power(), CAIRN_POWER_RUNNING);
    ck_assert(console_says("login:", 1));
}
END_TEST

START_TEST(create_without_power_only_defines)
{
    server.power_on = 0;
    ok(driver->server_create(self, NULL, &server, &err));
    ck_assert_uint_eq(power(), CAIRN_POWER_SHUTDOWN);
    server.power_on = 1;
    ok(driver->server_create(self, NULL, &server, &err));
    ck_assert_uint_eq(power(), CAIRN_POWER_RUNNING);
}
END_TEST

START_TEST(destroy_twice_is_success_and_leaves_no_file)
{
    char path[512];
    struct stat st;

    snprintf(path, sizeof path, "%s/console/%s.log", test_host_state_dir(host), SERVER);
    ck_assert_int_eq(stat(path, &st), 0);
    ok(driver->server_destroy(self, NULL, SERVER, &err));
    ok(driver->server_destroy(self, NULL, SERVER, &err));
    ck_assert_int_ne(stat(path, &st), 0);
    ck_assert_int_eq(stat(root_source.path, &st), 0);
}
END_TEST

START_TEST(an_unknown_server_is_not_found)
{
    struct cairn_server stranger = server;
    struct cairn_server_state state;
    struct cairn_console console;
    char *text, target[32];
    size_t len;

    stranger.id = NOBODY;
    fails(driver->server_state(self, NOBODY, &state, &err), CAIRN_NOT_FOUND);
    fails(driver->server_start(self, NULL, &stranger, &err), CAIRN_NOT_FOUND);
    fails(driver->server_stop(self, NULL, NOBODY, 0, &err), CAIRN_NOT_FOUND);
    fails(driver->server_reboot(self, NULL, &stranger, CAIRN_REBOOT_HARD, 0, &err), CAIRN_NOT_FOUND);
    fails(driver->server_pause(self, NOBODY, &err), CAIRN_NOT_FOUND);
    fails(driver->server_suspend(self, NULL, NOBODY, &err), CAIRN_NOT_FOUND);
    fails(driver->disk_attach(self, NULL, NOBODY, &data_disk, target, &err), CAIRN_NOT_FOUND);
    fails(driver->disk_detach(self, NULL, NOBODY, DATA_DISK, &err), CAIRN_NOT_FOUND);
    fails(driver->console_log(self, NOBODY, 100, &text, &len, &err), CAIRN_NOT_FOUND);
    fails(driver->console_connect(self, NOBODY, CAIRN_CONSOLE_VNC, &console, &err), CAIRN_NOT_FOUND);
    fails(driver->server_state(self, "../../etc/passwd", &state, &err), CAIRN_NOT_FOUND);
}
END_TEST

START_TEST(a_server_whose_disk_is_missing_fails_with_its_path)
{
    snprintf(root_source.path, sizeof root_source.path, "%s/gone.raw", dir);
    cairn_error_clear(&err);
    ck_assert_int_eq(driver->server_create(self, NULL, &server, &err), -1);
    ck_assert_msg(strstr(err.message, "gone.raw") != NULL, "%s", err.message);
    ck_assert_uint_eq(power(), CAIRN_POWER_SHUTDOWN);
}
END_TEST

START_TEST(another_clouds_server_is_not_ours)
{
    struct test_host *other;
    const struct cairn_compute_driver *od;
    struct cairn_sink sink = { .item_size = sizeof(struct cairn_server_state) };
    struct cairn_server_state state;
    char other_dir[256];

    snprintf(other_dir, sizeof other_dir, "%s/other", dir);
    mkdir(other_dir, 0755);
    other = test_host_open(getenv("KVM_TEST_MODULE"), other_dir, OTHER_CLOUD, NULL, &err);
    ck_assert_msg(other != NULL, "%s", err.message);
    od = test_host_driver(other);
    ok(od->server_list(test_host_self(other), &sink, &err));
    ck_assert_uint_eq(sink.count, 0);
    fails(od->server_state(test_host_self(other), SERVER, &state, &err), CAIRN_NOT_FOUND);
    fails(od->server_create(test_host_self(other), NULL, &server, &err), CAIRN_EXISTS);
    ok(od->server_destroy(test_host_self(other), NULL, SERVER, &err));
    test_host_close(other);
    ok(driver->server_list(self, &sink, &err));
    ck_assert_uint_eq(sink.count, 1);
    ck_assert_str_eq(((struct cairn_server_state *)(void *)sink.items)->id, SERVER);
    ck_assert_uint_eq(((struct cairn_server_state *)(void *)sink.items)->power, CAIRN_POWER_RUNNING);
}
END_TEST

/* -- power ------------------------------------------------------------------------------------------------------------------------- */

START_TEST(stop_with_grace_is_the_guests_own_doing)
{
    struct cairn_server_state state;

    ok(driver->server_stop(self, NULL, SERVER, 20000, &err));
    ok(driver->server_state(self, SERVER, &state, &err));
    ck_assert_uint_eq(state.power, CAIRN_POWER_SHUTDOWN);
    ck_assert_str_eq(state.reason, "the guest powered off");
    ok(driver->server_stop(self, NULL, SERVER, 20000, &err));
    ok(driver->server_start(self, NULL, &server, &err));
    ok(driver->server_start(self, NULL, &server, &err));
    ck_assert(console_says("login:", 2));
}
END_TEST

START_TEST(stop_of_a_deaf_guest_pulls_the_plug)
{
    ok(driver->server_pause(self, SERVER, &err));
    ok(driver->server_stop(self, NULL, SERVER, 60000, &err));
    ck_assert_uint_eq(power(), CAIRN_POWER_SHUTDOWN);
}
END_TEST

START_TEST(stop_can_be_called_off)
{
    static char op;

    fails(driver->server_stop(self, (struct cairn_op *)(void *)&op, SERVER, 60000, &err), CAIRN_CANCELLED);
}
END_TEST

START_TEST(reboot_soft_and_hard)
{
    ok(driver->server_reboot(self, NULL, &server, CAIRN_REBOOT_SOFT, 20000, &err));
    ck_assert(console_says("login:", 2));
    ok(driver->server_reboot(self, NULL, &server, CAIRN_REBOOT_HARD, 0, &err));
    ck_assert(console_says("login:", 3));
    ck_assert_uint_eq(power(), CAIRN_POWER_RUNNING);
}
END_TEST

START_TEST(pause_and_unpause)
{
    test_host_forget(host);
    ok(driver->server_pause(self, SERVER, &err));
    ok(driver->server_pause(self, SERVER, &err));
    ck_assert_uint_eq(power(), CAIRN_POWER_PAUSED);
    ck_assert(test_host_saw(host, CAIRN_EVENT_SERVER_STATE, SERVER, CAIRN_POWER_PAUSED, 5000));
    ok(driver->server_unpause(self, SERVER, &err));
    ok(driver->server_unpause(self, SERVER, &err));
    ck_assert_uint_eq(power(), CAIRN_POWER_RUNNING);
}
END_TEST

START_TEST(suspend_keeps_the_guests_memory)
{
    struct cairn_sink sink = { .item_size = sizeof(struct cairn_server_state) };

    fails(driver->server_resume(self, NULL, (server.id = NOBODY, &server), &err), CAIRN_NOT_FOUND);
    server.id = SERVER;
    ok(driver->server_suspend(self, NULL, SERVER, &err));
    ok(driver->server_suspend(self, NULL, SERVER, &err));
    ck_assert_uint_eq(power(), CAIRN_POWER_SUSPENDED);
    ok(driver->server_list(self, &sink, &err));
    ck_assert_uint_eq(((struct cairn_server_state *)(void *)sink.items)->power, CAIRN_POWER_SUSPENDED);
    fails(driver->server_start(self, NULL, &server, &err), CAIRN_CONFLICT);
    ok(driver->server_resume(self, NULL, &server, &err));
    ok(driver->server_resume(self, NULL, &server, &err));
    ck_assert_uint_eq(power(), CAIRN_POWER_RUNNING);
    ok(driver->server_stop(self, NULL, SERVER, 20000, &err));   /* it still hears the button, and has not booted again */
    ck_assert(console_says("login:", 1));
    fails(driver->server_resume(self, NULL, &server, &err), CAIRN_CONFLICT);
    fails(driver->server_pause(self, SERVER, &err), CAIRN_CONFLICT);
    fails(driver->server_suspend(self, NULL, SERVER, &err), CAIRN_CONFLICT);
}
END_TEST

START_TEST(rescue_boots_the_rescue_disk_first)
{
    struct cairn_disk rescue = root_disk;
    const struct cairn_disk *both[] = { &root_disk, &rescue };
    struct cairn_connection blank = root_source;

    /* the root disk cannot boot: what says login is the rescue disk */
    snprintf(blank.path, sizeof blank.path, "%s/blank.raw", dir);
    close(open(blank.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    ck_assert_int_eq(truncate(blank.path, MIB), 0);
    root_disk.source = &blank;
    rescue.role = CAIRN_DISK_RESCUE;
    rescue.id = DATA_DISK;
    rescue.boot_index = -1;
    rescue.source = &root_source;
    server.disks = both;
    server.disks_count = 2;
    server.rescue = 1;
    ok(driver->server_rescue(self, NULL, &server, &err));
    ck_assert(console_says("login:", 2));
    ok(driver->server_rescue(self, NULL, &server, &err));
    describe();
    ok(driver->server_unrescue(self, NULL, &server, &err));
    ck_assert(console_says("login:", 3));
}
END_TEST

START_TEST(a_guest_that_powers_off_by_itself_is_told)
{
    test_host_forget(host);
    ck_assert_int_eq(system("virsh -q shutdown " SERVER " --mode acpi >/dev/null"), 0);
    ck_assert(test_host_saw(host, CAIRN_EVENT_SERVER_STATE, SERVER, CAIRN_POWER_SHUTDOWN, 20000));
}
END_TEST

START_TEST(qemu_killed_is_a_crash)
{
    struct cairn_server_state state;

    test_host_forget(host);
    ck_assert_int_eq(system("kill -9 $(cat /run/libvirt/qemu/" SERVER ".pid)"), 0);
    ck_assert(test_host_saw(host, CAIRN_EVENT_SERVER_STATE, SERVER, CAIRN_POWER_CRASHED, 20000));
    ok(driver->server_state(self, SERVER, &state, &err));
    ck_assert_uint_eq(state.power, CAIRN_POWER_CRASHED);
    ok(driver->server_start(self, NULL, &server, &err));
    ck_assert(console_says("login:", 2));
}
END_TEST

/* -- devices ------------------------------------------------------------------------------------------------------------------------ */

START_TEST(a_disk_comes_and_goes_while_the_guest_runs)
{
    char target[32];

    ok(driver->disk_attach(self, NULL, SERVER, &data_disk, target, &err));
    ck_assert_str_eq(target, "vdb");
    target[0] = '\0';
    ok(driver->disk_attach(self, NULL, SERVER, &data_disk, target, &err));
    ck_assert_str_eq(target, "vdb");
    ok(driver->disk_resize(self, SERVER, DATA_DISK, 16 * MIB, &err));
    fails(driver->disk_resize(self, SERVER, NOBODY, 16 * MIB, &err), CAIRN_NOT_FOUND);
    ok(driver->disk_detach(self, NULL, SERVER, DATA_DISK, &err));
    ok(driver->disk_detach(self, NULL, SERVER, DATA_DISK, &err));
    fails(driver->disk_resize(self, SERVER, DATA_DISK, 16 * MIB, &err), CAIRN_NOT_FOUND);
}
END_TEST

START_TEST(a_disk_is_attached_to_a_server_that_is_off)
{
    char target[32];

    ok(driver->server_stop(self, NULL, SERVER, 0, &err));
    data_disk.target = "vdf";
    ok(driver->disk_attach(self, NULL, SERVER, &data_disk, target, &err));
    ck_assert_str_eq(target, "vdf");
    ok(driver->disk_detach(self, NULL, SERVER, DATA_DISK, &err));
}
END_TEST

START_TEST(a_raw_disk_that_claims_to_be_qcow2_stays_raw)
{
    /* the header of a qcow2 file with /etc/passwd as its backing file: were it believed, the guest could read that */
    static const unsigned char header[] = { 'Q', 'F', 'I', 0xfb, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 72, 0, 0, 0, 11 };
    int fd = open(data_source.path, O_WRONLY | O_CLOEXEC);
    char target[32];

    ck_assert_int_eq(pwrite(fd, header, sizeof header, 0), (int)sizeof header);
    ck_assert_int_eq(pwrite(fd, "/etc/passwd", 11, 72), 11);
    close(fd);
    ok(driver->disk_attach(self, NULL, SERVER, &data_disk, target, &err));
    ck_assert_int_ne(system("virsh -q dumpxml " SERVER " | grep -q passwd"), 0);
    ck_assert_int_eq(system("virsh -q domblkinfo " SERVER " vdb | grep -Eq 'Capacity: +8388608'"), 0);
    ok(driver->disk_detach(self, NULL, SERVER, DATA_DISK, &err));
}
END_TEST

START_TEST(a_disk_may_be_served_by_nbd)
{
    struct cairn_connection nbd = { .size = sizeof nbd, .kind = CAIRN_CONN_NBD, .format = CAIRN_FORMAT_RAW, .export_name = "vol" };
    char command[2600], target[32];

    snprintf(nbd.path, sizeof nbd.path, "%s/nbd.sock", dir);
    snprintf(command, sizeof command, "qemu-nbd --fork -f raw -x vol -k %s %s", nbd.path, data_source.path);
    ck_assert_int_eq(system(command), 0);       /* ends with its first client */
    data_disk.source = &nbd;
    ok(driver->disk_attach(self, NULL, SERVER, &data_disk, target, &err));
    ck_assert_int_eq(system("virsh -q domblkinfo " SERVER " vdb | grep -Eq 'Capacity: +8388608'"), 0);
    ok(driver->disk_detach(self, NULL, SERVER, DATA_DISK, &err));
}
END_TEST

START_TEST(an_rbd_disk_brings_its_key_as_a_secret)
{
    static const char *const secret = "virsh -q secret-list | grep -q 'cairn " CLOUD " openstack'";
    struct cairn_connection rbd = { .size = sizeof rbd, .kind = CAIRN_CONN_RBD, .format = CAIRN_FORMAT_RAW, .pool = "vms", .image = "v1",
                                    .host = "192.0.2.1:6789,[2001:db8::1]:6789", .user = "openstack",
                                    .secret = "AQBSdFhcGSjtJxAAfJ0w8ejwqPbjF5WkS8ovuQ==" };

    root_disk.source = &rbd;
    server.power_on = 0;
    ok(driver->server_create(self, NULL, &server, &err));
    ck_assert_int_eq(system(secret), 0);
    ck_assert_int_eq(system("virsh -q dumpxml " SERVER " | grep -q \"<source protocol='rbd' name='vms/v1'>\""), 0);
    ck_assert_int_eq(system("virsh -q dumpxml " SERVER " | grep -q \"<host name='2001:db8::1' port='6789'/>\""), 0);
    ck_assert_int_ne(system("virsh -q dumpxml " SERVER " --security-info | grep -q AQBSdFhc"), 0);
    rbd.secret[0] = '!';
    fails(driver->server_create(self, NULL, &server, &err), CAIRN_INVALID);
}
END_TEST

/* Each thread has a server of its own, as the daemon's workers have. */
static void *
one_life(void *number)
{
    struct cairn_error why = CAIRN_ERROR_INIT;
    struct cairn_connection source = root_source;
    struct cairn_disk disk = root_disk;
    const struct cairn_disk *list[] = { &disk };
    struct cairn_server mine = server;
    struct cairn_server_state state = { .size = 0 };
    char id[64];

    snprintf(id, sizeof id, "bbbbbbbb-0000-4000-8000-0000000001%02x", *(int *)number);
    snprintf(source.path, sizeof source.path, "%s/root-%d.raw", dir, *(int *)number);
    disk.source = &source;
    mine.id = id;
    mine.disks = list;
    if (driver->server_create(self, NULL, &mine, &why) < 0 || driver->server_state(self, id, &state, &why) < 0 ||
        state.power != CAIRN_POWER_RUNNING || driver->server_pause(self, id, &why) < 0 || driver->server_unpause(self, id, &why) < 0 ||
        driver->server_stop(self, NULL, id, 0, &why) < 0 || driver->server_destroy(self, NULL, id, &why) < 0) {
        fprintf(stderr, "%s: %s\n", id, why.message);
        return NULL;
    }
    return number;
}

START_TEST(servers_live_side_by_side)
{
    struct cairn_sink sink = { .item_size = sizeof(struct cairn_server_state) };
    pthread_t threads[6];
    int numbers[6];
    void *result;
    char path[1200];

    for (int i = 0; i < 6; i++) {
        numbers[i] = i;
        snprintf(path, sizeof path, "%s/root-%d.raw", dir, i);
        copy_file(getenv("KVM_TEST_POWER"), path);
        ck_assert_int_eq(pthread_create(&threads[i], NULL, one_life, &numbers[i]), 0);
    }
    for (int i = 0; i < 6; i++) {
        pthread_join(threads[i], &result);
        ck_assert_ptr_eq(result, &numbers[i]);
    }
    ok(driver->server_list(self, &sink, &err));
    ck_assert_uint_eq(sink.count, 0);
}
END_TEST

START_TEST(a_nic_comes_and_goes)
{
    struct cairn_nic nic = { .size = sizeof nic, .kind = CAIRN_NIC_TAP, .mtu = 1450, .id = PORT, .mac = "fa:16:3e:00:00:01", .device = "tapkvmtest" };

    ck_assert_int_eq(system("ip tuntap add tapkvmtest mode tap"), 0);
    ok(driver->nic_attach(self, NULL, SERVER, &nic, &err));
    ok(driver->nic_attach(self, NULL, SERVER, &nic, &err));
    ok(driver->nic_detach(self, NULL, SERVER, PORT, &err));
    ok(driver->nic_detach(self, NULL, SERVER, PORT, &err));
    ck_assert_int_eq(system("ip tuntap del tapkvmtest mode tap"), 0);      /* ours to remove: the driver left it */
}
END_TEST

START_TEST(a_disk_is_copied_while_the_guest_writes_elsewhere)
{
    struct stat st;
    char overlay[512];

    snprintf(overlay, sizeof overlay, "%s/overlay/%s-%s.qcow2", test_host_state_dir(host), SERVER, ROOT_DISK);
    ok(driver->snapshot_begin(self, NULL, SERVER, ROOT_DISK, 0, &err));
    ok(driver->snapshot_begin(self, NULL, SERVER, ROOT_DISK, 0, &err));
    ck_assert_int_eq(stat(overlay, &st), 0);
    ok(driver->snapshot_end(self, NULL, SERVER, ROOT_DISK, &err));
    ok(driver->snapshot_end(self, NULL, SERVER, ROOT_DISK, &err));
    ck_assert_int_ne(stat(overlay, &st), 0);
    fails(driver->snapshot_begin(self, NULL, SERVER, NOBODY, 0, &err), CAIRN_NOT_FOUND);
    /* the guest dies in between: what was written comes back before the next start */
    ok(driver->snapshot_begin(self, NULL, SERVER, ROOT_DISK, 0, &err));
    ck_assert_int_eq(system("virsh -q destroy " SERVER " >/dev/null"), 0);
    ck_assert_int_eq(stat(overlay, &st), 0);
    {
        char command[1200];

        snprintf(command, sizeof command, "qemu-io -f qcow2 -c 'write -q -P 0x5a 64k 4k' %s >/dev/null", overlay);
        ck_assert_int_eq(system(command), 0);
        ok(driver->server_start(self, NULL, &server, &err));
        snprintf(command, sizeof command, "qemu-io -r -U -f raw -c 'read -q -P 0x5a 64k 4k' %s >/dev/null", root_source.path);
        ck_assert_int_eq(system(command), 0);
    }
    ck_assert_int_ne(stat(overlay, &st), 0);
}
END_TEST

/* -- consoles, figures --------------------------------------------------------------------------------------------------------------- */

START_TEST(consoles_listen_while_the_guest_runs)
{
    struct cairn_console console = { .size = 0 };
    struct stat st;

    ok(driver->console_connect(self, SERVER, CAIRN_CONSOLE_VNC, &console, &err));
    ck_assert_str_eq(console.host, "127.0.0.1");
    ck_assert_uint_ge(console.port, 5900);
    ok(driver->console_connect(self, SERVER, CAIRN_CONSOLE_SERIAL, &console, &err));
    ck_assert_int_eq(stat(console.path, &st), 0);
    ck_assert(S_ISSOCK(st.st_mode));
    fails(driver->console_connect(self, SERVER, CAIRN_CONSOLE_SPICE, &console, &err), CAIRN_UNSUPPORTED);
    ok(driver->server_stop(self, NULL, SERVER, 0, &err));
    fails(driver->console_connect(self, SERVER, CAIRN_CONSOLE_VNC, &console, &err), CAIRN_CONFLICT);
}
END_TEST

START_TEST(the_console_log_ends_where_it_is_told)
{
    char *text = NULL;
    size_t len;

    ok(driver->console_log(self, SERVER, 4, &text, &len, &err));
    ck_assert_uint_eq(len, 4);
    ck_assert_str_eq(text, ": \r\n");
    free(text);
}
END_TEST

START_TEST(figures_are_those_of_the_guest)
{
    struct cairn_compute_info info;
    struct cairn_server_stats stats;
    struct cairn_health health;
    struct cairn_sink sink = { .item_size = sizeof stats };

    ok(driver->host_info(self, &info, &err));
    ck_assert_str_eq(info.hypervisor_type, "QEMU");
    ck_assert_uint_ge(info.vcpus, 1);
    ck_assert_uint_gt(info.ram_bytes, 256 * MIB);
    ck_assert_int_eq(info.cpu_info_json[0], '{');
    ck_assert_int_eq(info.cpu_info_json[strlen(info.cpu_info_json) - 1], '}');
    ok(driver->server_diagnostics(self, SERVER, &stats, &err));
    ck_assert_str_eq(stats.id, SERVER);
    ck_assert_uint_gt(stats.cpu_ns, 0);
    ck_assert_uint_eq(stats.ram_bytes, 16 * MIB);
    ck_assert_uint_ge(stats.disk_read_bytes, 512);
    ok(driver->server_stats(self, &sink, &err));
    ck_assert_uint_eq(sink.count, 1);
    ok(driver->health(self, &health, &err));
    ck_assert_uint_eq(health.ok, 1);
    fprintf(stderr, "%s\n%s\n", health.text, info.cpu_info_json);
}
END_TEST

START_TEST(properties_shape_the_machine)
{
    static const struct cairn_pair machine = { "hw_machine_type", "q35" }, bus = { "hw_disk_bus", "scsi" }, cores = { "hw:cpu_cores", "2" },
                                   odd = { "hw_unheard_of", "x" }, bad = { "hw_disk_bus", "xen" };
    const struct cairn_pair *good_list[] = { &cores, &machine, &bus, &odd }, *bad_list[] = { &bad };

    server.vcpus = 2;
    server.properties = good_list;
    server.properties_count = 4;
    ok(driver->server_reboot(self, NULL, &server, CAIRN_REBOOT_HARD, 0, &err));
    ck_assert(console_says("login:", 2));
    ck_assert_int_eq(system("virsh -q dumpxml " SERVER " | grep -q \"machine='pc-q35-\""), 0);
    ck_assert_int_eq(system("virsh -q dumpxml " SERVER " | grep -q \"dev='sda' bus='scsi'\""), 0);
    ck_assert_int_eq(system("virsh -q dumpxml " SERVER " | grep -q \"sockets='1' dies='1' cores='2'\""), 0);
    ok(driver->server_stop(self, NULL, SERVER, 20000, &err));
    server.properties = bad_list;
    server.properties_count = 1;
    fails(driver->server_start(self, NULL, &server, &err), CAIRN_UNSUPPORTED);
    ck_assert_msg(strstr(err.message, "virtio, scsi, ide, sata, usb") != NULL, "%s", err.message);
}
END_TEST

/* -- libvirtd goes and comes ----------------------------------------------------------------------------------------------------------- */

static void
end_libvirtd(void)
{
    const struct timespec pause = { 0, 50000000 };
    FILE *file = fopen("/run/libvirt/libvirtd.pid", "re");
    int pid = 0;

    ck_assert(file != NULL);
    ck_assert_int_eq(fscanf(file, "%d", &pid), 1);
    fclose(file);
    ck_assert_int_gt(pid, 1);
    ck_assert_int_eq(kill(pid, SIGTERM), 0);
    while (kill(pid, 0) == 0)
        nanosleep(&pause, NULL);
}

START_TEST(libvirtd_may_die_and_return)
{
    struct cairn_server_state state;
    struct cairn_health health;

    test_host_forget(host);
    end_libvirtd();
    ck_assert(test_host_saw(host, CAIRN_EVENT_DRIVER_LOST, NULL, -1, 10000));
    fails(driver->server_state(self, SERVER, &state, &err), CAIRN_UNAVAILABLE);
    ok(driver->health(self, &health, &err));
    ck_assert_uint_eq(health.ok, 0);
    ck_assert_int_eq(system("setsid libvirtd -d -p /run/libvirt/libvirtd.pid"), 0);
    ck_assert(test_host_saw(host, CAIRN_EVENT_DRIVER_BACK, NULL, -1, 20000));
    ck_assert_uint_eq(power(), CAIRN_POWER_RUNNING);            /* the guest ran on */
    ok(driver->server_stop(self, NULL, SERVER, 20000, &err));
    ck_assert(test_host_saw(host, CAIRN_EVENT_SERVER_STATE, SERVER, CAIRN_POWER_SHUTDOWN, 5000));
}
END_TEST

START_TEST(a_new_instance_finds_what_the_old_one_left)
{
    test_host_close(host);
    start_host();
    test_host_forget(host);
    ck_assert_uint_eq(power(), CAIRN_POWER_RUNNING);
    ok(driver->server_pause(self, SERVER, &err));
    ck_assert(test_host_saw(host, CAIRN_EVENT_SERVER_STATE, SERVER, CAIRN_POWER_PAUSED, 5000));
}
END_TEST

/* -- */

int
main(void)
{
    Suite *suite = suite_create("kvm");
    TCase *fresh = tcase_create("from nothing"), *booted = tcase_create("with a running server");
    SRunner *runner = srunner_create(suite);
    int failed;

    if (getenv("KVM_TEST_MODULE") == NULL || getenv("KVM_TEST_DIR") == NULL || getenv("KVM_TEST_POWER") == NULL) {
        fprintf(stderr, "kvm_test: run it by kvm.sh\n");
        return 77;
    }
    tcase_add_checked_fixture(fresh, describe, remove_server);
    tcase_set_timeout(fresh, 120);
    tcase_set_timeout(booted, 120);
    tcase_add_test(fresh, a_created_server_boots_and_says_login);
    tcase_add_test(fresh, create_again_changes_nothing);
    tcase_add_test(fresh, create_without_power_only_defines);
    tcase_add_test(fresh, an_unknown_server_is_not_found);
    tcase_add_test(fresh, an_rbd_disk_brings_its_key_as_a_secret);
    tcase_add_test(fresh, servers_live_side_by_side);
    tcase_add_test(fresh, a_server_whose_disk_is_missing_fails_with_its_path);
    tcase_add_checked_fixture(booted, boot_server, remove_server);
    tcase_add_test(booted, destroy_twice_is_success_and_leaves_no_file);
    tcase_add_test(booted, another_clouds_server_is_not_ours);
    tcase_add_test(booted, stop_with_grace_is_the_guests_own_doing);
    tcase_add_test(booted, stop_of_a_deaf_guest_pulls_the_plug);
    tcase_add_test(booted, stop_can_be_called_off);
    tcase_add_test(booted, reboot_soft_and_hard);
    tcase_add_test(booted, pause_and_unpause);
    tcase_add_test(booted, suspend_keeps_the_guests_memory);
    tcase_add_test(booted, rescue_boots_the_rescue_disk_first);
    tcase_add_test(booted, a_guest_that_powers_off_by_itself_is_told);
    tcase_add_test(booted, qemu_killed_is_a_crash);
    tcase_add_test(booted, a_disk_comes_and_goes_while_the_guest_runs);
    tcase_add_test(booted, a_disk_is_attached_to_a_server_that_is_off);
    tcase_add_test(booted, a_raw_disk_that_claims_to_be_qcow2_stays_raw);
    tcase_add_test(booted, a_disk_may_be_served_by_nbd);
    tcase_add_test(booted, a_nic_comes_and_goes);
    tcase_add_test(booted, a_disk_is_copied_while_the_guest_writes_elsewhere);
    tcase_add_test(booted, consoles_listen_while_the_guest_runs);
    tcase_add_test(booted, the_console_log_ends_where_it_is_told);
    tcase_add_test(booted, figures_are_those_of_the_guest);
    tcase_add_test(booted, properties_shape_the_machine);
    tcase_add_test(booted, libvirtd_may_die_and_return);
    tcase_add_test(booted, a_new_instance_finds_what_the_old_one_left);
    suite_add_tcase(suite, fresh);
    suite_add_tcase(suite, booted);
    srunner_set_fork_status(runner, CK_NOFORK);         /* libvirt's threads do not survive a fork */
    setup();
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    teardown();
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
