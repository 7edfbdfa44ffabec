/* endpoint_policy.c: the resource "policies" (documents that this service keeps for others), and which endpoints each is for. */
#include "config.h"
#include "identity/resources.h"

static int
links_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)err;
    return links_emit_at(call, out, "/v3/policies", row_text(row, "id"));
}

static const struct rest_attr policy_attrs[] = {
    { .name = "id",    .column = "t.id",      .type = REST_ID,     .flags = REST_READ },
    SAME_ID,
    { .name = "type",  .column = "t.type",    .type = REST_STRING, .flags = REST_WRITE | REST_REQUIRED | REST_FILTER, .max = 255 },
    { .name = "blob",  .column = "t.content", .type = REST_TEXT,   .flags = REST_WRITE | REST_REQUIRED },
    { .name = "extra", .column = "t.extra",   .type = REST_JSON,   .flags = REST_WRITE, .emit = extra_emit },
    { .name = "links", .flags = REST_READ | REST_NO_COLUMN, .type = REST_JSON, .emit = links_emit },
    { .name = NULL }
};

static int
policy_before_create(struct rest_call *call, json_t *body, struct cairn_error *err)
{
    (void)call;
    return extra_fold(policy_attrs, NULL, body, err);
}

static int
policy_before_update(struct rest_call *call, struct rows *old, json_t *body, struct cairn_error *err)
{
    (void)call;
    return extra_fold(policy_attrs, old, body, err);
}

static int
policy_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    (void)err;
    return narrow_common(call, &identity_stored_policies, where, values);
}

const struct rest_resource identity_stored_policies = {
    .name = "policy", .plural = "policies", .noun = "policy", .path = "/v3/policies", .table = "policies", .visible = "1 = 1", .admin_all = 1,
    .attrs = policy_attrs, .ops = REST_ALL_OPS, .update_method = "PATCH",
    .rules = { "identity:list_policies", "identity:get_policy", "identity:create_policy", "identity:update_policy", "identity:delete_policy", NULL },
    .default_sort = "t.type, t.id", .before_create = policy_before_create, .before_update = policy_before_update, .narrow = policy_narrow,
};

/* --- what a policy is for: an endpoint, a service, or a service in a region, as the path has them */
struct place { char *key; const char *policy, *endpoint, *service, *region; };

static void
place_free(struct place *p)
{
    free(p->key);
}
#define CLEANUP_PLACE CLEANUP(place_free)

static int
place_of(struct rest_call *call, struct place *ret, struct cairn_error *err)
{
    struct place p = { NULL, rest_param(call, "policy_id"), rest_param(call, "endpoint_id"), rest_param(call, "service_id"), rest_param(call, "region_id") };

    if (must_exist(call->tx, "policy", "policies", p.policy, err) < 0
        || (p.endpoint != NULL && must_exist(call->tx, "endpoint", "endpoints", p.endpoint, err) < 0)
        || (p.service != NULL && must_exist(call->tx, "service", "services", p.service, err) < 0)
        || (p.region != NULL && must_exist(call->tx, "region", "regions", p.region, err) < 0))
        return -1;
    if (p.endpoint != NULL)
        p.key = xasprintf("endpoint/%s", p.endpoint);
    else
        p.key = xasprintf("service/%s%s%s", p.service, p.region != NULL ? "/" : "", p.region != NULL ? p.region : "");
    *ret = p;
    return 0;
}

static int
place_must_be(struct rest_call *call, const struct place *p, struct cairn_error *err)
{
    int64_t found;

    if (tx_int(call->tx, &found, 0, err, "select 1 from policy_associations where place = ? and policy_id = ?", "ss", p->key, p->policy) < 0)
        return -1;
    return found ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "The policy %.80s is not associated with that endpoint or service.", p->policy);
}

static int
association_check(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_PLACE struct place p = { 0 };

    return place_of(call, &p, err) < 0 ? -1 : place_must_be(call, &p, err);
}

static int
association_put(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_PLACE struct place p = { 0 };

    if (place_of(call, &p, err) < 0)
        return -1;
    return tx_exec(call->tx, err,
                   "insert into policy_associations (place, policy_id, endpoint_id, service_id, region_id) values (?, ?, ?, ?, ?)"
                   " on conflict (place) do update set policy_id = excluded.policy_id", "sssss", p.key, p.policy, p.endpoint, p.service, p.region);
}

