/* identity_leave_test.c: whatever was handed on, by every way there is, mints nothing wider by any way there is (OSSA-2026-005, and all that are like it).
 *
 * ann is an administrator of two projects.  Each kind of delegation gives its bearer the role "member" on one of them, and the bearer then tries everything
 * that makes tokens or shows secrets.  A token that comes of it must be for that project and have no more than "member" and "reader". */
#include "config.h"
#include "identity_testing.h"
#include "unit.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/clock.h"
#include "base/ids.h"

#define SEED "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"         /* known to the bearer */
#define OWN_SEED "NBSWY3DPEHPK3PXPNBSWY3DPEHPK3PXP"     /* known to ann alone */

static char *admin, *ann, *bob, *home, *away, *ann_token, *gateway_token, *direct_secret, *direct_id, *direct_access;

static const struct wire_reply *
ask(const char *token, const char *method, const char *path, const char *body)
{
    return bed_ask(token, method, path, NULL, NULL, body);
}

static void
grant(const char *user, const char *project, const char *role)
{
    CLEANUP_FREE char *query = xasprintf("name=%s", role);
    const struct wire_reply *r = bed_ask(admin, "GET", "/v3/roles", query, NULL, NULL);
    CLEANUP_FREE char *path = xasprintf("/v3/projects/%s/users/%s/roles/%s", project, user, json_str(json_array_get(json_object_get(r->json, "roles"), 0), "id"));

    ck_assert_int_eq(ask(admin, "PUT", path, NULL)->status, 204);
}

static char *
login_to(const char *user, const char *project)
{
    CLEANUP_FREE char *scope = xasprintf("{\"project\":{\"id\":\"%s\"}}", project);
    char *token = bed_login(user, "pw", scope);

    ck_assert_ptr_nonnull(token);
    return token;
}

static void
make_user(const char *name, char **ret)
{
    CLEANUP_FREE char *fields = xasprintf("{\"name\":\"%s\",\"password\":\"pw\"}", name);

    *ret = bed_make(admin, "/v3/users", "user", fields);
}

static const struct wire_reply *
make_ec2(const char *token, const char *project)
{
    CLEANUP_FREE char *path = xasprintf("/v3/users/%s/credentials/OS-EC2", ann);
    CLEANUP_FREE char *body = xasprintf("{\"tenant_id\":\"%s\"}", project);

    return ask(token, "POST", path, body);
}

static void
setup(void)
{
    CLEANUP_FREE char *gateway = NULL;
    const struct wire_reply *r;

    bed_open();
    admin = bed_login("admin", PASSWORD, PROJECT_SCOPE);
    make_user("ann", &ann);
    make_user("bob", &bob);
    make_user("gateway", &gateway);
    home = bed_make(admin, "/v3/projects", "project", "{\"name\":\"home\"}");
    away = bed_make(admin, "/v3/projects", "project", "{\"name\":\"away\"}");
    grant(ann, home, "admin");
    grant(ann, away, "admin");
    grant(gateway, home, "service");
    ann_token = login_to("ann", home);
    gateway_token = login_to("gateway", home);
    r = make_ec2(ann_token, home);
    direct_secret = xstrdup(bed_text(r, "credential.secret"));
    direct_access = xstrdup(bed_text(r, "credential.access"));
    r = bed_ask(ann_token, "GET", "/v3/credentials", "type=ec2", NULL, NULL);
    direct_id = xstrdup(json_str(json_array_get(json_object_get(r->json, "credentials"), 0), "id"));
    ck_assert_ptr_nonnull(direct_id);
    {
        CLEANUP_FREE char *body = xasprintf("{\"credential\":{\"type\":\"totp\",\"blob\":\"" OWN_SEED "\",\"user_id\":\"%s\",\"project_id\":\"%s\"}}", ann, home);

        ck_assert_int_eq(ask(ann_token, "POST", "/v3/credentials", body)->status, 201);
    }
}

static void
teardown(void)
{
    free(admin);
    free(ann);
    free(bob);
    free(home);
    free(away);
    free(ann_token);
    free(gateway_token);
    free(direct_secret);
    free(direct_access);
    free(direct_id);
    bed_close();
}

