/* filters.c: which images a list shows: visibility, sharing, and what the query asks for. */
#include <config.h>
#include "image/private.h"

#include <string.h>
#include "base/clock.h"

/* How a parameter of the query is compared. */
enum compare { TEXT, TEXT_IN, NUMBER, BOOLEAN, TIME, AT_LEAST, AT_MOST, TAG, ELSEWHERE };
static const struct filter { const char *name, *column; enum compare how; } filters[] = {
    { "id",               "t.id",                 TEXT_IN },
    { "name",             "t.name",               TEXT_IN },
    { "status",           "t.status",             TEXT_IN },
    { "disk_format",      "t.disk_format",        TEXT_IN },
    { "container_format", "t.container_format",   TEXT_IN },
    { "owner",            "t.owner",              TEXT },
    { "checksum",         "t.checksum",           TEXT },
    { "os_hash_algo",     "t.os_hash_algo",       TEXT },
    { "os_hash_value",    "t.os_hash_value",      TEXT },
    { "size",             "t.size_bytes",         NUMBER },
    { "virtual_size",     "t.virtual_size_bytes", NUMBER },
    { "min_disk",         "t.min_disk_gib",       NUMBER },
    { "min_ram",          "t.min_ram_mib",        NUMBER },
    { "size_min",         "t.size_bytes",         AT_LEAST },
    { "size_max",         "t.size_bytes",         AT_MOST },
    { "protected",        "t.protected",          BOOLEAN },
    { "os_hidden",        "t.hidden",             BOOLEAN },
    { "created_at",       "t.created_us",         TIME },
    { "updated_at",       "t.updated_us",         TIME },
    { "tag",              NULL,                   TAG },
    { "visibility",       NULL,                   ELSEWHERE },
    { "member_status",    NULL,                   ELSEWHERE },
    { "limit",            NULL,                   ELSEWHERE },
    { "marker",           NULL,                   ELSEWHERE },
    { "sort",             NULL,                   ELSEWHERE },
    { "sort_key",         NULL,                   ELSEWHERE },
    { "sort_dir",         NULL,                   ELSEWHERE },
};

struct narrowing {
    struct rest_call *call;
    struct str *where;
    struct rest_values *values;
    struct cairn_error *err;
    int failed, hidden_given;
};

/* in:a,"b,c",d */
static int
text_in(struct narrowing *n, const char *column, const char *list)
{
    const char *sep = "";

    str_addf(n->where, " and %s in (", column);
    while (*list != '\0') {
        int quoted = *list == '"';
        size_t len = quoted ? strcspn(list + 1, "\"") : strcspn(list, ",");
        CLEANUP_FREE char *item = xstrndup(list + quoted, len);

        if (quoted && list[len + 1] != '"')
            return cairn_fail(n->err, CAIRN_INVALID, "Invalid filter value: a quotation mark is not closed.");
        list += len + (quoted ? 2 : 0);
        if (*list != '\0' && *list != ',')
            return cairn_fail(n->err, CAIRN_INVALID, "Invalid filter value: a comma is expected behind '%.60s'.", item);
        list += *list == ',';
        str_addf(n->where, "%s?", sep);
        sep = ", ";
        rest_push_text(n->values, item);
    }
    str_add(n->where, ")");
    return 0;
}

static int
number(struct narrowing *n, const struct filter *f, const char *op, const char *value)
{
    int64_t i;

    if (str_to_int(value, 0, INT64_MAX, &i) < 0)
        return cairn_fail(n->err, CAIRN_INVALID, "Invalid value '%.60s' for filter %s: a number of 0 or more is expected.", value, f->name);
    str_addf(n->where, " and %s %s ?", f->column, op);
    rest_push_int(n->values, i);
    return 0;
}

static int
boolean(struct narrowing *n, const struct filter *f, const char *value)
{
    int is;

    if (str_to_bool(value, &is) < 0)
        return cairn_fail(n->err, CAIRN_INVALID, "Invalid value '%.60s' for filter %s: true or false is expected.", value, f->name);
    str_addf(n->where, " and %s = ?", f->column);
    rest_push_int(n->values, is);
    return 0;
}

