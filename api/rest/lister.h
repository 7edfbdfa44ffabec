/* lister.h: rows of a resource as JSON text, a batch at a time; used by lists (streamed) and for single objects. */
#ifndef REST_LISTER_H
#define REST_LISTER_H
#include "rest/engine.h"

struct span { size_t at, len; };
struct item {
    char *id;
    struct span text;                           /* in lister.rows_text: "{...", not closed */
    int comma;                                  /* something stands in the object already */
    struct span children[REST_CHILDREN_MAX];    /* in lister.children_text: "\"name\":[...]" */
};
struct lister {
    struct rest_call *call;
    struct shape shape;
    struct list_query query;
    struct rows *rows;
    const char *key;                            /* "servers" */
    int64_t emitted;
    int more;                                   /* rows are left behind the page's end */
    int finished, any;
    int loose;                                  /* holds no transaction between batches */
    int64_t held_since_ms;                      /* when it took the one that it holds */
    char *first_id, *last_id;
    struct item items[REST_BATCH];
    size_t count;
    struct str rows_text, children_text;
};
void lister_free(struct lister *l);
/* Appends the next batch, elements separated by commas; l->finished when that was all. */
int lister_batch(struct lister *l, struct str *out, struct cairn_error *err);
#endif
