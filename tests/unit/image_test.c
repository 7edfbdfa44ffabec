/* image_test.c: the image service over real sockets, with its bytes in a real "file" store. */
#include "config.h"
#include <check.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include "http_client.h"
#include "base/json.h"
#include "flow/flow.h"
#include "flow/image.h"
#include "image/image.h"
#include "plugin/storage.h"
#include "unit.h"

static struct catalog *catalog;
static struct config *config;
static struct plugins *plugins;
static struct policy *policy;
static struct http_app *app;
static struct http_server *server;
static uint16_t port;
static struct answer answer;           /* the last one, and its JSON */
static json_t *reply;

/* Tokens are "PROJECT ROLES": "ann member,reader". */
static int
authenticate(void *arg, const char *token, struct auth **ret, struct cairn_error *err)
{
    static const char *const admin[] = { "admin", "member", "reader" }, *const member[] = { "member", "reader" };
    const char *blank = strchr(token, ' ');
    struct auth *a = xcalloc(1, sizeof *a + 64);

    (void)arg;
    (void)err;
    ck_assert_ptr_nonnull(blank);
    snprintf((char *)(a + 1), 64, "%.*s", (int)(blank - token), token);
    a->user_id = a->project_id = (char *)(a + 1);
    a->user_name = a->project_name = a->user_domain_id = a->project_domain_id = a->domain_id = a->domain_name = "";
    a->scope = AUTH_PROJECT;
    a->is_admin = strcmp(blank + 1, "admin") == 0;
    a->roles = a->is_admin ? admin : member;
    a->roles_count = strcmp(blank + 1, "none") == 0 ? 0 : a->is_admin ? 3 : 2;
    a->refs = 1;
    *ret = a;
    return 0;
}

static void
setup(void)
{
    static const struct cairn_key keys[] = {
        CAIRN_KEY("image_store", CAIRN_KEY_STRING, NULL, "store"), { 0 },
        CAIRN_KEY("size_max", CAIRN_KEY_SIZE, "1M", "size"), CAIRN_KEY("members_max", CAIRN_KEY_INT, "2", "members"),
        CAIRN_KEY("properties_max", CAIRN_KEY_INT, "5", "properties"), CAIRN_KEY("tags_max", CAIRN_KEY_INT, "3", "tags"),
        CAIRN_KEY("web_download", CAIRN_KEY_BOOL, "yes", ""), CAIRN_KEY("web_schemes", CAIRN_KEY_LIST, "http", ""),
        CAIRN_KEY("web_ports", CAIRN_KEY_LIST, "80", ""), CAIRN_KEY("web_hosts", CAIRN_KEY_LIST, "", ""),
        CAIRN_KEY("web_hosts_refused", CAIRN_KEY_LIST, "evil.example", ""), { 0 },
    };
    static const struct config_section sections[] = { { "host", "", keys }, { "image", "", keys + 2 }, { "quota", "", rest_quota_keys }, { NULL, NULL, NULL } };
    static const char *const prefixes[] = { "storage", NULL };
    struct plugins_options po = { .cloud_id = "00000000-0000-4000-8000-000000000000", .host_name = "test" };
    struct http_options ho = { .address = "127.0.0.1", .threads = 2, .workers = 4, .header_max = 16384 };
    struct rest_env env = { .cloud_id = po.cloud_id };
    struct http_app *apps[2] = { NULL, NULL };
    struct cairn_error err = CAIRN_ERROR_INIT;
    CLEANUP_FREE char *text = NULL;

    scratch_make();
    text = xasprintf("[storage:main]\ndriver = file\ndir = %s/pool\nreserved = 0\n[storage:other]\ndriver = file\ndir = %s/other\nreserved = 0\n", scratch, scratch);
    ck_assert_msg(config_load_text(text, "test", sections, prefixes, &config, &err) == 0, "%s", err.message);
    po.config = config;
    po.state_dir = po.run_dir = scratch;
    ck_assert_msg(catalog_open("sqlite::memory:", &catalog, &err) == 0 && plugins_open(&po, &plugins, &err) == 0 && plugins_load_all(plugins, &err) == 0 &&
                  policy_new(&policy, &err) == 0, "%s", err.message);
    env.catalog = catalog;
    env.plugins = plugins;
    env.config = config;
    env.policy = policy;
    env.state_dir = scratch;
    ck_assert_msg(rest_app(&image_service, &env, &app, &err) == 0, "%s", err.message);
    apps[0] = app;
    http_set_authenticator(authenticate, NULL);
    ck_assert_msg(http_start(&ho, plugins, apps, &server, &err) == 0, "%s", err.message);
    port = http_port(server);
}

static void
teardown(void)
{
    http_stop(server);
    rest_app_free(app);
    policy_free(policy);
    plugins_close(plugins);
    catalog_close(catalog);
    config_free(config);
    scratch_drop();
    str_free(&answer.body);
    if (reply != NULL)
        json_decref(reply);
    reply = NULL;
}

/* --- asking */

#define ANN   "ann member"
#define BOB   "bob member"
#define ADMIN "root admin"

static int
ask_len(const char *who, const char *method, const char *path, const char *type, const char *body, size_t len)
{
    CLEANUP_FREE char *head = xasprintf("%s /image%s HTTP/1.1\r\nHost: cloud\r\n%s%s%s%s%s%sContent-Length: %zu\r\n\r\n", method, path,
                                        who != NULL ? "X-Auth-Token: " : "", who != NULL ? who : "", who != NULL ? "\r\n" : "",
                                        type != NULL ? "Content-Type: " : "", type != NULL ? type : "", type != NULL ? "\r\n" : "", len);
    int fd = client_connect(port);

    str_free(&answer.body);
    if (reply != NULL)
        json_decref(reply);
    reply = NULL;
    client_send(fd, head, strlen(head));
    client_send(fd, body, len);
    ck_assert_int_ne(client_head(fd, &answer), 0);
    client_body(fd, &answer, &answer.body, 0);
    close(fd);
    if (answer.body.len > 0)
        reply = json_loadb(answer.body.text, answer.body.len, 0, NULL);
    if (answer.status >= 400)
        ck_assert_msg(reply != NULL && json_str(reply, "message") != NULL && atoi(json_str(reply, "code")) == answer.status, "%d %s", answer.status, answer.body.text);
    return answer.status;
}

