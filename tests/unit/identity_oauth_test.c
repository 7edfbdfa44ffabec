/* identity_oauth_test.c: OS-OAUTH1 from the consumer to its token, signed by a second hand here, and by a published example. */
#include "config.h"
#include "identity_testing.h"
#include "unit.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/clock.h"
#include "base/ids.h"
#include "identity/oauth_signature.h"

static char *admin, *project, *consumer, *consumer_secret, *admin_id;

static int
status(const char *token, const char *method, const char *path, const char *body)
{
    return bed_ask(token, method, path, NULL, NULL, body)->status;
}

static void
make_consumer(void)
{
    const struct wire_reply *r = bed_ask(admin, "POST", "/v3/OS-OAUTH1/consumers", NULL, NULL, "{\"consumer\":{\"description\":\"d\"}}");

    ck_assert_msg(r->status == 201, "%s", r->text);
    consumer = xstrdup(bed_text(r, "consumer.id"));
    consumer_secret = xstrdup(bed_text(r, "consumer.secret"));
    ck_assert_ptr_nonnull(consumer_secret);
}

static void
setup(void)
{
    CLEANUP_FREE char *headers = NULL;
    const struct wire_reply *r;

    bed_open();
    admin = bed_login("admin", PASSWORD, PROJECT_SCOPE);
    headers = xasprintf("X-Subject-Token: %s\n", admin);
    r = bed_ask(admin, "GET", "/v3/auth/tokens", NULL, headers, NULL);
    project = xstrdup(bed_text(r, "token.project.id"));
    admin_id = xstrdup(bed_text(r, "token.user.id"));
    make_consumer();
}

static void
teardown(void)
{
    free(admin);
    free(project);
    free(consumer);
    free(consumer_secret);
    free(admin_id);
    bed_close();
}

static char *
quoted(const char *text)
{
    struct str out = STR_INIT;

    for (; *text != '\0'; text++) {
        if ((*text >= '0' && *text <= '9') || ((*text | 32) >= 'a' && (*text | 32) <= 'z') || strchr("-._~", *text) != NULL)
            str_add_c(&out, *text);
        else
            str_addf(&out, "%%%02X", (unsigned char)*text);
    }
    return str_take(&out);
}

struct signing { const char *path, *token, *token_secret, *verifier, *nonce; int64_t off_s; const char *method; };

/* The header Authorization of a POST; parameters stand in the order of their names. */
static char *
signed_header(const struct signing *s)
{
    char nonce[ID_HEX];
    const char *method = s->method != NULL ? s->method : "HMAC-SHA1";
    CLEANUP_STR struct str params = STR_INIT;
    CLEANUP_FREE char *url = xasprintf("%s%s", "http://cloud.example:8774/toy", s->path);
    CLEANUP_FREE char *url_q = quoted(url);
    CLEANUP_FREE char *params_q = NULL;
    CLEANUP_FREE char *base = NULL;
    CLEANUP_FREE char *key = xasprintf("%s&%s", consumer_secret, s->token_secret != NULL ? s->token_secret : "");
    CLEANUP_FREE char *signature = NULL;
    CLEANUP_FREE char *signature_q = NULL;
    long long timestamp = (long long)(clock_us() / 1000000 + s->off_s);
    uint8_t mac[32];
    unsigned len = 0;

    id_hex(nonce);
    if (s->nonce != NULL)
        snprintf(nonce, sizeof nonce, "%s", s->nonce);
    str_addf(&params, "oauth_consumer_key=%s&oauth_nonce=%s&oauth_signature_method=%s&oauth_timestamp=%lld", consumer, nonce, method, timestamp);
    if (s->token != NULL)
        str_addf(&params, "&oauth_token=%s", s->token);
    if (s->verifier != NULL)
        str_addf(&params, "&oauth_verifier=%s", s->verifier);
    str_add(&params, "&oauth_version=1.0");
    params_q = quoted(params.text);
    base = xasprintf("POST&%s&%s", url_q, params_q);
    HMAC(EVP_sha1(), key, (int)strlen(key), (const uint8_t *)base, strlen(base), mac, &len);
    signature = str_base64(mac, len, 0);
    signature_q = quoted(signature);
    {
        struct str header = STR_INIT;

        str_addf(&header, "Authorization: OAuth oauth_consumer_key=\"%s\", oauth_nonce=\"%s\", oauth_signature_method=\"%s\", oauth_timestamp=\"%lld\", ", consumer, nonce,
                 method, timestamp);
        if (s->token != NULL)
            str_addf(&header, "oauth_token=\"%s\", ", s->token);
        if (s->verifier != NULL)
            str_addf(&header, "oauth_verifier=\"%s\", ", s->verifier);
        str_addf(&header, "oauth_version=\"1.0\", oauth_signature=\"%s\"\nRequested-Project-Id: %s\n", signature_q, project);
        return str_take(&header);
    }
}

