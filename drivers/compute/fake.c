/* fake.c: compute driver "fake": servers that are entries in memory, with the states and refusals of real ones. */
#include "fake.h"

#include <inttypes.h>
#include <stdlib.h>

struct fake_disk {
    char id[64];
    char target[32];
    uint64_t size_bytes;
    int frozen;                 /* between snapshot_begin() and snapshot_end() */
};
struct fake_nic {
    char id[64];
};

struct fake_server {
    char id[64];
    char name[64];              /* printable: it stands in the console */
    uint32_t power, vcpus, boots, rescue;
    uint64_t ram_bytes;
    int64_t booted_ms;
    struct fake_disk *disks;    /* owned */
    struct fake_nic *nics;      /* owned */
    uint32_t disks_len, nics_len;
    uint32_t nmis;
    char user[64];              /* whose password was set last */
};

struct fake_world {
    struct sim_world world;     /* its lock guards the servers */
    struct sim_map servers;     /* struct fake_server */
};

struct fake {
    struct sim_instance inst;
};

static const struct cairn_key key_vcpus = CAIRN_KEY_RANGE("vcpus", "1024", 1, 1000000, "Processors that the simulated host has.");
static const struct cairn_key key_ram = CAIRN_KEY("ram", CAIRN_KEY_SIZE, "1024G", "Memory that the simulated host has.");
static const struct cairn_key *const fake_keys[] = { &key_vcpus, &key_ram, SIM_KEYS, NULL };

/* -- servers -- */

static void
server_free(void *value)
{
    struct fake_server *server = value;

    if (server == NULL)
        return;
    free(server->disks);
    free(server->nics);
    free(server);
}

static void
world_end(struct sim_world *world)
{
    sim_map_free(&((struct fake_world *)world)->servers, server_free);
}

static struct fake_world *
world_of(void *self)
{
    return (struct fake_world *)((struct fake *)self)->inst.world;
}

/* Locks the world and finds the server; NULL, unlocked, with CAIRN_NOT_FOUND.  Pair with server_leave(). */
static struct fake_server *
server_enter(void *self, const char *id, struct cairn_error *err)
{
    struct fake_world *world = world_of(self);
    struct fake_server *server;

    pthread_mutex_lock(&world->world.lock);
    server = sim_map_get(&world->servers, id);
    if (server == NULL) {
        pthread_mutex_unlock(&world->world.lock);
        cairn_fail(err, CAIRN_NOT_FOUND, "there is no server '%.64s' here", id);
    }
    return server;
}

static int
server_leave(void *self, int rc)
{
    pthread_mutex_unlock(&world_of(self)->world.lock);
    return rc;
}

static int
before(void *self, struct cairn_op *op, const char *name, struct cairn_error *err)
{
    return sim_before(((struct fake *)self)->inst.sim, op, name, err);
}

static int
wrong_state(const struct fake_server *server, const char *verb, struct cairn_error *err)
{
    static const char *const words[] = { "in no known state", "running", "", "paused", "shut down", "", "crashed", "suspended" };

    return cairn_fail(err, CAIRN_CONFLICT, "server '%s' is %s: cannot %s", server->id, words[server->power], verb);
}

static void
server_boot(struct fake_server *server)
{
    server->power = CAIRN_POWER_RUNNING;
    server->boots++;
    server->booted_ms = sim_mono_ms();
}

static int
up(const struct fake_server *server)
{
    return server->power == CAIRN_POWER_RUNNING || server->power == CAIRN_POWER_PAUSED;
}

static struct fake_disk *
disk_find(struct fake_server *server, const char *disk_id)
{
    for (uint32_t i = 0; i < server->disks_len; i++)
        if (strcmp(server->disks[i].id, disk_id) == 0)
            return &server->disks[i];
    return NULL;
}