static int
ask(const char *who, const char *method, const char *path, const char *body)
{
    const char *type = strcmp(method, "PATCH") == 0 ? "application/openstack-images-v2.1-json-patch" : "application/json";

    return ask_len(who, method, path, type, body != NULL ? body : "", body != NULL ? strlen(body) : 0);
}

#define is(status, ...) do { int got_ = ask(__VA_ARGS__); ck_assert_msg(got_ == (status), "%d, not %d: %s", got_, status, answer.body.text != NULL ? answer.body.text : ""); } while (0)
#define says(part) ck_assert_msg(strstr(json_str(reply, "message"), part) != NULL, "%s", json_str(reply, "message"))

/* Path of a new image below "/v2/images/"; static. */
static const char *
path_of(const char *id, const char *tail)
{
    static char path[256];

    snprintf(path, sizeof path, "/v2/images/%s%s", id, tail);
    return path;
}

static char *
new_image(const char *who, const char *body)
{
    is(201, who, "POST", "/v2/images", body);
    return xstrdup(json_str(reply, "id"));
}

static int
upload(const char *who, const char *id, const char *bytes, size_t len)
{
    return ask_len(who, "PUT", path_of(id, "/file"), "application/octet-stream", bytes, len);
}

static size_t
listed(const char *who, const char *query)
{
    CLEANUP_FREE char *path = xasprintf("/v2/images%s", query);

    is(200, who, "GET", path, NULL);
    return json_array_size(json_object_get(reply, "images"));
}

static int
count(void *arg, const void *item)
{
    (void)item;
    ++*(size_t *)arg;
    return 0;
}

static size_t
files_in_store(void)
{
    CLEANUP_DRIVER struct driver *d = plugins_get(plugins, CAIRN_STORAGE, "main");
    struct cairn_error err = CAIRN_ERROR_INIT;
    size_t n = 0;
    struct cairn_sink sink = { count, &n };

    ck_assert_msg(storage_image_list(d, &sink, &err) == 0, "%s", err.message);
    return n;
}

/* --- create, show, patch */

START_TEST(versions_need_no_token)
{
    is(300, NULL, "GET", "/", NULL);
    ck_assert_str_eq(json_str(json_array_get(json_object_get(reply, "versions"), 0), "status"), "CURRENT");
    is(200, NULL, "GET", "/versions", NULL);
    is(401, NULL, "GET", "/v2/images", NULL);
}
END_TEST

START_TEST(new_image_is_queued_and_complete)
{
    CLEANUP_FREE char *id = new_image(ANN, "{\"name\":\"i\",\"disk_format\":\"raw\",\"container_format\":\"bare\",\"hw_disk_bus\":\"virtio\",\"tags\":[\"b\",\"a\",\"a\"]}");
    static const char *const keys[] = { "checksum", "container_format", "created_at", "disk_format", "file", "id", "min_disk", "min_ram", "name", "os_hash_algo",
        "os_hash_value", "os_hidden", "owner", "protected", "schema", "self", "size", "status", "tags", "updated_at", "virtual_size", "visibility", "hw_disk_bus" };
    char location[128];

    snprintf(location, sizeof location, "http://cloud/image/v2/images/%s", id);
    ck_assert_str_eq(answer_header(&answer, "Location"), location);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < ARRAY_LEN(keys); i++)
            ck_assert_msg(json_object_get(reply, keys[i]) != NULL, "%s", keys[i]);
        ck_assert_uint_eq(json_object_size(reply), ARRAY_LEN(keys));
        ck_assert_str_eq(json_str(reply, "status"), "queued");
        ck_assert_str_eq(json_str(reply, "visibility"), "shared");
        ck_assert_str_eq(json_str(reply, "owner"), "ann");
        ck_assert_str_eq(json_str(reply, "hw_disk_bus"), "virtio");
        ck_assert_uint_eq(json_array_size(json_object_get(reply, "tags")), 2);
        ck_assert(json_is_null(json_object_get(reply, "size")));
        is(200, ANN, "GET", path_of(id, ""), NULL);
    }
}
END_TEST

