/* resources.h: what the files of the identity service share. */
#ifndef IDENTITY_RESOURCES_H
#define IDENTITY_RESOURCES_H
#include "identity/identity.h"
#include "identity/keys.h"

/* Of the open identity; immutable while it is open. */
struct identity_state {
    struct key_ring *keys;
    struct key_ring *credential_keys;   /* what secrets in the catalog are sealed with */
    int64_t lifetime_us;
    int strict_two_level;       /* the model of limits; 0: flat */
    int64_t receipt_us;                 /* how long a receipt is good for */
    int64_t oauth_request_us, oauth_access_us;  /* lifetimes of OAuth's tokens; 0: for ever */
    int64_t totp_previous;              /* passcodes of that many windows before this one are taken, too */
};
extern struct identity_state identity_state;

/* --- the tables, one file each */
extern const struct rest_resource identity_domains, identity_projects, identity_users, identity_groups, identity_roles, identity_regions,
    identity_services, identity_endpoints, identity_stored_policies, identity_endpoint_groups, identity_registered_limits, identity_limits, identity_providers,
    identity_mappings, identity_service_providers, identity_app_creds, identity_access_rules, identity_trusts, identity_credentials,
    identity_consumers, identity_access_tokens;
extern const struct rest_release identity_releases[];
extern const struct rest_route identity_discovery_routes[], identity_token_routes[], identity_scope_routes[], identity_project_routes[],
    identity_user_routes[], identity_group_routes[], identity_role_routes[], identity_grant_routes[], identity_assignment_routes[],
    identity_region_routes[], identity_endpoint_policy_routes[], identity_endpoint_filter_routes[], identity_limit_routes[], identity_domain_config_routes[],
    identity_federation_routes[], identity_federation_auth_routes[], identity_retired_routes[], identity_app_cred_routes[], identity_access_rule_routes[],
    identity_trust_routes[], identity_credential_routes[], identity_ec2_credential_routes[], identity_ec2_token_routes[],
    identity_consumer_routes[], identity_oauth_routes[], identity_oauth2_routes[], identity_access_token_routes[];
extern const struct policy_default identity_policies[];

/* The "extra" of an endpoint that bootstrap made: it follows the cloud's address until somebody gives it another. */
#define ENDPOINT_MARK "cairn:bootstrap"
#define ENDPOINT_MADE_HERE "{\"" ENDPOINT_MARK "\":true}"

/* --- common.c */
/* Attributes that no table names are kept as they came, in the column "extra": for before_create() and before_update() ('old' NULL: none). */
int extra_fold(const struct rest_attr *attrs, struct rows *old, json_t *body, struct cairn_error *err);
int extra_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err);
/* For objects that take no attributes of the clients' own.  CAIRN_INVALID: 'given' has a key that no attribute with one of the flags 'access' has
 * (0: that no attribute is). */
int known_only(const struct rest_attr *attrs, unsigned access, const json_t *given, struct cairn_error *err);
/* An update may name the object's id, if it is that. */
#define SAME_ID { .name = "id", .type = REST_JSON, .flags = REST_UPDATE | REST_NULL | REST_NO_COLUMN, .check = same_id_check }
int same_id_check(struct rest_call *call, const json_t *value, struct cairn_error *err);
/* An attribute that an update must not even name: a row of its own beside the one that shows it. */
#define FIXED(name_) { .name = name_, .type = REST_JSON, .flags = REST_UPDATE | REST_NULL | REST_NO_COLUMN, .check = fixed_check }
int fixed_check(struct rest_call *call, const json_t *value, struct cairn_error *err);
/* Texts that are never null in the catalog: null empties them. */
void null_is_empty(json_t *body, const char *key);
/* Options are merged key by key; null takes one away.  'known' ends with NULL.  CAIRN_INVALID: not known, or not a boolean. */
int options_fold(struct rows *old, json_t *body, const char *const *known, struct cairn_error *err);
int options_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err);
extern const char *const options_resource[];    /* "immutable" */
/* CAIRN_DENIED when the row's options say immutable; an update that takes just this away passes. */
int immutable_guard(const char *noun, struct rows *old, const json_t *body, struct cairn_error *err);
/* "links": {"self": base + path + "/" + id}. */
int links_emit_at(struct rest_call *call, struct json_out *out, const char *path, const char *id);
/* "links" of a list that a handler writes, whole as it is: "self" is the URL that was asked. */
void list_links(struct rest_call *call);
/* ?name__contains=x and its kin, on text attributes that can be filtered; and the domain of callers with a token for one. */
int narrow_common(struct rest_call *call, const struct rest_resource *resource, struct str *where, struct rest_values *values);
/* -1, having told the client when to come again if hashing was too busy. */
int retry_later(struct rest_call *call, const struct cairn_error *err);
/* The domain that a new object goes to when the body does not say: the caller's scope, else "default".  Borrowed. */
const char *default_domain(struct rest_call *call);
/* CAIRN_NOT_FOUND "Could not find NOUN: ID." unless the row is there; 'table' is ours. */
int must_exist(struct tx *tx, const char *noun, const char *table, const char *id, struct cairn_error *err);
/* Hook for after_create, after_update: nothing but identity_changed(). */
int changed_hook(struct rest_call *call, const json_t *body, struct cairn_error *err);
int changed_hook_delete(struct rest_call *call, struct cairn_error *err);
/* Attributes of a policy's target that the engine does not know: see policies.c. */
const char *identity_target(struct rest_call *call, const char *attr);

/* --- tokens.c: who the token in X-Subject-Token stands for; found out once for each request.  Borrowed; NULL with an error. */
const struct auth *subject_token(struct rest_call *call, struct cairn_error *err);

/* --- scopes.c: handlers: the projects and the domains that the caller may have a token for */
int scope_projects(struct rest_call *call, struct cairn_error *err);
int scope_domains(struct rest_call *call, struct cairn_error *err);

/* --- cascade.c: what goes with an object; in the caller's transaction, before the row itself */
int user_goes(struct tx *tx, const char *id, struct cairn_error *err);
/* A role on a project is taken from a user. */
int grant_goes(struct tx *tx, const char *user_id, const char *project_id, const char *role_id, struct cairn_error *err);
int role_goes(struct tx *tx, const char *id, struct cairn_error *err);
int group_goes(struct tx *tx, const char *id, struct cairn_error *err);
int project_goes(struct tx *tx, const char *id, struct cairn_error *err);
int domain_goes(struct tx *tx, const char *id, struct cairn_error *err);

/* --- endpoint_policy.c, endpoint_filter.c: " and ..." on endpoints or projects, for lists under a policy, an endpoint group or a project */
void policy_endpoints_narrow(const char *policy, struct str *where, struct rest_values *values);
void endpoint_filter_narrow(struct rest_call *call, struct str *where, struct rest_values *values);
int endpoint_filter_projects(struct rest_call *call, struct str *where, struct rest_values *values);    /* 1: the path names what to list them for */

/* --- grants.c: " and ..." that keeps the roles which the grant in the path gives */
int grants_narrow(struct rest_call *call, struct str *where, struct rest_values *values);

/* --- between domains.c and projects.c: a domain is also a project that is a domain */
int domain_may_go(struct rest_call *call, struct rows *row, struct cairn_error *err);
#endif
