/* list.c: GET of a collection: the page, its links, and the stream of what does not fit one batch.
 *
 * A short list is one reply with its length.  A longer one is pulled batch by batch while the client reads, so that memory does not grow with
 * the list. */
#include <config.h>
#define LOG_MODULE "rest"
#include "rest/list.h"

#include <string.h>
#include "base/clock.h"
#include "base/log.h"

void
rest_add_encoded(struct str *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char ch = (unsigned char)*text;

        if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || strchr("-._~", ch) != NULL)
            str_add_c(out, (char)ch);
        else
            str_addf(out, "%%%02X", ch);
    }
}

/* The URL that the client asked, with another marker; marker NULL: none. */
static char *
page_url(const struct call *c, const char *marker, int reverse, int absolute)
{
    struct str url = STR_INIT;
    char sep = '?';

    if (absolute)
        str_add(&url, http_base_url(c->pub.req));
    if (absolute)
        str_add(&url, http_full_path(c->pub.req));
    else
        str_add(&url, http_path(c->pub.req));
    for (size_t i = 0; i < c->query_count; i++) {
        if (strcmp(c->query_names[i], "marker") == 0 || (c->pub.service->paging == REST_PAGE_NEUTRON && strcmp(c->query_names[i], "page_reverse") == 0))
            continue;
        str_add_c(&url, sep);
        sep = '&';
        rest_add_encoded(&url, c->query_names[i]);
        str_add_c(&url, '=');
        rest_add_encoded(&url, c->query_values[i]);
    }
    if (marker != NULL) {
        str_addf(&url, "%cmarker=", sep);
        sep = '&';
        rest_add_encoded(&url, marker);
    }
    if (reverse)
        str_addf(&url, "%cpage_reverse=True", sep);
    return str_take(&url);
}

char *
rest_self_url(const struct rest_call *call)
{
    return page_url(call_of(call), NULL, 0, 1);
}

static void
link_out(const struct call *c, struct json_out *out, const char *rel, const char *marker, int reverse)
{
    CLEANUP_FREE char *url = page_url(c, marker, reverse, 1);

    jo_object(out, NULL);
    jo_str(out, "rel", rel);
    jo_str(out, "href", url);
    jo_end_object(out);
}

static void
links_out(const struct call *c, const struct lister *l, struct json_out *out)
{
    CLEANUP_FREE char *name = xasprintf("%s_links", l->key);

    jo_array(out, name);
    if (c->pub.service->paging == REST_PAGE_NEUTRON) {
        int full = l->emitted >= l->query.page.limit, reverse = l->query.page.reverse;

        if (l->first_id != NULL && (full || reverse))
            link_out(c, out, "next", l->last_id, 0);
        if (l->first_id != NULL && (full || !reverse))
            link_out(c, out, "previous", l->first_id, 1);
    } else {
        link_out(c, out, "next", l->last_id, 0);
    }
    jo_end_array(out);
}

/* What stands behind the list, in each dialect. */
static void
tail(const struct call *c, const struct lister *l, struct json_out *out)
{
    CLEANUP_FREE char *url = NULL;

    switch (c->pub.service->paging) {
    case REST_PAGE_NOVA:
        if (l->more && l->last_id != NULL)
            links_out(c, l, out);
        break;
    case REST_PAGE_NEUTRON:
        if (l->query.page.limit >= 0)
            links_out(c, l, out);
        break;
    case REST_PAGE_GLANCE:
        url = page_url(c, NULL, 0, 0);
        jo_str(out, "first", url);
        if (l->more && l->last_id != NULL) {
            CLEANUP_FREE char *next = page_url(c, l->last_id, 0, 0);

            jo_str(out, "next", next);
        }
        jo_strf(out, "schema", "/v2/schemas%s", l->shape.resource->path + strlen("/v2"));
        break;
    case REST_PAGE_KEYSTONE:
        jo_object(out, "links");
        if (l->more && l->last_id != NULL) {
            CLEANUP_FREE char *next = page_url(c, l->last_id, 0, 1);

            jo_str(out, "next", next);
        } else {
            jo_null(out, "next");
        }
        url = page_url(c, rest_query(&c->pub, "marker"), 0, 1);
        jo_str(out, "self", url);
        jo_null(out, "previous");
        jo_end_object(out);
        break;
    }
}

static void
close_list(const struct call *c, const struct lister *l, struct str *out)
{
    struct json_out o;

    str_add_c(out, ']');
    jo_init(&o, out);
    o.need_comma = 1;
    tail(c, l, &o);
    str_add_c(out, '}');
}

/* Streams hold a reader of the catalog while their client reads, and so show one moment.  Only so many may: the others take a reader for each
 * batch and go on behind the last row, so that slow clients can neither keep everybody from reading nor fill the memory. */
#define STREAMS_MAX 8
static int streams;             /* atomic */

/* And only so long, for the catalog's log grows while somebody reads it as it was: then it goes on as those others do.  A page backwards cannot, and ends. */
#define HOLD_MS 15000

static int
stream_begin(void)
{
    if (__atomic_add_fetch(&streams, 1, __ATOMIC_RELAXED) <= STREAMS_MAX)
        return 1;
    __atomic_sub_fetch(&streams, 1, __ATOMIC_RELAXED);
    return 0;
}

