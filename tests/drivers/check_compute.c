/* check_compute.c: what a compute driver promises: <cairn/compute.h>.  A real one needs --image: a disk that boots. */
#include "config.h"
#include "check.h"

#include <fcntl.h>
#include <inttypes.h>

#include "base/json.h"
#include "plugin/compute.h"

#define MIB (UINT64_C(1) << 20)
#define OP(name) offsetof(struct cairn_compute_driver, name)

/* -- helpers -- */

/* A server's description and what it points to. */
struct guest {
    char id[ID_UUID], disk_id[ID_UUID];
    struct cairn_server server;
    struct cairn_disk disk;
    struct cairn_connection conn;
    const struct cairn_disk *disks[1];
};

/* One processor, 128 MiB, and the image as its disk: read-only, so that it is the same for the next one. */
static void
guest_init(struct check *c, struct guest *g)
{
    *g = (struct guest){ .disk = { .size = sizeof g->disk, .role = CAIRN_DISK_ROOT, .flags = CAIRN_DISK_READ_ONLY } };
    id_uuid(g->id);
    id_uuid(g->disk_id);
    g->server = (struct cairn_server){ .size = sizeof g->server, .vcpus = 1, .ram_bytes = 128 * MIB, .id = g->id, .name = "check <&\"'> guest",
                                       .project_id = "check", .user_id = "check", .flavor_name = "check", .power_on = 1 };
    if (c->image == NULL && check_simulated(c))
        return;
    if (c->image == NULL)
        check_skip(c, "no --image was given");
    g->conn = (struct cairn_connection){ .size = sizeof g->conn, .kind = CAIRN_CONN_FILE, .format = c->image_format, .read_only = 1 };
    snprintf(g->conn.path, sizeof g->conn.path, "%s", c->image);
    g->disk.id = g->disk_id;
    g->disk.source = &g->conn;
    g->disks[0] = &g->disk;
    g->server.disks = g->disks;
    g->server.disks_count = 1;
}

static void
expect_power(struct check *c, const char *id, uint32_t power)
{
    struct cairn_server_state state = { .size = sizeof state };

    EXPECT(OK, compute_server_state(c->d, id, &state, &c->err));
    REQUIRE(strcmp(state.id, id) == 0, "server_state tells id '%s'", state.id);
    REQUIRE(state.power == power, "the server is in power state %u, not %u (%s)", state.power, power, state.reason);
}

static unsigned
listed(struct check *c, const char *id, unsigned *ret_total)
{
    struct check_list list;

    check_list_init(&list, offsetof(struct cairn_server_state, id), id);
    EXPECT(OK, compute_server_list(c->d, &list.sink, &c->err));
    if (ret_total != NULL)
        *ret_total = list.total;
    return list.matching;
}

static void
start_guest(struct check *c, struct guest *g)
{
    guest_init(c, g);
    EXPECT(OK, compute_server_create(c->d, NULL, &g->server, &c->err));
    expect_power(c, g->id, CAIRN_POWER_RUNNING);
}

static void
end_guest(struct check *c, struct guest *g)
{
    EXPECT(OK, compute_server_destroy(c->d, NULL, g->id, &c->err));
}

/* -- cases -- */

static void
host_figures(struct check *c)
{
    struct cairn_compute_info info = { .size = sizeof info };
    CLEANUP_JSON json_t *cpu = NULL;

    EXPECT(OK, compute_host_info(c->d, &info, &c->err));
    REQUIRE(info.vcpus > 0 && info.ram_bytes > 0, "the host has %u processors and %" PRIu64 " bytes of memory", info.vcpus, info.ram_bytes);
    REQUIRE(info.hypervisor_type[0] != '\0' && info.hypervisor_version[0] != '\0' && info.arch[0] != '\0', "type, version or arch is empty");
    REQUIRE(json_parse(info.cpu_info_json, strlen(info.cpu_info_json), &cpu, &c->err) == 0, "cpu_info_json: %s", c->err.message);
    REQUIRE(json_is_object(cpu) && json_str(cpu, "arch") != NULL, "cpu_info_json has no arch");
}

static void
unknown_server(struct check *c)
{
    struct cairn_server_state state = { .size = sizeof state };
    char id[ID_UUID];

    id_uuid(id);
    EXPECT(NOT_FOUND, compute_server_state(c->d, id, &state, &c->err));
    EXPECT(NOT_FOUND, compute_server_stop(c->d, NULL, id, 0, &c->err));
    if (check_has(c, OP(server_pause)))
        EXPECT(NOT_FOUND, compute_server_pause(c->d, id, &c->err));
    EXPECT(OK, compute_server_destroy(c->d, NULL, id, &c->err));
    REQUIRE(listed(c, id, NULL) == 0, "a server that never was is listed");
}

