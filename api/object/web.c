/* web.c: StaticWeb: a container as a site: its index, its own pages for errors, lists of what lies in it; for readers without a token, or with
 * X-Web-Mode: true.  What the pages say comes from strangers: it is escaped wherever it stands. */
#include "config.h"
#include "object/private.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

struct site {
    struct container container;
    char *index, *error, *listings, *label, *css, *directory;   /* "": not said */
};

static void
site_clear(struct site *s)
{
    container_clear(&s->container);
    free(s->index);
    free(s->error);
    free(s->listings);
    free(s->label);
    free(s->css);
    free(s->directory);
}
#define CLEANUP_SITE CLEANUP(site_clear)

/* 1 found, 0 not, -1 error. */
static int
site_find(struct object_call *c, struct tx *tx, struct site *ret, struct cairn_error *err)
{
    const struct { const char *key; char **to; } words[] = {
        { "web-index", &ret->index }, { "web-error", &ret->error }, { "web-listings", &ret->listings }, { "web-listings-label", &ret->label },
        { "web-listings-css", &ret->css }, { "web-directory-type", &ret->directory },
    };
    int found = container_find(tx, c->account, c->container, &ret->container, err);

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        char key[64];
        const char *value;
        size_t len;

        snprintf(key, sizeof key, "x-container-meta-%s", words[i].key);
        value = found > 0 ? json_str(ret->container.meta, key) : NULL;
        value = value != NULL ? value + strspn(value, " \t") : "";
        for (len = strlen(value); len > 0 && strchr(" \t", value[len - 1]) != NULL;)
            len--;
        *words[i].to = xstrndup(value, len);
    }
    return found;
}

int
web_applies(const struct cairn_request *req)
{
    const char *mode = http_header(req, "X-Web-Mode");

    if (http_query(req, "version-id") != NULL || http_query(req, "versions") != NULL)
        return 0;
    return http_auth(req) == NULL || http_note(req, "object.signed_for") != NULL || (mode != NULL && object_is_true(mode));
}

/* --- answers */

static int
is_at_directory(const struct object_call *c)
{
    return str_ends(http_path(c->req), "/");
}

static int
redirect(struct object_call *c)
{
    CLEANUP_STR struct str url = STR_INIT;
    struct str page = STR_INIT;

    str_addf(&url, "%s%s", http_base_url(c->req), strcmp(http_mount(c->req), "/") == 0 ? "" : http_mount(c->req));
    object_quote(http_path(c->req), &url);
    str_add(&url, "/");
    str_add(&page, "<html><h1>Moved Permanently</h1><p>The resource has moved to <a href=\"");
    listing_xml(&page, url.text);
    str_add(&page, "\">here</a>.</p></html>");
    http_reply_header(c->req, "Location", url.text);
    http_reply(c->req, 301, "text/html; charset=UTF-8", &page);
    return 0;
}

/* Opens an object of the site; 'err' has 404 in its tag when there is none. */
static int
open_page(struct object_call *c, struct tx *tx, const char *name, struct reading *r, struct cairn_error *err)
{
    return reading_open(c, tx, c->account, c->container, name, r, err);
}

static int
serve(struct object_call *c, struct tx **tx, struct reading *r, struct cairn_error *err)
{
    tx_rollback(steal(tx));
    return object_serve(c, r, err);
}

/* The site's own page for this status, if it has one; else 'body' (taken), or the plain fault. */
static int
fail_page(struct object_call *c, struct tx **tx, const struct site *s, const struct cairn_error *why, struct str *body, struct cairn_error *err)
{
    CLEANUP_FREE char *name = xasprintf("%d%s", object_status_of(why), s->error);
    CLEANUP_READING struct reading r = { 0 };
    struct cairn_error none = CAIRN_ERROR_INIT;

    if (*s->error != '\0' && open_page(c, *tx, name, &r, &none) == 0) {
        tx_rollback(steal(tx));
        if (body != NULL)
            str_free(body);
        http_reply_header(c->req, "Content-Type", r.object.type);
        chain_reply(steal(&r.bytes), c->req, object_status_of(why), r.object.type, c->is_head);
        return 0;
    }
    if (body == NULL) {
        *err = *why;
        return -1;
    }
    http_reply(c->req, object_status_of(why), "text/html; charset=UTF-8", body);
    return 0;
}

