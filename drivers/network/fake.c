/* fake.c: network driver "fake": networks, ports, groups and routers that are entries in memory.
 *
 * It insists on the order that the contract names: a port needs its network and its groups, a floating address its router. */
#include "fake.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* A network, a group, a router or a floating address. */
struct fake_thing {
    char id[64];
    char of[64];                /* floating address: its router */
    uint32_t mtu;               /* network */
    uint32_t up;
};
struct fake_port {
    struct cairn_nic nic;       /* as it was told; nic.id is the key */
    char network_id[64];
};

struct fake_world {
    struct sim_world world;     /* its lock guards the rest */
    struct sim_map networks, groups, routers, floating_ips;     /* struct fake_thing */
    struct sim_map ports;       /* struct fake_port */
};

struct fake {
    struct sim_instance inst;
};

static const struct cairn_key key_physical = CAIRN_KEY("physical_networks", CAIRN_KEY_LIST, "physnet1,public",
    "Physical networks that the simulated host is wired to.");
static const struct cairn_key *const fake_keys[] = { &key_physical, SIM_KEYS, NULL };

static void
world_end(struct sim_world *world)
{
    struct fake_world *w = (struct fake_world *)world;

    sim_map_free(&w->networks, free);
    sim_map_free(&w->groups, free);
    sim_map_free(&w->routers, free);
    sim_map_free(&w->floating_ips, free);
    sim_map_free(&w->ports, free);
}

static struct fake_world *
world_of(void *self)
{
    return (struct fake_world *)((struct fake *)self)->inst.world;
}

static int
leave(void *self, int rc)
{
    pthread_mutex_unlock(&world_of(self)->world.lock);
    return rc;
}

/* The rules' part of every operation, then the lock; pair with leave(). */
static int
enter(void *self, const char *name, struct cairn_error *err)
{
    if (sim_before(((struct fake *)self)->inst.sim, NULL, name, err) < 0)
        return -1;
    pthread_mutex_lock(&world_of(self)->world.lock);
    return 0;
}

/* Finds the thing or makes it; the world is locked. */
static struct fake_thing *
thing_make(struct sim_map *map, const char *id, struct cairn_error *err)
{
    struct fake_thing *thing;

    if (id == NULL || id[0] == '\0' || strlen(id) >= sizeof thing->id) {
        cairn_fail(err, CAIRN_INVALID, "an id needs 1 to %zu characters", sizeof thing->id - 1);
        return NULL;
    }
    if ((thing = sim_map_get(map, id)) != NULL)
        return thing;
    thing = calloc(1, sizeof *thing);
    if (thing == NULL) {
        cairn_fail(err, CAIRN_UNAVAILABLE, "the simulation is out of memory");
        return NULL;
    }
    snprintf(thing->id, sizeof thing->id, "%s", id);
    if (sim_map_put(map, thing->id, thing, err) < 0) {
        free(thing);
        return NULL;
    }
    return thing;
}

struct listing {
    const struct cairn_host *host;
    struct cairn_sink *sink;
};

static int
emit_thing(void *arg, void *value)
{
    struct listing *list = arg;
    const struct fake_thing *thing = value;
    struct cairn_net_item item = { .size = sizeof item, .up = thing->up };

    snprintf(item.id, sizeof item.id, "%s", thing->id);
    return list->host->emit(list->sink, &item) != 0;
}

static int
emit_port(void *arg, void *value)
{
    struct listing *list = arg;
    const struct fake_port *port = value;
    struct cairn_net_item item = { .size = sizeof item, .up = 1 };

    snprintf(item.id, sizeof item.id, "%s", port->nic.id);
    snprintf(item.device, sizeof item.device, "%s", port->nic.device);
    return list->host->emit(list->sink, &item) != 0;
}

static int
list_map(void *self, const char *name, const struct sim_map *map, int (*emit)(void *arg, void *value), struct cairn_sink *sink,
         struct cairn_error *err)
{
    struct listing list = { ((struct fake *)self)->inst.host, sink };

    if (enter(self, name, err) < 0)
        return -1;
    sim_map_each(map, emit, &list);
    return leave(self, 0);
}

/* What is gone already is success. */
static int
remove_from(void *self, const char *name, struct sim_map *map, const char *id, struct cairn_error *err)
{
    if (enter(self, name, err) < 0)
        return -1;
    free(sim_map_take(map, id));
    return leave(self, 0);
}

static int
fake_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    return sim_configure(host, sizeof(struct fake), sizeof(struct fake_world), world_end, ret_self, err);
}

/* 1: 'name' is one of the setting's comma separated names. */
static int
is_physical(const struct cairn_host *host, const char *name)
{
    const char *list = host->get_string(host->instance, "physical_networks");
    size_t len = strlen(name);

    for (const char *p = list; p != NULL; p = strchr(p, ',') != NULL ? strchr(p, ',') + 1 : NULL)
        if (strncmp(p, name, len) == 0 && (p[len] == ',' || p[len] == '\0') && len > 0)
            return 1;
    return 0;
}