static void
server_life(struct check *c)
{
    struct cairn_server_state state = { .size = sizeof state };
    unsigned before, after;
    struct guest g;

    listed(c, NULL, &before);
    start_guest(c, &g);
    REQUIRE(listed(c, g.id, &after) == 1 && after == before + 1, "server_list has %u more than before", after - before);
    EXPECT(OK, compute_server_create(c->d, NULL, &g.server, &c->err));
    REQUIRE(listed(c, g.id, &after) == 1 && after == before + 1, "created twice, it is listed %u times", after - before);
    EXPECT(OK, compute_server_stop(c->d, NULL, g.id, 0, &c->err));
    EXPECT(OK, compute_server_stop(c->d, NULL, g.id, 0, &c->err));
    expect_power(c, g.id, CAIRN_POWER_SHUTDOWN);
    EXPECT(OK, compute_server_start(c->d, NULL, &g.server, &c->err));
    EXPECT(OK, compute_server_start(c->d, NULL, &g.server, &c->err));
    expect_power(c, g.id, CAIRN_POWER_RUNNING);
    end_guest(c, &g);
    EXPECT(NOT_FOUND, compute_server_state(c->d, g.id, &state, &c->err));
    REQUIRE(listed(c, g.id, &after) == 0 && after == before, "the destroyed server is still listed");
    EXPECT(OK, compute_server_destroy(c->d, NULL, g.id, &c->err));
}

static void
created_off_stays_off(struct check *c)
{
    struct guest g;

    guest_init(c, &g);
    g.server.power_on = 0;
    EXPECT(OK, compute_server_create(c->d, NULL, &g.server, &c->err));
    expect_power(c, g.id, CAIRN_POWER_SHUTDOWN);
    g.server.power_on = 1;      /* again, and on: a task that was resumed */
    EXPECT(OK, compute_server_create(c->d, NULL, &g.server, &c->err));
    expect_power(c, g.id, CAIRN_POWER_RUNNING);
    end_guest(c, &g);
}

static void
pauses(struct check *c)
{
    struct guest g;

    start_guest(c, &g);
    EXPECT(OK, compute_server_pause(c->d, g.id, &c->err));
    EXPECT(OK, compute_server_pause(c->d, g.id, &c->err));
    expect_power(c, g.id, CAIRN_POWER_PAUSED);
    EXPECT(OK, compute_server_unpause(c->d, g.id, &c->err));
    EXPECT(OK, compute_server_unpause(c->d, g.id, &c->err));
    expect_power(c, g.id, CAIRN_POWER_RUNNING);
    EXPECT(OK, compute_server_stop(c->d, NULL, g.id, 0, &c->err));
    EXPECT(CONFLICT, compute_server_pause(c->d, g.id, &c->err));
    expect_power(c, g.id, CAIRN_POWER_SHUTDOWN);
    end_guest(c, &g);
}

static void
suspends(struct check *c)
{
    struct guest g;

    start_guest(c, &g);
    EXPECT(OK, compute_server_suspend(c->d, NULL, g.id, &c->err));
    expect_power(c, g.id, CAIRN_POWER_SUSPENDED);
    EXPECT(OK, compute_server_suspend(c->d, NULL, g.id, &c->err));
    EXPECT(OK, compute_server_resume(c->d, NULL, &g.server, &c->err));
    expect_power(c, g.id, CAIRN_POWER_RUNNING);
    EXPECT(OK, compute_server_resume(c->d, NULL, &g.server, &c->err));
    EXPECT(OK, compute_server_suspend(c->d, NULL, g.id, &c->err));
    end_guest(c, &g);           /* with its memory saved */
    REQUIRE(listed(c, g.id, NULL) == 0, "destroyed while suspended, it is still listed");
}

static void
reboots(struct check *c)
{
    struct guest g;

    start_guest(c, &g);
    EXPECT(OK, compute_server_reboot(c->d, NULL, &g.server, CAIRN_REBOOT_HARD, 0, &c->err));
    expect_power(c, g.id, CAIRN_POWER_RUNNING);
    EXPECT(OK, compute_server_reboot(c->d, NULL, &g.server, CAIRN_REBOOT_SOFT, 1000, &c->err));
    expect_power(c, g.id, CAIRN_POWER_RUNNING);
    EXPECT(OK, compute_server_stop(c->d, NULL, g.id, 0, &c->err));
    EXPECT(OK, compute_server_reboot(c->d, NULL, &g.server, CAIRN_REBOOT_HARD, 0, &c->err));
    expect_power(c, g.id, CAIRN_POWER_RUNNING);
    end_guest(c, &g);
}

