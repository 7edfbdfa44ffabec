/* listing.c: pages of names: of the containers of an account, of the objects of a container.
 *
 * Every page is a walk over the index of names between two bounds.  A delimiter makes the walk skip: once a common prefix is known, the next
 * seek begins behind all that share it, so that a page costs by what it shows, not by what lies under it. */
#include "config.h"
#include "object/private.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

char *
listing_successor(const char *prefix)
{
    size_t len = strlen(prefix), at;
    char *next = xstrdup(prefix);

    /* The last character that has a greater one is replaced by that; what follows is cut. */
    while (len > 0) {
        uint32_t ch;
        size_t n;

        for (at = len - 1; at > 0 && ((unsigned char)next[at] & 0xc0) == 0x80; at--)
            ;
        n = len - at;
        ch = (unsigned char)next[at];
        ch = n == 1 ? ch : n == 2 ? ch & 0x1f : n == 3 ? ch & 0x0f : ch & 0x07;
        for (size_t i = 1; i < n; i++)
            ch = ch << 6 | ((unsigned char)next[at + i] & 0x3f);
        if (ch < 0x10ffff) {
            char buf[5] = "";

            ch = ch + 1 == 0xd800 ? 0xe000 : ch + 1;
            if (ch < 0x80) {
                buf[0] = (char)ch;
            } else if (ch < 0x800) {
                buf[0] = (char)(0xc0 | ch >> 6);
                buf[1] = (char)(0x80 | (ch & 0x3f));
            } else if (ch < 0x10000) {
                buf[0] = (char)(0xe0 | ch >> 12);
                buf[1] = (char)(0x80 | (ch >> 6 & 0x3f));
                buf[2] = (char)(0x80 | (ch & 0x3f));
            } else {
                buf[0] = (char)(0xf0 | ch >> 18);
                buf[1] = (char)(0x80 | (ch >> 12 & 0x3f));
                buf[2] = (char)(0x80 | (ch >> 6 & 0x3f));
                buf[3] = (char)(0x80 | (ch & 0x3f));
            }
            next[at] = '\0';
            {
                char *whole = xasprintf("%s%s", next, buf);

                free(next);
                return whole;
            }
        }
        len = at;
        next[len] = '\0';
    }
    free(next);
    return NULL;
}

void
listing_xml(struct str *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&': str_add(out, "&amp;"); break;
        case '<': str_add(out, "&lt;"); break;
        case '>': str_add(out, "&gt;"); break;
        case '"': str_add(out, "&quot;"); break;
        case '\'': str_add(out, "&#x27;"); break;
        default:
            if ((unsigned char)*text < 0x20 && strchr("\t\n\r", *text) == NULL)
                str_add(out, "\xef\xbf\xbd");   /* XML has no way to say it */
            else
                str_add_c(out, *text);
        }
    }
}

void
listing_time(int64_t us, char buf[CLOCK_TEXT])
{
    clock_format(us, CLOCK_MICRO, buf);
}

/* --- what is asked for */

static int
parse_format(struct object_call *c, struct listing *l, struct cairn_error *err)
{
    static const struct { const char *name, *type; int format; } formats[] = {
        { "plain", "text/plain", LIST_TEXT }, { "json", "application/json", LIST_JSON }, { "xml", "application/xml", LIST_XML }, { "xml", "text/xml", LIST_XML },
    };
    const char *asked = http_query(c->req, "format"), *accept = http_header(c->req, "Accept");
    size_t first = l->versions ? LIST_JSON : 0, end = l->versions ? LIST_JSON + 1 : ARRAY_LEN(formats);     /* lists of versions are JSON or nothing */
    CLEANUP_FREE char *copy = NULL;
    char *save = NULL;
    double best = 0;

    l->format = formats[first].format;
    if (asked != NULL) {
        for (size_t i = 0; i < ARRAY_LEN(formats); i++)
            if (strcasecmp(asked, formats[i].name) == 0) {
                if (i < first || i >= end)
                    return object_fail(err, 406, "%s", "");
                l->format = formats[i].format;
                return 0;
            }
        return 0;
    }
    if (accept == NULL || *accept == '\0')
        return 0;
    copy = xstrdup(accept);
    for (char *item = strtok_r(copy, ",", &save); item != NULL; item = strtok_r(NULL, ",", &save)) {
        char *q = strcasestr(item, "q=");
        double weight = q != NULL ? strtod(q + 2, NULL) : 1;
        size_t len;

        item += strspn(item, " \t");
        len = strcspn(item, "; \t");
        for (size_t i = first; i < end; i++) {
            int fits = (strlen(formats[i].type) == len && strncasecmp(item, formats[i].type, len) == 0) || (len == 3 && strncmp(item, "*/*", 3) == 0) ||
                       (len > 2 && item[len - 1] == '*' && strncasecmp(item, formats[i].type, len - 1) == 0);

            if (fits && weight > best) {
                best = weight;
                l->format = formats[i].format;
            }
        }
    }
    return best > 0 ? 0 : object_fail(err, 406, "%s", "");
}

