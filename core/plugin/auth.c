/* auth.c: the wrappers of the operations of plugins that know users. */
#include <config.h>
#include "plugin/auth.h"

#include "base/str.h"
#include "plugin/internal.h"

#define OP(d, operation) ((const struct cairn_auth_driver *)(const void *)(d)->module->table)->operation
#define BEGIN(operation)                                                                                \
    struct call call;                                                                                   \
    int rc;                                                                                             \
    if (call_begin(&call, d, OP_auth_##operation, NULL, NULL, 0, err) < 0)                              \
        return -1
#define LIST_BY(operation, type, ok, ...)                                                               \
    struct list list;                                                                                   \
    BEGIN(operation);                                                                                   \
    list_begin(&list, sink, sizeof(struct type), ok);                                                   \
    rc = OP(d, operation)(d->self, &call.op, __VA_ARGS__);                                              \
    list_end(&list, &call, &rc);                                                                        \
    return call_end(&call, rc, err)
#define LIST(operation, type, ok) LIST_BY(operation, type, ok, &list.sink, &call.err)
#define LIST_OF(operation, type, ok, id) LIST_BY(operation, type, ok, id, &list.sink, &call.err)
#define USER(operation, key)                                                                            \
    struct cairn_auth_user user = { .size = sizeof user };                                              \
    BEGIN(operation);                                                                                   \
    rc = OP(d, operation)(d->self, &call.op, key, &user, &call.err);                                    \
    if (rc == 0 && !user_ok(&user))                                                                     \
        call_rubbish(&call, &rc, "a user whose text is missing, not printable or does not end");        \
    if (call_end(&call, rc, err) < 0)                                                                   \
        return -1;                                                                                      \
    *ret = user;                                                                                        \
    return 0

static int
utf8_ok(const char *text, size_t size, int empty)
{
    return text_ok(text, size, empty) && str_is_utf8(text, strlen(text));
}

static int
user_ok(const void *item)
{
    const struct cairn_auth_user *u = item;

    return utf8_ok(u->id, sizeof u->id, 0) && utf8_ok(u->name, sizeof u->name, 0) && utf8_ok(u->email, sizeof u->email, 1)
           && utf8_ok(u->description, sizeof u->description, 1);
}

static int
member_ok(const void *item)
{
    const struct cairn_auth_user *u = item;

    return utf8_ok(u->id, sizeof u->id, 0);
}

static int
group_ok(const void *item)
{
    const struct cairn_auth_group *g = item;

    return utf8_ok(g->id, sizeof g->id, 0) && utf8_ok(g->name, sizeof g->name, 0) && utf8_ok(g->description, sizeof g->description, 1);
}

int
auth_user_get(struct driver *d, const char *id, struct cairn_auth_user *ret, struct cairn_error *err)
{
    USER(user_get, id);
}

int
auth_user_find(struct driver *d, const char *name, struct cairn_auth_user *ret, struct cairn_error *err)
{
    USER(user_find, name);
}

int
auth_authenticate(struct driver *d, const char *id, const char *secret, struct cairn_error *err)
{
    if (secret[0] == '\0')
        return cairn_fail(err, CAIRN_DENIED, "an empty password opens nothing");
    BEGIN(authenticate);
    rc = OP(d, authenticate)(d->self, &call.op, id, secret, &call.err);
    return call_end(&call, rc, err);
}

int
auth_user_list(struct driver *d, struct cairn_sink *sink, struct cairn_error *err)
{
    LIST(user_list, cairn_auth_user, user_ok);
}

int
auth_group_list(struct driver *d, struct cairn_sink *sink, struct cairn_error *err)
{
    LIST(group_list, cairn_auth_group, group_ok);
}

int
auth_user_groups(struct driver *d, const char *user_id, struct cairn_sink *sink, struct cairn_error *err)
{
    LIST_OF(user_groups, cairn_auth_group, group_ok, user_id);
}

int
auth_group_users(struct driver *d, const char *group_id, struct cairn_sink *sink, struct cairn_error *err)
{
    LIST_OF(group_users, cairn_auth_user, member_ok, group_id);
}
