/* secret.c: see secret.h. */
#include "config.h"
#include "cairn/secret.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/ids.h"
#include "base/str.h"

#define SECRET_MAX 512

void
secret_free(char **secret)
{
    if (*secret != NULL)
        explicit_bzero(*secret, strlen(*secret));
    free(*secret);
    *secret = NULL;
}

static int
read_line(FILE *f, const char *from, char **ret, struct cairn_error *err)
{
    char line[SECRET_MAX + 2];
    size_t len;

    if (fgets(line, sizeof line, f) == NULL)
        line[0] = '\0';
    len = strcspn(line, "\r\n");
    if (len == sizeof line - 1)
        return cairn_fail(err, CAIRN_INVALID, "the password %s is longer than %d bytes", from, SECRET_MAX);
    line[len] = '\0';
    if (len == 0)
        return cairn_fail(err, CAIRN_INVALID, "there is no password %s", from);
    *ret = xstrdup(line);
    explicit_bzero(line, sizeof line);
    return 0;
}

int
secret_from_file(const char *path, char **ret, struct cairn_error *err)
{
    CLEANUP_FREE char *from = xasprintf("in '%s'", path);
    CLEANUP_FILE FILE *f = fopen(path, "re");

    if (f == NULL)
        return cairn_fail_errno(err, errno, "cannot open the password file '%s'", path);
    return read_line(f, from, ret, err);
}

static int
ask_once(const char *prompt, char **ret, struct cairn_error *err)
{
    struct termios shown, hidden;
    int rc;

    if (tcgetattr(STDIN_FILENO, &shown) < 0)
        return cairn_fail_errno(err, errno, "cannot ask on this terminal");
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    fputs(prompt, stderr);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    rc = read_line(stdin, "on the terminal", ret, err);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    fputc('\n', stderr);
    return rc;
}

int
secret_ask(const char *prompt, char **ret, struct cairn_error *err)
{
    CLEANUP_SECRET char *first = NULL;
    CLEANUP_SECRET char *second = NULL;

    if (!isatty(STDIN_FILENO))
        return read_line(stdin, "on standard input", ret, err);
    if (ask_once(prompt, &first, err) < 0 || ask_once("Once more: ", &second, err) < 0)
        return -1;
    if (strcmp(first, second) != 0)
        return cairn_fail(err, CAIRN_INVALID, "these are two different passwords");
    *ret = steal(&first);
    return 0;
}

char *
secret_random(void)
{
    static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";     /* none that look alike */
    char text[25];
    uint8_t byte;

    for (size_t i = 0; i < sizeof text - 1;) {
        id_random(&byte, 1);
        if (byte < 256 / (sizeof letters - 1) * (sizeof letters - 1))   /* each letter as likely as the next */
            text[i++] = letters[byte % (sizeof letters - 1)];
    }
    text[sizeof text - 1] = '\0';
    return xstrdup(text);
}

int
secret_write(const char *path, const char *text, int replace, struct cairn_error *err)
{
    CLEANUP_FREE char *temp = xasprintf("%s.new", path);
    size_t len = strlen(text);
    int done;
    CLEANUP_FD int fd = -1;

    if (unlink(temp) < 0 && errno != ENOENT)
        return cairn_fail_errno(err, errno, "cannot replace '%s'", temp);
    fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || write(fd, text, len) != (ssize_t)len || fsync(fd) < 0)
        return cairn_fail_errno(err, errno, "cannot write '%s'", temp);
    done = replace ? rename(temp, path) : link(temp, path);
    if (done < 0) {
        cairn_fail_errno(err, errno, "cannot make '%s'", path);
        unlink(temp);
        return -1;
    }
    if (!replace)
        unlink(temp);
    return 0;
}
