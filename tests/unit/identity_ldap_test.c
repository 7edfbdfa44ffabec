/* identity_ldap_test.c: a domain whose users a real LDAP server has: slapd, started here on loopback with a tree of its own. */
#include "config.h"
#include "identity_testing.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/config.h"
#include "base/run.h"
#include "identity/external.h"
#include "identity/password.h"
#include "plugin/auth.h"
#include "unit.h"

#define BASE "dc=example,dc=org"
#define CROWD 1200                      /* more than slapd gives without pages */

static pid_t slapd;
static unsigned port, tls_port;
static char *admin, *domain_id;
static struct config *plugin_config;
static struct plugins *plugins;

/* --- the server */
static unsigned
free_port(void)
{
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof sa;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
    close(fd);
    return ntohs(sa.sin_port);
}

static void
write_tree(void)
{
    FILE *f = fopen(scratch_path("tree.ldif"), "we");

    ck_assert_ptr_nonnull(f);
    fputs("dn: " BASE "\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n"
          "dn: ou=people," BASE "\nobjectClass: organizationalUnit\nou: people\n\n"
          "dn: ou=groups," BASE "\nobjectClass: organizationalUnit\nou: groups\n\n"
          "dn: ou=elsewhere," BASE "\nobjectClass: organizationalUnit\nou: elsewhere\n\n"
          "dn: cn=reader," BASE "\nobjectClass: person\ncn: reader\nsn: reader\nuserPassword: readersecret\n\n"
          "dn: cn=u1,ou=people," BASE "\nobjectClass: inetOrgPerson\ncn: u1\nsn: ann\nmail: ann@example.org\nemployeeType: TRUE\nuserPassword: annsecret\n\n"
          "dn: cn=u2,ou=people," BASE "\nobjectClass: inetOrgPerson\ncn: u2\nsn: bob\nemployeeType: FALSE\nuserPassword: bobsecret\n\n"
          "dn: cn=u3,ou=people," BASE "\nobjectClass: inetOrgPerson\ncn: u3\nsn: odd*(x)\\\nemployeeType: TRUE\nuserPassword: oddsecret\n\n"
          "dn: cn=u4,ou=people," BASE "\nobjectClass: inetOrgPerson\ncn: u4\nsn: twin\nemployeeType: TRUE\nuserPassword: one\n\n"
          "dn: cn=u5,ou=people," BASE "\nobjectClass: inetOrgPerson\ncn: u5\nsn: twin\nemployeeType: TRUE\nuserPassword: two\n\n"
          "dn: cn=u6,ou=people," BASE "\nobjectClass: inetOrgPerson\ncn: u6\nsn: vague\nemployeeType: perhaps\nuserPassword: vaguesecret\n\n"
          "dn: cn=u7,ou=elsewhere," BASE "\nobjectClass: inetOrgPerson\ncn: u7\nsn: outsider\nemployeeType: TRUE\nuserPassword: outsecret\n\n"
          "dn: cn=g1,ou=groups," BASE "\nobjectClass: groupOfNames\ncn: g1\nou: staff\nmember: cn=u1,ou=people," BASE "\nmember: cn=u2,ou=people," BASE
          "\nmember: cn=gone,ou=people," BASE "\n\n"
          "dn: cn=g2,ou=groups," BASE "\nobjectClass: groupOfNames\ncn: g2\nou: guests\nmember: cn=u2,ou=people," BASE "\n\n", f);
    for (int i = 0; i < CROWD; i++)
        fprintf(f, "dn: cn=c%d,ou=people," BASE "\nobjectClass: inetOrgPerson\ncn: c%d\nsn: crowd%04d\nemployeeType: TRUE\n\n", i, i, i);
    fclose(f);
}

static void
write_server_config(void)
{
    FILE *f = fopen(scratch_path("slapd.conf"), "we");

    ck_assert_ptr_nonnull(f);
    fprintf(f, "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\ninclude /etc/ldap/schema/inetorgperson.schema\n"
               "modulepath /usr/lib/ldap\nmoduleload back_mdb\npidfile %s/slapd.pid\nTLSCertificateFile %s/cert.pem\nTLSCertificateKeyFile %s/key.pem\n"
               "sizelimit size.soft=500 size.hard=500 size.prtotal=unlimited\ndisallow bind_anon\n"
               "database mdb\nsuffix \"" BASE "\"\nrootdn \"cn=root," BASE "\"\nrootpw rootsecret\ndirectory %s/db\nmaxsize 104857600\n"
               "access to attrs=userPassword by anonymous auth by * none\naccess to * by users read\n", scratch, scratch, scratch, scratch);
    fclose(f);
}

