/* control_line.c: see control_line.h; and the client's end of control.h. */
#include "config.h"
#include "daemon/control_line.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "daemon/control.h"

static int
wait_for(int fd, short events, int64_t deadline_ms, struct cairn_error *err)
{
    for (;;) {
        int64_t left = deadline_ms - clock_mono_ms();
        struct pollfd p = { .fd = fd, .events = events };
        int n = left > 0 ? poll(&p, 1, (int)left) : 0;

        if (n > 0)
            return 0;
        if (n == 0)
            return cairn_fail(err, CAIRN_TIMEOUT, "nothing was heard in time over the control socket");
        if (errno != EINTR)
            return cairn_fail_errno(err, errno, "cannot wait on the control socket");
    }
}

int
control_read_line(int fd, int64_t timeout_ms, size_t max, struct str *ret, struct cairn_error *err)
{
    int64_t deadline = clock_mono_ms() + timeout_ms;
    char buf[4096];

    for (;;) {
        ssize_t n;
        const char *end;

        if (wait_for(fd, POLLIN, deadline, err) < 0)
            return -1;
        n = recv(fd, buf, sizeof buf, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (n <= 0)
            return cairn_fail(err, CAIRN_UNAVAILABLE, "the other end of the control socket closed");
        end = memchr(buf, '\n', (size_t)n);
        str_add_n(ret, buf, end != NULL ? (size_t)(end - buf) : (size_t)n);
        if (end != NULL)
            return 0;
        if (ret->len > max)
            return cairn_fail(err, CAIRN_TOO_LARGE, "a line over the control socket is longer than %zu bytes", max);
    }
}

int
control_write_line(int fd, int64_t timeout_ms, const char *text, struct cairn_error *err)
{
    int64_t deadline = clock_mono_ms() + timeout_ms;
    CLEANUP_FREE char *line = xasprintf("%s\n", text);
    size_t len = strlen(line), at = 0;

    while (at < len) {
        ssize_t n;

        if (wait_for(fd, POLLOUT, deadline, err) < 0)
            return -1;
        n = send(fd, line + at, len - at, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return cairn_fail_errno(err, errno, "cannot write to the control socket");
        at += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

int
control_ask(const char *run_dir, const json_t *request, int64_t timeout_ms, json_t **ret, struct cairn_error *err)
{
    CLEANUP_FREE char *path = xasprintf("%s/%s", run_dir, CONTROL_SOCKET);
    CLEANUP_FREE char *text = json_text(request);
    CLEANUP_STR struct str line = STR_INIT;
    CLEANUP_JSON json_t *reply = NULL;
    struct sockaddr_un sa = { .sun_family = AF_UNIX };
    CLEANUP_FD int fd = -1;

    if (strlen(path) >= sizeof sa.sun_path)
        return cairn_fail(err, CAIRN_INVALID, "the path of the control socket is too long: '%s'", path);
    strcpy(sa.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return cairn_fail_errno(err, errno, "cannot make a socket");
    if (connect(fd, (struct sockaddr *)&sa, sizeof sa) < 0)
        return cairn_fail(err, errno == EACCES ? CAIRN_DENIED : CAIRN_UNAVAILABLE, "cannot reach cairnd at '%s': %s", path, strerror(errno));
    if (control_write_line(fd, timeout_ms, text, err) < 0 || control_read_line(fd, timeout_ms, CONTROL_REPLY_MAX, &line, err) < 0
        || json_parse(line.text, line.len, &reply, err) < 0)
        return -1;
    if (!json_bool(reply, "ok", 0))
        return cairn_fail(err, CAIRN_INVALID, "%s", json_str(reply, "error") != NULL ? json_str(reply, "error") : "cairnd did not say why it refused");
    *ret = steal(&reply);
    return 0;
}
