/* private.h: what the files of the object store share.
 *
 * A handler reads the call, talks to the catalog and the store, and replies itself or fails with an error whose tag is the HTTP status
 * (object_fail).  It runs on a worker; a body that streams is taken over with object_receive(). */
#ifndef OBJECT_PRIVATE_H
#define OBJECT_PRIVATE_H
#include <openssl/evp.h>
#include "base/clock.h"
#include "flow/object.h"
#include "object/object.h"
#include "plugin/storage.h"

/* Limits, as /info tells them. */
#define OBJECT_FILE_MAX (INT64_C(5) << 30)
#define OBJECT_LISTING_MAX 10000
#define OBJECT_ACCOUNT_NAME_MAX 256
#define OBJECT_CONTAINER_NAME_MAX 256
#define OBJECT_NAME_MAX 1024
#define OBJECT_META_NAME_MAX 128
#define OBJECT_META_VALUE_MAX 256
#define OBJECT_META_COUNT_MAX 90
#define OBJECT_META_SIZE_MAX 4096
#define OBJECT_HEADER_MAX 8192
#define OBJECT_POLICIES_MAX 16

struct object_policy { char *name, *store; };   /* 'store' NULL: the first instance that keeps blobs */
struct object_service {
    struct http_app app;
    struct rest_env env;
    struct object_policy policies[OBJECT_POLICIES_MAX];     /* the first is the default */
    unsigned policies_count;
};

enum object_level { AT_ACCOUNT = 1, AT_CONTAINER, AT_OBJECT };

/* --- rows, as copies */
struct account { int64_t id; char *name; json_t *meta; int64_t created_us; };           /* id 0: not made yet */
struct container { int64_t id, account_id; char *account, *name, *policy; json_t *meta; int64_t created_us, updated_us, count, bytes; };
struct object {
    int64_t id, container_id;
    char *name, *etag, *type, *store, *blob;
    int64_t version_us, size, updated_us, delete_at_us;     /* delete_at_us 0: never */
    int latest, versioned, marker;
    enum object_kind kind;
    json_t *meta, *sys;
};
void account_clear(struct account *a);
void container_clear(struct container *k);
void object_clear(struct object *o);
#define CLEANUP_ACCOUNT CLEANUP(account_clear)
#define CLEANUP_CONTAINER CLEANUP(container_clear)
#define CLEANUP_OBJECT CLEANUP(object_clear)
/* 1 found, 0 not, -1 error. */
int account_find(struct tx *tx, const char *name, struct account *ret, struct cairn_error *err);
int container_find(struct tx *tx, const char *account, const char *name, struct container *ret, struct cairn_error *err);
/* 'version' NULL: the latest; "null"; or a version id.  An expired object is not found, but as a version that is asked for. */
int object_find(struct tx *tx, int64_t container_id, const char *name, const char *version, struct object *ret, struct cairn_error *err);
extern const char object_columns[];             /* of a query whose rows object_take() reads; table alias o */
void object_take(struct rows *r, struct object *ret);
/* The account's row, made if it is missing and its project exists: else 404. */
int account_ensure(struct tx *tx, const char *name, struct account *ret, struct cairn_error *err);

/* --- the call */
struct object_route;
struct object_call {
    const struct object_service *service;
    struct cairn_request *req;
    const struct object_route *route;
    struct auth *auth;                  /* borrowed of the request; NULL: nobody */
    enum object_level level;
    char *account, *container, *object; /* decoded; NULL below the level */
    int is_head;
    int is_owner, is_reseller, is_reader;       /* of 'account'; known once access_judge() ran */
    int64_t sync_us;                    /* another cloud pushes this, which is of that time; 0: nobody does */
    int kept;                           /* somebody else frees it */
    char *exposed;                      /* headers that a page of another origin may read; NULL: there is none, or it may not */
};
void object_call_free(struct object_call *c);