static int
not_found(struct object_call *c, struct tx **tx, const struct site *s, struct str *body, struct cairn_error *err)
{
    struct cairn_error why = CAIRN_ERROR_INIT;

    object_fail(&why, 404, "%s", "");
    return fail_page(c, tx, s, &why, body, err);
}

/* --- lists */

struct page {
    struct str dirs, objects;
    size_t prefix_len;
    char *query;                        /* what opens the links of a list that a signature opened: "?temp_url_sig=..." escaped; "": nothing */
    int64_t n;
};

static void
page_clear(struct page *p)
{
    str_free(&p->dirs);
    str_free(&p->objects);
    free(p->query);
}

/* Relative whatever the name is: a ':' is quoted, and one that begins with '/' comes after "./". */
static void
add_link(struct str *out, const struct page *p, const char *name)
{
    CLEANUP_STR struct str quoted = STR_INIT;

    str_addf(out, "    <td class=\"colname\"><a href=\"%s%s%s\">", *name == '/' ? "./" : "", object_quote(name, &quoted), p->query);
    listing_xml(out, name);
    str_add(out, "</a></td>\n");
}

static void
add_size(struct str *out, int64_t bytes)
{
    static const char units[] = "KMGTPE";
    double value = (double)bytes;
    int unit = -1;

    for (; value >= 1024 && unit + 1 < (int)sizeof units - 1; unit++)
        value = (double)(int64_t)(value / 1024 + 0.5);
    str_addf(out, "    <td class=\"colsize\">%.0f", value);
    if (unit >= 0)
        str_addf(out, "%ci", units[unit]);
    str_add(out, "</td>\n");
}

static void
show_dir(void *arg, const char *dir)
{
    struct page *p = arg;

    p->n++;
    str_add(&p->dirs, "   <tr class=\"item subdir\">\n");
    add_link(&p->dirs, p, dir + p->prefix_len);
    str_add(&p->dirs, "    <td class=\"colsize\">&nbsp;</td>\n    <td class=\"coldate\">&nbsp;</td>\n   </tr>\n");
}

static void
show_object(void *arg, const struct listed *o)
{
    struct page *p = arg;
    struct str *out = &p->objects;
    CLEANUP_STR struct str class = STR_INIT;
    char when[CLOCK_TEXT];

    p->n++;
    for (const char *at = o->type; *at != '\0'; at += strcspn(at, "/"), at += *at == '/') {
        str_addf(&class, "%stype-", at > o->type ? " " : "");
        for (size_t i = 0; i < strcspn(at, "/"); i++)
            str_add_c(&class, (char)tolower((unsigned char)at[i]));
    }
    str_add(out, "   <tr class=\"item ");
    listing_xml(out, class.text != NULL ? class.text : "");
    str_add(out, "\">\n");
    add_link(out, p, o->name + p->prefix_len);
    add_size(out, o->bytes);
    listing_time(o->updated_us, when);
    when[strcspn(when, ".")] = '\0';
    for (char *t = when; *t != '\0'; t++)
        *t = *t == 'T' ? ' ' : *t;
    str_addf(out, "    <td class=\"coldate\">%s</td>\n   </tr>\n", when);
}

static char *
signed_query(const struct object_call *c)
{
    static const char *const names[] = { "temp_url_prefix", "temp_url_expires", "temp_url_sig", "temp_url_ip_range" };
    struct str query = STR_INIT;

    if (http_note(c->req, "object.signed_for") == NULL || http_query(c->req, "temp_url_prefix") == NULL)
        return xstrdup("");
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (http_query(c->req, names[i]) != NULL) {
            str_addf(&query, "%s%s=", query.len > 0 ? "&amp;" : "?", names[i]);
            object_quote(http_query(c->req, names[i]), &query);
        }
    if (http_query(c->req, "inline") != NULL)
        str_add(&query, "&amp;inline");
    return str_take(&query);
}

