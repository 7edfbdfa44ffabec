/* linuxbridge_bed.c: see linuxbridge_bed.h. */
#include "linuxbridge_bed.h"

char tmp[256];
const char *tapguest;
int failures, checks;

void
check(int ok, const char *text, int line, const char *fmt, ...)
{
    va_list ap;

    checks++;
    failures += !ok;
    printf("%s %d - ", ok ? "ok" : "not ok", checks);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf(ok ? "\n" : "   (line %d: %s)\n", line, text);
    fflush(stdout);
}

double
now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Shell command of the test itself; its exit status. */
int
sh(const char *fmt, ...)
{
    char cmd[2048];
    va_list ap;
    int st;

    va_start(ap, fmt);
    vsnprintf(cmd, sizeof cmd, fmt, ap);
    va_end(ap);
    st = system(cmd);
    return WIFEXITED(st) ? WEXITSTATUS(st) : 255;
}

char *
sh_text(const char *fmt, ...)
{
    static char out[65536];
    char cmd[2048];
    va_list ap;
    FILE *f;
    size_t n;

    va_start(ap, fmt);
    vsnprintf(cmd, sizeof cmd, fmt, ap);
    va_end(ap);
    f = popen(cmd, "r");
    n = f != NULL ? fread(out, 1, sizeof out - 1, f) : 0;
    out[n] = '\0';
    if (f != NULL)
        pclose(f);
    return out;
}

/* The daemon's side -------------------------------------------------------------------------------------------------------- */

char last_log[1024];

static void
host_log(struct cairn_instance *inst, uint32_t level, const char *fmt, ...)
{
    va_list ap;

    (void)inst;
    va_start(ap, fmt);
    vsnprintf(last_log, sizeof last_log, fmt, ap);
    va_end(ap);
    printf("# log %u: %s\n", level, last_log);
}

static const char *const settings[][2] = {
    { "physical_networks", "host:-,wire:phys0,gone:nosuchdev" }, { "vxlan_port", "4789" }, { "dns_servers", "192.0.2.53" }, { "host_nat", "1" },
};

const char *
host_string(struct cairn_instance *inst, const char *key)
{
    (void)inst;
    for (size_t i = 0; i < LEN(settings); i++)
        if (strcmp(settings[i][0], key) == 0)
            return settings[i][1];
    return NULL;
}

static int64_t
host_int(struct cairn_instance *inst, const char *key)
{
    const char *s = host_string(inst, key);

    return s != NULL ? atoll(s) : 0;
}

static uint32_t
host_cancelled(struct cairn_op *op)
{
    (void)op;
    return 0;
}

static int
host_run(struct cairn_instance *inst, struct cairn_op *op, const struct cairn_child *c, char **ret_output, size_t *ret_len, int32_t *ret_status,
         struct cairn_error *e)
{
    char in_path[300], out_path[300], err_path[300], ns[128];
    int in, out, er, st;
    char *text;
    off_t len;
    pid_t pid;

    (void)inst;
    (void)op;
    snprintf(in_path, sizeof in_path, "%s/in.XXXXXX", tmp);
    snprintf(out_path, sizeof out_path, "%s/out.XXXXXX", tmp);
    snprintf(err_path, sizeof err_path, "%s/err.XXXXXX", tmp);
    in = mkostemp(in_path, O_CLOEXEC);
    out = mkostemp(out_path, O_CLOEXEC);
    er = mkostemp(err_path, O_CLOEXEC);
    unlink(in_path);
    unlink(out_path);
    unlink(err_path);
    if (in < 0 || out < 0 || er < 0 || (c->input_len > 0 && write(in, c->input, c->input_len) != (ssize_t)c->input_len))
        return cairn_fail_errno(e, errno, "test: files");
    lseek(in, 0, SEEK_SET);
    pid = fork();
    if (pid == 0) {
        if (c->netns != NULL) {
            int fd;

            snprintf(ns, sizeof ns, "/run/netns/%s", c->netns);
            fd = open(ns, O_RDONLY | O_CLOEXEC);
            if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
                _exit(126);
        }
        dup2(in, 0);
        dup2(out, 1);
        dup2(er, 2);
        execvp(c->argv[0], (char *const *)(uintptr_t)c->argv);
        _exit(127);
    }
    waitpid(pid, &st, 0);
    st = WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
    len = lseek(out, 0, SEEK_END);
    text = calloc(1, (size_t)len + 1);
    if (text != NULL && pread(out, text, (size_t)len, 0) != len)
        text[0] = '\0';
    if (ret_output != NULL && text != NULL)
        *ret_output = text;
    else
        free(text);
    if (ret_len != NULL)
        *ret_len = (size_t)len;
    if (ret_status != NULL)
        *ret_status = st;
    close(in);
    close(out);
    if (st != 0 && (c->flags & CAIRN_CHILD_ANY_STATUS) == 0) {
        char why[800] = "";

        if (pread(er, why, sizeof why - 1, 0) < 0)
            why[0] = '\0';
        close(er);
        if (getenv("VERBOSE") != NULL)
            printf("# %s ended with %d: %s\n# input: %.*s\n", c->argv[0], st, why, (int)c->input_len, c->input != NULL ? c->input : "");
        if (ret_output != NULL) {
            free(*ret_output);
            *ret_output = NULL;
        }
        return cairn_fail(e, st == 127 ? CAIRN_NOT_FOUND : CAIRN_INTERNAL, "%s ended with %d: %s", c->argv[0], st, why);
    }
    close(er);
    return 0;
}

static int32_t
host_emit(struct cairn_sink *to, const void *item)
{
    if (to->len < (int)LEN(to->items))
        memcpy(&to->items[to->len++], item, sizeof to->items[0]);
    return 0;
}

struct cairn_sink sink;
struct cairn_net_item *
listed(const char *id)
{
    for (int i = 0; i < sink.len; i++)
        if (strcmp(sink.items[i].id, id) == 0)
            return &sink.items[i];
    return NULL;
}

struct cairn_host host = {
    .size = sizeof host, .abi = CAIRN_ABI, .name = "default", .cloud_id = CLOUD, .host_name = "here", .log = host_log,
    .get_string = host_string, .get_int = host_int, .cancelled = host_cancelled, .run = host_run, .emit = host_emit,
};
const struct cairn_network_driver *drv;
void *self;
struct cairn_error err;

/* The driver ------------------------------------------------------------------------------------------------------------------ */

void
load(const char *path)
{
    void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    cairn_entry_fn entry;

    if (so == NULL) {
        printf("Bail out! %s\n", dlerror());
        exit(1);
    }
    *(void **)&entry = dlsym(so, CAIRN_ENTRY_SYMBOL);
    drv = (const struct cairn_network_driver *)(const void *)entry();
    CHECK(drv->abi == CAIRN_ABI && drv->kind == CAIRN_NETWORK && strcmp(drv->name, "linuxbridge") == 0, "the table names the driver");
}

void
begin(void)
{
    struct cairn_health health = { .size = sizeof health };

    OK(drv->configure(&host, &self, &err), "configure");
    OK(drv->start(self, &err), "start");
    OK(drv->health(self, &health, &err), "health: %s", health.text);
    CHECK(health.ok, "health is good");
}

void
end(void)
{
    drv->stop(self);
    drv->destroy(self);
    self = NULL;
}
