/* bootstrap.c: what a new cloud needs to be spoken to, found or made; and how an operator gets back in. */
#include "config.h"
#include "identity/identity.h"

#include "base/clock.h"
#include "base/ids.h"
#include "identity/compliance.h"
#include "identity/credential_store.h"
#include "identity/keys.h"
#include "identity/password.h"
#include "identity/passwords.h"
#include "identity/resources.h"
#include "identity/revoke.h"

/* What can be in the catalog, by type: 'path' stands behind the base URL. */
static const struct offer { const char *type, *name, *path, *description; } offers[] = {
    { "identity", "keystone", "/identity/v3", "Identity" },
    { "compute", "nova", "/compute/v2.1", "Compute" },
    { "image", "glance", "/image", "Image" },
    { "network", "neutron", "/network", "Network" },
    { "object-store", "swift", "/object-store/v1/AUTH_%(project_id)s", "Object Storage" },
};
static const char *const usual_services[] = { "identity", "compute", "image", "network", "object-store", NULL };
static const char *const interfaces[] = { "public", "internal", "admin" };

static const char *const roles[] = { "admin", "manager", "member", "reader", "service" };
static const struct { const char *prior, *implied; } implications[] = { { "admin", "manager" }, { "manager", "member" }, { "member", "reader" } };

/* '*ret' NULL when there is no such row. */
static int
find(struct tx *tx, char **ret, struct cairn_error *err, const char *sql, const char *name)
{
    *ret = NULL;
    return tx_text(tx, ret, err, sql, "s", name);
}

static int
ensure_domain(struct tx *tx, struct cairn_error *err)
{
    return tx_exec(tx, err, "insert into domains (id, name, description, created_us) values ('default', 'Default', 'The default domain', ?) on conflict do nothing", "i",
                   clock_us());
}

static int
ensure_project(struct tx *tx, const char *name, const char *description, char **ret_id, struct cairn_error *err)
{
    char id[ID_HEX];

    if (find(tx, ret_id, err, "select id from projects where domain_id = 'default' and name = ?", name) < 0)
        return -1;
    if (*ret_id != NULL)
        return 0;
    id_hex(id);
    *ret_id = xstrdup(id);
    return tx_exec(tx, err, "insert into projects (id, domain_id, name, description, created_us) values (?, 'default', ?, ?, ?)", "sssi", id, name, description,
                   clock_us());
}

static int
ensure_role(struct tx *tx, const char *name, struct cairn_error *err)
{
    CLEANUP_FREE char *found = NULL;
    char id[ID_HEX];

    if (find(tx, &found, err, "select id from roles where domain_id = '' and name = ?", name) < 0)
        return -1;
    if (found != NULL)
        return 0;
    id_hex(id);
    /* The rules of policy name these: they are neither renamed nor deleted by mistake. */
    return tx_exec(tx, err, "insert into roles (id, name, options, created_us) values (?, ?, '{\"immutable\":true}', ?)", "ssi", id, name, clock_us());
}

static int
ensure_implied(struct tx *tx, const char *prior, const char *implied, struct cairn_error *err)
{
    return tx_exec(tx, err,
                   "insert into implied_roles (prior_id, implied_id) select p.id, i.id from roles p, roles i"
                   " where p.domain_id = '' and i.domain_id = '' and p.name = ? and i.name = ? on conflict do nothing", "ss", prior, implied);
}

static int
grant_admin(struct tx *tx, const char *user, const char *type, const char *target, struct cairn_error *err)
{
    return tx_exec(tx, err,
                   "insert into assignments (actor_type, actor_id, target_type, target_id, role_id, inherited)"
                   " select 'user', ?, ?, ?, r.id, 0 from roles r where r.domain_id = '' and r.name = 'admin' on conflict do nothing", "sss", user, type, target);
}

/* An operator's password lets in at once: nobody asks that it be changed first, whatever a user's options say. */
static int
let_in(struct tx *tx, const char *id, const char *hash, struct cairn_error *err)
{
    CLEANUP_FREE char *options_text = NULL;
    CLEANUP_JSON json_t *options = NULL;
    struct revocation what = { .user_id = id };

    if (tx_text(tx, &options_text, err, "select options from users where id = ?", "s", id) < 0)
        return -1;
    options = json_of_column(options_text);
    json_object_set_new(options, OPTION_IGNORE_FIRST_USE, json_true());
    if (passwords_store(tx, id, hash, options, 0, err) < 0 || compliance_pardon(tx, id, err) < 0
        || tx_exec(tx, err, "update users set enabled = 1 where id = ?", "s", id) < 0)
        return -1;
    return revoke_add(tx, &what, 0, err);
}

