/* rest.h: the resource engine: an API as tables.
 *
 * A service is a dialect (faults, versions, pagination) and a list of resources and routes.  From a resource's table come list, show,
 * create, update, delete, their validation, filters, sorting, pagination with links, field selection, and SQL.  Routes are for what is special;
 * actions are routes with a body key.  Policy is by default deny: a route whose rule no table defines keeps the daemon from starting.
 *
 * The engine's order for every request: route -> microversion -> token (filter) -> body parsed and checked against the schema ->
 * transaction -> object loaded (404 in the service's words when it is not visible) -> policy (403, or 404 where the service hides) -> handler ->
 * commit -> reply.  GET and HEAD run in a READ transaction on the network thread, everything else in a WRITE transaction on a
 * worker; flags change that.
 *
 * Threads: tables are static and const.  A rest_call belongs to one thread at a time. */
#ifndef REST_REST_H
#define REST_REST_H
#include "base/json.h"
#include "catalog/catalog.h"
#include "http/http.h"
#include "plugin/plugin.h"
#include "rest/auth.h"
#include "rest/policy.h"
#include "schedule/schedule.h"

struct rest_call;
struct rest_service;
struct rest_resource;
struct rest_values;
struct rest_group;

/* --- microversions are data */
struct rest_version { uint16_t major, minor; };         /* {0, 0}: always */
#define REST_V(major, minor) { major, minor }
struct rest_versioning {
    const char *type;                   /* "compute": OpenStack-API-Version: compute 2.60 */
    const char *legacy_header;          /* "X-OpenStack-Nova-API-Version", or NULL */
    struct rest_version min, max;
};

/* --- attributes: the schema of a resource or of a body */
enum rest_type {
    REST_STRING,            /* min..max characters (max 0: 255); with REST_LAX integers too, as text */
    REST_TEXT,              /* as string, max 0: 65535 */
    REST_INT,               /* min..max; both 0: any; numbers in strings accepted where 'flags' has REST_LAX */
    REST_REAL,
    REST_BOOL,              /* true/false; with REST_LAX also "True", "yes", 1 ... as each API allows */
    REST_UUID,              /* 36 characters with dashes; stored lower case */
    REST_ID,                /* UUID or 32 hex digits: projects, users */
    REST_TIME,              /* column: microseconds; wire: the service's style */
    REST_IP, REST_IPV4, REST_IPV6, REST_CIDR, REST_MAC,     /* canonical text */
    REST_ENUM,              /* one of 'choices' */
    REST_OBJECT,            /* nested table 'of' (unknown keys refused unless REST_OPEN), column: JSON text */
    REST_LIST,              /* items as 'of' (a table with one unnamed attr: scalars; else objects), min..max items, column: JSON text */
    REST_MAP,               /* string -> string; keys and values bounded by max (0: 255) */
    REST_JSON,              /* anything; column: JSON text */
};
/* access and behaviour */
#define REST_READ       0x0001u     /* shown */
#define REST_CREATE     0x0002u     /* may be given at create */
#define REST_UPDATE     0x0004u     /* may be given at update */
#define REST_WRITE      (REST_READ | REST_CREATE | REST_UPDATE)
#define REST_REQUIRED   0x0008u     /* must be given at create */
#define REST_NULL       0x0010u     /* null is a value */
#define REST_FILTER     0x0020u     /* ?name=value filters lists (repeated: any of) */
#define REST_SORT       0x0040u     /* ?sort_key=name; with REST_NO_COLUMN accepted without effect */
#define REST_LAX        0x0080u
#define REST_OPEN       0x0100u     /* unknown keys of a nested object pass */
#define REST_REGEX      0x0200u     /* the filter is a regular expression, which plain words are too: they match anywhere */
#define REST_HIDDEN_NULL 0x0400u    /* left out when null */
#define REST_SECRET     0x0800u     /* never logged, never echoed in faults */
#define REST_NO_COLUMN  0x1000u     /* accepted and checked, but the hooks deal with it */
#define REST_DETAIL     0x2000u     /* shown by show and detail lists only */
#define REST_UNIQUE     0x4000u     /* list items must differ; a query parameter may stand once */
#define REST_TRIM       0x8000u     /* blanks at the ends are cut / refused as the service says */