START_TEST(bad_images_are_refused)
{
    static const struct { int status; const char *body, *part; } cases[] = {
        { 400, "", "JSON" },
        { 400, "[]", "object" },
        { 400, "{\"name\":1}", "name" },
        { 400, "{\"disk_format\":\"wrong\"}", "wrong" },
        { 400, "{\"container_format\":\"wrong\"}", "wrong" },
        { 400, "{\"visibility\":\"x\"}", "visibility" },
        { 400, "{\"min_disk\":-1}", "min_disk" },
        { 400, "{\"min_ram\":\"1\"}", "min_ram" },
        { 400, "{\"protected\":\"true\"}", "protected" },
        { 400, "{\"id\":\"x\"}", "UUID" },
        { 400, "{\"tags\":[1]}", "tags" },
        { 400, "{\"custom\":1}", "custom" },
        { 403, "{\"status\":\"active\"}", "read-only" },
        { 403, "{\"checksum\":\"0\"}", "read-only" },
        { 403, "{\"self\":\"x\"}", "reserved" },
        { 403, "{\"locations\":[]}", "reserved" },
        { 403, "{\"os_glance_x\":\"y\"}", "reserved" },
        { 403, "{\"visibility\":\"public\"}", "publicize_image" },
        { 403, "{\"owner\":\"bob\"}", "administrator" },
        { 413, "{\"tags\":[\"1\",\"2\",\"3\",\"4\"]}", "tags" },
        { 413, "{\"a\":\"\",\"b\":\"\",\"c\":\"\",\"d\":\"\",\"e\":\"\",\"f\":\"\"}", "properties" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        is(cases[i].status, ANN, "POST", "/v2/images", cases[i].body);
        says(cases[i].part);
    }
    ck_assert_uint_eq(listed(ANN, ""), 0);
}
END_TEST

START_TEST(empty_id_is_no_image)
{
    is(404, ANN, "GET", "/v2/images/", NULL);
    is(404, ANN, "DELETE", "/v2/images/", NULL);
    is(405, ANN, "DELETE", "/v2/images", NULL);
    is(404, ANN, "GET", "/v2/images/no-uuid", NULL);
}
END_TEST

START_TEST(given_ids_are_unique)
{
    const char *body = "{\"id\":\"11111111-2222-4333-8444-55555555AAAA\"}";
    CLEANUP_FREE char *id = new_image(ANN, body);

    ck_assert_str_eq(id, "11111111-2222-4333-8444-55555555aaaa");
    is(409, ANN, "POST", "/v2/images", body);
}
END_TEST

START_TEST(patches_change_what_they_may)
{
    CLEANUP_FREE char *id = new_image(ANN, "{\"name\":\"i\",\"p\":\"1\"}");
    const char *old = "[{\"replace\":\"/name\",\"value\":\"k\"}]";

    is(200, ANN, "PATCH", path_of(id, ""), "[{\"op\":\"replace\",\"path\":\"/name\",\"value\":\"j\"},{\"op\":\"add\",\"path\":\"/a~1b\",\"value\":\"2\"},"
       "{\"op\":\"remove\",\"path\":\"/p\"},{\"op\":\"replace\",\"path\":\"/tags\",\"value\":[\"t\"]},{\"op\":\"add\",\"path\":\"/disk_format\",\"value\":\"raw\"}]");
    ck_assert_str_eq(json_str(reply, "name"), "j");
    ck_assert_str_eq(json_str(reply, "a/b"), "2");
    ck_assert_ptr_null(json_object_get(reply, "p"));
    ck_assert_str_eq(json_str(reply, "disk_format"), "raw");
    ck_assert_uint_eq(json_array_size(json_object_get(reply, "tags")), 1);
    ck_assert_int_eq(ask_len(ANN, "PATCH", path_of(id, ""), "application/openstack-images-v2.0-json-patch", old, strlen(old)), 200);
    ck_assert_str_eq(json_str(reply, "name"), "k");
}
END_TEST

START_TEST(bad_patches_change_nothing)
{
    static const struct { int status; const char *body; } cases[] = {
        { 400, "{}" }, { 400, "[1]" }, { 400, "[{\"op\":\"move\",\"path\":\"/name\"}]" }, { 400, "[{\"op\":\"replace\",\"path\":\"/name\"}]" },
        { 400, "[{\"op\":\"replace\",\"path\":\"name\",\"value\":\"x\"}]" }, { 400, "[{\"op\":\"replace\",\"path\":\"/a/b\",\"value\":\"x\"}]" },
        { 400, "[{\"op\":\"replace\",\"path\":\"/a~2\",\"value\":\"x\"}]" }, { 400, "[{\"op\":\"replace\",\"path\":\"/\",\"value\":\"x\"}]" },
        { 403, "[{\"op\":\"replace\",\"path\":\"/id\",\"value\":\"11111111-2222-4333-8444-555555555555\"}]" },
        { 403, "[{\"op\":\"replace\",\"path\":\"/status\",\"value\":\"active\"}]" }, { 403, "[{\"op\":\"remove\",\"path\":\"/name\"}]" },
        { 403, "[{\"op\":\"add\",\"path\":\"/os_glance_x\",\"value\":\"y\"}]" }, { 403, "[{\"op\":\"add\",\"path\":\"/locations/-\",\"value\":{}}]" },
        { 403, "[{\"op\":\"replace\",\"path\":\"/visibility\",\"value\":\"public\"}]" }, { 409, "[{\"op\":\"remove\",\"path\":\"/nothing\"}]" },
        { 409, "[{\"op\":\"replace\",\"path\":\"/nothing\",\"value\":\"x\"}]" },
        { 403, "[{\"op\":\"replace\",\"path\":\"/name\",\"value\":\"half\"},{\"op\":\"replace\",\"path\":\"/status\",\"value\":\"x\"}]" },
    };
    CLEANUP_FREE char *id = new_image(ANN, "{\"name\":\"i\"}");

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        is(cases[i].status, ANN, "PATCH", path_of(id, ""), cases[i].body);
    ck_assert_int_eq(ask_len(ANN, "PATCH", path_of(id, ""), "application/json", "[]", 2), 415);
    is(200, ANN, "GET", path_of(id, ""), NULL);
    ck_assert_str_eq(json_str(reply, "name"), "i");
}
END_TEST

/* --- data */

#define RAW "{\"disk_format\":\"raw\",\"container_format\":\"bare\"}"

START_TEST(uploaded_data_come_back)
{
    CLEANUP_FREE char *id = new_image(ANN, RAW);

    is(204, ANN, "GET", path_of(id, "/file"), NULL);
    ck_assert_int_eq(upload(ANN, id, "hello", 5), 204);
    is(200, ANN, "GET", path_of(id, ""), NULL);
    ck_assert_str_eq(json_str(reply, "status"), "active");
    ck_assert_int_eq(json_int(reply, "size", -1), 5);
    ck_assert_str_eq(json_str(reply, "checksum"), "5d41402abc4b2a76b9719d911017c592");
    ck_assert_str_eq(json_str(reply, "os_hash_algo"), "sha512");
    ck_assert_int_eq(strncmp(json_str(reply, "os_hash_value"), "9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca7", 64), 0);
    is(200, ANN, "GET", path_of(id, "/file"), NULL);
    ck_assert_str_eq(answer.body.text, "hello");
    ck_assert_str_eq(answer_header(&answer, "Content-MD5"), "5d41402abc4b2a76b9719d911017c592");
    ck_assert_int_eq(upload(ANN, id, "again", 5), 409);
    is(403, ANN, "PATCH", path_of(id, ""), "[{\"op\":\"replace\",\"path\":\"/disk_format\",\"value\":\"iso\"}]");
    ck_assert_uint_eq(files_in_store(), 1);
    is(204, ANN, "DELETE", path_of(id, ""), NULL);
    is(404, ANN, "GET", path_of(id, ""), NULL);
    ck_assert_uint_eq(files_in_store(), 0);
}
END_TEST

static int
ask_range(const char *id, const char *range)
{
    CLEANUP_FREE char *text = xasprintf("GET /image/v2/images/%s/file HTTP/1.1\r\nHost: h\r\nX-Auth-Token: " ANN "\r\nRange: %s\r\n\r\n", id, range);

    str_free(&answer.body);
    answer = client_once(port, text);
    return answer.status;
}

START_TEST(ranges_of_data_are_served)
{
    CLEANUP_FREE char *id = new_image(ANN, RAW);

    ck_assert_int_eq(upload(ANN, id, "0123456789", 10), 204);
    ck_assert_int_eq(ask_range(id, "bytes=2-4"), 206);
    ck_assert_str_eq(answer.body.text, "234");
    ck_assert_str_eq(answer_header(&answer, "Content-Range"), "bytes 2-4/10");
    ck_assert_int_eq(ask_range(id, "bytes=7-"), 206);
    ck_assert_str_eq(answer.body.text, "789");
    ck_assert_int_eq(ask_range(id, "bytes=-4"), 206);
    ck_assert_str_eq(answer.body.text, "6789");
    ck_assert_int_eq(ask_range(id, "bytes=5-99"), 206);
    ck_assert_str_eq(answer.body.text, "56789");
    ck_assert_int_eq(ask_range(id, "bytes=10-"), 416);
    ck_assert_str_eq(answer_header(&answer, "Content-Range"), "bytes */10");
    ck_assert_int_eq(ask_range(id, "bytes=x-1"), 416);
    ck_assert_int_eq(ask_range(id, "lines=1-2"), 200);
}
END_TEST

/* A qcow2 head of version 2, 1 MiB virtual, that names a backing file at byte 72. */
static size_t
qcow2_with_backing(char buf[4096])
{
    static const unsigned char head[] = { 'Q', 'F', 'I', 0xfb, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 72, 0, 0, 0, 11, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0x10, 0, 0 };

    memset(buf, 0, 4096);
    memcpy(buf, head, sizeof head);
    memcpy(buf + 72, "/etc/passwd", 11);
    return 4096;
}

START_TEST(unsafe_or_mislabelled_data_are_refused_and_leave_nothing_ossa_2024_001_2015_014)
{
    char hostile[4096];
    size_t len = qcow2_with_backing(hostile);
    CLEANUP_FREE char *qcow2 = new_image(ANN, "{\"disk_format\":\"qcow2\",\"container_format\":\"bare\"}");
    CLEANUP_FREE char *raw = new_image(ANN, RAW);

    ck_assert_int_eq(upload(ANN, qcow2, hostile, len), 400);
    says("backing file");
    ck_assert_int_eq(upload(ANN, raw, hostile, len), 400);      /* a qcow2 named raw */
    says("qcow2");
    ck_assert_int_eq(upload(ANN, qcow2, "no qcow2", 8), 400);
    ck_assert_int_eq(upload(ANN, raw, "", 0), 400);
    ck_assert_uint_eq(files_in_store(), 0);
    is(200, ANN, "GET", path_of(raw, ""), NULL);
    ck_assert_str_eq(json_str(reply, "status"), "queued");
    ck_assert_int_eq(upload(ANN, raw, "fine", 4), 204);         /* another try is welcome */
}
END_TEST

START_TEST(uploads_have_limits_and_a_type)
{
    CLEANUP_FREE char *id = new_image(ANN, RAW);
    CLEANUP_FREE char *unset = new_image(ANN, "{}");
    CLEANUP_FREE char *big = xcalloc(1, 1100000);
    CLEANUP_FREE char *head = xasprintf("PUT /image/v2/images/%s/file HTTP/1.1\r\nHost: h\r\nX-Auth-Token: " ANN "\r\n"
        "Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n10c8e0\r\n", id);
    int fd;

    ck_assert_int_eq(upload(ANN, id, big, 1100000), 413);
    fd = client_connect(port);
    client_send(fd, head, strlen(head));
    client_send(fd, big, 1100000);
    client_send(fd, "\r\n0\r\n\r\n", 7);
    str_free(&answer.body);
    ck_assert_int_eq(client_head(fd, &answer), 413);
    close(fd);
    ck_assert_int_eq(ask_len(ANN, "PUT", path_of(id, "/file"), "application/json", "x", 1), 415);
    ck_assert_int_eq(upload(ANN, unset, "x", 1), 400);
    says("disk_format, container_format");
    ck_assert_int_eq(upload(BOB, id, "x", 1), 404);
    ck_assert_uint_eq(files_in_store(), 0);
    ck_assert_int_eq(upload(ANN, id, "x", 1), 204);
}
END_TEST

START_TEST(upload_that_breaks_off_leaves_the_image_queued)
{
    CLEANUP_FREE char *id = new_image(ANN, RAW);
    CLEANUP_FREE char *head = xasprintf("PUT /image/v2/images/%s/file HTTP/1.1\r\nHost: h\r\nX-Auth-Token: " ANN "\r\n"
        "Content-Type: application/octet-stream\r\nContent-Length: 1000000\r\n\r\nsome", id);
    int fd = client_connect(port), tries = 0;
    const struct timespec pause = { .tv_nsec = 20000000 };

    client_send(fd, head, strlen(head));
    do {
        is(200, ANN, "GET", path_of(id, ""), NULL);
        nanosleep(&pause, NULL);
    } while (strcmp(json_str(reply, "status"), "saving") != 0 && ++tries < 200);
    ck_assert_str_eq(json_str(reply, "status"), "saving");
    ck_assert_int_eq(upload(ANN, id, "other", 5), 409);
    close(fd);
    do {
        is(200, ANN, "GET", path_of(id, ""), NULL);
        nanosleep(&pause, NULL);
    } while (strcmp(json_str(reply, "status"), "queued") != 0 && ++tries < 600);
    ck_assert_str_eq(json_str(reply, "status"), "queued");
    ck_assert_uint_eq(files_in_store(), 0);
}
END_TEST

START_TEST(image_deleted_while_it_is_uploaded_is_gone)
{
    CLEANUP_FREE char *id = new_image(ANN, RAW);
    CLEANUP_FREE char *head = xasprintf("PUT /image/v2/images/%s/file HTTP/1.1\r\nHost: h\r\nX-Auth-Token: " ANN "\r\n"
        "Content-Type: application/octet-stream\r\nContent-Length: 8\r\n\r\nsome", id);
    int fd = client_connect(port);
    const struct timespec pause = { .tv_nsec = 20000000 };
    struct answer a;

    client_send(fd, head, strlen(head));
    do {
        is(200, ANN, "GET", path_of(id, ""), NULL);
        nanosleep(&pause, NULL);
    } while (strcmp(json_str(reply, "status"), "saving") != 0);
    is(204, ANN, "DELETE", path_of(id, ""), NULL);
    client_send(fd, "data", 4);
    ck_assert_int_eq(client_head(fd, &a), 410);
    close(fd);
    ck_assert_uint_eq(files_in_store(), 0);
}
END_TEST

START_TEST(protected_and_deactivated_images)
{
    CLEANUP_FREE char *id = new_image(ANN, "{\"disk_format\":\"raw\",\"container_format\":\"bare\",\"protected\":true}");

    is(403, ANN, "POST", path_of(id, "/actions/deactivate"), NULL);
    ck_assert_int_eq(upload(ANN, id, "x", 1), 204);
    is(403, ANN, "DELETE", path_of(id, ""), NULL);
    is(204, ANN, "POST", path_of(id, "/actions/deactivate"), NULL);
    is(204, ANN, "POST", path_of(id, "/actions/deactivate"), NULL);
    is(403, ANN, "GET", path_of(id, "/file"), NULL);
    is(200, ADMIN, "GET", path_of(id, "/file"), NULL);
    is(204, ANN, "POST", path_of(id, "/actions/reactivate"), NULL);
    is(200, ANN, "GET", path_of(id, "/file"), NULL);
}
END_TEST

/* --- who sees what */

START_TEST(visibility_decides_who_sees_and_who_lists)
{
    CLEANUP_FREE char *private = new_image(ANN, "{\"name\":\"private\",\"visibility\":\"private\"}");
    CLEANUP_FREE char *community = new_image(ANN, "{\"name\":\"community\",\"visibility\":\"community\"}");
    CLEANUP_FREE char *public = new_image(ADMIN, "{\"name\":\"public\",\"visibility\":\"public\"}");

    free(new_image(ANN, "{\"name\":\"hidden\",\"os_hidden\":true}"));
    ck_assert_uint_eq(listed(ANN, ""), 3);
    ck_assert_uint_eq(listed(BOB, ""), 1);
    ck_assert_uint_eq(listed(BOB, "?visibility=community"), 1);
    ck_assert_uint_eq(listed(BOB, "?visibility=all"), 2);
    ck_assert_uint_eq(listed(ADMIN, ""), 2);
    ck_assert_uint_eq(listed(ANN, "?os_hidden=true"), 1);
    is(404, BOB, "GET", path_of(private, ""), NULL);
    is(404, BOB, "DELETE", path_of(private, ""), NULL);
    is(200, BOB, "GET", path_of(community, ""), NULL);
    is(403, BOB, "DELETE", path_of(community, ""), NULL);
    is(403, BOB, "PATCH", path_of(public, ""), "[{\"op\":\"replace\",\"path\":\"/name\",\"value\":\"x\"}]");
    is(403, BOB, "PUT", path_of(public, "/tags/x"), NULL);      /* OSSA-2024-005 */
    is(200, ADMIN, "GET", path_of(private, ""), NULL);
    is(403, "eve none", "GET", "/v2/images", NULL);
}
END_TEST

START_TEST(shared_images_are_listed_once_accepted)
{
    CLEANUP_FREE char *id = new_image(ANN, RAW);
    char member[256];

    is(404, BOB, "GET", path_of(id, ""), NULL);
    is(200, ANN, "POST", path_of(id, "/members"), "{\"member\":\"bob\"}");
    ck_assert_str_eq(json_str(reply, "status"), "pending");
    ck_assert_str_eq(json_str(reply, "member_id"), "bob");
    is(409, ANN, "POST", path_of(id, "/members"), "{\"member\":\"bob\"}");
    is(200, BOB, "GET", path_of(id, ""), NULL);
    ck_assert_uint_eq(listed(BOB, ""), 0);
    ck_assert_uint_eq(listed(BOB, "?visibility=shared&member_status=pending"), 1);
    snprintf(member, sizeof member, "%s", path_of(id, "/members/bob"));
    is(403, ANN, "PUT", member, "{\"status\":\"accepted\"}");
    is(400, BOB, "PUT", member, "{\"status\":\"maybe\"}");
    is(200, BOB, "PUT", member, "{\"status\":\"accepted\"}");
    ck_assert_uint_eq(listed(BOB, ""), 1);
    is(403, BOB, "POST", path_of(id, "/members"), "{\"member\":\"eve\"}");
    is(200, ANN, "POST", path_of(id, "/members"), "{\"member\":\"eve\"}");
    is(413, ANN, "POST", path_of(id, "/members"), "{\"member\":\"joe\"}");
    is(200, BOB, "GET", path_of(id, "/members"), NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(reply, "members")), 1);
    is(200, ANN, "GET", path_of(id, "/members"), NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(reply, "members")), 2);
    is(404, BOB, "GET", path_of(id, "/members/eve"), NULL);
    is(200, ANN, "GET", member, NULL);
    is(204, ANN, "DELETE", member, NULL);
    is(404, ANN, "DELETE", member, NULL);
    ck_assert_uint_eq(listed(BOB, ""), 0);
    is(200, ANN, "PATCH", path_of(id, ""), "[{\"op\":\"replace\",\"path\":\"/visibility\",\"value\":\"private\"}]");
    is(403, ANN, "POST", path_of(id, "/members"), "{\"member\":\"bob\"}");
    is(404, "eve member", "GET", path_of(id, ""), NULL);
}
END_TEST

