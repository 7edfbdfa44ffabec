/* app.c: the application: from the request to its route, and the dialect of replies. */
#include "config.h"
#define LOG_MODULE "object"
#include "object/private.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/log.h"

const struct cairn_key object_keys[] = {
    CAIRN_KEY("policies", CAIRN_KEY_LIST, NULL,
              "Storage policies, NAME=INSTANCE each, the default first: \"gold=fast,standard=default\"; default: Policy-0 on the first storage instance that keeps blobs."),
    CAIRN_KEY("expose_info", CAIRN_KEY_BOOL, "yes", "Whether /info tells clients what the object store can."),
    CAIRN_KEY("info_admin_key", CAIRN_KEY_SECRET, NULL, "Signs requests (swiftinfo_sig, swiftinfo_expires) for the operators' section of /info."),
    CAIRN_KEY("info_disallowed_sections", CAIRN_KEY_LIST, NULL, "What /info leaves out: \"tempurl,swift.policies\"."),
    CAIRN_KEY("sync_realms", CAIRN_KEY_PATH, NULL, "File of the realms that containers may be synced in: [REALM] with key, key2 and cluster_NAME = URL up to /v1."),
    CAIRN_KEY("sync_interval", CAIRN_KEY_DURATION, "30s", "How often what changed in synced containers is pushed."),
    CAIRN_KEY("sync_timeout", CAIRN_KEY_DURATION, "1h", "Most time for one object that is pushed."),
    CAIRN_KEY("scrub_rate", CAIRN_KEY_SIZE, "4M", "Bytes a second that the scrubber reads again; 0: it rests."),
    CAIRN_KEY("scrub_interval", CAIRN_KEY_DURATION, "60s", "Pause between two stretches of the scrubber."),
    CAIRN_KEY("reap_interval", CAIRN_KEY_DURATION, "5s", "How often expired objects and bytes that nothing refers to are removed."),
    { 0, 0, 0, 0, NULL, NULL, NULL, 0, 0 },
};

/* The account's project is the target: "project_id". */
const struct policy_default object_policies[] = {
    { "object:reseller", "role:admin or role:ResellerAdmin", "Every account: delete it, set its quotas" },
    { "object:operator", "(role:member or role:SwiftOperator) and project_id:%(project_id)s", "All of the project's own account" },
    { "object:reader", "role:reader and project_id:%(project_id)s", "Read and list all of the project's own account" },
    { "object:public", "@", "Pages for everybody: /info" },
    { "object:acl", "@", "Containers of others: what their access lists say" },
    { NULL, NULL, NULL },
};

/* --- what is served */

#define V "/v1/{account}"
#define VC V "/{container}"
#define VO VC "/{object}"
static const struct object_route pages[] = {
    { "GET", 0, NULL, NULL, 0, info_get, "object:public", "/info" },
    { "GET", 0, NULL, "list_endpoints", 0, endpoints_get, "object:public", "/v1/endpoints" },
    { "GET", 0, NULL, "healthcheck", 0, NULL, "object:public", "/healthcheck" },        /* filters answer these two */
    { "GET", 0, NULL, "crossdomain", 0, NULL, "object:public", "/crossdomain.xml" },
    { NULL, 0, NULL, NULL, 0, NULL, NULL, NULL },
};

