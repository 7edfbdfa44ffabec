/* ops.c: the lists of ops.h as tables. */
#include <config.h>
#include "plugin/ops.h"

#include <string.h>

#include "base/cleanup.h"
#include "plugin/plugin.h"

#define X_OF(type, op, req, cap, seconds, flag) { #op, offsetof(struct type, op), (cap), (req), (seconds) * 1000u, (flag) },
#define X(...) X_OF(cairn_compute_driver, __VA_ARGS__)
static const struct op_info compute_ops[] = { COMPUTE_OPS(X) };
#undef X
#define X(...) X_OF(cairn_storage_driver, __VA_ARGS__)
static const struct op_info storage_ops[] = { STORAGE_OPS(X) };
#undef X
#define X(...) X_OF(cairn_network_driver, __VA_ARGS__)
static const struct op_info network_ops[] = { NETWORK_OPS(X) };
#undef X
#define X(...) X_OF(cairn_filter_plugin, __VA_ARGS__)
static const struct op_info filter_ops[] = { FILTER_OPS(X) };
#undef X
#define X(...) X_OF(cairn_scheduler_plugin, __VA_ARGS__)
static const struct op_info scheduler_ops[] = { SCHEDULER_OPS(X) };
#undef X

#define X(...) X_OF(cairn_auth_driver, __VA_ARGS__)
static const struct op_info auth_ops[] = { AUTH_OPS(X) };
#undef X

#define OPS(ops) ops, ARRAY_LEN(ops)
static const struct kind_info kinds[] = {
    [CAIRN_COMPUTE]   = { "compute",   sizeof(struct cairn_compute_driver),   OPS(compute_ops),   0 },
    [CAIRN_STORAGE]   = { "storage",   sizeof(struct cairn_storage_driver),   OPS(storage_ops),   0 },
    [CAIRN_NETWORK]   = { "network",   sizeof(struct cairn_network_driver),   OPS(network_ops),   0 },
    [CAIRN_FILTER]    = { "filter",    sizeof(struct cairn_filter_plugin),    OPS(filter_ops),    1 },
    [CAIRN_SCHEDULER] = { "scheduler", sizeof(struct cairn_scheduler_plugin), OPS(scheduler_ops), 1 },
    [CAIRN_AUTH]      = { "auth",      sizeof(struct cairn_auth_driver),      OPS(auth_ops),      0 },
};

const struct kind_info *
kind_info(uint32_t kind)
{
    return kind < ARRAY_LEN(kinds) && kinds[kind].name != NULL ? &kinds[kind] : NULL;
}

const char *
kind_name(uint32_t kind)
{
    const struct kind_info *info = kind_info(kind);

    return info != NULL ? info->name : "?";
}

uint32_t
kind_of(const char *name)
{
    for (uint32_t kind = 1; kind < ARRAY_LEN(kinds); kind++)
        if (kinds[kind].name != NULL && strcmp(kinds[kind].name, name) == 0)
            return kind;
    return 0;
}

int
op_present(const void *table, const struct op_info *op)
{
    void (*fn)(void);

    memcpy(&fn, (const char *)table + op->offset, sizeof fn);
    return fn != NULL;
}