struct object_route {
    const char *method;                 /* NULL ends the table */
    enum object_level level;
    const char *query;                  /* "bulk-delete", "multipart-manifest=put": only with this parameter; NULL: any */
    const char *feature;                /* the filter that switches it on; NULL: always there */
    unsigned flags;
#define OBJECT_STREAM 1u                /* has a body: the handler takes it over with http_receive() */
    int (*run)(struct object_call *c, struct cairn_error *err);
    const char *rule, *path;            /* for --routes */
};

/* --- replies, app.c */
CAIRN_PRINTF(3, 4) int object_fail(struct cairn_error *err, int status, const char *fmt, ...);
void object_header(struct object_call *c, const char *name, const char *fmt, ...) CAIRN_PRINTF(3, 4);
void object_reply_empty(struct object_call *c, int status);             /* 201, 202, 204: with the body that the dialect has */
void object_reply_fault(struct object_call *c, const struct cairn_error *err);
int object_status_of(const struct cairn_error *err);
const char *object_title(int status);                                   /* "Not Found" */
void object_timestamp_header(struct object_call *c, const char *name, int64_t us);
void object_last_modified(struct object_call *c, int64_t us);
/* Gathers a body of at most 'max' bytes, then calls fn, which replies or fails.  Call nothing after it. */
int object_gather(struct object_call *c, size_t max, int (*fn)(struct object_call *c, const char *body, size_t len, struct cairn_error *err),
                  struct cairn_error *err);
int object_is_true(const char *value);
int object_query_true(const struct object_call *c, const char *name);
const char *object_quote(const char *text, struct str *out);            /* percent-encoding of a path; borrowed of out */
char *object_unquote(const char *text);                                 /* malloc'd; NULL: not valid */
int object_parse_date(const char *text, int64_t *ret_us);
/* Whether a filter switches the feature on, and what it says of it. */
int object_has(const struct object_call *c, const char *feature);
int64_t object_limit(const struct object_call *c, const char *feature, const char *key, int64_t dflt);
int64_t object_now_us(void);                    /* a timestamp: a multiple of 10 us */

/* --- access.c */
enum access { MAY_READ, MAY_WRITE };
/* Who the caller is to c->account. */
void access_judge(struct object_call *c, struct tx *tx);
int access_owner(struct object_call *c, struct cairn_error *err);       /* 401, 403 */
int access_reader(struct object_call *c, struct cairn_error *err);      /* of the account: the owner, or who may read the project */
int access_reseller(struct object_call *c, struct cairn_error *err);
int access_refused(struct object_call *c, struct cairn_error *err);     /* -1: 401 without a token, else 403 */
/* Objects in a container, of any account: owner, ACL, temporary URL. */
int access_objects(struct object_call *c, struct tx *tx, const struct container *k, enum access what, struct cairn_error *err);
/* A list for a page of the site: .rlistings, or a signature for what it shows. */
int access_site(struct object_call *c, struct tx *tx, const struct container *k, struct cairn_error *err);
int access_listing(struct object_call *c, struct tx *tx, const struct container *k, struct cairn_error *err);
/* acl.c: the value as it is kept; -1: it cannot be read. */
int acl_clean(const char *value, int is_write, struct str *out, struct cairn_error *err);
/* 1 allowed.  'domain': of the account's project.  'listing': .rlistings is wanted beside a referrer rule. */
int acl_allows(const char *acl, const char *domain, const struct auth *who, const char *referer, int listing);
/* 0: names nobody; 1: somebody. */
int acl_account_check(const char *json, struct cairn_error *err);
int acl_account_allows(const char *json, const struct auth *who, const char *level);

