/* image.h: the flow that imports images, and what it shares with the image service. */
#ifndef FLOW_IMAGE_H
#define FLOW_IMAGE_H
#include "base/config.h"
#include "base/json.h"
#include "catalog/catalog.h"

/* The properties os_glance_importing_to_stores and os_glance_failed_import, from arrays of names; NULL: none. */
int image_set_stores(struct tx *tx, const char *image_id, const json_t *importing, const json_t *failed, struct cairn_error *err);
void image_flows_register(void);
#endif