START_TEST(tags_come_and_go)
{
    CLEANUP_FREE char *id = new_image(ANN, "{}");

    is(204, ANN, "PUT", path_of(id, "/tags/one"), NULL);
    is(204, ANN, "PUT", path_of(id, "/tags/one"), NULL);
    ck_assert_uint_eq(listed(ANN, "?tag=one"), 1);
    ck_assert_uint_eq(listed(ANN, "?tag=one&tag=two"), 0);
    is(204, ANN, "PUT", path_of(id, "/tags/two"), NULL);
    ck_assert_uint_eq(listed(ANN, "?tag=one&tag=two"), 1);
    is(204, ANN, "PUT", path_of(id, "/tags/three"), NULL);
    is(413, ANN, "PUT", path_of(id, "/tags/four"), NULL);
    is(204, ANN, "DELETE", path_of(id, "/tags/one"), NULL);
    is(404, ANN, "DELETE", path_of(id, "/tags/one"), NULL);
}
END_TEST

/* --- lists */

START_TEST(lists_filter_sort_and_page)
{
    static const struct { const char *query; int status; size_t len; } cases[] = {
        { "?name=i1", 200, 1 }, { "?name=in:i1,i2", 200, 2 }, { "?name=in:%22i1%22,i2", 200, 2 }, { "?name=in:%22i1", 400, 0 },
        { "?status=queued", 200, 3 }, { "?status=active", 200, 1 }, { "?disk_format=in:raw,iso", 200, 4 }, { "?owner=bob", 200, 0 },
        { "?size_min=1", 200, 1 }, { "?size_min=1&size_max=2", 200, 0 }, { "?size=3", 200, 1 }, { "?size_min=x", 400, 0 },
        { "?protected=false", 200, 4 }, { "?protected=7", 400, 0 }, { "?color=red", 200, 1 }, { "?color=blue", 200, 0 },
        { "?created_at=gt:2020-01-01T00:00:00Z", 200, 4 }, { "?created_at=lt:2020-01-01T00:00:00Z", 200, 0 }, { "?created_at=gt:x", 400, 0 },
        { "?visibility=x", 400, 0 }, { "?member_status=x", 400, 0 }, { "?limit=2", 200, 2 }, { "?limit=x", 400, 0 }, { "?sort_key=nothing", 400, 0 },
        { "?marker=nothing", 400, 0 },
    };
    CLEANUP_FREE char *last = NULL;
    CLEANUP_FREE char *next = NULL;

    for (int i = 0; i < 4; i++) {
        char body[128];

        snprintf(body, sizeof body, "{\"name\":\"i%d\",\"disk_format\":\"raw\",\"container_format\":\"bare\"%s}", i, i == 2 ? ",\"color\":\"red\"" : "");
        free(last);
        last = new_image(ANN, body);
    }
    ck_assert_int_eq(upload(ANN, last, "abc", 3), 204);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP_FREE char *path = xasprintf("/v2/images%s", cases[i].query);

        is(cases[i].status, ANN, "GET", path, NULL);
        if (cases[i].status == 200)
            ck_assert_msg(json_array_size(json_object_get(reply, "images")) == cases[i].len, "%s: %s", cases[i].query, answer.body.text);
    }
    ck_assert_uint_eq(listed(ANN, "?sort=name:asc&limit=3"), 3);
    ck_assert_str_eq(json_str(json_array_get(json_object_get(reply, "images"), 0), "name"), "i0");
    ck_assert_str_eq(json_str(reply, "first"), "/v2/images?sort=name%3Aasc&limit=3");
    ck_assert_str_eq(json_str(reply, "schema"), "/v2/schemas/images");
    next = xstrdup(json_str(reply, "next"));
    ck_assert_ptr_nonnull(next);
    is(200, ANN, "GET", next, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(reply, "images")), 1);
    ck_assert_str_eq(json_str(json_array_get(json_object_get(reply, "images"), 0), "name"), "i3");
    ck_assert_ptr_null(json_object_get(reply, "next"));
}
END_TEST

