/* trusts.c: OS-TRUST: a trustor hands a trustee some roles on a project, to act with as oneself or as the trustor. */
#include "config.h"
#include "identity/resources.h"

#include "base/clock.h"
#include "base/ids.h"
#include "identity/delegated.h"
#include "identity/delegation.h"
#include "identity/revoke.h"
#include "identity/who.h"

#define PATH "/v3/OS-TRUST/trusts"
#define DEPTH_MAX 3                     /* how often a trust may be handed on again */
#define PER_USER_MAX 10000

/* --- what is shown */
static int
links_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)err;
    jo_null(out, "deleted_at");
    return links_emit_at(call, out, PATH, row_text(row, "id"));
}

static int
roles_links_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    CLEANUP_FREE char *self = rest_url(call, PATH "/%s/roles", row_text(row, "id"));

    (void)err;
    jo_object(out, "roles_links");
    jo_null(out, "next");
    jo_str(out, "self", self);
    jo_null(out, "previous");
    jo_end_object(out);
    return 0;
}

static const struct rest_attr trust_attrs[] = {
    { .name = "id",                   .column = "t.id",                   .type = REST_ID,   .flags = REST_READ },
    { .name = "trustor_user_id",      .column = "t.trustor_user_id",      .type = REST_ID,   .flags = REST_READ | REST_FILTER },
    { .name = "trustee_user_id",      .column = "t.trustee_user_id",      .type = REST_ID,   .flags = REST_READ | REST_FILTER },
    { .name = "project_id",           .column = "t.project_id",           .type = REST_ID,   .flags = REST_READ },
    { .name = "impersonation",        .column = "t.impersonation",        .type = REST_BOOL, .flags = REST_READ },
    { .name = "remaining_uses",       .column = "t.remaining_uses",       .type = REST_INT,  .flags = REST_READ },
    { .name = "expires_at",           .column = "t.expires_us",           .type = REST_TIME, .flags = REST_READ },
    { .name = "redelegated_trust_id", .column = "t.redelegated_trust_id", .type = REST_ID,   .flags = REST_READ },
    { .name = "redelegation_count",   .column = "t.redelegation_count",   .type = REST_INT,  .flags = REST_READ },
    { .name = "roles_links",          .type = REST_JSON, .flags = REST_READ | REST_NO_COLUMN | REST_DETAIL, .emit = roles_links_emit },
    { .name = "links",                .type = REST_JSON, .flags = REST_READ | REST_NO_COLUMN, .emit = links_emit },
    { .name = NULL }
};

static void
write_role(struct rest_call *call, const char *key, struct json_out *out, struct rows *row)
{
    const char *domain = row_text(row, "domain_id");

    (void)row_text(row, "parent");
    jo_object(out, key);
    jo_str(out, "id", row_text(row, "id"));
    jo_str(out, "name", row_text(row, "name"));
    jo_str(out, "domain_id", domain[0] != '\0' ? domain : NULL);
    jo_str(out, "description", row_text(row, "description"));
    jo_raw(out, "options", row_text(row, "options"));
    links_emit_at(call, out, "/v3/roles", row_text(row, "id"));
    jo_end_object(out);
}

static int
role_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)err;
    write_role(call, NULL, out, row);
    return 0;
}

#define ROLES "select t.trust_id as parent, r.id as id, r.name as name, r.domain_id as domain_id, r.description as description, r.options as options" \
              " from trust_roles t join roles r on r.id = t.role_id where "
static const struct rest_child trust_children[] = {
    { .name = "roles", .sql = ROLES "t.trust_id in (%IDS%) order by parent, name", .flags = REST_DETAIL, .emit = role_emit },
    { .name = NULL }
};

/* Policy looked at the first value of each parameter: others do not count.  A trust that is spent or out of date is there for nobody. */
static int
trust_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    static const char *const parties[] = { "trustor_user_id", "trustee_user_id" };

    (void)err;
    for (size_t i = 0; i < ARRAY_LEN(parties); i++) {
        const char *user = rest_query(call, parties[i]);

        if (user == NULL)
            continue;
        str_addf(where, " and t.%s = ?", parties[i]);
        rest_push_text(values, user);
    }
    str_addf(where, " and (t.expires_us is null or t.expires_us > %lld) and (t.remaining_uses is null or t.remaining_uses > 0)", (long long)clock_us());
    return 0;
}

