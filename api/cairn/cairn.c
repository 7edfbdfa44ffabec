/* cairn.c: the operator's tool: its table of commands, its options, its help. */
#include "config.h"
#include "cairn/tool.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/control.h"
#include "daemon/settings.h"

#define ASK_MS 60000                    /* drivers may take their time to tell how they are */
#define AUDIT_MS (30 * 60 * 1000)

const struct command *tool_running;

const struct command commands[] = {
    { "status", "", "how the cloud is: daemon, hosts, what there is, what runs",
      "Shows whether the daemon runs, how many hosts are up, how much of everything there is\n"
      "and what work is open.  Works without the daemon, too.\n", cmd_status },
    { "hosts", "", "hosts that run servers, what they have and what is taken",
      "VCPUs, memory and disk are shown as taken/offered, where what is offered is what the host has,\n"
      "less what is reserved, times the overcommit ratio.  A host is up while its heartbeat is younger\n"
      "than a minute.\n", cmd_hosts },
    { "drivers", "[--dump FILE|KIND-NAME]", "drivers and plugins: those loaded, and those that could be",
      "Lists what the running daemon has loaded and how it is, then the files in the search path.\n\n"
      "  --dump FILE     what one file says of itself: ABI, configuration keys, operations.\n"
      "                  FILE is a path, or KIND-NAME to look for, e.g. storage-file\n", cmd_drivers },
    { "reload", "KIND INSTANCE", "load a driver instance anew while the daemon runs",
      "A new instance is made beside the old one and takes all new calls; the old one is stopped when\n"
      "its last call is over.  Example: cairn reload storage default\n", cmd_reload },
    { "tasks", "[--all]", "work that is open, and what it waits for",
      "Lists tasks that are queued, running or being undone, and driver calls that run at this moment.\n\n"
      "  --all           finished ones as well, newest first (at most 500)\n", cmd_tasks },
    { "trace", "ID", "the story of a request or an object, in order",
      "ID is a request id (req-...), the id of a server, port, volume, image ..., or of a task.\n"
      "For an object, every request that touched it is told, with its steps, driver calls and faults.\n", cmd_trace },
    { "audit", "[--repair]", "prove that the books and the machine agree",
      "Compares allocations, quotas, ports, disks and domains with each other: what is in the catalog\n"
      "but not on the machine, and the reverse.  The running daemon does it; without one, the drivers are\n"
      "loaded here.  Objects that are being worked on are left alone.  It ends with 1 when a finding is open.\n\n"
      "  --repair        put right what can be\n", cmd_audit },
    { "policy explain", "RULE [OPTION]...", "why somebody may do something, or may not",
      "Shows the rule as a tree of what is true and what is false for a user in a scope.\n\n"
      "  --user NAME|ID          who (default: admin)\n"
      "  --user-domain NAME|ID   the user's domain (default: default)\n"
      "  --project NAME|ID       with a token for this project\n"
      "  --domain NAME|ID        with a token for this domain\n"
      "  --system                with a token for the system\n"
      "  --role NAME             as if the user had this role and no other; may be repeated\n"
      "  --target ATTR=VALUE     an attribute of the object, e.g. project_id=...; may be repeated\n\n"
      "Example: cairn policy explain identity:get_user --user bob --project web --target target.user.id=42\n", cmd_policy_explain },
    { "policy reload", "", "let the daemon read the policy file again",
      "What the file says holds from the next request on.  A file with a mistake is refused, with the line and the\nreason, and the rules stay as they were.\n", cmd_policy_reload },
    { "policy list", "[TEXT]", "the rules in force, those that hold TEXT", "Overrides of the policy file are taken into account.\n", cmd_policy_list },
    { "catalog backup", "FILE", "copy the catalog into one file, while the cloud runs",
      "The copy is of one moment.  FILE must not exist.  Token keys are not in it: they are in the state\n"
      "folder's keys/ and can be lost at the cost of a new login for everybody.  Keep a copy of its\n"
      "credential-keys/, too: without them the users' EC2 keys, TOTP seeds and OAuth secrets are lost.\n", cmd_catalog_backup },
    { "catalog restore", "FILE", "put a backup in the catalog's place",
      "The daemon must be stopped.  The catalog that was there is kept beside it, as NAME.replaced.\n", cmd_catalog_restore },
    { "catalog check", "", "is the catalog whole", "Checks the file's structure and that no row refers to one that is gone.\n", cmd_catalog_check },
    { "user password", "NAME [OPTION]...", "set a user's password: the way back in for a locked-out operator",
      "Asks for the new password, or reads its first line from standard input.  Every token of the user\n"
      "is worth nothing afterwards; a user who was locked out, disabled or away for too long is let in again.\n\n"
      "  --domain NAME|ID        the user's domain (default: default)\n"
      "  --password-file FILE    the password is FILE's first line\n", cmd_user_password },
    { "mapping test", "[OPTION]...", "what a federation mapping makes of an assertion",
      "Reads \"Name: value\" lines and prints, as JSON, the user, groups and projects that the rules make of\n"
      "them.  With a provider of the catalog's, its checks are made too, and its groups are found.\n\n"
      "  --rules FILE            rules to try: a list, or {\"rules\": [...], \"schema_version\": ...}\n"
      "  --schema-version V      1.0, 2.0 or 3.0 (default: as the file says, else 1.0)\n"
      "  --identity-provider ID  instead: the rules of this provider ...\n"
      "  --protocol ID           ... and this protocol of it\n"
      "  --input FILE            the assertion (default: -, standard input)\n"
      "  --prefix TEXT           only lines that begin so count\n", cmd_mapping_test },
    { "bootstrap", "[OPTION]...", "make, or complete, what a cloud needs to be spoken to",
      "Makes the domain, projects, roles, the administrator, and the service catalog where they are missing.\n"
      "May run any number of times; endpoints that it made follow a new base URL.\n\n"
      "  --base-url URL          how clients reach the cloud (default: [http] public_url, or address and port)\n"
      "  --region NAME           default: RegionOne\n"
      "  --admin-user NAME       default: admin\n"
      "  --admin-project NAME    default: admin\n"
      "  --password-file FILE    the administrator's password is FILE's first line; a file that is not there\n"
      "                          is made with a random password, for its owner alone\n"
      "  --reset-password        an administrator who exists gets this password, too\n"
      "  --clouds FILE           write a clouds.yaml with the cloud 'cairn', for its owner alone\n", cmd_bootstrap },
    { "token rotate", "", "seal new tokens with a new key",
      "Tokens that are out stay valid: old keys are kept as long as a token can live.\n", cmd_token_rotate },
    { "credential rotate", "", "seal users' credentials with a new key",
      "Makes a new key and seals every secret in the catalog with it: EC2 keys, TOTP seeds, OAuth secrets.\n"
      "Keys that nothing is sealed with any more are removed, an hour after they were last used for new ones.\n", cmd_credential_rotate },
    { "credential migrate", "", "finish an interrupted credential rotate",
      "Seals what is still sealed with an older key with the newest one.\n", cmd_credential_migrate },
    { "log", "[LEVELS]", "show or set what the running daemon logs",
      "LEVELS is error, warn, info or debug, for all or by module: cairn log flow=debug,info\n"
      "Holds until the daemon stops; [daemon] log_levels of the configuration is for good.\n", cmd_log },
    { NULL, NULL, NULL, NULL, NULL }
};

