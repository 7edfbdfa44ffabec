/* private.h: what the files of the image service share. */
#ifndef IMAGE_PRIVATE_H
#define IMAGE_PRIVATE_H
#include "image/image.h"

/* --- fields.c: the attributes of an image, as clients may write them and as the schema tells them */
enum field_kind { FIELD_TEXT, FIELD_ENUM, FIELD_INT, FIELD_BOOL, FIELD_UUID, FIELD_TIME, FIELD_TAGS };
enum field_access {
    FIELD_WRITE,        /* at create and later */
    FIELD_CREATE,       /* at create only */
    FIELD_READ_ONLY,
    FIELD_RESERVED,     /* names that the service keeps for itself */
};
struct image_field {
    const char *name;                   /* NULL ends the table */
    const char *column;                 /* of images; NULL: elsewhere */
    enum field_kind kind;
    enum field_access access;
    int nullable;
    int64_t max;                        /* characters, or the number */
    const char *const *choices;         /* FIELD_ENUM; NULL-terminated */
    const char *help;
};
extern const struct image_field image_fields[];
extern const char *const image_visibilities[], *const image_member_statuses[];
const struct image_field *image_field(const char *name);        /* NULL: a custom property */
int image_is_choice(const char *const *choices, const char *text);

/* An image as one JSON object: fields that can be written, "tags", and custom properties beside them. */
json_t *document_new(void);
int document_load(struct rest_call *call, json_t **ret, struct cairn_error *err);       /* of call->object */
/* Checks type, access and the rules that depend on the image's status and on who asks; then sets it. */
int document_set(struct rest_call *call, json_t *doc, const char *name, const json_t *value, struct cairn_error *err);
int document_remove(json_t *doc, const char *name, struct cairn_error *err);
/* Inserts, or updates call->object.  CAIRN_OVER_QUOTA: too many tags or properties. */
int document_insert(struct rest_call *call, const char *id, const json_t *doc, struct cairn_error *err);
int document_update(struct rest_call *call, const char *id, const json_t *doc, struct cairn_error *err);

/* "[image]" of the configuration; -1: none. */
int64_t image_limit(const struct rest_env *env, const char *key);
int image_check_limit(const struct rest_env *env, const char *key, int64_t count, struct cairn_error *err);
int image_touch(struct tx *tx, const char *id, struct cairn_error *err);        /* updated_at */
/* Deletes bytes from a store once the request's transaction has committed; NULLs are nothing.  Moves to the store's lane. */
int image_drop(struct rest_call *call, const char *store, const char *handle, struct cairn_error *err);

/* --- quotas.c: CAIRN_OVER_QUOTA when 'more' of it would be beyond the project's limit; project NULL: nobody's. */
int image_quota(struct rest_call *call, const char *project, const char *name, int64_t more, struct cairn_error *err);

/* --- stores.c */
/* 'name' NULL: the default one.  Put it back by driver_put(). */
int image_store_open(const struct rest_env *env, const char *name, struct driver **ret, struct cairn_error *err);
json_t *image_store_names(const struct rest_env *env);                          /* new array */
void image_store_headers(struct rest_call *call);       /* what a client may do next with a new image */
extern const char *const image_import_methods[];        /* NULL-terminated */

/* filters.c */
int image_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err);

extern const struct rest_route image_routes[], image_file_routes[], image_sharing_routes[], image_discovery_routes[], image_schema_routes[], image_store_routes[],
    image_import_routes[], image_quota_routes[], image_cache_routes[], image_location_routes[];
extern const struct rest_release image_releases[];
extern const struct policy_default image_policies[];
#endif