static int
fake_physical_check(void *self, const char *name, struct cairn_error *err)
{
    struct fake *fake = self;

    if (sim_before(fake->inst.sim, NULL, "physical_check", err) < 0)
        return -1;
    if (!is_physical(fake->inst.host, name))
        return cairn_fail(err, CAIRN_NOT_FOUND, "host %s is not wired to a physical network '%.64s'", fake->inst.host->host_name, name);
    return 0;
}

/* -- networks -- */

static int
fake_network_apply(void *self, const struct cairn_net *net, struct cairn_error *err)
{
    struct fake *fake = self;
    struct fake_thing *thing;

    if ((net->type == CAIRN_NET_FLAT || net->type == CAIRN_NET_VLAN) && (net->physical == NULL || !is_physical(fake->inst.host, net->physical)))
        return cairn_fail(err, CAIRN_INVALID, "network '%s' needs physical network '%.64s', which host %s does not have", net->id,
                          net->physical != NULL ? net->physical : "", fake->inst.host->host_name);
    if (enter(self, "network_apply", err) < 0)
        return -1;
    if ((thing = thing_make(&world_of(self)->networks, net->id, err)) == NULL)
        return leave(self, -1);
    thing->mtu = net->mtu;
    thing->up = net->admin_up;
    return leave(self, 0);
}

static int
fake_network_remove(void *self, const char *id, struct cairn_error *err)
{
    return remove_from(self, "network_remove", &world_of(self)->networks, id, err);
}

static int
fake_network_list(void *self, struct cairn_sink *sink, struct cairn_error *err)
{
    return list_map(self, "network_list", &world_of(self)->networks, emit_thing, sink, err);
}

/* -- ports -- */

static int
port_check(struct fake_world *world, const struct cairn_port *port, struct cairn_error *err)
{
    if (port->id == NULL || port->id[0] == '\0' || strlen(port->id) >= 64 || port->network_id == NULL || port->mac == NULL)
        return cairn_fail(err, CAIRN_INVALID, "a port needs an id of at most 63 characters, a network and a MAC address");
    if (sim_map_get(&world->networks, port->network_id) == NULL)
        return cairn_fail(err, CAIRN_NOT_FOUND, "port '%s': network '%.64s' was not applied here", port->id, port->network_id);
    for (uint32_t i = 0; port->port_security && i < port->groups_count; i++)
        if (sim_map_get(&world->groups, port->groups[i]) == NULL)
            return cairn_fail(err, CAIRN_NOT_FOUND, "port '%s': security group '%.64s' was not applied here", port->id, port->groups[i]);
    return 0;
}

static int
fake_port_plug(void *self, const struct cairn_port *port, struct cairn_nic *ret_nic, struct cairn_error *err)
{
    struct fake_world *world = world_of(self);
    const struct fake_thing *network;
    struct fake_port *made;

    if (enter(self, "port_plug", err) < 0)
        return -1;
    if (port_check(world, port, err) < 0)
        return leave(self, -1);
    network = sim_map_get(&world->networks, port->network_id);
    made = sim_map_get(&world->ports, port->id);
    if (made == NULL) {
        made = calloc(1, sizeof *made);
        if (made == NULL)
            return leave(self, cairn_fail(err, CAIRN_UNAVAILABLE, "the simulation is out of memory"));
        snprintf(made->nic.id, sizeof made->nic.id, "%s", port->id);
        if (sim_map_put(&world->ports, made->nic.id, made, err) < 0) {
            free(made);
            return leave(self, -1);
        }
    }
    made->nic.size = sizeof made->nic;
    made->nic.kind = CAIRN_NIC_TAP;
    made->nic.mtu = network->mtu;
    made->nic.checksum_offload = 1;
    snprintf(made->nic.mac, sizeof made->nic.mac, "%s", port->mac);
    snprintf(made->nic.device, sizeof made->nic.device, "tap%.11s", port->id);
    snprintf(made->nic.model, sizeof made->nic.model, "virtio");
    snprintf(made->nic.tag, sizeof made->nic.tag, "%.63s", port->tag != NULL ? port->tag : "");
    snprintf(made->network_id, sizeof made->network_id, "%.63s", port->network_id);
    *ret_nic = made->nic;
    return leave(self, 0);
}

static int
fake_port_unplug(void *self, const char *id, struct cairn_error *err)
{
    return remove_from(self, "port_unplug", &world_of(self)->ports, id, err);
}

static int
fake_port_list(void *self, struct cairn_sink *sink, struct cairn_error *err)
{
    return list_map(self, "port_list", &world_of(self)->ports, emit_port, sink, err);
}

/* -- security groups -- */

static int
fake_group_apply(void *self, const struct cairn_security_group *group, struct cairn_error *err)
{
    struct fake_thing *thing;

    if (enter(self, "group_apply", err) < 0)
        return -1;
    thing = thing_make(&world_of(self)->groups, group->id, err);
    if (thing != NULL)
        thing->up = 1;
    return leave(self, thing != NULL ? 0 : -1);
}

