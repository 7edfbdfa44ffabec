/* spawn.c: fork and exec from a process with many threads.
 *
 * All that may allocate or lock happens before fork(): argv, environment, files, namespaces.  Between fork() and exec() the child
 * calls only what is safe in a signal handler, and tells by a pipe which call failed. */
#include <config.h>
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"

#define SAFE_PATH "/usr/sbin:/usr/bin:/sbin:/bin"
enum { FIRST_FD = 10 };         /* ours lie above the child's 0, 1, 2, so that dup2() never treads on one */

/* Everything the child needs, made by the parent. */
struct plan {
    const char *program;        /* path */
    const char *const *argv;
    char **env;
    int in_fd, out_fd, err_fd, netns_fd, report_fd;
    uint64_t limit_cpu_s, limit_as_bytes;
    pid_t parent;
};

/* What the child says when it cannot become the program. */
struct report {
    int sys_errno;
    char step[16];
};

static char *
find_program(const char *name)
{
    if (strchr(name, '/') != NULL)
        return xstrdup(name);
    for (const char *dir = SAFE_PATH; *dir != '\0';) {
        int len = (int)strcspn(dir, ":");
        char *path = xasprintf("%.*s/%s", len, dir, name);

        if (access(path, X_OK) == 0)
            return path;
        free(path);
        dir += len;
        dir += *dir == ':';
    }
    return NULL;
}

static void
free_env(char ***env)
{
    for (size_t i = 0; *env != NULL && (*env)[i] != NULL; i++)
        free((*env)[i]);
    free(*env);
}

static char **
make_env(const char *const *extra)
{
    static const char *const base[] = { ("PATH=" SAFE_PATH), "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "HOME=/" };
    size_t count = 0, at = 0;
    char **env;

    while (extra != NULL && extra[count] != NULL)
        count++;
    env = xcalloc(ARRAY_LEN(base) + count + 1, sizeof *env);
    for (size_t i = 0; i < count; i++)
        env[at++] = xstrdup(extra[i]);
    for (size_t i = 0; i < ARRAY_LEN(base); i++) {
        size_t name_len = strcspn(base[i], "=") + 1;
        int given = 0;

        for (size_t k = 0; k < count; k++)
            given |= strncmp(extra[k], base[i], name_len) == 0;
        if (!given)
            env[at++] = xstrdup(base[i]);
    }
    return env;
}

/* Moves a descriptor up; owns 'fd' in any case. */
static int
lift(int fd)
{
    int up = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD) : -1;
    int saved = errno;

    if (fd >= 0)
        close(fd);
    errno = saved;
    return up;
}

static int
make_pipe(int ret_fds[2])
{
    if (pipe2(ret_fds, O_CLOEXEC) < 0) {
        ret_fds[0] = ret_fds[1] = -1;
        return -1;
    }
    ret_fds[0] = lift(ret_fds[0]);
    ret_fds[1] = lift(ret_fds[1]);
    return ret_fds[0] < 0 || ret_fds[1] < 0 ? -1 : 0;
}

/* stdin: a memory file holds the input, so that nobody has to feed the child while it runs. */
static int
open_input(const struct cairn_child *child)
{
    size_t done = 0;
    int fd;

    if (child->input == NULL)
        return lift(open("/dev/null", O_RDONLY | O_CLOEXEC));
    fd = lift(memfd_create("input", MFD_CLOEXEC));
    while (fd >= 0 && done < child->input_len) {
        ssize_t n = write(fd, child->input + done, child->input_len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            close(fd);
            return -1;
        }
        done += (size_t)n;
    }
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    return fd;
}

static int
open_netns(const char *name, struct cairn_error *err)
{
    CLEANUP_FREE char *path = xasprintf("/run/netns/%s", name);
    int fd;

    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
        return cairn_fail(err, CAIRN_INVALID, "'%s' cannot be the name of a network namespace", name);
    fd = lift(open(path, O_RDONLY | O_CLOEXEC));
    if (fd < 0)
        return cairn_fail_errno(err, errno, "cannot open network namespace '%s'", name);
    return fd;
}

static void __attribute__((noreturn))
child_fail(const struct plan *plan, const char *step)
{
    struct report report = { errno, "" };
    ssize_t n;

    for (size_t i = 0; i + 1 < sizeof report.step && step[i] != '\0'; i++)
        report.step[i] = step[i];
    n = write(plan->report_fd, &report, sizeof report);
    (void)n;
    _exit(127);
}

static void
child_limit(const struct plan *plan, __rlimit_resource_t what, uint64_t value)
{
    struct rlimit limit = { value, value };

    if (setrlimit(what, &limit) < 0)
        child_fail(plan, "setrlimit");
}

