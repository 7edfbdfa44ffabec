/* private.h: what the files of the network service share. */
#ifndef NETWORK_PRIVATE_H
#define NETWORK_PRIVATE_H
#include "flow/network.h"
#include "network/ip.h"
#include "network/network_api.h"

extern const struct rest_resource network_networks, network_subnets, network_ports, network_groups, network_rules;
extern const struct rest_route network_group_routes[], network_quota_routes[], network_discovery_routes[];
extern const struct rest_release network_releases[];
extern const struct policy_default network_policies[];

/* [networking]; 'dflt' where there is no configuration (tests). */
int64_t network_setting(const struct rest_env *env, const char *key, int64_t dflt);
const char *network_setting_text(const struct rest_env *env, const char *key, const char *dflt);
/* The request id of the call, for tasks. */
const char *network_request(const struct rest_call *call);
/* The project of what a body creates: given, or the caller's own. */
const char *network_body_project(const struct rest_call *call, const json_t *body);
/* Quota of the rows of 'table' that a project has. */
int network_take_quota(struct rest_call *call, const char *project_id, const char *resource, struct cairn_error *err);
int64_t network_quota_used(struct tx *tx, const char *project_id, const char *resource);
/* tenant_id and project_id are one thing; sets both in the body. */
int network_same_project(json_t *body, struct cairn_error *err);
/* A body's "network_id": one that the caller sees.  Asked before policy is, so that what is not seen is 404 and not 403. */
int network_check_seen(struct rest_call *call, const json_t *value, struct cairn_error *err);
/* A DNS name or domain, or "": nothing else may reach what DHCP is configured with. */
int network_check_dns(struct rest_call *call, const json_t *value, struct cairn_error *err);
/* Emits a tag of network_tags; the child that every resource with tags has. */
int network_emit_tag(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err);
#define TAGS_CHILD { .name = "tags", .emit = network_emit_tag, \
    .sql = "select resource_id as parent, tag from network_tags where resource_id in (%IDS%) order by resource_id, tag" }

/* The attributes that every resource has. */
#define ATTR_ID      { .name = "id", .column = "t.id", .type = REST_UUID, .flags = REST_READ | REST_FILTER | REST_SORT }
#define ATTR_NAME    { .name = "name", .column = "t.name", .type = REST_STRING, .flags = REST_WRITE | REST_FILTER | REST_SORT, .max = 255, .dflt = "\"\"" }
#define ATTR_PROJECT(rule) \
    { .name = "tenant_id", .column = "t.project_id", .type = REST_STRING, .flags = REST_READ | REST_CREATE | REST_FILTER | REST_SORT, .min = 1, .max = 64 }, \
    { .name = "project_id", .column = "t.project_id", .type = REST_STRING, .flags = REST_READ | REST_CREATE | REST_FILTER | REST_SORT, .min = 1, .max = 64 }
#define ATTR_DESCRIPTION { .name = "description", .column = "t.description", .type = REST_STRING, .flags = REST_WRITE | REST_FILTER, .max = 255, .dflt = "\"\"" }
#define ATTR_TIMES \
    { .name = "created_at", .column = "t.created_us", .type = REST_TIME, .flags = REST_READ | REST_FILTER | REST_SORT }, \
    { .name = "updated_at", .column = "t.updated_us", .type = REST_TIME, .flags = REST_READ | REST_FILTER | REST_SORT }, \
    { .name = "changed_since", .column = "t.updated_us", .type = REST_TIME, .flags = REST_FILTER, .filter = "t.updated_us >= ?" }, \
    { .name = "revision_number", .column = "t.revision", .type = REST_INT, .flags = REST_READ | REST_FILTER | REST_SORT }

/* --- addresses.c: which addresses a port has */
struct port_addresses {
    const char *port_id, *network_id, *mac, *device_owner;
};
/* Gives the port what 'wanted' says ([{"subnet_id","ip_address"}], either or both), or when it is NULL one address per IP version; keeps what
 * fits already, frees the rest.  Addresses that hosts make up themselves (SLAAC) come by themselves. */
int addresses_set(struct rest_call *call, const struct port_addresses *port, const json_t *wanted, struct cairn_error *err);
/* The lowest free address of one subnet goes to the port. CAIRN_NO_SPACE. */
int addresses_add_lowest(struct rest_call *call, const struct port_addresses *port, const char *subnet_id, struct cairn_error *err);
/* A SLAAC subnet came to a network that has ports. */
int addresses_join_slaac(struct rest_call *call, const char *network_id, const char *subnet_id, struct cairn_error *err);
int subnet_is_slaac(const char *ra_mode, const char *address_mode);

/* --- dhcp.c: the port that holds DHCP's and the metadata service's addresses of a network */
int dhcp_port_refresh(struct rest_call *call, const char *network_id, struct cairn_error *err);

/* --- groups.c */
/* The project's group "default" with its rules; made if it is not there. */
int group_default(struct tx *tx, const char *project_id, char ret_id[ID_UUID], struct cairn_error *err);
/* What is in groups of the port, as JSON ids or NULL for the default group, replaces what it is in.  Tells the groups. */
int group_set_port(struct rest_call *call, const char *port_id, const char *project_id, const char *const *ids, size_t count, struct cairn_error *err);

/* --- ports.c */
/* Tells hosts about a port that was made, changed or removed, and its network and groups. */
int port_tell(struct rest_call *call, const char *port_id, const char *network_id, struct cairn_error *err);
int port_tell_groups(struct rest_call *call, const char *port_id, struct cairn_error *err);
/* A MAC address that is free in the network. */
int port_new_mac(struct tx *tx, const char *network_id, char ret[ID_MAC], struct cairn_error *err);
/* Addresses, groups and row are gone, hosts are told. */
int port_remove(struct rest_call *call, const char *port_id, const char *network_id, struct cairn_error *err);
#endif
