/* answer.c: what drivers answer is material to judge: handles, connections, descriptors, elements of lists. */
#include <config.h>
#include "plugin/internal.h"

#include <fcntl.h>
#include <string.h>

enum { LIST_MAX = 1000000 };

int
text_ok(const char *text, size_t size, int empty)
{
    size_t len = strnlen(text, size);

    if (len == size || (len == 0 && !empty))
        return 0;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return 0;
    return 1;
}

/* Printable ASCII without blank or '/'. */
static int
handle_ok(const char *handle, size_t size)
{
    size_t len = strnlen(handle, size);

    if (len == 0 || len == size)
        return 0;
    for (size_t i = 0; i < len; i++)
        if (handle[i] <= ' ' || handle[i] > '~' || handle[i] == '/')
            return 0;
    return 1;
}

void
check_handle(struct call *c, int *rc, const char handle[256])
{
    if (*rc == 0 && !handle_ok(handle, 256))
        call_rubbish(c, rc, "a handle that is empty, too long or not printable");
}

static const char *
connection_fault(const struct cairn_connection *conn)
{
    if (!text_ok(conn->path, sizeof conn->path, 1) || !text_ok(conn->host, sizeof conn->host, 1) ||
        !text_ok(conn->export_name, sizeof conn->export_name, 1) || !text_ok(conn->pool, sizeof conn->pool, 1) ||
        !text_ok(conn->image, sizeof conn->image, 1) || !text_ok(conn->user, sizeof conn->user, 1) ||
        !text_ok(conn->secret, sizeof conn->secret, 1))
        return "a connection whose text is not printable or does not end";
    if (conn->format != CAIRN_FORMAT_RAW && conn->format != CAIRN_FORMAT_QCOW2)
        return "a connection that does not say its format";
    switch (conn->kind) {
    case CAIRN_CONN_FILE:
    case CAIRN_CONN_BLOCK:
        return conn->path[0] == '/' ? NULL : "a connection without an absolute path";
    case CAIRN_CONN_RBD:
        return conn->pool[0] != '\0' && conn->image[0] != '\0' ? NULL : "a connection without pool or image";
    case CAIRN_CONN_NBD:
        if (conn->path[0] != '\0')
            return conn->path[0] == '/' ? NULL : "a connection whose socket has no absolute path";
        return conn->host[0] != '\0' && conn->port > 0 && conn->port < 65536 ? NULL : "a connection without host and port or a socket";
    default:
        return "a connection of an unknown kind";
    }
}

void
check_connection(struct call *c, int *rc, struct cairn_connection *conn)
{
    const char *fault = *rc == 0 ? connection_fault(conn) : NULL;

    if (fault != NULL)
        call_rubbish(c, rc, fault);
    conn->size = sizeof *conn;
}

void
check_fd(struct call *c, int *rc, int32_t fd)
{
    int flags = *rc == 0 ? fcntl(fd, F_GETFD) : -1;

    if (*rc != 0)
        return;
    if (flags < 0)
        call_rubbish(c, rc, "a descriptor that is not open");
    else if ((flags & FD_CLOEXEC) == 0)
        fcntl(fd, F_SETFD, flags | FD_CLOEXEC);     /* no child of ours shall inherit it */
}

/* Everything that a list can hold. */
union item {
    uint32_t size;
    struct cairn_server_state server_state;
    struct cairn_server_stats server_stats;
    struct cairn_volume_info volume;
    struct cairn_blob_info blob;
    struct cairn_extent extent;
    struct cairn_net_item net;
    struct cairn_auth_user user;
    struct cairn_auth_group group;
};

/* The driver's element may be of another build: completed with zeros, or cut, to what it is here. */
static int
list_item(void *arg, const void *item)
{
    struct list *l = arg;
    union item own;
    uint32_t size;

    memcpy(&size, item, sizeof size);
    l->seen++;
    memset(&own, 0, sizeof own);
    if (size < sizeof size || size > 65536 || l->seen > LIST_MAX) {
        l->bad++;
        return l->seen > LIST_MAX;
    }
    memcpy(&own, item, size < l->size ? size : l->size);
    own.size = (uint32_t)l->size;
    if (!l->ok(&own)) {
        l->bad++;
        return 0;
    }
    return l->to->fn(l->to->arg, &own);
}

void
list_begin(struct list *l, struct cairn_sink *to, size_t size, int (*ok)(const void *item))
{
    *l = (struct list){ .sink = { list_item, NULL }, .to = to, .size = size, .ok = ok };
    l->sink.arg = l;
}

/* A list that is wrong in one place is not believed in any: who acts on it would remove what is merely missing in it. */
void
list_end(struct list *l, struct call *c, int *rc)
{
    char what[80];

    if (l->bad == 0)
        return;
    snprintf(what, sizeof what, "%u unusable elements among %u", l->bad, l->seen);
    call_rubbish(c, rc, what);
}
