/* network.c: the wrappers of the network operations. */
#include <config.h>
#include "plugin/network.h"

#include "plugin/internal.h"

#define OP(d, operation) ((const struct cairn_network_driver *)(const void *)(d)->module->table)->operation
#define BEGIN(operation, object)                                                                        \
    struct call call;                                                                                   \
    int rc;                                                                                             \
    if (call_begin(&call, d, OP_network_##operation, object, NULL, 0, err) < 0)                         \
        return -1
#define PLAIN(operation, object, ...)                                                                   \
    BEGIN(operation, object);                                                                           \
    rc = OP(d, operation)(d->self, __VA_ARGS__, &call.err);                                             \
    return call_end(&call, rc, err)
#define LIST(operation)                                                                                 \
    struct list list;                                                                                   \
    BEGIN(operation, NULL);                                                                             \
    list_begin(&list, sink, sizeof(struct cairn_net_item), item_ok);                                    \
    rc = OP(d, operation)(d->self, &list.sink, &call.err);                                              \
    list_end(&list, &call, &rc);                                                                        \
    return call_end(&call, rc, err)

static int
item_ok(const void *item)
{
    const struct cairn_net_item *i = item;

    return text_ok(i->id, sizeof i->id, 0) && text_ok(i->device, sizeof i->device, 1);
}

int
network_network_apply(struct driver *d, const struct cairn_net *net, struct cairn_error *err)
{
    PLAIN(network_apply, net->id, net);
}

int
network_network_remove(struct driver *d, const char *id, struct cairn_error *err)
{
    PLAIN(network_remove, id, id);
}

int
network_network_list(struct driver *d, struct cairn_sink *sink, struct cairn_error *err)
{
    LIST(network_list);
}

static const char *
nic_fault(const struct cairn_nic *nic)
{
    if (!text_ok(nic->id, sizeof nic->id, 1) || !text_ok(nic->mac, sizeof nic->mac, 0) || !text_ok(nic->device, sizeof nic->device, 1) ||
        !text_ok(nic->bridge, sizeof nic->bridge, 1) || !text_ok(nic->model, sizeof nic->model, 1) || !text_ok(nic->tag, sizeof nic->tag, 1))
        return "a NIC whose text is missing, not printable or does not end";
    switch (nic->kind) {
    case CAIRN_NIC_TAP:
    case CAIRN_NIC_VETH:
        return nic->device[0] != '\0' ? NULL : "a NIC without a device";
    case CAIRN_NIC_BRIDGE:
    case CAIRN_NIC_OVS:
        return nic->bridge[0] != '\0' ? NULL : "a NIC without a bridge";
    default:
        return "a NIC of an unknown kind";
    }
}

int
network_port_plug(struct driver *d, const struct cairn_port *port, struct cairn_nic *ret_nic, struct cairn_error *err)
{
    struct cairn_nic nic = { .size = sizeof nic };
    const char *fault;
    BEGIN(port_plug, port->id);

    rc = OP(d, port_plug)(d->self, port, &nic, &call.err);
    fault = rc == 0 ? nic_fault(&nic) : NULL;
    if (fault != NULL)
        call_rubbish(&call, &rc, fault);
    if (call_end(&call, rc, err) < 0)
        return -1;
    nic.size = sizeof nic;
    *ret_nic = nic;
    return 0;
}

int
network_port_unplug(struct driver *d, const char *id, struct cairn_error *err)
{
    PLAIN(port_unplug, id, id);
}

int
network_port_list(struct driver *d, struct cairn_sink *sink, struct cairn_error *err)
{
    LIST(port_list);
}

int
network_group_apply(struct driver *d, const struct cairn_security_group *group, struct cairn_error *err)
{
    PLAIN(group_apply, group->id, group);
}

int
network_group_remove(struct driver *d, const char *id, struct cairn_error *err)
{
    PLAIN(group_remove, id, id);
}

int
network_group_list(struct driver *d, struct cairn_sink *sink, struct cairn_error *err)
{
    LIST(group_list);
}

int
network_metadata_listen(struct driver *d, const char *network_id, int32_t *ret_fd, struct cairn_error *err)
{
    int32_t fd = -1;
    BEGIN(metadata_listen, network_id);

    rc = OP(d, metadata_listen)(d->self, network_id, &fd, &call.err);
    check_fd(&call, &rc, fd);
    if (call_end(&call, rc, err) < 0)
        return -1;
    *ret_fd = fd;
    return 0;
}

int
network_router_apply(struct driver *d, const struct cairn_router *router, struct cairn_error *err)
{
    PLAIN(router_apply, router->id, router);
}

int
network_router_remove(struct driver *d, const char *id, struct cairn_error *err)
{
    PLAIN(router_remove, id, id);
}

int
network_router_list(struct driver *d, struct cairn_sink *sink, struct cairn_error *err)
{
    LIST(router_list);
}

int
network_floating_ip_apply(struct driver *d, const struct cairn_floating_ip *fip, struct cairn_error *err)
{
    PLAIN(floating_ip_apply, fip->id, fip);
}

int
network_floating_ip_remove(struct driver *d, const char *id, struct cairn_error *err)
{
    PLAIN(floating_ip_remove, id, id);
}

int
network_physical_check(struct driver *d, const char *name, struct cairn_error *err)
{
    PLAIN(physical_check, NULL, name);
}