/* A style of the site's own, from any depth, or a plain one. */
static void
add_head(const struct object_call *c, const struct site *s, const char *prefix, const char *style, struct str *out)
{
    CLEANUP_STR struct str label = STR_INIT;

    if (*s->label != '\0')
        str_addf(&label, "%s/%s", s->label, prefix);
    else
        str_add(&label, http_path(c->req));
    str_add(out, "<!DOCTYPE html>\n<html>\n <head>\n  <title>Listing of ");
    listing_xml(out, label.text);
    str_add(out, "</title>\n");
    if (*s->css != '\0') {
        int whole = *s->css == '/' || str_starts(s->css, "http://") || str_starts(s->css, "https://");
        CLEANUP_STR struct str path = STR_INIT;

        for (const char *slash = strchr(prefix, '/'); !whole && slash != NULL; slash = strchr(slash + 1, '/'))
            str_add(&path, "../");
        for (const char *part = s->css; *part != '\0'; part += strcspn(part, ":"), part += *part == ':') {   /* a ':' stays, of a whole URL */
            CLEANUP_FREE char *one = xstrndup(part, strcspn(part, ":"));

            object_quote(one, &path);
            if (part[strlen(one)] == ':')
                str_add(&path, whole ? ":" : "%3A");
        }
        str_addf(out, "  <link rel=\"stylesheet\" type=\"text/css\" href=\"%s\" />\n", path.text);
    } else {
        str_addf(out, "  <style type=\"text/css\">\n   h1 {font-size: 1em; font-weight: bold;}\n%s  </style>\n", style);
    }
    str_add(out, " </head>\n <body>\n");
}

static void
disabled_page(const struct object_call *c, const struct site *s, const char *prefix, struct str *out)
{
    add_head(c, s, prefix, "   p {font-size: 2}\n", out);
    str_add(out, "  <h1>Web Listing Disabled</h1>\n  <p>The owner of this site shows no lists of what is in it.</p>\n"
                 "  <p>If that is you: X-Container-Meta-Web-Listings switches them on.</p>\n");
    if (*s->index != '\0') {
        str_add(out, "  <h1>Index File Not Found</h1>\n  <p>The site's index, <b>X-Container-Meta-Web-Index: ");
        listing_xml(out, s->index);
        str_add(out, "</b>, is not there.</p>\n");
    }
    str_add(out, " </body>\n</html>\n");
}

static int
list(struct object_call *c, struct tx **tx, const struct site *s, const char *prefix, struct cairn_error *err)
{
    static const struct listing_events events = { show_dir, show_object };
    CLEANUP(page_clear) struct page p = { .prefix_len = strlen(prefix), .query = signed_query(c) };
    const char *opened = http_query(c->req, "temp_url_prefix");
    struct cairn_error why = CAIRN_ERROR_INIT;
    struct str body = STR_INIT;
    CLEANUP_STR struct str title = STR_INIT;

    if (!object_is_true(s->listings)) {
        disabled_page(c, s, prefix, &body);
        return not_found(c, tx, s, &body, err);
    }
    if (access_site(c, *tx, &s->container, &why) < 0)
        return fail_page(c, tx, s, &why, NULL, err);
    if (listing_level(*tx, s->container.id, prefix, OBJECT_LISTING_MAX, &events, &p, err) < 0)
        return -1;
    if (*prefix != '\0' && p.n == 0)
        return not_found(c, tx, s, NULL, err);
    add_head(c, s, prefix, "   th {text-align: left; padding: 0px 1em 0px 1em;}\n   td {padding: 0px 1em 0px 1em;}\n   a {text-decoration: none;}\n", &body);
    if (*s->label != '\0')
        str_addf(&title, "%s/%s", s->label, prefix);
    str_add(&body, "  <h1 id=\"title\">Listing of ");
    listing_xml(&body, *s->label != '\0' ? title.text : http_path(c->req));
    str_add(&body, "</h1>\n  <table id=\"listing\">\n   <tr id=\"heading\">\n    <th class=\"colname\">Name</th>\n    <th class=\"colsize\">Size</th>\n"
                   "    <th class=\"coldate\">Date</th>\n   </tr>\n");
    if (strlen(prefix) > (*p.query != '\0' && opened != NULL ? strlen(opened) : 0))
        str_addf(&body, "   <tr id=\"parent\" class=\"item\">\n    <td class=\"colname\"><a href=\"../%s\">../</a></td>\n"
                        "    <td class=\"colsize\">&nbsp;</td>\n    <td class=\"coldate\">&nbsp;</td>\n   </tr>\n", p.query);
    str_add_n(&body, p.dirs.text != NULL ? p.dirs.text : "", p.dirs.len);
    str_add_n(&body, p.objects.text != NULL ? p.objects.text : "", p.objects.len);
    str_add(&body, "  </table>\n </body>\n</html>\n");
    if (http_note(c->req, "object.signed_for") != NULL)
        http_reply_header(c->req, "Content-Disposition", "inline");
    http_reply(c->req, 200, "text/html; charset=UTF-8", &body);
    return 0;
}

