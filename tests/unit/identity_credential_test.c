/* identity_credential_test.c: credentials, EC2 and S3 signatures, passcodes by the clock, and logins in more than one step. */
#include "config.h"
#include "identity_testing.h"
#include "unit.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/clock.h"
#include "identity/credential_store.h"
#include "identity/ec2_signature.h"
#include "identity/resources.h"

static char *admin, *ann, *home, *ann_token, *bob, *bob_token, *service_token;

static int
status(const char *token, const char *method, const char *path, const char *body)
{
    return bed_ask(token, method, path, NULL, NULL, body)->status;
}

static void
grant(const char *user, const char *project, const char *role)
{
    CLEANUP_FREE char *query = xasprintf("name=%s", role);
    const struct wire_reply *r = bed_ask(admin, "GET", "/v3/roles", query, NULL, NULL);
    CLEANUP_FREE char *path = xasprintf("/v3/projects/%s/users/%s/roles/%s", project, user, json_str(json_array_get(json_object_get(r->json, "roles"), 0), "id"));

    ck_assert_int_eq(status(admin, "PUT", path, NULL), 204);
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
setup(void)
{
    CLEANUP_FREE char *gateway = NULL;

    bed_open();
    admin = bed_login("admin", PASSWORD, PROJECT_SCOPE);
    ck_assert_ptr_nonnull(admin);
    ann = bed_make(admin, "/v3/users", "user", "{\"name\":\"ann\",\"password\":\"pw\"}");
    bob = bed_make(admin, "/v3/users", "user", "{\"name\":\"bob\",\"password\":\"pw\"}");
    gateway = bed_make(admin, "/v3/users", "user", "{\"name\":\"gateway\",\"password\":\"pw\"}");
    home = bed_make(admin, "/v3/projects", "project", "{\"name\":\"home\"}");
    grant(ann, home, "member");
    grant(bob, home, "reader");
    grant(gateway, home, "service");
    ann_token = login_to("ann", home);
    bob_token = login_to("bob", home);
    service_token = login_to("gateway", home);
}

static void
teardown(void)
{
    free(admin);
    free(ann);
    free(home);
    free(ann_token);
    free(bob);
    free(bob_token);
    free(service_token);
    bed_close();
}

/* --- /v3/credentials */
static char *
make_credential(const char *token, const char *type, const char *blob, int *ret_status)
{
    CLEANUP_JSON json_t *credential = json_object();
    CLEANUP_JSON json_t *body = json_object();
    CLEANUP_FREE char *text = NULL;
    const struct wire_reply *r;

    json_object_set_new(credential, "type", json_string(type));
    json_object_set_new(credential, "blob", json_string(blob));
    json_object_set_new(credential, "user_id", json_string(ann));
    json_object_set_new(credential, "project_id", json_string(home));
    json_object_set(body, "credential", credential);
    text = json_text(body);
    r = bed_ask(token, "POST", "/v3/credentials", NULL, NULL, text);
    *ret_status = r->status;
    return xstrdup(bed_text(r, "credential.id"));
}

static char *
sealed_of(const char *id)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    CLEANUP_TX struct tx *tx = NULL;
    char *sealed = NULL;

    ck_assert_int_eq(tx_begin(bed.catalog, TX_READ, &tx, &err), 0);
    ck_assert_int_eq(tx_text(tx, &sealed, &err, "select sealed from credentials where id = ?", "s", id), 0);
    ck_assert_ptr_nonnull(sealed);
    return sealed;
}

START_TEST(blobs_are_sealed_and_follow_the_newest_key)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    int got;
    CLEANUP_FREE char *id = make_credential(ann_token, "cert", "the secret", &got);
    CLEANUP_FREE char *path = xasprintf("/v3/credentials/%s", id);
    CLEANUP_FREE char *before = NULL;
    CLEANUP_FREE char *after = NULL;
    int64_t number, count;

    ck_assert_int_eq(got, 201);
    before = sealed_of(id);
    ck_assert_ptr_null(strstr(before, "secret"));
    ck_assert_uint_eq(seal_text_key(before), 1);
    ck_assert_msg(identity_reseal_credentials(bed.env.state_dir, bed.catalog, 1, &number, &count, &err) == 0, "%s", err.message);
    ck_assert_int_eq(number, 2);
    ck_assert_int_eq(count, 1);
    after = sealed_of(id);
    ck_assert_uint_eq(seal_text_key(after), 2);
    identity_refresh();
    ck_assert_str_eq(bed_text(bed_ask(ann_token, "GET", path, NULL, NULL, NULL), "credential.blob"), "the secret");
    bed_reopen();
    ck_assert_str_eq(bed_text(bed_ask(ann_token, "GET", path, NULL, NULL, NULL), "credential.blob"), "the secret");
    ck_assert_int_eq(identity_reseal_credentials(bed.env.state_dir, bed.catalog, 0, &number, &count, &err), 0);
    ck_assert_int_eq(count, 0);
}
END_TEST

