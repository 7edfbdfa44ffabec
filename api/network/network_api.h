/* network_api.h: the network service as the compute service and the daemon use it: function calls in one transaction. */
#ifndef NETWORK_NETWORK_API_H
#define NETWORK_NETWORK_API_H
#include "rest/rest.h"

extern const struct rest_service network_service;

/* A port for a server.  All strings borrowed. */
struct port_request {
    const char *network_id;             /* NULL when port_id is given */
    const char *port_id;                /* a port that is there: it is taken over, or NULL */
    const char *fixed_ip;               /* an address to have, or NULL */
    const char *project_id;
    const char *device_id;              /* server */
    const char *device_owner;           /* "compute:nova" */
    const char *host;                   /* where the server was placed: the port is bound to it */
    const char *tag;                    /* device role tag, or NULL */
    const char *const *groups;          /* security group ids; NULL: the project's default group */
    unsigned groups_count;
    const char *request_id;
};
/* In the caller's transaction: checks (network visible to call->auth, quota, address free, port not in use), inserts or takes over the port and its
 * addresses, binds it, tells the security groups that have a new member.  To plug it on its new host is the task of who builds the server.  CAIRN_NOT_FOUND, CAIRN_CONFLICT (tag "PortInUse"), CAIRN_NO_SPACE
 * (addresses exhausted), CAIRN_OVER_QUOTA, CAIRN_INVALID. */
int network_port_create(struct rest_call *call, const struct port_request *request, char ret_port_id[ID_UUID], struct cairn_error *err);
/* Deletes (owned_by_server) or frees the port of a server. */
int network_port_release(struct rest_call *call, const char *port_id, struct cairn_error *err);
/* Networks that a project may put servers on without being asked: its own and shared ones that are not external; ids of at most 'max'.
 * '*ret_count' may be larger than max. */
int network_candidates(struct rest_call *call, const char *project_id, char (*ret_ids)[ID_UUID], unsigned max, unsigned *ret_count, struct cairn_error *err);
/* Id of a security group by name or id in the project ("default" is made if it is not there).  CAIRN_NOT_FOUND; CAIRN_CONFLICT: several of that name. */
int network_group_find(struct rest_call *call, const char *project_id, const char *name_or_id, char ret_id[ID_UUID], struct cairn_error *err);
/* CAIRN_NOT_FOUND unless the caller sees the network; CAIRN_INVALID: it has no subnet or is external and the caller may not use it. */
int network_usable(struct rest_call *call, const char *network_id, struct cairn_error *err);
#endif