/* The first of vda, vdb ... vdz, vdaa ... that is free. */
static void
disk_name(const struct fake_server *server, char ret_target[32])
{
    for (uint32_t n = 0;; n++) {
        uint32_t i = 0;

        if (n < 26)
            snprintf(ret_target, 32, "vd%c", (char)('a' + n));
        else
            snprintf(ret_target, 32, "vd%c%c", (char)('a' + n / 26 - 1), (char)('a' + n % 26));
        while (i < server->disks_len && strcmp(server->disks[i].target, ret_target) != 0)
            i++;
        if (i == server->disks_len)
            return;
    }
}

static int
disk_add(struct fake_server *server, const struct cairn_disk *disk, struct cairn_error *err)
{
    struct fake_disk *disks, *new;

    if (server->disks_len >= 500)
        return cairn_fail(err, CAIRN_INVALID, "server '%s' has 500 disks already", server->id);
    disks = realloc(server->disks, (server->disks_len + 1) * sizeof *disks);
    if (disks == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "the simulation is out of memory");
    server->disks = disks;
    new = &disks[server->disks_len];
    *new = (struct fake_disk){ .size_bytes = disk->source != NULL ? disk->source->size_bytes : 0 };
    snprintf(new->id, sizeof new->id, "%s", disk->id != NULL ? disk->id : "");
    if (disk->target != NULL)
        snprintf(new->target, sizeof new->target, "%s", disk->target);
    else
        disk_name(server, new->target);
    server->disks_len++;
    return 0;
}

static int
nic_add(struct fake_server *server, const struct cairn_nic *nic, struct cairn_error *err)
{
    struct fake_nic *nics = realloc(server->nics, (server->nics_len + 1) * sizeof *nics);

    if (nics == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "the simulation is out of memory");
    server->nics = nics;
    snprintf(nics[server->nics_len++].id, sizeof nics->id, "%.63s", nic->id);
    return 0;
}

/* Sets everything that 'from' describes; what happened to the server stays. */
static int
server_define(struct fake_server *server, const struct cairn_server *from, struct cairn_error *err)
{
    size_t n = 0;

    for (const char *p = from->name != NULL ? from->name : ""; *p != '\0' && n + 1 < sizeof server->name; p++)
        server->name[n++] = (char)(*p >= ' ' && *p < 127 ? *p : '?');
    server->name[n] = '\0';
    server->vcpus = from->vcpus;
    server->ram_bytes = from->ram_bytes;
    server->rescue = from->rescue;
    server->disks_len = server->nics_len = 0;
    for (uint32_t i = 0; i < from->disks_count; i++)
        if (disk_add(server, from->disks[i], err) < 0)
            return -1;
    for (uint32_t i = 0; i < from->nics_count; i++)
        if (nic_add(server, from->nics[i], err) < 0)
            return -1;
    return 0;
}

/* -- what the host is -- */

static int
fake_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    return sim_configure(host, sizeof(struct fake), sizeof(struct fake_world), world_end, ret_self, err);
}

static int
fake_host_info(void *self, struct cairn_compute_info *ret_info, struct cairn_error *err)
{
    const struct cairn_host *host = ((struct fake *)self)->inst.host;

    if (before(self, NULL, "host_info", err) < 0)
        return -1;
    ret_info->vcpus = (uint32_t)host->get_int(host->instance, "vcpus");
    ret_info->ram_bytes = (uint64_t)host->get_int(host->instance, "ram");
    snprintf(ret_info->hypervisor_type, sizeof ret_info->hypervisor_type, "fake");
    snprintf(ret_info->hypervisor_version, sizeof ret_info->hypervisor_version, "1.0.0");
    ret_info->hypervisor_version_number = 1000000;
    ret_info->accelerated = 1;
    snprintf(ret_info->arch, sizeof ret_info->arch, "x86_64");
    snprintf(ret_info->cpu_model, sizeof ret_info->cpu_model, "simulated");
    snprintf(ret_info->cpu_info_json, sizeof ret_info->cpu_info_json,
             "{\"arch\":\"x86_64\",\"model\":\"simulated\",\"vendor\":\"fake\",\"topology\":{\"sockets\":1,\"cores\":%" PRIu32
             ",\"threads\":1},\"features\":[]}", ret_info->vcpus);
    return 0;
}

