/* object_sync.h: container sync: realms that clouds share, signatures of one cloud's requests to another, and the queue of what is to be pushed. */
#ifndef FLOW_OBJECT_SYNC_H
#define FLOW_OBJECT_SYNC_H
#include <jansson.h>
#include "base/config.h"
#include "catalog/catalog.h"
#include "plugin/plugin.h"

#define OBJECT_SYNC_SIG 41              /* bytes of a signature in hex */

/* Where a container is pushed to: "//REALM/CLUSTER/ACCOUNT/CONTAINER". */
struct object_sync_target { char *realm, *cluster, *account, *container, *endpoint, *key, *key2; };     /* key2 NULL: there is none */
void object_sync_target_clear(struct object_sync_target *t);
/* Reads [object] sync_realms.  CAIRN_INVALID says what is wrong with it. */
int object_sync_target_parse(const struct config *config, const char *text, struct object_sync_target *ret, struct cairn_error *err);
/* {"REALM": {"clusters": {"NAME": {}}}}: what clients may know.  NULL: there is no file, or it cannot be read. */
json_t *object_sync_realms(const struct config *config);
void object_sync_sign(const char *key, const char *method, const char *path, const char *timestamp, const char *nonce, const char *user_key,
                      char ret[OBJECT_SYNC_SIG]);
/* 1: the signature is that of one of the realm's keys and the container's. */
int object_sync_verify(const struct config *config, const char *auth, const char *method, const char *path, const char *timestamp, const char *user_key);

/* In the caller's transaction, by the id of a row in objects: its name is to be pushed, if its container is. */
int object_sync_note(struct tx *tx, int64_t object_id, struct cairn_error *err);
/* The container is pushed from now on, with all that is in it; or no more. */
int object_sync_set(struct tx *tx, int64_t container_id, int on, struct cairn_error *err);
/* One round of what is due.  Not twice at once. */
int object_sync_push(struct catalog *catalog, struct plugins *plugins, const struct config *config, struct cairn_error *err);
#endif