/* --- help */
static void
print_overview(FILE *out)
{
    fputs("Usage: cairn [OPTION]... COMMAND [ARGUMENT]...\n"
          "The operator's tool of a Cairn cloud.\n\n", out);
    for (const struct command *c = commands; c->words != NULL; c++) {
        CLEANUP_FREE char *form = xasprintf("%s%s%s", c->words, c->args[0] != '\0' ? " " : "", c->args);

        fprintf(out, "  %-36s%s%s\n", form, strlen(form) > 35 ? "\n                                      " : "", c->summary);
    }
    fputs("\nOptions:\n"
          "  -c, --config FILE         configuration (default: CAIRN_CONFIG, ./run/cairn.conf, " CAIRN_SYSCONFDIR "/cairn/cairn.conf)\n"
          "  -s, --set SECTION.KEY=V   set one key as if it stood in the file; may be repeated\n"
          "  -h, --help                this text; after a command, that command's\n"
          "  -V, --version             version\n\n"
          "It ends with 0, with 1 when something failed, with 2 when it was called wrongly.\n", out);
}

static void
print_help(const struct command *c)
{
    printf("Usage: cairn %s%s%s\n\n%c%s.\n\n%s", c->words, c->args[0] != '\0' ? " " : "", c->args, c->summary[0] - 'a' + 'A', c->summary + 1, c->help);
}