struct listing {
    const struct cairn_host *host;
    struct cairn_sink *sink;
};

static void
state_fill(const struct fake_server *server, struct cairn_server_state *ret_state)
{
    ret_state->power = server->power;
    snprintf(ret_state->id, sizeof ret_state->id, "%s", server->id);
    ret_state->reason[0] = '\0';
}

static int
emit_state(void *arg, void *value)
{
    struct listing *list = arg;
    struct cairn_server_state state = { .size = sizeof state };

    state_fill(value, &state);
    return list->host->emit(list->sink, &state) != 0;
}

static int
fake_server_list(void *self, struct cairn_sink *sink, struct cairn_error *err)
{
    struct fake_world *world = world_of(self);
    struct listing list = { ((struct fake *)self)->inst.host, sink };

    if (before(self, NULL, "server_list", err) < 0)
        return -1;
    pthread_mutex_lock(&world->world.lock);
    sim_map_each(&world->servers, emit_state, &list);
    return server_leave(self, 0);
}

static int
fake_server_state(void *self, const char *id, struct cairn_server_state *ret_state, struct cairn_error *err)
{
    struct fake_server *server;

    if (before(self, NULL, "server_state", err) < 0 || (server = server_enter(self, id, err)) == NULL)
        return -1;
    state_fill(server, ret_state);
    return server_leave(self, 0);
}

/* -- life -- */

static int
fake_server_create(void *self, struct cairn_op *op, const struct cairn_server *want, struct cairn_error *err)
{
    struct fake_world *world = world_of(self);
    struct fake_server *server;

    if (want->id == NULL || want->id[0] == '\0' || strlen(want->id) >= sizeof server->id)
        return cairn_fail(err, CAIRN_INVALID, "a server needs an id of at most %zu characters", sizeof server->id - 1);
    if (before(self, op, "server_create", err) < 0)
        return -1;
    pthread_mutex_lock(&world->world.lock);
    server = sim_map_get(&world->servers, want->id);
    if (server == NULL) {
        server = calloc(1, sizeof *server);
        if (server == NULL)
            return server_leave(self, cairn_fail(err, CAIRN_UNAVAILABLE, "the simulation is out of memory"));
        snprintf(server->id, sizeof server->id, "%s", want->id);
        server->power = CAIRN_POWER_SHUTDOWN;
        if (sim_map_put(&world->servers, server->id, server, err) < 0) {
            server_free(server);
            return server_leave(self, -1);
        }
    }
    if (server_define(server, want, err) < 0)
        return server_leave(self, -1);
    if (want->power_on && !up(server))
        server_boot(server);
    return server_leave(self, 0);
}

static int
fake_server_destroy(void *self, struct cairn_op *op, const char *id, struct cairn_error *err)
{
    struct fake_world *world = world_of(self);

    if (before(self, op, "server_destroy", err) < 0)
        return -1;
    pthread_mutex_lock(&world->world.lock);
    server_free(sim_map_take(&world->servers, id));
    return server_leave(self, 0);
}

static int
fake_server_start(void *self, struct cairn_op *op, const struct cairn_server *want, struct cairn_error *err)
{
    struct fake_server *server;

    if (before(self, op, "server_start", err) < 0 || (server = server_enter(self, want->id, err)) == NULL)
        return -1;
    if (server->power == CAIRN_POWER_PAUSED)
        return server_leave(self, wrong_state(server, "start it", err));
    if (!up(server)) {
        if (server_define(server, want, err) < 0)
            return server_leave(self, -1);
        server_boot(server);
    }
    return server_leave(self, 0);
}

static int
fake_server_stop(void *self, struct cairn_op *op, const char *id, uint32_t grace_ms, struct cairn_error *err)
{
    struct fake_server *server;

    (void)grace_ms;     /* this guest obeys at once */
    if (before(self, op, "server_stop", err) < 0 || (server = server_enter(self, id, err)) == NULL)
        return -1;
    server->power = CAIRN_POWER_SHUTDOWN;
    return server_leave(self, 0);
}