int
listing_parse(struct object_call *c, int64_t max, int versions, struct listing *l, struct cairn_error *err)
{
    const char *limit = http_query(c->req, "limit");
    int64_t n;

    *l = (struct listing){ .marker = http_query(c->req, "marker"), .end_marker = http_query(c->req, "end_marker"),
                           .prefix = http_query(c->req, "prefix"), .delimiter = http_query(c->req, "delimiter"), .path = http_query(c->req, "path"),
                           .limit = max, .versions = versions, .reverse = object_query_true(c, "reverse") };
    if (limit != NULL && *limit != '\0' && str_to_int(limit, INT64_MIN, INT64_MAX, &n) == 0) {
        if (n > max)
            return object_fail(err, 412, "Maximum limit is %" PRId64, max);
        if (n >= 0)
            l->limit = n;
    }
    if (l->delimiter != NULL && *l->delimiter == '\0')
        l->delimiter = NULL;
    if (l->prefix == NULL)
        l->prefix = "";
    return parse_format(c, l, err);
}

/* --- the walk */

struct walk {
    const struct listing *l;
    const char *sql;                    /* up to the conditions on names; one parameter */
    int64_t parent;
    char *low, *high;                   /* owned; 'low' never NULL */
    int low_strict;
    int64_t left;
    struct str out;
    struct json_out json;
    const char *item;                   /* XML's element */
    void (*emit)(struct walk *w, struct rows *r, const char *name);
    const struct listing_events *events;        /* for pages: in place of 'out' */
    void *arg;
    const char *account, *container;    /* of a list of objects */
    int64_t version_marker;             /* of a list of versions: what was shown last of the marker's name */
};

static void
set(char **to, char *value)
{
    free(*to);
    *to = value;
}

/* Bounds from markers and prefix.  0: nothing lies between them. */
static void
walk_bounds(struct walk *w, const char *prefix)
{
    const struct listing *l = w->l;
    const char *above = l->reverse ? l->end_marker : l->marker, *below = l->reverse ? l->marker : l->end_marker;

    w->low = xstrdup(prefix);
    w->high = *prefix != '\0' ? listing_successor(prefix) : NULL;
    if (above != NULL && *above != '\0' && strcmp(above, w->low) >= 0) {
        set(&w->low, xstrdup(above));
        w->low_strict = l->reverse || w->version_marker == 0;
    }
    if (below != NULL && *below != '\0' && (w->high == NULL || strcmp(below, w->high) < 0))        /* "\1": nothing lies between */
        set(&w->high, l->reverse && w->version_marker > 0 ? xasprintf("%s\1", below) : xstrdup(below));
}

static int
walk_query(struct walk *w, struct tx *tx, struct rows **ret, struct cairn_error *err)
{
    const char *order = w->l->reverse ? (w->l->versions ? " desc, o.version_us" : " desc") : w->l->versions ? ", o.version_us desc" : "";
    CLEANUP_FREE char *sql = xasprintf("%s and o.name %s ?%s order by o.name%s limit ?", w->sql, w->low_strict ? ">" : ">=", w->high != NULL ? " and o.name < ?" : "", order);
    /* Rows of the marker's own name that a list of versions has shown already do not count. */
    int64_t limit = w->version_marker > 0 ? INT32_MAX : w->left;

    if (w->high != NULL)
        return tx_query(tx, ret, err, sql, "issi", w->parent, w->low, w->high, limit);
    return tx_query(tx, ret, err, sql, "isi", w->parent, w->low, limit);
}