static int
ensure_admin(struct tx *tx, const struct identity_bootstrap *b, const char *hash, const char *project, struct cairn_error *err)
{
    const char *name = b->admin_user != NULL ? b->admin_user : "admin";
    CLEANUP_FREE char *id = NULL;
    char fresh[ID_HEX];

    if (find(tx, &id, err, "select id from users where domain_id = 'default' and name = ?", name) < 0)
        return -1;
    if (id == NULL) {
        if (hash == NULL)
            return cairn_fail(err, CAIRN_INVALID, "the user '%s' does not exist yet: a password for it is needed", name);
        id_hex(fresh);
        id = xstrdup(fresh);
        if (tx_exec(tx, err, "insert into users (id, domain_id, name, default_project_id, created_us) values (?, 'default', ?, ?, ?)", "sssi", id, name, project,
                    clock_us()) < 0
            || let_in(tx, id, hash, err) < 0)
            return -1;
    } else if (b->reset_password && hash != NULL && let_in(tx, id, hash, err) < 0) {
        return -1;
    }
    return grant_admin(tx, id, "project", project, err) < 0 || grant_admin(tx, id, "domain", "default", err) < 0
           || grant_admin(tx, id, "system", "all", err) < 0 ? -1 : 0;
}

/* --- the service catalog */
static int
ensure_service(struct tx *tx, const struct offer *offer, char **ret_id, struct cairn_error *err)
{
    char id[ID_HEX];

    if (find(tx, ret_id, err, "select id from services where type = ? order by created_us, id limit 1", offer->type) < 0)
        return -1;
    if (*ret_id != NULL)
        return 0;
    id_hex(id);
    *ret_id = xstrdup(id);
    return tx_exec(tx, err, "insert into services (id, type, name, description, created_us) values (?, ?, ?, ?, ?)", "ssssi", id, offer->type, offer->name,
                   offer->description, clock_us());
}

static int
ensure_endpoint(struct tx *tx, const char *service, const char *region, const char *interface, const char *url, struct cairn_error *err)
{
    char id[ID_HEX];
    int64_t there;

    if (tx_exec(tx, err, "update endpoints set url = ? where service_id = ? and region_id = ? and interface = ? and extra = '" ENDPOINT_MADE_HERE "' and url <> ?", "sssss",
                url, service, region, interface, url) < 0
        || tx_int(tx, &there, 0, err, "select count(*) from endpoints where service_id = ? and region_id = ? and interface = ?", "sss", service, region, interface) < 0)
        return -1;
    if (there > 0)
        return 0;
    id_hex(id);
    return tx_exec(tx, err, "insert into endpoints (id, service_id, interface, region_id, url, extra, created_us) values (?, ?, ?, ?, ?, '" ENDPOINT_MADE_HERE "', ?)", "sssssi",
                   id, service, interface, region, url, clock_us());
}