/* The first that fits: what a parameter asks for comes before the plain operation. */
const struct object_route object_routes[] = {
    { "GET", AT_ACCOUNT, NULL, NULL, 0, account_get, "object:reader", V },
    { "POST", AT_ACCOUNT, NULL, NULL, 0, account_post, "object:operator", V },
    { "DELETE", AT_ACCOUNT, NULL, NULL, 0, account_delete, "object:reseller", V },
    { "GET", AT_CONTAINER, "staticweb", "staticweb", 0, web_container, "object:acl", VC "/" },
    { "GET", AT_CONTAINER, NULL, NULL, 0, container_get, "object:acl", VC },
    { "PUT", AT_CONTAINER, NULL, NULL, 0, container_put, "object:operator", VC },
    { "POST", AT_CONTAINER, "formpost", "formpost", OBJECT_STREAM, form_post, "object:acl", VC "/{object_prefix}" },
    { "POST", AT_CONTAINER, NULL, NULL, 0, container_post, "object:operator", VC },
    { "DELETE", AT_CONTAINER, NULL, NULL, 0, container_delete, "object:operator", VC },
    { "PUT", AT_OBJECT, "multipart-manifest=put", "slo", OBJECT_STREAM, slo_put, "object:acl", VO "?multipart-manifest=put" },
    { "DELETE", AT_OBJECT, "multipart-manifest=delete", "slo", 0, slo_delete, "object:acl", VO "?multipart-manifest=delete" },
    { "GET", AT_OBJECT, "multipart-manifest=get", "slo", 0, object_get, "object:acl", VO "?multipart-manifest=get" },
    { "PUT", AT_OBJECT, "version-id", "object_versioning", 0, versions_put, "object:acl", VO },
    { "DELETE", AT_OBJECT, "version-id", "object_versioning", 0, versions_delete, "object:acl", VO },
    { "GET", AT_OBJECT, "staticweb", "staticweb", 0, web_object, "object:acl", VO },
    { "GET", AT_OBJECT, "temp_url_sig", "tempurl", 0, object_get, "object:acl", VO "?temp_url_sig={sig}&temp_url_expires={ts}" },
    { "PUT", AT_OBJECT, "temp_url_sig", "tempurl", OBJECT_STREAM, object_put, "object:acl", VO "?temp_url_sig={sig}&temp_url_expires={ts}" },
    { "GET", AT_OBJECT, NULL, NULL, 0, object_get, "object:acl", VO },
    { "PUT", AT_OBJECT, NULL, NULL, OBJECT_STREAM, object_put, "object:acl", VO },
    { "POST", AT_OBJECT, "formpost", "formpost", OBJECT_STREAM, form_post, "object:acl", VC "/{object_prefix}" },
    { "POST", AT_OBJECT, NULL, NULL, 0, object_post, "object:acl", VO },
    { "COPY", AT_OBJECT, NULL, NULL, 0, object_copy, "object:acl", VO },
    { "DELETE", AT_OBJECT, NULL, NULL, 0, object_delete, "object:acl", VO },
    { NULL, 0, NULL, NULL, 0, NULL, NULL, NULL },
};

void
object_each_route(void (*fn)(void *arg, const char *method, const char *path, const char *rule), void *arg)
{
    for (const struct object_route *r = pages; r->method != NULL; r++)
        fn(arg, r->method, r->path, r->rule);
    for (const struct object_route *r = object_routes; r->method != NULL; r++)
        fn(arg, r->method, r->path, r->rule);
}

/* --- the dialect */

static const struct { int status; const char *title, *text; } phrases[] = {
    { 200, "OK", NULL }, { 201, "Created", NULL }, { 202, "Accepted", "The request is accepted." }, { 204, "No Content", NULL },
    { 400, "Bad Request", "The server could not understand the request." },
    { 401, "Unauthorized", "This needs a token that is valid here." },
    { 403, "Forbidden", "Access was denied to this resource." },
    { 404, "Not Found", "The resource could not be found." },
    { 405, "Method Not Allowed", "The method is not allowed for this resource." },
    { 406, "Not Acceptable", "No format that the client accepts can be made." },
    { 408, "Request Timeout", "The server waited too long for the request." },
    { 409, "Conflict", "There was a conflict when trying to complete your request." },
    { 411, "Length Required", "Content-Length or a chunked body is needed." },
    { 412, "Precondition Failed", "A precondition of this request failed." },
    { 413, "Request Entity Too Large", "The body of the request is too large." },
    { 416, "Requested Range Not Satisfiable", "The range lies outside the object." },
    { 422, "Unprocessable Entity", "The body is not what its headers say." },
    { 429, "Too Many Requests", "Too many requests; try later." },
    { 500, "Internal Error", "The server failed." },
    { 501, "Not Implemented", "This is not known here." },
    { 502, "Bad Gateway", "What stands behind the server failed." },
    { 503, "Service Unavailable", "The service is not to be had now; try again." },
    { 507, "Insufficient Storage", "There is no room left." },
};

