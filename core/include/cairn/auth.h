/* cairn/auth.h: plugins that know users from elsewhere: a directory, a company's own database.
 *
 * An instance [auth:DOMAIN] serves the identity domain of that name: its users and groups are the plugin's, read only.  The daemon copies them into its
 * catalog now and then and at each login, so that no request but a login ever waits for a plugin; it gives them stable ids of its own, derived
 * from the domain and the plugin's ids.  Passwords are never copied: authenticate() is asked each time.
 *
 * A plugin's id names one user (or group) for ever, and is not the daemon's id.  Strings that the daemon passes come from clients: treat them as
 * data, whatever characters they hold.
 *
 * When in doubt, deny: what cannot be understood as "enabled" is disabled; two users of one name are none.
 *
 * Changes: first version in ABI 1. */
#ifndef CAIRN_AUTH_H
#define CAIRN_AUTH_H

#include <cairn/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CAIRN_AUTH_TEXT 256

struct cairn_auth_user {
    uint32_t size;
    uint32_t enabled;                   /* 1: may log in */
    char id[CAIRN_AUTH_TEXT];
    char name[CAIRN_AUTH_TEXT];         /* what the user logs in with */
    char email[CAIRN_AUTH_TEXT];        /* "": none */
    char description[1024];
};

struct cairn_auth_group {
    uint32_t size;
    uint32_t reserved;
    char id[CAIRN_AUTH_TEXT];
    char name[CAIRN_AUTH_TEXT];
    char description[1024];
};

/* Every operation: any thread; 'op' may be NULL.  Errors: CAIRN_UNAVAILABLE (the directory does not answer: worth a retry), CAIRN_INTERNAL.  No answer
 * may take longer than a login may wait: some seconds. */
struct cairn_auth_driver {
    CAIRN_DRIVER_COMMON;                /* threads: CAIRN_THREADS_PARALLEL unless the back end cannot */
    /* One user, by id or by the name that they log in with.  CAIRN_NOT_FOUND: none, or more than one. */
    int (*user_get)(void *self, struct cairn_op *op, const char *id, struct cairn_auth_user *ret_user, struct cairn_error *err);
    int (*user_find)(void *self, struct cairn_op *op, const char *name, struct cairn_auth_user *ret_user, struct cairn_error *err);
    /* Is 'secret' (never empty) the user's?  CAIRN_DENIED: no. */
    int (*authenticate)(void *self, struct cairn_op *op, const char *id, const char *secret, struct cairn_error *err);
    /* Every user, every group: emits struct cairn_auth_user, struct cairn_auth_group.  NULL: users are known one by one, as they log in. */
    int (*user_list)(void *self, struct cairn_op *op, struct cairn_sink *sink, struct cairn_error *err);
    int (*group_list)(void *self, struct cairn_op *op, struct cairn_sink *sink, struct cairn_error *err);
    /* The groups that a user is in: emits struct cairn_auth_group.  NULL: none. */
    int (*user_groups)(void *self, struct cairn_op *op, const char *user_id, struct cairn_sink *sink, struct cairn_error *err);
    /* The users that are in a group: emits struct cairn_auth_user, of which only 'id' counts.  Goes with group_list. */
    int (*group_users)(void *self, struct cairn_op *op, const char *group_id, struct cairn_sink *sink, struct cairn_error *err);
};

#ifdef __cplusplus
}
#endif
#endif
