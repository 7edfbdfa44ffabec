/* image.h: the flow that imports images, and what it shares with the image service. */
#ifndef FLOW_IMAGE_H
#define FLOW_IMAGE_H
#include "base/config.h"
#include "base/json.h"
#include "catalog/catalog.h"

/* The properties os_glance_importing_to_stores and os_glance_failed_import, from arrays of names; NULL: none. */
int image_set_stores(struct tx *tx, const char *image_id, const json_t *importing, const json_t *failed, struct cairn_error *err);
void image_flows_register(void);

/* May this be fetched, as far as its text tells?  CAIRN_INVALID says why not; NULL is refused, too. */
int image_uri_check(const struct config *config, const char *uri, struct cairn_error *err);
char *image_fetch_program(void);        /* path of cairn-fetch; free() it */
/* Fetches it by cairn-fetch, as [image] of the configuration allows, and hands the bytes to write() piece by piece; stops when write() fails or
 * 'cancelled' (asked at each piece) answers 1.  CAIRN_INVALID: it cannot be had, with the reason. */
int image_fetch(const struct config *config, const char *uri, int (*write)(void *arg, const void *bytes, size_t len, struct cairn_error *err),
                int (*cancelled)(void *arg), void *arg, struct cairn_error *err);
#endif