/* --- ways to sign */
static char *
ec2_login(const char *access, const char *secret)
{
    char when[CLOCK_TEXT];
    CLEANUP_FREE char *text = NULL;
    CLEANUP_FREE char *signature = NULL;
    CLEANUP_FREE char *body = NULL;
    uint8_t mac[32];
    unsigned len = 0;

    clock_format(clock_us(), CLOCK_Z, when);
    text = xasprintf("SignatureVersion1Timestamp%s", when);
    HMAC(EVP_sha1(), secret, (int)strlen(secret), (const uint8_t *)text, strlen(text), mac, &len);
    signature = str_base64(mac, len, 0);
    body = xasprintf("{\"ec2Credentials\":{\"access\":\"%s\",\"signature\":\"%s\",\"host\":\"h\",\"verb\":\"GET\",\"path\":\"/\",\"params\":{\"SignatureVersion\":\"1\","
                     "\"Timestamp\":\"%s\"}}}", access, signature, when);
    return ask(gateway_token, "POST", "/v3/ec2tokens", body)->status == 200 ? xstrdup(wire_header("X-Subject-Token")) : NULL;
}

static char *
app_cred_login(const struct wire_reply *made)
{
    CLEANUP_FREE char *identity = xasprintf("{\"methods\":[\"application_credential\"],\"application_credential\":{\"id\":\"%s\",\"secret\":\"%s\"}}",
                                            bed_text(made, "application_credential.id"), bed_text(made, "application_credential.secret"));

    return bed_login_as(identity, NULL);
}

static char *
trust_login(const char *trust)
{
    CLEANUP_FREE char *scope = xasprintf("{\"OS-TRUST:trust\":{\"id\":\"%s\"}}", trust);

    return bed_login("bob", "pw", scope);
}

/* --- the kinds of leave: each answers a token with "member" on the project "home" */
static char *
by_app_cred(int unrestricted)
{
    CLEANUP_FREE char *path = xasprintf("/v3/users/%s/application_credentials", ann);
    CLEANUP_FREE char *body = xasprintf("{\"application_credential\":{\"name\":\"n%d\",\"roles\":[{\"name\":\"member\"}],\"unrestricted\":%s}}", unrestricted,
                                        unrestricted ? "true" : "false");

    return app_cred_login(ask(ann_token, "POST", path, body));
}

static char *
restricted_app_cred(void)
{
    return by_app_cred(0);
}

static char *
unrestricted_app_cred(void)
{
    return by_app_cred(1);
}

static char *
by_trust(const char *more)
{
    CLEANUP_FREE char *fields = xasprintf("{\"trustor_user_id\":\"%s\",\"trustee_user_id\":\"%s\",\"project_id\":\"%s\",\"roles\":[{\"name\":\"member\"}]%s}", ann, bob, home, more);
    CLEANUP_FREE char *id = bed_make(ann_token, "/v3/OS-TRUST/trusts", "trust", fields);

    return trust_login(id);
}

static char *
impersonating_trust(void)
{
    return by_trust(",\"impersonation\":true");
}

static char *
redelegable_trust(void)
{
    return by_trust(",\"impersonation\":true,\"allow_redelegation\":true");
}

/* An EC2 key that was made by the leave of an unrestricted application credential. */
static char *
key_of_app_cred(void)
{
    CLEANUP_FREE char *token = by_app_cred(2);
    const struct wire_reply *r = make_ec2(token, home);
    CLEANUP_FREE char *access = xstrdup(bed_text(r, "credential.access"));
    CLEANUP_FREE char *secret = xstrdup(bed_text(r, "credential.secret"));

    ck_assert_int_eq(r->status, 201);
    return ec2_login(access, secret);
}

static const struct { const char *name; char *(*make)(void); } kinds[] = {
    { "restricted application credential", restricted_app_cred }, { "unrestricted application credential", unrestricted_app_cred },
    { "trust", impersonating_trust }, { "trust that may be handed on", redelegable_trust }, { "EC2 key of an application credential", key_of_app_cred },
};

/* --- what a minted token may be; takes it */
static void
judge(const char *kind, const char *way, char *token)
{
    CLEANUP_FREE char *owned = token;
    CLEANUP_FREE char *headers = NULL;
    const struct wire_reply *r;
    json_t *roles, *role;
    size_t i;

    if (token == NULL)
        return;
    headers = xasprintf("X-Subject-Token: %s\n", token);
    r = bed_ask(admin, "GET", "/v3/auth/tokens", NULL, headers, NULL);
    ck_assert_int_eq(r->status, 200);
    ck_assert_msg(str_eq(bed_text(r, "token.project.id"), home), "%s by %s gives a token for another scope: %s", kind, way, r->text);
    roles = json_object_get(json_object_get(r->json, "token"), "roles");
    json_array_foreach(roles, i, role)
        ck_assert_msg(str_eq(json_str(role, "name"), "member") || str_eq(json_str(role, "name"), "reader"), "%s by %s gives %s", kind, way, json_str(role, "name"));
}