static const struct wire_reply *
ask_signed(const struct signing *s, const char *body)
{
    CLEANUP_FREE char *headers = signed_header(s);

    return bed_ask(NULL, "POST", s->path, NULL, headers, body);
}

/* A value of "a=1&b=2"; malloc'd. */
static char *
form_value(const char *form, const char *name)
{
    CLEANUP_FREE char *key = xasprintf("%s=", name);
    const char *at = strstr(form, key);

    ck_assert_msg(at != NULL, "%s lacks %s", form, name);
    at += strlen(key);
    return xstrndup(at, strcspn(at, "&"));
}

#define REQUEST "/v3/OS-OAUTH1/request_token"
#define ACCESS "/v3/OS-OAUTH1/access_token"

static void
get_request_token(char **id, char **secret)
{
    const struct wire_reply *r = ask_signed(&(struct signing){ .path = REQUEST }, NULL);

    ck_assert_msg(r->status == 201, "%d %s", r->status, r->text);
    ck_assert_str_eq(r->type, "application/x-www-form-urlencoded");
    *id = form_value(r->text, "oauth_token");
    *secret = form_value(r->text, "oauth_token_secret");
    free(form_value(r->text, "oauth_expires_at"));
}

static char *
authorize(const char *id, const char *role)
{
    CLEANUP_FREE char *path = xasprintf("/v3/OS-OAUTH1/authorize/%s", id);
    CLEANUP_FREE char *body = xasprintf("{\"roles\":[{\"name\":\"%s\"}]}", role);
    const struct wire_reply *r = bed_ask(admin, "PUT", path, NULL, NULL, body);

    return r->status == 200 ? xstrdup(bed_text(r, "token.oauth_verifier")) : NULL;
}

static void
get_access_token(const char *role, char **id, char **secret)
{
    CLEANUP_FREE char *request = NULL;
    CLEANUP_FREE char *request_secret = NULL;
    CLEANUP_FREE char *verifier = NULL;
    const struct wire_reply *r;

    get_request_token(&request, &request_secret);
    verifier = authorize(request, role);
    ck_assert_ptr_nonnull(verifier);
    r = ask_signed(&(struct signing){ .path = ACCESS, .token = request, .token_secret = request_secret, .verifier = verifier }, NULL);
    ck_assert_msg(r->status == 201, "%d %s", r->status, r->text);
    *id = form_value(r->text, "oauth_token");
    *secret = form_value(r->text, "oauth_token_secret");
}

static const char login_body[] = "{\"auth\":{\"identity\":{\"methods\":[\"oauth1\"],\"oauth1\":{}}}}";

static const struct wire_reply *
login(const char *id, const char *secret)
{
    return ask_signed(&(struct signing){ .path = "/v3/auth/tokens", .token = id, .token_secret = secret }, login_body);
}

