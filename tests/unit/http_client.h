/* http_client.h: the smallest client that the tests of the wire need: raw bytes out, one parsed reply in. */
#ifndef TESTS_HTTP_CLIENT_H
#define TESTS_HTTP_CLIENT_H
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include "base/str.h"

struct answer { int status; char head[8192]; struct str body; };

static inline int
client_connect(uint16_t port)
{
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
    struct timeval patience = { .tv_sec = 20 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    return fd;
}

static inline void
client_send(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

        if (n <= 0)
            return;                     /* the server closed: the reply tells */
        bytes += n;
        len -= (size_t)n;
    }
}

static inline int
client_byte(int fd, char *c)
{
    return recv(fd, c, 1, 0) == 1;
}

static inline const char *
answer_header(struct answer *a, const char *name)
{
    static char value[1024];
    size_t len = strlen(name);

    for (const char *line = strstr(a->head, "\r\n"); line != NULL && line[2] != '\0'; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, len) == 0 && line[2 + len] == ':') {
            const char *v = line + 3 + len;

            v += strspn(v, " ");
            snprintf(value, sizeof value, "%.*s", (int)strcspn(v, "\r"), v);
            return value;
        }
    }
    return NULL;
}

static inline size_t
client_more(int fd, struct str *to, uint64_t len)
{
    char buf[65536];
    uint64_t got = 0;

    while (got < len) {
        ssize_t n = recv(fd, buf, len - got < sizeof buf ? (size_t)(len - got) : sizeof buf, 0);

        if (n <= 0)
            break;
        if (to != NULL)
            str_add_n(to, buf, (size_t)n);
        got += (uint64_t)n;
    }
    return (size_t)got;
}

/* Status and headers; 0: the connection ended before. */
static inline int
client_head(int fd, struct answer *a)
{
    size_t len = 0;

    memset(a, 0, sizeof *a);
    while (len < sizeof a->head - 1 && client_byte(fd, &a->head[len])) {
        len++;
        if (len >= 4 && memcmp(a->head + len - 4, "\r\n\r\n", 4) == 0) {
            a->head[len - 2] = '\0';
            a->status = atoi(a->head + 9);
            return a->status;
        }
    }
    return 0;
}

/* Chunked bodies are put together; 'to' NULL: counted only.  Answers the length. */
static inline uint64_t
client_body(int fd, struct answer *a, struct str *to, int is_head)
{
    const char *length = answer_header(a, "Content-Length"), *coding = answer_header(a, "Transfer-Encoding");
    uint64_t total = 0;

    if (is_head || a->status == 204 || a->status == 304)
        return 0;
    if (coding == NULL) {
        length = answer_header(a, "Content-Length");
        return client_more(fd, to, length != NULL ? strtoull(length, NULL, 10) : UINT64_MAX);
    }
    for (;;) {
        char line[32];
        size_t n = 0;
        uint64_t size;

        while (n < sizeof line - 1 && client_byte(fd, &line[n]) && line[n++] != '\n')
            ;
        line[n] = '\0';
        if (n == 0)
            return total;
        size = strtoull(line, NULL, 16);
        if (size == 0) {
            client_more(fd, NULL, 2);
            return total;
        }
        if (client_more(fd, to, size) != size)
            return total;
        client_more(fd, NULL, 2);
        total += size;
    }
}

/* One exchange on an open connection. */
static inline struct answer
client_exchange(int fd, const char *request)
{
    struct answer a;

    client_send(fd, request, strlen(request));
    if (client_head(fd, &a) != 0)
        client_body(fd, &a, &a.body, strncmp(request, "HEAD", 4) == 0);
    return a;
}

/* One exchange on a connection of its own. */
static inline struct answer
client_once(uint16_t port, const char *request)
{
    int fd = client_connect(port);
    struct answer a = client_exchange(fd, request);

    close(fd);
    return a;
}

static inline struct answer
client_get(uint16_t port, const char *path)
{
    char *text = xasprintf("GET %s HTTP/1.1\r\nHost: cloud.test:8774\r\n\r\n", path);
    struct answer a = client_once(port, text);

    free(text);
    return a;
}
#endif
