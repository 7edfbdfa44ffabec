/* server_wish.h: what server_create.c has found out for server_insert.c to write. */
#ifndef COMPUTE_SERVER_WISH_H
#define COMPUTE_SERVER_WISH_H
#include "base/arena.h"
#include "compute/compute.h"

#define SERVER_NICS_MAX 26
#define GIB (INT64_C(1) << 30)

struct nic_wish { const char *network_id, *port_id, *fixed_ip, *tag; };

/* What POST /servers asks for, looked up.  Strings live in the arena or in the request's body. */
struct wish {
    struct arena a;
    const char *image_id, *image_name, *image_format, *image_store;
    int64_t image_virtual, image_min_disk, image_min_ram;
    json_t *image_properties;           /* hw_*, os_* */
    json_t *flavor;                     /* snapshot */
    const char *flavor_id;
    const char *key_name, *key_data;
    const char *zone, *forced_host;
    const char *group_id, *group_policy;
    struct ptrs group_hosts;            /* one for each member that has a host */
    int64_t group_members, group_max_per_host;
    struct ptrs groups;                 /* security group ids */
    struct nic_wish nics[SERVER_NICS_MAX];
    size_t nics_count;
    int64_t count, min_count;
    char reservation[16];
    char password[16];
};

/* Writes number 'index' of the servers that are wished for: its rows, its place on a host, and the task that builds it.  When no host has room the
 * server is there nevertheless, in ERROR, with a fault that says so.  In the caller's transaction. */
int server_insert(struct rest_call *call, struct wish *w, int64_t index, char id[ID_UUID], struct cairn_error *err);

/* Files for the guest: personality.c. */
extern const struct rest_attr server_file_item[];
int server_files_check(struct rest_call *call, struct cairn_error *err);        /* base64, and within the project's limits */
int server_files_insert(struct rest_call *call, const char *server_id, struct cairn_error *err);
#endif