START_TEST(consumers_have_a_secret_that_is_told_once)
{
    CLEANUP_FREE char *path = xasprintf("/v3/OS-OAUTH1/consumers/%s", consumer);
    const struct wire_reply *r = bed_ask(admin, "GET", path, NULL, NULL, NULL);

    ck_assert_int_eq(r->status, 200);
    ck_assert_ptr_null(strstr(r->text, "secret"));
    ck_assert_str_eq(bed_text(r, "consumer.description"), "d");
    ck_assert_ptr_nonnull(strstr(bed_text(r, "consumer.links.self"), path));
    ck_assert_int_eq(status(admin, "PATCH", path, "{\"consumer\":{\"description\":\"e\"}}"), 200);
    ck_assert_str_eq(bed_text(bed_ask(admin, "GET", path, NULL, NULL, NULL), "consumer.description"), "e");
    ck_assert_int_eq(status(admin, "PATCH", path, "{\"consumer\":{\"secret\":\"mine\"}}"), 400);
    ck_assert_ptr_nonnull(strstr(bed_ask(admin, "GET", "/v3/OS-OAUTH1/consumers", NULL, NULL, NULL)->text, consumer));
    ck_assert_int_eq(status(admin, "DELETE", path, NULL), 204);
    ck_assert_int_eq(status(admin, "GET", path, NULL), 404);
    ck_assert_int_eq(ask_signed(&(struct signing){ .path = REQUEST }, NULL)->status, 404);
}
END_TEST

START_TEST(a_consumer_gets_what_a_user_authorized)
{
    CLEANUP_FREE char *id = NULL;
    CLEANUP_FREE char *secret = NULL;
    CLEANUP_FREE char *token = NULL;
    CLEANUP_FREE char *list = xasprintf("/v3/users/%s/OS-OAUTH1/access_tokens", admin_id);
    CLEANUP_FREE char *one = NULL;
    CLEANUP_FREE char *roles = NULL;
    CLEANUP_FREE char *headers = NULL;
    CLEANUP_FREE char *exchange = NULL;
    const struct wire_reply *r;

    get_access_token("member", &id, &secret);
    r = login(id, secret);
    ck_assert_msg(r->status == 201, "%d %s", r->status, r->text);
    ck_assert_str_eq(bed_text(r, "token.user.id"), admin_id);
    ck_assert_str_eq(bed_text(r, "token.project.id"), project);
    ck_assert_str_eq(bed_text(r, "token.OS-OAUTH1.access_token_id"), id);
    ck_assert_str_eq(bed_text(r, "token.OS-OAUTH1.consumer_id"), consumer);
    ck_assert_uint_eq(json_array_size(json_object_get(json_object_get(r->json, "token"), "roles")), 2);
    token = xstrdup(wire_header("X-Subject-Token"));
    ck_assert_int_eq(status(token, "GET", "/v3/users", NULL), 403);        /* a member, though the user is an administrator */
    exchange = xasprintf("{\"auth\":{\"identity\":{\"methods\":[\"token\"],\"token\":{\"id\":\"%s\"}}}}", token);
    ck_assert_int_eq(status(NULL, "POST", "/v3/auth/tokens", exchange), 403);
    one = xasprintf("%s/%s", list, id);
    roles = xasprintf("%s/roles", one);
    ck_assert_ptr_nonnull(strstr(bed_ask(admin, "GET", list, NULL, NULL, NULL)->text, id));
    ck_assert_str_eq(bed_text(bed_ask(admin, "GET", one, NULL, NULL, NULL), "access_token.consumer_id"), consumer);
    ck_assert_int_eq(status(token, "GET", one, NULL), 403);
    ck_assert_ptr_nonnull(strstr(bed_ask(admin, "GET", roles, NULL, NULL, NULL)->text, "member"));
    ck_assert_int_eq(status(admin, "DELETE", one, NULL), 204);
    headers = xasprintf("X-Subject-Token: %s\n", token);
    ck_assert_int_eq(bed_ask(admin, "GET", "/v3/auth/tokens", NULL, headers, NULL)->status, 404);
    ck_assert_int_eq(login(id, secret)->status, 401);
}
END_TEST