/* After fork(): nothing here allocates, locks or touches stdio. */
static void __attribute__((noreturn))
child_main(const struct plan *plan)
{
    struct sigaction dfl;
    sigset_t none;

    memset(&dfl, 0, sizeof dfl);
    dfl.sa_handler = SIG_DFL;
    for (int sig = 1; sig < NSIG; sig++)
        sigaction(sig, &dfl, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);   /* what a killed daemon began, the next one begins anew */
    if (getppid() != plan->parent)
        _exit(127);
    if (plan->netns_fd >= 0 && setns(plan->netns_fd, CLONE_NEWNET) < 0)
        child_fail(plan, "setns");
    if (plan->limit_cpu_s > 0)
        child_limit(plan, RLIMIT_CPU, plan->limit_cpu_s);
    if (plan->limit_as_bytes > 0)
        child_limit(plan, RLIMIT_AS, plan->limit_as_bytes);
    child_limit(plan, RLIMIT_CORE, 0);
    if (dup2(plan->in_fd, 0) < 0 || dup2(plan->out_fd, 1) < 0 || dup2(plan->err_fd, 2) < 0)
        child_fail(plan, "dup2");
    /* Everything else goes at exec(); the report's pipe must live until then. */
    if (close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
        child_fail(plan, "close_range");
    execve(plan->program, (char *const *)(uintptr_t)plan->argv, plan->env);
    child_fail(plan, "exec");
}

/* Waits until the child is the program or has said why not. */
static int
await_exec(int report_fd, const struct cairn_child *child, struct cairn_error *err)
{
    struct report report;
    ssize_t n;

    do
        n = read(report_fd, &report, sizeof report);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof report)
        return 0;
    if (str_eq(report.step, "exec"))
        return cairn_fail_errno(err, report.sys_errno, "cannot run '%s'", child->argv[0]);
    return cairn_fail_errno(err, report.sys_errno, "cannot prepare to run '%s': %s", child->argv[0], report.step);
}

static int
start(const struct plan *plan, struct spawned *child, struct cairn_error *err)
{
    child->pid = fork();
    if (child->pid == 0)
        child_main(plan);
    if (child->pid < 0)
        return cairn_fail_errno(err, errno, "cannot fork");
    setpgid(child->pid, child->pid);    /* both sides do it: whoever comes first */
    child->pid_fd = (int)syscall(SYS_pidfd_open, child->pid, 0);     /* libc has a name for it only of late */
    if (child->pid_fd < 0) {
        cairn_fail_errno(err, errno, "cannot open a pidfd");
        kill(child->pid, SIGKILL);
        waitpid(child->pid, NULL, 0);
        return -1;
    }
    return 0;
}

/* 'fd' -1: the child's own input. */
static int
spawn_from(const struct cairn_child *child, int fd, struct spawned *ret, struct cairn_error *err)
{
    CLEANUP_FREE char *program = find_program(child->argv[0]);
    CLEANUP(free_env) char **env = make_env(child->env);
    CLEANUP_FD int in_fd = -1;
    CLEANUP_FD int netns_fd = -1;
    CLEANUP_FD int out_read = -1;
    CLEANUP_FD int out_write = -1;
    CLEANUP_FD int err_read = -1;
    CLEANUP_FD int err_write = -1;
    CLEANUP_FD int report_read = -1;
    CLEANUP_FD int report_write = -1;
    struct spawned started = { -1, -1, -1, -1 };
    struct plan plan;
    int fds[2];

    if (program == NULL)
        return cairn_fail(err, CAIRN_NOT_FOUND, "program '%s' is not installed (looked in " SAFE_PATH ")", child->argv[0]);
    if (child->netns != NULL && (netns_fd = open_netns(child->netns, err)) < 0)
        return -1;
    if ((in_fd = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD) : open_input(child)) < 0)
        return cairn_fail_errno(err, errno, "cannot make the input of '%s'", child->argv[0]);
    for (int i = 0; i < 3; i++) {
        int *const ends[3][2] = { { &out_read, &out_write }, { &err_read, &err_write }, { &report_read, &report_write } };
        int rc = make_pipe(fds);

        *ends[i][0] = fds[0];
        *ends[i][1] = fds[1];
        if (rc < 0)
            return cairn_fail_errno(err, errno, "cannot make pipes for '%s'", child->argv[0]);
    }
    fcntl(out_read, F_SETFL, O_NONBLOCK);
    fcntl(err_read, F_SETFL, O_NONBLOCK);
    plan = (struct plan){
        .program = program, .argv = child->argv, .env = env, .in_fd = in_fd, .out_fd = out_write, .err_fd = err_write,
        .netns_fd = netns_fd, .report_fd = report_write, .limit_cpu_s = child->limit_cpu_s,
        .limit_as_bytes = child->limit_as_bytes, .parent = getpid(),
    };
    if (start(&plan, &started, err) < 0)
        return -1;
    close(steal_fd(&report_write));     /* else the read below would never end */
    if (await_exec(report_read, child, err) < 0) {
        waitpid(started.pid, NULL, 0);
        close(started.pid_fd);
        return -1;
    }
    started.out_fd = steal_fd(&out_read);
    started.err_fd = steal_fd(&err_read);
    *ret = started;
    return 0;
}

int
spawn_child(const struct cairn_child *child, struct spawned *ret, struct cairn_error *err)
{
    return spawn_from(child, -1, ret, err);
}

int
spawn_child_reading(const struct cairn_child *child, int fd, struct spawned *ret, struct cairn_error *err)
{
    return spawn_from(child, fd, ret, err);
}

void
spawn_command_text(const struct cairn_child *child, char *buf, size_t size)
{
    size_t len = 0;

    buf[0] = '\0';
    for (size_t i = 0; child->argv[i] != NULL && len < size; i++) {
        int n = snprintf(buf + len, size - len, "%s%s", i > 0 ? " " : "", child->argv[i]);

        if (n < 0)
            break;
        len += (size_t)n;
    }
    if (len >= size)
        memcpy(buf + size - 4, "...", 4);
}
