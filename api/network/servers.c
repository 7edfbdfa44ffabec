/* servers.c: the network service as the compute service uses it: ports of servers, in the transaction that makes or changes the server. */
#include <config.h>
#include "network/private.h"

#include <string.h>
#include "base/clock.h"

/* The network as the caller sees it, whatever resource the call itself is about. */
static int
find_network(struct rest_call *call, const char *network_id, struct rows **ret, struct cairn_error *err)
{
    if (rest_load(call, &network_networks, network_id, ret, err) == 0)
        return 0;
    if (err->code == CAIRN_NOT_FOUND)
        return cairn_fail_tag(err, CAIRN_NOT_FOUND, "NetworkNotFound", "Network %.64s could not be found.", network_id);
    return -1;
}

static int
check_network(struct rest_call *call, const char *network_id, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *network = NULL;

    if (find_network(call, network_id, &network, err) < 0)
        return -1;
    if (call->auth->is_admin || row_int(network, "shared") || str_eq(row_text(network, "project_id"), call->auth->project_id))
        return 0;
    return cairn_fail_tag(err, CAIRN_DENIED, "ExternalNetworkAttachForbidden", "It is not allowed to create an interface on external network %s", network_id);
}

int
network_usable(struct rest_call *call, const char *network_id, struct cairn_error *err)
{
    int64_t n;

    if (check_network(call, network_id, err) < 0 || tx_int(call->tx, &n, 0, err, "select count(*) from subnets where network_id = ?", "s", network_id) < 0)
        return -1;
    return n > 0 ? 0 : cairn_fail_tag(err, CAIRN_INVALID, "NetworkRequiresSubnet", "Network %s requires a subnet in order to boot instances on.", network_id);
}

int
network_candidates(struct rest_call *call, const char *project_id, char (*ret_ids)[ID_UUID], unsigned max, unsigned *ret_count, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int more;

    *ret_count = 0;
    if (tx_query(call->tx, &r, err,
                 "select id from networks n where (project_id = ? or shared = 1) and not (external = 1 and project_id <> ?)"
                 " and exists (select 1 from subnets s where s.network_id = n.id) order by created_us, id", "ss", project_id, project_id) < 0)
        return -1;
    while ((more = rows_next(r, err)) > 0) {
        if (*ret_count < max)
            snprintf(ret_ids[*ret_count], ID_UUID, "%s", row_text(r, "id"));
        ++*ret_count;
    }
    return more;
}

int
network_group_find(struct rest_call *call, const char *project_id, const char *name_or_id, char ret_id[ID_UUID], struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int more, found = 0;

    if (strcmp(name_or_id, "default") == 0)
        return group_default(call->tx, project_id, ret_id, err);
    if (tx_query(call->tx, &r, err, "select id from security_groups where project_id = ? and (id = ? or name = ?) order by case when id = ? then 0 else 1 end", "ssss",
                 project_id, name_or_id, name_or_id, name_or_id) < 0)
        return -1;
    while ((more = rows_next(r, err)) > 0) {
        if (found++ == 0)
            snprintf(ret_id, ID_UUID, "%s", row_text(r, "id"));
        if (strcmp(ret_id, name_or_id) == 0)
            return 0;
    }
    if (more < 0)
        return -1;
    if (found == 0)
        return cairn_fail_tag(err, CAIRN_NOT_FOUND, "SecurityGroupNotFound", "Security group %.64s not found for project %.64s.", name_or_id, project_id);
    return found == 1 ? 0 : cairn_fail_tag(err, CAIRN_CONFLICT, "NoUniqueMatch",
                                           "Multiple security groups found matching '%.64s'. Use an ID to be more specific.", name_or_id);
}

/* --- one port */