struct rest_attr {
    const char *name;                   /* wire name; NULL ends the table; "" the item of a list of scalars; "*" any key of a body */
    const char *column;                 /* SQL expression over the resource's FROM; NULL: the name */
    enum rest_type type;
    unsigned flags;
    int64_t min, max;
    const char *dflt;                   /* JSON text used at create when absent; NULL: none */
    const char *const *choices;         /* REST_ENUM; NULL-terminated */
    const struct rest_attr *of;         /* REST_OBJECT, REST_LIST */
    const char *read_policy;            /* shown only to whom this rule allows */
    const char *write_policy;           /* may be given only by whom this rule allows; else 403 */
    struct rest_version since, until;   /* until is inclusive */
    const char *filter;                 /* SQL condition with one '?', instead of "column = ?" */
    /* Writes the value itself (name included), from the row; for what columns cannot say.  Column may be NULL with REST_NO_COLUMN. */
    int (*emit)(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err);
    /* More checking of a given value. */
    int (*check)(struct rest_call *call, const json_t *value, struct cairn_error *err);
};

/* Rows that belong to each element of a list, fetched for a whole batch of elements at once: constant numbers of queries.
 * 'sql' selects the parent's id as column "parent" and must hold "%IDS%" where the engine puts "?, ?, ...", ordered by parent.
 * emit() writes one item; begin/end open and close (array or object) around the items of one parent, also when there are none. */
struct rest_child {
    const char *name;                   /* wire name, NULL ends */
    const char *sql;
    int is_object;                      /* 1: { } with emit writing members; 0: [ ] */
    unsigned flags;                     /* REST_DETAIL */
    struct rest_version since, until;
    const char *read_policy;
    int (*emit)(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err);
    /* Instead: writes the whole value (name included) from all rows of one parent; 'group' walks them: rest_group_next(). */
    int (*emit_group)(struct rest_call *call, struct json_out *out, struct rest_group *group, struct cairn_error *err);
};

/* --- resources */
#define REST_LIST_OP    0x01u
#define REST_SHOW_OP    0x02u
#define REST_CREATE_OP  0x04u
#define REST_UPDATE_OP  0x08u
#define REST_DELETE_OP  0x10u
#define REST_ALL_OPS    0x1fu
#define REST_DETAIL_OP  0x20u           /* GET /things/detail */
#define REST_PUT_OP     0x40u           /* PUT /things/{id}: a create under an id of the client's; update_method must be another */

/* Policy rule names.  all: who sees every project's rows where admin_all allows it; NULL: those who have the admin role. */
struct rest_rules { const char *list, *show, *create, *update, *del, *all; };

struct rest_resource {
    const char *name, *plural;          /* body keys: "network", "networks" */
    const char *noun;                   /* for faults: "Network" */
    const char *path;                   /* collection: "/v2.0/networks"; members: path + "/{id}" */
    const char *table;                  /* written: "networks" */
    const char *from;                   /* read: "networks t left join ..."; NULL: "TABLE t" */
    const char *id_column;              /* NULL: "t.id" */
    const char *owner_column;           /* "t.project_id"; NULL: not owned */
    /* Who sees a row: SQL with :project, :user, :domain (bound by the engine); NULL: owner or admin.  Admins see all where admin_all is set. */
    const char *visible;
    const char *exists;                 /* SQL: rows that it does not hold for are gone for everybody; lists say so themselves in narrow() */
    int tells_unknown;                  /* 1: its ids are no secret: one that there is not is 404 to all, also where the service hides that */
    int admin_all;                      /* 1 always, 2 with all_tenants / all_projects */
    const struct rest_attr *attrs;
    const struct rest_attr *query;      /* more attributes, which only filter and sort lists; NULL: none */
    const struct rest_child *children;
    unsigned ops;
    struct rest_rules rules;
    const char *default_sort;           /* "created_us desc, id desc": must end in a unique column */
    int create_status, update_status, delete_status;        /* 0: 201, 200, 204 */
    const char *update_method;          /* NULL: "PUT"; "PATCH" */
    struct rest_version since, until;
    /* Hooks run in the engine's transaction; body is the checked object (borrowed; may be edited).  NULL: nothing special.  In create()
     * the id is in the body already.  after_*: the row is written; add tasks here. */
    int (*before_create)(struct rest_call *call, json_t *body, struct cairn_error *err);
    int (*after_create)(struct rest_call *call, const json_t *body, struct cairn_error *err);
    int (*before_update)(struct rest_call *call, struct rows *old, json_t *body, struct cairn_error *err);
    int (*after_update)(struct rest_call *call, const json_t *body, struct cairn_error *err);
    int (*before_delete)(struct rest_call *call, struct rows *old, struct cairn_error *err);
    int (*after_delete)(struct rest_call *call, struct cairn_error *err);
    /* Adds conditions to a list: appends " and ..." to where and pushes values. */
    int (*narrow)(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err);
    const char *const *ignored_query;   /* parameters besides filters that are accepted without effect */
    const char *tags_type;              /* network: has /tags and ?tags= filters through network_tags under this resource_type */
    /* What emit() hooks read by row_text(row, NAME).  Rows of lists hold each shown attribute's column: under the column's own name when it is
     * "t.NAME" or "NAME", under the wire name when it is an expression; and these: "t.vm_state, t.task_state".  NULL: t.* as soon as one
     * attribute has emit().  (rest_call.object always has t.*, "id", and expressions under their wire names.) */
    const char *columns;
};

