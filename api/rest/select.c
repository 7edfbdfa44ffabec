/* select.c: from a resource's table, the caller and the version to SQL, and from a row to JSON. */
#include <config.h>
#include "rest/engine.h"

#include <ctype.h>
#include <string.h>
#include "base/clock.h"

const char *
resource_from(const struct rest_resource *r, char *buf, size_t size)
{
    if (r->from != NULL)
        return r->from;
    snprintf(buf, size, "%s t", r->table);
    return buf;
}

const char *
resource_id(const struct rest_resource *r)
{
    return r->id_column != NULL ? r->id_column : "t.id";
}

static int
is_word(const char *text)
{
    if (!isalpha((unsigned char)text[0]) && text[0] != '_')
        return 0;
    for (; *text != '\0'; text++)
        if (!isalnum((unsigned char)*text) && *text != '_')
            return 0;
    return 1;
}

const char *
plain_name(const char *column, char *buf, size_t size)
{
    if (column[0] == 't' && column[1] == '.')
        column += 2;
    if (!is_word(column))
        return NULL;
    snprintf(buf, size, "%s", column);
    return buf;
}

const char *
column_plain(const struct rest_attr *attr, char *buf, size_t size)
{
    return plain_name(attr->column != NULL ? attr->column : attr->name, buf, size);
}

static void
add_qualified(const struct rest_resource *r, const char *column, struct str *out)
{
    if (r->table != NULL && is_word(column))
        str_add(out, "t.");
    str_add(out, column);
}

/* --- what is shown */

static int
wanted(const struct call *c, const char *name)
{
    int any = 0;

    if (c->pub.service->paging != REST_PAGE_NEUTRON)
        return 1;
    for (size_t i = 0; i < c->query_count; i++)
        if (strcmp(c->query_names[i], "fields") == 0 && c->query_values[i][0] != '\0') {
            any = 1;
            if (strcmp(c->query_values[i], name) == 0)
                return 1;
        }
    return !any;
}

static void
add_column(const struct rest_resource *r, const struct rest_attr *attr, struct str *out)
{
    char plain[64];

    str_add(out, ", ");
    add_qualified(r, attr->column != NULL ? attr->column : attr->name, out);
    if (column_plain(attr, plain, sizeof plain) == NULL)
        str_addf(out, " as \"%s\"", attr->name);
}

void
shape_make(struct rest_call *call, const struct rest_resource *resource, int detail, struct shape *ret)
{
    struct call *c = call_of(call);
    size_t n = 0;
    int at = 2, emits = 0;
    char from[128];

    memset(ret, 0, sizeof *ret);
    ret->resource = resource;
    for (const struct rest_attr *a = resource->attrs; a->name != NULL; a++)
        n++;
    ret->shown = xcalloc(n > 0 ? n : 1, sizeof *ret->shown);
    str_addf(&ret->select, "select %s, %s", resource_id(resource), resource->owner_column != NULL ? resource->owner_column : "''");
    for (const struct rest_attr *a = resource->attrs; a->name != NULL; a++) {
        struct shown *s = &ret->shown[ret->shown_count];

        if ((a->flags & REST_READ) == 0 || ((a->flags & REST_DETAIL) && !detail) || !version_in(call->version, a->since, a->until) || !wanted(c, a->name))
            continue;
        *s = (struct shown){ .attr = a, .at = -1, .verdict = a->read_policy == NULL };
        if ((a->flags & REST_NO_COLUMN) == 0) {
            add_column(resource, a, &ret->select);
            s->at = at++;
        }
        emits |= a->emit != NULL;
        ret->shown_count++;
    }
    if (resource->columns != NULL)
        str_addf(&ret->select, ", %s", resource->columns);
    else if (emits && resource->table != NULL)
        str_add(&ret->select, ", t.*");
    str_addf(&ret->select, " from %s", resource_from(resource, from, sizeof from));
    for (const struct rest_child *k = resource->children; k != NULL && k->name != NULL; k++) {
        if (((k->flags & REST_DETAIL) && !detail) || !version_in(call->version, k->since, k->until) || !wanted(c, k->name))
            continue;
        if (k->read_policy != NULL && !target_allowed(call, k->read_policy, NULL, NULL, NULL))
            continue;
        if (ret->children_count < REST_CHILDREN_MAX)
            ret->children[ret->children_count++] = k;
    }
}