START_TEST(schemas_name_every_attribute_of_an_image)
{
    CLEANUP_JSON json_t *image = NULL;
    static const char *const names[] = { "image", "images", "member", "members" };
    const char *key;
    json_t *value;

    free(new_image(ANN, "{}"));
    image = json_incref(reply);
    for (size_t i = ARRAY_LEN(names); i-- > 0;) {
        CLEANUP_FREE char *path = xasprintf("/v2/schemas/%s", names[i]);

        is(200, ANN, "GET", path, NULL);
        ck_assert_str_eq(json_str(reply, "name"), names[i]);
    }
    json_object_foreach(image, key, value)
        ck_assert_msg(json_object_get(json_object_get(reply, "properties"), key) != NULL, "%s", key);
    is(404, ANN, "GET", "/v2/schemas/other", NULL);
}
END_TEST

/* --- import */

static int
stage(const char *who, const char *id, const char *bytes, size_t len)
{
    return ask_len(who, "PUT", path_of(id, "/stage"), "application/octet-stream", bytes, len);
}

/* Runs what waits, to its end. */
static void
run_tasks(void)
{
    const struct engine_options o = { .catalog = catalog, .plugins = plugins, .config = config, .owner = "test", .workers = 1 };
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct engine *engine;
    static int registered;

    if (!registered++)
        image_flows_register();
    ck_assert_msg(engine_start(&o, &engine, &err) == 0, "%s", err.message);
    ck_assert_int_eq(engine_wait_idle(engine, 10000), 0);
    engine_stop(engine);
}

