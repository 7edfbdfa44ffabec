/* json.h: jansson for documents, and a writer for text that goes straight out. */
#ifndef BASE_JSON_H
#define BASE_JSON_H
#include <jansson.h>
#include <cairn/error.h>
#include "base/str.h"

static inline void cleanup_json(json_t **j) { if (*j != NULL) json_decref(*j); }
#define CLEANUP_JSON CLEANUP(cleanup_json)

/* Parses with bounds: depth 32 at most, duplicate keys refused, NUL in strings refused.  CAIRN_INVALID with line and column. */
int json_parse(const char *text, size_t len, json_t **ret, struct cairn_error *err);
/* Same for text of our own from the catalog; NULL or "" gives an empty object.  Never NULL. */
json_t *json_of_column(const char *text);
char *json_text(const json_t *value);       /* compact, malloc'd */
/* Lookups that never fail: NULL / dflt when absent or of another type. */
const char *json_str(const json_t *object, const char *key);
int64_t json_int(const json_t *object, const char *key, int64_t dflt);
int json_bool(const json_t *object, const char *key, int dflt);

/* The writer appends to a str; commas and escapes are its business.  key NULL inside arrays and at top level. */
struct json_out { struct str *s; int need_comma; };
void jo_init(struct json_out *o, struct str *s);
void jo_object(struct json_out *o, const char *key);        /* { */
void jo_end_object(struct json_out *o);
void jo_array(struct json_out *o, const char *key);
void jo_end_array(struct json_out *o);
void jo_str(struct json_out *o, const char *key, const char *value);    /* NULL writes null */
void jo_int(struct json_out *o, const char *key, int64_t value);
void jo_real(struct json_out *o, const char *key, double value);
void jo_bool(struct json_out *o, const char *key, int value);
void jo_null(struct json_out *o, const char *key);
void jo_raw(struct json_out *o, const char *key, const char *json);     /* JSON text of our own; NULL writes null */
void jo_json(struct json_out *o, const char *key, const json_t *value);
void jo_strf(struct json_out *o, const char *key, const char *fmt, ...) CAIRN_PRINTF(3, 4);
#endif