/* In a resource's paths: the parameter that names the object is "id": "/servers/{server_id}" and "/servers/{id}" match alike, and
 * rest_param(call, "id") is the object's id in the tables' own operations. */

/* --- routes: what is not create, read, update, delete of a table */
#define REST_BLOCKING   0x01u           /* run on a worker though it is a GET */
#define REST_INLINE     0x02u           /* run on the network thread though it is not: must be quick */
#define REST_NO_TX      0x04u           /* the handler opens transactions itself (it talks to drivers); the route's object is found and judged before */
#define REST_READ_TX    0x08u
#define REST_WRITE_TX   0x10u
#define REST_PUBLIC     0x20u           /* nobody needs a token */
#define REST_STREAM     0x40u           /* the body is not JSON: the handler calls http_receive() */
#define REST_RAW        0x80u           /* any content type, given whole, not parsed: rest_raw() */
#define REST_SLOW       0x400u          /* may compute for long (hashes passwords): runs on the wire's slow lane; with REST_NO_TX */
#define REST_RULE_FIRST 0x200u          /* the rule is about the caller alone: judged before the object is looked for, 403 and not 404 */
#define REST_NO_VERSION 0x100u          /* microversion headers are neither asked nor answered: discovery */
#define REST_DISCOVERY  (REST_PUBLIC | REST_NO_TX | REST_NO_VERSION)

struct rest_route {
    const char *method;                 /* NULL ends the table */
    const char *path;                   /* "/servers/{server_id}/action" below the mount */
    const char *action;                 /* key of the body that selects this row, or NULL */
    const char *rule;                   /* policy rule; REST_PUBLIC routes: NULL */
    int status;                         /* of success */
    unsigned flags;
    const struct rest_attr *body;       /* schema of the body's object; NULL: no JSON body is read */
    const char *body_key;               /* "server": {"server": {...}}; NULL: the object itself; for actions: the action's value */
    const char *const *beside;          /* keys that may stand beside body_key where the service is strict about it; NULL: none */
    const struct rest_attr *query;      /* schema of query parameters; NULL: any are ignored */
    const struct rest_resource *object; /* {id} (or the first {...}) names one of these: loaded before, 404 if not visible */
    int (*handle)(struct rest_call *call, struct cairn_error *err);
    struct rest_version since, until;
    const char *states;                 /* handed to service->guard with the object: "active,stopped" */
    struct rest_version strict_since;   /* unknown query parameters are 400 from here on; {0, 0}: as the service says */
};

/* --- services */
/* A version in the documents that clients ask for first.  What is NULL is left out. */
struct rest_release {
    const char *id, *status;            /* "v2.1", "CURRENT"; id NULL ends the table */
    const char *path;                   /* "/v2.1": of its own document too, where there is one */
    const char *version, *min_version;  /* microversions */
    const char *updated;
    const char *media_type, *manual;    /* in the version's own document only */
};