static int
ensure_offer(struct tx *tx, const struct identity_bootstrap *b, const char *region, const struct offer *offer, struct cairn_error *err)
{
    CLEANUP_FREE char *service = NULL;
    CLEANUP_FREE char *url = xasprintf("%s%s", b->base_url, offer->path);

    if (ensure_service(tx, offer, &service, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(interfaces); i++) {
        if (ensure_endpoint(tx, service, region, interfaces[i], url, err) < 0)
            return -1;
    }
    return 0;
}

static int
ensure_services(struct tx *tx, const struct identity_bootstrap *b, struct cairn_error *err)
{
    const char *region = b->region != NULL ? b->region : "RegionOne";

    if (tx_exec(tx, err, "insert into regions (id) values (?) on conflict do nothing", "s", region) < 0)
        return -1;
    for (const char *const *type = b->services != NULL ? b->services : usual_services; *type != NULL; type++) {
        size_t i = 0;

        while (i < ARRAY_LEN(offers) && strcmp(offers[i].type, *type) != 0)
            i++;
        if (i == ARRAY_LEN(offers))
            return cairn_fail(err, CAIRN_INVALID, "there is no service of type '%s' here", *type);
        if (ensure_offer(tx, b, region, &offers[i], err) < 0)
            return -1;
    }
    return 0;
}

static int
ensure_all(struct tx *tx, const struct identity_bootstrap *b, const char *hash, struct cairn_error *err)
{
    CLEANUP_FREE char *project = NULL;
    CLEANUP_FREE char *service = NULL;

    if (ensure_domain(tx, err) < 0 || ensure_project(tx, b->admin_project != NULL ? b->admin_project : "admin", "The administrators' project", &project, err) < 0
        || ensure_project(tx, "service", "The services' own project", &service, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        if (ensure_role(tx, roles[i], err) < 0)
            return -1;
    }
    for (size_t i = 0; i < ARRAY_LEN(implications); i++) {
        if (ensure_implied(tx, implications[i].prior, implications[i].implied, err) < 0)
            return -1;
    }
    return ensure_admin(tx, b, hash, project, err) < 0 || ensure_services(tx, b, err) < 0 ? -1 : identity_changed(tx, err);
}

/* 1: the admin's password is needed because it is to be set. */
static int
needs_hash(struct catalog *catalog, const struct identity_bootstrap *b, int *ret, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    int64_t there;

    if (tx_begin(catalog, TX_READ, &tx, err) < 0
        || tx_int(tx, &there, 0, err, "select count(*) from users where domain_id = 'default' and name = ?", "s", b->admin_user != NULL ? b->admin_user : "admin") < 0)
        return -1;
    *ret = b->admin_password != NULL && (there == 0 || b->reset_password);
    return 0;
}

int
identity_bootstrap(struct catalog *catalog, const struct identity_bootstrap *b, struct cairn_error *err)
{
    CLEANUP_FREE char *hash = NULL;
    CLEANUP_TX struct tx *tx = NULL;
    int needed;

    if (needs_hash(catalog, b, &needed, err) < 0 || (needed && password_hash(b->admin_password, &hash, err) < 0))
        return -1;
    if (tx_begin(catalog, TX_WRITE, &tx, err) < 0 || ensure_all(tx, b, hash, err) < 0)
        return -1;
    return tx_commit(steal(&tx), err);
}

int
identity_set_password(struct catalog *catalog, const char *domain, const char *user, const char *password, struct cairn_error *err)
{
    CLEANUP_FREE char *hash = NULL;
    CLEANUP_FREE char *id = NULL;
    CLEANUP_TX struct tx *tx = NULL;

    if (domain == NULL)
        domain = "default";
    if (password_hash(password, &hash, err) < 0 || tx_begin(catalog, TX_WRITE, &tx, err) < 0)
        return -1;
    if (tx_text(tx, &id, err, "select u.id from users u join domains d on d.id = u.domain_id where (u.name = ? or u.id = ?) and (d.id = ? or d.name = ?)", "ssss", user, user,
                domain, domain) < 0)
        return -1;
    if (id == NULL)
        return cairn_fail(err, CAIRN_NOT_FOUND, "there is no user '%s' in the domain '%s'", user, domain);
    if (let_in(tx, id, hash, err) < 0 || identity_changed(tx, err) < 0)
        return -1;
    return tx_commit(steal(&tx), err);
}

/* Running daemons read the keys again when they see that identity changed. */
static int
tell_daemons(struct catalog *catalog, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;

    if (tx_begin(catalog, TX_WRITE, &tx, err) < 0 || identity_changed(tx, err) < 0)
        return -1;
    return tx_commit(steal(&tx), err);
}

int
identity_rotate_keys(const char *state_dir, struct catalog *catalog, int64_t token_lifetime_s, int64_t *ret_number, struct cairn_error *err)
{
    struct key_ring *ring;
    uint32_t number = 0;
    int result;

    if (keys_open(state_dir, TOKEN_KEYS, &ring, err) < 0)
        return -1;
    result = keys_rotate(ring, token_lifetime_s + 3600, &number, err);
    keys_close(ring);
    if (result < 0)
        return -1;
    *ret_number = number;
    return tell_daemons(catalog, err);
}

/* A daemon that has not heard of a new key yet may still seal with the one before: such keys stay until the rotation after. */
#define STALE_S 3600

int
identity_reseal_credentials(const char *state_dir, struct catalog *catalog, int new_key, int64_t *ret_number, int64_t *ret_count, struct cairn_error *err)
{
    struct key_ring *ring;
    struct token_key primary;
    uint32_t number;
    int64_t oldest;
    int result = -1;

    if (keys_open(state_dir, CREDENTIAL_KEYS, &ring, err) < 0)
        return -1;
    if ((new_key && (keys_rotate(ring, INT64_MAX / 4, &number, err) < 0 || tell_daemons(catalog, err) < 0))
        || credentials_migrate(catalog, ring, ret_count, err) < 0 || credentials_oldest_key(catalog, &oldest, err) < 0
        || keys_drop_below(ring, oldest, STALE_S, err) < 0)
        goto out;
    keys_primary(ring, &primary);
    *ret_number = primary.number;
    explicit_bzero(&primary, sizeof primary);
    result = 0;
out:
    keys_close(ring);
    return result;
}