#define RAW_IMAGE "{\"disk_format\": \"raw\", \"container_format\": \"bare\"}"

START_TEST(staged_data_become_an_image_in_every_store_asked_for)
{
    CLEANUP_FREE char *id = new_image(ANN, RAW_IMAGE);

    ck_assert_int_eq(stage(ANN, id, "hello", 5), 204);
    is(200, ANN, "GET", path_of(id, ""), NULL);
    ck_assert_str_eq(json_str(reply, "status"), "uploading");
    ck_assert_int_eq(stage(ANN, id, "again", 5), 409);
    is(202, ANN, "POST", path_of(id, "/import"), "{\"method\": {\"name\": \"glance-direct\"}, \"all_stores\": true}");
    is(409, ANN, "POST", path_of(id, "/import"), "{\"method\": {\"name\": \"glance-direct\"}}");
    run_tasks();
    is(200, ANN, "GET", path_of(id, ""), NULL);
    ck_assert_str_eq(json_str(reply, "status"), "active");
    ck_assert_str_eq(json_str(reply, "stores"), "main,other");
    ck_assert_str_eq(json_str(reply, "checksum"), "5d41402abc4b2a76b9719d911017c592");
    ck_assert_str_eq(json_str(reply, "os_glance_importing_to_stores"), "");
    is(200, ANN, "GET", path_of(id, "/tasks"), NULL);
    ck_assert_str_eq(json_str(json_array_get(json_object_get(reply, "tasks"), 0), "status"), "success");
}
END_TEST