static const struct { uint32_t code; int status; } statuses[] = {
    { CAIRN_INVALID, 400 }, { CAIRN_NOT_FOUND, 404 }, { CAIRN_EXISTS, 409 }, { CAIRN_CONFLICT, 409 }, { CAIRN_DENIED, 403 },
    { CAIRN_UNAUTHENTICATED, 401 }, { CAIRN_OVER_QUOTA, 413 }, { CAIRN_NO_SPACE, 507 }, { CAIRN_UNSUPPORTED, 501 }, { CAIRN_UNAVAILABLE, 503 },
    { CAIRN_TIMEOUT, 503 }, { CAIRN_TOO_LARGE, 413 }, { CAIRN_RATE_LIMITED, 429 },
};

int
object_fail(struct cairn_error *err, int status, const char *fmt, ...)
{
    uint32_t code = CAIRN_INVALID;
    char tag[16];
    va_list ap;

    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        if (statuses[i].status == status) {
            code = statuses[i].code;
            break;
        }
    snprintf(tag, sizeof tag, "%d", status);
    va_start(ap, fmt);
    cairn_vfail(err, code, 0, tag, fmt, ap);
    va_end(ap);
    return -1;
}

int
object_status_of(const struct cairn_error *err)
{
    int64_t status;

    if (str_to_int(err->tag, 300, 599, &status) == 0)
        return (int)status;
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        if (statuses[i].code == err->code)
            return statuses[i].status;
    return 500;
}

const char *
object_title(int status)
{
    for (size_t i = 0; i < ARRAY_LEN(phrases); i++)
        if (phrases[i].status == status)
            return phrases[i].title;
    return "Error";
}

/* A page for people: the title, and what that means. */
static void
phrase_page(int status, struct str *out)
{
    const char *title = "Error", *text = NULL;

    for (size_t i = 0; i < ARRAY_LEN(phrases); i++)
        if (phrases[i].status == status) {
            title = phrases[i].title;
            text = phrases[i].text;
        }
    if (text == NULL)
        return;
    str_addf(out, "<html><h1>%s</h1><p>", title);
    listing_xml(out, text);
    str_add(out, "</p></html>");
}

static void
fault_reply(struct cairn_request *req, int status, const struct cairn_error *err)
{
    const char *said = status >= 500 && err->code == CAIRN_INTERNAL ? "" : err->message;
    /* As Swift says it, unless it has what a browser could take for more than text. */
    const char *type = strpbrk(said, "<>&\"") == NULL ? "text/html; charset=UTF-8" : "text/plain; charset=UTF-8";
    struct str body = STR_INIT;

    if (status >= 500)
        log_error("%s %s: %s", http_method(req), http_full_path(req), err->message);
    if (said[0] != '\0')
        str_add(&body, said);           /* programs compare it: exactly what is wrong, and nothing round it */
    else
        phrase_page(status, &body);
    http_reply_header(req, "Content-Type", type);
    http_reply(req, status, type, &body);
}

static void
app_fault(void *self, struct cairn_request *req, uint32_t status, const struct cairn_error *err)
{
    (void)self;
    if (http_is_bad_url(req)) {
        struct cairn_error told = CAIRN_ERROR_INIT;

        object_fail(&told, 412, "Invalid UTF8 or contains NULL");
        fault_reply(req, 412, &told);
        return;
    }
    fault_reply(req, status != 0 ? (int)status : object_status_of(err), err);
}

