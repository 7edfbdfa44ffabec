/* qemu_source.c: see qemu_source.h. */
#include "qemu_source.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int
qemu_option(char options[QEMU_OPTIONS], const char *name, const char *value)
{
    size_t n = strlen(options);
    int len = snprintf(options + n, QEMU_OPTIONS - n, "%s%s=", n > 0 ? "," : "", name);

    if (len < 0 || (size_t)len >= QEMU_OPTIONS - n)
        return 0;
    n += (size_t)len;
    for (; *value != '\0' && n < QEMU_OPTIONS - 2; value++) {
        options[n++] = *value;
        if (*value == ',')
            options[n++] = ',';
    }
    options[n] = '\0';
    return *value == '\0';
}

int
qemu_option_pool(char options[QEMU_OPTIONS], const char *pool)
{
    const char *slash = strchr(pool, '/');
    char name[160];

    snprintf(name, sizeof name, "%.*s", slash != NULL ? (int)(slash - pool) : (int)strlen(pool), pool);
    return qemu_option(options, "file.pool", name) && (slash == NULL || qemu_option(options, "file.namespace", slash + 1));
}

/* "a:6789,[::1]:6789" as server.0.host, server.0.port ... */
static int
option_servers(char options[QEMU_OPTIONS], const char *hosts)
{
    char list[256], name[64], *save = NULL;
    int ok = 1, i = 0;

    snprintf(list, sizeof list, "%s", hosts);
    for (char *host = strtok_r(list, ", ", &save); ok && host != NULL; host = strtok_r(NULL, ", ", &save), i++) {
        char *end = *host == '[' ? strchr(host, ']') : NULL, *port = strchr(end != NULL ? end : host, ':');

        if (port != NULL)
            *port++ = '\0';
        if (end != NULL) {
            *end = '\0';
            host++;
        }
        snprintf(name, sizeof name, "file.server.%d.host", i);
        ok = qemu_option(options, name, host);
        snprintf(name, sizeof name, "file.server.%d.port", i);
        ok = ok && qemu_option(options, name, port != NULL ? port : "6789");
    }
    return ok;
}

static int
write_key(const struct cairn_connection *conn, const char *dir, struct qemu_source *source, struct cairn_error *err)
{
    size_t len = strlen(conn->secret);
    int fd;

    snprintf(source->key_path, sizeof source->key_path, "%.900s/key-XXXXXX", dir);
    fd = mkostemp(source->key_path, O_CLOEXEC);
    if (fd < 0) {
        source->key_path[0] = '\0';
        return cairn_fail_errno(err, errno, "cannot make a file in '%s'", dir);
    }
    if (write(fd, conn->secret, len) != (ssize_t)len) {
        close(fd);
        return cairn_fail_errno(err, errno, "cannot write '%s'", source->key_path);
    }
    close(fd);
    /* a comma would end the path's option; a run directory has none, and if it had, QEMU would say so */
    snprintf(source->secret, sizeof source->secret, "secret,id=key,format=base64,file=%s", source->key_path);
    return 0;
}

static int
source_rbd(const struct cairn_connection *conn, const char *dir, struct qemu_source *source, struct cairn_error *err)
{
    if (!qemu_option(source->options, "file.driver", "rbd") || !qemu_option_pool(source->options, conn->pool) ||
        !qemu_option(source->options, "file.image", conn->image) || !option_servers(source->options, conn->host))
        return cairn_fail(err, CAIRN_INVALID, "the address of '%s' is too long", conn->image);
    if (conn->user[0] != '\0' && !qemu_option(source->options, "file.user", conn->user))
        return cairn_fail(err, CAIRN_INVALID, "the address of '%s' is too long", conn->image);
    if (conn->secret[0] == '\0')
        return 0;
    if (write_key(conn, dir, source, err) < 0)
        return -1;
    return qemu_option(source->options, "file.key-secret", "key") ? 0 : cairn_fail(err, CAIRN_INVALID, "the address of '%s' is too long", conn->image);
}

int
qemu_source_begin(const struct cairn_connection *conn, uint32_t format, const char *dir, struct qemu_source *ret, struct cairn_error *err)
{
    *ret = (struct qemu_source){ .options = "" };
    qemu_option(ret->options, "driver", format == CAIRN_FORMAT_QCOW2 ? "qcow2" : "raw");
    switch ((enum cairn_connection_kind)conn->kind) {
    case CAIRN_CONN_RBD:
        return source_rbd(conn, dir, ret, err);
    case CAIRN_CONN_FILE:
    case CAIRN_CONN_BLOCK:
        if (conn->path[0] != '/')
            return cairn_fail(err, CAIRN_INVALID, "the source's path is not absolute");
        qemu_option(ret->options, "file.driver", conn->kind == CAIRN_CONN_FILE ? "file" : "host_device");
        return qemu_option(ret->options, "file.filename", conn->path) ? 0 : cairn_fail(err, CAIRN_INVALID, "the source's path is too long");
    case CAIRN_CONN_NBD:
        break;
    }
    return cairn_fail(err, CAIRN_UNSUPPORTED, "this driver does not copy from a connection of kind %u", conn->kind);
}

void
qemu_source_end(struct qemu_source *source)
{
    if (source->key_path[0] != '\0')
        unlink(source->key_path);
}
