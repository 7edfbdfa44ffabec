/* policies.c: who may do what with networks, by default: the personas admin, member and reader. */
#include <config.h>
#include "network/private.h"

#define MEMBER      "rule:admin_only or rule:project_member"
#define READER      "rule:admin_only or rule:project_reader"
#define ADMIN       "rule:admin_only"
#define NET_MEMBER  "rule:admin_only or rule:network_owner_member"      /* who owns the network that it is on */

const struct policy_default network_policies[] = {
    { "admin_only", "role:admin", "The cloud's operators" },
    { "project_member", "role:member and project_id:%(project_id)s", "Who works in the project" },
    { "project_reader", "role:reader and project_id:%(project_id)s", "Who looks on in the project" },
    { "network_owner", "project_id:%(network:project_id)s", "Who owns the network that a subnet or port is on" },
    { "network_owner_member", "role:member and rule:network_owner", "Who works in the project that owns the network" },
    { "network_owner_reader", "role:reader and rule:network_owner", "Who looks on there" },
    { "shared", "field:networks:shared=True", "Networks for everybody" },
    { "external", "field:networks:router:external=True", "Networks to the outside" },

    { "list_resources", "@", "GET /v2.0" },
    { "get_extension", "@", "Which extensions there are" },
    { "get_availability_zone", "rule:admin_only or role:reader", "Zones of hosts" },

    { "create_network", MEMBER, "" },
    { "create_network:shared", ADMIN, "" },
    { "create_network:router:external", ADMIN, "" },
    { "create_network:is_default", ADMIN, "" },
    { "create_network:port_security_enabled", MEMBER, "" },
    { "create_network:provider:network_type", ADMIN, "" },
    { "create_network:provider:physical_network", ADMIN, "" },
    { "create_network:provider:segmentation_id", ADMIN, "" },
    { "get_network", "rule:admin_only or rule:project_reader or rule:shared or rule:external", "" },
    { "get_network:provider:network_type", ADMIN, "" },
    { "get_network:provider:physical_network", ADMIN, "" },
    { "get_network:provider:segmentation_id", ADMIN, "" },
    { "update_network", MEMBER, "" },
    { "update_network:shared", ADMIN, "" },
    { "update_network:router:external", ADMIN, "" },
    { "delete_network", MEMBER, "" },

    { "create_subnet", "rule:admin_only or (rule:project_member and rule:network_owner) or rule:network_owner_member", "" },
    { "create_subnet:service_types", ADMIN, "" },
    { "get_subnet", "rule:admin_only or rule:project_reader or rule:network_owner_reader or role:reader", "What the caller sees: own, and those of shared networks" },
    { "update_subnet", "rule:admin_only or rule:project_member or rule:network_owner_member", "" },
    { "update_subnet:service_types", ADMIN, "" },
    { "delete_subnet", "rule:admin_only or rule:project_member or rule:network_owner_member", "" },

    { "create_port", MEMBER, "" },
    { "create_port:device_owner", "rule:admin_only or rule:network_owner_member", "For owners that begin with \"network:\"" },
    { "create_port:mac_address", NET_MEMBER, "" },
    { "create_port:fixed_ips", "rule:admin_only or rule:network_owner_member or rule:network_is_shared", "" },
    { "create_port:fixed_ips:ip_address", NET_MEMBER, "" },
    { "create_port:port_security_enabled", NET_MEMBER, "" },
    { "create_port:allowed_address_pairs", NET_MEMBER, "" },
    { "create_port:binding:host_id", ADMIN, "" },
    { "create_port:binding:profile", ADMIN, "" },
    { "create_port:binding:vnic_type", MEMBER, "" },
    { "network_is_shared", "True:%(network:shared)s", "The port's network is for everybody" },
    { "get_port", "rule:admin_only or rule:project_reader or rule:network_owner_reader", "" },
    { "get_port:binding:vif_type", ADMIN, "" },
    { "get_port:binding:vif_details", ADMIN, "" },
    { "get_port:binding:host_id", ADMIN, "" },
    { "get_port:binding:profile", ADMIN, "" },
    { "update_port", "rule:admin_only or rule:project_member", "" },
    { "update_port:mac_address", ADMIN, "" },
    { "update_port:fixed_ips", "rule:admin_only or rule:network_owner_member or rule:network_is_shared", "" },
    { "update_port:port_security_enabled", NET_MEMBER, "" },
    { "update_port:allowed_address_pairs", NET_MEMBER, "" },
    { "update_port:binding:host_id", ADMIN, "" },
    { "update_port:binding:profile", ADMIN, "" },
    { "delete_port", "rule:admin_only or rule:project_member or rule:network_owner_member", "" },

    { "create_security_group", MEMBER, "" },
    { "get_security_group", READER, "" },
    { "update_security_group", MEMBER, "" },
    { "delete_security_group", MEMBER, "" },
    { "create_security_group_rule", "rule:admin_only or role:member", "In a group that the caller sees" },
    { "get_security_group_rule", READER, "" },
    { "delete_security_group_rule", MEMBER, "" },

    { "get_quota", "rule:admin_only or rule:project_reader", "" },
    { "list_quotas", ADMIN, "" },
    { "update_quota", ADMIN, "" },
    { "delete_quota", ADMIN, "" },
    { NULL, NULL, NULL },
};