void
object_reply_fault(struct object_call *c, const struct cairn_error *err)
{
    fault_reply(c->req, object_status_of(err), err);
}

void
object_header(struct object_call *c, const char *name, const char *fmt, ...)
{
    CLEANUP_FREE char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        abort();
    va_end(ap);
    http_reply_header(c->req, name, text);
}

void
object_reply_empty(struct object_call *c, int status)
{
    struct str body = STR_INIT;

    int is_read = strcmp(http_method(c->req), "GET") == 0 || c->is_head;

    phrase_page(status, &body);
    http_reply_header(c->req, "Content-Type", is_read ? "text/plain; charset=utf-8" : "text/html; charset=UTF-8");
    http_reply(c->req, status, NULL, status == 204 ? NULL : &body);
    str_free(&body);
}

void
object_timestamp_header(struct object_call *c, const char *name, int64_t us)
{
    object_header(c, name, "%" PRId64 ".%05d", us / 1000000, (int)(us % 1000000 / 10));
}

/* Whole seconds, never before the change. */
void
object_last_modified(struct object_call *c, int64_t us)
{
    char text[CLOCK_TEXT];

    object_header(c, "Last-Modified", "%s", clock_format((us + 999999) / 1000000 * 1000000, CLOCK_HTTP, text));
}

int64_t
object_now_us(void)
{
    return clock_us() / 10 * 10;
}

/* --- small readers */

int
object_is_true(const char *value)
{
    int yes = 0;

    if (str_to_bool(value, &yes) < 0)
        yes = strcasecmp(value, "t") == 0 || strcasecmp(value, "y") == 0;
    return yes;
}

int
object_query_true(const struct object_call *c, const char *name)
{
    const char *value = http_query(c->req, name);

    return value != NULL && object_is_true(value);
}

const char *
object_quote(const char *text, struct str *out)
{
    size_t start = out->len;

    for (; *text != '\0'; text++) {
        if (isalnum((unsigned char)*text) || strchr("/-_.~", *text) != NULL)
            str_add_c(out, *text);
        else
            str_addf(out, "%%%02X", (unsigned char)*text);
    }
    str_add(out, "");
    return out->text + start;
}

static int
hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *
object_unquote(const char *text)
{
    char *out = xmalloc(strlen(text) + 1), *to = out;

    for (; *text != '\0'; text++) {
        int hi, lo;

        if (*text == '%' && (hi = hex(text[1])) >= 0 && (lo = hex(text[2])) >= 0) {
            *to++ = (char)(hi << 4 | lo);
            text += 2;
        } else {
            *to++ = *text;
        }
    }
    *to = '\0';
    if (memchr(out, '\0', (size_t)(to - out)) != NULL || !str_is_utf8(out, (size_t)(to - out))) {
        free(out);
        return NULL;
    }
    return out;
}

int
object_parse_date(const char *text, int64_t *ret_us)
{
    static const char *const forms[] = { "%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y" };

    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct tm tm = { 0 };
        const char *end = strptime(text, forms[i], &tm);

        if (end != NULL && *end == '\0') {
            *ret_us = (int64_t)timegm(&tm) * 1000000;
            return 0;
        }
    }
    return -1;
}

int
object_has(const struct object_call *c, const char *feature)
{
    return http_feature(c->req, feature) != NULL;
}

int64_t
object_limit(const struct object_call *c, const char *feature, const char *key, int64_t dflt)
{
    CLEANUP_JSON json_t *doc = json_of_column(http_feature(c->req, feature));

    return json_int(doc, key, dflt);
}

/* --- from the path to a call */

void
object_call_free(struct object_call *c)
{
    if (c == NULL)
        return;
    free(c->account);
    free(c->container);
    free(c->object);
    free(c->exposed);
    free(c);
}