/* --- requests */

int
web_container(struct object_call *c, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_SITE struct site s = { 0 };
    CLEANUP_READING struct reading r = { 0 };
    struct cairn_error why = CAIRN_ERROR_INIT;
    const char *mode = http_header(c->req, "X-Web-Mode");
    int found;

    if (http_move(c->req, "object-store"))      /* the index is read from a store */
        return 0;
    if (tx_begin(c->service->env.catalog, TX_READ, &tx, err) < 0 || (found = site_find(c, tx, &s, err)) < 0)
        return -1;
    if (found && access_site(c, tx, &s.container, &why) < 0)
        return fail_page(c, &tx, &s, &why, NULL, err);
    if (!found || (*s.listings == '\0' && *s.index == '\0')) {
        if (found && mode != NULL && object_is_true(mode))
            return object_fail(err, 404, "%s", "");
        tx_rollback(steal(&tx));
        return container_get(c, err);
    }
    if (!is_at_directory(c))
        return redirect(c);
    if (*s.index == '\0')
        return list(c, &tx, &s, "", err);
    if (open_page(c, tx, s.index, &r, &why) == 0)
        return serve(c, &tx, &r, err);
    return object_status_of(&why) == 404 ? list(c, &tx, &s, "", err) : fail_page(c, &tx, &s, &why, NULL, err);
}

static int
is_directory(const struct site *s, const struct object *o)
{
    return o->size <= 1 && strcmp(o->type, *s->directory != '\0' ? s->directory : "application/directory") == 0;
}

static void
count(void *arg, const struct listed *o)
{
    (void)o;
    ++*(int *)arg;
}

static void
count_dir(void *arg, const char *dir)
{
    (void)dir;
    ++*(int *)arg;
}

/* Nothing has the name itself: it may stand for a folder. */
static int
folder(struct object_call *c, struct tx **tx, const struct site *s, struct cairn_error *err)
{
    static const struct listing_events counting = { count_dir, count };
    CLEANUP_FREE char *dir = xasprintf("%s%s", c->object, is_at_directory(c) ? "" : "/");
    CLEANUP_FREE char *index = xasprintf("%s%s", dir, s->index);
    CLEANUP_READING struct reading r = { 0 };
    struct cairn_error why = CAIRN_ERROR_INIT;
    int n = 0;

    if (*s->index != '\0') {
        if (open_page(c, *tx, index, &r, &why) == 0)
            return is_at_directory(c) ? serve(c, tx, &r, err) : redirect(c);
        if (object_status_of(&why) != 404) {
            *err = why;
            return -1;
        }
    }
    if (is_at_directory(c))
        return list(c, tx, s, dir, err);
    if (access_site(c, *tx, &s->container, &why) < 0)
        return not_found(c, tx, s, NULL, err);
    if (listing_level(*tx, s->container.id, dir, 1, &counting, &n, err) < 0)
        return -1;
    return n > 0 ? redirect(c) : not_found(c, tx, s, NULL, err);
}

int
web_object(struct object_call *c, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_SITE struct site s = { 0 };
    CLEANUP_READING struct reading r = { 0 };
    struct cairn_error why = CAIRN_ERROR_INIT;
    int found, opened;

    if (tx_begin(c->service->env.catalog, TX_READ, &tx, err) < 0 || (found = site_find(c, tx, &s, err)) < 0)
        return -1;
    opened = open_page(c, tx, c->object, &r, &why) == 0;
    if (opened && !is_directory(&s, &r.object))
        return serve(c, &tx, &r, err);
    if (opened)
        object_fail(&why, 404, "%s", "");
    if (!found || object_status_of(&why) != 404 || (*s.listings == '\0' && *s.index == '\0')) {
        *err = why;
        return -1;
    }
    return folder(c, &tx, &s, err);
}