/* "gt:2020-01-01T00:00:00Z".  Times are shown in whole seconds, so whole seconds are compared. */
static int
point_in_time(struct narrowing *n, const struct filter *f, const char *value)
{
    static const struct { const char *prefix, *op; } ops[] = {
        { "gt:", ">" }, { "gte:", ">=" }, { "lt:", "<" }, { "lte:", "<=" }, { "eq:", "=" }, { "neq:", "<>" }, { "", "=" },
    };
    int64_t us;
    size_t i;

    for (i = 0; !str_starts(value, ops[i].prefix); i++)
        ;
    if (clock_parse(value + strlen(ops[i].prefix), &us) < 0)
        return cairn_fail(n->err, CAIRN_INVALID, "Invalid time '%.60s' for filter %s: 'gt:2020-01-01T00:00:00Z' is one; gt, gte, lt, lte, eq and neq are known.",
                          value, f->name);
    str_addf(n->where, " and %s / 1000000 %s ?", f->column, ops[i].op);
    rest_push_int(n->values, us / 1000000);
    return 0;
}

static int
one(struct narrowing *n, const char *name, const char *value)
{
    const struct filter *f = NULL;

    for (size_t i = 0; i < ARRAY_LEN(filters) && f == NULL; i++)
        if (strcmp(filters[i].name, name) == 0)
            f = &filters[i];
    if (f == NULL) {
        str_add(n->where, " and exists (select 1 from image_properties p where p.image_id = t.id and p.name = ? and p.value = ?)");
        rest_push_text(n->values, name);
        rest_push_text(n->values, value);
        return 0;
    }
    n->hidden_given |= strcmp(name, "os_hidden") == 0;
    switch (f->how) {
    case TEXT_IN:
        if (str_starts(value, "in:"))
            return text_in(n, f->column, value + 3);
        str_addf(n->where, " and %s = ?", f->column);
        rest_push_text(n->values, value);
        return 0;
    case TEXT:
        str_addf(n->where, " and %s = ?", f->column);
        rest_push_text(n->values, value);
        return 0;
    case NUMBER:
        return number(n, f, "=", value);
    case AT_LEAST:
        return number(n, f, ">=", value);
    case AT_MOST:
        return number(n, f, "<=", value);
    case BOOLEAN:
        return boolean(n, f, value);
    case TIME:
        return point_in_time(n, f, value);
    case TAG:
        str_add(n->where, " and exists (select 1 from image_tags g where g.image_id = t.id and g.tag = ?)");
        rest_push_text(n->values, value);
        return 0;
    case ELSEWHERE:
        return 0;
    }
    return 0;
}

static int
each(void *arg, const char *name, const char *value)
{
    struct narrowing *n = arg;

    n->failed = one(n, name, value) < 0;
    return n->failed;
}

/* The engine has left what the caller may see at all; a list shows less: no community images of others unless asked for, and shared ones
 * once their member has accepted them, or as member_status says. */
static int
narrow_sharing(struct narrowing *n)
{
    const char *visibility = rest_query(n->call, "visibility"), *member_status = rest_query(n->call, "member_status");
    const char *project = n->call->auth->project_id[0] != '\0' ? n->call->auth->project_id : "\x01";

    if (visibility != NULL && strcmp(visibility, "all") != 0 && !image_is_choice(image_visibilities, visibility))
        return cairn_fail(n->err, CAIRN_INVALID, "Invalid visibility value: '%.60s'. Must be public, private, community, shared or all.", visibility);
    if (member_status != NULL && strcmp(member_status, "all") != 0 && !image_is_choice(image_member_statuses, member_status))
        return cairn_fail(n->err, CAIRN_INVALID, "Invalid status: '%.60s'. Must be pending, accepted, rejected or all.", member_status);
    if (visibility == NULL) {
        str_add(n->where, " and (t.visibility <> 'community' or t.owner = ?)");
        rest_push_text(n->values, project);
    } else if (strcmp(visibility, "all") != 0) {
        str_add(n->where, " and t.visibility = ?");
        rest_push_text(n->values, visibility);
    }
    if (n->call->auth->is_admin || (member_status != NULL && strcmp(member_status, "all") == 0))
        return 0;
    str_add(n->where, " and (t.visibility <> 'shared' or t.owner = ? or exists (select 1 from image_members m where m.image_id = t.id and m.member = ?"
            " and m.status = ?))");
    rest_push_text(n->values, project);
    rest_push_text(n->values, project);
    rest_push_text(n->values, member_status != NULL ? member_status : "accepted");
    return 0;
}

int
image_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    struct narrowing n = { .call = call, .where = where, .values = values, .err = err };

    http_query_each(call->req, each, &n);
    if (n.failed)
        return -1;
    if (!n.hidden_given)
        str_add(where, " and t.hidden = 0");
    return narrow_sharing(&n);
}
