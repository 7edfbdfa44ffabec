/* engine.h: what the files of the resource engine share.  Nobody outside api/rest includes it. */
#ifndef REST_ENGINE_H
#define REST_ENGINE_H
#include "base/arena.h"
#include "rest/rest.h"

#define REST_PARAMS_MAX 6
#define REST_BATCH      128     /* rows of a list that are in memory at once; a power of two */
#define REST_QUERY_MAX  128     /* query parameters of a request */
#define REST_CHILDREN_MAX 12

enum rest_op { OP_ROUTE, OP_LIST, OP_DETAIL, OP_SHOW, OP_CREATE, OP_UPDATE, OP_DELETE, OP_TAGS, OP_TAGS_PUT, OP_TAGS_CLEAR, OP_TAG, OP_TAG_PUT, OP_TAG_CLEAR };

/* One row of the whole route table: a rest_route, or one of a resource's own operations. */
struct variant {
    enum rest_op op;
    const struct rest_route *route;             /* OP_ROUTE */
    const struct rest_resource *resource;       /* the object's; NULL: none is loaded */
    const char *method, *path, *action, *rule;  /* path is owned */
    int status;
    unsigned flags;
    struct rest_version since, until;
    struct variant *next;                       /* same method and path */
};

/* --- router.c */
struct router;
struct match {
    struct variant *variants;                   /* of path and method; NULL: see 'node' */
    unsigned params_count;
    char *params[REST_PARAMS_MAX];              /* values in the order of the path; owned */
    const char *allow;                          /* the router's: methods that the path has, for 405; "" when there is no such path */
    int open;                                   /* all of these are for everybody */
};
struct router *router_new(void);
void router_free(struct router *r);
/* Takes 'v'.  CAIRN_INVALID: the same method, path, action and versions are there. */
int router_add(struct router *r, struct variant *v, struct cairn_error *err);
void router_match(const struct router *r, const char *method, const char *path, struct match *ret);
void match_free(struct match *m);

struct rest_api {
    struct http_app app;                        /* first: http_app.self is this */
    const struct rest_service *service;
    struct rest_env env;
    struct router *router;
    struct facts *facts;                        /* what each resource's table has */
    size_t facts_count;
};
struct facts { const struct rest_resource *resource; int created, updated, revision, user; };
const struct facts *rest_facts(const struct rest_api *api, const struct rest_resource *resource);
/* Calls fn for every row of the tables; stops at nonzero, which it returns. */
int rest_each_variant(const struct rest_service *service, int (*fn)(void *arg, const struct variant *v), void *arg);

/* --- tables.c: policy rules known, SQL prepares, no route twice; fills router and facts. */
int tables_check(struct rest_api *api, struct cairn_error *err);

/* A request at work.  The public part is first, so that a rest_call is one of these. */
struct call {
    struct rest_call pub;
    struct rest_api *api;
    struct arena arena;
    struct str text;
    struct json_out out;
    struct variant *variant;
    const struct match *match;
    const char *query_names[REST_QUERY_MAX], *query_values[REST_QUERY_MAX];
    size_t query_count;
    int query_cut;                              /* there were more */
    json_t *document;                           /* owned */
    json_t *given;                              /* the object as the client gave it, without defaults; owned */
    int replied;
    int moved;                                  /* the handler is called again, on a lane: nothing is answered */
    int writes;                                 /* the engine's transaction is a WRITE one */
    int64_t started_us;
    int creating;                               /* the policy target is the body */
    struct lister *lister;                      /* a list that goes on after the handler */
};
static inline struct call *call_of(const struct rest_call *pub) { return (struct call *)(uintptr_t)pub; }
void call_free(struct call *c);                 /* rolls back what is open */

/* --- version.c */
static inline int
version_cmp(struct rest_version a, struct rest_version b)
{
    return a.major != b.major ? (int)a.major - b.major : (int)a.minor - b.minor;
}
static inline int
version_in(struct rest_version v, struct rest_version since, struct rest_version until)
{
    return version_cmp(v, since) >= 0 && (until.major == 0 || version_cmp(v, until) <= 0);
}
/* Which one the request asks for; writes the reply's headers. */
int version_choose(struct rest_call *call, struct cairn_error *err);

/* --- fault.c */
void fault_reply(struct rest_call *call, uint32_t status, const struct cairn_error *err);
int fault_status(const struct rest_service *service, const struct cairn_error *err);