static void
emit_subdir(struct walk *w, const char *dir)
{
    if (w->events != NULL) {
        w->events->dir(w->arg, dir);
        w->left--;
        return;
    }
    switch (w->l->format) {
    case LIST_TEXT:
        str_addf(&w->out, "%s\n", dir);
        break;
    case LIST_JSON:
        jo_object(&w->json, NULL);
        jo_str(&w->json, "subdir", dir);
        jo_end_object(&w->json);
        break;
    case LIST_XML:
        str_add(&w->out, "<subdir name=\"");
        listing_xml(&w->out, dir);
        str_add(&w->out, "\"><name>");
        listing_xml(&w->out, dir);
        str_add(&w->out, "</name></subdir>");
        break;
    }
    w->left--;
}

/* A version of the marker's own name, on the page before this one. */
static int
was_shown(const struct walk *w, struct rows *r, const char *name)
{
    int64_t version;

    if (w->version_marker == 0 || strcmp(name, w->l->marker) != 0)
        return 0;
    version = row_int(r, "version_us");
    return w->l->reverse ? version <= w->version_marker : version >= w->version_marker;
}

/* One stretch of rows.  1: go on with the new bounds; 0: the end. */
static int
walk_stretch(struct walk *w, struct tx *tx, const char *prefix, const char *delimiter, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    size_t prefix_len = strlen(prefix);
    int rc;

    if (walk_query(w, tx, &r, err) < 0)
        return -1;
    while (w->left > 0 && (rc = rows_next(r, err)) != 0) {
        const char *name, *at, *end;

        if (rc < 0)
            return -1;
        name = row_text(r, "name");
        at = delimiter != NULL ? strstr(name + prefix_len, delimiter) : NULL;
        end = at != NULL ? at + strlen(delimiter) : NULL;
        if (w->l->path != NULL && strcmp(name, prefix) == 0)
            continue;
        if (was_shown(w, r, name))
            continue;
        if (end != NULL && (w->l->path == NULL || *end != '\0')) {
            CLEANUP_FREE char *dir = xstrndup(name, (size_t)(end - name));

            if (w->l->path == NULL && !str_eq(dir, w->l->marker))
                emit_subdir(w, dir);
            if (w->l->reverse) {
                set(&w->high, steal(&dir));
                return 1;
            }
            set(&w->low, listing_successor(dir));
            w->low_strict = 0;
            return w->low != NULL;
        }
        w->emit(w, r, name);
        w->left--;
    }
    return 0;
}

static int
walk_all(struct walk *w, struct tx *tx, struct cairn_error *err)
{
    CLEANUP_FREE char *path = NULL;
    const char *prefix = w->l->prefix, *delimiter = w->l->delimiter;
    int rc = 1;

    if (w->l->path != NULL) {
        size_t len = strlen(w->l->path);

        while (len > 0 && w->l->path[len - 1] == '/')
            len--;
        path = len > 0 ? xasprintf("%.*s/", (int)len, w->l->path) : xstrdup("");
        prefix = path;
        delimiter = "/";
    }
    walk_bounds(w, prefix);
    while (rc == 1 && w->left > 0)
        rc = walk_stretch(w, tx, prefix, delimiter, err);
    return rc < 0 ? -1 : 0;
}

/* --- out */

static void
begin(struct walk *w, const char *element, const char *name)
{
    jo_init(&w->json, &w->out);
    if (w->l->format == LIST_JSON)
        jo_array(&w->json, NULL);
    if (w->l->format == LIST_XML) {
        str_addf(&w->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<%s name=\"", element);
        listing_xml(&w->out, name);
        str_add(&w->out, "\">");
    }
}

static void
finish(struct walk *w, struct object_call *c, const char *element)
{
    static const char *const content_types[] = { [LIST_TEXT] = "text/plain; charset=utf-8", [LIST_JSON] = "application/json; charset=utf-8",
                                                 [LIST_XML] = "application/xml; charset=utf-8" };
    int is_empty = w->l->format == LIST_TEXT && w->out.len == 0;

    if (w->l->format == LIST_JSON)
        jo_end_array(&w->json);
    if (w->l->format == LIST_XML)
        str_addf(&w->out, "</%s>", element);
    http_reply_header(c->req, "Content-Type", content_types[w->l->format]);
    http_reply(c->req, is_empty ? 204 : 200, content_types[w->l->format], is_empty ? NULL : &w->out);
}

static void
walk_free(struct walk *w)
{
    free(w->low);
    free(w->high);
    str_free(&w->out);
}

