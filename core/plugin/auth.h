/* auth.h: the one door to plugins that know users: a wrapper for each operation of <cairn/auth.h>, where its contract stands.  As network.h of this
 * folder otherwise. */
#ifndef PLUGIN_AUTH_H
#define PLUGIN_AUTH_H
#include <cairn/auth.h>
#include "plugin/plugin.h"

int auth_user_get(struct driver *d, const char *id, struct cairn_auth_user *ret, struct cairn_error *err);
int auth_user_find(struct driver *d, const char *name, struct cairn_auth_user *ret, struct cairn_error *err);
/* An empty secret is refused without asking: directories take it for a visitor's. */
int auth_authenticate(struct driver *d, const char *id, const char *secret, struct cairn_error *err);
int auth_user_list(struct driver *d, struct cairn_sink *sink, struct cairn_error *err);
int auth_group_list(struct driver *d, struct cairn_sink *sink, struct cairn_error *err);
int auth_user_groups(struct driver *d, const char *user_id, struct cairn_sink *sink, struct cairn_error *err);
int auth_group_users(struct driver *d, const char *group_id, struct cairn_sink *sink, struct cairn_error *err);
#endif
