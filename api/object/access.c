/* access.c: who may do what: roles on the project of the account, access lists, temporary URLs. */
#include "config.h"
#include "object/private.h"

#include <string.h>

#include "flow/object_sync.h"

static const char *
target(void *arg, const char *attr)
{
    const struct object_call *c = arg;

    return strcmp(attr, "project_id") == 0 && str_starts(c->account, "AUTH_") ? c->account + strlen("AUTH_") : NULL;
}

static int
allowed(struct object_call *c, const char *rule)
{
    return c->auth != NULL && policy_check(c->service->env.policy, rule, c->auth, target, c);
}

void
access_judge(struct object_call *c, struct tx *tx)
{
    CLEANUP_ACCOUNT struct account a = { 0 };
    struct cairn_error err = CAIRN_ERROR_INIT;
    const char *acl;

    c->is_reseller = allowed(c, "object:reseller");
    c->is_owner = c->is_reseller || allowed(c, "object:operator");
    c->is_reader = c->is_owner || allowed(c, "object:reader");
    if (c->is_owner || c->auth == NULL || account_find(tx, c->account, &a, &err) <= 0)
        return;
    acl = json_str(a.meta, "x-account-access-control");
    c->is_owner = acl_account_allows(acl, c->auth, "admin");
    c->is_reader = c->is_reader || c->is_owner || acl_account_allows(acl, c->auth, "read-only");
}

int
access_refused(struct object_call *c, struct cairn_error *err)
{
    if (c->auth != NULL)
        return object_fail(err, 403, "%s", "");
    object_header(c, "WWW-Authenticate", "Swift realm=\"%s\"", c->account != NULL && strpbrk(c->account, "\"\\\r\n") == NULL ? c->account : "unknown");
    return object_fail(err, 401, "%s", "");
}

int
access_owner(struct object_call *c, struct cairn_error *err)
{
    return c->is_owner ? 0 : access_refused(c, err);
}

int
access_reader(struct object_call *c, struct cairn_error *err)
{
    return c->is_reader ? 0 : access_refused(c, err);
}

int
access_reseller(struct object_call *c, struct cairn_error *err)
{
    return c->is_reseller ? 0 : access_refused(c, err);
}

/* The filter of temporary URLs has checked the signature, and says what its key may open: "account ACCOUNT" or "container ACCOUNT/NAME". */
static int
by_signature(struct object_call *c, const struct container *k)
{
    const char *scope = http_note(c->req, "object.signed_for");
    CLEANUP_FREE char *own = NULL;

    if (scope == NULL)
        return 0;
    if (str_starts(scope, "account "))
        return strcmp(scope + strlen("account "), k->account) == 0;
    own = xasprintf("container %s/%s", k->account, k->name);
    return strcmp(scope, own) == 0;
}

/* The caller's rights over another account than the one of the path. */
static void
judge_for(struct object_call *c, struct tx *tx, const char *account, struct object_call *ret)
{
    *ret = *c;
    ret->account = (char *)(uintptr_t)account;      /* borrowed for the judgement only */
    access_judge(ret, tx);
}

static int
account_level(struct tx *tx, const struct container *k, const struct auth *who, const char *level)
{
    CLEANUP_ACCOUNT struct account a = { 0 };
    struct cairn_error err = CAIRN_ERROR_INIT;

    return who != NULL && account_find(tx, k->account, &a, &err) > 0 && acl_account_allows(json_str(a.meta, "x-account-access-control"), who, level);
}

/* Another cloud of a realm pushes into the container: 1 it may, 0 nobody says so, -1 it may not. */
static int
by_sync(struct object_call *c, const struct container *k, enum access what, struct cairn_error *err)
{
    const char *auth = http_header(c->req, "X-Container-Sync-Auth"), *timestamp = http_header(c->req, "X-Timestamp"), *dot;
    const char *method = http_method(c->req), *path = http_full_path(c->req), *v1 = strstr(path, "/v1/"), *key = json_str(k->meta, "x-container-sync-key");
    int64_t seconds, part;
    char whole[16];

    if (auth == NULL || what != MAY_WRITE || !object_has(c, "container_sync"))
        return 0;
    dot = timestamp != NULL ? strchr(timestamp, '.') : NULL;
    snprintf(whole, sizeof whole, "%.*s", dot != NULL ? (int)(dot - timestamp) : 0, dot != NULL ? timestamp : "");
    if (dot == NULL || strlen(dot + 1) != 5 || str_to_int(whole, 0, INT64_C(9999999999), &seconds) < 0 || str_to_int(dot + 1, 0, 99999, &part) < 0 ||
        (strcmp(method, "PUT") != 0 && strcmp(method, "DELETE") != 0) || strcmp(k->account, c->account) != 0 || !str_eq(k->name, c->container) ||
        (!object_sync_verify(c->service->env.config, auth, method, path, timestamp, key) &&
         (v1 == NULL || !object_sync_verify(c->service->env.config, auth, method, v1, timestamp, key))))
        return object_fail(err, 401, "X-Container-Sync-Auth header not valid; contact cluster operator for support.");
    c->sync_us = seconds * 1000000 + part * 10;
    return 1;
}

static int
judge_container(struct object_call *c, struct tx *tx, const struct container *k, enum access what, int listing, struct cairn_error *err)
{
    CLEANUP_FREE char *domain = NULL;
    struct object_call other;
    const char *acl;
    int synced = by_sync(c, k, what, err);

    if (synced != 0)
        return synced < 0 ? -1 : 0;
    judge_for(c, tx, k->account, &other);
    if (strcmp(k->account, c->account) == 0) {
        c->is_owner = other.is_owner;
        c->is_reseller = other.is_reseller;
        c->is_reader = other.is_reader;
    }
    if (other.is_owner || (what == MAY_READ && other.is_reader) || (!listing && by_signature(c, k)))
        return 0;
    acl = json_str(k->meta, what == MAY_READ ? "x-container-read" : "x-container-write");
    if (acl != NULL && tx_text(tx, &domain, err, "select domain_id from projects where id = ?", "s", k->account + strlen("AUTH_")) < 0)
        return -1;
    if (acl_allows(acl, domain, c->auth, http_header(c->req, "Referer"), listing) ||
        account_level(tx, k, c->auth, what == MAY_READ ? "read-only" : "read-write"))
        return 0;
    return access_refused(c, err);
}

int
access_objects(struct object_call *c, struct tx *tx, const struct container *k, enum access what, struct cairn_error *err)
{
    return judge_container(c, tx, k, what, 0, err);
}

int
access_listing(struct object_call *c, struct tx *tx, const struct container *k, struct cairn_error *err)
{
    return judge_container(c, tx, k, MAY_READ, 1, err);
}

int
access_site(struct object_call *c, struct tx *tx, const struct container *k, struct cairn_error *err)
{
    return by_signature(c, k) ? 0 : judge_container(c, tx, k, MAY_READ, 1, err);
}
