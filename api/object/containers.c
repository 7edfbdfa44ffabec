/* containers.c: containers: their policy, their headers, their end. */
#include "config.h"
#include "object/private.h"
#include "flow/object_sync.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

/* --- storage policies */

const struct object_policy *
policy_of(const struct object_service *s, const char *name)
{
    if (name == NULL)
        return &s->policies[0];
    for (unsigned i = 0; i < s->policies_count; i++)
        if (strcasecmp(s->policies[i].name, name) == 0)
            return &s->policies[i];
    return NULL;
}

static int
first_blobs(void *arg, struct driver *d)
{
    struct driver **ret = arg;

    if ((driver_capabilities(d) & CAIRN_STORAGE_CAN_BLOBS) == 0)
        return 0;
    *ret = driver_ref(d);
    return 1;
}

int
policy_open(const struct object_service *s, const char *name, struct driver **ret, struct cairn_error *err)
{
    const struct object_policy *p = policy_of(s, name);
    struct driver *d = NULL;

    if (p == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "storage policy '%s' is not configured any more", name);
    if (p->store != NULL)
        d = plugins_get(s->env.plugins, CAIRN_STORAGE, p->store);
    else
        plugins_each(s->env.plugins, CAIRN_STORAGE, first_blobs, &d);
    if (d == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "storage policy '%s': there is no storage instance '%s' for blobs", p->name, p->store != NULL ? p->store : "of any name");
    *ret = d;
    return 0;
}

/* --- reading */

/* As it was given: percent-encoded. */
static void
location_header(struct object_call *c, const json_t *meta, const char *header, const char *key)
{
    CLEANUP_STR struct str quoted = STR_INIT;

    if (json_str(meta, key) != NULL)
        http_reply_header(c->req, header, object_quote(json_str(meta, key), &quoted));
}

static void
container_headers(struct object_call *c, const struct container *k)
{
    object_header(c, "X-Container-Object-Count", "%" PRId64, k->count);
    object_header(c, "X-Container-Bytes-Used", "%" PRId64, k->bytes);
    object_timestamp_header(c, "X-Timestamp", k->created_us);
    object_timestamp_header(c, "X-Put-Timestamp", k->created_us);
    object_last_modified(c, k->updated_us);
    http_reply_header(c->req, "X-Storage-Policy", k->policy);
    http_reply_header(c->req, "Accept-Ranges", "bytes");
    meta_reply(c, k->meta, c->is_owner);
    location_header(c, k->meta, "X-Versions-Location", "x-versions-location");
    location_header(c, k->meta, "X-History-Location", "x-history-location");
    if (versions_enabled(k) >= 0)
        http_reply_header(c->req, "X-Versions-Enabled", versions_enabled(k) ? "True" : "False");
}

int
container_get(struct object_call *c, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_CONTAINER struct container k = { 0 };
    struct listing l;
    int found, versions;

    if (tx_begin(c->service->env.catalog, TX_READ, &tx, err) < 0 || (found = container_find(tx, c->account, c->container, &k, err)) < 0)
        return -1;
    if (!found) {
        access_judge(c, tx);
        return access_reader(c, err) < 0 ? -1 : object_fail(err, 404, "%s", "");
    }
    versions = object_has(c, "object_versioning") && http_query(c->req, "versions") != NULL && !c->is_head;
    if (access_listing(c, tx, &k, err) < 0 || (versions && access_owner(c, err) < 0) || listing_parse(c, OBJECT_LISTING_MAX, versions, &l, err) < 0)
        return -1;
    container_headers(c, &k);
    if (!c->is_head)
        return listing_container(c, tx, &k, &l, err);
    object_reply_empty(c, 204);
    return 0;
}

/* --- headers that are set */

