/* list.h: a list on its way out; between list.c and app.c. */
#ifndef REST_LIST_H
#define REST_LIST_H
#include "rest/lister.h"

/* Set by rest_list() when the list is longer than a batch: app.c hands the call over to it and replies by pulling. */
struct lister *list_pending(struct call *c);
void list_stream(struct call *c);       /* takes the call */
#endif
