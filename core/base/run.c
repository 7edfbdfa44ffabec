/* run.c: sees a child process through to its end: output, deadline, cancellation, status. */
#include <config.h>
#define LOG_MODULE "run"
#include "base/run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/spawn.h"
#include "base/str.h"
#include "base/thread.h"

enum {
    TIMEOUT_DEFAULT_MS = 60000,         /* for who sets none: no child runs for ever */
    GRACE_MS = 2000,                    /* between SIGTERM and SIGKILL */
    SLICE_MS = 500,                     /* how often cancellation and a moved clock are noticed */
    OUTPUT_DEFAULT = 1 << 20,
    ERRTEXT_MAX = 4096,
    ARGV_MAX = 64,
};

static struct mutex record_lock = MUTEX_INIT;
static int (*record_fn)(void *, const struct cairn_child *, struct run_result *, struct cairn_error *) GUARDED_BY(record_lock);
static void *record_arg GUARDED_BY(record_lock);

/* One run. */
struct run {
    struct spawned child;
    struct str out, errtext;
    size_t out_max;
    int64_t deadline_ms, kill_ms;       /* kill_ms: 0 before SIGTERM was sent */
    int ended;
    uint32_t code;                      /* why it was stopped: CAIRN_TIMEOUT, CAIRN_CANCELLED, or CAIRN_OK */
};

void
run_result_free(struct run_result *r)
{
    if (r == NULL)
        return;
    free(r->out);
    free(r->errtext);
    memset(r, 0, sizeof *r);
}

/* Reads what is there; closes '*fd' at its end.  Keeps the first 'out_max' bytes of stdout, the last ERRTEXT_MAX of stderr. */
static void
drain(struct run *run, int *fd)
{
    char chunk[16384];

    /* Bounded: a grandchild that writes without end must not keep us from the deadline. */
    for (int i = 0; *fd >= 0 && i < 64; i++) {
        ssize_t n = read(*fd, chunk, sizeof chunk);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            close(steal_fd(fd));
            return;
        }
        if (fd == &run->child.out_fd) {
            size_t room = run->out_max - run->out.len;

            str_add_n(&run->out, chunk, (size_t)n < room ? (size_t)n : room);
            continue;
        }
        str_add_n(&run->errtext, chunk, (size_t)n);
        if (run->errtext.len > ERRTEXT_MAX) {
            memmove(run->errtext.text, run->errtext.text + run->errtext.len - ERRTEXT_MAX, ERRTEXT_MAX);
            run->errtext.len = ERRTEXT_MAX;
            run->errtext.text[ERRTEXT_MAX] = '\0';
        }
    }
}

static void
signal_group(const struct run *run, int sig)
{
    /* Not reaped yet, so the number is still the group's. */
    if (kill(-run->child.pid, sig) < 0)
        kill(run->child.pid, sig);
}

/* Stops a child that is late or unwanted: politely, then not. */
static void
watch(struct run *run, int (*cancelled)(void *), void *arg)
{
    int64_t now = clock_mono_ms();

    if (run->code == CAIRN_OK) {
        if (now >= run->deadline_ms)
            run->code = CAIRN_TIMEOUT;
        else if (cancelled != NULL && cancelled(arg))
            run->code = CAIRN_CANCELLED;
        if (run->code != CAIRN_OK) {
            signal_group(run, SIGTERM);
            run->kill_ms = now + GRACE_MS;
        }
    } else if (run->kill_ms > 0 && now >= run->kill_ms) {
        signal_group(run, SIGKILL);
        run->kill_ms = now + GRACE_MS;
    }
}

static void
attend(struct run *run, int (*cancelled)(void *), void *arg)
{
    while (!run->ended) {
        struct pollfd fds[3] = {
            { run->child.pid_fd, POLLIN, 0 }, { run->child.out_fd, POLLIN, 0 }, { run->child.err_fd, POLLIN, 0 },
        };
        int64_t left = (run->code == CAIRN_OK ? run->deadline_ms : run->kill_ms) - clock_mono_ms();

        if (poll(fds, 3, (int)(left < 0 ? 0 : left > SLICE_MS ? SLICE_MS : left)) < 0 && errno != EINTR)
            run->deadline_ms = 0;
        drain(run, &run->child.out_fd);
        drain(run, &run->child.err_fd);
        run->ended = (fds[0].revents & POLLIN) != 0;
        if (!run->ended)
            watch(run, cancelled, arg);
    }
    /* Who daemonised itself may hold the pipes for ever: take what is there, do not wait for their end. */
    drain(run, &run->child.out_fd);
    drain(run, &run->child.err_fd);
    if (run->code != CAIRN_OK)
        signal_group(run, SIGKILL);     /* those of the group who outlived their leader */
}

