/* image_fetch.c: what the web has, by way of cairn-fetch: a child without privileges that alone talks to strangers. */
#include "config.h"
#include "flow/image.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/spawn.h"

#define PIECE (1u << 20)
#define URI_MAX 2048

/* Beside the daemon in a build tree, else where it was installed. */
char *
image_fetch_program(void)
{
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);

    if (n > 0) {
        CLEANUP_FREE char *beside = NULL;

        exe[n] = '\0';
        *strrchr(exe, '/') = '\0';
        beside = xasprintf("%s/cairn-fetch", exe);
        if (access(beside, X_OK) == 0)
            return steal(&beside);
    }
    return xstrdup(CAIRN_LIBEXECDIR "/cairn-fetch");
}

static int
in_list(const char *list, const char *word, size_t len)
{
    for (const char *at = list; *at != '\0'; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == len && strncasecmp(at, word, len) == 0)
            return 1;
    return 0;
}

/* cairn-fetch judges it again, and what it redirects to; this is so that the client hears of it at once. */
int
image_uri_check(const struct config *config, const char *uri, struct cairn_error *err)
{
    const char *colon = uri != NULL ? strstr(uri, "://") : NULL, *host, *port;
    size_t authority, host_len;

    if (!config_int(config, "image", "web_download"))
        return cairn_fail(err, CAIRN_INVALID, "Import method web-download is not offered by this cloud.");
    if (colon == NULL || strlen(uri) > URI_MAX)
        return cairn_fail(err, CAIRN_INVALID, "URI for web-download does not pass filtering: it is 'http://host/path' of at most %d characters.", URI_MAX);
    if (!in_list(config_string(config, "image", "web_schemes"), uri, (size_t)(colon - uri)))
        return cairn_fail(err, CAIRN_INVALID, "URI for web-download does not pass filtering: its scheme is not allowed.");
    host = colon + 3;
    authority = strcspn(host, "/?#");
    if (memchr(host, '@', authority) != NULL || authority == 0)
        return cairn_fail(err, CAIRN_INVALID, "URI for web-download does not pass filtering: it has no host, or a user's name.");
    host_len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
    if (host_len > authority)
        return cairn_fail(err, CAIRN_INVALID, "URI for web-download does not pass filtering: its host is not one.");
    port = host[host_len] == ':' ? host + host_len + 1 : str_starts(uri, "https") ? "443" : "80";
    if (!in_list(config_string(config, "image", "web_ports"), port, strcspn(port, "/?#")))
        return cairn_fail(err, CAIRN_INVALID, "URI for web-download does not pass filtering: its port is not allowed.");
    if ((config_string(config, "image", "web_hosts")[0] != '\0' && !in_list(config_string(config, "image", "web_hosts"), host, host_len)) ||
        in_list(config_string(config, "image", "web_hosts_refused"), host, host_len))
        return cairn_fail(err, CAIRN_INVALID, "URI for web-download does not pass filtering: its host is not allowed.");
    return 0;
}

/* Both ends of the pipe until the child closes its output.  'ret_said': the first of what it wrote to stderr. */
static int
pump(struct spawned *child, char *said, size_t said_size, int (*write_fn)(void *arg, const void *bytes, size_t len, struct cairn_error *err),
     int (*cancelled)(void *arg), void *arg, struct cairn_error *err)
{
    CLEANUP_FREE char *buf = xmalloc(PIECE);
    size_t said_len = 0;
    struct pollfd fds[2] = { { child->out_fd, POLLIN, 0 }, { child->err_fd, POLLIN, 0 } };

    while (fds[0].fd >= 0) {
        if (cancelled(arg))
            return cairn_fail(err, CAIRN_CANCELLED, "the import was called off");
        if (poll(fds, 2, 500) < 0 && errno != EINTR)
            return cairn_fail_errno(err, errno, "cannot wait for cairn-fetch");
        if (fds[0].revents != 0) {
            ssize_t n = read(child->out_fd, buf, PIECE);

            if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
                fds[0].fd = -1;
            if (n > 0 && write_fn(arg, buf, (size_t)n, err) < 0)
                return -1;
        }
        if (fds[1].fd >= 0 && fds[1].revents != 0) {
            char line[256];
            ssize_t n = read(child->err_fd, line, sizeof line);

            if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
                fds[1].fd = -1;
            for (ssize_t i = 0; i < n && said_len + 1 < said_size && line[i] != '\n'; i++)
                said[said_len++] = line[i];
        }
    }
    for (ssize_t n; fds[1].fd >= 0 && said_len + 1 < said_size && (n = read(child->err_fd, said + said_len, said_size - 1 - said_len)) > 0; )
        said_len += (size_t)n;
    said[said_len] = '\0';
    said[strcspn(said, "\n")] = '\0';
    return 0;
}

int
image_fetch(const struct config *config, const char *uri, int (*write_fn)(void *arg, const void *bytes, size_t len, struct cairn_error *err),
            int (*cancelled)(void *arg), void *arg, struct cairn_error *err)
{
    CLEANUP_FREE char *program = image_fetch_program();
    char max[32], timeout[32], said[300] = "";
    const char *const argv[] = { program, "--schemes", config_string(config, "image", "web_schemes"), "--ports", config_string(config, "image", "web_ports"),
                                 "--hosts", config_string(config, "image", "web_hosts"), "--hosts-refused", config_string(config, "image", "web_hosts_refused"),
                                 "--networks", config_string(config, "image", "web_networks"), "--max", max, "--timeout", timeout, "--", uri, NULL };
    const struct cairn_child child = { .size = sizeof child, .argv = argv };
    struct spawned s;
    int rc, status = 0;

    if (image_uri_check(config, uri, err) < 0)
        return -1;
    snprintf(max, sizeof max, "%lld", (long long)config_int(config, "image", "size_max"));
    snprintf(timeout, sizeof timeout, "%lld", (long long)(config_int(config, "image", "web_timeout") / 1000));
    if (spawn_child(&child, &s, err) < 0)
        return -1;
    rc = pump(&s, said, sizeof said, write_fn, cancelled, arg, err);
    if (rc < 0)
        kill(-s.pid, SIGKILL);
    while (waitpid(s.pid, &status, 0) < 0 && errno == EINTR)
        ;
    close(s.pid_fd);
    close(s.out_fd);
    close(s.err_fd);
    if (rc == 0 && status != 0)
        return cairn_fail(err, CAIRN_INVALID, "'%.200s' cannot be fetched: %s", uri, said[0] != '\0' ? said : "cairn-fetch ended badly");
    return rc;
}