void
shape_free(struct shape *s)
{
    free(s->shown);
    str_free(&s->select);
    memset(s, 0, sizeof *s);
}

/* A rule that never looked at the object answers for all of them; others are asked for each row. */
static int
may_see(struct rest_call *call, struct shape *s, struct shown *w, struct rows *row)
{
    int fixed, allowed;

    if (w->verdict == 1 || w->verdict == 2)
        return w->verdict == 1;
    allowed = target_allowed(call, w->attr->read_policy, s->resource, row, &fixed);
    w->verdict = !fixed ? 3 : allowed ? 1 : 2;
    return allowed;
}

static void
emit_document(const struct rest_attr *a, const char *text, struct json_out *out)
{
    if (text != NULL && text[0] != '\0')
        jo_raw(out, a->name, text);
    else if ((a->flags & REST_NULL) || a->type == REST_JSON)
        jo_null(out, a->name);
    else
        jo_raw(out, a->name, a->type == REST_LIST ? "[]" : "{}");
}

static void
emit_value(struct rest_call *call, const struct shown *w, struct rows *row, struct json_out *out)
{
    const struct rest_attr *a = w->attr;
    char buf[CLOCK_TEXT];

    if ((a->flags & REST_HIDDEN_NULL) && row_null_at(row, w->at))
        return;
    switch (a->type) {
    case REST_INT:
        if (row_null_at(row, w->at))
            jo_null(out, a->name);
        else
            jo_int(out, a->name, row_int_at(row, w->at));
        return;
    case REST_BOOL:
        if (row_null_at(row, w->at))
            jo_null(out, a->name);
        else
            jo_bool(out, a->name, row_int_at(row, w->at) != 0);
        return;
    case REST_REAL:
        if (row_null_at(row, w->at))
            jo_null(out, a->name);
        else
            jo_real(out, a->name, row_real_at(row, w->at));
        return;
    case REST_TIME:
        if (row_null_at(row, w->at))
            jo_null(out, a->name);
        else
            jo_str(out, a->name, clock_format(row_int_at(row, w->at), (enum clock_style)call->service->time_style, buf));
        return;
    case REST_OBJECT: case REST_LIST: case REST_MAP: case REST_JSON:
        emit_document(a, row_text_at(row, w->at), out);
        return;
    case REST_STRING: case REST_TEXT: case REST_UUID: case REST_ID: case REST_IP: case REST_IPV4: case REST_IPV6: case REST_CIDR: case REST_MAC:
    case REST_ENUM:
        jo_str(out, a->name, row_text_at(row, w->at));
        return;
    }
}

int
shape_emit(struct rest_call *call, struct shape *s, struct rows *row, struct json_out *out, struct cairn_error *err)
{
    for (int i = 0; !s->touched && i < rows_columns(row); i++)
        (void)row_null_at(row, i);      /* not every column has a reader in each version */
    s->touched = 1;
    for (size_t i = 0; i < s->shown_count; i++) {
        struct shown *w = &s->shown[i];

        if (w->verdict != 1 && !may_see(call, s, w, row))
            continue;
        if (w->attr->emit == NULL)
            emit_value(call, w, row, out);
        else if (w->attr->emit(call, out, row, err) < 0)
            return -1;
    }
    return 0;
}

/* --- who sees what */

/* Puts '?' for :project, :user and :domain. */
static void
bind_named(const struct rest_call *call, const char *sql, struct str *where, struct rest_values *values)
{
    const struct auth *a = call->auth;
    const struct { const char *name, *value; } named[] = {
        { ":project", a != NULL ? a->project_id : NULL }, { ":user", a != NULL ? a->user_id : NULL }, { ":domain", a != NULL ? a->domain_id : NULL },
    };
    size_t i;

    while (*sql != '\0') {
        for (i = 0; i < ARRAY_LEN(named); i++)
            if (str_starts(sql, named[i].name))
                break;
        if (i == ARRAY_LEN(named)) {
            str_add_c(where, *sql++);
            continue;
        }
        str_add_c(where, '?');
        /* A token without that scope owns nothing, not even what has no owner. */
        rest_push_text(values, named[i].value != NULL && named[i].value[0] != '\0' ? named[i].value : "\x01");
        sql += strlen(named[i].name);
    }
}

static int
asks_for_all(const struct rest_call *call)
{
    static const char *const names[] = { "all_tenants", "all_projects" };
    int flag;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *value = rest_query(call, names[i]);

        if (value != NULL)
            return value[0] == '\0' || (str_to_bool(value, &flag) == 0 && flag);
    }
    return 0;
}

