/* auth_module.c: plugin "acme": what a vendor would write who knows users one by one: three of them, in memory; one is rubbish. */
#include <cairn/auth.h>
#include <stdio.h>
#include <string.h>

static const struct { const char *id, *name, *secret; int enabled; } people[] = {
    { "1", "ann", "annsecret", 1 }, { "2", "bob", "bobsecret", 0 }, { "3", "bad", "badsecret", 1 },
};

static int
take(size_t i, struct cairn_auth_user *ret)
{
    *ret = (struct cairn_auth_user){ .size = sizeof *ret, .enabled = (uint32_t)people[i].enabled };
    snprintf(ret->id, sizeof ret->id, "%s", people[i].id);
    snprintf(ret->name, sizeof ret->name, "%s", people[i].name);
    if (strcmp(people[i].name, "bad") == 0)
        memset(ret->email, 'x', sizeof ret->email);     /* does not end */
    return 0;
}

static int
acme_user_get(void *self, struct cairn_op *op, const char *id, struct cairn_auth_user *ret_user, struct cairn_error *err)
{
    (void)self, (void)op;
    for (size_t i = 0; i < sizeof people / sizeof people[0]; i++) {
        if (strcmp(people[i].id, id) == 0)
            return take(i, ret_user);
    }
    return cairn_fail(err, CAIRN_NOT_FOUND, "no user has the id '%s'", id);
}

static int
acme_user_find(void *self, struct cairn_op *op, const char *name, struct cairn_auth_user *ret_user, struct cairn_error *err)
{
    (void)self, (void)op;
    for (size_t i = 0; i < sizeof people / sizeof people[0]; i++) {
        if (strcmp(people[i].name, name) == 0)
            return take(i, ret_user);
    }
    return cairn_fail(err, CAIRN_NOT_FOUND, "no user is called '%s'", name);
}

static int
acme_authenticate(void *self, struct cairn_op *op, const char *id, const char *secret, struct cairn_error *err)
{
    (void)self, (void)op;
    for (size_t i = 0; i < sizeof people / sizeof people[0]; i++) {
        if (strcmp(people[i].id, id) == 0 && strcmp(people[i].secret, secret) == 0)
            return 0;
    }
    return cairn_fail(err, CAIRN_DENIED, "no");
}

static const struct cairn_auth_driver acme = {
    CAIRN_DRIVER_HEAD(CAIRN_AUTH, "acme", struct cairn_auth_driver),
    .threads      = CAIRN_THREADS_SERIAL,
    .version      = "1",
    .description  = "three users, for tests",
    .user_get     = acme_user_get,
    .user_find    = acme_user_find,
    .authenticate = acme_authenticate,
};
CAIRN_DRIVER_EXPORT(acme)
