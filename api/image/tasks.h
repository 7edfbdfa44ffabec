/* tasks.h: the tasks that clients of the image service see: one for each import. */
#ifndef IMAGE_TASKS_H
#define IMAGE_TASKS_H
#include "image/private.h"

extern const struct rest_attr image_task_attrs[];       /* how a task looks: for the schema, too */
extern const struct rest_resource image_tasks_resource;
extern const struct rest_route image_task_routes[];

/* Starts the import of an image in the caller's transaction: the row that clients see and the flow that does it.  'type' is "api_image_import" or
 * "import", 'input' what the client asked (borrowed), 'stores' the names of target stores, 'uri' may be NULL, as may
 * 'sha512', which the bytes must have. */
struct image_import { const char *type, *image_id, *method, *uri, *sha512; const json_t *input, *stores; int all_must_succeed; };
int image_import_start(struct rest_call *call, const struct image_import *import, char ret_task[ID_UUID], struct cairn_error *err);
/* What an import needs to be true of the image, which is call->object. */
int image_import_check(struct rest_call *call, const char *method, struct cairn_error *err);
#endif