/* "/v1/ACCOUNT[/CONTAINER[/OBJECT]]".  0: another path. */
static int
split_path(struct object_call *c)
{
    const char *path = http_path(c->req), *slash;

    if (str_starts(path, "/v1/"))
        path += 4;
    else if (str_starts(path, "/v1.0/"))
        path += 6;
    else
        return 0;
    slash = strchr(path, '/');
    if (*path == '\0' || *path == '/')
        return 0;
    c->level = AT_ACCOUNT;
    c->account = slash != NULL ? xstrndup(path, (size_t)(slash - path)) : xstrdup(path);
    if (slash == NULL || slash[1] == '\0')
        return 1;
    path = slash + 1;
    slash = strchr(path, '/');
    if (*path == '/')
        return 0;
    c->level = AT_CONTAINER;
    c->container = slash != NULL ? xstrndup(path, (size_t)(slash - path)) : xstrdup(path);
    if (slash == NULL || slash[1] == '\0')
        return 1;
    c->level = AT_OBJECT;
    c->object = xstrdup(slash + 1);
    return 1;
}

static int
query_fits(struct cairn_request *req, const char *wanted)
{
    size_t len = strcspn(wanted, "=");
    char name[32];
    const char *value;

    if (strcmp(wanted, "formpost") == 0) {
        const char *type = http_header(req, "Content-Type");

        return type != NULL && strncasecmp(type, "multipart/form-data", 19) == 0;
    }
    if (strcmp(wanted, "staticweb") == 0)
        return web_applies(req);
    snprintf(name, sizeof name, "%.*s", (int)len, wanted);
    value = http_query(req, name);
    return value != NULL && (wanted[len] == '\0' || strcasecmp(value, wanted + len + 1) == 0);
}

/* NULL: none; '*ret_known' then tells whether the path is one that is served. */
static const struct object_route *
find_route(struct object_call *c, int *ret_known)
{
    const char *method = http_method(c->req), *mount = http_mount(c->req), *path = http_path(c->req);

    *ret_known = 1;
    c->is_head = strcmp(method, "HEAD") == 0;
    if (c->is_head)
        method = "GET";
    if (strcmp(mount, "/info") == 0 || strcmp(path, "/info") == 0)
        return strcmp(method, "GET") == 0 ? pages : NULL;
    if (endpoints_path(c) != NULL)
        return strcmp(method, "GET") == 0 ? pages + 1 : NULL;
    *ret_known = split_path(c);
    if (!*ret_known)
        return NULL;
    for (const struct object_route *r = object_routes; r->method != NULL; r++)
        if (r->level == c->level && strcmp(r->method, method) == 0 && (r->feature == NULL || object_has(c, r->feature)) &&
            (r->query == NULL || query_fits(c->req, r->query)))
            return r;
    return NULL;
}

static struct object_call *
call_new(const struct object_service *s, struct cairn_request *req)
{
    struct object_call *c = xcalloc(1, sizeof *c);

    c->service = s;
    c->req = req;
    return c;
}

static void
app_route(void *self, struct cairn_request *req)
{
    struct object_call *c = call_new(self, req);
    const struct object_route *r;
    int known;

    r = find_route(c, &known);
    http_set_public(req);               /* access lists decide, not the token alone */
    if (r != NULL && (r->level == AT_OBJECT || strcmp(r->method, "GET") != 0))
        http_move(req, "object-store");     /* it may want the driver of a store; which one, its container says */
    else
        http_set_blocking(req);
    if (r != NULL && (r->flags & OBJECT_STREAM))
        http_set_body(req, HTTP_BODY_STREAM, 0);
    else
        http_set_body(req, HTTP_BODY_BUFFER, 64 << 10);
    object_call_free(c);
}

static int
check_path(struct object_call *c, struct cairn_error *err)
{
    if (strlen(c->account) > OBJECT_ACCOUNT_NAME_MAX)
        return object_fail(err, 400, "Account name is longer than %d bytes", OBJECT_ACCOUNT_NAME_MAX);
    if (!str_starts(c->account, "AUTH_"))
        return access_refused(c, err);
    return meta_check_headers(c, err);
}

