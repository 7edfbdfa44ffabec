/* compute.h: the compute service (Nova v2.1): what its files share, and what the daemon calls. */
#ifndef COMPUTE_COMPUTE_H
#define COMPUTE_COMPUTE_H
#include "rest/rest.h"

extern const struct rest_service compute_service;

/* A few flavors (m1.nano ... m1.large) for a cloud that has none. */
int compute_seed_flavors(struct tx *tx, struct cairn_error *err);

/* --- resources and route tables of this folder */
extern const struct rest_resource servers_resource, flavors_resource;
extern const struct rest_route version_routes[], flavor_routes[], keypair_routes[], server_routes[], server_action_routes[], server_part_routes[],
    instance_action_routes[], admin_routes[], hypervisor_routes[], quota_routes[], server_group_routes[];
extern const struct policy_default compute_policies[];

/* --- servers */
/* The state guard of actions: 'states' names the vm_states that an action takes, "active,stopped"; also refuses while a task is at work, and
 * on locked servers unless the caller may override. */
int server_guard(struct rest_call *call, const char *states, struct cairn_error *err);
/* "ACTIVE" from vm_state and task_state. */
const char *server_status(const char *vm_state, const char *task_state);
/* Lists of servers: filters and sort keys beside the attributes that are shown, and the conditions that tables cannot say. */
extern const struct rest_attr server_query[];
extern const char *const server_ignored[];
int server_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err);
/* A flavor the caller may use, by id; '*ret' is current, close it.  CAIRN_INVALID with the reference's sentence otherwise. */
int flavor_find(struct rest_call *call, const char *id, struct rows **ret, struct cairn_error *err);
/* {"vcpus":..,"ram":..,"disk":..,"ephemeral":..,"swap":..,"original_name":..,"extra_specs":{}} of the current row. */
int flavor_snapshot(struct rest_call *call, struct rows *flavor, json_t **ret, struct cairn_error *err);
int server_create(struct rest_call *call, struct cairn_error *err);
extern const struct rest_attr server_create_body[];
/* Names, of server groups too: no blanks at the ends, not empty, no control characters; and host names. */
int server_name_check(struct rest_call *call, const json_t *value, struct cairn_error *err);
int server_hostname_check(struct rest_call *call, const json_t *value, struct cairn_error *err);
int server_access_v4_check(struct rest_call *call, const json_t *value, struct cairn_error *err);     /* an address or "" */
int server_access_v6_check(struct rest_call *call, const json_t *value, struct cairn_error *err);
/* The checked body's address in its canonical form, in 'buf' of ADDRESS_TEXT; "" when there is none. */
const char *server_access_ip(const struct rest_call *call, const char *name, char *buf);
/* Keys of 1 to 255 letters, digits, blanks and "-_:.", values of at most 255 characters. */
int server_metadata_check(struct rest_call *call, const json_t *value, struct cairn_error *err);
/* A tag: 1 to 60 characters without '/' and ','. */
int server_tag_check(const char *tag, struct cairn_error *err);
void server_hostname(const char *name, char ret[64]);
/* Same for all servers of a project on a host, and tells neither; "" without a host.  Returns 'ret'. */
#define HOST_ID 57
char *compute_host_id(const char *project_id, const char *host, char ret[HOST_ID]);
/* Query parameters' booleans: those of str_to_bool(), and t, f, y, n. */
int compute_to_bool(const char *text, int *ret);
/* {"links":[self, bookmark]} of "servers/ID", "flavors/ID", ... */
void compute_links(struct rest_call *call, struct json_out *out, const char *what, const char *id);

/* A server's addresses, one at a time and ordered by "label", become {LABEL: [{"addr", "version"}...]...}; the caller's object is open around it.
 * A row has "label", "ip_address" and "ip_version"; with 'extended' also "mac_address".  The end closes the last list. */
struct address_lists { int open; char label[256]; };
void server_address(struct json_out *out, struct address_lists *lists, struct rows *row, int extended);
void server_addresses_end(struct json_out *out, const struct address_lists *lists);
#endif