const struct rest_resource identity_trusts = {
    .name = "trust", .plural = "trusts", .noun = "trust", .path = PATH, .table = "trusts", .visible = "1 = 1", .admin_all = 1, .attrs = trust_attrs,
    .children = trust_children, .default_sort = "t.created_us, t.id", .narrow = trust_narrow, .columns = "t.id",
};

/* --- reading */
static int
trusts_list(struct rest_call *call, struct cairn_error *err)
{
    return refuse_restricted(call, err) < 0 ? -1 : rest_list(call, &identity_trusts, 0, err);
}

static int
must_be_alive(struct rest_call *call, struct cairn_error *err)
{
    struct rows *row = call->object;
    int64_t expires_us = row_int(row, "expires_us");

    if ((expires_us != 0 && expires_us <= clock_us()) || (!row_null(row, "remaining_uses") && row_int(row, "remaining_uses") <= 0))
        return cairn_fail(err, CAIRN_NOT_FOUND, "Could not find trust: %.80s.", row_text(row, "id"));
    return refuse_restricted(call, err);
}

static int
trust_show(struct rest_call *call, struct cairn_error *err)
{
    return must_be_alive(call, err) < 0 ? -1 : rest_emit_object(call, &identity_trusts, "trust", row_text(call->object, "id"), err);
}

static int
roles(struct rest_call *call, const char *role, struct cairn_error *err)
{
    return must_be_alive(call, err) < 0 ? -1
        : handed_roles(call, ROLES "t.trust_id = ? and (? = '' or r.id = ?) order by name", row_text(call->object, "id"), role, write_role, err);
}

static int
roles_list(struct rest_call *call, struct cairn_error *err)
{
    return roles(call, NULL, err);
}

static int
role_show(struct rest_call *call, struct cairn_error *err)
{
    return roles(call, rest_param(call, "role_id"), err);
}

/* --- create */
static const struct rest_attr create_body[] = {
    { .name = "trustor_user_id",    .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = 64 },
    { .name = "trustee_user_id",    .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = 64 },
    { .name = "impersonation",      .type = REST_BOOL,   .flags = REST_CREATE | REST_REQUIRED },
    { .name = "project_id",         .type = REST_STRING, .flags = REST_CREATE | REST_NULL, .max = 64 },
    { .name = "remaining_uses",     .type = REST_INT,    .flags = REST_CREATE | REST_NULL, .min = 1, .max = INT32_MAX },
    { .name = "expires_at",         .type = REST_STRING, .flags = REST_CREATE | REST_NULL, .max = 64 },
    { .name = "allow_redelegation", .type = REST_BOOL,   .flags = REST_CREATE | REST_NULL },
    { .name = "redelegation_count", .type = REST_INT,    .flags = REST_CREATE | REST_NULL, .min = 0, .max = INT32_MAX },
    { .name = "roles",              .type = REST_LIST,   .flags = REST_CREATE | REST_NULL, .of = role_ref_attrs, .max = 64 },
    { .name = NULL }
};

struct draft {
    char id[ID_HEX];
    const char *trustor, *trustee, *project, *parent;       /* borrowed; project and parent NULL: none */
    int impersonation, redelegable;
    int64_t uses, count, expires_us;    /* uses 0: any number; count -1: not asked for */
};

static int
may_create(struct rest_call *call, struct cairn_error *err)
{
    const struct auth *who = call->auth;

    if (refuse_restricted(call, err) < 0)
        return -1;
    if (who->scope == AUTH_DOMAIN || who->scope == AUTH_SYSTEM)
        return cairn_fail(err, CAIRN_DENIED, "A trust is made with a token for a project; this one is for a domain or the system.");
    if (who->delegation == AUTH_BY_OAUTH || is_by_signature(who))
        return cairn_fail(err, CAIRN_DENIED, "Redelegation allowed for delegated by trust only");
    if (who->rules != NULL)
        return cairn_fail(err, CAIRN_DENIED, "An application credential with access rules makes no trusts: these would have none.");
    if (who->delegation == AUTH_BY_APP_CRED && !str_eq(rest_str(call, "project_id"), who->project_id))
        return cairn_fail(err, CAIRN_DENIED, "An application credential hands on what it has in its own project only");
    if (strcmp(who->user_id, rest_str(call, "trustor_user_id")) != 0)
        return cairn_fail(err, CAIRN_DENIED, "The authenticated user should match the trustor");
    return 0;
}

