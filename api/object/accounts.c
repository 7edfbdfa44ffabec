/* accounts.c: the account: its statistics, its metadata, its end. */
#include "config.h"
#include "object/private.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

struct sums { int64_t containers, objects, bytes; };

static int
account_sums(struct object_call *c, struct tx *tx, int64_t id, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    struct sums all = { 0, 0, 0 };
    int rc;

    if (tx_query(tx, &r, err, "select policy, count(*) as containers, sum(object_count) as objects, sum(bytes_used) as bytes from object_containers"
                 " where account_id = ? group by policy", "i", id) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1) {
        struct sums one = { row_int(r, "containers"), row_int(r, "objects"), row_int(r, "bytes") };
        const struct { const char *what; int64_t value; } told[] = {
            { "Container-Count", one.containers }, { "Object-Count", one.objects }, { "Bytes-Used", one.bytes } };

        for (size_t i = 0; i < ARRAY_LEN(told); i++) {
            CLEANUP_FREE char *name = xasprintf("X-Account-Storage-Policy-%s-%s", row_text(r, "policy"), told[i].what);

            object_header(c, name, "%" PRId64, told[i].value);
        }
        all.containers += one.containers;
        all.objects += one.objects;
        all.bytes += one.bytes;
    }
    object_header(c, "X-Account-Container-Count", "%" PRId64, all.containers);
    object_header(c, "X-Account-Object-Count", "%" PRId64, all.objects);
    object_header(c, "X-Account-Bytes-Used", "%" PRId64, all.bytes);
    return rc;
}

int
account_get(struct object_call *c, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ACCOUNT struct account a = { 0 };
    CLEANUP_FREE char *domain = NULL;
    struct listing l;
    int found;

    if (tx_begin(c->service->env.catalog, TX_READ, &tx, err) < 0)
        return -1;
    access_judge(c, tx);
    if (access_reader(c, err) < 0 || listing_parse(c, OBJECT_LISTING_MAX, 0, &l, err) < 0 || (found = account_find(tx, c->account, &a, err)) < 0)
        return -1;
    if (!found) {                       /* made by its first container; until then it is empty */
        int64_t known;

        if (tx_int(tx, &known, 0, err, "select (select count(*) from projects where id = ?) * (1 - (select count(*) from object_accounts where name = ?))", "ss",
                   c->account + strlen("AUTH_"), c->account) < 0)
            return -1;
        if (!known)
            return object_fail(err, 404, "%s", "");
        a.created_us = object_now_us();
    }
    if (account_sums(c, tx, a.id, err) < 0)
        return -1;
    object_timestamp_header(c, "X-Timestamp", a.created_us);
    object_timestamp_header(c, "X-Put-Timestamp", a.created_us);
    http_reply_header(c->req, "Accept-Ranges", "bytes");
    if (tx_text(tx, &domain, err, "select domain_id from projects where id = ?", "s", c->account + strlen("AUTH_")) < 0)
        return -1;
    if (domain != NULL)
        http_reply_header(c->req, "X-Account-Project-Domain-Id", domain);
    meta_reply(c, a.meta, c->is_owner);
    if (!c->is_head)
        return listing_account(c, tx, a.id, &l, err);
    object_reply_empty(c, 204);
    return 0;
}

/* Quotas are the operator's to set. */
static int
forbid_quota(void *arg, const char *name, const char *value)
{
    int *found = arg;

    (void)value;
    *found |= strncasecmp(name, "X-Account-Meta-Quota-", 21) == 0 || strncasecmp(name, "X-Remove-Account-Meta-Quota-", 28) == 0 ||
              strncasecmp(name, "X-Account-Quota-", 16) == 0 || strncasecmp(name, "X-Remove-Account-Quota-", 23) == 0;
    return *found;
}

static int
check_quota_value(const json_t *meta, const char *name, struct cairn_error *err)
{
    const char *value = json_str(meta, name);
    int64_t n;

    return value != NULL && str_to_int(value, 0, INT64_MAX, &n) < 0 ? object_fail(err, 400, "%s is not a number", name) : 0;
}

/* "X-Account-Quota-Count" and "-Bytes" are the newer names of the same. */
static void
take_quota_alias(struct object_call *c, json_t *meta, const char *alias, const char *removal, const char *name)
{
    const char *value = http_header(c->req, alias);

    if (value != NULL && *value != '\0')
        json_object_set_new(meta, name, json_string(value));
    else if (value != NULL || http_header(c->req, removal) != NULL)
        json_object_del(meta, name);
}

int
account_post(struct object_call *c, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ACCOUNT struct account a = { 0 };
    CLEANUP_FREE char *text = NULL;
    const char *acl = http_header(c->req, "X-Account-Access-Control");
    int quota = 0;

    if (tx_begin(c->service->env.catalog, TX_WRITE, &tx, err) < 0)
        return -1;
    access_judge(c, tx);
    http_header_each(c->req, forbid_quota, &quota);
    if (access_owner(c, err) < 0 || (quota && object_has(c, "account_quotas") && access_reseller(c, err) < 0) || account_ensure(tx, c->account, &a, err) < 0 ||
        meta_merge(c, "account", a.meta, err) < 0)
        return -1;
    take_quota_alias(c, a.meta, "X-Account-Quota-Bytes", "X-Remove-Account-Quota-Bytes", "x-account-meta-quota-bytes");
    take_quota_alias(c, a.meta, "X-Account-Quota-Count", "X-Remove-Account-Quota-Count", "x-account-meta-quota-count");
    if (check_quota_value(a.meta, "x-account-meta-quota-bytes", err) < 0 || check_quota_value(a.meta, "x-account-meta-quota-count", err) < 0)
        return -1;
    if (acl != NULL && *acl != '\0') {
        int names = acl_account_check(acl, err);

        if (names < 0)
            return -1;
        if (names == 0)
            json_object_del(a.meta, "x-account-access-control");
        else
            json_object_set_new(a.meta, "x-account-access-control", json_string(acl));
    } else if (acl != NULL || http_header(c->req, "X-Remove-Account-Access-Control") != NULL) {
        json_object_del(a.meta, "x-account-access-control");
    }
    text = json_text(a.meta);
    if (tx_exec(tx, err, "update object_accounts set meta = ? where id = ?", "si", text, a.id) < 0 || tx_commit(steal(&tx), err) < 0)
        return -1;
    object_reply_empty(c, 204);
    return 0;
}

/* The account is gone at once; what is in it follows in the background. */
int
account_delete(struct object_call *c, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ACCOUNT struct account a = { 0 };
    int found;

    if (http_query(c->req, "bulk-delete") != NULL)      /* a list of objects was meant, never all that there is */
        return object_fail(err, 405, "%s", "");
    if (tx_begin(c->service->env.catalog, TX_WRITE, &tx, err) < 0)
        return -1;
    access_judge(c, tx);
    if (access_reseller(c, err) < 0 || (found = account_find(tx, c->account, &a, err)) < 0)
        return -1;
    if (!found)
        return object_fail(err, 404, "%s", "");
    if (tx_exec(tx, err, "update object_accounts set deleted_us = ? where id = ?", "ii", object_now_us(), a.id) < 0 || tx_commit(steal(&tx), err) < 0)
        return -1;
    object_reply_empty(c, 204);
    return 0;
}