static int
run(struct object_call *c, struct cairn_error *err)
{
    const struct object_route *r;
    int known;

    r = find_route(c, &known);
    if (!known)
        return object_fail(err, 404, "%s", "");
    if (r == NULL && strcmp(http_method(c->req), "OPTIONS") == 0)
        return cors_preflight(c, err);
    if (r == NULL) {
        http_reply_header(c->req, "Allow", OBJECT_METHODS);
        return object_fail(err, 405, "%s", "");
    }
    c->route = r;
    if (r->level != 0 && (check_path(c, err) < 0 || cors_headers(c, err) < 0))
        return -1;
    return r->run(c, err);
}

static void
app_handle(void *self, struct cairn_request *req)
{
    struct object_call *c = call_new(self, req);
    struct cairn_error err = CAIRN_ERROR_INIT;

    c->auth = http_auth(req);
    if (run(c, &err) < 0 && !http_replied(req))
        object_reply_fault(c, &err);
    else if (c->kept)
        return;                         /* a stream has it now */
    object_call_free(c);
}

/* --- bodies that are gathered */

struct gather {
    struct object_call *c;
    int (*fn)(struct object_call *c, const char *body, size_t len, struct cairn_error *err);
    struct str body;
    size_t max;
};

static void
gather_free(struct gather *g)
{
    str_free(&g->body);
    object_call_free(g->c);
    free(g);
}

static int
gather_write(void *arg, const void *bytes, size_t len, struct cairn_error *err)
{
    struct gather *g = arg;

    if (g->body.len + len > g->max)
        return object_fail(err, 413, "The body is larger than %zu bytes", g->max);
    str_add_n(&g->body, bytes, len);
    return 0;
}

static void
gather_done(void *arg, struct cairn_request *req)
{
    struct gather *g = arg;
    struct cairn_error err = CAIRN_ERROR_INIT;

    (void)req;
    if (g->fn(g->c, g->body.text != NULL ? g->body.text : "", g->body.len, &err) < 0)
        object_reply_fault(g->c, &err);
    gather_free(g);
}

static void
gather_aborted(void *arg, struct cairn_request *req, const struct cairn_error *err)
{
    struct gather *g = arg;

    (void)req;
    if (err != NULL)
        object_reply_fault(g->c, err);
    gather_free(g);
}

int
object_gather(struct object_call *c, size_t max, int (*fn)(struct object_call *c, const char *body, size_t len, struct cairn_error *err),
              struct cairn_error *err)
{
    static const struct http_sink sink = { gather_write, gather_done, gather_aborted };
    struct gather *g = xcalloc(1, sizeof *g);

    (void)err;
    g->c = c;
    g->fn = fn;
    g->max = max;
    c->kept = 1;
    http_receive(c->req, &sink, g);
    return 0;
}

/* --- what filters ask */

