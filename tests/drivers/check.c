/* check.c: cairn-driver-check: loads one driver as the daemon would and holds it to the contract of its kind. */
#include "config.h"
#include "check.h"

#include <dlfcn.h>
#include <getopt.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "base/config.h"
#include "base/log.h"
#include "base/tree.h"

static const char usage[] =
    "Usage: cairn-driver-check [OPTION]... DRIVER.so [KEY=VALUE]...\n"
    "Holds a driver to the contract in <cairn/...h> and prints a line for each promise.\n"
    "\n"
    "  --image PATH          compute: a disk that boots (only read)\n"
    "  --image-format NAME   what it is: raw or qcow2 (raw)\n"
    "  --physical NAME       network: a physical network that this machine has\n"
    "  --dir DIR             where scratch files go (a new folder in /tmp)\n"
    "  --only TEXT           only the promises that contain TEXT\n"
    "  --verbose             the driver's log on standard error\n"
    "  --help                this text\n"
    "\n"
    "KEY=VALUE are the driver's settings, as in the daemon's configuration.  It makes and removes real things: volumes, guests, bridges.\n"
    "Exit status: 0 every promise was kept, 1 one was not, 2 the driver cannot be loaded.\n";

static const struct check_kind *const kinds[] = { &check_storage, &check_compute, &check_network };

void
check_fail(struct check *c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(c->why, sizeof c->why, fmt, ap);
    va_end(ap);
    longjmp(c->out, 1);
}

void
check_skip(struct check *c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(c->why, sizeof c->why, fmt, ap);
    va_end(ap);
    longjmp(c->out, 2);
}

void
check_code(struct check *c, const char *call, int rc, uint32_t code)
{
    if (rc != 0 && rc != -1)
        check_fail(c, "%s answered %d; an operation answers 0 or -1", call, rc);
    if (rc == 0 && code != CAIRN_OK)
        check_fail(c, "%s succeeded; %u was to be expected", call, code);
    if (rc == -1 && c->err.code != code)
        check_fail(c, "%s failed with code %u (%s); %u was to be expected", call, c->err.code, c->err.message, code);
    if (rc == -1 && c->err.message[0] == '\0')
        check_fail(c, "%s failed without a message", call);
}

int
check_has(const struct check *c, size_t op)
{
    void (*fn)(void);

    memcpy(&fn, (const char *)driver_table(c->d) + op, sizeof fn);
    return fn != NULL;
}

static int
list_add(void *arg, const void *item)
{
    struct check_list *list = arg;

    list->total++;
    list->matching += list->text != NULL && strcmp((const char *)item + list->offset, list->text) == 0;
    return 0;
}

void
check_list_init(struct check_list *list, size_t offset, const char *text)
{
    *list = (struct check_list){ .offset = offset, .text = text };
    list->sink = (struct cairn_sink){ list_add, list };
}

/* -- running -- */

struct totals { unsigned passed, failed, skipped; };

int
check_simulated(const struct check *c)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i]->kind == c->kind)
            return (c->capabilities & kinds[i]->simulated) != 0;
    return 0;
}

static void
run_case(struct check *c, const struct check_case *one, struct totals *totals)
{
    unsigned number = totals->passed + totals->failed + totals->skipped + 1;

    c->why[0] = '\0';
    cairn_error_clear(&c->err);
    if (one->op != 0 && !check_has(c, one->op)) {
        totals->skipped++;
        printf("ok %u - %s # SKIP the driver leaves the operation out\n", number, one->promise);
        return;
    }
    switch (setjmp(c->out)) {
    case 0:
        one->run(c);
        totals->passed++;
        printf("ok %u - %s\n", number, one->promise);
        break;
    case 2:
        totals->skipped++;
        printf("ok %u - %s # SKIP %s\n", number, one->promise, c->why);
        break;
    default:
        totals->failed++;
        printf("not ok %u - %s\n#   %s\n", number, one->promise, c->why);
        break;
    }
    fflush(stdout);
}

static void
answers_health_in_one_line(struct check *c)
{
    struct cairn_health health = { .size = sizeof health };

    EXPECT(OK, driver_health(c->d, &health, &c->err));
    REQUIRE(health.ok == 1, "health says that it does not work: %s", health.text);
    REQUIRE(health.text[0] != '\0' && strchr(health.text, '\n') == NULL, "health text is empty or has more than one line");
}

static const struct check_case common[] = {
    { "health is told in one line", answers_health_in_one_line, offsetof(struct cairn_driver, health) },
    { NULL, NULL, 0 },
};

/* The driver's kind, read from its table before the loader has a look. */
static uint32_t
kind_of_file(const char *path)
{
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    cairn_entry_fn entry = NULL;
    uint32_t kind = 0;

    if (module == NULL) {
        fprintf(stderr, "cairn-driver-check: %s\n", dlerror());
        return 0;
    }
    *(void **)&entry = dlsym(module, CAIRN_ENTRY_SYMBOL);
    if (entry == NULL)
        fprintf(stderr, "cairn-driver-check: '%s' does not export " CAIRN_ENTRY_SYMBOL "; write CAIRN_DRIVER_EXPORT\n", path);
    else if (entry() != NULL)
        kind = entry()->kind;
    dlclose(module);
    return kind;
}

