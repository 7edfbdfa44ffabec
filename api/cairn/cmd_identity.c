/* cmd_identity.c: user password, bootstrap, token rotate, credential rotate. */
#include "config.h"
#include "cairn/tool.h"

#include <sys/stat.h>
#include <unistd.h>

#include "cairn/secret.h"
#include "compute/compute.h"
#include "identity/compliance.h"
#include "identity/identity.h"

/* The daemon hears of it within a second anyhow. */
static void
tell_daemon(struct tool *t)
{
    CLEANUP_JSON json_t *reply = NULL;

    (void)tool_ask(t, &reply, NULL, "refresh", NULL);
}

COMMAND(cmd_user_password)
{
    static const struct option longs[] = {
        { "domain", required_argument, NULL, 'd' }, { "password-file", required_argument, NULL, 'p' }, { NULL, 0, NULL, 0 }
    };
    const char *domain = "default", *file = NULL;
    CLEANUP_SECRET char *secret = NULL;
    int opt;

    while ((opt = getopt_long(argc, argv, "d:p:", longs, NULL)) != -1) {
        switch (opt) {
        case 'd': domain = optarg; break;
        case 'p': file = optarg; break;
        default: return tool_usage(err);
        }
    }
    if (tool_arguments(argc, 1, 1, err) < 0 || tool_open(t, 0, err) < 0 || (file != NULL ? secret_from_file(file, &secret, err) : secret_ask("New password: ", &secret, err)) < 0)
        return -1;
    if (compliance_open(t->config, err) < 0 || identity_set_password(t->catalog, domain, argv[optind], secret, err) < 0)
        return -1;
    tell_daemon(t);
    printf("the password of '%s' is set and lets in; its tokens are revoked\n", argv[optind]);
    return 0;
}

COMMAND(cmd_token_rotate)
{
    int64_t number;

    (void)argv;
    optind = 1;
    if (tool_arguments(argc, 0, 0, err) < 0 || tool_open(t, 0, err) < 0
        || identity_rotate_keys(t->state_dir, t->catalog, config_int(t->config, IDENTITY_SECTION, "token_lifetime") / 1000, &number, err) < 0)
        return -1;
    tell_daemon(t);
    printf("tokens are sealed with key %lld from now on\n", (long long)number);
    return 0;
}

static int
reseal(struct tool *t, int argc, int new_key, struct cairn_error *err)
{
    int64_t number, count;

    optind = 1;
    if (tool_arguments(argc, 0, 0, err) < 0 || tool_open(t, 0, err) < 0
        || identity_reseal_credentials(t->state_dir, t->catalog, new_key, &number, &count, err) < 0)
        return -1;
    tell_daemon(t);
    printf("credentials are sealed with key %lld: %lld of them anew\n", (long long)number, (long long)count);
    return 0;
}

COMMAND(cmd_credential_rotate)
{
    (void)argv;
    return reseal(t, argc, 1, err);
}

COMMAND(cmd_credential_migrate)
{
    (void)argv;
    return reseal(t, argc, 0, err);
}

/* --- bootstrap */
static char *
default_url(const struct tool *t)
{
    const char *url = config_string(t->config, "http", "public_url"), *address = config_string(t->config, "http", "address");
    int any = strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0, six = strchr(address, ':') != NULL && !any;
    char host[256] = "localhost";

    if (url != NULL)
        return xstrdup(url);
    if (any && gethostname(host, sizeof host - 1) == 0)
        address = host;
    else if (any)
        address = "localhost";
    return xasprintf("%s://%s%s%s:%lld", config_string(t->config, "http", "tls_cert") != NULL ? "https" : "http", six ? "[" : "", address, six ? "]" : "",
                     (long long)config_int(t->config, "http", "port"));
}

static int
url_ok(char *url, struct cairn_error *err)
{
    size_t len = strlen(url);

    while (len > 0 && url[len - 1] == '/')
        url[--len] = '\0';
    if (!str_starts(url, "http://") && !str_starts(url, "https://"))
        return cairn_fail(err, CAIRN_INVALID, "the base URL '%s' does not begin with http:// or https://", url);
    if (strpbrk(url, " %$\"\\\n") != NULL)
        return cairn_fail(err, CAIRN_INVALID, "the base URL '%s' holds a character that none may have", url);
    return 0;
}

