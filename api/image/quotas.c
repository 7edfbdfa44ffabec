/* quotas.c: what a project may have of images: limits registered in identity, else [quota] of the configuration; use is counted, never kept. */
#include <config.h>
#include "image/private.h"

#include <inttypes.h>
#include <string.h>

#define MIB 1048576

/* Sizes count once for each store that has the bytes. */
static const struct quota { const char *name, *sql; } quotas[] = {
    { "image_size_total", "select coalesce(sum(size_bytes * (1 + (select count(*) from image_copies c where c.image_id = images.id))), 0) / 1048576"
      " from images where owner = ? and store is not null" },
    { "image_stage_total", "select coalesce(sum(size_bytes), 0) / 1048576 from images where owner = ? and staged_handle is not null" },
    { "image_count_total", "select count(*) from images where owner = ?" },
    { "image_count_uploading", "select count(*) from images where owner = ? and status in ('saving', 'uploading', 'importing')" },
};

/* The project's own limit, else the registered one, else the configuration's (image_size_total is its name in identity, "size_total" here). */
static int
limit_of(struct rest_call *call, const struct quota *q, const char *project, int64_t *ret, struct cairn_error *err)
{
    const int64_t unset = INT64_MIN;
    int64_t limit;

    if (tx_int(call->tx, &limit, unset, err, "select l.resource_limit from limits l join registered_limits r on r.id = l.registered_limit_id"
               " join services s on s.id = r.service_id where s.type = 'image' and r.resource_name = ? and l.project_id = ?", "ss", q->name, project) < 0 ||
        (limit == unset && tx_int(call->tx, &limit, unset, err, "select r.default_limit from registered_limits r join services s on s.id = r.service_id"
                                  " where s.type = 'image' and r.resource_name = ?", "s", q->name) < 0))
        return -1;
    *ret = limit != unset ? limit : rest_quota_limit(call->tx, call->env, "image", project, q->name + strlen("image_"));
    return 0;
}

int
image_quota(struct rest_call *call, const char *project, const char *name, int64_t more, struct cairn_error *err)
{
    const struct quota *q = quotas;
    int64_t limit, used;

    if (project == NULL)
        return 0;
    while (strcmp(q->name, name) != 0)
        q++;
    if (limit_of(call, q, project, &limit, err) < 0)
        return -1;
    if (limit < 0)
        return 0;
    if (tx_int(call->tx, &used, 0, err, q->sql, "s", project) < 0)
        return -1;
    if (used + more <= limit)
        return 0;
    return cairn_fail(err, CAIRN_OVER_QUOTA, "Request returned failure status: project %s is over its limit: resource %s has limit %" PRId64 ", uses %" PRId64
                      " and %" PRId64 " more was asked for.", project, name, limit, used, more);
}

static int
info_usage(struct rest_call *call, struct cairn_error *err)
{
    const char *project = call->auth->project_id;

    jo_object(call->out, NULL);
    jo_object(call->out, "usage");
    for (size_t i = 0; i < ARRAY_LEN(quotas); i++) {
        int64_t limit, used;

        if (limit_of(call, &quotas[i], project, &limit, err) < 0 || tx_int(call->tx, &used, 0, err, quotas[i].sql, "s", project) < 0)
            return -1;
        jo_object(call->out, quotas[i].name);
        jo_int(call->out, "limit", limit);
        jo_int(call->out, "usage", used);
        jo_end_object(call->out);
    }
    jo_end_object(call->out);
    jo_end_object(call->out);
    return 0;
}

const struct rest_route image_quota_routes[] = {
    { .method = "GET", .path = "/v2/info/usage", .rule = "get_image_usage", .status = 200, .handle = info_usage },
    { .method = NULL }
};
