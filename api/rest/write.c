/* write.c: create, update and delete of a table's rows, hooks included. */
#include <config.h>
#include "rest/engine.h"

#include <string.h>
#include "base/clock.h"

/* Columns of one statement; each once, the first attribute that has a value wins. */
struct columns {
    struct str names;
    struct rest_values values;
    size_t n;
    const char *format;         /* ", %s" or ", %s = ?" */
};

static int
has_column(const struct columns *c, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = c->names.text; at != NULL && (at = strstr(at, name)) != NULL; at += len)
        if ((at == c->names.text || at[-1] == ' ') && (at[len] == '\0' || at[len] == ',' || at[len] == ' '))
            return 1;
    return 0;
}

static int
add_name(struct columns *c, const char *name)
{
    if (has_column(c, name))
        return 0;
    str_addf(&c->names, c->n > 0 ? ", %s%s" : "%s%s", name, c->format);
    c->n++;
    return 1;
}

static void
add_body(struct columns *c, const struct rest_call *call, const struct rest_resource *r, const json_t *body)
{
    char plain[64];

    for (const struct rest_attr *a = r->attrs; a->name != NULL; a++) {
        const json_t *value = json_object_get(body, a->name);
        const char *column = (a->flags & REST_NO_COLUMN) ? NULL : column_plain(a, plain, sizeof plain);

        if (value == NULL || column == NULL || !version_in(call->version, a->since, a->until))
            continue;
        if (add_name(c, column))
            schema_bind(a, value, &c->values);
    }
}

static void
add_time(struct columns *c, int has, const char *name, int64_t us)
{
    if (has && add_name(c, name))
        rest_push_int(&c->values, us);
}

static void
columns_free(struct columns *c)
{
    str_free(&c->names);
    values_free(&c->values);
}

static void
put_id(const struct rest_resource *r, json_t *body)
{
    const struct rest_attr *a;
    char uuid[ID_UUID], hex[ID_HEX];

    for (a = r->attrs; a->name != NULL && strcmp(a->name, "id") != 0; a++)
        ;
    if (json_object_get(body, "id") != NULL)
        return;
    id_uuid(uuid);
    id_hex(hex);
    json_object_set_new(body, "id", json_string(a->name != NULL && a->type == REST_ID ? hex : uuid));
}

static void
put_owner(const struct rest_call *call, const struct rest_resource *r, struct columns *c, const struct facts *facts)
{
    char plain[64];

    if (r->owner_column != NULL && plain_name(r->owner_column, plain, sizeof plain) != NULL && add_name(c, plain))
        rest_push_text(&c->values, call->auth != NULL ? call->auth->project_id : "");
    if (facts->user && add_name(c, "user_id"))
        rest_push_text(&c->values, call->auth != NULL ? call->auth->user_id : "");
}

static int
insert(struct rest_call *call, const struct rest_resource *r, json_t *body, struct cairn_error *err)
{
    const struct facts *facts = rest_facts(call_of(call)->api, r);
    struct columns c = { .names = STR_INIT, .format = "" };
    CLEANUP_STR struct str sql = STR_INIT;
    int64_t now = clock_us();
    char plain[64];
    int ok;

    if (plain_name(resource_id(r), plain, sizeof plain) != NULL && attr_find(r->attrs, "id", call->version) != NULL && strcmp(plain, "id") == 0) {
        add_name(&c, "id");
        rest_push_text(&c.values, json_str(body, "id"));
    }
    add_body(&c, call, r, body);
    put_owner(call, r, &c, facts);
    add_time(&c, facts->created, "created_us", now);
    add_time(&c, facts->updated, "updated_us", now);
    str_addf(&sql, "insert into %s (%s) values (", r->table, c.names.text);
    for (size_t i = 0; i < c.n; i++)
        str_add(&sql, i > 0 ? ", ?" : "?");
    str_add(&sql, ")");
    ok = tx_exec_v(call->tx, err, sql.text, c.values.v, c.values.n);
    columns_free(&c);
    if (ok < 0 && err->code == CAIRN_EXISTS)
        return cairn_fail(err, CAIRN_EXISTS, "A %s with these unique values exists already.", r->noun != NULL ? r->noun : r->name);
    if (ok < 0 && err->code == CAIRN_CONFLICT)
        return cairn_fail(err, CAIRN_CONFLICT, "The new %s refers to something that does not exist.", r->noun != NULL ? r->noun : r->name);
    return ok;
}

/* One object out of call->body; its JSON goes to call->out. */
static int
create_one(struct call *c, const char *key, struct cairn_error *err)
{
    const struct rest_resource *r = c->variant->resource;
    struct rest_call *call = &c->pub;

    if (schema_check(call, r->attrs, call->body, CHECK_CREATE, NULL, err) < 0)
        return -1;
    c->creating = 1;
    if (rest_allow(call, r->rules.create, err) < 0 || schema_write_policies(call, r->attrs, CHECK_CREATE, err) < 0)
        return -1;
    if (rest_param(call, "id") != NULL)         /* REST_PUT_OP */
        json_object_set_new(call->body, "id", json_string(rest_param(call, "id")));
    put_id(r, call->body);
    if ((r->before_create != NULL && r->before_create(call, call->body, err) < 0) || insert(call, r, call->body, err) < 0
        || (r->after_create != NULL && r->after_create(call, call->body, err) < 0))
        return -1;
    return rest_emit_object(call, r, key, json_str(call->body, "id"), err);
}