/* --- meta.c: headers that are kept */
/* Applies X-KIND-Meta-NAME, X-Remove-KIND-Meta-NAME of the request to 'meta'; kind "account", "container".  Checks the limits. */
int meta_merge(struct object_call *c, const char *kind, json_t *meta, struct cairn_error *err);
/* A new object's own: X-Object-Meta-* and the headers that are kept beside them. */
int meta_of_object(struct object_call *c, json_t *meta, struct cairn_error *err);
int meta_check(const json_t *meta, const char *prefix, struct cairn_error *err);
void meta_reply(struct object_call *c, const json_t *meta, int all);    /* 'all' 0: without what only owners see */
/* X-Delete-At, X-Delete-After, each NULL or "" where it is not given: '*ret_us' 0 when neither is. */
int meta_delete_at(const char *at, const char *after, int64_t *ret_us, struct cairn_error *err);
int meta_check_headers(struct object_call *c, struct cairn_error *err);
const char *meta_guess_type(const char *name);

/* --- listing.c */
struct listing {
    const char *marker, *end_marker, *prefix, *delimiter, *path;
    int64_t limit;
    int reverse, versions;
    enum { LIST_TEXT, LIST_JSON, LIST_XML } format;
};
int listing_parse(struct object_call *c, int64_t max, int versions, struct listing *ret, struct cairn_error *err);
/* Answers the page of containers of an account, or objects of a container. */
int listing_account(struct object_call *c, struct tx *tx, int64_t account_id, const struct listing *l, struct cairn_error *err);
int listing_container(struct object_call *c, struct tx *tx, const struct container *k, const struct listing *l, struct cairn_error *err);
/* fn for every object (not subdirs) with the prefix, in order; at most 'max'. */
int listing_each(struct tx *tx, int64_t container_id, const char *prefix, const char *marker, int64_t max,
                 int (*fn)(void *arg, struct object *o, struct cairn_error *err), void *arg, struct cairn_error *err);
/* What lies directly below the prefix, "/" being between names: for pages that people read. */
struct listed { const char *name, *type; int64_t bytes, updated_us; };
struct listing_events {
    void (*dir)(void *arg, const char *dir);        /* with the prefix, and the '/' at its end */
    void (*object)(void *arg, const struct listed *o);
};
int listing_level(struct tx *tx, int64_t container_id, const char *prefix, int64_t max, const struct listing_events *events, void *arg, struct cairn_error *err);
char *listing_successor(const char *prefix);    /* the least text above all that begin so; NULL: none */
void listing_xml(struct str *out, const char *text);
void listing_time(int64_t us, char buf[CLOCK_TEXT]);

/* --- cors.c: what pages of other origins may see of a container, by its X-Container-Meta-Access-Control-* */
#define OBJECT_METHODS "HEAD, GET, PUT, POST, COPY, OPTIONS, DELETE"
int cors_preflight(struct object_call *c, struct cairn_error *err);     /* OPTIONS */
int cors_headers(struct object_call *c, struct cairn_error *err);       /* of any other reply, if the request has an Origin */
void cors_expose(struct object_call *c, const json_t *meta);            /* these, too */

/* --- accounts.c, containers.c */
int account_get(struct object_call *c, struct cairn_error *err);
int account_post(struct object_call *c, struct cairn_error *err);
int account_delete(struct object_call *c, struct cairn_error *err);
int container_get(struct object_call *c, struct cairn_error *err);
int container_put(struct object_call *c, struct cairn_error *err);
int container_post(struct object_call *c, struct cairn_error *err);
int container_delete(struct object_call *c, struct cairn_error *err);
/* In the caller's transaction.  1 made, 0 was there. */
int container_make(struct object_call *c, struct tx *tx, const char *name, const char *policy, struct container *ret, struct cairn_error *err);
/* 1 deleted, 0 not there, -1 (409: not empty). */
int container_remove(struct tx *tx, const char *account, const char *name, struct cairn_error *err);
/* 404, or the container with the caller's right to write in it. */
int container_for_write(struct object_call *c, struct tx *tx, const char *account, const char *name, struct container *ret, struct cairn_error *err);
const struct object_policy *policy_of(const struct object_service *s, const char *name);        /* NULL name: default; NULL: none */
int policy_open(const struct object_service *s, const char *name, struct driver **ret, struct cairn_error *err);

