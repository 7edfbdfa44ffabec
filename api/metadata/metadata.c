/* metadata.c: the metadata service: one thread accepts in all networks, libmicrohttpd answers. */
#include "config.h"
#define LOG_MODULE "metadata"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ids.h"
#include "base/log.h"
#include "base/str.h"
#include "base/thread.h"
#include "flow/server.h"
#include "metadata/metadata.h"
#include "plugin/network.h"

#define CONNECTIONS_MAX 512u
#define PER_ADDRESS_MAX 16u

struct listener {
    struct listener *next;
    int fd;
    char network_id[ID_UUID];
};

/* Which network a connection came by; kept from accept to close. */
struct origin {
    struct origin *next;
    int fd;
    char network_id[ID_UUID];
};

struct metadata_server {
    struct catalog *catalog;
    struct MHD_Daemon *daemon;
    pthread_t thread;
    int epoll_fd, stop_fd;
    struct mutex lock;
    struct listener *listeners GUARDED_BY(lock);
    struct origin *origins GUARDED_BY(lock);
};

/* Says which network the connection came by; "" if unknown. */
static void
origin_of(struct metadata_server *m, int fd, char network_id[ID_UUID])
{
    network_id[0] = '\0';
    mutex_lock(&m->lock);
    for (struct origin *o = m->origins; o != NULL; o = o->next)
        if (o->fd == fd)
            memcpy(network_id, o->network_id, ID_UUID);
    mutex_unlock(&m->lock);
}

static void
origin_add(struct metadata_server *m, int fd, const char *network_id)
{
    struct origin *o = xcalloc(1, sizeof *o);

    o->fd = fd;
    snprintf(o->network_id, sizeof o->network_id, "%s", network_id);
    mutex_lock(&m->lock);
    o->next = m->origins;
    m->origins = o;
    mutex_unlock(&m->lock);
}

static void
origin_remove(struct metadata_server *m, int fd)
{
    mutex_lock(&m->lock);
    for (struct origin **p = &m->origins; *p != NULL; p = &(*p)->next)
        if ((*p)->fd == fd) {
            struct origin *o = *p;

            *p = o->next;
            free(o);
            break;
        }
    mutex_unlock(&m->lock);
}

static void
on_connection(void *arg, struct MHD_Connection *c, void **socket_context, enum MHD_ConnectionNotificationCode code)
{
    (void)socket_context;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED)
        origin_remove(arg, MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
}

static int
address_of(struct MHD_Connection *c, char *buf, socklen_t size)
{
    const struct sockaddr *sa = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;

    if (sa->sa_family == AF_INET)
        return inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, buf, size) != NULL ? 0 : -1;
    if (sa->sa_family == AF_INET6)
        return inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, buf, size) != NULL ? 0 : -1;
    return -1;
}

static int
look_up(struct metadata_server *m, struct MHD_Connection *c, const char *path, char **ret_text, size_t *ret_len, const char **ret_type,
        struct cairn_error *err)
{
    char network_id[ID_UUID], server_id[ID_UUID], address[INET6_ADDRSTRLEN];
    CLEANUP_TX struct tx *tx = NULL;

    origin_of(m, MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd, network_id);
    if (network_id[0] == '\0' || address_of(c, address, sizeof address) < 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "unknown source");
    if (tx_begin(m->catalog, TX_READ, &tx, err) < 0 || metadata_whose(tx, network_id, address, server_id, err) < 0)
        return -1;
    return metadata_document(tx, server_id, path, ret_text, ret_len, ret_type, err);
}

/* What a guest posts, as far as a password goes; the rest is counted and thrown away. */
struct posted { size_t len; char text[METADATA_PASSWORD_MAX + 1]; };