static int
fake_server_reboot(void *self, struct cairn_op *op, const struct cairn_server *want, uint32_t type, uint32_t grace_ms, struct cairn_error *err)
{
    struct fake_server *server;

    (void)grace_ms;
    if (before(self, op, "server_reboot", err) < 0 || (server = server_enter(self, want->id, err)) == NULL)
        return -1;
    if (type == CAIRN_REBOOT_SOFT && server->power != CAIRN_POWER_RUNNING)
        return server_leave(self, wrong_state(server, "ask it to reboot", err));
    if (server_define(server, want, err) < 0)
        return server_leave(self, -1);
    server_boot(server);
    return server_leave(self, 0);
}

/* The moves between states that need no more than the state. */
static int
move(void *self, struct cairn_op *op, const char *name, const char *verb, const char *id, uint32_t from, uint32_t from_too, uint32_t to,
     struct cairn_error *err)
{
    struct fake_server *server;

    if (before(self, op, name, err) < 0 || (server = server_enter(self, id, err)) == NULL)
        return -1;
    if (server->power == to)
        return server_leave(self, 0);
    if (server->power != from && server->power != from_too)
        return server_leave(self, wrong_state(server, verb, err));
    server->power = to;
    return server_leave(self, 0);
}

static int
fake_server_pause(void *self, const char *id, struct cairn_error *err)
{
    return move(self, NULL, "server_pause", "pause it", id, CAIRN_POWER_RUNNING, CAIRN_POWER_RUNNING, CAIRN_POWER_PAUSED, err);
}

static int
fake_server_unpause(void *self, const char *id, struct cairn_error *err)
{
    return move(self, NULL, "server_unpause", "unpause it", id, CAIRN_POWER_PAUSED, CAIRN_POWER_PAUSED, CAIRN_POWER_RUNNING, err);
}

static int
fake_server_suspend(void *self, struct cairn_op *op, const char *id, struct cairn_error *err)
{
    return move(self, op, "server_suspend", "suspend it", id, CAIRN_POWER_RUNNING, CAIRN_POWER_PAUSED, CAIRN_POWER_SUSPENDED, err);
}

static int
fake_server_resume(void *self, struct cairn_op *op, const struct cairn_server *want, struct cairn_error *err)
{
    return move(self, op, "server_resume", "resume it", want->id, CAIRN_POWER_SUSPENDED, CAIRN_POWER_SUSPENDED, CAIRN_POWER_RUNNING, err);
}

static int
reboot_into(void *self, struct cairn_op *op, const char *name, const struct cairn_server *want, struct cairn_error *err)
{
    struct fake_server *server;

    if (before(self, op, name, err) < 0 || (server = server_enter(self, want->id, err)) == NULL)
        return -1;
    if (server_define(server, want, err) < 0)
        return server_leave(self, -1);
    if (want->power_on)
        server_boot(server);
    else
        server->power = CAIRN_POWER_SHUTDOWN;
    return server_leave(self, 0);
}

static int
fake_server_rescue(void *self, struct cairn_op *op, const struct cairn_server *want, struct cairn_error *err)
{
    return reboot_into(self, op, "server_rescue", want, err);
}

static int
fake_server_unrescue(void *self, struct cairn_op *op, const struct cairn_server *want, struct cairn_error *err)
{
    return reboot_into(self, op, "server_unrescue", want, err);
}

/* -- disks and NICs -- */