/* --- upload.c: bytes on their way into a store, hashed as they pass */
struct upload {
    struct driver *store;
    struct cairn_stream *stream;        /* NULL: sealed or dropped */
    EVP_MD_CTX *md5;
    char key[64], etag[33];
    int64_t size, max;
};
int upload_open(struct upload *u, const struct object_service *s, const char *policy, int64_t size_hint, int64_t max, struct cairn_error *err);
int upload_write(struct upload *u, const void *bytes, size_t len, struct cairn_error *err);
int upload_seal(struct upload *u, struct cairn_error *err);     /* durable; u->etag is known */
void upload_drop(struct upload *u);                             /* also after sealing: then the blob is deleted */
void upload_done(struct upload *u);                             /* the row is there: frees, keeps the blob */

/* --- write.c: rows of objects */
/* Puts 'o' (name, etag, type, size, kind, meta, sys, store, blob, delete_at_us) in place of the latest, as the container's versioning says.
 * Fills in id and version_us.  CAIRN_OVER_QUOTA with 413. */
int object_store_row(struct object_call *c, struct tx *tx, const struct container *k, struct object *o, struct cairn_error *err);
/* The latest goes, as versioning says.  1 deleted, 0 not there. */
int object_remove(struct object_call *c, struct tx *tx, const struct container *k, const char *name, struct cairn_error *err);  /* says in a header what mark was set */
int object_next_version(struct tx *tx, const struct container *k, const char *name, int64_t *ret, struct cairn_error *err);
int object_insert_row(struct tx *tx, const struct container *k, struct object *o, struct cairn_error *err);
int quota_check(struct object_call *c, struct tx *tx, const struct container *k, int64_t count, int64_t bytes, struct cairn_error *err);
int object_put(struct object_call *c, struct cairn_error *err);
int object_post(struct object_call *c, struct cairn_error *err);
int object_delete(struct object_call *c, struct cairn_error *err);
int object_copy(struct object_call *c, struct cairn_error *err);        /* COPY */
int object_copy_from(struct object_call *c, struct cairn_error *err);   /* PUT with X-Copy-From */
/* Headers of a new row, from the request. */
int object_from_request(struct object_call *c, struct object *o, struct cairn_error *err);
int object_check_name(const char *name, struct cairn_error *err);
int object_check_reserved(struct object_call *c, struct cairn_error *err);      /* no header that is ours alone */
int object_check_type(const char *type, struct cairn_error *err);
void object_replied_created(struct object_call *c, const struct object *o);
int object_only_if_new(struct object_call *c, struct tx *tx, const struct container *k, const char *name, struct cairn_error *err);    /* If-None-Match of a PUT */

/* --- read.c and chain.c: what a reader gets */
struct chain;                           /* stretches of blobs and of text, read as one */
struct chain *chain_new(const struct object_service *s);
void chain_free(struct chain *ch);
void chain_text(struct chain *ch, const char *text, size_t len);
/* Part of a blob; the store's name and the key are copied. */
void chain_blob(struct chain *ch, const char *store, const char *blob, int64_t offset, int64_t len);
void chain_part(struct chain *to, const struct chain *from, int64_t offset, int64_t len);
/* Bytes that cannot be had: who comes to read them fails with 409. */
void chain_gone(struct chain *ch, int64_t len, const char *why);
const char *chain_gone_at(const struct chain *ch, int64_t offset);              /* why this byte cannot be had; NULL: it can */
int chain_gather(struct chain *ch, size_t max, struct str *out, struct cairn_error *err);       /* all of a small one, behind 'out', which is empty */
int64_t chain_len(const struct chain *ch);
size_t chain_parts(const struct chain *ch);
int chain_read(void *chain, uint64_t offset, void *buf, size_t max, size_t *ret_len, struct cairn_error *err);
void chain_reply(struct chain *ch, struct cairn_request *req, int status, const char *type, int is_head);      /* takes it */