static void
attaches_disks(struct check *c)
{
    struct guest g;
    char id[ID_UUID], target[32] = "", again[32] = "";
    struct cairn_connection conn = { .size = sizeof conn, .kind = CAIRN_CONN_FILE, .format = CAIRN_FORMAT_RAW, .size_bytes = 16 * MIB };
    struct cairn_disk disk = { .size = sizeof disk, .role = CAIRN_DISK_VOLUME, .boot_index = -1, .id = id, .source = &conn };
    int fd;

    id_uuid(id);
    snprintf(conn.path, sizeof conn.path, "%s/disk-%s.raw", c->dir, id);
    fd = open(conn.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
    REQUIRE(fd >= 0 && ftruncate(fd, 16 * MIB) == 0 && close(fd) == 0, "cannot make '%s'", conn.path);
    start_guest(c, &g);
    EXPECT(OK, compute_disk_attach(c->d, NULL, g.id, &disk, target, &c->err));
    REQUIRE(target[0] != '\0', "no target was told");
    EXPECT(OK, compute_disk_attach(c->d, NULL, g.id, &disk, again, &c->err));
    REQUIRE(strcmp(target, again) == 0, "attached twice, it is '%s' and '%s'", target, again);
    EXPECT(OK, compute_server_stop(c->d, NULL, g.id, 0, &c->err));      /* off, every guest lets go */
    EXPECT(OK, compute_disk_detach(c->d, NULL, g.id, id, &c->err));
    EXPECT(OK, compute_disk_detach(c->d, NULL, g.id, id, &c->err));
    end_guest(c, &g);
}

static void
tells_its_console(struct check *c)
{
    struct guest g;
    char *text = NULL;
    size_t len = 0;

    start_guest(c, &g);
    EXPECT(OK, compute_console_log(c->d, g.id, 100000, &text, &len, &c->err));
    free(text);
    REQUIRE(len <= 100000, "console_log gave %zu bytes of at most 100000", len);
    EXPECT(OK, compute_console_log(c->d, g.id, 10, &text, &len, &c->err));
    free(text);
    REQUIRE(len <= 10, "console_log gave %zu bytes of at most 10", len);
    end_guest(c, &g);
    EXPECT(NOT_FOUND, compute_console_log(c->d, g.id, 10, &text, &len, &c->err));
}

static void
tells_statistics(struct check *c)
{
    struct cairn_server_stats stats = { .size = sizeof stats };
    struct check_list list;
    struct guest g;

    start_guest(c, &g);
    check_list_init(&list, offsetof(struct cairn_server_stats, id), g.id);
    EXPECT(OK, compute_server_stats(c->d, &list.sink, &c->err));
    REQUIRE(list.matching == 1, "server_stats has the server %u times", list.matching);
    if (check_has(c, OP(server_diagnostics))) {
        EXPECT(OK, compute_server_diagnostics(c->d, g.id, &stats, &c->err));
        REQUIRE(stats.power == CAIRN_POWER_RUNNING && stats.ram_bytes >= 64 * MIB, "diagnostics tell power %u, %" PRIu64 " bytes", stats.power,
                stats.ram_bytes);
    }
    end_guest(c, &g);
}

static void
cycles(struct check *c)
{
    unsigned before, after;
    struct guest g;

    listed(c, NULL, &before);
    for (int i = 0; i < 5; i++) {
        start_guest(c, &g);
        end_guest(c, &g);
    }
    listed(c, NULL, &after);
    REQUIRE(before == after, "%u servers are left", after - before);
}

static const struct check_case cases[] = {
    { "the host's figures make sense", host_figures, 0 },
    { "a server that never was is not found", unknown_server, 0 },
    { "a server is created once, listed once, gone when destroyed", server_life, 0 },
    { "a server that is created off stays off", created_off_stays_off, 0 },
    { "a server pauses and goes on", pauses, OP(server_pause) },
    { "a server is suspended and resumed", suspends, OP(server_suspend) },
    { "a server reboots", reboots, OP(server_reboot) },
    { "a disk is attached once and detached for good", attaches_disks, OP(disk_attach) },
    { "the console's log keeps its bound", tells_its_console, OP(console_log) },
    { "statistics know the server", tells_statistics, OP(server_stats) },
    { "servers come and go without a trace", cycles, 0 },
    { NULL, NULL, 0 },
};
const struct check_kind check_compute = { CAIRN_COMPUTE, CAIRN_COMPUTE_SIMULATED, cases };