static int
fake_disk_attach(void *self, struct cairn_op *op, const char *id, const struct cairn_disk *disk, char ret_target[32], struct cairn_error *err)
{
    struct fake_server *server;
    struct fake_disk *there;

    if (disk->id == NULL || disk->id[0] == '\0' || strlen(disk->id) >= sizeof there->id)
        return cairn_fail(err, CAIRN_INVALID, "a disk needs an id of at most %zu characters", sizeof there->id - 1);
    if (before(self, op, "disk_attach", err) < 0 || (server = server_enter(self, id, err)) == NULL)
        return -1;
    if (disk_find(server, disk->id) == NULL && disk_add(server, disk, err) < 0)
        return server_leave(self, -1);
    there = disk_find(server, disk->id);
    snprintf(ret_target, 32, "%s", there->target);
    return server_leave(self, 0);
}

static int
fake_disk_detach(void *self, struct cairn_op *op, const char *id, const char *disk_id, struct cairn_error *err)
{
    struct fake_server *server;
    struct fake_disk *disk;

    if (before(self, op, "disk_detach", err) < 0 || (server = server_enter(self, id, err)) == NULL)
        return -1;
    disk = disk_find(server, disk_id);
    if (disk != NULL)
        *disk = server->disks[--server->disks_len];
    return server_leave(self, 0);
}

/* Enters the server and finds the disk; NULL and unlocked when either is missing. */
static struct fake_disk *
disk_enter(void *self, const char *id, const char *disk_id, struct cairn_error *err)
{
    struct fake_server *server = server_enter(self, id, err);
    struct fake_disk *disk = server != NULL ? disk_find(server, disk_id) : NULL;

    if (server != NULL && disk == NULL) {
        server_leave(self, 0);
        cairn_fail(err, CAIRN_NOT_FOUND, "server '%s' has no disk '%.64s'", id, disk_id);
    }
    return disk;
}

static int
fake_disk_resize(void *self, const char *id, const char *disk_id, uint64_t size_bytes, struct cairn_error *err)
{
    struct fake_disk *disk;

    if (before(self, NULL, "disk_resize", err) < 0 || (disk = disk_enter(self, id, disk_id, err)) == NULL)
        return -1;
    if (size_bytes < disk->size_bytes)
        return server_leave(self, cairn_fail(err, CAIRN_INVALID, "disk '%s' cannot shrink", disk_id));
    disk->size_bytes = size_bytes;
    return server_leave(self, 0);
}

static int
fake_disk_swap(void *self, struct cairn_op *op, const char *id, const char *disk_id, const struct cairn_disk *target, struct cairn_error *err)
{
    struct fake_disk *disk;

    if (before(self, op, "disk_swap", err) < 0 || (disk = disk_enter(self, id, disk_id, err)) == NULL)
        return -1;
    snprintf(disk->id, sizeof disk->id, "%.63s", target->id != NULL ? target->id : disk_id);
    return server_leave(self, 0);
}

static int
fake_nic_attach(void *self, struct cairn_op *op, const char *id, const struct cairn_nic *nic, struct cairn_error *err)
{
    struct fake_server *server;

    if (before(self, op, "nic_attach", err) < 0 || (server = server_enter(self, id, err)) == NULL)
        return -1;
    for (uint32_t i = 0; i < server->nics_len; i++)
        if (strcmp(server->nics[i].id, nic->id) == 0)
            return server_leave(self, 0);
    return server_leave(self, nic_add(server, nic, err));
}

static int
fake_nic_detach(void *self, struct cairn_op *op, const char *id, const char *nic_id, struct cairn_error *err)
{
    struct fake_server *server;

    if (before(self, op, "nic_detach", err) < 0 || (server = server_enter(self, id, err)) == NULL)
        return -1;
    for (uint32_t i = 0; i < server->nics_len; i++)
        if (strcmp(server->nics[i].id, nic_id) == 0)
            server->nics[i] = server->nics[--server->nics_len];
    return server_leave(self, 0);
}

static int
freeze(void *self, struct cairn_op *op, const char *name, const char *id, const char *disk_id, int frozen, struct cairn_error *err)
{
    struct fake_disk *disk;

    if (before(self, op, name, err) < 0 || (disk = disk_enter(self, id, disk_id, err)) == NULL)
        return -1;
    disk->frozen = frozen;
    return server_leave(self, 0);
}