START_TEST(image_leaves_a_store_but_not_the_last_one)
{
    CLEANUP_FREE char *id = new_image(ANN, RAW_IMAGE);
    CLEANUP_FREE char *main_path = xasprintf("/v2/stores/main/%s", id);
    CLEANUP_FREE char *other_path = xasprintf("/v2/stores/other/%s", id);

    ck_assert_int_eq(upload(ANN, id, "hello", 5), 204);
    is(404, ADMIN, "DELETE", other_path, NULL);
    is(403, ANN, "POST", path_of(id, "/import"), "{\"method\": {\"name\": \"copy-image\"}, \"stores\": [\"other\"]}");
    is(202, ADMIN, "POST", path_of(id, "/import"), "{\"method\": {\"name\": \"copy-image\"}, \"stores\": [\"other\"]}");
    run_tasks();
    is(403, ANN, "DELETE", main_path, NULL);
    is(204, ADMIN, "DELETE", main_path, NULL);
    ck_assert_uint_eq(files_in_store(), 0);
    is(403, ADMIN, "DELETE", other_path, NULL);
    is(200, ANN, "GET", path_of(id, "/file"), NULL);
    ck_assert_str_eq(answer.body.text, "hello");
}
END_TEST

START_TEST(staged_data_of_another_format_fail_to_import_and_go_with_the_image)
{
    CLEANUP_FREE char *id = new_image(ANN, "{\"disk_format\": \"qcow2\", \"container_format\": \"bare\"}");

    ck_assert_int_eq(stage(ANN, id, "hello", 5), 204);
    is(202, ANN, "POST", path_of(id, "/import"), "{\"method\": {\"name\": \"glance-direct\"}}");
    run_tasks();
    is(200, ANN, "GET", path_of(id, ""), NULL);
    ck_assert_str_eq(json_str(reply, "status"), "uploading");
    ck_assert_str_eq(json_str(reply, "os_glance_failed_import"), "main");
    is(200, ANN, "GET", path_of(id, "/tasks"), NULL);
    ck_assert_str_eq(json_str(json_array_get(json_object_get(reply, "tasks"), 0), "status"), "failure");
    ck_assert_uint_eq(files_in_store(), 1);
    is(204, ANN, "DELETE", path_of(id, ""), NULL);
    ck_assert_uint_eq(files_in_store(), 0);
}
END_TEST

START_TEST(imports_that_cannot_be_are_refused)
{
    static const char *const uris[] = { "ftp://a.example/", "http://a.example:22/", "http://me@a.example/", "http://evil.example/x", "http:///x", "/etc/passwd" };
    CLEANUP_FREE char *id = new_image(ANN, RAW_IMAGE);

    for (size_t i = 0; i < ARRAY_LEN(uris); i++) {
        CLEANUP_FREE char *body = xasprintf("{\"method\": {\"name\": \"web-download\", \"uri\": \"%s\"}}", uris[i]);

        is(400, ANN, "POST", path_of(id, "/import"), body);
        says("does not pass filtering");
    }
    is(400, ANN, "POST", path_of(id, "/import"), "{\"method\": {\"name\": \"telepathy\"}}");
    is(409, ANN, "POST", path_of(id, "/import"), "{\"method\": {\"name\": \"glance-direct\"}}");
    is(409, ADMIN, "POST", path_of(id, "/import"), "{\"method\": {\"name\": \"copy-image\"}}");
    is(409, ANN, "POST", path_of(id, "/import"), "{\"method\": {\"name\": \"web-download\", \"uri\": \"http://a.example/\"}, \"stores\": [\"none\"]}");
    is(404, BOB, "POST", path_of(id, "/import"), "{\"method\": {\"name\": \"glance-direct\"}}");
}
END_TEST