static int
reap(pid_t pid)
{
    int status;
    pid_t got;

    do
        got = waitpid(pid, &status, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return 127;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void
last_line(const char *text, char *buf, size_t size)
{
    size_t len = text != NULL ? strlen(text) : 0, start;

    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r' || text[len - 1] == ' '))
        len--;
    for (start = len; start > 0 && text[start - 1] != '\n'; start--)
        ;
    snprintf(buf, size, "%.*s", (int)(len - start), len > start ? text + start : "");
}

static int
judge(const struct run *run, const struct cairn_child *child, int status, struct cairn_error *err)
{
    char command[240], line[400];

    if (run->code == CAIRN_OK && (status == 0 || (child->flags & CAIRN_CHILD_ANY_STATUS) != 0))
        return 0;
    spawn_command_text(child, command, sizeof command);
    last_line(run->errtext.text, line, sizeof line);
    if (run->code == CAIRN_TIMEOUT)
        return cairn_fail(err, CAIRN_TIMEOUT, "'%s' did not end within %u ms and was stopped%s%s", command,
                          child->timeout_ms > 0 ? child->timeout_ms : TIMEOUT_DEFAULT_MS, line[0] != '\0' ? ": " : "", line);
    if (run->code == CAIRN_CANCELLED)
        return cairn_fail(err, CAIRN_CANCELLED, "'%s' was stopped because its task was cancelled", command);
    if (status > 128)
        return cairn_fail(err, CAIRN_INTERNAL, "'%s' was ended by signal %d%s%s", command, status - 128, line[0] != '\0' ? ": " : "", line);
    return cairn_fail(err, CAIRN_INTERNAL, "'%s' failed with status %d%s%s", command, status, line[0] != '\0' ? ": " : "", line);
}

static int
run_really(const struct cairn_child *child, int (*cancelled)(void *), void *arg, struct run_result *ret, struct cairn_error *err)
{
    struct run run = { .out_max = child->output_max > 0 ? child->output_max : OUTPUT_DEFAULT };
    int64_t began = clock_mono_ms();
    int status, rc;

    if (spawn_child(child, &run.child, err) < 0)
        return -1;
    run.deadline_ms = began + (child->timeout_ms > 0 ? child->timeout_ms : TIMEOUT_DEFAULT_MS);
    attend(&run, cancelled, arg);
    status = reap(run.child.pid);
    cleanup_fd(&run.child.out_fd);
    cleanup_fd(&run.child.err_fd);
    close(run.child.pid_fd);
    if (log_enabled(LOG_MODULE, CAIRN_LOG_DEBUG)) {
        char command[400];

        spawn_command_text(child, command, sizeof command);
        log_debug("'%s': status %d after %lld ms", command, status, (long long)(clock_mono_ms() - began));
    }
    rc = judge(&run, child, status, err);
    if (rc == 0) {
        ret->out_len = run.out.len;
        ret->out = str_take(&run.out);
        ret->errtext = str_take(&run.errtext);
        ret->status = status;
    }
    str_free(&run.out);
    str_free(&run.errtext);
    return rc;
}

int
run_child(const struct cairn_child *child, int (*cancelled)(void *), void *arg, struct run_result *ret, struct cairn_error *err)
{
    int (*fn)(void *, const struct cairn_child *, struct run_result *, struct cairn_error *);
    struct run_result result = { NULL, 0, NULL, 0 };
    void *fn_arg;
    int rc;

    if (ret != NULL)
        *ret = result;
    if (child->argv == NULL || child->argv[0] == NULL)
        return cairn_fail(err, CAIRN_INTERNAL, "a child process without a command");
    mutex_lock(&record_lock);
    fn = record_fn;
    fn_arg = record_arg;
    mutex_unlock(&record_lock);
    rc = fn != NULL ? fn(fn_arg, child, &result, err) : run_really(child, cancelled, arg, &result, err);
    if (rc == 0 && ret != NULL)
        *ret = result;
    else
        run_result_free(&result);
    return rc;
}

int
run_argv(struct cairn_error *err, uint32_t timeout_ms, char **ret_out, const char *program, ...)
{
    const char *argv[ARGV_MAX + 1] = { program };
    struct cairn_child child = { .size = sizeof child, .timeout_ms = timeout_ms, .argv = argv };
    struct run_result result;
    size_t count = 1;
    va_list ap;

    va_start(ap, program);
    while (count <= ARGV_MAX && (argv[count] = va_arg(ap, const char *)) != NULL)
        count++;
    va_end(ap);
    if (count > ARGV_MAX)
        return cairn_fail(err, CAIRN_INTERNAL, "more than %d arguments for '%s'", ARGV_MAX, program);
    if (run_child(&child, NULL, NULL, &result, err) < 0)
        return -1;
    if (ret_out != NULL)
        *ret_out = steal(&result.out);
    run_result_free(&result);
    return 0;
}

void
run_record(int (*fn)(void *arg, const struct cairn_child *child, struct run_result *ret, struct cairn_error *err), void *arg)
{
    mutex_lock(&record_lock);
    record_fn = fn;
    record_arg = arg;
    mutex_unlock(&record_lock);
}