void
select_visible(struct rest_call *call, const struct rest_resource *r, int listing, struct str *where, struct rest_values *values)
{
    int everything = r->admin_all == 1 || (r->admin_all == 2 && (!listing || asks_for_all(call))) || (r->admin_all == 0 && r->visible == NULL && !listing);

    if (!listing && r->exists != NULL)
        str_addf(where, " and (%s)", r->exists);
    if (everything && r->rules.all != NULL ? target_allowed(call, r->rules.all, NULL, NULL, NULL) : everything && call->auth != NULL && call->auth->is_admin)
        return;
    if (r->visible != NULL) {
        str_add(where, " and (");
        bind_named(call, r->visible, where, values);
        str_add(where, ")");
    } else if (r->owner_column != NULL) {
        str_addf(where, " and %s = ", r->owner_column);
        bind_named(call, ":project", where, values);
    }
}

/* --- order, marker, limit */

#define KEYS_MAX 8

struct sort_key { char *sql; int desc, nullable, numeric; };
struct sort { struct sort_key keys[KEYS_MAX]; size_t n; };

static void
sort_free(struct sort *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->keys[i].sql);
}

static int
sort_has(const struct sort *s, const char *sql)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->keys[i].sql, sql) == 0)
            return 1;
    return 0;
}

/* The type of a column that some attribute shows; text if none does. */
static int
is_numeric(const struct rest_resource *r, const char *column)
{
    const struct rest_attr *const tables[] = { r->attrs, r->query };
    char want[64], plain[64];

    if (plain_name(column, want, sizeof want) == NULL)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        for (const struct rest_attr *a = tables[i]; a != NULL && a->name != NULL; a++)
            if ((a->flags & REST_NO_COLUMN) == 0 && column_plain(a, plain, sizeof plain) != NULL && strcmp(plain, want) == 0)
                return a->type == REST_INT || a->type == REST_TIME || a->type == REST_BOOL;
    return str_ends(want, "_us");
}

static void
sort_add(struct sort *s, const struct rest_resource *r, const char *column, size_t len, int desc, int nullable)
{
    CLEANUP_FREE char *name = xstrndup(column, len);
    CLEANUP_STR struct str sql = STR_INIT;

    add_qualified(r, name, &sql);
    if (s->n == KEYS_MAX || sort_has(s, sql.text))
        return;
    s->keys[s->n++] = (struct sort_key){ .sql = str_take(&sql), .desc = desc, .nullable = nullable, .numeric = is_numeric(r, name) };
}

/* "created_us desc, id desc"; last_only: just its last column, which makes every order total. */
static void
sort_default(struct sort *s, const struct rest_resource *r, int last_only)
{
    const char *text = r->default_sort != NULL ? r->default_sort : resource_id(r);

    for (const char *at = text; *at != '\0';) {
        size_t len = strcspn(at, ","), name;
        int desc;

        while (*at == ' ') {
            at++;
            len--;
        }
        name = strcspn(at, " ,");
        desc = len > name && strncmp(at + name, " desc", 5) == 0;
        if (!last_only || at[len] == '\0')
            sort_add(s, r, at, name, last_only && s->n > 0 ? s->keys[s->n - 1].desc : desc, 0);
        at += len;
        if (*at == ',')
            at++;
    }
}

/* Without sort_dir: network ascends, image descends, and compute goes the way that the list goes by itself. */
static const char *
default_dir(const struct rest_service *service, const struct rest_resource *r)
{
    const char *text = r->default_sort != NULL ? r->default_sort : "";
    size_t first = strcspn(text, ",");

    if (service->paging != REST_PAGE_NOVA)
        return service->paging == REST_PAGE_NEUTRON ? "asc" : "desc";
    return first >= 5 && strncmp(text + first - 5, " desc", 5) == 0 ? "desc" : "asc";
}