static int
have_slapd(void)
{
    return access("/usr/sbin/slapd", X_OK) == 0 && access("/usr/bin/ldapmodify", X_OK) == 0 && access("/usr/lib/ldap", X_OK) == 0;
}

static void
start_slapd(void)
{
    char *urls = xasprintf("ldap://127.0.0.1:%u ldaps://127.0.0.1:%u", port, tls_port);
    char *conf = xstrdup(scratch_path("slapd.conf"));

    slapd = fork();
    ck_assert_int_ge(slapd, 0);
    if (slapd == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(126);
        execl("/usr/sbin/slapd", "slapd", "-d", "0", "-f", conf, "-h", urls, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 200; i++) {
        struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons((uint16_t)tls_port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
        int fd = socket(AF_INET, SOCK_STREAM, 0), rc = connect(fd, (struct sockaddr *)&sa, sizeof sa);
        const struct timespec pause = { .tv_nsec = 50000000 };

        close(fd);
        if (rc == 0)
            break;
        nanosleep(&pause, NULL);
    }
    free(urls);
    free(conf);
}

static void
stop_slapd(void)
{
    if (slapd > 0) {
        kill(slapd, SIGKILL);
        waitpid(slapd, NULL, 0);
    }
    slapd = 0;
}

/* Changes the tree while the server runs. */
static void
modify(const char *ldif)
{
    CLEANUP_FREE char *url = xasprintf("ldap://127.0.0.1:%u", port);
    const char *file = scratch_write("change.ldif", ldif);

    expect_ok(run_argv(err, 20000, NULL, "ldapmodify", "-x", "-H", url, "-D", "cn=root," BASE, "-w", "rootsecret", "-f", file, NULL));
}

/* --- the cloud */
static void
load_plugin(const char *url, const char *more)
{
    static const struct config_section none[] = { { NULL, NULL, NULL } };
    static const char *const prefixes[] = { "auth", NULL };
    CLEANUP_FREE char *ini = xasprintf("[auth:staff]\ndriver = ldap\nurl = %s\nuser = cn=reader," BASE "\npassword = readersecret\nuser_tree_dn = ou=people," BASE "\n"
                                       "group_tree_dn = ou=groups," BASE "\nuser_enabled_attribute = employeeType\ntimeout = 3s\n%s", url, more);
    struct plugins_options o = { .cloud_id = "c", .host_name = "h", .path = PLUGINS };

    config_free(plugin_config);
    expect_ok(config_load_text(ini, "test", none, prefixes, &plugin_config, err));
    if (plugins == NULL) {
        o.config = plugin_config;
        o.state_dir = o.run_dir = scratch;
        expect_ok(plugins_open(&o, &plugins, err));
        expect_ok(plugins_load_all(plugins, err));
    } else {
        plugins_set_config(plugins, plugin_config);
        expect_ok(plugins_reload(plugins, CAIRN_AUTH, "staff", err));
    }
}

static void
setup(void)
{
    CLEANUP_FREE char *url = NULL;
    char db[256];

    bed_open();
    port = free_port();
    tls_port = free_port();
    snprintf(db, sizeof db, "%s/db", scratch);
    ck_assert_int_eq(mkdir(db, 0700), 0);
    expect_ok(run_argv(err, 30000, NULL, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                       "subjectAltName=IP:127.0.0.1", "-keyout", scratch_path("key.pem"), "-out", scratch_path("cert.pem"), NULL));
    write_server_config();
    write_tree();
    expect_ok(run_argv(err, 60000, NULL, "/usr/sbin/slapadd", "-q", "-f", scratch_path("slapd.conf"), "-l", scratch_path("tree.ldif"), NULL));
    start_slapd();
    admin = bed_login("admin", PASSWORD, PROJECT_SCOPE);
    domain_id = bed_make(admin, "/v3/domains", "domain", "{\"name\":\"staff\"}");
    url = xasprintf("ldap://127.0.0.1:%u", port);
    load_plugin(url, "");
    bed_plugins(plugins);
}

static void
teardown(void)
{
    bed_plugins(NULL);
    plugins_close(plugins);
    plugins = NULL;
    config_free(plugin_config);
    plugin_config = NULL;
    stop_slapd();
    free(admin);
    free(domain_id);
    bed_close();
}

static char *
login(const char *name, const char *secret)
{
    CLEANUP_FREE char *quoted = NULL;
    CLEANUP_JSON json_t *text = json_string(name);
    CLEANUP_FREE char *identity = NULL;

    quoted = json_dumps(text, JSON_ENCODE_ANY);
    identity = xasprintf("{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":%s,\"password\":\"%s\",\"domain\":{\"name\":\"staff\"}}}}", quoted, secret);
    return bed_login_as(identity, "\"unscoped\"");
}

static int
logs_in(const char *name, const char *secret)
{
    CLEANUP_FREE char *token = login(name, secret);

    return token != NULL;
}

static int
status(const char *token, const char *method, const char *path, const char *body)
{
    return bed_ask(token, method, path, NULL, NULL, body)->status;
}

static size_t
listed(const char *path, const char *query, const char *key)
{
    const struct wire_reply *r = bed_ask(admin, "GET", path, query, NULL, NULL);

    ck_assert_msg(r->status == 200, "%s", r->text);
    return json_array_size(json_object_get(r->json, key));
}

static char *
user_id(const char *name)
{
    CLEANUP_FREE char *query = xasprintf("domain_id=%s&name=%s", domain_id, name);
    const struct wire_reply *r = bed_ask(admin, "GET", "/v3/users", query, NULL, NULL);

    return xstrdup(json_str(json_array_get(json_object_get(r->json, "users"), 0), "id"));
}

/* --- logins */
START_TEST(users_of_the_directory_log_in_with_its_password)
{
    CLEANUP_FREE char *id = NULL;
    CLEANUP_FREE char *again = NULL;
    CLEANUP_FREE char *path = NULL;
    CLEANUP_FREE char *identity = NULL;
    CLEANUP_FREE char *token = NULL;
    const struct wire_reply *r;

    ck_assert(logs_in("ann", "annsecret"));
    ck_assert(!logs_in("ann", "bobsecret"));
    ck_assert(!logs_in("ann", ""));                     /* an anonymous bind would succeed */
    ck_assert(!logs_in("nobody", "annsecret"));
    id = user_id("ann");
    ck_assert_uint_eq(strlen(id), 64);
    path = xasprintf("/v3/users/%s", id);
    r = bed_ask(admin, "GET", path, NULL, NULL, NULL);
    ck_assert_str_eq(bed_text(r, "user.email"), "ann@example.org");
    identity = xasprintf("{\"methods\":[\"password\"],\"password\":{\"user\":{\"id\":\"%s\",\"password\":\"annsecret\"}}}", id);
    token = bed_login_as(identity, "\"unscoped\"");
    ck_assert_ptr_nonnull(token);
    expect_ok(external_renew_domain(&bed.env, "staff", err));
    again = user_id("ann");
    ck_assert_str_eq(again, id);                        /* the id is the same however they came in */
}
END_TEST

/* OSSA-2026-007: a disabled user of a directory, and one of whom nobody can tell. */
START_TEST(who_is_not_plainly_enabled_is_refused)
{
    ck_assert(!logs_in("bob", "bobsecret"));
    ck_assert(!logs_in("vague", "vaguesecret"));
    ck_assert(!logs_in("twin", "one"));
    ck_assert(!logs_in("twin", "two"));
    ck_assert(!logs_in("outsider", "outsecret"));
}
END_TEST

START_TEST(names_are_data_and_never_filters)
{
    static const char *const names[] = { "*", "a*", "ann)(cn=*", "ann)(|(cn=*", "*)(uid=*))(|(uid=*", "an\\6e", "ann\\00", "", "(", ")" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        ck_assert_msg(!logs_in(names[i], "annsecret"), "%s", names[i]);
    ck_assert(logs_in("odd*(x)\\", "oddsecret"));
}
END_TEST

START_TEST(a_user_gets_roles_by_the_directorys_groups)
{
    CLEANUP_FREE char *group = NULL;
    CLEANUP_FREE char *project = bed_make(admin, "/v3/projects", "project", "{\"name\":\"p\"}");
    CLEANUP_FREE char *grant = NULL;
    CLEANUP_FREE char *scope = xasprintf("{\"project\":{\"id\":\"%s\"}}", project);
    CLEANUP_FREE char *token = NULL;
    const struct wire_reply *r;
    static const char identity[] = "{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"ann\",\"password\":\"annsecret\",\"domain\":{\"name\":\"staff\"}}}}";

    ck_assert(logs_in("ann", "annsecret"));
    r = bed_ask(admin, "GET", "/v3/groups", "name=staff", NULL, NULL);
    group = xstrdup(json_str(json_array_get(json_object_get(r->json, "groups"), 0), "id"));
    ck_assert_ptr_nonnull(group);
    r = bed_ask(admin, "GET", "/v3/roles", "name=reader", NULL, NULL);
    grant = xasprintf("/v3/projects/%s/groups/%s/roles/%s", project, group, json_str(json_array_get(json_object_get(r->json, "roles"), 0), "id"));
    ck_assert_int_eq(status(admin, "PUT", grant, NULL), 204);
    token = bed_login_as(identity, scope);
    ck_assert_ptr_nonnull(token);
    modify("dn: cn=g1,ou=groups," BASE "\nchangetype: modify\ndelete: member\nmember: cn=u1,ou=people," BASE "\n");
    ck_assert_ptr_null(bed_login_as(identity, scope));  /* the next login knows */
    ck_assert_int_eq(status(token, "GET", "/v3/auth/projects", NULL), 401);
}
END_TEST

/* --- copies */
START_TEST(everybody_is_listed_page_by_page)
{
    CLEANUP_FREE char *query = xasprintf("domain_id=%s", domain_id);
    CLEANUP_FREE char *groups_of = NULL;
    CLEANUP_FREE char *bob = NULL;

    expect_ok(external_renew_domain(&bed.env, "staff", err));
    ck_assert_uint_eq(listed("/v3/users", query, "users"), CROWD + 5);      /* of the twins, one has the name */
    ck_assert_uint_eq(listed("/v3/groups", query, "groups"), 2);
    bob = user_id("bob");
    groups_of = xasprintf("/v3/users/%s/groups", bob);
    ck_assert_uint_eq(listed(groups_of, NULL, "groups"), 2);
    ck_assert_uint_eq(listed("/v3/users", "enabled=false", "users"), 2);
}
END_TEST

START_TEST(copies_follow_the_directory_and_tokens_die_with_their_users)
{
    CLEANUP_FREE char *ann = login("ann", "annsecret");
    CLEANUP_FREE char *odd = login("odd*(x)\\", "oddsecret");

    expect_ok(external_renew_domain(&bed.env, "staff", err));
    ck_assert_int_eq(status(ann, "GET", "/v3/auth/projects", NULL), 200);
    modify("dn: cn=u1,ou=people," BASE "\nchangetype: modify\nreplace: employeeType\nemployeeType: FALSE\n\n"
           "dn: cn=u3,ou=people," BASE "\nchangetype: delete\n\n");
    expect_ok(external_renew_domain(&bed.env, "staff", err));
    ck_assert_int_eq(status(ann, "GET", "/v3/auth/projects", NULL), 401);
    ck_assert_int_eq(status(odd, "GET", "/v3/auth/projects", NULL), 401);
    ck_assert_ptr_null(user_id("odd*(x)\\"));
    ck_assert(!logs_in("ann", "annsecret"));
    modify("dn: cn=u1,ou=people," BASE "\nchangetype: modify\nreplace: employeeType\nemployeeType: TRUE\n-\nreplace: sn\nsn: anna\n");
    ck_assert(logs_in("anna", "annsecret"));
    ck_assert(!logs_in("ann", "annsecret"));
    ck_assert_int_eq(status(ann, "GET", "/v3/auth/projects", NULL), 401);   /* old tokens stay dead */
}
END_TEST

/* On its own thread, as the daemon has it. */
START_TEST(the_directory_is_read_without_anybody_asking)
{
    CLEANUP_FREE char *query = xasprintf("domain_id=%s", domain_id);
    size_t seen = 0;

    bed_configure("[identity]\nexternal_refresh = 100ms\n");
    expect_ok(identity_external_start(&bed.env, err));
    for (int i = 0; i < 200 && seen != CROWD + 5; i++) {
        const struct timespec pause = { .tv_nsec = 50000000 };

        nanosleep(&pause, NULL);
        seen = listed("/v3/users", query, "users");
    }
    ck_assert_uint_eq(seen, CROWD + 5);
    modify("dn: cn=u3,ou=people," BASE "\nchangetype: delete\n\n");
    for (int i = 0; i < 200 && seen != CROWD + 4; i++) {
        const struct timespec pause = { .tv_nsec = 50000000 };

        nanosleep(&pause, NULL);
        seen = listed("/v3/users", query, "users");
    }
    identity_external_stop();
    ck_assert_uint_eq(seen, CROWD + 4);
}
END_TEST

START_TEST(a_wrong_password_costs_what_an_unknown_name_does)
{
    unsigned long before, known, unknown, remembered;

    password_counts(&before, &remembered);
    ck_assert(!logs_in("ann", "bad"));
    password_counts(&known, &remembered);
    ck_assert(!logs_in("nobody", "bad"));
    password_counts(&unknown, &remembered);
    ck_assert_uint_eq(known - before, 1);
    ck_assert_uint_eq(unknown - known, 1);
}
END_TEST

START_TEST(copies_can_only_be_read)
{
    CLEANUP_FREE char *id = NULL;
    CLEANUP_FREE char *path = NULL;
    CLEANUP_FREE char *password = NULL;
    CLEANUP_FREE char *create = xasprintf("{\"user\":{\"name\":\"new\",\"domain_id\":\"%s\"}}", domain_id);
    CLEANUP_FREE char *create_group = xasprintf("{\"group\":{\"name\":\"new\",\"domain_id\":\"%s\"}}", domain_id);
    CLEANUP_FREE char *group = NULL;
    CLEANUP_FREE char *member = NULL;
    const struct wire_reply *r;

    ck_assert(logs_in("ann", "annsecret"));
    id = user_id("ann");
    path = xasprintf("/v3/users/%s", id);
    password = xasprintf("%s/password", path);
    ck_assert_int_eq(status(admin, "PATCH", path, "{\"user\":{\"enabled\":false}}"), 403);
    ck_assert_int_eq(status(admin, "PATCH", path, "{\"user\":{\"password\":\"mine\"}}"), 403);
    ck_assert_int_eq(status(admin, "DELETE", path, NULL), 403);
    ck_assert_int_eq(status(admin, "POST", "/v3/users", create), 403);
    ck_assert_int_eq(status(admin, "POST", "/v3/groups", create_group), 403);
    ck_assert_int_eq(status(NULL, "POST", password, "{\"user\":{\"original_password\":\"annsecret\",\"password\":\"mine\"}}"), 403);
    ck_assert_int_eq(status(NULL, "POST", password, "{\"user\":{\"original_password\":\"bad\",\"password\":\"mine\"}}"), 401);
    r = bed_ask(admin, "GET", "/v3/groups", "name=staff", NULL, NULL);
    group = xasprintf("/v3/groups/%s", json_str(json_array_get(json_object_get(r->json, "groups"), 0), "id"));
    member = xasprintf("%s/users/%s", group, id);
    ck_assert_int_eq(status(admin, "GET", member, NULL), 204);
    ck_assert_int_eq(status(admin, "DELETE", member, NULL), 403);
    ck_assert_int_eq(status(admin, "PUT", member, NULL), 403);
    ck_assert_int_eq(status(admin, "DELETE", group, NULL), 403);
    ck_assert_int_eq(status(admin, "PATCH", group, "{\"group\":{\"name\":\"x\"}}"), 403);
    ck_assert(logs_in("ann", "annsecret"));
}
END_TEST

/* --- the way there */
START_TEST(a_directory_that_is_down_is_no_reason_to_forget_anybody)
{
    CLEANUP_FREE char *body = xstrdup("{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"ann\",\"password\":\"annsecret\","
                                      "\"domain\":{\"name\":\"staff\"}}}}}}");
    CLEANUP_FREE char *token = login("ann", "annsecret");
    CLEANUP_FREE char *id = NULL;

    stop_slapd();
    ck_assert_int_eq(status(NULL, "POST", "/v3/auth/tokens", body), 503);
    ck_assert_ptr_nonnull(wire_header("Retry-After"));
    ck_assert_ptr_null(strstr(bed_ask(NULL, "POST", "/v3/auth/tokens", NULL, NULL, body)->text, "127.0.0.1"));      /* nor where it is */
    expect_error(external_renew_domain(&bed.env, "staff", err), CAIRN_UNAVAILABLE, "127.0.0.1");
    id = user_id("ann");
    ck_assert_ptr_nonnull(id);
    ck_assert_int_eq(status(token, "GET", "/v3/auth/projects", NULL), 200);
    {
        CLEANUP_FREE char *local = bed_login("admin", PASSWORD, NULL);

        ck_assert_ptr_nonnull(local);                   /* other domains do not notice */
    }
    start_slapd();
    ck_assert(logs_in("ann", "annsecret"));
}
END_TEST

START_TEST(ldaps_and_starttls_trust_only_whom_they_were_told_to)
{
    CLEANUP_FREE char *ldaps = xasprintf("ldaps://127.0.0.1:%u", tls_port);
    CLEANUP_FREE char *plain = xasprintf("ldap://127.0.0.1:%u", port);
    CLEANUP_FREE char *ca = xasprintf("tls_cacertfile = %s/cert.pem\n", scratch);
    CLEANUP_FREE char *start_tls = xasprintf("use_tls = yes\n%s", ca);

    load_plugin(ldaps, ca);
    ck_assert(logs_in("ann", "annsecret"));
    ck_assert(!logs_in("ann", "bad"));
    load_plugin(plain, start_tls);
    ck_assert(logs_in("ann", "annsecret"));
    load_plugin(ldaps, "");                             /* a certificate that nobody vouches for */
    ck_assert(!logs_in("ann", "annsecret"));
    load_plugin(plain, "use_tls = yes\n");
    ck_assert(!logs_in("ann", "annsecret"));
    load_plugin(ldaps, "tls_req_cert = never\n");
    ck_assert(logs_in("ann", "annsecret"));
}
END_TEST

START_TEST(settings_that_cannot_be_are_refused)
{
    static const struct { const char *ini, *why; } cases[] = {
        { "[auth:x]\ndriver = ldap\n", "user_tree_dn" },
        { "[auth:x]\ndriver = ldap\nuser_tree_dn = ou=x\nuser = cn=reader\n", "needs a password" },
        { "[auth:x]\ndriver = ldap\nuser_tree_dn = ou=x\ntls_req_cert = maybe\n", "tls_req_cert" },
        { "[auth:x]\ndriver = ldap\nuser_tree_dn = ou=x\nurl = ldaps://h\nuse_tls = yes\n", "encrypted already" },
        { "[auth:x]\ndriver = ldap\nuser_tree_dn = ou=x\ntimeout = 1h\n", "timeout" },
    };
    static const struct config_section none[] = { { NULL, NULL, NULL } };
    static const char *const prefixes[] = { "auth", NULL };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct config *config;

        expect_ok(config_load_text(cases[i].ini, "test", none, prefixes, &config, err));
        plugins_set_config(plugins, config);
        expect_error(plugins_load(plugins, CAIRN_AUTH, "auth:x", "x", err), CAIRN_INVALID, cases[i].why);
        plugins_set_config(plugins, plugin_config);
        config_free(config);
    }
}
END_TEST

/* --- what clients say of a domain */
static int
configured(const char *domain, const char *method, const char *settings)
{
    CLEANUP_FREE char *path = xasprintf("/v3/domains/%s/config", domain);
    CLEANUP_FREE char *body = settings != NULL ? xasprintf("{\"config\":%s}", settings) : NULL;

    return status(admin, method, path, body);
}

static int
logs_in_at(const char *domain, const char *name, const char *secret)
{
    CLEANUP_FREE char *identity = xasprintf("{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"%s\",\"password\":\"%s\",\"domain\":{\"id\":\"%s\"}}}}", name, secret, domain);
    CLEANUP_FREE char *token = bed_login_as(identity, "\"unscoped\"");

    return token != NULL;
}

START_TEST(a_domains_stored_configuration_starts_the_plugin_where_the_operator_lets_it)
{
    CLEANUP_FREE char *other = bed_make(admin, "/v3/domains", "domain", "{\"name\":\"other\"}");
    CLEANUP_FREE char *settings = xasprintf("{\"identity\":{\"driver\":\"ldap\"},\"ldap\":{\"url\":\"ldap://127.0.0.1:%u\",\"user\":\"cn=reader," BASE "\",\"password\":\"readersecret\","
                                            "\"user_tree_dn\":\"ou=people," BASE "\",\"page_size\":100,\"use_tls\":false,\"group_tree_dn\":null,\"pool_size\":3}}", port);
    CLEANUP_FREE char *create = xasprintf("{\"user\":{\"name\":\"new\",\"domain_id\":\"%s\"}}", other);
    CLEANUP_FREE char *secret = scratch_write("secret", "readersecret") != NULL
                                ? xasprintf("{\"ldap\":{\"password\":\"file:%s/secret\"}}", scratch) : NULL;

    ck_assert_int_eq(configured(other, "PUT", settings), 201);
    ck_assert(!logs_in_at(other, "ann", "annsecret"));      /* the operator has not said so */
    bed_configure("[identity]\ndomain_configurations_from_database = yes\n");
    expect_ok(identity_external_start(&bed.env, err));
    ck_assert(logs_in_at(other, "ann", "annsecret"));
    ck_assert(!logs_in_at(other, "ann", "bad"));
    ck_assert_int_eq(status(admin, "POST", "/v3/users", create), 403);
    ck_assert_int_eq(configured(other, "PATCH", "{\"ldap\":{\"user_tree_dn\":\"ou=elsewhere," BASE "\"}}"), 200);
    ck_assert(!logs_in_at(other, "ann", "annsecret"));
    ck_assert(logs_in_at(other, "outsider", "outsecret"));
    ck_assert_int_eq(configured(other, "PATCH", secret), 200);
    ck_assert(!logs_in_at(other, "outsider", "outsecret")); /* no file of the cloud's is read for a client */
    ck_assert_int_eq(configured(other, "PUT", settings), 200);
    ck_assert(logs_in_at(other, "ann", "annsecret"));
    ck_assert_int_eq(configured(domain_id, "PUT", "{\"identity\":{\"driver\":\"ldap\"},\"ldap\":{\"user_tree_dn\":\"ou=nowhere\"}}"), 201);
    ck_assert(logs_in("ann", "annsecret"));                 /* a section counts more */
    ck_assert_int_eq(configured(other, "DELETE", NULL), 204);
    ck_assert(!logs_in_at(other, "ann", "annsecret"));
    ck_assert_int_eq(status(admin, "POST", "/v3/users", create), 201);
    identity_external_stop();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("users of a directory");
    TCase *tc = tcase_create("ldap");

    if (!have_slapd()) {
        puts("slapd or ldap-utils is missing");
        return 77;
    }
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, users_of_the_directory_log_in_with_its_password);
    tcase_add_test(tc, who_is_not_plainly_enabled_is_refused);
    tcase_add_test(tc, names_are_data_and_never_filters);
    tcase_add_test(tc, a_user_gets_roles_by_the_directorys_groups);
    tcase_add_test(tc, everybody_is_listed_page_by_page);
    tcase_add_test(tc, copies_follow_the_directory_and_tokens_die_with_their_users);
    tcase_add_test(tc, the_directory_is_read_without_anybody_asking);
    tcase_add_test(tc, a_wrong_password_costs_what_an_unknown_name_does);
    tcase_add_test(tc, copies_can_only_be_read);
    tcase_add_test(tc, a_directory_that_is_down_is_no_reason_to_forget_anybody);
    tcase_add_test(tc, ldaps_and_starttls_trust_only_whom_they_were_told_to);
    tcase_add_test(tc, settings_that_cannot_be_are_refused);
    tcase_add_test(tc, a_domains_stored_configuration_starts_the_plugin_where_the_operator_lets_it);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
