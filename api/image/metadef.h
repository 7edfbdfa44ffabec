/* metadef.h: what the files of the metadata definitions share: namespaces with their objects, properties, tags and resource types. */
#ifndef IMAGE_METADEF_H
#define IMAGE_METADEF_H
#include "image/private.h"

#define METADEF_NAME_MAX 80             /* characters of every name here */
#define METADEF_NAMESPACE "/v2/metadefs/namespaces/{namespace_name}"

extern const struct rest_resource metadef_namespaces_resource;  /* rows by namespace: "id" is the name */
/* What clients may say of each thing: checks of bodies, and what the schemas are written from. */
extern const struct rest_attr metadef_namespace_body[], metadef_object_body[], metadef_property_body[], metadef_tag_body[], metadef_association_body[];
/* "self", "schema" and times come back from clients that send what they were shown: refused with 403, as the API says. */
int metadef_read_only(struct rest_call *call, const json_t *value, struct cairn_error *err);
#define METADEF_READ_ONLY(n) { .name = (n), .type = REST_JSON, .flags = REST_CREATE | REST_HIDDEN_NULL, .check = metadef_read_only }

/* --- items.  'kind' is "object", "property" or "tag". */
int metadef_add_item(struct rest_call *call, const char *ns, const char *kind, const json_t *body, struct cairn_error *err);
/* Writes the array or object of all items of a kind, nothing when there are none.  'prefix' (may be NULL) goes before names of properties. */
int metadef_emit_items(struct rest_call *call, const char *ns, const char *kind, const char *prefix, struct cairn_error *err);

/* --- associations */
int metadef_associate(struct rest_call *call, const char *ns, const json_t *body, struct cairn_error *err);
/* '*ret' (malloc'd) NULL: no prefix.  CAIRN_NOT_FOUND: the namespace is not associated with it. */
int metadef_prefix(struct rest_call *call, const char *ns, const char *resource_type, char **ret, struct cairn_error *err);

extern const struct rest_route metadef_namespace_routes[], metadef_item_routes[], metadef_type_routes[];
#endif