static int
association_delete(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_PLACE struct place p = { 0 };

    if (place_of(call, &p, err) < 0 || place_must_be(call, &p, err) < 0)
        return -1;
    return tx_exec(call->tx, err, "delete from policy_associations where place = ?", "s", p.key);
}

void
policy_endpoints_narrow(const char *policy, struct str *where, struct rest_values *values)
{
    str_add(where, " and t.id in (with recursive below(policy_id, service_id, id) as (select a.policy_id, a.service_id, a.region_id from policy_associations a"
                   " where a.policy_id = ? and a.region_id is not null"
                   " union select b.policy_id, b.service_id, r.id from regions r join below b on r.parent_id = b.id)"
                   " select a.endpoint_id from policy_associations a where a.policy_id = ? and a.endpoint_id is not null"
                   " union select e.id from policy_associations a join endpoints e on e.service_id = a.service_id where a.policy_id = ? and a.region_id is null"
                   " union select e.id from below b join endpoints e on e.service_id = b.service_id and e.region_id = b.id)");
    for (int i = 0; i < 3; i++)
        rest_push_text(values, policy);
}

static int
endpoints_of_policy(struct rest_call *call, struct cairn_error *err)
{
    return must_exist(call->tx, "policy", "policies", rest_param(call, "policy_id"), err) < 0 ? -1 : rest_list(call, &identity_endpoints, 1, err);
}

/* Its own; else its service's in the nearest region at or above its own; else its service's. */
static int
policy_of_endpoint(struct rest_call *call, struct cairn_error *err)
{
    const char *endpoint = rest_param(call, "endpoint_id");
    CLEANUP_FREE char *policy = NULL;

    if (must_exist(call->tx, "endpoint", "endpoints", endpoint, err) < 0)
        return -1;
    if (tx_text(call->tx, &policy, err,
                "with recursive up(id, above) as (select e.region_id, 0 from endpoints e where e.id = ?"
                " union all select r.parent_id, up.above + 1 from up join regions r on r.id = up.id where r.parent_id is not null and up.above < 64)"
                " select policy_id from (select a.policy_id as policy_id, -1 as distance from policy_associations a where a.endpoint_id = ?"
                " union all select a.policy_id, up.above from endpoints e join up on up.id is not null"
                " join policy_associations a on a.service_id = e.service_id and a.region_id = up.id where e.id = ?"
                " union all select a.policy_id, 1000 from endpoints e join policy_associations a on a.service_id = e.service_id and a.region_id is null where e.id = ?) x"
                " order by distance limit 1", "ssss", endpoint, endpoint, endpoint, endpoint) < 0)
        return -1;
    if (policy == NULL)
        return cairn_fail(err, CAIRN_NOT_FOUND, "No policy is associated with endpoint %.80s.", endpoint);
    return rest_emit_object(call, &identity_stored_policies, "policy", policy, err);
}

#define PLACE(path_, rule_) \
    { .method = "PUT",    .path = path_, .rule = "identity:create_policy_association_for_" rule_, .status = 204, .handle = association_put }, \
    { .method = "GET",    .path = path_, .rule = "identity:check_policy_association_for_" rule_,  .status = 204, .handle = association_check }, \
    { .method = "DELETE", .path = path_, .rule = "identity:delete_policy_association_for_" rule_, .status = 204, .handle = association_delete }
#define FOR "/v3/policies/{policy_id}/OS-ENDPOINT-POLICY"

const struct rest_route identity_endpoint_policy_routes[] = {
    PLACE(FOR "/endpoints/{endpoint_id}", "endpoint"),
    PLACE(FOR "/services/{service_id}", "service"),
    PLACE(FOR "/services/{service_id}/regions/{region_id}", "region_and_service"),
    { .method = "GET", .path = FOR "/endpoints", .rule = "identity:list_endpoints_for_policy", .status = 200, .handle = endpoints_of_policy },
    { .method = "GET", .path = "/v3/endpoints/{endpoint_id}/OS-ENDPOINT-POLICY/policy", .rule = "identity:get_policy_for_endpoint", .status = 200,
      .handle = policy_of_endpoint },
    { .method = NULL }
};