START_TEST(signatures_nonces_and_times_are_checked)
{
    CLEANUP_FREE char *request = NULL;
    CLEANUP_FREE char *secret = NULL;
    CLEANUP_FREE char *verifier = NULL;
    CLEANUP_FREE char *id = NULL;
    CLEANUP_FREE char *id_secret = NULL;
    CLEANUP_FREE char *headers = NULL;

    ck_assert_int_eq(bed_ask(NULL, "POST", REQUEST, NULL, NULL, NULL)->status, 400);
    ck_assert_int_eq(bed_ask(NULL, "POST", REQUEST, NULL, "Authorization: OAuth nonsense\n", NULL)->status, 400);
    ck_assert_int_eq(ask_signed(&(struct signing){ .path = REQUEST, .token_secret = "x" }, NULL)->status, 401);
    ck_assert_int_eq(ask_signed(&(struct signing){ .path = REQUEST, .off_s = -OAUTH_CLOCK_S - 5 }, NULL)->status, 401);
    ck_assert_int_eq(ask_signed(&(struct signing){ .path = REQUEST, .off_s = OAUTH_CLOCK_S + 5 }, NULL)->status, 401);
    ck_assert_int_eq(ask_signed(&(struct signing){ .path = REQUEST, .method = "PLAINTEXT" }, NULL)->status, 401);
    ck_assert_int_eq(ask_signed(&(struct signing){ .path = REQUEST, .nonce = "once" }, NULL)->status, 201);
    ck_assert_int_eq(ask_signed(&(struct signing){ .path = REQUEST, .nonce = "once" }, NULL)->status, 401);
    get_request_token(&request, &secret);
    /* Nobody has authorized it; then with another's verifier; then well, and once. */
    ck_assert_int_eq(ask_signed(&(struct signing){ .path = ACCESS, .token = request, .token_secret = secret, .verifier = "x" }, NULL)->status, 401);
    ck_assert_ptr_null(authorize(request, "no-such-role"));
    verifier = authorize(request, "reader");
    ck_assert_ptr_nonnull(verifier);
    ck_assert_int_eq(ask_signed(&(struct signing){ .path = ACCESS, .token = request, .token_secret = secret, .verifier = "x" }, NULL)->status, 401);
    ck_assert_int_eq(ask_signed(&(struct signing){ .path = ACCESS, .token = request, .token_secret = "y", .verifier = verifier }, NULL)->status, 401);
    ck_assert_int_eq(ask_signed(&(struct signing){ .path = ACCESS, .token = request, .token_secret = secret, .verifier = verifier }, NULL)->status, 201);
    ck_assert_int_eq(ask_signed(&(struct signing){ .path = ACCESS, .token = request, .token_secret = secret, .verifier = verifier }, NULL)->status, 404);
    get_access_token("reader", &id, &id_secret);
    ck_assert_int_eq(login(id, "wrong")->status, 401);
    ck_assert_int_eq(login("nothing", id_secret)->status, 401);
    /* The same signature for another place is none. */
    headers = signed_header(&(struct signing){ .path = REQUEST, .token = id, .token_secret = id_secret });
    ck_assert_int_eq(bed_ask(NULL, "POST", "/v3/auth/tokens", NULL, headers, login_body)->status, 401);
    clock_move(INT64_C(25) * 3600 * 1000000);
    ck_assert_int_eq(login(id, id_secret)->status, 401);
    clock_move(INT64_C(-25) * 3600 * 1000000);
}
END_TEST

START_TEST(what_was_handed_on_authorizes_nothing)
{
    CLEANUP_FREE char *id = NULL;
    CLEANUP_FREE char *secret = NULL;
    CLEANUP_FREE char *token = NULL;
    CLEANUP_FREE char *request = NULL;
    CLEANUP_FREE char *request_secret = NULL;
    CLEANUP_FREE char *path = NULL;
    CLEANUP_FREE char *trust = NULL;
    CLEANUP_FREE char *creds = xasprintf("/v3/users/%s/application_credentials", admin_id);
    const struct wire_reply *r;

    get_access_token("admin", &id, &secret);
    r = login(id, secret);
    ck_assert_int_eq(r->status, 201);
    token = xstrdup(wire_header("X-Subject-Token"));
    get_request_token(&request, &request_secret);
    path = xasprintf("/v3/OS-OAUTH1/authorize/%s", request);
    trust = xasprintf("{\"trust\":{\"trustor_user_id\":\"%s\",\"trustee_user_id\":\"%s\",\"impersonation\":true,\"project_id\":\"%s\",\"roles\":[{\"name\":\"member\"}]}}",
                      admin_id, admin_id, project);
    ck_assert_int_eq(status(token, "PUT", path, "{\"roles\":[{\"name\":\"admin\"}]}"), 403);
    ck_assert_int_eq(status(token, "POST", creds, "{\"application_credential\":{\"name\":\"x\"}}"), 403);
    ck_assert_int_eq(status(token, "POST", "/v3/OS-TRUST/trusts", trust), 403);
}
END_TEST

