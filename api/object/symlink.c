/* symlink.c: objects that point to others: X-Symlink-Target, and X-Symlink-Target-Etag that holds them to one content. */
#include "config.h"
#include "object/private.h"

#include <inttypes.h>
#include <string.h>

int
symlink_target(const struct object *o, const char *own_account, char **ret_account, char **ret_container, char **ret_object)
{
    const char *account = json_str(o->sys, "symlink_account"), *path = json_str(o->sys, "symlink_target");
    CLEANUP_FREE char *plain = path != NULL ? object_unquote(path) : NULL;
    char *slash = plain != NULL ? strchr(plain, '/') : NULL;

    if (slash == NULL)
        return -1;
    *ret_account = xstrdup(account != NULL ? account : own_account);
    *ret_container = xstrndup(plain, (size_t)(slash - plain));
    *ret_object = xstrdup(slash + 1);
    return 0;
}

/* A static link is made to something that is there, and is that. */
static int
check_static(struct object_call *c, struct tx *tx, struct object *o, const char *etag, struct cairn_error *err)
{
    CLEANUP_FREE char *account = NULL, *container = NULL, *name = NULL;
    CLEANUP_CONTAINER struct container k = { 0 };
    CLEANUP_OBJECT struct object there = { 0 };
    size_t skip = *etag == '"';
    char plain[40];
    int found;

    snprintf(plain, sizeof plain, "%.*s", (int)(strlen(etag) >= 2 * skip ? strlen(etag) - 2 * skip : 0), etag + skip);
    if (symlink_target(o, c->account, &account, &container, &name) < 0)
        return object_fail(err, 412, "X-Symlink-Target header must be of the form <container name>/<object name>");
    if ((found = container_find(tx, account, container, &k, err)) < 0 || (found && access_objects(c, tx, &k, MAY_READ, err) < 0) ||
        (found && (found = object_find(tx, k.id, name, NULL, &there, err)) < 0))
        return -1;
    /* A link to a link that is held to a content is held to that, too; another link may change: it is what it is now. */
    for (int depth = 0; found && there.kind == OBJECT_SYMLINK && json_str(there.sys, "symlink_etag") != NULL && depth < SYMLINKS_MAX; depth++) {
        CLEANUP_OBJECT struct object link = there;

        there = (struct object){ 0 };
        free(account);
        free(container);
        free(name);
        account = container = name = NULL;
        if (symlink_target(&link, c->account, &account, &container, &name) < 0)
            return object_fail(err, 409, "X-Symlink-Target does not exist");
        container_clear(&k);
        if ((found = container_find(tx, account, container, &k, err)) < 0 || (found && access_objects(c, tx, &k, MAY_READ, err) < 0) ||
            (found && (found = object_find(tx, k.id, name, NULL, &there, err)) < 0))
            return -1;
    }
    if (!found)
        return object_fail(err, 409, "X-Symlink-Target does not exist");
    if (strcmp(plain, there.etag) != 0)      /* of a static large object: its manifest's */
        return object_fail(err, 409, "Object Etag '%s' does not match X-Symlink-Target-Etag header '%s'", there.etag, plain);
    if (http_header(c->req, "Content-Type") == NULL && there.type != NULL) {        /* lists show the link as what it stands for */
        free(o->type);
        o->type = xstrdup(there.type);
    }
    json_object_set_new(o->sys, "symlink_etag", json_string(plain));
    if (json_str(there.sys, "slo_etag") != NULL)
        json_object_set(o->sys, "slo_etag", json_object_get(there.sys, "slo_etag"));
    json_object_set_new(o->sys, "symlink_bytes", json_integer(json_int(there.sys, "slo_size", there.size)));
    return 0;
}

int
symlink_from_request(struct object_call *c, struct tx *tx, struct object *o, struct cairn_error *err)
{
    const char *target = http_header(c->req, "X-Symlink-Target"), *account = http_header(c->req, "X-Symlink-Target-Account");
    const char *etag = http_header(c->req, "X-Symlink-Target-Etag");
    CLEANUP_FREE char *plain = NULL;
    CLEANUP_FREE char *own = NULL;
    const char *slash;

    if (target == NULL || !object_has(c, "symlink"))
        return 0;
    plain = object_unquote(target + (*target == '/'));
    slash = plain != NULL ? strchr(plain, '/') : NULL;
    if (slash == NULL || slash == plain || slash[1] == '\0')
        return object_fail(err, 412, "X-Symlink-Target header must be of the form <container name>/<object name>");
    if (account != NULL && (strchr(account, '/') != NULL || !str_starts(account, "AUTH_")))
        return object_fail(err, 412, "X-Symlink-Target-Account is not the name of an account");
    own = xasprintf("%s/%s", c->container, c->object);
    if (strcmp(own, plain) == 0 && (account == NULL || strcmp(account, c->account) == 0))
        return object_fail(err, 400, "Symlink cannot target itself");
    o->kind = OBJECT_SYMLINK;
    json_object_set_new(o->sys, "symlink_target", json_string(target + (*target == '/')));
    json_object_set_new(o->sys, "symlink_account", json_string(account != NULL ? account : c->account));
    return etag != NULL && *etag != '\0' ? check_static(c, tx, o, etag, err) : 0;
}

void
symlink_reply(struct object_call *c, const struct object *o)
{
    const char *account = json_str(o->sys, "symlink_account"), *etag = json_str(o->sys, "symlink_etag");

    http_reply_header(c->req, "X-Symlink-Target", json_str(o->sys, "symlink_target"));
    if (account != NULL && strcmp(account, c->account) != 0)
        http_reply_header(c->req, "X-Symlink-Target-Account", account);
    if (etag != NULL) {
        http_reply_header(c->req, "X-Symlink-Target-Etag", etag);
        object_header(c, "X-Symlink-Target-Bytes", "%" PRId64, json_int(o->sys, "symlink_bytes", 0));
    }
}