int
tool_usage(struct cairn_error *err)
{
    return cairn_fail_tag(err, CAIRN_INVALID, "usage", "usage: cairn %s %s (more: cairn %s --help)", tool_running->words, tool_running->args, tool_running->words);
}

int
tool_arguments(int argc, int min, int max, struct cairn_error *err)
{
    return argc - optind < min || argc - optind > max ? tool_usage(err) : 0;
}

/* --- finding the command: two words, or one.  '*ret_skip': how many words it has. */
static const struct command *
find_command(int argc, char **argv, int *ret_skip)
{
    for (int words = argc < 2 ? argc : 2; words > 0; words--) {
        CLEANUP_FREE char *text = words == 2 ? xasprintf("%s %s", argv[0], argv[1]) : xstrdup(argv[0]);

        for (const struct command *c = commands; c->words != NULL; c++) {
            if (strcmp(c->words, text) == 0) {
                *ret_skip = words;
                return c;
            }
        }
    }
    return NULL;
}

static int
unknown_command(int argc, char **argv)
{
    const char *names[32], *near;
    CLEANUP_FREE char *text = argc > 1 ? xasprintf("%s %s", argv[0], argv[1]) : xstrdup(argv[0]);
    size_t n = 0, family = 0;

    for (const struct command *c = commands; c->words != NULL; c++) {
        names[n++] = c->words;
        if (strncmp(c->words, argv[0], strlen(argv[0])) == 0 && c->words[strlen(argv[0])] == ' ')
            family++;
    }
    if (family > 0) {
        fprintf(stderr, "cairn: '%s' is one of:\n", argv[0]);
        for (const struct command *c = commands; c->words != NULL; c++) {
            if (strncmp(c->words, argv[0], strlen(argv[0])) == 0 && c->words[strlen(argv[0])] == ' ')
                fprintf(stderr, "  cairn %s %s\n", c->words, c->args);
        }
        return 2;
    }
    near = str_nearest(text, names, n);
    if (near == NULL)
        near = str_nearest(argv[0], names, n);
    fprintf(stderr, near != NULL ? "cairn: there is no command '%s'; did you mean '%s'?\n" : "cairn: there is no command '%s'; see cairn --help\n", argv[0], near);
    return 2;
}

/* --- the configuration, the catalog, the daemon */
static int
apply_sets(struct tool *t, struct cairn_error *err)
{
    for (size_t i = 0; i < t->sets_count; i++) {
        CLEANUP_FREE char *section = xstrdup(t->sets[i]);
        char *value = strchr(section, '='), *dot;

        if (value != NULL)
            *value++ = '\0';
        dot = strrchr(section, '.');
        if (value == NULL || dot == NULL)
            return cairn_fail(err, CAIRN_INVALID, "--set '%s': it is SECTION.KEY=VALUE, e.g. http.port=8000", t->sets[i]);
        *dot = '\0';
        if (config_set(t->config, section, dot + 1, value, err) < 0)
            return -1;
    }
    return 0;
}

/* A catalog that is not there is a wrong configuration much more often than a wish for a new one. */
int
tool_open(struct tool *t, int may_make, struct cairn_error *err)
{
    const char *path = str_starts(t->catalog_url, "sqlite:") ? t->catalog_url + 7 : NULL;

    if (!may_make && path != NULL && access(path, R_OK | W_OK) < 0)
        return cairn_fail_errno(err, errno, "cannot use the catalog '%s' (configuration: %s; another one: --config FILE)", path,
                                t->config_path != NULL ? t->config_path : "the built-in defaults");
    return catalog_open(t->catalog_url, &t->catalog, err);
}