START_TEST(tokens_end_with_their_consumer_and_events_name_what_ended)
{
    CLEANUP_FREE char *id = NULL;
    CLEANUP_FREE char *secret = NULL;
    CLEANUP_FREE char *id2 = NULL;
    CLEANUP_FREE char *secret2 = NULL;
    CLEANUP_FREE char *token = NULL;
    CLEANUP_FREE char *headers = NULL;
    CLEANUP_FREE char *path = xasprintf("/v3/OS-OAUTH1/consumers/%s", consumer);
    CLEANUP_FREE char *one = NULL;

    get_access_token("member", &id, &secret);
    get_access_token("member", &id2, &secret2);
    ck_assert_int_eq(login(id, secret)->status, 201);
    token = xstrdup(wire_header("X-Subject-Token"));
    one = xasprintf("/v3/users/%s/OS-OAUTH1/access_tokens/%s", admin_id, id2);
    ck_assert_int_eq(status(admin, "DELETE", one, NULL), 204);
    ck_assert_ptr_nonnull(strstr(bed_ask(admin, "GET", "/v3/OS-REVOKE/events", NULL, NULL, NULL)->text, "\"OS-OAUTH1:access_token_id\":"));
    headers = xasprintf("X-Subject-Token: %s\n", token);
    ck_assert_int_eq(bed_ask(admin, "GET", "/v3/auth/tokens", NULL, headers, NULL)->status, 200);
    ck_assert_int_eq(status(admin, "DELETE", path, NULL), 204);
    ck_assert_int_eq(bed_ask(admin, "GET", "/v3/auth/tokens", NULL, headers, NULL)->status, 404);
}
END_TEST

/* --- OAuth 2.0 */
static const struct wire_reply *
ask_oauth2(const char *id, const char *secret, const char *form)
{
    CLEANUP_FREE char *pair = xasprintf("%s:%s", id, secret);
    CLEANUP_FREE char *encoded = str_base64(pair, strlen(pair), 0);
    CLEANUP_FREE char *headers = xasprintf("Authorization: Basic %s\n", encoded);

    return bed_ask(NULL, "POST", "/v3/OS-OAUTH2/token", NULL, id != NULL ? headers : NULL, form);
}

START_TEST(an_application_credential_is_exchanged_for_a_bearer_token)
{
    CLEANUP_FREE char *path = xasprintf("/v3/users/%s/application_credentials", admin_id);
    const struct wire_reply *r = bed_ask(admin, "POST", path, NULL, NULL, "{\"application_credential\":{\"name\":\"client\",\"roles\":[{\"name\":\"member\"}]}}");
    CLEANUP_FREE char *id = xstrdup(bed_text(r, "application_credential.id"));
    CLEANUP_FREE char *secret = xstrdup(bed_text(r, "application_credential.secret"));
    CLEANUP_FREE char *form = xasprintf("grant_type=client_credentials&client_id=%s&client_secret=%s", id, secret);
    CLEANUP_FREE char *token = NULL;

    r = ask_oauth2(id, secret, "grant_type=client_credentials");
    ck_assert_msg(r->status == 200, "%d %s", r->status, r->text);
    ck_assert_str_eq(bed_text(r, "token_type"), "Bearer");
    ck_assert_int_eq(json_int(r->json, "expires_in", 0) > 14000, 1);
    token = xstrdup(bed_text(r, "access_token"));
    ck_assert_int_eq(status(token, "GET", "/v3/auth/projects", NULL), 200);
    ck_assert_int_eq(status(token, "GET", "/v3/users", NULL), 403);
    ck_assert_int_eq(ask_oauth2(NULL, NULL, form)->status, 200);
    r = ask_oauth2(id, "wrong", "grant_type=client_credentials");
    ck_assert_int_eq(r->status, 401);
    ck_assert_str_eq(bed_text(r, "error"), "invalid_client");
    ck_assert_ptr_nonnull(wire_header("WWW-Authenticate"));
    ck_assert_int_eq(ask_oauth2(NULL, NULL, "grant_type=client_credentials")->status, 401);
    r = ask_oauth2(id, secret, "grant_type=password");
    ck_assert_int_eq(r->status, 400);
    ck_assert_str_eq(bed_text(r, "error"), "unsupported_grant_type");
    ck_assert_str_eq(bed_text(ask_oauth2(id, secret, "a=b&grant_type"), "error"), "invalid_request");
}
END_TEST