static int
set_acls(struct object_call *c, json_t *meta, struct cairn_error *err)
{
    static const struct { const char *header, *removal, *key; } lists[] = {
        { "X-Container-Read", "X-Remove-Container-Read", "x-container-read" }, { "X-Container-Write", "X-Remove-Container-Write", "x-container-write" } };

    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        CLEANUP_STR struct str clean = STR_INIT;
        const char *value = http_header(c->req, lists[i].header);

        if (value != NULL && acl_clean(value, i == 1, &clean, err) < 0)
            return -1;
        if (value != NULL && clean.len > 0)
            json_object_set_new(meta, lists[i].key, json_string(clean.text));
        else if (value != NULL || http_header(c->req, lists[i].removal) != NULL)
            json_object_del(meta, lists[i].key);
    }
    return 0;
}

static void
set_plain(struct object_call *c, json_t *meta, const char *header, const char *removal, const char *key)
{
    const char *value = http_header(c->req, header);

    if (value != NULL && *value != '\0')
        json_object_set_new(meta, key, json_string(value));
    else if (value != NULL || http_header(c->req, removal) != NULL)
        json_object_del(meta, key);
}

/* Where it is pushed to, and the key that both sides share.  With another target all that is in it is pushed. */
static int
set_sync(struct object_call *c, struct tx *tx, const struct container *k, json_t *meta, struct cairn_error *err)
{
    CLEANUP_FREE char *before = json_str(meta, "x-container-sync-to") != NULL ? xstrdup(json_str(meta, "x-container-sync-to")) : NULL;
    CLEANUP(object_sync_target_clear) struct object_sync_target to = { 0 };
    struct cairn_error why = CAIRN_ERROR_INIT;
    const char *now;

    set_plain(c, meta, "X-Container-Sync-To", "X-Remove-Container-Sync-To", "x-container-sync-to");
    set_plain(c, meta, "X-Container-Sync-Key", "X-Remove-Container-Sync-Key", "x-container-sync-key");
    now = json_str(meta, "x-container-sync-to");
    if (str_eq(before, now))
        return 0;
    if (now != NULL && object_sync_target_parse(c->service->env.config, now, &to, &why) < 0)
        return object_fail(err, 400, "%s", why.message);
    return object_sync_set(tx, k->id, now != NULL, err);
}

static int
check_quota(const json_t *meta, const char *name, struct cairn_error *err)
{
    const char *value = json_str(meta, name);
    int64_t n;

    if (value == NULL || str_to_int(value, 0, INT64_MAX, &n) == 0)
        return 0;
    return object_fail(err, 400, "%s: not a number", name);
}

static int
set_headers(struct object_call *c, struct tx *tx, const struct container *k, json_t *meta, struct cairn_error *err)
{
    if (meta_merge(c, "container", meta, err) < 0 || set_acls(c, meta, err) < 0)
        return -1;
    if (object_has(c, "container_sync") && set_sync(c, tx, k, meta, err) < 0)
        return -1;
    if (object_has(c, "container_quotas") &&
        (check_quota(meta, "x-container-meta-quota-bytes", err) < 0 || check_quota(meta, "x-container-meta-quota-count", err) < 0))
        return -1;
    return versions_check_headers(c, tx, k, meta, err);
}

static int
save_meta(struct tx *tx, const struct container *k, struct cairn_error *err)
{
    CLEANUP_FREE char *text = json_text(k->meta);

    return tx_exec(tx, err, "update object_containers set meta = ?, updated_us = ? where id = ?", "sii", text, object_now_us(), k->id);
}

/* --- making */

static int
check_name(const char *name, struct cairn_error *err)
{
    if (strlen(name) > OBJECT_CONTAINER_NAME_MAX)
        return object_fail(err, 400, "Container name length of %zu longer than %d", strlen(name), OBJECT_CONTAINER_NAME_MAX);
    return 0;
}