/* {"networks": [{...}, {...}]}: all or none. */
static int
create_many(struct call *c, json_t *list, struct cairn_error *err)
{
    const struct rest_resource *r = c->variant->resource;
    CLEANUP_STR struct str all = STR_INIT;
    size_t i;
    json_t *item;

    if (json_array_size(list) == 0)
        return cairn_fail(err, CAIRN_INVALID, "Resource body required: the list of %s is empty", r->plural);
    if (json_array_size(list) > 1000)
        return cairn_fail(err, CAIRN_INVALID, "At most 1000 %s can be created by one request", r->plural);
    json_array_foreach(list, i, item) {
        if (!json_is_object(item))
            return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute %s[%zu]. It is not of type 'object'", r->plural, i);
        json_decref(c->given);
        c->given = json_deep_copy(item);
        c->pub.body = item;
        str_reset(&c->text);
        jo_init(&c->out, &c->text);
        if (create_one(c, NULL, err) < 0)
            return -1;
        str_add(&all, i > 0 ? "," : "");
        str_add_n(&all, c->text.text, c->text.len);
    }
    str_reset(&c->text);
    str_addf(&c->text, "{\"%s\":[%s]}", r->plural, all.text);
    return 0;
}

int
write_create(struct call *c, struct cairn_error *err)
{
    const struct rest_resource *r = c->variant->resource;
    json_t *many = c->pub.service->paging == REST_PAGE_NEUTRON ? json_object_get(c->document, r->plural) : NULL;

    if (json_is_array(many))
        return create_many(c, many, err);
    return create_one(c, c->pub.service->paging == REST_PAGE_GLANCE ? NULL : r->name, err);
}

/* If-Match: revision_number=5 */
static int
check_revision(struct rest_call *call, const struct rest_resource *r, struct cairn_error *err)
{
    const char *match = http_header(call->req, "If-Match");
    int64_t asked;

    if (match == NULL || !rest_facts(call_of(call)->api, r)->revision || !str_starts(match, "revision_number="))
        return 0;
    if (str_to_int(match + 16, 0, INT64_MAX, &asked) < 0)
        return cairn_fail(err, CAIRN_INVALID, "If-Match: revision_number must be a number");
    if (asked == row_int(call->object, "revision"))
        return 0;
    return cairn_fail_tag(err, CAIRN_CONFLICT, "RevisionNumberConstraintFailed", "Constrained to %lld, but current revision is %lld", (long long)asked,
                          (long long)row_int(call->object, "revision"));
}

static int
update_row(struct rest_call *call, const struct rest_resource *r, const char *id, const json_t *body, struct cairn_error *err)
{
    const struct facts *facts = rest_facts(call_of(call)->api, r);
    struct columns c = { .names = STR_INIT, .format = " = ?" };
    CLEANUP_STR struct str sql = STR_INIT;
    char plain[64];
    int ok = 0;

    add_body(&c, call, r, body);
    add_time(&c, facts->updated && json_object_size(body) > 0, "updated_us", clock_us());
    if (c.n > 0) {
        rest_push_text(&c.values, id);
        str_addf(&sql, "update %s set %s%s where %s = ?", r->table, c.names.text, facts->revision ? ", revision = revision + 1" : "",
                 plain_name(resource_id(r), plain, sizeof plain));
        ok = tx_exec_v(call->tx, err, sql.text, c.values.v, c.values.n);
    }
    columns_free(&c);
    if (ok < 0 && err->code == CAIRN_EXISTS)
        return cairn_fail(err, CAIRN_EXISTS, "A %s with these unique values exists already.", r->noun != NULL ? r->noun : r->name);
    return ok;
}

int
write_update(struct call *c, struct cairn_error *err)
{
    const struct rest_resource *r = c->variant->resource;
    struct rest_call *call = &c->pub;
    const char *id = arena_strdup(&c->arena, row_text(call->object, "id"));

    if (schema_check(call, r->attrs, call->body, CHECK_UPDATE, NULL, err) < 0 || schema_write_policies(call, r->attrs, CHECK_UPDATE, err) < 0
        || check_revision(call, r, err) < 0)
        return -1;
    if (r->before_update != NULL && r->before_update(call, call->object, call->body, err) < 0)
        return -1;
    if (update_row(call, r, id, call->body, err) < 0)
        return -1;
    if (r->after_update != NULL && r->after_update(call, call->body, err) < 0)
        return -1;
    return rest_emit_object(call, r, call->service->paging == REST_PAGE_GLANCE ? NULL : r->name, id, err);
}

int
write_delete(struct call *c, struct cairn_error *err)
{
    const struct rest_resource *r = c->variant->resource;
    struct rest_call *call = &c->pub;
    const char *id = arena_strdup(&c->arena, row_text(call->object, "id"));
    CLEANUP_FREE char *sql = NULL;
    char plain[64];

    if (check_revision(call, r, err) < 0 || (r->before_delete != NULL && r->before_delete(call, call->object, err) < 0))
        return -1;
    sql = xasprintf("delete from %s where %s = ?", r->table, plain_name(resource_id(r), plain, sizeof plain));
    if (tx_exec(call->tx, err, sql, "s", id) < 0) {
        if (err->code == CAIRN_CONFLICT)
            return cairn_fail(err, CAIRN_CONFLICT, "%s %s is in use.", r->noun != NULL ? r->noun : r->name, id);
        return -1;
    }
    if (r->tags_type != NULL && tx_exec(call->tx, err, "delete from network_tags where resource_id = ?", "s", id) < 0)
        return -1;
    return r->after_delete != NULL ? r->after_delete(call, err) : 0;
}