/* --- target.c: what a policy rule is checked against */
int target_allowed(struct rest_call *call, const char *rule, const struct rest_resource *resource, struct rows *row, int *ret_fixed);
/* --- schema.c */
enum check_mode { CHECK_CREATE, CHECK_UPDATE, CHECK_BODY, CHECK_PART };  /* the last: as a body, but nothing is missed and nothing filled in */
int schema_check(struct rest_call *call, const struct rest_attr *attrs, json_t *object, enum check_mode mode, const char *where, struct cairn_error *err);
/* 403 for attributes that this caller may not give. */
int schema_write_policies(struct rest_call *call, const struct rest_attr *attrs, enum check_mode mode, struct cairn_error *err);
/* One text value (query, filter) as the attribute's type: adds it to values.  CAIRN_INVALID. */
int schema_text_value(const struct rest_attr *attr, const char *text, struct rest_values *values, struct cairn_error *err);
int schema_check_query(struct rest_call *call, const struct rest_attr *attrs, struct cairn_error *err);
const struct rest_attr *attr_find(const struct rest_attr *attrs, const char *name, struct rest_version version);
/* One that filters (REST_FILTER) or sorts (REST_SORT) lists of the resource. */
const struct rest_attr *attr_query(const struct rest_resource *r, const char *name, struct rest_version version, unsigned flag);
/* A JSON value as the column keeps it. */
void schema_bind(const struct rest_attr *attr, const json_t *value, struct rest_values *values);

void values_free(struct rest_values *values);
void values_null(struct rest_values *values);
void values_real(struct rest_values *values, double d);

/* --- select.c */
struct shown { const struct rest_attr *attr; int at; int verdict; };    /* at: position, -1; verdict: 0 not yet asked, 1 yes, 2 no, 3 ask per row */
struct shape {                          /* what of a resource this caller sees in this version */
    const struct rest_resource *resource;
    struct shown *shown;
    size_t shown_count;
    const struct rest_child *children[REST_CHILDREN_MAX];
    size_t children_count;
    struct str select;                  /* "select ... from ..." */
    int touched;                        /* developers' builds: the columns were all read once */
};
void shape_make(struct rest_call *call, const struct rest_resource *resource, int detail, struct shape *ret);
void shape_free(struct shape *s);
int shape_emit(struct rest_call *call, struct shape *s, struct rows *row, struct json_out *out, struct cairn_error *err);
const char *resource_from(const struct rest_resource *r, char *buf, size_t size);
const char *resource_id(const struct rest_resource *r);
/* "NAME" of a column that is "t.NAME" or "NAME" into buf; NULL: it is an expression. */
const char *column_plain(const struct rest_attr *attr, char *buf, size_t size);
const char *plain_name(const char *column, char *buf, size_t size);
/* " and (...)" that keeps what the caller may see. */
void select_visible(struct rest_call *call, const struct rest_resource *resource, int listing, struct str *where, struct rest_values *values);

struct page {
    int64_t limit;                      /* -1: none */
    const char *marker;                 /* NULL: from the start */
    int reverse;
    struct str order;                   /* "a desc, b desc" */
};
struct list_query { struct str where; struct rest_values values; struct page page; };
/* 'after': goes on behind this id whatever marker the client gave; NULL: as asked. */
int select_list(struct rest_call *call, const struct rest_resource *resource, const char *after, struct list_query *ret, struct cairn_error *err);
void list_query_free(struct list_query *q);

/* --- filter.c: conditions of a list, from its query */
int filter_apply(struct rest_call *call, const struct rest_resource *resource, struct str *where, struct rest_values *values, struct cairn_error *err);
int query_is_paging(const struct rest_service *service, const char *name);
/* 1: in this version the service refuses query parameters that it does not know. */
int query_is_strict(const struct rest_call *call);

/* --- object.c */
int object_load(struct rest_call *call, const struct rest_resource *resource, const char *id, struct rows **ret, struct cairn_error *err);
int object_not_found(struct rest_call *call, const struct rest_resource *resource, const char *id, struct cairn_error *err);

/* --- write.c */
int write_create(struct call *c, struct cairn_error *err);
int write_update(struct call *c, struct cairn_error *err);
int write_delete(struct call *c, struct cairn_error *err);

/* --- tags.c */
int tags_run(struct call *c, struct cairn_error *err);
void tags_filter(struct rest_call *call, const struct rest_resource *resource, struct str *where, struct rest_values *values);
int tags_is_filter(const char *name);
#endif
