/* instance_actions.c: what was done to a server, by whom, and how each step ended. */
#include "config.h"
#include "compute/compute.h"

#include <string.h>

#include "base/clock.h"
#include "base/str.h"

static void
write_time(struct json_out *o, const char *name, struct rows *r, const char *column)
{
    char text[CLOCK_TEXT];
    int64_t at = row_int(r, column);

    if (at == 0)
        jo_null(o, name);
    else
        jo_str(o, name, clock_format(at, CLOCK_MICRO, text));
}

static void
write_action(struct rest_call *call, struct rows *r)
{
    struct json_out *o = call->out;

    jo_str(o, "action", row_text(r, "action"));
    jo_str(o, "instance_uuid", rest_param(call, "id"));
    jo_str(o, "message", row_text(r, "message"));
    jo_str(o, "project_id", row_text(r, "project_id"));
    jo_str(o, "request_id", row_text(r, "request_id"));
    write_time(o, "start_time", r, "started_us");
    if (rest_since(call, 2, 58))
        write_time(o, "updated_at", r, "updated_us");
    else
        (void)row_int(r, "updated_us");
    jo_str(o, "user_id", row_text(r, "user_id"));
}

static int
time_query(struct rest_call *call, const char *name, int minor, int64_t dflt, int64_t *ret, struct cairn_error *err)
{
    const char *text = rest_query(call, name);

    *ret = dflt;
    if (text == NULL || !rest_since(call, 2, minor))
        return 0;
    if (clock_parse(text, ret) < 0)
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for query parameters %s. Value: %.64s. It is a time like 2026-01-31T12:00:00Z.", name, text);
    return 0;
}

/* The page begins behind the marker (a request id); from 2.58 on. */
static int
page_start(struct rest_call *call, int64_t *ret_limit, int64_t *ret_before_us, struct cairn_error *err)
{
    const char *limit = rest_query(call, "limit"), *marker = rest_query(call, "marker");

    *ret_limit = 1000;
    *ret_before_us = INT64_MAX;
    if (!rest_since(call, 2, 58))
        return 0;
    if (limit != NULL && str_to_int(limit, 0, INT32_MAX, ret_limit) < 0)
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for query parameters limit. Value: %.32s. It is a whole number.", limit);
    if (*ret_limit == 0 || *ret_limit > 1000)
        *ret_limit = 1000;
    if (marker == NULL)
        return 0;
    if (tx_int(call->tx, ret_before_us, -1, err, "select max(started_us) from server_actions where server_id = ? and request_id = ?", "ss",
               rest_param(call, "id"), marker) < 0)
        return -1;
    return *ret_before_us >= 0 ? 0 : cairn_fail(err, CAIRN_INVALID, "Marker %.64s could not be found.", marker);
}

static int
actions_list(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    struct json_out *o = call->out;
    char last[64] = "";
    int64_t since, before, limit, start, n = 0;
    int rc;

    if (time_query(call, "changes-since", 58, 0, &since, err) < 0 || time_query(call, "changes-before", 66, INT64_MAX, &before, err) < 0 ||
        page_start(call, &limit, &start, err) < 0)
        return -1;
    if (since > before)
        return cairn_fail(err, CAIRN_INVALID, "The value of changes-since must be less than or equal to changes-before.");
    if (tx_query(call->tx, &r, err,
                 "select action, message, project_id, request_id, user_id, started_us, updated_us from server_actions where server_id = ? and"
                 " updated_us >= ? and updated_us <= ? and started_us < ? order by started_us desc, id desc limit ?", "siiii", rest_param(call, "id"),
                 since, before, start, limit + 1) < 0)
        return -1;
    jo_object(o, NULL);
    jo_array(o, "instanceActions");
    while ((rc = rows_next(r, err)) == 1 && n++ < limit) {
        snprintf(last, sizeof last, "%s", row_text(r, "request_id"));
        jo_object(o, NULL);
        write_action(call, r);
        jo_end_object(o);
    }
    jo_end_array(o);
    if (rc == 1 && rest_since(call, 2, 58)) {
        CLEANUP_FREE char *next = rest_url(call, "/v2.1/servers/%s/os-instance-actions?limit=%lld&marker=%s", rest_param(call, "id"), (long long)limit,
                                           last);

        jo_array(o, "links");
        jo_object(o, NULL);
        jo_str(o, "rel", "next");
        jo_str(o, "href", next);
        jo_end_object(o);
        jo_end_array(o);
    }
    jo_end_object(o);
    return rc < 0 ? -1 : 0;
}