/* An object as readers see it: symlinks followed, manifests put together. */
struct reading {
    struct container container;
    struct object object;
    struct chain *bytes;
    char *etag;                         /* as told: quoted for manifests */
    int64_t size;
    int is_large;
    char *location;                     /* of a symlink's target; NULL: none followed */
    int is_raw;                         /* multipart-manifest=get of an SLO */
    int64_t modified_us;
    /* Said by the caller before reading_open(): */
    struct slo_walk *walk;              /* a segment of a manifest: what else the request says of the object does not count; NULL: the object itself */
    int is_head;                        /* its bytes are not wanted */
};
void reading_clear(struct reading *r);
#define CLEANUP_READING CLEANUP(reading_clear)
int reading_open(struct object_call *c, struct tx *tx, const char *account, const char *container, const char *name, struct reading *ret,
                 struct cairn_error *err);
int object_get(struct object_call *c, struct cairn_error *err);
/* Conditions and ranges over bytes; takes r->bytes. */
int object_serve(struct object_call *c, struct reading *r, struct cairn_error *err);

/* --- manifest.c: lists of segments as clients write them */
#define MANIFEST_VALUES_MAX 100000      /* in the JSON of one */
#define MANIFEST_FAULTS_MAX 1000        /* told at once */
/* A list of objects: "data" alone (base64, as it is kept), or "path", "etag", "size_bytes" (integer), "range" ("M-N", "M-", "-N"); the last three only where
 * they say something.  'own': "container/object" of the manifest.  0 and 'faults' has lines: the manifest is refused with them. */
int manifest_parse(const char *body, size_t len, const char *own, json_t **ret, struct str *faults, struct cairn_error *err);
/* The part of 'size' bytes that the range names.  -1: none. */
int manifest_range(const char *range, int64_t size, int64_t *ret_from, int64_t *ret_len);
unsigned char *manifest_data(const char *base64, size_t *ret_len);      /* malloc'd; NULL: it is none */

/* --- report.c: what a request of many parts answers with */
struct report_line { const char *name, *value; int is_number; };
/* 'failed': [name, status] each; NULL: none.  'root': XML's element. */
void report_write(struct str *out, int format, const char *root, const struct report_line *lines, size_t count, const json_t *failed);
const char *report_type(int format);

/* --- deletes.c: many deletes by one request, and what such requests answer with */
#define REPORT_PATH_MAX (OBJECT_NAME_MAX + OBJECT_CONTAINER_NAME_MAX + 2)
#define DELETES_FAILED_MAX 1000
struct bulk_report {
    const char *root;                   /* "delete": the element of the XML */
    struct { const char *name; int64_t n; } counts[2];
    int status;                         /* of all together; begins as the good one */
    int is_stopped;                     /* the rest is not tried */
    char body[200];                     /* says why */
    json_t *failed;                     /* [path, status] each; NULL: none */
};
enum { REPORT_DELETED, REPORT_NOT_FOUND };
#define REPORT_OF_DELETES { .root = "delete", .counts = { { "Number Deleted", 0 }, { "Number Not Found", 0 } }, .status = 200 }
void report_fail(struct bulk_report *r, const char *path, int status);
void report_fail_with(struct bulk_report *r, const char *path, int status, const char *why);
void report_note(struct bulk_report *r, const char *path, int status);  /* what one delete came to */
void report_stop(struct bulk_report *r, int status, const char *why);
void report_reply(struct object_call *c, struct bulk_report *r);
void report_free(struct bulk_report *r);
/* Objects ("container/name", as plain text), then containers, of c->account, each as its DELETE by the caller would. */
void deletes_run(struct object_call *c, char *const *paths, size_t count, struct bulk_report *r);

/* --- slo_delete.c */
#define SLO_WALK_DELETE_DEPTH_MAX 100
int slo_delete(struct object_call *c, struct cairn_error *err);

