/* tags.c: /things/{id}/tags of resources with a tags_type, and the filters tags, tags-any, not-tags, not-tags-any. */
#include <config.h>
#include "rest/engine.h"

#include <string.h>
#include "base/clock.h"

#define TAG_MAX       255       /* characters; the SDK's own limit is 60, the service's 255 */
#define TAGS_MAX      50        /* of one object */

static const struct { const char *name; int not_, any; } filters[] = {
    { "tags", 0, 0 }, { "tags-any", 0, 1 }, { "not-tags", 1, 0 }, { "not-tags-any", 1, 1 },
};

int
tags_is_filter(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(filters); i++)
        if (strcmp(filters[i].name, name) == 0)
            return 1;
    return 0;
}

void
tags_filter(struct rest_call *call, const struct rest_resource *r, struct str *where, struct rest_values *values)
{
    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        const char *at = rest_query(call, filters[i].name);
        int first = 1;

        if (at == NULL || at[0] == '\0')
            continue;
        str_addf(where, " and %s(", filters[i].not_ ? "not " : "");
        while (*at != '\0') {
            CLEANUP_FREE char *tag = xstrndup(at, strcspn(at, ","));

            at += strlen(tag);
            at += *at == ',';
            str_addf(where, "%sexists (select 1 from network_tags nt where nt.resource_id = %s and nt.tag = ?)", first ? "" : filters[i].any ? " or " : " and ",
                     resource_id(r));
            rest_push_text(values, tag);
            first = 0;
        }
        str_add(where, ")");
    }
}

static int
tag_check(const json_t *tag, struct cairn_error *err)
{
    size_t len = json_is_string(tag) ? str_utf8_len(json_string_value(tag)) : 0;

    if (len == 0 || len > TAG_MAX || strpbrk(json_string_value(tag), ",/") != NULL)
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute tags. A tag is a string of 1 to %d characters without ',' and '/'.", TAG_MAX);
    return 0;
}

static int
touch(struct call *c, const char *id, struct cairn_error *err)
{
    const struct rest_resource *r = c->variant->resource;
    const struct facts *facts = rest_facts(c->api, r);
    CLEANUP_FREE char *sql = NULL;

    if (facts->revision && facts->updated) {
        sql = xasprintf("update %s set revision = revision + 1, updated_us = ? where id = ?", r->table);
        if (tx_exec(c->pub.tx, err, sql, "is", clock_us(), id) < 0)
            return -1;
    }
    return c->pub.service->touched != NULL ? c->pub.service->touched(&c->pub, r, err) : 0;
}

static int
add(struct call *c, const char *id, const char *tag, struct cairn_error *err)
{
    return tx_exec(c->pub.tx, err, "insert into network_tags (resource_type, resource_id, tag) values (?, ?, ?) on conflict do nothing", "sss",
                   c->variant->resource->tags_type, id, tag);
}

static int
list(struct call *c, const char *id, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    int more;

    if (tx_query(c->pub.tx, &rows, err, "select tag from network_tags where resource_id = ? order by tag", "s", id) < 0)
        return -1;
    jo_object(&c->out, NULL);
    jo_array(&c->out, "tags");
    while ((more = rows_next(rows, err)) > 0)
        jo_str(&c->out, NULL, row_text(rows, "tag"));
    jo_end_array(&c->out);
    jo_end_object(&c->out);
    return more;
}

static int
replace(struct call *c, const char *id, struct cairn_error *err)
{
    json_t *tags = json_object_get(c->document, "tags"), *tag;
    size_t i;

    if (!json_is_array(tags) || json_object_size(c->document) != 1)
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for tags: {\"tags\": [...]} is expected");
    if (json_array_size(tags) > TAGS_MAX)
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for tags: at most %d tags are allowed", TAGS_MAX);
    if (tx_exec(c->pub.tx, err, "delete from network_tags where resource_id = ?", "s", id) < 0)
        return -1;
    json_array_foreach(tags, i, tag)
        if (tag_check(tag, err) < 0 || add(c, id, json_string_value(tag), err) < 0)
            return -1;
    return touch(c, id, err) < 0 ? -1 : list(c, id, err);
}

static int
one(struct call *c, const char *id, const char *tag, struct cairn_error *err)
{
    CLEANUP_JSON json_t *text = json_string(tag);
    int64_t there, count;

    if (tag_check(text, err) < 0
        || tx_int(c->pub.tx, &there, 0, err, "select count(*) from network_tags where resource_id = ? and tag = ?", "ss", id, tag) < 0)
        return -1;
    if (c->variant->op == OP_TAG_PUT) {
        if (tx_int(c->pub.tx, &count, 0, err, "select count(*) from network_tags where resource_id = ?", "s", id) < 0)
            return -1;
        if (!there && count >= TAGS_MAX)
            return cairn_fail(err, CAIRN_INVALID, "Invalid input for tags: at most %d tags are allowed", TAGS_MAX);
        return there ? 0 : add(c, id, tag, err) < 0 ? -1 : touch(c, id, err);
    }
    if (!there)
        return cairn_fail_tag(err, CAIRN_NOT_FOUND, "TagNotFound", "Tag %s could not be found.", tag);
    if (c->variant->op == OP_TAG)
        return 0;
    if (tx_exec(c->pub.tx, err, "delete from network_tags where resource_id = ? and tag = ?", "ss", id, tag) < 0)
        return -1;
    return touch(c, id, err);
}

int
tags_run(struct call *c, struct cairn_error *err)
{
    const char *id = arena_strdup(&c->arena, row_text(c->pub.object, "id"));

    switch ((int)c->variant->op) {
    case OP_TAGS:
        return list(c, id, err);
    case OP_TAGS_PUT:
        return replace(c, id, err);
    case OP_TAGS_CLEAR:
        if (tx_exec(c->pub.tx, err, "delete from network_tags where resource_id = ?", "s", id) < 0)
            return -1;
        return touch(c, id, err);
    default:
        return one(c, id, rest_param(&c->pub, "tag"), err);
    }
}
