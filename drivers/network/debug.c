/* debug.c: network driver "debug": the fake one, which misbehaves on command; see fake/debug.h. */
#include "fake.h"
#include "fake/debug.h"

#include <unistd.h>

#define DEBUG_FAKE fake_network
#define DEBUG_TABLE debug_network
static struct cairn_network_driver debug_network;       /* filled before main() or dlopen() goes on, then only read */

#define P(...) (void *self, __VA_ARGS__, struct cairn_error *err)
#define A(...) (self, __VA_ARGS__, err)
#define ID const char *id
#define SINK struct cairn_sink *sink

#define OPERATIONS(X)                                                                                                                   \
    X(network_apply, P(const struct cairn_net *net), A(net), SPOIL_ERROR)                                                               \
    X(network_remove, P(ID), A(id), SPOIL_ERROR)                                                                                        \
    X(network_list, P(SINK), A(sink), SPOIL_LIST(struct cairn_net_item))                                                                \
    X(port_plug, P(const struct cairn_port *port, struct cairn_nic *ret), A(port, ret), SPOIL_STRUCT(ret))                              \
    X(port_unplug, P(ID), A(id), SPOIL_ERROR)                                                                                           \
    X(port_list, P(SINK), A(sink), SPOIL_LIST(struct cairn_net_item))                                                                   \
    X(group_apply, P(const struct cairn_security_group *group), A(group), SPOIL_ERROR)                                                  \
    X(group_remove, P(ID), A(id), SPOIL_ERROR)                                                                                          \
    X(group_list, P(SINK), A(sink), SPOIL_LIST(struct cairn_net_item))                                                                  \
    X(metadata_listen, P(ID, int32_t *ret), A(id, ret), if (rc == 0) close(*ret); *ret = -4711; rc = 0)                                 \
    X(router_apply, P(const struct cairn_router *router), A(router), SPOIL_ERROR)                                                       \
    X(router_remove, P(ID), A(id), SPOIL_ERROR)                                                                                         \
    X(router_list, P(SINK), A(sink), SPOIL_LIST(struct cairn_net_item))                                                                 \
    X(floating_ip_apply, P(const struct cairn_floating_ip *fip), A(fip), SPOIL_ERROR)                                                   \
    X(floating_ip_remove, P(ID), A(id), SPOIL_ERROR)                                                                                    \
    X(physical_check, P(const char *name), A(name), SPOIL_ERROR)

OPERATIONS(DEBUG_WRAPPER)

__attribute__((constructor)) static void
debug_fill(void)
{
    debug_network = fake_network;       /* what is not wrapped stays the fake's */
    debug_network.name = "debug";
    debug_network.description = "simulated networks that misbehave on command";
    OPERATIONS(DEBUG_FILL)
}

CAIRN_DRIVER_EXPORT(debug_network)