struct rest_service {
    const char *name;                   /* "compute": the app's name in pipeline.ini */
    const struct rest_versioning *versioning;   /* NULL: none */
    const struct rest_release *releases;        /* what rest_releases() and rest_release() show; NULL: neither is routed to */
    int releases_in_values;             /* 1: identity's form: {"versions": {"values": [...]}}, whole, and a Location header */
    const struct rest_resource *const *resources;       /* NULL-terminated */
    const struct rest_route *const *routes;             /* NULL-terminated array of tables */
    const struct policy_default *policies;
    const char *request_id_headers[3];  /* "X-Openstack-Request-Id", "X-Compute-Request-Id" */
    enum clock_style_ { REST_TIME_Z = 0, REST_TIME_MICRO = 1, REST_TIME_MICRO_Z = 2 } time_style;
    enum { REST_PAGE_NOVA, REST_PAGE_NEUTRON, REST_PAGE_GLANCE, REST_PAGE_KEYSTONE } paging;
    int page_max;                       /* osapi_max_limit: 1000; 0: none unless asked */
    int hide_forbidden;                 /* 1: a foreign object's 403 is a 404 */
    int hide_unknown;                   /* 1: an object that there is not is 403 to those who might not see it, as a foreign one is: nobody learns which ids there are */
    /* Body of a fault: {"itemNotFound": {"message": ..., "code": 404}} etc.  NULL: {"error": {...}} as identity does. */
    void (*fault)(struct rest_call *call, int status, const struct cairn_error *err, struct json_out *out);
    /* HTTP status of an error code where it differs from the engine's (CAIRN_OVER_QUOTA is 403 in compute, 409 in network, 413...); 0: the engine's. */
    int (*status_of)(const struct cairn_error *err);
    /* State guard of actions. */
    int (*guard)(struct rest_call *call, const char *states, struct cairn_error *err);
    const char *not_found;              /* format of the 404 sentence: "%s %s could not be found." (noun, id) */
    int unknown_is_error;               /* 1: unknown body attributes are 400 */
    int lone_key;                       /* 1: beside the object (or the action) that a body is about nothing else may stand in it */
    int strict_query;                   /* 1: unknown query parameters are 400... */
    struct rest_version strict_since;   /* ...from this version on; {0, 0}: always */
    int json_suffix;                    /* 1: "/things.json" and "/things/ID.json" are "/things" and "/things/ID" */
    int open_unknown;                   /* 1: a path or method that there is not is 404 or 405 for everybody, not 401 for those without a token */
    int strict_slash;                   /* 1: a path with '/' at its end is another one, which there is not (404) */
    int page_default;                   /* length of a page when no limit is asked for; 0: page_max */
    /* More attributes of a policy's target, "network:project_id"; NULL: the engine's own (the object's, the body's at create, the path's
     * parameters, the caller's scope). */
    const char *(*target)(struct rest_call *call, const char *attr);
    /* After an object changed by tags, which have no hook of their own: tells revision and times.  May be NULL. */
    int (*touched)(struct rest_call *call, const struct rest_resource *resource, struct cairn_error *err);
};

/* Everything a service needs of the daemon. */
struct rest_env {
    struct catalog *catalog;
    struct plugins *plugins;
    struct scheduler *scheduler;
    const struct config *config;
    struct policy *policy;
    const char *cloud_id;
    const char *state_dir;
};
/* Checks every table (policy rules exist, columns prepare, no duplicate routes) and makes the application of a pipeline. */
int rest_app(const struct rest_service *service, const struct rest_env *env, struct http_app **ret, struct cairn_error *err);
void rest_app_free(struct http_app *app);
/* fn(arg, method, path, action, since, rule) for every route the service has, tables' ones included: coverage test, generated walks, OpenAPI. */
void rest_each_route(const struct rest_service *service,
                     void (*fn)(void *arg, const char *method, const char *path, const char *action, struct rest_version since, const char *rule), void *arg);