/* A published example with all that must be encoded: computed by others. */
START_TEST(a_published_example_is_understood)
{
    static const char header[] =
        "OAuth oauth_consumer_key=\"xvz1evFS4wEEPTGEFPHBog\", oauth_nonce=\"kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg\", oauth_signature_method=\"HMAC-SHA1\","
        " oauth_timestamp=\"1318622958\", oauth_token=\"370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb\", oauth_version=\"1.0\", include_entities=\"true\","
        " status=\"Hello%20Ladies%20%2B%20Gentlemen%2C%20a%20signed%20OAuth%20request%21\", oauth_signature=\"hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D\"";
    static const char secret[] = "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw", token_secret[] = "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE";
    CLEANUP_OAUTH struct oauth_request r = { .count = 0 };
    struct cairn_error err = CAIRN_ERROR_INIT;
    int64_t move = INT64_C(1318622958) * 1000000 - clock_us();

    ck_assert_int_eq(oauth_parse_header(header, &r, &err), 0);
    r.method = xstrdup("POST");
    r.url = xstrdup("https://api.twitter.com/1.1/statuses/update.json");
    clock_move(move);
    ck_assert_msg(oauth_check(&r, secret, token_secret, &err) == 0, "%s", err.message);
    ck_assert_int_eq(oauth_check(&r, secret, "another", &err), -1);
    ck_assert_int_eq(oauth_check(&r, "another", token_secret, &err), -1);
    clock_move(-move);
}
END_TEST

START_TEST(plain_secrets_and_other_digests_are_taken)
{
    static const struct { const char *method, *signature; int right; } cases[] = {
        { "PLAINTEXT", "c%2526s%26t", 1 }, { "PLAINTEXT", "c%2526s%26", 0 }, { "PLAINTEXT", "", 0 }, { "HMAC-SHA3", "c%2526s%26t", 0 }, { "HMAC-SHA256", "c%2526s%26t", 0 },
    };
    struct cairn_error err = CAIRN_ERROR_INIT;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP_OAUTH struct oauth_request r = { .count = 0 };
        CLEANUP_FREE char *header = xasprintf("OAuth oauth_consumer_key=\"k\", oauth_signature_method=\"%s\", oauth_signature=\"%s\"", cases[i].method, cases[i].signature);

        ck_assert_int_eq(oauth_parse_header(header, &r, &err), 0);
        r.method = xstrdup("POST");
        r.url = xstrdup("http://h/p");
        ck_assert_msg((oauth_check(&r, "c&s", "t", &err) == 0) == cases[i].right, "case %zu", i);
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("identity_oauth");
    TCase *t = tcase_create("oauth");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, consumers_have_a_secret_that_is_told_once);
    tcase_add_test(t, a_consumer_gets_what_a_user_authorized);
    tcase_add_test(t, signatures_nonces_and_times_are_checked);
    tcase_add_test(t, what_was_handed_on_authorizes_nothing);
    tcase_add_test(t, tokens_end_with_their_consumer_and_events_name_what_ended);
    tcase_add_test(t, an_application_credential_is_exchanged_for_a_bearer_token);
    tcase_add_test(t, plain_secrets_and_other_digests_are_taken);
    tcase_add_test(t, a_published_example_is_understood);
    suite_add_tcase(s, t);
    return s;
}

int
main(void)
{
    return run_suite(suite());
}