static void
xml_member(struct walk *w, const char *name, const char *value)
{
    str_addf(&w->out, "<%s>", name);
    listing_xml(&w->out, value);
    str_addf(&w->out, "</%s>", name);
}

static void
emit_container(struct walk *w, struct rows *r, const char *name)
{
    char when[CLOCK_TEXT];
    int64_t count = row_int(r, "object_count"), bytes = row_int(r, "bytes_used");
    const char *policy = row_text(r, "policy");

    listing_time(row_int(r, "updated_us"), when);
    switch (w->l->format) {
    case LIST_TEXT:
        str_addf(&w->out, "%s\n", name);
        break;
    case LIST_JSON:
        jo_object(&w->json, NULL);
        jo_str(&w->json, "name", name);
        jo_int(&w->json, "count", count);
        jo_int(&w->json, "bytes", bytes);
        jo_str(&w->json, "last_modified", when);
        jo_str(&w->json, "storage_policy", policy);
        jo_end_object(&w->json);
        break;
    case LIST_XML:
        str_add(&w->out, "<container>");
        xml_member(w, "name", name);
        str_addf(&w->out, "<count>%" PRId64 "</count><bytes>%" PRId64 "</bytes>", count, bytes);
        xml_member(w, "last_modified", when);
        xml_member(w, "storage_policy", policy);
        str_add(&w->out, "</container>");
        break;
    }
}

int
listing_account(struct object_call *c, struct tx *tx, int64_t account_id, const struct listing *l, struct cairn_error *err)
{
    CLEANUP(walk_free) struct walk w = {
        .l = l, .parent = account_id, .left = l->limit, .emit = emit_container,
        .sql = "select o.name as name, o.object_count as object_count, o.bytes_used as bytes_used, o.updated_us as updated_us, o.policy as policy"
               " from object_containers o where o.account_id = ?" };

    begin(&w, "account", c->account);
    if (walk_all(&w, tx, err) < 0)
        return -1;
    finish(&w, c, "account");
    return 0;
}

static void
emit_object(struct walk *w, struct rows *r, const char *name)
{
    enum object_kind kind = (enum object_kind)row_int(r, "kind");
    const char *sys_text = row_text(r, "sys");
    CLEANUP_JSON json_t *sys = json_of_column(kind != OBJECT_PLAIN ? sys_text : NULL);
    int64_t bytes = json_int(sys, "slo_size", row_int(r, "size_bytes"));
    const char *etag = row_text(r, "etag"), *type = row_text(r, "content_type");
    char when[CLOCK_TEXT], version[32];
    int is_marker = w->l->versions && row_int(r, "marker");
    struct object o = { .version_us = row_int(r, "version_us"), .versioned = (int)row_int(r, "versioned") };
    int is_version = o.versioned && !w->l->versions;

    versions_id_text(&o, version);
    listing_time(row_int(r, "updated_us"), when);
    switch (w->l->format) {
    case LIST_TEXT:
        str_addf(&w->out, "%s\n", name);
        break;
    case LIST_JSON:
        jo_object(&w->json, NULL);
        jo_str(&w->json, "name", name);
        jo_str(&w->json, "hash", etag);
        jo_int(&w->json, "bytes", bytes);
        jo_str(&w->json, "content_type", is_marker ? "application/x-deleted;swift_versions_deleted=1" : type);
        jo_str(&w->json, "last_modified", when);
        if (json_str(sys, "slo_etag") != NULL)
            jo_strf(&w->json, "slo_etag", "\"%s\"", json_str(sys, "slo_etag"));
        if (is_version) {               /* where this very version stays */
            CLEANUP_STR struct str path = STR_INIT;

            object_quote(w->account, &path);
            str_add(&path, "/");
            object_quote(w->container, &path);
            str_add(&path, "/");
            object_quote(name, &path);
            jo_strf(&w->json, "symlink_path", "/v1/%s?version-id=%s", path.text, version);
            jo_bool(&w->json, "version_symlink", 1);
        } else if (kind == OBJECT_SYMLINK) {
            jo_strf(&w->json, "symlink_path", "/v1/%s/%s", json_str(sys, "symlink_account"), json_str(sys, "symlink_target"));
            if (json_str(sys, "symlink_etag") != NULL) {
                jo_str(&w->json, "symlink_etag", json_str(sys, "symlink_etag"));
                jo_int(&w->json, "symlink_bytes", json_int(sys, "symlink_bytes", 0));
            }
        }
        if (w->l->versions) {
            jo_str(&w->json, "version_id", version);
            jo_bool(&w->json, "is_latest", row_int(r, "is_latest") != 0);
        }
        jo_end_object(&w->json);
        break;
    case LIST_XML:
        str_add(&w->out, "<object>");
        xml_member(w, "name", name);
        xml_member(w, "hash", etag);
        str_addf(&w->out, "<bytes>%" PRId64 "</bytes>", bytes);
        xml_member(w, "content_type", type);
        xml_member(w, "last_modified", when);
        str_add(&w->out, "</object>");
        break;
    }
}

