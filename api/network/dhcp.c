/* dhcp.c: each network whose subnets have DHCP keeps one port of its own: the address that DHCP, DNS and metadata answer from.
 *
 * It is a real port: addresses are taken from the pools in the same transaction, lists show it, and hosts read it from the catalog. */
#include <config.h>
#include "network/private.h"

#include <string.h>
#include "base/clock.h"

static int
make_port(struct rest_call *call, const char *network_id, char ret_id[ID_UUID], char ret_mac[ID_MAC], struct cairn_error *err)
{
    int64_t now = clock_us();

    id_uuid(ret_id);
    if (port_new_mac(call->tx, network_id, ret_mac, err) < 0)
        return -1;
    return tx_exec(call->tx, err,
                   "insert into ports (id, network_id, project_id, mac_address, status, device_id, device_owner, port_security, created_us, updated_us)"
                   " select ?, id, project_id, ?, 'ACTIVE', ?, 'network:dhcp', 0, ?, ? from networks where id = ?", "sssiis", ret_id, ret_mac, network_id, now, now,
                   network_id);
}

static int
subnets_without(struct rest_call *call, const char *network_id, const char *port_id, json_t *ret, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int more;

    if (tx_query(call->tx, &r, err,
                 "select s.id as id from subnets s where s.network_id = ? and s.enable_dhcp = 1"
                 " and not exists (select 1 from fixed_ips f where f.subnet_id = s.id and f.port_id = ?) order by s.created_us, s.id", "ss", network_id, port_id) < 0)
        return -1;
    while ((more = rows_next(r, err)) > 0)
        json_array_append_new(ret, json_string(row_text(r, "id")));
    return more;
}

/* Makes the DHCP port what the network's subnets want: there or not, one address in each with DHCP.  A subnet whose pools are full goes without:
 * its servers were given addresses before DHCP was. */
int
dhcp_port_refresh(struct rest_call *call, const char *network_id, struct cairn_error *err)
{
    CLEANUP_JSON json_t *without = json_array();
    CLEANUP_FREE char *there = NULL;
    char id[ID_UUID] = "", mac[ID_MAC] = "";
    struct port_addresses port = { .port_id = id, .network_id = network_id, .mac = mac, .device_owner = "network:dhcp" };
    const json_t *subnet;
    int64_t wanted, exists;
    size_t i;

    if (tx_int(call->tx, &exists, 0, err, "select count(*) from networks where id = ?", "s", network_id) < 0
        || tx_int(call->tx, &wanted, 0, err, "select count(*) from subnets where network_id = ? and enable_dhcp = 1", "s", network_id) < 0
        || tx_text(call->tx, &there, err, "select id from ports where network_id = ? and device_owner = 'network:dhcp'", "s", network_id) < 0)
        return -1;
    if (wanted == 0 || !exists)
        return there != NULL ? port_remove(call, there, network_id, err) : 0;
    if (there != NULL)
        snprintf(id, sizeof id, "%s", there);
    else if (make_port(call, network_id, id, mac, err) < 0)
        return -1;
    if (tx_exec(call->tx, err, "delete from fixed_ips where port_id = ? and subnet_id in (select id from subnets where enable_dhcp = 0)", "s", id) < 0
        || subnets_without(call, network_id, id, without, err) < 0)
        return -1;
    json_array_foreach(without, i, subnet)
        if (addresses_add_lowest(call, &port, json_string_value(subnet), err) < 0) {
            if (err->code != CAIRN_NO_SPACE)
                return -1;
            cairn_error_clear(err);
        }
    return 0;
}