static int
sort_by_name(struct rest_call *call, const struct rest_resource *r, struct sort *s, const char *name, const char *dir, struct cairn_error *err)
{
    const struct rest_attr *a = attr_query(r, name, call->version, REST_SORT);

    if (a == NULL)
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for sort_key: '%.60s' is not an attribute that %s can be sorted by.", name, r->plural);
    if (dir != NULL && dir[0] != '\0' && strcmp(dir, "asc") != 0 && strcmp(dir, "desc") != 0)
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for sort_dir: '%.60s' is not one of ['asc', 'desc'].", dir);
    if (a->read_policy != NULL && !target_allowed(call, a->read_policy, NULL, NULL, NULL))
        return cairn_fail(err, CAIRN_DENIED, "Only administrators can sort %s by %.60s", r->plural, name);
    if (a->flags & REST_NO_COLUMN)
        return 0;
    sort_add(s, r, a->column != NULL ? a->column : a->name, strlen(a->column != NULL ? a->column : a->name), dir != NULL && strcmp(dir, "desc") == 0,
             (a->flags & (REST_NULL | REST_HIDDEN_NULL)) != 0);
    return 0;
}

/* sort_key/sort_dir pairs, or "sort=name:asc,size:desc". */
static int
sort_make(struct rest_call *call, const struct rest_resource *r, struct sort *s, struct cairn_error *err)
{
    struct call *c = call_of(call);
    const char *dirs[KEYS_MAX];
    size_t dirs_count = 0, keys = 0;

    for (size_t i = 0; i < c->query_count; i++)
        if (strcmp(c->query_names[i], "sort_dir") == 0 && dirs_count < KEYS_MAX)
            dirs[dirs_count++] = c->query_values[i];
    for (size_t i = 0; i < c->query_count; i++) {
        if (strcmp(c->query_names[i], "sort_key") == 0) {
            /* Fewer directions than keys: image repeats the last, the others ascend... each as its clients expect. */
            const char *dir = keys < dirs_count ? dirs[keys] : dirs_count > 0 ? dirs[dirs_count - 1] : default_dir(call->service, r);

            keys++;
            if (sort_by_name(call, r, s, c->query_values[i], dir, err) < 0)
                return -1;
        } else if (strcmp(c->query_names[i], "sort") == 0 && call->service->paging == REST_PAGE_GLANCE) {
            for (const char *at = c->query_values[i]; *at != '\0';) {
                CLEANUP_FREE char *part = xstrndup(at, strcspn(at, ","));
                char *colon = strchr(part, ':');

                at += strcspn(at, ",");
                at += *at == ',';
                if (colon != NULL)
                    *colon++ = '\0';
                keys++;
                if (sort_by_name(call, r, s, part, colon != NULL ? colon : "desc", err) < 0)
                    return -1;
            }
        }
    }
    if (keys == 0)
        sort_default(s, r, 0);
    else
        sort_default(s, r, 1);
    return 0;
}

static void
push_key(const struct sort_key *k, const char *value, struct rest_values *values)
{
    int64_t n;

    if (k->numeric && str_to_int(value, INT64_MIN, INT64_MAX, &n) == 0)
        rest_push_int(values, n);
    else
        rest_push_text(values, value);
}

/* The marker's own values of the sort keys, then "after it" in the order asked for: no offset, ties included. */
static int
after_marker(struct rest_call *call, const struct rest_resource *r, const struct sort *s, struct list_query *q, struct cairn_error *err)
{
    CLEANUP_STR struct str sql = STR_INIT;
    CLEANUP_ROWS struct rows *rows = NULL;
    struct rest_values own = { NULL, 0, 0 };
    const char *at[KEYS_MAX];
    char from[128];
    int found;

    str_add(&sql, "select ");
    for (size_t i = 0; i < s->n; i++)
        str_addf(&sql, "%s%s", i > 0 ? ", " : "", s->keys[i].sql);
    str_addf(&sql, " from %s where %s = ?", resource_from(r, from, sizeof from), resource_id(r));
    rest_push_text(&own, q->page.marker);
    select_visible(call, r, 1, &sql, &own);
    found = tx_query_v(call->tx, &rows, err, sql.text, own.v, own.n);
    values_free(&own);
    if (found < 0 || (found = rows_next(rows, err)) < 0)
        return -1;
    if (found == 0)
        return call->service->paging == REST_PAGE_NEUTRON ? object_not_found(call, r, q->page.marker, err)
            : cairn_fail(err, CAIRN_INVALID, "marker [%.80s] not found", q->page.marker);
    for (size_t i = 0; i < s->n; i++)
        at[i] = row_null_at(rows, (int)i) ? NULL : arena_strdup(&call_of(call)->arena, row_text_at(rows, (int)i));
    str_add(&q->where, " and (");
    for (size_t i = 0; i < s->n; i++) {
        const struct sort_key *k = &s->keys[i];
        int down = k->desc != q->page.reverse;

        str_addf(&q->where, "%s(", i > 0 ? " or " : "");
        for (size_t j = 0; j < i; j++) {
            str_addf(&q->where, at[j] != NULL ? "%s = ? and " : "%s is null and ", s->keys[j].sql);
            if (at[j] != NULL)
                push_key(&s->keys[j], at[j], &q->values);
        }
        if (at[i] == NULL) {            /* nulls come first upwards and last downwards */
            str_addf(&q->where, down ? "1 = 0" : "%s is not null", k->sql);
        } else {
            str_addf(&q->where, "%s %s ?", k->sql, down ? "<" : ">");
            push_key(k, at[i], &q->values);
            if (down && k->nullable)
                str_addf(&q->where, " or %s is null", k->sql);
        }
        str_add(&q->where, ")");
    }
    str_add(&q->where, ")");
    return 0;
}