#define LISTED "select o.name as name, o.size_bytes as size_bytes, o.etag as etag, o.content_type as content_type, o.updated_us as updated_us," \
               " o.kind as kind, o.sys as sys"
#define LATEST " from objects o where o.container_id = ? and o.latest = 1"

int
listing_container(struct object_call *c, struct tx *tx, const struct container *k, const struct listing *l, struct cairn_error *err)
{
    static const char latest[] = LISTED ", o.version_us as version_us, o.versioned as versioned" LATEST;
    static const char versions[] = LISTED ", o.marker as marker, o.version_us as version_us, o.versioned as versioned,"
                                   " case when o.latest = 1 then 1 when o.marker = 0 then 0 else not exists (select 1 from objects n"
                                   " where n.container_id = o.container_id and n.name = o.name and (n.latest = 1 or n.version_us > o.version_us)) end as is_latest"
                                   " from objects o where o.container_id = ?";
    CLEANUP(walk_free) struct walk w = { .l = l, .parent = k->id, .left = l->limit, .emit = emit_object, .account = k->account, .container = k->name,
                                          .sql = l->versions ? versions : latest };
    const char *marker = http_query(c->req, "version_marker");

    if (l->versions && marker != NULL && *marker != '\0') {
        double seconds = strtod(marker, NULL);

        if (l->marker == NULL || seconds <= 0)
            return object_fail(err, 400, "version_marker is a version of marker");
        w.version_marker = (int64_t)(seconds * 100000 + 0.5) * 10;
    }
    begin(&w, "container", k->name);
    if (walk_all(&w, tx, err) < 0)
        return -1;
    finish(&w, c, "container");
    return 0;
}

static void
show_object(struct walk *w, struct rows *r, const char *name)
{
    const char *sys_text = row_text(r, "sys");
    CLEANUP_JSON json_t *sys = json_of_column(row_int(r, "kind") != OBJECT_PLAIN ? sys_text : NULL);
    const struct listed o = { .name = name, .type = row_text(r, "content_type"), .bytes = json_int(sys, "slo_size", row_int(r, "size_bytes")),
                              .updated_us = row_int(r, "updated_us") };

    (void)row_text(r, "etag");
    w->events->object(w->arg, &o);
}

int
listing_level(struct tx *tx, int64_t container_id, const char *prefix, int64_t max, const struct listing_events *events, void *arg, struct cairn_error *err)
{
    const struct listing l = { .prefix = prefix, .delimiter = "/", .limit = max };
    CLEANUP(walk_free) struct walk w = { .l = &l, .parent = container_id, .left = max, .emit = show_object, .sql = LISTED LATEST, .events = events, .arg = arg };

    return walk_all(&w, tx, err);
}

int
listing_each(struct tx *tx, int64_t container_id, const char *prefix, const char *marker, int64_t max,
             int (*fn)(void *arg, struct object *o, struct cairn_error *err), void *arg, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    CLEANUP_FREE char *end = listing_successor(prefix);
    CLEANUP_FREE char *sql = xasprintf("select%sfrom objects o where o.container_id = ? and o.latest = 1 and o.name %s ? and o.name < ? order by o.name limit ?",
                                       object_columns, marker != NULL ? ">" : ">=");
    CLEANUP_OBJECT struct object o = { 0 };
    int rc;

    if (tx_query(tx, &r, err, sql, "issi", container_id, marker != NULL ? marker : prefix, end != NULL ? end : "\xf4\x8f\xbf\xbf", max) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1) {
        object_take(r, &o);
        if (fn(arg, &o, err) < 0)
            return -1;
    }
    return rc;
}