START_TEST(a_sealed_blob_fits_no_other_row)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    int got;
    CLEANUP_FREE char *one = make_credential(ann_token, "cert", "one", &got);
    CLEANUP_FREE char *two = make_credential(ann_token, "cert", "two", &got);
    CLEANUP_FREE char *path = xasprintf("/v3/credentials/%s", two);
    struct tx *tx;

    ck_assert_int_eq(tx_begin(bed.catalog, TX_WRITE, &tx, &err), 0);
    ck_assert_int_eq(tx_exec(tx, &err, "update credentials set sealed = (select sealed from credentials where id = ?) where id = ?", "ss", one, two), 0);
    ck_assert_int_eq(tx_commit(tx, &err), 0);
    ck_assert_int_eq(status(ann_token, "GET", path, NULL), 500);
}
END_TEST

/* OSSA-2019-006: all users' credentials were listed to anybody. */
START_TEST(credentials_are_seen_by_their_users_and_administrators)
{
    int got;
    CLEANUP_FREE char *id = make_credential(ann_token, "cert", "x", &got);
    CLEANUP_FREE char *path = xasprintf("/v3/credentials/%s", id);
    CLEANUP_FREE char *query = xasprintf("user_id=%s", ann);

    ck_assert_int_eq(got, 201);
    free(make_credential(bob_token, "cert", "x", &got));
    ck_assert_int_eq(got, 403);
    ck_assert_int_eq(status(bob_token, "GET", path, NULL), 403);
    ck_assert_int_eq(status(bob_token, "PATCH", path, "{\"credential\":{\"blob\":\"y\"}}"), 403);
    ck_assert_int_eq(status(bob_token, "DELETE", path, NULL), 403);
    ck_assert_ptr_null(strstr(bed_ask(bob_token, "GET", "/v3/credentials", NULL, NULL, NULL)->text, id));
    ck_assert_ptr_null(strstr(bed_ask(bob_token, "GET", "/v3/credentials", query, NULL, NULL)->text, id));
    ck_assert_ptr_nonnull(strstr(bed_ask(ann_token, "GET", "/v3/credentials", NULL, NULL, NULL)->text, id));
    ck_assert_ptr_nonnull(strstr(bed_ask(admin, "GET", "/v3/credentials", query, NULL, NULL)->text, id));
    ck_assert_ptr_null(strstr(bed_ask(admin, "GET", "/v3/credentials", "type=ec2", NULL, NULL)->text, id));
    ck_assert_int_eq(status(ann_token, "DELETE", path, NULL), 204);
    ck_assert_int_eq(status(ann_token, "GET", path, NULL), 403);
}
END_TEST

/* OSSA-2020-004: owners and what a credential stands on could be edited. */
START_TEST(a_credential_keeps_owner_project_kind_and_leave)
{
    int got;
    CLEANUP_FREE char *id = make_credential(ann_token, "ec2", "{\"access\":\"a\",\"secret\":\"s\"}", &got);
    CLEANUP_FREE char *path = xasprintf("/v3/credentials/%s", id);
    static const char *const bodies[] = {
        "{\"credential\":{\"type\":\"cert\"}}", "{\"credential\":{\"project_id\":\"elsewhere\"}}", "{\"credential\":{\"user_id\":\"somebody\"}}",
        "{\"credential\":{\"project_id\":null}}", "{\"credential\":{\"blob\":\"{\\\"access\\\":\\\"b\\\",\\\"secret\\\":\\\"s\\\"}\"}}",
        "{\"credential\":{\"blob\":\"{\\\"access\\\":\\\"a\\\",\\\"secret\\\":\\\"s\\\",\\\"trust_id\\\":\\\"t\\\"}\"}}", "{\"credential\":{\"blob\":\"no json\"}}",
    };

    ck_assert_int_eq(got, 201);
    ck_assert_uint_eq(strlen(id), 64);
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
        ck_assert_msg(status(ann_token, "PATCH", path, bodies[i]) == 400, "%s", bodies[i]);
    ck_assert_int_eq(status(ann_token, "PATCH", path, "{\"credential\":{\"type\":\"ec2\",\"blob\":\"{\\\"access\\\":\\\"a\\\",\\\"secret\\\":\\\"new\\\"}\"}}"), 200);
    ck_assert_ptr_nonnull(strstr(bed_ask(ann_token, "GET", path, NULL, NULL, NULL)->text, "new"));
    free(make_credential(ann_token, "ec2", "{\"access\":\"a\",\"secret\":\"s\"}", &got));
    ck_assert_int_eq(got, 409);
    free(make_credential(ann_token, "ec2", "no json", &got));
    ck_assert_int_eq(got, 400);
    free(make_credential(ann_token, "ec2", "{\"secret\":\"s\"}", &got));
    ck_assert_int_eq(got, 400);
}
END_TEST