static int
post(struct metadata_server *m, struct MHD_Connection *c, const char *path, const struct posted *body, struct cairn_error *err)
{
    char network_id[ID_UUID], server_id[ID_UUID], address[INET6_ADDRSTRLEN];
    CLEANUP_TX struct tx *tx = NULL;

    origin_of(m, MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd, network_id);
    if (network_id[0] == '\0' || address_of(c, address, sizeof address) < 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "unknown source");
    if (tx_begin(m->catalog, TX_WRITE, &tx, err) < 0 || metadata_whose(tx, network_id, address, server_id, err) < 0 ||
        metadata_set_password(tx, server_id, path, body->text, body->len, err) < 0)
        return -1;
    return tx_commit(steal(&tx), err);
}

static unsigned
status_of(const struct cairn_error *err)
{
    switch (err->code) {
    case CAIRN_NOT_FOUND:   return MHD_HTTP_NOT_FOUND;
    case CAIRN_UNSUPPORTED: return MHD_HTTP_METHOD_NOT_ALLOWED;
    case CAIRN_CONFLICT:    return MHD_HTTP_CONFLICT;
    case CAIRN_INVALID:     return MHD_HTTP_BAD_REQUEST;
    default:                return MHD_HTTP_INTERNAL_SERVER_ERROR;
    }
}

static void
on_completed(void *arg, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode code)
{
    (void)arg, (void)c, (void)code;
    free(*state);
    *state = NULL;
}

static enum MHD_Result
answer(void *arg, struct MHD_Connection *c, const char *url, const char *method, const char *version, const char *upload, size_t *upload_size,
       void **state)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct MHD_Response *response;
    const char *type = "text/plain";
    char *text = NULL;
    size_t len = 0;
    unsigned status = MHD_HTTP_OK;
    enum MHD_Result rc;
    struct posted *body;

    (void)version;
    if (*state == NULL) {               /* the head */
        *state = xcalloc(1, sizeof *body);
        return MHD_YES;
    }
    body = *state;
    if (*upload_size > 0) {
        if (body->len + *upload_size <= METADATA_PASSWORD_MAX)
            memcpy(body->text + body->len, upload, *upload_size);
        body->len = body->len + *upload_size > METADATA_PASSWORD_MAX ? METADATA_PASSWORD_MAX + 1 : body->len + *upload_size;
        *upload_size = 0;
        return MHD_YES;
    }
    if (strcmp(method, "POST") == 0) {
        if (post(arg, c, url, body, &err) < 0)
            status = status_of(&err);
    } else if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        status = MHD_HTTP_METHOD_NOT_ALLOWED;
    else if (look_up(arg, c, url, &text, &len, &type, &err) < 0)
        status = status_of(&err);
    if (status == MHD_HTTP_INTERNAL_SERVER_ERROR)
        log_error("metadata: %s", err.message);
    if (status != MHD_HTTP_OK) {
        free(text);
        text = xasprintf("%u %s\n", status, MHD_get_reason_phrase_for(status));
        len = strlen(text);
        type = "text/plain";
    }
    if (text == NULL)
        text = xstrdup("");
    response = MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(text);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    rc = MHD_queue_response(c, status, response);
    MHD_destroy_response(response);
    return rc;
}

static void
take_connection(struct metadata_server *m, struct listener *l)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof sa;
    int fd = accept4(l->fd, (struct sockaddr *)&sa, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
    origin_add(m, fd, l->network_id);
    if (MHD_add_connection(m->daemon, fd, (struct sockaddr *)&sa, len) != MHD_YES)
        origin_remove(m, fd);           /* MHD has closed it */
}

/* Accepts for all networks.  Listeners are only freed under the lock and after they left the epoll set, so an event may name one that is gone:
 * it is looked for by its descriptor. */
static void *
accept_loop(void *arg)
{
    struct metadata_server *m = arg;
    struct epoll_event events[32];

    for (;;) {
        int n = epoll_wait(m->epoll_fd, events, (int)ARRAY_LEN(events), -1);

        for (int i = 0; i < n; i++) {
            struct listener copy = { .fd = -1 };

            if (events[i].data.fd == m->stop_fd)
                return NULL;
            mutex_lock(&m->lock);
            for (struct listener *l = m->listeners; l != NULL; l = l->next)
                if (l->fd == events[i].data.fd)
                    copy = *l;
            mutex_unlock(&m->lock);
            if (copy.fd >= 0)
                take_connection(m, &copy);
        }
    }
}