static int
fake_group_remove(void *self, const char *id, struct cairn_error *err)
{
    return remove_from(self, "group_remove", &world_of(self)->groups, id, err);
}

static int
fake_group_list(void *self, struct cairn_sink *sink, struct cairn_error *err)
{
    return list_map(self, "group_list", &world_of(self)->groups, emit_thing, sink, err);
}

/* -- metadata: a real socket, on loopback, so that the daemon's half can be tried -- */

static int
fake_metadata_listen(void *self, const char *network_id, int32_t *ret_fd, struct cairn_error *err)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int known, fd;

    if (enter(self, "metadata_listen", err) < 0)
        return -1;
    known = sim_map_get(&world_of(self)->networks, network_id) != NULL;
    leave(self, 0);
    if (!known)
        return cairn_fail(err, CAIRN_NOT_FOUND, "network '%.64s' was not applied here", network_id);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 64) < 0) {
        int saved = errno;

        if (fd >= 0)
            close(fd);
        return cairn_fail_errno(err, saved, "cannot listen on loopback for network '%.64s'", network_id);
    }
    *ret_fd = fd;
    return 0;
}

/* -- routers -- */

static int
fake_router_apply(void *self, const struct cairn_router *router, struct cairn_error *err)
{
    struct fake_world *world = world_of(self);
    struct fake_thing *thing;

    if (enter(self, "router_apply", err) < 0)
        return -1;
    for (uint32_t i = 0; i < router->interfaces_count; i++)
        if (sim_map_get(&world->networks, router->interfaces[i]->network_id) == NULL)
            return leave(self, cairn_fail(err, CAIRN_NOT_FOUND, "router '%s': network '%.64s' was not applied here", router->id,
                                          router->interfaces[i]->network_id));
    thing = thing_make(&world->routers, router->id, err);
    if (thing != NULL)
        thing->up = router->admin_up;
    return leave(self, thing != NULL ? 0 : -1);
}

static int
fake_router_remove(void *self, const char *id, struct cairn_error *err)
{
    return remove_from(self, "router_remove", &world_of(self)->routers, id, err);
}

static int
fake_router_list(void *self, struct cairn_sink *sink, struct cairn_error *err)
{
    return list_map(self, "router_list", &world_of(self)->routers, emit_thing, sink, err);
}

static int
fake_floating_ip_apply(void *self, const struct cairn_floating_ip *fip, struct cairn_error *err)
{
    struct fake_world *world = world_of(self);
    struct fake_thing *thing;

    if (enter(self, "floating_ip_apply", err) < 0)
        return -1;
    if (fip->router_id == NULL || sim_map_get(&world->routers, fip->router_id) == NULL)
        return leave(self, cairn_fail(err, CAIRN_NOT_FOUND, "floating address '%s': router '%.64s' was not applied here", fip->id,
                                      fip->router_id != NULL ? fip->router_id : ""));
    thing = thing_make(&world->floating_ips, fip->id, err);
    if (thing != NULL)
        snprintf(thing->of, sizeof thing->of, "%.63s", fip->router_id);
    return leave(self, thing != NULL ? 0 : -1);
}

static int
fake_floating_ip_remove(void *self, const char *id, struct cairn_error *err)
{
    return remove_from(self, "floating_ip_remove", &world_of(self)->floating_ips, id, err);
}

const struct cairn_network_driver fake_network = {
    CAIRN_DRIVER_HEAD(CAIRN_NETWORK, "fake", struct cairn_network_driver),
    .version = DRIVER_VERSION,
    .description = "networks that are entries in memory",
    .threads = CAIRN_THREADS_PER_OBJECT,
    .keys = fake_keys,
    .capabilities = CAIRN_NETWORK_CAN_DHCP | CAIRN_NETWORK_CAN_SECURITY | CAIRN_NETWORK_CAN_ROUTER | CAIRN_NETWORK_CAN_FLOATING_IP |
                    CAIRN_NETWORK_CAN_QOS | CAIRN_NETWORK_CAN_METADATA | CAIRN_NETWORK_SIMULATED,
    .configure = fake_configure,
    .start = sim_start,
    .stop = sim_stop,
    .destroy = sim_destroy,
    .health = sim_health,
    .network_apply = fake_network_apply,
    .network_remove = fake_network_remove,
    .network_list = fake_network_list,
    .port_plug = fake_port_plug,
    .port_unplug = fake_port_unplug,
    .port_list = fake_port_list,
    .group_apply = fake_group_apply,
    .group_remove = fake_group_remove,
    .group_list = fake_group_list,
    .metadata_listen = fake_metadata_listen,
    .router_apply = fake_router_apply,
    .router_remove = fake_router_remove,
    .router_list = fake_router_list,
    .floating_ip_apply = fake_floating_ip_apply,
    .floating_ip_remove = fake_floating_ip_remove,
    .physical_check = fake_physical_check,
};