/* A chain gets shorter, never wider: not in time, depth or roles (see store_roles()), and nobody becomes somebody else on the way. */
static int
fit_to_parent(struct rest_call *call, struct draft *d, struct cairn_error *err)
{
    CLEANUP_DELEGATION struct delegation parent = { 0 };

    if (call->auth->delegation != AUTH_BY_TRUST)
        return 0;
    d->parent = call->auth->delegation_id;
    if (delegation_load(call->tx, AUTH_BY_TRUST, d->parent, &parent, err) < 0)
        return -1;
    if (parent.redelegation_count <= 0 || parent.redelegation_count > DEPTH_MAX)
        return cairn_fail(err, CAIRN_DENIED, "Remaining redelegation depth of %lld out of allowed range of [0..%d]", (long long)parent.redelegation_count, DEPTH_MAX);
    if (d->redelegable && d->count > 0 && d->count != parent.redelegation_count - 1)
        return cairn_fail(err, CAIRN_DENIED, "Modifying \"redelegation_count\" upon redelegation is forbidden. Omitting this parameter is advised.");
    if (d->uses > 0)
        return cairn_fail(err, CAIRN_DENIED, "Field \"remaining_uses\" must not be set in order to redelegate a trust");
    if (!parent.impersonation && d->impersonation)
        return cairn_fail(err, CAIRN_DENIED, "Impersonation is not allowed because redelegated trust does not specify impersonation. Redelegated trust id: %.64s", d->parent);
    if (!str_eq(d->project != NULL ? d->project : "", parent.project_id))
        return cairn_fail(err, CAIRN_DENIED, "A trust is handed on in its own project only");
    if (parent.expires_us != 0 && d->expires_us > parent.expires_us)
        return cairn_fail(err, CAIRN_DENIED, "Requested expiration time is more than redelegated trust can provide");
    if (d->expires_us == 0)
        d->expires_us = parent.expires_us;
    d->count = d->redelegable ? parent.redelegation_count - 1 : 0;
    return 0;
}

static int
read_draft(struct rest_call *call, struct draft *d, struct cairn_error *err)
{
    *d = (struct draft){ .trustor = rest_str(call, "trustor_user_id"), .trustee = rest_str(call, "trustee_user_id"), .project = rest_str(call, "project_id"),
                         .impersonation = rest_bool(call, "impersonation", 0), .uses = rest_int(call, "remaining_uses", 0),
                         .count = rest_int(call, "redelegation_count", -1) };
    id_hex(d->id);
    if (d->project != NULL && d->project[0] == '\0')
        d->project = NULL;
    d->redelegable = rest_bool(call, "allow_redelegation", 0) && d->count != 0;
    if (d->project != NULL && json_array_size(rest_value(call, "roles")) == 0)
        return cairn_fail(err, CAIRN_DENIED, "At least one role should be specified");
    if (d->redelegable && d->count > DEPTH_MAX)
        return cairn_fail(err, CAIRN_DENIED, "Requested redelegation depth of %lld is greater than allowed %d", (long long)d->count, DEPTH_MAX);
    if (d->redelegable && d->uses > 0)
        return cairn_fail(err, CAIRN_INVALID, "remaining_uses must not be set if redelegation is allowed");
    return read_expiry(rest_str(call, "expires_at"), &d->expires_us, err);
}

/* The rights of the trustor; of a chain: of its first one. */
static int
load_grantor(struct rest_call *call, const struct draft *d, struct auth **ret, struct cairn_error *err)
{
    CLEANUP_DELEGATION struct delegation parent = { 0 };

    if (d->parent != NULL && delegation_load(call->tx, AUTH_BY_TRUST, d->parent, &parent, err) < 0)
        return -1;
    return rights_on(call->tx, d->parent != NULL ? parent.grantor_id : d->trustor, d->project, ret, err);
}

static int
in_parent(struct rest_call *call, const struct draft *d, const char *role, struct cairn_error *err)
{
    int64_t found;

    if (d->parent == NULL)
        return 0;
    if (tx_int(call->tx, &found, 0, err, "select 1 from trust_roles where trust_id = ? and role_id = ?", "ss", d->parent, role) < 0)
        return -1;
    return found ? 0 : cairn_fail(err, CAIRN_DENIED, "Some of requested roles are not in redelegated trust");
}