static int
fake_snapshot_begin(void *self, struct cairn_op *op, const char *id, const char *disk_id, uint32_t quiesce, struct cairn_error *err)
{
    (void)quiesce;      /* nothing is ever half written here */
    return freeze(self, op, "snapshot_begin", id, disk_id, 1, err);
}

static int
fake_snapshot_end(void *self, struct cairn_op *op, const char *id, const char *disk_id, struct cairn_error *err)
{
    return freeze(self, op, "snapshot_end", id, disk_id, 0, err);
}

/* -- looking at it -- */

enum { CONSOLE_BOOTS = 16, CONSOLE_BOOT_MAX = 512 };

/* The log is told from what happened, not kept: twenty thousand servers cost nothing for it. */
static int
fake_console_log(void *self, const char *id, size_t max_bytes, char **ret_text, size_t *ret_len, struct cairn_error *err)
{
    struct fake_server *server;
    size_t room = CONSOLE_BOOTS * CONSOLE_BOOT_MAX + 1024, len = 0;
    char *text;

    if (before(self, NULL, "console_log", err) < 0)
        return -1;
    if ((text = malloc(room)) == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no memory for a console's log");
    text[0] = '\0';
    if ((server = server_enter(self, id, err)) == NULL) {
        free(text);
        return -1;
    }
    for (uint32_t boot = server->boots > CONSOLE_BOOTS ? server->boots - CONSOLE_BOOTS : 0; boot < server->boots; boot++)
        len += (size_t)snprintf(text + len, room - len,
                                "[    0.000000] Simulated kernel, boot %" PRIu32 "\n"
                                "[    0.000001] Memory: %" PRIu64 "K, processors: %" PRIu32 "\n"
                                "[    0.100000] %s reached its login\n"
                                "\n%s login: \n", boot + 1, server->ram_bytes >> 10, server->vcpus, server->name, server->name);
    for (uint32_t i = 0; i < server->nmis && i < 8; i++)
        len += (size_t)snprintf(text + len, room - len, "[    1.000000] NMI received\n");
    if (server->user[0] != '\0')
        len += (size_t)snprintf(text + len, room - len, "[    1.000001] the password of %s was changed\n", server->user);
    server_leave(self, 0);
    if (max_bytes > 0 && len > max_bytes) {
        memmove(text, text + (len - max_bytes), max_bytes + 1);
        len = max_bytes;
    }
    *ret_text = text;
    *ret_len = len;
    return 0;
}

/* Counters that grow with the time the server runs, as a quiet guest's do. */
static void
stats_fill(const struct fake_server *server, struct cairn_server_stats *ret_stats)
{
    uint64_t ms = up(server) ? (uint64_t)(sim_mono_ms() - server->booted_ms) : 0;

    ret_stats->power = server->power;
    snprintf(ret_stats->id, sizeof ret_stats->id, "%s", server->id);
    ret_stats->cpu_ns = ms * 10000 * server->vcpus;
    ret_stats->uptime_s = ms / 1000;
    ret_stats->ram_bytes = server->ram_bytes;
    ret_stats->ram_used_bytes = up(server) ? server->ram_bytes / 4 : 0;
    ret_stats->disk_read_ops = ms / 100 * server->disks_len;
    ret_stats->disk_read_bytes = ret_stats->disk_read_ops * 4096;
    ret_stats->disk_write_ops = ms / 200 * server->disks_len;
    ret_stats->disk_write_bytes = ret_stats->disk_write_ops * 4096;
    ret_stats->net_rx_packets = ret_stats->net_tx_packets = ms / 1000 * server->nics_len;
    ret_stats->net_rx_bytes = ret_stats->net_tx_bytes = ret_stats->net_rx_packets * 64;
}

static int
emit_stats(void *arg, void *value)
{
    struct listing *list = arg;
    struct cairn_server_stats stats = { .size = sizeof stats };

    stats_fill(value, &stats);
    return list->host->emit(list->sink, &stats) != 0;
}

static int
fake_server_diagnostics(void *self, const char *id, struct cairn_server_stats *ret_stats, struct cairn_error *err)
{
    struct fake_server *server;

    if (before(self, NULL, "server_diagnostics", err) < 0 || (server = server_enter(self, id, err)) == NULL)
        return -1;
    if (!up(server))
        return server_leave(self, wrong_state(server, "look into it", err));
    stats_fill(server, ret_stats);
    return server_leave(self, 0);
}

static int
fake_server_stats(void *self, struct cairn_sink *sink, struct cairn_error *err)
{
    struct fake_world *world = world_of(self);
    struct listing list = { ((struct fake *)self)->inst.host, sink };

    if (before(self, NULL, "server_stats", err) < 0)
        return -1;
    pthread_mutex_lock(&world->world.lock);
    sim_map_each(&world->servers, emit_stats, &list);
    return server_leave(self, 0);
}

static int
fake_server_inject_nmi(void *self, const char *id, struct cairn_error *err)
{
    struct fake_server *server;

    if (before(self, NULL, "server_inject_nmi", err) < 0 || (server = server_enter(self, id, err)) == NULL)
        return -1;
    if (!up(server))
        return server_leave(self, wrong_state(server, "interrupt it", err));
    server->nmis++;
    return server_leave(self, 0);
}

static int
fake_server_set_password(void *self, const char *id, const char *user, const char *password, struct cairn_error *err)
{
    struct fake_server *server;

    (void)password;     /* a secret: kept nowhere */
    if (before(self, NULL, "server_set_password", err) < 0 || (server = server_enter(self, id, err)) == NULL)
        return -1;
    if (server->power != CAIRN_POWER_RUNNING)
        return server_leave(self, wrong_state(server, "set a password in it", err));
    snprintf(server->user, sizeof server->user, "%.63s", user);
    return server_leave(self, 0);
}

const struct cairn_compute_driver fake_compute = {
    CAIRN_DRIVER_HEAD(CAIRN_COMPUTE, "fake", struct cairn_compute_driver),
    .version = DRIVER_VERSION,
    .description = "servers that are entries in memory",
    .threads = CAIRN_THREADS_PER_OBJECT,
    .keys = fake_keys,
    .capabilities = CAIRN_COMPUTE_CAN_SUSPEND | CAIRN_COMPUTE_CAN_PAUSE | CAIRN_COMPUTE_CAN_HOTPLUG_DISK | CAIRN_COMPUTE_CAN_HOTPLUG_NIC |
                    CAIRN_COMPUTE_CAN_RESCUE | CAIRN_COMPUTE_SIMULATED,
    .configure = fake_configure,
    .start = sim_start,
    .stop = sim_stop,
    .destroy = sim_destroy,
    .health = sim_health,
    .host_info = fake_host_info,
    .server_list = fake_server_list,
    .server_state = fake_server_state,
    .server_create = fake_server_create,
    .server_destroy = fake_server_destroy,
    .server_start = fake_server_start,
    .server_stop = fake_server_stop,
    .server_reboot = fake_server_reboot,
    .server_pause = fake_server_pause,
    .server_unpause = fake_server_unpause,
    .server_suspend = fake_server_suspend,
    .server_resume = fake_server_resume,
    .server_rescue = fake_server_rescue,
    .server_unrescue = fake_server_unrescue,
    .disk_attach = fake_disk_attach,
    .disk_detach = fake_disk_detach,
    .disk_resize = fake_disk_resize,
    .disk_swap = fake_disk_swap,
    .nic_attach = fake_nic_attach,
    .nic_detach = fake_nic_detach,
    .snapshot_begin = fake_snapshot_begin,
    .snapshot_end = fake_snapshot_end,
    .console_log = fake_console_log,
    .server_diagnostics = fake_server_diagnostics,
    .server_stats = fake_server_stats,
    .server_inject_nmi = fake_server_inject_nmi,
    .server_set_password = fake_server_set_password,
};