static int
page_make(struct rest_call *call, struct page *page, struct cairn_error *err)
{
    const struct rest_service *service = call->service;
    const char *limit = rest_query(call, "limit"), *reverse = rest_query(call, "page_reverse");
    int64_t max = service->page_max > 0 ? service->page_max : -1, n;

    page->marker = rest_query(call, "marker");
    if (page->marker != NULL && page->marker[0] == '\0')
        page->marker = NULL;
    page->limit = service->page_default > 0 ? service->page_default : max;
    if (limit != NULL && !(limit[0] == '\0' && service->paging == REST_PAGE_NEUTRON)) {
        if (str_to_int(limit, 0, INT32_MAX, &n) < 0)
            return cairn_fail(err, CAIRN_INVALID, "Invalid input for query parameter limit. Value: %.80s. limit must be an integer of 0 or more.", limit);
        if (n > 0 || service->paging == REST_PAGE_GLANCE || service->paging == REST_PAGE_NOVA)
            page->limit = max >= 0 && n > max ? max : n;
    }
    if (service->paging == REST_PAGE_NEUTRON && reverse != NULL && str_to_bool(reverse, &page->reverse) < 0)
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for query parameter page_reverse. Value: %.80s. A boolean is expected.", reverse);
    if (page->limit < 0)
        page->reverse = 0;
    return 0;
}

/* Page back: the rows before the marker, still in the order asked for. */
static void
turn_page_back(struct rest_call *call, const struct rest_resource *r, const struct sort *s, struct list_query *q)
{
    CLEANUP_STR struct str where = STR_INIT;
    char from[128];

    (void)call;
    str_addf(&where, " and %s in (select %s from %s where 1 = 1%s order by ", resource_id(r), resource_id(r), resource_from(r, from, sizeof from),
             q->where.text != NULL ? q->where.text : "");
    for (size_t i = 0; i < s->n; i++)
        str_addf(&where, "%s%s%s", i > 0 ? ", " : "", s->keys[i].sql, s->keys[i].desc ? "" : " desc");
    str_addf(&where, " limit %lld)", (long long)q->page.limit);
    str_reset(&q->where);
    str_add(&q->where, where.text);
}

int
select_list(struct rest_call *call, const struct rest_resource *r, const char *after, struct list_query *ret, struct cairn_error *err)
{
    struct sort sort = { .n = 0 };
    int ok = -1;

    memset(ret, 0, sizeof *ret);
    str_add(&ret->where, "");
    select_visible(call, r, 1, &ret->where, &ret->values);
    if (filter_apply(call, r, &ret->where, &ret->values, err) < 0 || (r->narrow != NULL && r->narrow(call, &ret->where, &ret->values, err) < 0)
        || page_make(call, &ret->page, err) < 0 || sort_make(call, r, &sort, err) < 0)
        goto out;
    if (after != NULL)
        ret->page.marker = after;
    if (ret->page.marker != NULL && after_marker(call, r, &sort, ret, err) < 0)
        goto out;
    if (ret->page.reverse)
        turn_page_back(call, r, &sort, ret);
    for (size_t i = 0; i < sort.n; i++)
        str_addf(&ret->page.order, "%s%s%s", i > 0 ? ", " : "", sort.keys[i].sql, sort.keys[i].desc ? " desc" : "");
    ok = 0;
out:
    sort_free(&sort);
    return ok;
}

void
list_query_free(struct list_query *q)
{
    str_free(&q->where);
    str_free(&q->page.order);
    values_free(&q->values);
}