/* The cursor: from the start, or behind the last row that went out. */
static int
open_rows(struct lister *l, const struct rest_resource *resource, struct cairn_error *err)
{
    CLEANUP_STR struct str sql = STR_INIT;
    CLEANUP_FREE char *after = xstrdup(l->last_id);

    list_query_free(&l->query);
    l->shape.touched = 0;
    if (select_list(l->call, resource, after, &l->query, err) < 0)
        return -1;
    l->query.page.marker = NULL;        /* 'after' goes away */
    str_addf(&sql, "%s where 1 = 1%s order by %s", l->shape.select.text, l->query.where.text, l->query.page.order.text);
    if (l->query.page.limit >= 0)
        str_addf(&sql, " limit %lld", (long long)(l->query.page.limit - l->emitted + 1));
    return tx_query_v(l->call->tx, &l->rows, err, sql.text, l->query.values.v, l->query.values.n);
}

static int
batch_loose(struct lister *l, struct str *out, struct cairn_error *err)
{
    int ok;

    if (tx_begin(l->call->env->catalog, TX_READ, &l->call->tx, err) < 0)
        return -1;
    ok = open_rows(l, l->shape.resource, err) < 0 ? -1 : lister_batch(l, out, err);
    rows_close(steal(&l->rows));
    tx_rollback(steal(&l->call->tx));
    return ok;
}

int
rest_list(struct rest_call *call, const struct rest_resource *resource, int detail, struct cairn_error *err)
{
    struct call *c = call_of(call);
    struct lister *l = xcalloc(1, sizeof *l);
    struct json_out open;

    l->call = call;
    l->key = resource->plural;
    call->list_detail = detail;
    shape_make(call, resource, detail, &l->shape);
    if (open_rows(l, resource, err) < 0)
        goto fail;
    jo_init(&open, &c->text);
    jo_object(&open, NULL);
    jo_array(&open, l->key);
    if (lister_batch(l, &c->text, err) < 0)
        goto fail;
    if (l->finished) {
        close_list(c, l, &c->text);
        lister_free(l);
        return 0;
    }
    if (!stream_begin()) {
        if (l->query.page.reverse) {
            cairn_fail(err, CAIRN_UNAVAILABLE, "too many long lists are being read; a page backwards of more than %d rows must wait", REST_BATCH);
            goto fail;
        }
        l->loose = 1;
    }
    l->held_since_ms = clock_mono_ms();
    c->lister = l;
    return 0;
fail:
    str_reset(&c->text);
    lister_free(l);
    return -1;
}

struct lister *
list_pending(struct call *c)
{
    return c->lister;
}

static void
stream_loosen(struct call *c)
{
    rows_close(steal(&c->lister->rows));
    tx_rollback(steal(&c->pub.tx));
    c->lister->loose = 1;
}

static int
stream_fill(void *arg, struct str *out)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct call *c = arg;
    size_t before = out->len;

    if (c->text.len > 0) {              /* the first batch */
        str_add_n(out, c->text.text, c->text.len);
        str_reset(&c->text);
        return 1;
    }
    if (!c->lister->loose && clock_mono_ms() - c->lister->held_since_ms > HOLD_MS) {
        if (c->lister->query.page.reverse)
            return -1;
        stream_loosen(c);
        __atomic_sub_fetch(&streams, 1, __ATOMIC_RELAXED);
    }
    if ((c->lister->loose ? batch_loose(c->lister, out, &err) : lister_batch(c->lister, out, &err)) < 0) {
        log_error("%s: list of %s breaks off: %s", http_request_id(c->pub.req), c->lister->key, err.message);
        return -1;
    }
    if (!c->lister->finished && out->len > before)
        return 1;
    close_list(c, c->lister, out);
    return 0;
}

static void
stream_free(void *arg)
{
    struct call *c = arg;
    int held = !c->lister->loose;

    lister_free(c->lister);
    call_free(c);
    if (held)
        __atomic_sub_fetch(&streams, 1, __ATOMIC_RELAXED);
}

void
list_stream(struct call *c)
{
    if (c->lister->loose)
        stream_loosen(c);
    http_reply_pull(c->pub.req, 200, "application/json", stream_fill, stream_free, c);
}

int
rest_emit_object(struct rest_call *call, const struct rest_resource *resource, const char *key, const char *id, struct cairn_error *err)
{
    CLEANUP_STR struct str sql = STR_INIT;
    CLEANUP_STR struct str text = STR_INIT;
    struct sql_value value = { .type = 's', .p = id };
    struct lister *l = xcalloc(1, sizeof *l);
    int ok = -1;

    l->call = call;
    l->query.page.limit = 1;
    call->list_detail = 1;
    shape_make(call, resource, 1, &l->shape);
    str_addf(&sql, "%s where %s = ?", l->shape.select.text, resource_id(resource));
    if (tx_query_v(call->tx, &l->rows, err, sql.text, &value, 1) < 0 || lister_batch(l, &text, err) < 0)
        goto out;
    if (text.len == 0) {
        object_not_found(call, resource, id, err);
        goto out;
    }
    if (key == NULL && !call->out->need_comma && call->out->s->len == 0)
        str_add_n(call->out->s, text.text, text.len);   /* the bare object is the whole reply */
    else if (call->out->s->len == 0) {
        jo_object(call->out, NULL);
        jo_raw(call->out, key, text.text);
        jo_end_object(call->out);
    } else {
        jo_raw(call->out, key, text.text);
    }
    ok = 0;
out:
    lister_free(l);
    return ok;
}
