/* network.h: the one door to network drivers: a wrapper for each operation of <cairn/network.h>, where its contract stands.
 *
 * Each wrapper answers CAIRN_UNSUPPORTED when the driver leaves the operation out and CAIRN_UNAVAILABLE when the driver could not be started
 * yet; takes the lock of the driver's thread model; traces, counts and times the call; and turns rubbish in its results into CAIRN_INTERNAL.
 * 'op' may be NULL.  What a ret_ parameter points to is written on success only.  Any thread; may block as long as the driver does, so never
 * inside a transaction. */
#ifndef PLUGIN_NETWORK_H
#define PLUGIN_NETWORK_H
#include <cairn/network.h>
#include "plugin/plugin.h"

int network_network_apply(struct driver *d, const struct cairn_net *net, struct cairn_error *err);
int network_network_remove(struct driver *d, const char *id, struct cairn_error *err);
int network_network_list(struct driver *d, struct cairn_sink *sink, struct cairn_error *err);
int network_port_plug(struct driver *d, const struct cairn_port *port, struct cairn_nic *ret_nic, struct cairn_error *err);
int network_port_unplug(struct driver *d, const char *id, struct cairn_error *err);
int network_port_list(struct driver *d, struct cairn_sink *sink, struct cairn_error *err);
int network_group_apply(struct driver *d, const struct cairn_security_group *group, struct cairn_error *err);
int network_group_remove(struct driver *d, const char *id, struct cairn_error *err);
int network_group_list(struct driver *d, struct cairn_sink *sink, struct cairn_error *err);
int network_metadata_listen(struct driver *d, const char *network_id, int32_t *ret_fd, struct cairn_error *err);
int network_router_apply(struct driver *d, const struct cairn_router *router, struct cairn_error *err);
int network_router_remove(struct driver *d, const char *id, struct cairn_error *err);
int network_router_list(struct driver *d, struct cairn_sink *sink, struct cairn_error *err);
int network_floating_ip_apply(struct driver *d, const struct cairn_floating_ip *fip, struct cairn_error *err);
int network_floating_ip_remove(struct driver *d, const char *id, struct cairn_error *err);
int network_physical_check(struct driver *d, const char *name, struct cairn_error *err);
#endif