static void
try_exchange(const char *kind, const char *token)
{
    CLEANUP_FREE char *identity = xasprintf("{\"methods\":[\"token\"],\"token\":{\"id\":\"%s\"}}", token);
    CLEANUP_FREE char *project = xasprintf("{\"project\":{\"id\":\"%s\"}}", away);
    const char *const scopes[] = { NULL, project, "{\"domain\":{\"id\":\"default\"}}", "{\"system\":{\"all\":true}}", "\"unscoped\"" };

    for (size_t i = 0; i < ARRAY_LEN(scopes); i++)
        judge(kind, "exchange", bed_login_as(identity, scopes[i]));
}

static void
try_app_creds(const char *kind, const char *token)
{
    static const char *const roles[] = { "", ",\"roles\":[{\"name\":\"admin\"}]", ",\"roles\":[{\"name\":\"manager\"}]", ",\"roles\":[{\"name\":\"member\"}],\"unrestricted\":true" };

    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        CLEANUP_FREE char *path = xasprintf("/v3/users/%s/application_credentials", ann);
        CLEANUP_FREE char *body = xasprintf("{\"application_credential\":{\"name\":\"%s %zu\"%s}}", kind, i, roles[i]);
        const struct wire_reply *r = ask(token, "POST", path, body);

        if (r->status == 201)
            judge(kind, "application credential", app_cred_login(r));
    }
}

static void
try_trusts(const char *kind, const char *token)
{
    static const char *const roles[] = { "admin", "manager", "member" };
    const char *const projects[] = { home, away };

    for (size_t i = 0; i < ARRAY_LEN(roles) * ARRAY_LEN(projects); i++) {
        CLEANUP_FREE char *body = xasprintf("{\"trust\":{\"trustor_user_id\":\"%s\",\"trustee_user_id\":\"%s\",\"impersonation\":true,\"project_id\":\"%s\","
                                            "\"roles\":[{\"name\":\"%s\"}]}}", ann, bob, projects[i % 2], roles[i / 2]);
        const struct wire_reply *r = ask(token, "POST", "/v3/OS-TRUST/trusts", body);

        if (r->status == 201) {
            CLEANUP_FREE char *id = xstrdup(bed_text(r, "trust.id"));

            judge(kind, "trust", trust_login(id));
        }
    }
}

static void
try_keys(const char *kind, const char *token)
{
    static const char *const stamps[] = { "", ",\\\"app_cred_id\\\":null", ",\\\"trust_id\\\":null,\\\"app_cred_id\\\":null,\\\"access_token_id\\\":null" };
    const char *const projects[] = { home, away };

    for (size_t i = 0; i < ARRAY_LEN(projects); i++) {
        const struct wire_reply *r = make_ec2(token, projects[i]);
        CLEANUP_FREE char *access = xstrdup(bed_text(r, "credential.access"));
        CLEANUP_FREE char *secret = xstrdup(bed_text(r, "credential.secret"));

        if (r->status == 201)
            judge(kind, "OS-EC2", ec2_login(access, secret));
        for (size_t k = 0; k < ARRAY_LEN(stamps); k++) {
            char key[ID_HEX];
            CLEANUP_FREE char *body = NULL;

            id_hex(key);
            body = xasprintf("{\"credential\":{\"type\":\"%s\",\"user_id\":\"%s\",\"project_id\":\"%s\",\"blob\":\"{\\\"access\\\":\\\"%s\\\",\\\"secret\\\":\\\"s\\\"%s}\"}}",
                             k == 1 ? "EC2" : "ec2", ann, projects[i], key, stamps[k]);
            if (ask(token, "POST", "/v3/credentials", body)->status == 201)
                judge(kind, "credentials", ec2_login(key, "s"));
        }
    }
    {
        CLEANUP_FREE char *path = xasprintf("/v3/credentials/%s", direct_id);
        CLEANUP_FREE char *body = xasprintf("{\"credential\":{\"blob\":\"{\\\"access\\\":\\\"%s\\\",\\\"secret\\\":\\\"mine\\\"}\"}}", direct_access);

        ask(token, "PATCH", path, body);
        judge(kind, "PATCH", ec2_login(direct_access, "mine"));
    }
}

static char *
passcode(void)
{
    static const char seed[] = "12345678901234567890";
    uint64_t window = (uint64_t)(clock_us() / 30000000);
    uint8_t counter[8], mac[32];
    unsigned len = 0, at;

    for (int i = 0; i < 8; i++)
        counter[i] = (uint8_t)(window >> (56 - 8 * i));
    HMAC(EVP_sha1(), seed, 20, counter, 8, mac, &len);
    at = mac[19] & 15;
    return xasprintf("%06u", (((unsigned)mac[at] & 0x7f) << 24 | (unsigned)mac[at + 1] << 16 | (unsigned)mac[at + 2] << 8 | mac[at + 3]) % 1000000);
}

