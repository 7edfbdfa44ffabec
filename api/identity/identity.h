/* identity.h: the identity service as the daemon, the other services and the operator's tool use it.
 *
 * One identity per process: its keys, revocations and caches are what every request is checked with.
 *
 *     identity_open() -> rest_app(&identity_service) -> http_start() ... http_stop() -> identity_close()
 *
 * Threads: after identity_open() any thread; open and close from the composition root alone. */
#ifndef IDENTITY_IDENTITY_H
#define IDENTITY_IDENTITY_H
#include <cairn/driver.h>
#include "catalog/catalog.h"
#include "rest/auth.h"
#include "rest/rest.h"

extern const struct rest_service identity_service;

/* Keys of the configuration section [identity]; ends with name NULL. */
extern const struct cairn_key identity_keys[];
#define IDENTITY_SECTION "identity"
/* And of [security_compliance]: what is demanded of passwords and logins. */
extern const struct cairn_key compliance_keys[];
#define COMPLIANCE_SECTION "security_compliance"

/* Reads (or makes) the token keys under env->state_dir/keys, loads the revocations and hands identity_authenticate() to
 * http_set_authenticator().  'env' is borrowed until identity_close(); env->config may be NULL (defaults), so may plugins, scheduler
 * and policy.  Never slow: no password is hashed here. */
int identity_open(const struct rest_env *env, struct cairn_error *err);
void identity_close(void);

/* Who a token stands for.  '*ret' is a new reference: auth_put() it.  CAIRN_UNAUTHENTICATED: not a token of ours, expired, revoked, or
 * its user, project, domain or last role is gone.  Rubbish is refused without touching the catalog. */
int identity_authenticate(void *arg, const char *token, struct auth **ret, struct cairn_error *err);

/* To be called in every transaction that changes who there is or what they may do: when it commits, no answer of before is used again. */
int identity_changed(struct tx *tx, struct cairn_error *err);
/* Looks at once for what other processes changed (else within a second). */
void identity_refresh(void);
struct str;
void identity_metrics(struct str *out);

/* The threads of the wire's slow lane that logins and other hashing want, and how many requests may wait for them: http_options. */
void identity_slow_lane(const struct config *config, unsigned *ret_workers, unsigned *ret_waiting);

/* Renews the users and groups that plugins know, now and then, on a thread of its own: after plugins_load_all().  'env' is borrowed until the stop. */
int identity_external_start(const struct rest_env *env, struct cairn_error *err);
void identity_external_stop(void);

/* What a new cloud needs to be spoken to.  All strings are borrowed. */
struct identity_bootstrap {
    const char *base_url;           /* "http://192.0.2.1:8774", without a slash at the end */
    const char *region;             /* NULL: "RegionOne" */
    const char *admin_user;         /* NULL: "admin" */
    const char *admin_project;      /* NULL: "admin" */
    const char *admin_password;     /* NULL: an existing admin keeps its password; a new one is refused with CAIRN_INVALID */
    int reset_password;             /* 1: an existing admin gets admin_password too */
    const char *const *services;    /* types to put in the catalog ("identity", "compute", "image", "network"); NULL: those four */
};
/* Domain "default", the admin's project, the project "service", the roles and what they imply, the admin, the region, services and endpoints.
 * May run any number of times: finds what is there; endpoints that it made follow a new base_url, others are left alone. */
int identity_bootstrap(struct catalog *catalog, const struct identity_bootstrap *b, struct cairn_error *err);
/* Sets a user's password without knowing the old one, revokes the user's tokens, and lets the user in: unlocked, enabled, no change demanded.  'domain' is a
 * name or id; NULL: "default". */
int identity_set_password(struct catalog *catalog, const char *domain, const char *user, const char *password, struct cairn_error *err);
/* Makes a new primary token key in state_dir/keys and removes keys that no live token can need.  '*ret_number': the new key's. */
int identity_rotate_keys(const char *state_dir, struct catalog *catalog, int64_t token_lifetime_s, int64_t *ret_number, struct cairn_error *err);
/* Seals every secret in the catalog (credentials, OAuth) with the newest key in state_dir/credential-keys, after making that key if 'new_key'; keys that nothing
 * needs go.  May be called again after it was interrupted.  '*ret_count': how many secrets were sealed anew. */
int identity_reseal_credentials(const char *state_dir, struct catalog *catalog, int new_key, int64_t *ret_number, int64_t *ret_count, struct cairn_error *err);
#endif