/* --- metadata definitions */

#define SPACE "/v2/metadefs/namespaces/Ours"

START_TEST(namespaces_hold_what_is_put_into_them)
{
    is(403, ANN, "POST", "/v2/metadefs/namespaces", "{\"namespace\": \"Ours\"}");
    is(201, ADMIN, "POST", "/v2/metadefs/namespaces", "{\"namespace\": \"Ours\", \"protected\": true, \"tags\": [{\"name\": \"t\"}], \"properties\":"
       " {\"p\": {\"title\": \"P\", \"type\": \"string\"}}, \"resource_type_associations\": [{\"name\": \"Thing\", \"prefix\": \"x_\"}]}");
    is(409, ADMIN, "POST", "/v2/metadefs/namespaces", "{\"namespace\": \"Ours\"}");
    is(400, ADMIN, "POST", "/v2/metadefs/namespaces", "{\"namespace\": \"Other\", \"colour\": \"red\"}");
    is(404, ANN, "GET", SPACE, NULL);
    is(403, ADMIN, "DELETE", SPACE, NULL);
    is(200, ADMIN, "PUT", SPACE, "{\"namespace\": \"Ours\", \"visibility\": \"public\"}");
    is(201, ADMIN, "POST", SPACE "/objects", "{\"name\": \"o\", \"required\": [\"q\"], \"properties\": {\"q\": {\"title\": \"Q\", \"type\": \"integer\"}}}");
    is(400, ADMIN, "POST", SPACE "/objects", "{\"name\": \"bad\", \"properties\": {\"q\": {\"title\": \"Q\", \"type\": \"colour\"}}}");
    is(200, ANN, "GET", SPACE "?resource_type=Thing", NULL);
    ck_assert_ptr_nonnull(json_object_get(json_object_get(reply, "properties"), "x_p"));
    ck_assert_uint_eq(json_array_size(json_object_get(reply, "objects")), 1);
    ck_assert_uint_eq(json_array_size(json_object_get(reply, "tags")), 1);
    is(200, ANN, "GET", SPACE "/properties/x_p?resource_type=Thing", NULL);
    is(404, ANN, "GET", SPACE "/properties/p?resource_type=Thing", NULL);
    is(403, ADMIN, "PUT", SPACE "/tags/t", "{\"name\": \"u\", \"created_at\": \"now\"}");
    is(200, ADMIN, "PUT", SPACE "/tags/t", "{\"name\": \"u\"}");
    is(404, ADMIN, "DELETE", SPACE "/tags/t", NULL);
    is(204, ADMIN, "DELETE", SPACE, NULL);
    is(404, ADMIN, "GET", SPACE "/objects/o", NULL);
}
END_TEST

START_TEST(standard_namespaces_are_there_and_page)
{
    is(200, ANN, "GET", "/v2/metadefs/namespaces?resource_types=OS::Nova::Flavor&limit=2&sort_key=namespace&sort_dir=asc", NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(reply, "namespaces")), 2);
    ck_assert_str_eq(json_str(json_array_get(json_object_get(reply, "namespaces"), 0), "namespace"), "OS::Compute::CPUPinning");
    ck_assert_ptr_nonnull(strstr(json_str(reply, "next"), "marker="));
    ck_assert_str_eq(json_str(reply, "schema"), "/v2/schemas/metadefs/namespaces");
    is(200, ANN, "GET", "/v2/metadefs/resource_types", NULL);
    ck_assert_uint_gt(json_array_size(json_object_get(reply, "resource_types")), 4);
}
END_TEST

static void
add_tests(TCase *t)
{
    tcase_add_test(t, versions_need_no_token);
    tcase_add_test(t, new_image_is_queued_and_complete);
    tcase_add_test(t, bad_images_are_refused);
    tcase_add_test(t, empty_id_is_no_image);
    tcase_add_test(t, given_ids_are_unique);
    tcase_add_test(t, patches_change_what_they_may);
    tcase_add_test(t, bad_patches_change_nothing);
    tcase_add_test(t, uploaded_data_come_back);
    tcase_add_test(t, ranges_of_data_are_served);
    tcase_add_test(t, unsafe_or_mislabelled_data_are_refused_and_leave_nothing_ossa_2024_001_2015_014);
    tcase_add_test(t, uploads_have_limits_and_a_type);
    tcase_add_test(t, upload_that_breaks_off_leaves_the_image_queued);
    tcase_add_test(t, image_deleted_while_it_is_uploaded_is_gone);
    tcase_add_test(t, protected_and_deactivated_images);
    tcase_add_test(t, visibility_decides_who_sees_and_who_lists);
    tcase_add_test(t, shared_images_are_listed_once_accepted);
    tcase_add_test(t, tags_come_and_go);
    tcase_add_test(t, lists_filter_sort_and_page);
    tcase_add_test(t, schemas_name_every_attribute_of_an_image);
    tcase_add_test(t, staged_data_become_an_image_in_every_store_asked_for);
    tcase_add_test(t, image_leaves_a_store_but_not_the_last_one);
    tcase_add_test(t, staged_data_of_another_format_fail_to_import_and_go_with_the_image);
    tcase_add_test(t, imports_that_cannot_be_are_refused);
    tcase_add_test(t, namespaces_hold_what_is_put_into_them);
    tcase_add_test(t, standard_namespaces_are_there_and_page);
}

int
main(void)
{
    Suite *suite = suite_create("image");
    TCase *t = tcase_create("image");

    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    add_tests(t);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
