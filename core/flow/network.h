/* network.h: makes networks, security groups and ports so on the hosts that need them.
 *
 * Level-triggered: whoever changed something says so in the same transaction; the sync flows then read what the catalog says and apply or remove.
 * What is queued already for an object is not queued again. */
#ifndef FLOW_NETWORK_H
#define FLOW_NETWORK_H
#include <cairn/network.h>
#include "base/arena.h"
#include "flow/flow.h"

/* The object was created, changed or deleted.  Adds sync tasks for every host that has a bound port of it (all hosts that may have it when it
 * is gone).  request_id may be NULL. */
int network_changed(struct tx *tx, const char *network_id, const char *request_id, struct cairn_error *err);
int port_changed(struct tx *tx, const char *port_id, const char *request_id, struct cairn_error *err);
int group_changed(struct tx *tx, const char *group_id, const char *request_id, struct cairn_error *err);

/* The same for one host that is known: "network-sync" of a "network", "group-sync" of a "security_group", "port-sync" of a "port". */
int network_sync_task(struct tx *tx, const char *kind, const char *object_type, const char *id, const char *host, const char *request_id,
                      struct cairn_error *err);

/* Applies what 'port_id' needs (network, groups) and plugs it on this host; '*ret_nic' for the compute driver.  Worker thread; idempotent. */
int port_bring_up(struct flow_run *run, struct driver *net, const char *port_id, struct cairn_nic *ret_nic, struct cairn_error *err);
int port_take_down(struct flow_run *run, struct driver *net, const char *port_id, struct cairn_error *err);
/* Applies one network or group as the catalog has it for 'host' (removes it when the host needs it no more). */
int network_sync(struct catalog *catalog, struct plugins *plugins, const char *host, const char *network_id, struct cairn_error *err);
int group_sync(struct catalog *catalog, struct plugins *plugins, const char *host, const char *group_id, struct cairn_error *err);

/* Called after a network was applied on this host: the metadata service listens in it.  Set once, before the engine starts. */
void network_on_applied(void (*fn)(void *arg, struct driver *net, const char *network_id), void (*removed)(void *arg, const char *network_id), void *arg);

/* Descriptions for drivers, built from the catalog in an arena. NULL and CAIRN_NOT_FOUND when the row is gone. */
const struct cairn_net *netdesc_network(struct tx *tx, struct arena *a, const char *network_id, struct cairn_error *err);
const struct cairn_port *netdesc_port(struct tx *tx, struct arena *a, const char *port_id, struct cairn_error *err);
const struct cairn_security_group *netdesc_group(struct tx *tx, struct arena *a, const char *group_id, struct cairn_error *err);
/* IP protocol number of a rule's protocol ("tcp", "17", "icmpv6"); -1: any (NULL); -2: unknown. */
int protocol_number(const char *protocol);

/* one_driver_for_all_hosts: simulation. */
void network_flows_register(int one_driver_for_all_hosts);
#endif