static int
take_over(struct rest_call *call, const struct port_request *q, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *port = NULL;
    CLEANUP_FREE char *network_id = NULL;

    if (rest_load(call, &network_ports, q->port_id, &port, err) < 0) {
        if (err->code == CAIRN_NOT_FOUND)
            return cairn_fail_tag(err, CAIRN_NOT_FOUND, "PortNotFound", "Port %.64s could not be found.", q->port_id);
        return -1;
    }
    if (!str_eq(row_text(port, "project_id"), q->project_id) && !call->auth->is_admin)
        return cairn_fail_tag(err, CAIRN_NOT_FOUND, "PortNotUsable", "Port %s not usable for instance %s.", q->port_id, q->device_id);
    if (row_text(port, "device_id")[0] != '\0')
        return cairn_fail_tag(err, CAIRN_CONFLICT, "PortInUse", "Port %s is still in use.", q->port_id);
    network_id = xstrdup(row_text(port, "network_id"));
    rows_close(steal(&port));
    if (port_tell(call, q->port_id, network_id, err) < 0)       /* a host that has it so far lets it go */
        return -1;
    return tx_exec(call->tx, err, "update ports set device_id = ?, device_owner = ?, tag = ?, host = ?, vif_type = 'tap', status = 'BUILD',"
                   " revision = revision + 1, updated_us = ? where id = ?", "ssssis", q->device_id, q->device_owner, q->tag, q->host, clock_us(),
                   q->port_id);
}

static int
make(struct rest_call *call, const struct port_request *q, const char *id, struct cairn_error *err)
{
    CLEANUP_JSON json_t *wishes = q->fixed_ip != NULL ? json_pack("[{s:s}]", "ip_address", q->fixed_ip) : NULL;
    struct port_addresses port = { .port_id = id, .network_id = q->network_id, .device_owner = q->device_owner };
    int64_t now = clock_us(), secure;
    char mac[ID_MAC];

    if (check_network(call, q->network_id, err) < 0 || network_take_quota(call, q->project_id, "port", err) < 0
        || port_new_mac(call->tx, q->network_id, mac, err) < 0
        || tx_int(call->tx, &secure, 1, err, "select port_security from networks where id = ?", "s", q->network_id) < 0)
        return -1;
    port.mac = mac;
    if (tx_exec(call->tx, err,
                "insert into ports (id, network_id, project_id, mac_address, status, device_id, device_owner, host, vif_type, port_security, tag,"
                " owned_by_server, created_us, updated_us) values (?, ?, ?, ?, 'BUILD', ?, ?, ?, 'tap', ?, ?, 1, ?, ?)", "sssssssisii", id, q->network_id,
                q->project_id, mac, q->device_id, q->device_owner, q->host, secure, q->tag, now, now) < 0
        || addresses_set(call, &port, wishes, err) < 0)
        return -1;
    return secure ? group_set_port(call, id, q->project_id, q->groups, q->groups_count, err) : 0;
}

int
network_port_create(struct rest_call *call, const struct port_request *request, char ret_port_id[ID_UUID], struct cairn_error *err)
{
    if (request->port_id != NULL) {
        if (take_over(call, request, err) < 0)
            return -1;
        snprintf(ret_port_id, ID_UUID, "%s", request->port_id);
        return 0;
    }
    id_uuid(ret_port_id);
    return make(call, request, ret_port_id, err);
}

/* A port that was there before the server outlives it: it is only let go. */
int
network_port_release(struct rest_call *call, const char *port_id, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    CLEANUP_FREE char *network_id = NULL;
    int there, owned;

    if (tx_query(call->tx, &r, err, "select network_id, owned_by_server from ports where id = ?", "s", port_id) < 0 || (there = rows_next(r, err)) < 0)
        return -1;
    if (!there)
        return 0;
    network_id = xstrdup(row_text(r, "network_id"));
    owned = row_int(r, "owned_by_server") != 0;
    rows_close(steal(&r));
    if (owned)
        return port_remove(call, port_id, network_id, err);
    /* Told first, while the row still says which host has it; the host reads it after the commit. */
    if (port_tell(call, port_id, network_id, err) < 0)
        return -1;
    return tx_exec(call->tx, err,
                   "update ports set device_id = '', device_owner = '', host = '', vif_type = 'unbound', status = 'DOWN', tag = null, revision = revision + 1,"
                   " updated_us = ? where id = ?", "is", clock_us(), port_id);
}