/* --- EC2 */
/* ann's key for the project "home" by this token. */
static int
make_ec2(const char *token, char **access, char **secret)
{
    CLEANUP_FREE char *path = xasprintf("/v3/users/%s/credentials/OS-EC2", ann);
    CLEANUP_FREE char *body = xasprintf("{\"tenant_id\":\"%s\"}", home);
    const struct wire_reply *r = bed_ask(token, "POST", path, NULL, NULL, body);

    *access = xstrdup(bed_text(r, "credential.access"));
    *secret = xstrdup(bed_text(r, "credential.secret"));
    return r->status;
}

START_TEST(users_have_ec2_keys_of_their_own)
{
    CLEANUP_FREE char *access = NULL;
    CLEANUP_FREE char *secret = NULL;
    CLEANUP_FREE char *list = xasprintf("/v3/users/%s/credentials/OS-EC2", ann);
    CLEANUP_FREE char *other = xasprintf("/v3/users/%s/credentials/OS-EC2", bob);
    CLEANUP_FREE char *one = NULL;
    CLEANUP_FREE char *crossed = NULL;
    const struct wire_reply *r;

    ck_assert_int_eq(make_ec2(ann_token, &access, &secret), 201);
    one = xasprintf("%s/%s", list, access);
    crossed = xasprintf("%s/%s", other, access);
    r = bed_ask(ann_token, "GET", one, NULL, NULL, NULL);
    ck_assert_int_eq(r->status, 200);
    ck_assert_str_eq(bed_text(r, "credential.secret"), secret);
    ck_assert_str_eq(bed_text(r, "credential.tenant_id"), home);
    ck_assert_ptr_nonnull(strstr(bed_ask(ann_token, "GET", list, NULL, NULL, NULL)->text, access));
    ck_assert_int_eq(status(bob_token, "GET", one, NULL), 403);
    ck_assert_int_eq(status(bob_token, "GET", list, NULL), 403);
    ck_assert_int_eq(status(bob_token, "GET", crossed, NULL), 404);
    ck_assert_int_eq(status(bob_token, "POST", list, "{\"tenant_id\":\"x\"}"), 403);
    ck_assert_int_eq(status(ann_token, "POST", list, "{\"tenant_id\":\"nowhere\"}"), 404);
    ck_assert_int_eq(status(ann_token, "DELETE", one, NULL), 204);
    ck_assert_int_eq(status(ann_token, "GET", one, NULL), 404);
}
END_TEST