static int
store_roles(struct rest_call *call, const struct draft *d, const struct auth *grantor, struct cairn_error *err)
{
    size_t i;
    json_t *role;

    json_array_foreach(rest_value(call, "roles"), i, role) {
        CLEANUP_FREE char *id = NULL;

        if (find_role(call->tx, role, &id, err) < 0)
            return -1;
        if (!has_role_id(grantor, id) || (call->auth->delegation == AUTH_BY_APP_CRED && !has_role_id(call->auth, id)))
            return cairn_fail(err, CAIRN_NOT_FOUND, "Could not find role: %.64s.", id);
        if (in_parent(call, d, id, err) < 0
            || tx_exec(call->tx, err, "insert into trust_roles (trust_id, role_id) values (?, ?) on conflict (trust_id, role_id) do nothing", "ss", d->id, id) < 0)
            return -1;
    }
    return 0;
}

static int
store(struct rest_call *call, const struct draft *d, struct cairn_error *err)
{
    int64_t have;

    /* Those that are out of date are there for nobody: they need not be kept. */
    if (tx_exec(call->tx, err, "delete from trusts where trustor_user_id = ? and expires_us < ?", "si", d->trustor, clock_us()) < 0
        || tx_int(call->tx, &have, 0, err, "select count(*) from trusts where trustor_user_id = ?", "s", d->trustor) < 0)
        return -1;
    if (have >= PER_USER_MAX)
        return cairn_fail(err, CAIRN_DENIED, "Unable to create additional trusts, maximum of %d already exceeded for user.", PER_USER_MAX);
    return tx_exec(call->tx, err,
                   "insert into trusts (id, trustor_user_id, trustee_user_id, project_id, impersonation, remaining_uses, expires_us, redelegated_trust_id,"
                   " redelegation_count, created_us) values (?, ?, ?, ?, ?, nullif(?, 0), nullif(?, 0), ?, ?, ?)", "ssssiiisii", d->id, d->trustor, d->trustee,
                   d->project, (int64_t)d->impersonation, d->uses, d->expires_us, d->parent, d->count, clock_us());
}

static int
trust_create(struct rest_call *call, struct cairn_error *err)
{
    struct auth *grantor = NULL;
    struct draft d;
    int result;

    if (may_create(call, err) < 0 || read_draft(call, &d, err) < 0 || must_exist(call->tx, "user", "users", d.trustee, err) < 0
        || (d.project != NULL && must_exist(call->tx, "project", "projects", d.project, err) < 0) || fit_to_parent(call, &d, err) < 0)
        return -1;
    if (!d.redelegable)
        d.count = 0;
    else if (d.count < 0)
        d.count = DEPTH_MAX;
    if (store(call, &d, err) < 0)
        return -1;
    if (d.project != NULL && load_grantor(call, &d, &grantor, err) < 0)
        return err->code == CAIRN_UNAUTHENTICATED ? cairn_fail(err, CAIRN_NOT_FOUND, "Could not find role: the trustor has none on this project.") : -1;
    result = grantor != NULL ? store_roles(call, &d, grantor, err) : 0;
    auth_put(grantor);
    return result < 0 ? -1 : rest_emit_object(call, &identity_trusts, "trust", d.id, err);
}

/* What was made of it goes with it. */
static int
trust_delete(struct rest_call *call, struct cairn_error *err)
{
    const char *id = row_text(call->object, "id");
    struct revocation what = { .delegation_id = id, .delegation = REVOKED_TRUST };

    if (must_be_alive(call, err) < 0 || revoke_add(call->tx, &what, identity_state.lifetime_us, err) < 0
        || tx_exec(call->tx, err, "delete from trusts where id = ?", "s", id) < 0)
        return -1;
    return identity_changed(call->tx, err);
}

#define ONE PATH "/{trust_id}"
const struct rest_route identity_trust_routes[] = {
    { .method = "GET",    .path = PATH, .rule = "identity:list_trusts", .status = 200, .handle = trusts_list },
    { .method = "POST",   .path = PATH, .rule = "identity:create_trust", .status = 201, .body = create_body, .body_key = "trust", .handle = trust_create },
    { .method = "GET",    .path = ONE, .rule = "identity:get_trust", .status = 200, .object = &identity_trusts, .handle = trust_show },
    { .method = "DELETE", .path = ONE, .rule = "identity:delete_trust", .status = 204, .object = &identity_trusts, .handle = trust_delete },
    { .method = "GET",    .path = ONE "/roles", .rule = "identity:list_roles_for_trust", .status = 200, .object = &identity_trusts, .handle = roles_list },
    { .method = "GET",    .path = ONE "/roles/{role_id}", .rule = "identity:get_role_for_trust", .status = 200, .object = &identity_trusts, .handle = role_show },
    { .method = NULL }
};