static int
write_events(struct rest_call *call, const char *action_id, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    struct json_out *o = call->out;
    int admin = rest_allowed(call, "os_compute_api:os-instance-actions:events"), rc;

    /* The steps are for administrators until 2.51 lets everybody see them, without the reasons of failures. */
    if (!admin && !rest_since(call, 2, 51))
        return 0;
    if (tx_query(call->tx, &r, err, "select event, host, result, traceback, started_us, finished_us from server_action_events where action_id = ?"
                                    " order by started_us, id", "s", action_id) < 0)
        return -1;
    jo_array(o, "events");
    while ((rc = rows_next(r, err)) == 1) {
        const char *host = row_text(r, "host"), *trace = row_text(r, "traceback");

        jo_object(o, NULL);
        jo_str(o, "event", row_text(r, "event"));
        write_time(o, "start_time", r, "started_us");
        write_time(o, "finish_time", r, "finished_us");
        jo_str(o, "result", row_text(r, "result"));
        if (admin || !rest_since(call, 2, 51))
            jo_str(o, "traceback", trace);
        if (rest_since(call, 2, 62)) {
            char host_id[HOST_ID];

            if (admin)
                jo_str(o, "host", host);
            jo_str(o, "hostId", compute_host_id(row_text(call->object, "project_id"), host, host_id));
        }
        if (rest_since(call, 2, 84))
            jo_str(o, "details", admin ? trace : NULL);
        jo_end_object(o);
    }
    jo_end_array(o);
    return rc;
}

static int
action_show(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    CLEANUP_FREE char *id = NULL;
    int rc;

    if (tx_query(call->tx, &r, err,
                 "select id, action, message, project_id, request_id, user_id, started_us, updated_us from server_actions where server_id = ? and"
                 " request_id = ?", "ss", rest_param(call, "id"), rest_param(call, "request_id")) < 0 || (rc = rows_next(r, err)) < 0)
        return -1;
    if (rc == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Action for request_id %.64s on instance %s not found", rest_param(call, "request_id"),
                          rest_param(call, "id"));
    id = xstrdup(row_text(r, "id"));
    jo_object(call->out, NULL);
    jo_object(call->out, "instanceAction");
    write_action(call, r);
    if (write_events(call, id, err) < 0)
        return -1;
    jo_end_object(call->out);
    jo_end_object(call->out);
    return 0;
}

static const struct rest_attr list_query[] = {
    { .name = "limit", .type = REST_INT, .max = INT32_MAX, .flags = REST_UNIQUE, .since = { 2, 58 } },
    { .name = "marker", .type = REST_STRING, .flags = REST_UNIQUE, .since = { 2, 58 } },
    { .name = "changes-since", .type = REST_TIME, .flags = REST_UNIQUE, .since = { 2, 58 } },
    { .name = "changes-before", .type = REST_TIME, .flags = REST_UNIQUE, .since = { 2, 66 } },
    { .name = NULL },
};

/* From 2.21 on a server's story can be read when the server is gone. */
static const struct rest_attr id_alone[] = { { .name = "id", .column = "t.id", .type = REST_UUID, .flags = REST_READ }, { .name = NULL } };
static const struct rest_resource servers_ever = {
    .name = "server", .plural = "servers", .noun = "Instance", .path = "/v2.1/servers", .table = "servers", .owner_column = "t.project_id",
    .visible = "t.project_id = :project", .admin_all = 2, .attrs = id_alone,
};

#define ACTIONS .method = "GET", .path = "/v2.1/servers/{id}/os-instance-actions", .rule = "os_compute_api:os-instance-actions:list", .status = 200, \
    .query = list_query, .strict_since = { 2, 58 }, .handle = actions_list
#define ACTION .method = "GET", .path = "/v2.1/servers/{id}/os-instance-actions/{request_id}", .rule = "os_compute_api:os-instance-actions:show", \
    .status = 200, .handle = action_show
const struct rest_route instance_action_routes[] = {
    { ACTIONS, .object = &servers_resource, .until = { 2, 20 } },
    { ACTIONS, .object = &servers_ever, .since = { 2, 21 } },
    { ACTION, .object = &servers_resource, .until = { 2, 20 } },
    { ACTION, .object = &servers_ever, .since = { 2, 21 } },
    { .method = NULL },
};