/* In YAML's double quotes. */
static void
add_quoted(struct str *out, const char *text)
{
    str_add_c(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            str_add_c(out, '\\');
        str_add_c(out, *text);
    }
    str_add_c(out, '"');
}

static int
write_clouds(const char *path, const struct identity_bootstrap *b, const char *secret, struct cairn_error *err)
{
    CLEANUP_STR struct str out = STR_INIT;
    int rc;

    str_addf(&out, "clouds:\n  cairn:\n    auth:\n      auth_url: %s/identity/v3\n      username: ", b->base_url);
    add_quoted(&out, b->admin_user);
    str_add(&out, "\n      password: ");
    add_quoted(&out, secret);
    str_add(&out, "\n      project_name: ");
    add_quoted(&out, b->admin_project);
    str_add(&out, "\n      user_domain_id: default\n      project_domain_id: default\n    identity_api_version: 3\n    region_name: ");
    add_quoted(&out, b->region);
    str_add(&out, "\n");
    rc = secret_write(path, out.text, 1, err);
    explicit_bzero(out.text, out.len);
    return rc;
}

/* The password of the file; a file that is not there gets a new one. */
static int
password_of_file(const char *path, char **ret, struct cairn_error *err)
{
    CLEANUP_FREE char *line = NULL;

    if (access(path, F_OK) == 0)
        return secret_from_file(path, ret, err);
    *ret = secret_random();
    line = xasprintf("%s\n", *ret);
    if (secret_write(path, line, 0, err) < 0)
        return -1;
    printf("a random password is in %s\n", path);
    return 0;
}

COMMAND(cmd_bootstrap)
{
    CLEANUP_TX struct tx *tx = NULL;
    enum { URL = 256, REGION, USER, PROJECT, FILE_, RESET, CLOUDS };
    static const struct option longs[] = {
        { "base-url", required_argument, NULL, URL },           { "region", required_argument, NULL, REGION },
        { "admin-user", required_argument, NULL, USER },        { "admin-project", required_argument, NULL, PROJECT },
        { "password-file", required_argument, NULL, FILE_ },    { "reset-password", no_argument, NULL, RESET },
        { "clouds", required_argument, NULL, CLOUDS },          { NULL, 0, NULL, 0 }
    };
    struct identity_bootstrap b = { .region = "RegionOne", .admin_user = "admin", .admin_project = "admin" };
    const char *file = NULL, *clouds = NULL;
    CLEANUP_FREE char *url = NULL;
    CLEANUP_SECRET char *secret = NULL;
    int opt;

    while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        switch (opt) {
        case URL: free(url); url = xstrdup(optarg); break;
        case REGION: b.region = optarg; break;
        case USER: b.admin_user = optarg; break;
        case PROJECT: b.admin_project = optarg; break;
        case FILE_: file = optarg; break;
        case RESET: b.reset_password = 1; break;
        case CLOUDS: clouds = optarg; break;
        default: return tool_usage(err);
        }
    }
    if (url == NULL)
        url = default_url(t);
    if (tool_arguments(argc, 0, 0, err) < 0 || url_ok(url, err) < 0 || tool_open(t, 1, err) < 0 || (file != NULL && password_of_file(file, &secret, err) < 0))
        return -1;
    if (clouds != NULL && secret == NULL)
        return cairn_fail(err, CAIRN_INVALID, "--clouds needs the password that it is to hold: --password-file FILE");
    if (b.reset_password && secret == NULL)
        return cairn_fail(err, CAIRN_INVALID, "--reset-password needs the password: --password-file FILE");
    b.base_url = url;
    b.admin_password = secret;
    if (compliance_open(t->config, err) < 0)
        return -1;
    if (identity_bootstrap(t->catalog, &b, err) < 0) {
        if (secret == NULL && err->code == CAIRN_INVALID)
            cairn_error_context(err, "--password-file FILE is missing");
        return -1;
    }
    if (tx_begin(t->catalog, TX_WRITE, &tx, err) < 0 || compute_seed_flavors(tx, err) < 0 || tx_commit(steal(&tx), err) < 0)
        return -1;
    tell_daemon(t);
    if (clouds != NULL && write_clouds(clouds, &b, secret, err) < 0)
        return -1;
    printf("authentication URL   %s/identity/v3\nadministrator        %s, in project %s, domain default\nregion               %s\n", url, b.admin_user,
           b.admin_project, b.region);
    if (clouds != NULL)
        printf("clouds.yaml          %s, cloud 'cairn'\n", clouds);
    return 0;
}