static void
try_seed(const char *kind, const char *token)
{
    static const char *const types[] = { "totp", "TOTP" };

    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        CLEANUP_FREE char *body = xasprintf("{\"credential\":{\"type\":\"%s\",\"blob\":\"" SEED "\",\"user_id\":\"%s\",\"project_id\":\"%s\"}}", types[i], ann, home);
        CLEANUP_FREE char *code = passcode();
        CLEANUP_FREE char *identity = xasprintf("{\"methods\":[\"totp\"],\"totp\":{\"user\":{\"id\":\"%s\",\"passcode\":\"%s\"}}}", ann, code);
        CLEANUP_FREE char *scope = xasprintf("{\"project\":{\"id\":\"%s\"}}", away);

        ask(token, "POST", "/v3/credentials", body);
        judge(kind, "TOTP", bed_login_as(identity, scope));
    }
}

static void
try_reading(const char *kind, const char *token)
{
    CLEANUP_FREE char *one = xasprintf("/v3/credentials/%s", direct_id);
    CLEANUP_FREE char *keys = xasprintf("/v3/users/%s/credentials/OS-EC2", ann);
    CLEANUP_FREE char *key = xasprintf("%s/%s", keys, direct_access);
    const char *const paths[] = { "/v3/credentials", one, keys, key };

    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        const struct wire_reply *r = ask(token, "GET", paths[i], NULL);

        ck_assert_msg(strstr(r->text, direct_secret) == NULL && strstr(r->text, OWN_SEED) == NULL, "%s reads a secret at %s", kind, paths[i]);
    }
}

START_TEST(nothing_handed_on_mints_anything_wider)
{
    const char *kind = kinds[_i].name;
    CLEANUP_FREE char *token = kinds[_i].make();

    ck_assert_msg(token != NULL, "%s", kind);
    judge(kind, "itself", xstrdup(token));
    try_exchange(kind, token);
    try_app_creds(kind, token);
    try_trusts(kind, token);
    try_keys(kind, token);
    try_seed(kind, token);
    try_reading(kind, token);
}
END_TEST

/* The test can fail: by one's own right all of this is possible. */
START_TEST(ones_own_right_mints_what_one_has)
{
    const struct wire_reply *r = make_ec2(ann_token, away);
    CLEANUP_FREE char *access = xstrdup(bed_text(r, "credential.access"));
    CLEANUP_FREE char *secret = xstrdup(bed_text(r, "credential.secret"));
    CLEANUP_FREE char *token = ec2_login(access, secret);

    ck_assert_ptr_nonnull(token);
    ck_assert_ptr_nonnull(strstr(ask(ann_token, "GET", "/v3/credentials", NULL)->text, direct_secret));
    ck_assert_ptr_nonnull(strstr(ask(ann_token, "GET", "/v3/credentials", NULL)->text, OWN_SEED));
}
END_TEST

/* A key that was made with a trust's token counts among the trust's uses. */
START_TEST(a_trusts_uses_are_counted_whatever_the_way)
{
    CLEANUP_FREE char *fields = xasprintf("{\"trustor_user_id\":\"%s\",\"trustee_user_id\":\"%s\",\"project_id\":\"%s\",\"roles\":[{\"name\":\"member\"}],\"impersonation\":true,"
                                          "\"remaining_uses\":2}", ann, bob, home);
    CLEANUP_FREE char *trust = bed_make(ann_token, "/v3/OS-TRUST/trusts", "trust", fields);
    CLEANUP_FREE char *token = trust_login(trust);
    const struct wire_reply *r = make_ec2(token, home);
    CLEANUP_FREE char *access = xstrdup(bed_text(r, "credential.access"));
    CLEANUP_FREE char *secret = xstrdup(bed_text(r, "credential.secret"));
    CLEANUP_FREE char *second = ec2_login(access, secret);

    ck_assert_ptr_nonnull(second);
    ck_assert_ptr_null(ec2_login(access, secret));
    ck_assert_ptr_null(trust_login(trust));
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("identity_leave");
    TCase *t = tcase_create("leave");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, nothing_handed_on_mints_anything_wider, 0, (int)ARRAY_LEN(kinds));
    tcase_add_test(t, ones_own_right_mints_what_one_has);
    tcase_add_test(t, a_trusts_uses_are_counted_whatever_the_way);
    suite_add_tcase(s, t);
    return s;
}

int
main(void)
{
    return run_suite(suite());
}