/* --- slo.c: static large objects.  The row's blob is the manifest: a list of "data", or "name", "bytes", "hash", "content_type", "last_modified" and, where
 * they are so, "range" ("M-N") and "sub_slo"; its 'sys' has slo_etag and slo_size, of the whole. */
#define SLO_SEGMENTS_MAX 1000           /* as the filter tells, unless it tells otherwise */
#define SLO_MANIFEST_MAX (8 << 20)
#define SLO_DEPTH_MAX 10                /* manifests in manifests */
#define SLO_WALK_SEGMENTS_MAX 10000     /* of all manifests that one reader goes through */
#define SLO_WALK_BYTES_MAX (32 << 20)
struct slo_walk { int depth; int64_t segments, bytes; };
int slo_put(struct object_call *c, struct cairn_error *err);
int slo_assemble(struct object_call *c, struct tx *tx, struct reading *r, struct cairn_error *err);
/* The manifest itself, as kept or (?format=raw) as a client would write it. */
int slo_raw(struct object_call *c, struct reading *r, struct cairn_error *err);
int slo_manifest(const struct object_service *s, const struct object *o, json_t **ret, struct cairn_error *err);
/* A copy of the manifest, whose segments must be in c->account, too: replies.  'o' has what describes it. */
int slo_copy(struct object_call *c, const struct reading *from, struct object *o, struct cairn_error *err);

/* --- large.c */
void large_etag(EVP_MD_CTX *md5, char buf[35]);         /* what it comes to, in quotes */
int dlo_assemble(struct object_call *c, struct tx *tx, struct reading *r, struct cairn_error *err);

/* --- versions.c */
int versions_enabled(const struct container *k);        /* object versioning: 1 on, 0 suspended, -1 never */
int versions_put(struct object_call *c, struct cairn_error *err);       /* PUT ?version-id=: makes it the latest */
int versions_delete(struct object_call *c, struct cairn_error *err);
/* c->object's version of that id, which 'ret' was.  1 deleted, 0 not there. */
int versions_remove(struct object_call *c, struct tx *tx, const struct container *k, const char *id, struct object *ret, struct cairn_error *err);
int versions_keep_old(struct object_call *c, struct tx *tx, const struct container *k, struct object *old, struct cairn_error *err);
/* 1 deleted (or an older version is back), 0: it was not there. */
int versions_on_delete(struct object_call *c, struct tx *tx, const struct container *k, struct object *old, struct cairn_error *err);
int versions_check_headers(struct object_call *c, struct tx *tx, const struct container *k, json_t *meta, struct cairn_error *err);
void versions_id_text(const struct object *o, char buf[32]);

/* --- form.c */
int form_post(struct object_call *c, struct cairn_error *err);
/* app.c: lines "SCOPE KEY" of who may sign for what is in the container: "account", "container".  404: there is no account. */
int object_temp_url_keys(const struct object_service *s, const char *account, const char *container, char **ret, struct cairn_error *err);

/* --- info.c */
int info_get(struct object_call *c, struct cairn_error *err);
const char *endpoints_path(const struct object_call *c);        /* below /endpoints; NULL: another path, or the list is off */
int endpoints_get(struct object_call *c, struct cairn_error *err);

/* --- web.c */
int web_applies(const struct cairn_request *req);       /* 1: the reader is one who sees containers as sites */
int web_container(struct object_call *c, struct cairn_error *err);
int web_object(struct object_call *c, struct cairn_error *err);

/* --- symlink.c */
#define SYMLINKS_MAX 2                  /* that are followed one behind the other */
int symlink_from_request(struct object_call *c, struct tx *tx, struct object *o, struct cairn_error *err);
void symlink_reply(struct object_call *c, const struct object *o);
int symlink_target(const struct object *o, const char *own_account, char **ret_account, char **ret_container, char **ret_object);


extern const struct object_route object_routes[];
#endif