void
metadata_network_up(void *server, struct driver *net, const char *network_id)
{
    struct metadata_server *m = server;
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct epoll_event event = { .events = EPOLLIN };
    struct listener *l;
    int32_t fd = -1;
    int have = 0;

    mutex_lock(&m->lock);
    for (l = m->listeners; l != NULL; l = l->next)
        have |= strcmp(l->network_id, network_id) == 0;
    mutex_unlock(&m->lock);
    if (have)
        return;
    if (network_metadata_listen(net, network_id, &fd, &err) < 0) {
        if (err.code != CAIRN_UNSUPPORTED && err.code != CAIRN_NOT_FOUND)
            log_warn("network %s: no metadata service: %s", network_id, err.message);
        return;
    }
    l = xcalloc(1, sizeof *l);
    l->fd = fd;
    snprintf(l->network_id, sizeof l->network_id, "%s", network_id);
    event.data.fd = fd;
    mutex_lock(&m->lock);
    l->next = m->listeners;
    m->listeners = l;
    mutex_unlock(&m->lock);
    if (epoll_ctl(m->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        log_error("network %s: cannot watch the metadata socket: %s", network_id, strerror(errno));
}

void
metadata_network_down(void *server, const char *network_id)
{
    struct metadata_server *m = server;

    mutex_lock(&m->lock);
    for (struct listener **p = &m->listeners; *p != NULL;) {
        struct listener *l = *p;

        if (strcmp(l->network_id, network_id) != 0) {
            p = &l->next;
            continue;
        }
        *p = l->next;
        close(l->fd);                   /* leaves the epoll set by that */
        free(l);
    }
    mutex_unlock(&m->lock);
}

unsigned
metadata_networks(struct metadata_server *m)
{
    unsigned n = 0;

    mutex_lock(&m->lock);
    for (struct listener *l = m->listeners; l != NULL; l = l->next)
        n++;
    mutex_unlock(&m->lock);
    return n;
}

int
metadata_start(struct catalog *catalog, struct metadata_server **ret, struct cairn_error *err)
{
    struct metadata_server *m = xcalloc(1, sizeof *m);
    struct epoll_event event = { .events = EPOLLIN };

    m->catalog = catalog;
    mutex_init(&m->lock);
    m->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    m->stop_fd = eventfd(0, EFD_CLOEXEC);
    event.data.fd = m->stop_fd;
    m->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC, 0, NULL, NULL, answer, m,
                                 MHD_OPTION_NOTIFY_CONNECTION, on_connection, m, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
                                 MHD_OPTION_PER_IP_CONNECTION_LIMIT, PER_ADDRESS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, 15u,
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16384, MHD_OPTION_END);
    if (m->daemon == NULL || m->epoll_fd < 0 || m->stop_fd < 0 || epoll_ctl(m->epoll_fd, EPOLL_CTL_ADD, m->stop_fd, &event) < 0 ||
        pthread_create(&m->thread, NULL, accept_loop, m) != 0) {
        cairn_fail_errno(err, errno, "cannot start the metadata service");
        if (m->daemon != NULL)
            MHD_stop_daemon(m->daemon);
        free(m);
        return -1;
    }
    *ret = m;
    return 0;
}

void
metadata_stop(struct metadata_server *m)
{
    uint64_t one = 1;

    if (m == NULL)
        return;
    if (write(m->stop_fd, &one, sizeof one) < 0)
        log_error("metadata: %s", strerror(errno));
    pthread_join(m->thread, NULL);
    MHD_stop_daemon(m->daemon);
    while (m->listeners != NULL) {
        struct listener *l = m->listeners;

        m->listeners = l->next;
        close(l->fd);
        free(l);
    }
    while (m->origins != NULL) {
        struct origin *o = m->origins;

        m->origins = o->next;
        free(o);
    }
    close(m->epoll_fd);
    close(m->stop_fd);
    mutex_destroy(&m->lock);
    free(m);
}