int
container_make(struct object_call *c, struct tx *tx, const char *name, const char *policy, struct container *ret, struct cairn_error *err)
{
    CLEANUP_ACCOUNT struct account a = { 0 };
    const struct object_policy *p = policy_of(c->service, policy);
    int found;

    if (check_name(name, err) < 0)
        return -1;
    if (p == NULL)
        return object_fail(err, 400, "Invalid X-Storage-Policy '%.80s'", policy);
    if ((found = container_find(tx, c->account, name, ret, err)) < 0)
        return -1;
    if (found && policy != NULL && strcasecmp(ret->policy, p->name) != 0)
        return object_fail(err, 409, "The container has the storage policy '%s'; it cannot be changed.", ret->policy);
    if (found)
        return 0;
    if (account_ensure(tx, c->account, &a, err) < 0)
        return -1;
    container_clear(ret);
    *ret = (struct container){ .id = object_id(), .account_id = a.id, .account = xstrdup(c->account), .name = xstrdup(name), .policy = xstrdup(p->name),
                               .meta = json_object(), .created_us = object_now_us() };
    ret->updated_us = ret->created_us;
    return tx_exec(tx, err, "insert into object_containers (id, account_id, name, policy, created_us, updated_us) values (?, ?, ?, ?, ?, ?)", "iissii", ret->id,
                   a.id, name, ret->policy, ret->created_us, ret->updated_us) < 0 ? -1 : 1;
}

int
container_put(struct object_call *c, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_CONTAINER struct container k = { 0 };
    const char *policy = http_header(c->req, "X-Storage-Policy");
    int made;

    if (tx_begin(c->service->env.catalog, TX_WRITE, &tx, err) < 0)
        return -1;
    access_judge(c, tx);
    if (access_owner(c, err) < 0 || (made = container_make(c, tx, c->container, policy != NULL && *policy != '\0' ? policy : NULL, &k, err)) < 0 ||
        set_headers(c, tx, &k, k.meta, err) < 0 || save_meta(tx, &k, err) < 0 || tx_commit(steal(&tx), err) < 0)
        return -1;
    http_reply_header(c->req, "X-Storage-Policy", k.policy);
    object_reply_empty(c, made ? 201 : 202);
    return 0;
}

int
container_post(struct object_call *c, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_CONTAINER struct container k = { 0 };
    int found;

    if (tx_begin(c->service->env.catalog, TX_WRITE, &tx, err) < 0)
        return -1;
    access_judge(c, tx);
    if (access_owner(c, err) < 0 || (found = container_find(tx, c->account, c->container, &k, err)) < 0)
        return -1;
    if (!found)
        return object_fail(err, 404, "%s", "");
    if (set_headers(c, tx, &k, k.meta, err) < 0 || save_meta(tx, &k, err) < 0 || tx_commit(steal(&tx), err) < 0)
        return -1;
    object_reply_empty(c, 204);
    return 0;
}

int
container_remove(struct tx *tx, const char *account, const char *name, struct cairn_error *err)
{
    CLEANUP_CONTAINER struct container k = { 0 };
    int64_t there;
    int found = container_find(tx, account, name, &k, err);

    if (found <= 0)
        return found;
    /* Old versions are content too. */
    if (tx_int(tx, &there, 0, err, "select count(*) from (select 1 from objects where container_id = ? limit 1) x", "i", k.id) < 0)
        return -1;
    if (there > 0)
        return object_fail(err, 409, "%s", "");
    return tx_exec(tx, err, "delete from object_containers where id = ?", "i", k.id) < 0 ? -1 : 1;
}

int
container_delete(struct object_call *c, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    int found;

    if (tx_begin(c->service->env.catalog, TX_WRITE, &tx, err) < 0)
        return -1;
    access_judge(c, tx);
    if (access_owner(c, err) < 0 || (found = container_remove(tx, c->account, c->container, err)) < 0)
        return -1;
    if (!found)
        return object_fail(err, 404, "%s", "");
    if (tx_commit(steal(&tx), err) < 0)
        return -1;
    object_reply_empty(c, 204);
    return 0;
}

int
container_for_write(struct object_call *c, struct tx *tx, const char *account, const char *name, struct container *ret, struct cairn_error *err)
{
    int found = container_find(tx, account, name, ret, err);

    if (found < 0)
        return -1;
    if (!found) {                       /* a stranger does not learn which containers there are */
        access_judge(c, tx);
        return access_owner(c, err) < 0 ? -1 : object_fail(err, 404, "%s", "");
    }
    return access_objects(c, tx, ret, MAY_WRITE, err);
}