/* --- in handlers and hooks */
struct rest_call {
    const struct rest_service *service;
    const struct rest_env *env;
    struct cairn_request *req;
    const struct rest_route *route;             /* NULL for the tables' own operations */
    const struct rest_resource *resource;
    struct auth *auth;                          /* NULL on public routes without a token */
    struct tx *tx;                              /* NULL with REST_NO_TX */
    struct rest_version version;                /* in force */
    struct rows *object;                        /* the loaded row, current; borrowed; columns by their names and "id" */
    json_t *body;                               /* checked, defaults filled in; NULL if none */
    struct json_out *out;                       /* the reply's body */
    int status;                                 /* of success; a handler may change it */
    int list_detail;                            /* this is a detail list or a show */
    const json_t *document;                     /* the whole body as it came; NULL if none: for what stands beside the object */
};
const char *rest_param(const struct rest_call *call, const char *name);         /* from the path; NULL if absent */
const char *rest_query(const struct rest_call *call, const char *name);
/* From the checked body. */
const char *rest_str(const struct rest_call *call, const char *name);           /* NULL: absent or null */
int64_t rest_int(const struct rest_call *call, const char *name, int64_t dflt);
int rest_bool(const struct rest_call *call, const char *name, int dflt);
const json_t *rest_value(const struct rest_call *call, const char *name);       /* NULL: absent */
int rest_given(const struct rest_call *call, const char *name);
const char *rest_raw(const struct rest_call *call, size_t *ret_len);
/* 1 when the version in force is at least major.minor. For what no table can say. */
int rest_since(const struct rest_call *call, int major, int minor);
/* Policy beyond the route's rule: 0, or -1 with CAIRN_DENIED.  The target is the loaded object, or the caller's own scope if none. */
int rest_allow(struct rest_call *call, const char *rule, struct cairn_error *err);
int rest_allowed(struct rest_call *call, const char *rule);     /* 1 or 0 */
/* Loads another object of a resource by id into '*ret' (close it), visible to the caller; 'code' fault CAIRN_NOT_FOUND otherwise. */
int rest_load(struct rest_call *call, const struct rest_resource *resource, const char *id, struct rows **ret, struct cairn_error *err);
/* Writes {"NAME": {...}} / the bare object for one row of a resource, children included. */
int rest_emit_object(struct rest_call *call, const struct rest_resource *resource, const char *key, const char *id, struct cairn_error *err);
/* Answers GET of a collection: filters, sort, page, links.  For routes that list a resource under another path. */
int rest_list(struct rest_call *call, const struct rest_resource *resource, int detail, struct cairn_error *err);
/* Handlers of REST_DISCOVERY routes: all releases of the service; the one whose path the route has. */
int rest_releases(struct rest_call *call, struct cairn_error *err);
int rest_release(struct rest_call *call, struct cairn_error *err);
/* Checks any JSON object against a table: for bodies inside bodies; fills defaults. creating: REQUIRED and defaults count. */
int rest_check(struct rest_call *call, const struct rest_attr *attrs, json_t *object, int creating, const char *where, struct cairn_error *err);
/* Headers, and links that follow the client's own base URL: "http://h:p/compute/v2.1/servers/ID". */
void rest_header(struct rest_call *call, const char *name, const char *value);
char *rest_url(const struct rest_call *call, const char *path_fmt, ...) CAIRN_PRINTF(2, 3);
/* Text as a query parameter holds it. */
void rest_add_encoded(struct str *out, const char *text);
/* The URL that was asked, with its query: "self" of a list that a handler writes.  malloc'd. */
char *rest_self_url(const struct rest_call *call);
/* A reply of another kind (streams): after this the engine commits and adds nothing. */
void rest_replied(struct rest_call *call);
/* To be called before a handler calls a driver, which may hang: 0: we are on the driver's lane, where only those wait who want it, too.
 * -1: return at once; what the transaction did is undone, and the handler is called again from the beginning, on that lane.  For routes
 * that run on a worker: all but GET, and REST_BLOCKING. */
struct driver;
int rest_move(struct rest_call *call, const struct driver *driver, struct cairn_error *err);
/* Quota: use is counted by the caller's SQL in the same transaction; limit from quotas or [quota] of the configuration.  CAIRN_OVER_QUOTA names
 * resource, requested, used and limit, in the service's words. */
int rest_quota(struct rest_call *call, const char *service, const char *project_id, const char *resource, int64_t used, int64_t more,
               struct cairn_error *err);
int64_t rest_quota_limit(struct tx *tx, const struct rest_env *env, const char *service, const char *project_id, const char *resource);

/* The [quota] section of the configuration: one key "SERVICE_RESOURCE" for each limit; ends with name NULL. */
extern const struct cairn_key rest_quota_keys[];

/* Values of a statement that is put together. */
struct rest_values { struct sql_value *v; size_t n, cap; };
void rest_push_text(struct rest_values *values, const char *text);      /* copied; freed with the call */
void rest_push_int(struct rest_values *values, int64_t i);
/* Rows of one parent in emit_group. */
struct rest_group;
int rest_group_next(struct rest_group *group, struct rows **ret_row, struct cairn_error *err);   /* 1, 0, -1 */
#endif
