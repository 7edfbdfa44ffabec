/* debug.c: compute driver "debug": the fake one, which misbehaves on command; see fake/debug.h. */
#include "fake.h"
#include "fake/debug.h"

#include <stdlib.h>

#define DEBUG_FAKE fake_compute
#define DEBUG_TABLE debug_compute
static struct cairn_compute_driver debug_compute;       /* filled before main() or dlopen() goes on, then only read */

#define P(...) (void *self, __VA_ARGS__, struct cairn_error *err)
#define A(...) (self, __VA_ARGS__, err)
#define OP struct cairn_op *op
#define ID const char *id
#define SERVER const struct cairn_server *server

#define OPERATIONS(X)                                                                                                                   \
    X(host_info, P(struct cairn_compute_info *ret), A(ret), SPOIL_STRUCT(ret))                                                          \
    X(server_list, P(struct cairn_sink *sink), A(sink), SPOIL_LIST(struct cairn_server_state))                                          \
    X(server_state, P(ID, struct cairn_server_state *ret), A(id, ret), SPOIL_STRUCT(ret))                                               \
    X(server_create, P(OP, SERVER), A(op, server), SPOIL_ERROR)                                                                         \
    X(server_destroy, P(OP, ID), A(op, id), SPOIL_ERROR)                                                                                \
    X(server_start, P(OP, SERVER), A(op, server), SPOIL_ERROR)                                                                          \
    X(server_stop, P(OP, ID, uint32_t grace_ms), A(op, id, grace_ms), SPOIL_ERROR)                                                      \
    X(server_reboot, P(OP, SERVER, uint32_t type, uint32_t grace_ms), A(op, server, type, grace_ms), SPOIL_ERROR)                       \
    X(server_pause, P(ID), A(id), SPOIL_ERROR)                                                                                          \
    X(server_unpause, P(ID), A(id), SPOIL_ERROR)                                                                                        \
    X(server_suspend, P(OP, ID), A(op, id), SPOIL_ERROR)                                                                                \
    X(server_resume, P(OP, SERVER), A(op, server), SPOIL_ERROR)                                                                         \
    X(server_rescue, P(OP, SERVER), A(op, server), SPOIL_ERROR)                                                                         \
    X(server_unrescue, P(OP, SERVER), A(op, server), SPOIL_ERROR)                                                                       \
    X(disk_attach, P(OP, ID, const struct cairn_disk *disk, char ret[32]), A(op, id, disk, ret), SPOIL_TEXT(ret, 32))                   \
    X(disk_detach, P(OP, ID, const char *disk), A(op, id, disk), SPOIL_ERROR)                                                           \
    X(disk_resize, P(ID, const char *disk, uint64_t size_bytes), A(id, disk, size_bytes), SPOIL_ERROR)                                  \
    X(disk_swap, P(OP, ID, const char *disk, const struct cairn_disk *target), A(op, id, disk, target), SPOIL_ERROR)                    \
    X(nic_attach, P(OP, ID, const struct cairn_nic *nic), A(op, id, nic), SPOIL_ERROR)                                                  \
    X(nic_detach, P(OP, ID, const char *nic), A(op, id, nic), SPOIL_ERROR)                                                              \
    X(snapshot_begin, P(OP, ID, const char *disk, uint32_t quiesce), A(op, id, disk, quiesce), SPOIL_ERROR)                             \
    X(snapshot_end, P(OP, ID, const char *disk), A(op, id, disk), SPOIL_ERROR)                                                          \
    X(console_log, P(ID, size_t max_bytes, char **ret, size_t *ret_len), A(id, max_bytes, ret, ret_len),                                \
      free(rc == 0 ? *ret : NULL); *ret = NULL; *ret_len = SIZE_MAX; rc = 0)                                                            \
    X(server_diagnostics, P(ID, struct cairn_server_stats *ret), A(id, ret), SPOIL_STRUCT(ret))                                         \
    X(server_stats, P(struct cairn_sink *sink), A(sink), SPOIL_LIST(struct cairn_server_stats))                                         \
    X(server_inject_nmi, P(ID), A(id), SPOIL_ERROR)                                                                                     \
    X(server_set_password, P(ID, const char *user, const char *password), A(id, user, password), SPOIL_ERROR)

OPERATIONS(DEBUG_WRAPPER)

__attribute__((constructor)) static void
debug_fill(void)
{
    debug_compute = fake_compute;       /* what is not wrapped stays the fake's */
    debug_compute.name = "debug";
    debug_compute.description = "simulated servers that misbehave on command";
    OPERATIONS(DEBUG_FILL)
}

CAIRN_DRIVER_EXPORT(debug_compute)