static void
run_all(struct check *c, const char *only, struct totals *totals)
{
    const struct check_case *sets[2] = { common, NULL };

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i]->kind == c->kind)
            sets[1] = kinds[i]->cases;
    for (size_t s = 0; s < 2; s++)
        for (const struct check_case *one = sets[s]; one != NULL && one->promise != NULL; one++)
            if (only == NULL || strstr(one->promise, only) != NULL)
                run_case(c, one, totals);
}

static int
check_driver(struct check *c, const char *path, const char *only, const struct cairn_pair *settings, size_t count)
{
    static const struct config_section none[] = { { NULL, NULL, NULL } };
    static const char *const prefixes[] = { "compute", "storage", "network", NULL };
    struct cairn_error err = CAIRN_ERROR_INIT;
    CLEANUP_FREE char *state = xasprintf("%s/state", c->dir), *run = xasprintf("%s/run", c->dir), *file = realpath(path, NULL);
    struct plugins_options options = { .host_name = "check-host", .state_dir = state, .run_dir = run };
    struct totals totals = { 0, 0, 0 };
    struct config *config = NULL;
    struct plugins *plugins = NULL;
    char cloud[ID_UUID];

    id_uuid(cloud);
    options.cloud_id = cloud;
    mkdir(state, 0755);
    mkdir(run, 0755);
    if (file == NULL || (c->kind = kind_of_file(file)) == 0 || config_load_text("", "check", none, prefixes, &config, &err) < 0) {
        fprintf(stderr, "cairn-driver-check: '%s' is no driver that can be checked %s\n", path, err.message);
        return 2;
    }
    options.config = config;
    if (plugins_open(&options, &plugins, &err) < 0 || plugins_load_with(plugins, c->kind, file, "check", settings, count, &err) < 0 ||
        (c->d = plugins_get(plugins, c->kind, "check")) == NULL) {
        printf("not ok 1 - the daemon's loader takes it\n#   %s\n0 passed, 1 failed\n", err.message);
        if (plugins != NULL)
            plugins_close(plugins);
        config_free(config);
        return 2;
    }
    c->capabilities = driver_capabilities(c->d);
    totals.passed = 1;
    printf("ok 1 - the daemon's loader takes it: %s driver '%s' %s\n", kind_name(c->kind), driver_table(c->d)->name,
           driver_table(c->d)->version != NULL ? driver_table(c->d)->version : "");
    run_all(c, only, &totals);
    driver_put(c->d);
    plugins_close(plugins);
    config_free(config);
    if (totals.skipped > 0)
        printf("# %u skipped\n", totals.skipped);
    printf("%u passed, %u failed\n", totals.passed, totals.failed);
    return totals.failed > 0;
}

enum { OPT_IMAGE = 256, OPT_FORMAT, OPT_PHYSICAL, OPT_DIR, OPT_ONLY, OPT_VERBOSE, OPT_HELP };
static const struct option long_options[] = {
    { "image", required_argument, NULL, OPT_IMAGE }, { "image-format", required_argument, NULL, OPT_FORMAT },
    { "physical", required_argument, NULL, OPT_PHYSICAL }, { "dir", required_argument, NULL, OPT_DIR },
    { "only", required_argument, NULL, OPT_ONLY }, { "verbose", no_argument, NULL, OPT_VERBOSE },
    { "help", no_argument, NULL, OPT_HELP }, { NULL, 0, NULL, 0 },
};

int
main(int argc, char **argv)
{
    static struct check c = { .image_format = CAIRN_FORMAT_RAW };
    char made[] = "/tmp/cairn-driver-check-XXXXXX";
    const char *only = NULL, *dir = NULL;
    struct cairn_pair settings[64];
    size_t count = 0;
    int option, verbose = 0, rc;

    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (option) {
        case OPT_IMAGE: c.image = optarg; break;
        case OPT_FORMAT: c.image_format = strcmp(optarg, "qcow2") == 0 ? CAIRN_FORMAT_QCOW2 : CAIRN_FORMAT_RAW; break;
        case OPT_PHYSICAL: c.physical = optarg; break;
        case OPT_DIR: dir = optarg; break;
        case OPT_ONLY: only = optarg; break;
        case OPT_VERBOSE: verbose = 1; break;
        case OPT_HELP: fputs(usage, stdout); return 0;
        default: fputs(usage, stderr); return 2;
        }
    }
    if (optind >= argc || argc - optind - 1 > (int)ARRAY_LEN(settings)) {
        fputs(usage, stderr);
        return 2;
    }
    for (int i = optind + 1; i < argc; i++) {
        char *equals = strchr(argv[i], '=');

        if (equals == NULL) {
            fprintf(stderr, "cairn-driver-check: '%s' is no KEY=VALUE\n", argv[i]);
            return 2;
        }
        *equals = '\0';
        settings[count++] = (struct cairn_pair){ argv[i], equals + 1 };
    }
    log_open(NULL, verbose ? CAIRN_LOG_DEBUG : CAIRN_LOG_ERROR, NULL);
    c.dir = dir != NULL ? dir : mkdtemp(made);
    if (c.dir == NULL) {
        perror("cairn-driver-check: cannot make a scratch folder");
        return 2;
    }
    rc = check_driver(&c, argv[optind], only, settings, count);
    if (dir == NULL)
        tree_remove(c.dir, NULL);
    return rc;
}