/* What AWS's own documents and clients compute: vectors that do not come from this code. */
START_TEST(published_signatures_are_understood)
{
    static const struct { const char *request; int right; } cases[] = {
        /* Amazon's example of version 2 */
        { "{\"access\":\"AKIAIOSFODNN7EXAMPLE\",\"signature\":\"i91nKc4PWAt0JJIdXwz9HxZCJDdiy6cf/Mj6vPxyYIs=\",\"host\":\"elasticmapreduce.amazonaws.com\","
          "\"verb\":\"GET\",\"path\":\"/\",\"params\":{\"AWSAccessKeyId\":\"AKIAIOSFODNN7EXAMPLE\",\"Action\":\"DescribeJobFlows\",\"SignatureMethod\":\"HmacSHA256\","
          "\"SignatureVersion\":\"2\",\"Timestamp\":\"2011-10-03T15:19:30\",\"Version\":\"2009-03-31\"}}", 1 },
        { "{\"access\":\"AKIAIOSFODNN7EXAMPLE\",\"signature\":\"i91nKc4PWAt0JJIdXwz9HxZCJDdiy6cf/Mj6vPxyYIs=\",\"host\":\"elasticmapreduce.amazonaws.com\","
          "\"verb\":\"GET\",\"path\":\"/\",\"params\":{\"AWSAccessKeyId\":\"AKIAIOSFODNN7EXAMPLE\",\"Action\":\"TerminateJobFlows\",\"SignatureMethod\":\"HmacSHA256\","
          "\"SignatureVersion\":\"2\",\"Timestamp\":\"2011-10-03T15:19:30\",\"Version\":\"2009-03-31\"}}", 0 },
    };
    struct cairn_error err = CAIRN_ERROR_INIT;
    int64_t then, now = clock_us();

    ck_assert_int_eq(clock_parse("2011-10-03T15:19:30Z", &then), 0);
    clock_move(then - now);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP_JSON json_t *request = json_of_column(cases[i].request);

        ck_assert_msg((ec2_signature_check(request, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", &err) == 0) == cases[i].right, "case %zu: %s", i, err.message);
        if (!cases[i].right)
            ck_assert_int_eq(err.code, CAIRN_UNAUTHENTICATED);
    }
    /* Too old: OSSA-2020-003. */
    clock_move(INT64_C(1000000) * (SIGNATURE_TTL_S + 1));
    {
        CLEANUP_JSON json_t *request = json_of_column(cases[0].request);

        ck_assert_int_eq(ec2_signature_check(request, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", &err), -1);
        ck_assert_str_eq(err.message, "Credential is expired");
    }
    clock_move(now - then - INT64_C(1000000) * (SIGNATURE_TTL_S + 1));
}
END_TEST

/* Amazon's "get-vanilla-query-order-key-case" of the test suite for version 4. */
START_TEST(version_4_is_understood_from_header_and_query)
{
    static const char header[] =
        "{\"host\":\"example.amazonaws.com\",\"verb\":\"GET\",\"path\":\"/\",\"params\":{\"Param2\":\"value2\",\"Param1\":\"value1\"},"
        "\"headers\":{\"Host\":\"example.amazonaws.com\",\"X-Amz-Date\":\"20150830T123600Z\",\"Authorization\":\"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/"
        "service/aws4_request, SignedHeaders=host;x-amz-date, Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500\"},"
        "\"body_hash\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}";
    struct cairn_error err = CAIRN_ERROR_INIT;
    CLEANUP_JSON json_t *request = json_of_column(header);
    int64_t then, now = clock_us();

    ck_assert_int_eq(clock_parse("2015-08-30T12:36:00Z", &then), 0);
    clock_move(then - now);
    ck_assert_msg(ec2_signature_check(request, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", &err) == 0, "%s", err.message);
    ck_assert_int_eq(ec2_signature_check(request, "another", &err), -1);
    json_object_set_new(json_object_get(request, "params"), "Param3", json_string("added"));
    ck_assert_int_eq(ec2_signature_check(request, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", &err), -1);
    clock_move(now - then);
}
END_TEST

/* Version 4 signs no parameters of a POST: none of them may say when it was.  Amazon's "post-vanilla". */
START_TEST(an_old_post_is_not_made_new_by_what_is_not_signed)
{
    static const char post[] =
        "{\"host\":\"example.amazonaws.com\",\"verb\":\"POST\",\"path\":\"/\",\"params\":{},"
        "\"headers\":{\"Host\":\"example.amazonaws.com\",\"X-Amz-Date\":\"20150830T123600Z\",\"Authorization\":\"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/"
        "service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b\"},"
        "\"body_hash\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}";
    static const char secret[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    struct cairn_error err = CAIRN_ERROR_INIT;
    CLEANUP_JSON json_t *request = json_of_column(post);
    int64_t then, now = clock_us();

    ck_assert_int_eq(clock_parse("2015-08-30T12:36:00Z", &then), 0);
    clock_move(then - now);
    ck_assert_msg(ec2_signature_check(request, secret, &err) == 0, "%s", err.message);
    clock_move(INT64_C(3600) * 1000000);
    json_object_set_new(json_object_get(request, "params"), "Timestamp", json_string("2015-08-30T13:36:00Z"));
    json_object_set_new(json_object_get(request, "params"), "Expires", json_string("2099-08-30T13:36:00Z"));
    ck_assert_int_eq(ec2_signature_check(request, secret, &err), -1);
    ck_assert_str_eq(err.message, "Credential is expired");
    clock_move(now - then - INT64_C(3600) * 1000000);
}
END_TEST

/* What is signed may be any bytes. */
START_TEST(a_text_with_zeros_is_read_to_its_end)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    char text[600] = "GET";
    uint8_t mac[32];
    unsigned len = 0;
    CLEANUP_FREE char *token = str_base64(text, sizeof text, 0);
    CLEANUP_FREE char *right = NULL;
    CLEANUP_FREE char *body = NULL;
    CLEANUP_JSON json_t *request = NULL;

    HMAC(EVP_sha1(), "key", 3, (const uint8_t *)text, sizeof text, mac, &len);
    right = str_base64(mac, len, 0);
    body = xasprintf("{\"signature\":\"%s\",\"token\":\"%s\"}", right, token);
    request = json_of_column(body);
    ck_assert_msg(s3_signature_check(request, "key", &err) == 0, "%s", err.message);
    ck_assert_int_eq(s3_signature_check(request, "yek", &err), -1);
}
END_TEST

START_TEST(s3_signatures_are_understood)
{
    /* Amazon's examples: "GET /awsexamplebucket1/photos/puppy.jpg" of version 2 of S3, and "GET /?lifecycle" of version 4. */
    static const char v1[] = "{\"signature\":\"qgk2+6Sv9/oM7G3qLEjTH1a1l1g=\",\"token\":\"R0VUCgoKVHVlLCAyNyBNYXIgMjAwNyAxOTozNjo0MiArMDAwMAovYXdzZXhhbXBsZWJ1Y2tldDEvcGhvdG9z"
                             "L3B1cHB5LmpwZw==\"}";
    static const char v4_text[] = "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n9766c798316ff2757b517bc739a67f6213b4ab36dd5da2f94eaebf79c77395ca";
    struct cairn_error err = CAIRN_ERROR_INIT;
    CLEANUP_JSON json_t *first = json_of_column(v1);
    CLEANUP_FREE char *token = str_base64(v4_text, strlen(v4_text), 0);
    CLEANUP_FREE char *v4 = xasprintf("{\"signature\":\"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543\",\"token\":\"%s\"}", token);
    CLEANUP_JSON json_t *second = json_of_column(v4);

    ck_assert_msg(s3_signature_check(first, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", &err) == 0, "%s", err.message);
    ck_assert_msg(s3_signature_check(second, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", &err) == 0, "%s", err.message);
    ck_assert_int_eq(s3_signature_check(first, "another", &err), -1);
    ck_assert_int_eq(s3_signature_check(second, "another", &err), -1);
    json_object_set_new(second, "signature", json_string(""));
    ck_assert_int_eq(s3_signature_check(second, "another", &err), -1);
}
END_TEST

/* A request of version 1, signed here; the text it signs is "AWSAccessKeyIdACTIONxSignatureVersion1Timestamp...": sorted without regard to case. */
static char *
ec2_request(const char *access, const char *signature, const char *when)
{
    return xasprintf("{\"ec2Credentials\":{\"access\":\"%s\",\"signature\":\"%s\",\"host\":\"h:8773\",\"verb\":\"GET\",\"path\":\"/\","
                     "\"params\":{\"SignatureVersion\":\"1\",\"Timestamp\":\"%s\"}}}", access, signature, when);
}

static char *
sign_v1(const char *secret, const char *when)
{
    CLEANUP_FREE char *text = xasprintf("SignatureVersion1Timestamp%s", when);
    uint8_t mac[32];
    unsigned len = 0;

    HMAC(EVP_sha1(), secret, (int)strlen(secret), (const uint8_t *)text, strlen(text), mac, &len);
    return str_base64(mac, len, 0);
}

static const struct wire_reply *
ec2_login(const char *token, const char *access, const char *secret)
{
    char when[CLOCK_TEXT];
    CLEANUP_FREE char *signature = NULL;
    CLEANUP_FREE char *body = NULL;

    clock_format(clock_us(), CLOCK_Z, when);
    signature = sign_v1(secret, when);
    body = ec2_request(access, signature, when);
    return bed_ask(token, "POST", "/v3/ec2tokens", NULL, NULL, body);
}

/* OSSA-2025-002: anybody with a signature could get a token. */
START_TEST(signatures_are_tokens_to_services_alone)
{
    CLEANUP_FREE char *access = NULL;
    CLEANUP_FREE char *secret = NULL;
    CLEANUP_FREE char *token = NULL;
    CLEANUP_FREE char *identity = NULL;
    CLEANUP_FREE char *body = NULL;
    CLEANUP_FREE char *again_access = NULL;
    CLEANUP_FREE char *again_secret = NULL;
    const struct wire_reply *r;

    ck_assert_int_eq(make_ec2(ann_token, &access, &secret), 201);
    ck_assert_int_eq(ec2_login(NULL, access, secret)->status, 401);
    ck_assert_int_eq(ec2_login(ann_token, access, secret)->status, 403);
    ck_assert_int_eq(ec2_login(service_token, access, "wrong")->status, 401);
    ck_assert_int_eq(ec2_login(service_token, "unknown", secret)->status, 404);
    ck_assert_int_eq(status(service_token, "POST", "/v3/ec2tokens", "{}"), 401);
    r = ec2_login(service_token, access, secret);
    ck_assert_msg(r->status == 200, "%s", r->text);
    ck_assert_str_eq(bed_text(r, "token.user.id"), ann);
    ck_assert_str_eq(bed_text(r, "token.project.id"), home);
    token = xstrdup(wire_header("X-Subject-Token"));
    ck_assert_ptr_nonnull(token);
    /* Such a token makes nothing that lasts, and no other token. */
    identity = xasprintf("{\"methods\":[\"token\"],\"token\":{\"id\":\"%s\"}}", token);
    body = xasprintf("{\"auth\":{\"identity\":%s}}", identity);
    ck_assert_int_eq(status(NULL, "POST", "/v3/auth/tokens", body), 403);
    ck_assert_int_eq(make_ec2(token, &again_access, &again_secret), 403);
    {
        CLEANUP_FREE char *path = xasprintf("/v3/users/%s/application_credentials", ann);

        ck_assert_int_eq(status(token, "POST", path, "{\"application_credential\":{\"name\":\"x\"}}"), 403);
    }
    {
        CLEANUP_FREE char *path = xasprintf("/v3/users/%s", ann);

        ck_assert_int_eq(status(admin, "PATCH", path, "{\"user\":{\"enabled\":false}}"), 200);
        ck_assert_int_eq(ec2_login(service_token, access, secret)->status, 401);
    }
}
END_TEST

/* OSSA-2026-005: an EC2 key made with an application credential had all of the user's roles. */
START_TEST(a_key_made_by_leave_has_no_more_than_the_leave)
{
    CLEANUP_FREE char *path = xasprintf("/v3/users/%s/application_credentials", ann);
    CLEANUP_FREE char *tight = NULL;
    CLEANUP_FREE char *loose = NULL;
    CLEANUP_FREE char *loose_id = NULL;
    CLEANUP_FREE char *access = NULL;
    CLEANUP_FREE char *secret = NULL;
    CLEANUP_FREE char *access2 = NULL;
    CLEANUP_FREE char *secret2 = NULL;
    const struct wire_reply *r;
    int got;

    for (int i = 0; i < 2; i++) {
        CLEANUP_FREE char *body = xasprintf("{\"application_credential\":{\"name\":\"n%d\",\"roles\":[{\"name\":\"member\"}],\"unrestricted\":%s}}", i, i ? "true" : "false");
        CLEANUP_FREE char *identity = NULL;

        r = bed_ask(ann_token, "POST", path, NULL, NULL, body);
        ck_assert_int_eq(r->status, 201);
        identity = xasprintf("{\"methods\":[\"application_credential\"],\"application_credential\":{\"id\":\"%s\",\"secret\":\"%s\"}}",
                             bed_text(r, "application_credential.id"), bed_text(r, "application_credential.secret"));
        if (i == 1)
            loose_id = xstrdup(bed_text(r, "application_credential.id"));
        *(i ? &loose : &tight) = bed_login_as(identity, NULL);
    }
    grant(ann, home, "admin");
    ck_assert_int_eq(make_ec2(tight, &access, &secret), 403);
    free(make_credential(tight, "ec2", "{\"access\":\"q\",\"secret\":\"s\"}", &got));
    ck_assert_int_eq(got, 403);
    ck_assert_int_eq(make_ec2(loose, &access2, &secret2), 201);
    r = ec2_login(service_token, access2, secret2);
    ck_assert_msg(r->status == 200, "%s", r->text);
    ck_assert_str_eq(bed_text(r, "token.application_credential.id"), loose_id);
    ck_assert_ptr_null(strstr(r->text, "\"name\":\"admin\"}]"));
    ck_assert_uint_eq(json_array_size(json_object_get(json_object_get(r->json, "token"), "roles")), 2);
    /* And it ends with it. */
    {
        CLEANUP_FREE char *one = xasprintf("%s/%s", path, loose_id);

        ck_assert_int_eq(status(ann_token, "DELETE", one, NULL), 204);
        ck_assert_int_eq(ec2_login(service_token, access2, secret2)->status, 401);
    }
}
END_TEST

/* The id of a trust in a blob is no proof of having been given it: a trustor would become the trustee. */
START_TEST(a_key_that_claims_a_trust_opens_nothing)
{
    CLEANUP_FREE char *body = xasprintf("{\"trust\":{\"trustor_user_id\":\"%s\",\"trustee_user_id\":\"%s\",\"impersonation\":false,\"project_id\":\"%s\","
                                        "\"roles\":[{\"name\":\"member\"}]}}", ann, bob, home);
    CLEANUP_FREE char *trust = NULL;
    CLEANUP_FREE char *blob = NULL;
    const struct wire_reply *r = bed_ask(ann_token, "POST", "/v3/OS-TRUST/trusts", NULL, NULL, body);
    int got;

    ck_assert_int_eq(r->status, 201);
    trust = xstrdup(bed_text(r, "trust.id"));
    blob = xasprintf("{\"access\":\"claim\",\"secret\":\"s\",\"trust_id\":\"%s\"}", trust);
    free(make_credential(ann_token, "ec2", blob, &got));
    ck_assert_int_eq(got, 201);
    ck_assert_int_eq(ec2_login(service_token, "claim", "s")->status, 401);
}
END_TEST

/* Who could plant or read the seed of a passcode would log in as the user, with all that is theirs; so would who reads the user's own EC2 secret. */
START_TEST(what_was_handed_on_neither_plants_nor_reads_what_users_log_in_by)
{
    CLEANUP_FREE char *path = xasprintf("/v3/users/%s/application_credentials", ann);
    CLEANUP_FREE char *ec2_path = xasprintf("/v3/users/%s/credentials/OS-EC2", ann);
    CLEANUP_FREE char *access = NULL;
    CLEANUP_FREE char *secret = NULL;
    CLEANUP_FREE char *seed = NULL;
    CLEANUP_FREE char *one = NULL;
    CLEANUP_FREE char *key = NULL;
    int got;

    ck_assert_int_eq(make_ec2(ann_token, &access, &secret), 201);
    key = make_credential(ann_token, "ec2", "{\"access\":\"own\",\"secret\":\"unseen\"}", &got);
    seed = make_credential(ann_token, "totp", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", &got);
    one = xasprintf("/v3/credentials/%s", seed);
    for (int loose = 0; loose < 2; loose++) {
        CLEANUP_FREE char *body = xasprintf("{\"application_credential\":{\"name\":\"n%d\",\"roles\":[{\"name\":\"member\"}],\"unrestricted\":%s}}", loose, loose ? "true" : "false");
        const struct wire_reply *r = bed_ask(ann_token, "POST", path, NULL, NULL, body);
        CLEANUP_FREE char *identity = xasprintf("{\"methods\":[\"application_credential\"],\"application_credential\":{\"id\":\"%s\",\"secret\":\"%s\"}}",
                                                bed_text(r, "application_credential.id"), bed_text(r, "application_credential.secret"));
        CLEANUP_FREE char *token = bed_login_as(identity, NULL);
        CLEANUP_FREE char *key_path = xasprintf("/v3/credentials/%s", key);

        ck_assert_ptr_nonnull(token);
        free(make_credential(token, "totp", "GEZDGNBVGY3TQOJQ", &got));
        ck_assert_int_eq(got, 403);
        free(make_credential(token, "TOTP", "GEZDGNBVGY3TQOJQ", &got));
        ck_assert_int_eq(got, 403);
        ck_assert_int_eq(status(token, "GET", one, NULL), 403);
        ck_assert_int_eq(status(token, "PATCH", one, "{\"credential\":{\"blob\":\"GEZDGNBVGY3TQOJQ\"}}"), 403);
        ck_assert_int_eq(status(token, "DELETE", one, NULL), 403);
        r = bed_ask(token, "GET", "/v3/credentials", NULL, NULL, NULL);
        ck_assert_ptr_null(strstr(r->text, key));
        ck_assert_ptr_null(strstr(r->text, seed));
        ck_assert_ptr_null(strstr(r->text, "unseen"));
        ck_assert_ptr_null(strstr(r->text, secret));
        ck_assert_ptr_null(strstr(bed_ask(token, "GET", key_path, NULL, NULL, NULL)->text, "unseen"));
        ck_assert_ptr_null(strstr(bed_ask(token, "GET", ec2_path, NULL, NULL, NULL)->text, secret));
        ck_assert_int_eq(status(token, "PATCH", key_path, "{\"credential\":{\"blob\":\"{\\\"access\\\":\\\"own\\\",\\\"secret\\\":\\\"known\\\"}\"}}"), 403);
    }
}
END_TEST

/* --- TOTP and several factors */
#define SEED "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"         /* "12345678901234567890", the one of RFC 6238 */

static char *
totp_identity(const char *code)
{
    return xasprintf("{\"methods\":[\"totp\"],\"totp\":{\"user\":{\"name\":\"ann\",\"domain\":{\"id\":\"default\"},\"passcode\":\"%s\"}}}", code);
}

START_TEST(passcodes_are_those_of_the_rfc_within_their_windows)
{
    static const struct { int64_t time; const char *code; } vectors[] = {
        { 1111111109, "081804" }, { 1111111111, "050471" }, { 1234567890, "005924" }, { 2000000000, "279037" }, { INT64_C(20000000000), "353130" }
    };
    int got;
    CLEANUP_FREE char *id = make_credential(ann_token, "totp", SEED, &got);
    int64_t real = clock_us();

    ck_assert_int_eq(got, 201);
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        CLEANUP_FREE char *identity = totp_identity(vectors[i].code);
        static const struct { int64_t off_s; int right; } shifts[] = { { 0, 1 }, { 30, 1 }, { 65, 0 }, { -35, 0 } };

        for (size_t k = 0; k < ARRAY_LEN(shifts); k++) {
            CLEANUP_FREE char *token = NULL;
            int64_t move = (vectors[i].time + shifts[k].off_s) * 1000000 - clock_us();

            clock_move(move);
            token = bed_login_as(identity, NULL);
            ck_assert_msg((token != NULL) == shifts[k].right, "%s at %+lld", vectors[i].code, (long long)shifts[k].off_s);
        }
    }
    clock_move(real - clock_us());
    {
        CLEANUP_FREE char *identity = totp_identity("000000");

        ck_assert_ptr_null(bed_login_as(identity, NULL));
    }
}
END_TEST

static const struct wire_reply *
try_login(const char *methods, const char *code, const char *receipt)
{
    CLEANUP_FREE char *body = xasprintf("{\"auth\":{\"identity\":{\"methods\":%s,\"password\":{\"user\":{\"name\":\"ann\",\"password\":\"pw\",\"domain\":{\"id\":\"default\"}}},"
                                        "\"totp\":{\"user\":{\"name\":\"ann\",\"domain\":{\"id\":\"default\"},\"passcode\":\"%s\"}}}}}", methods, code);
    CLEANUP_FREE char *headers = receipt != NULL ? xasprintf("Openstack-Auth-Receipt: %s\n", receipt) : NULL;

    return bed_ask(NULL, "POST", "/v3/auth/tokens", NULL, headers, body);
}

START_TEST(several_factors_are_asked_for_with_a_receipt_between)
{
    int got;
    CLEANUP_FREE char *id = make_credential(ann_token, "totp", SEED, &got);
    CLEANUP_FREE char *path = xasprintf("/v3/users/%s", ann);
    CLEANUP_FREE char *receipt = NULL;
    CLEANUP_FREE char *other = NULL;
    const struct wire_reply *r;
    int64_t real = clock_us();

    ck_assert_int_eq(status(admin, "PATCH", path, "{\"user\":{\"options\":{\"multi_factor_auth_rules\":[[\"password\"],[]]}}}"), 400);
    ck_assert_int_eq(status(admin, "PATCH", path, "{\"user\":{\"options\":{\"multi_factor_auth_rules\":\"password\"}}}"), 400);
    ck_assert_int_eq(status(admin, "PATCH", path, "{\"user\":{\"options\":{\"multi_factor_auth_rules\":[[\"password\",\"totp\"]]}}}"), 200);
    clock_move(INT64_C(1234567890) * 1000000 - real);
    r = try_login("[\"password\"]", "x", NULL);
    ck_assert_int_eq(r->status, 401);
    ck_assert_str_eq(bed_text(r, "receipt.user.id"), ann);
    ck_assert_ptr_nonnull(strstr(r->text, "\"required_auth_methods\":[[\"password\",\"totp\"]]"));
    ck_assert_ptr_nonnull(strstr(r->text, "\"methods\":[\"password\"]"));
    receipt = xstrdup(wire_header("Openstack-Auth-Receipt"));
    ck_assert_ptr_nonnull(receipt);
    ck_assert_ptr_null(wire_header("X-Subject-Token"));
    ck_assert_int_eq(try_login("[\"totp\"]", "999999", receipt)->status, 401);
    ck_assert_int_eq(try_login("[\"totp\"]", "005924", NULL)->status, 401);
    ck_assert_int_eq(try_login("[\"totp\"]", "005924", "rubbish")->status, 401);
    r = try_login("[\"totp\"]", "005924", receipt);
    ck_assert_int_eq(r->status, 201);
    ck_assert_uint_eq(json_array_size(json_object_get(json_object_get(r->json, "token"), "methods")), 2);
    ck_assert_int_eq(try_login("[\"password\",\"totp\"]", "005924", NULL)->status, 201);
    /* A receipt is no token, is nobody else's, and does not last. */
    ck_assert_int_eq(status(receipt, "GET", "/v3/users", NULL), 401);
    {
        CLEANUP_FREE char *headers = xasprintf("Openstack-Auth-Receipt: %s\n", receipt);
        CLEANUP_FREE char *body = xasprintf("{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"id\":\"%s\",\"password\":\"pw\"}}}}}", bob);

        ck_assert_int_eq(bed_ask(NULL, "POST", "/v3/auth/tokens", NULL, headers, body)->status, 401);
    }
    clock_move(INT64_C(301) * 1000000);
    ck_assert_int_eq(try_login("[\"totp\"]", "005924", receipt)->status, 401);
    clock_move(real - clock_us());
    ck_assert_int_eq(status(admin, "PATCH", path, "{\"user\":{\"options\":{\"multi_factor_auth_enabled\":false}}}"), 200);
    ck_assert_int_eq(try_login("[\"password\"]", "x", NULL)->status, 201);
    /* Rules of methods that nobody has lock nobody out. */
    ck_assert_int_eq(status(admin, "PATCH", path, "{\"user\":{\"options\":{\"multi_factor_auth_enabled\":true,\"multi_factor_auth_rules\":[[\"palmistry\"]]}}}"), 200);
    ck_assert_int_eq(try_login("[\"password\"]", "x", NULL)->status, 201);
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("identity_credential");
    TCase *t = tcase_create("credentials");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, blobs_are_sealed_and_follow_the_newest_key);
    tcase_add_test(t, a_sealed_blob_fits_no_other_row);
    tcase_add_test(t, credentials_are_seen_by_their_users_and_administrators);
    tcase_add_test(t, a_credential_keeps_owner_project_kind_and_leave);
    tcase_add_test(t, users_have_ec2_keys_of_their_own);
    tcase_add_test(t, signatures_are_tokens_to_services_alone);
    tcase_add_test(t, a_key_made_by_leave_has_no_more_than_the_leave);
    tcase_add_test(t, a_key_that_claims_a_trust_opens_nothing);
    tcase_add_test(t, what_was_handed_on_neither_plants_nor_reads_what_users_log_in_by);
    tcase_add_test(t, passcodes_are_those_of_the_rfc_within_their_windows);
    tcase_add_test(t, several_factors_are_asked_for_with_a_receipt_between);
    suite_add_tcase(s, t);
    t = tcase_create("signatures");
    tcase_add_test(t, published_signatures_are_understood);
    tcase_add_test(t, version_4_is_understood_from_header_and_query);
    tcase_add_test(t, s3_signatures_are_understood);
    tcase_add_test(t, an_old_post_is_not_made_new_by_what_is_not_signed);
    tcase_add_test(t, a_text_with_zeros_is_read_to_its_end);
    suite_add_tcase(s, t);
    return s;
}

int
main(void)
{
    return run_suite(suite());
}