int
object_temp_url_keys(const struct object_service *s, const char *account, const char *container, char **ret, struct cairn_error *err)
{
    static const char *const names[] = { "x-%s-meta-temp-url-key", "x-%s-meta-temp-url-key-2" };
    CLEANUP_ACCOUNT struct account a = { 0 };
    CLEANUP_CONTAINER struct container k = { 0 };
    CLEANUP_TX struct tx *tx = NULL;
    struct str list = STR_INIT;
    char header[40];
    int found;

    if (tx_begin(s->env.catalog, TX_READ, &tx, err) < 0 || (found = account_find(tx, account, &a, err)) < 0)
        return -1;
    if (found && container_find(tx, account, container, &k, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(header, sizeof header, names[i], "account");
        if (json_str(a.meta, header) != NULL)
            str_addf(&list, "account %s\n", json_str(a.meta, header));
        snprintf(header, sizeof header, names[i], "container");
        if (json_str(k.meta, header) != NULL)
            str_addf(&list, "container %s\n", json_str(k.meta, header));
    }
    *ret = str_take(&list);
    return 0;
}

/* "object.temp_url_keys": those for the path given, "/v1/A/C[/O]". */
static int
ask_keys(const struct object_service *s, const char *path, char **ret, struct cairn_error *err)
{
    CLEANUP_FREE char *copy = xstrdup(path);
    char *save = NULL, *account, *container;

    strtok_r(copy, "/", &save);
    account = strtok_r(NULL, "/", &save);
    container = account != NULL ? strtok_r(NULL, "/", &save) : NULL;
    if (container == NULL)
        return object_fail(err, 404, "%s", "");
    return object_temp_url_keys(s, account, container, ret, err);
}

static int
app_ask(void *self, struct cairn_request *req, const char *what, const char *argument, char **ret_text, struct cairn_error *err)
{
    (void)req;
    if (strcmp(what, "object.temp_url_keys") == 0)
        return ask_keys(self, argument, ret_text, err);
    return cairn_fail(err, CAIRN_UNSUPPORTED, "the object store does not know '%s'", what);
}

/* --- life */

static int
read_policies(struct object_service *s, struct cairn_error *err)
{
    CLEANUP_FREE char *list = xstrdup(config_string(s->env.config, "object", "policies"));
    char *save = NULL;

    for (char *item = list != NULL ? strtok_r(list, ",", &save) : NULL; item != NULL; item = strtok_r(NULL, ",", &save)) {
        char *eq = strchr(item, '=');

        if (s->policies_count == OBJECT_POLICIES_MAX)
            return cairn_fail(err, CAIRN_INVALID, "[object] policies: more than %d", OBJECT_POLICIES_MAX);
        if (eq == NULL || eq == item || eq[1] == '\0' || strspn(item, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != (size_t)(eq - item))
            return cairn_fail(err, CAIRN_INVALID, "[object] policies: '%s' is not NAME=INSTANCE with a name of letters, digits and '-'", item);
        *eq = '\0';
        for (unsigned i = 0; i < s->policies_count; i++)
            if (strcasecmp(s->policies[i].name, item) == 0)
                return cairn_fail(err, CAIRN_INVALID, "[object] policies: '%s' stands there twice", item);
        s->policies[s->policies_count++] = (struct object_policy){ xstrdup(item), xstrdup(eq + 1) };
    }
    if (s->policies_count == 0)
        s->policies[s->policies_count++] = (struct object_policy){ xstrdup("Policy-0"), NULL };
    return 0;
}

static int
check_rules(const struct object_service *s, struct cairn_error *err)
{
    for (const struct object_route *r = object_routes; r->method != NULL; r++)
        if (!policy_known(s->env.policy, r->rule))
            return cairn_fail(err, CAIRN_INTERNAL, "%s %s: there is no policy rule '%s'", r->method, r->path, r->rule);
    return 0;
}

int
object_app(const struct rest_env *env, struct http_app **ret, struct cairn_error *err)
{
    struct object_service *s = xcalloc(1, sizeof *s);

    s->env = *env;
    s->app = (struct http_app){ .name = "object-store", .self = s, .route = app_route, .handle = app_handle, .fault = app_fault, .ask = app_ask };
    if (policy_add_defaults(env->policy, object_policies, err) < 0 || check_rules(s, err) < 0 || read_policies(s, err) < 0) {
        object_app_free(&s->app);
        return -1;
    }
    *ret = &s->app;
    return 0;
}

void
object_app_free(struct http_app *app)
{
    struct object_service *s = app != NULL ? app->self : NULL;

    if (s == NULL)
        return;
    for (unsigned i = 0; i < s->policies_count; i++) {
        free(s->policies[i].name);
        free(s->policies[i].store);
    }
    free(s);
}