static int
prepare(struct tool *t, char **path, struct cairn_error *err)
{
    const char *url;

    *path = settings_find(t->config_option);
    t->config_path = *path;
    if (settings_load(*path, 0, &t->config, err) < 0 || apply_sets(t, err) < 0)
        return -1;
    t->state_dir = config_string(t->config, "daemon", "state_dir");
    t->run_dir = config_string(t->config, "daemon", "run_dir");
    url = config_string(t->config, "daemon", "catalog");
    t->catalog_url = url != NULL ? xstrdup(url) : xasprintf("sqlite:%s/catalog.db", t->state_dir);
    return 0;
}

int
tool_ask(struct tool *t, json_t **ret, struct cairn_error *err, const char *name, ...)
{
    CLEANUP_JSON json_t *request = json_object();
    va_list ap;

    json_object_set_new(request, "command", json_string(name));
    va_start(ap, name);
    for (const char *key = va_arg(ap, const char *); key != NULL; key = va_arg(ap, const char *))
        json_object_set_new(request, key, json_string(va_arg(ap, const char *)));
    va_end(ap);
    return control_ask(t->run_dir, request, strcmp(name, "audit") == 0 ? AUDIT_MS : ASK_MS, ret, err);
}

int
tool_daemon_runs(const struct tool *t)
{
    CLEANUP_FREE char *path = xasprintf("%s/cairnd.pid", t->run_dir);
    CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;
}

static int
run_command(struct tool *t, const struct command *c, int argc, char **argv)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    CLEANUP_FREE char *path = NULL;
    int rc;

    tool_running = c;
    optind = 0;                         /* getopt starts anew */
    rc = prepare(t, &path, &err) < 0 ? -1 : c->run(t, argc, argv, &err);
    if (rc < 0)
        fprintf(stderr, "cairn: %s\n", err.message);
    if (t->catalog != NULL)
        catalog_close(t->catalog);
    config_free(t->config);
    free(t->catalog_url);
    return rc == 0 ? 0 : strcmp(err.tag, "usage") == 0 ? 2 : 1;
}

static int
wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return 1;
    }
    return 0;
}

int
main(int argc, char **argv)
{
    static const struct option longs[] = {
        { "config", required_argument, NULL, 'c' }, { "set", required_argument, NULL, 's' }, { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 },
    };
    char *sets[32];
    struct tool t = { .sets = sets };
    const struct command *c;
    int opt, skip;

    log_set_levels("warn", NULL);
    while ((opt = getopt_long(argc, argv, "+c:s:hV", longs, NULL)) != -1) {
        switch (opt) {
        case 'c':
            t.config_option = optarg;
            break;
        case 's':
            if (t.sets_count == ARRAY_LEN(sets)) {
                fprintf(stderr, "cairn: --set can be given %zu times\n", ARRAY_LEN(sets));
                return 2;
            }
            sets[t.sets_count++] = optarg;
            break;
        case 'h':
            print_overview(stdout);
            return 0;
        case 'V':
            puts("cairn " PACKAGE_VERSION);
            return 0;
        default:
            fputs("cairn: see cairn --help\n", stderr);
            return 2;
        }
    }
    argc -= optind;
    argv += optind;
    if (argc > 0 && strcmp(argv[0], "help") == 0) {
        argc--;
        argv++;
        if (argc > 0 && (c = find_command(argc, argv, &skip)) != NULL) {
            print_help(c);
            return 0;
        }
        print_overview(stdout);
        return 0;
    }
    if (argc == 0) {
        print_overview(stderr);
        return 2;
    }
    c = find_command(argc, argv, &skip);
    if (c == NULL)
        return unknown_command(argc, argv);
    if (wants_help(argc - skip + 1, argv + skip - 1)) {
        print_help(c);
        return 0;
    }
    return run_command(&t, c, argc - skip + 1, argv + skip - 1);
}
