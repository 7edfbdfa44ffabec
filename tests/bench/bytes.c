/* bytes.c: objects on their way: the client that the benchmark of the object store puts before Cairn and before nginx, and the peer on the bare disk.
 *
 *     bytes put PORT PATH TOKEN SIZE COUNT THREADS    PUTs PATH0, PATH1, ...: connections are kept, one a thread
 *     bytes get PORT PATH TOKEN SIZE COUNT THREADS    GETs PATH again and again
 *     bytes write DIR SIZE COUNT THREADS              the same bytes into files of DIR: MD5, write, fsync, close
 *     bytes read DIR SIZE COUNT THREADS               reads one of them again and again, with MD5
 *     bytes page CATALOG CONTAINER MARKER ROUNDS      the rows of a page of 10,000 objects to text, by hand
 *
 * Prints the seconds that all of it took; 'page' the milliseconds of one round. */
#include <config.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BLOCK (256u << 10)

static struct { const char *what, *path, *token; int port; long long size; int count, threads; } job;
static atomic_int next_one;
static char *block;                     /* BLOCK bytes that no compression would shorten */

static void
die(const char *what)
{
    perror(what);
    exit(1);
}

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- the disk */

static void
disk_one(int i, char *buf)
{
    int writes = strcmp(job.what, "write") == 0, fd;
    EVP_MD_CTX *md5 = EVP_MD_CTX_new();
    unsigned char digest[EVP_MAX_MD_SIZE];
    char path[4096];

    snprintf(path, sizeof path, "%s/%d", job.path, writes ? i : 0);
    fd = open(path, writes ? O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC : O_RDONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        die(path);
    EVP_DigestInit_ex(md5, EVP_md5(), NULL);
    for (long long left = job.size; left > 0;) {
        size_t n = left < (long long)BLOCK ? (size_t)left : BLOCK;

        if ((writes ? write(fd, block, n) : read(fd, buf, n)) != (ssize_t)n)
            die(path);
        EVP_DigestUpdate(md5, writes ? block : buf, n);
        left -= (long long)n;
    }
    EVP_DigestFinal_ex(md5, digest, NULL);
    EVP_MD_CTX_free(md5);
    if (writes && fsync(fd) < 0)
        die("fsync");
    close(fd);
}

/* --- HTTP */

static int
dial(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)job.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static void
send_all(int fd, const char *bytes, size_t len, int flags)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL | flags);

        if (n < 0)
            die("send");
        bytes += n;
        len -= (size_t)n;
    }
}

/* Reads the reply's head, and drops its body: 'expected' bytes. */
static void
receive(int fd, char *buf, int status, long long expected)
{
    size_t have = 0;
    char *end = NULL;
    long long left;
    int got = 0;

    while (end == NULL) {
        ssize_t n = recv(fd, buf + have, 65535 - have, 0);

        if (n <= 0)                     /* or the head is too long */
            die("the head of a reply");
        have += (size_t)n;
        buf[have] = '\0';
        end = strstr(buf, "\r\n\r\n");
    }
    if (sscanf(buf, "HTTP/1.1 %d", &got) != 1 || got != status) {
        fprintf(stderr, "bytes: %.200s\n", buf);
        exit(1);
    }
    if (expected < 0) {                 /* what it says itself */
        const char *length = strcasestr(buf, "\r\nContent-Length:");

        expected = length != NULL && length < end ? atoll(length + 17) : 0;
    }
    for (left = expected - (long long)(have - (size_t)(end + 4 - buf)); left > 0;) {
        ssize_t n = recv(fd, buf, left < (long long)BLOCK ? (size_t)left : BLOCK, 0);

        if (n <= 0)
            die("the body of a reply");
        left -= n;
    }
}

static void
http_one(int fd, int i, char *buf)
{
    int puts_it = strcmp(job.what, "put") == 0;
    char head[4096];
    int len;

    if (puts_it)
        len = snprintf(head, sizeof head, "PUT %s%d HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: %s\r\nContent-Type: application/octet-stream\r\nContent-Length: %lld\r\n\r\n",
                       job.path, i, job.token, job.size);
    else
        len = snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: %s\r\n\r\n", job.path, job.token);
    send_all(fd, head, (size_t)len, puts_it && job.size > 0 ? MSG_MORE : 0);
    for (long long left = puts_it ? job.size : 0; left > 0; left -= (long long)BLOCK)
        send_all(fd, block, left < (long long)BLOCK ? (size_t)left : BLOCK, 0);
    receive(fd, buf, puts_it ? 201 : 200, puts_it ? -1 : job.size);
}

static void *
worker(void *arg)
{
    char *buf = malloc(BLOCK);
    int fd = job.port != 0 ? dial() : -1, i;

    (void)arg;
    while ((i = atomic_fetch_add(&next_one, 1)) < job.count) {
        if (fd >= 0)
            http_one(fd, i, buf);
        else
            disk_one(i, buf);
    }
    if (fd >= 0)
        close(fd);
    free(buf);
    return NULL;
}

static double
run(void)
{
    pthread_t threads[256];
    double start;

    if (job.threads < 1 || job.threads > 256 || job.count < 1)
        exit(2);
    block = malloc(BLOCK);
    for (size_t i = 0; i < BLOCK; i++)
        block[i] = (char)random();
    start = now();
    for (int i = 0; i < job.threads; i++)
        if (pthread_create(&threads[i], NULL, worker, NULL) != 0)
            die("a thread");
    for (int i = 0; i < job.threads; i++)
        pthread_join(threads[i], NULL);
    return now() - start;
}

/* --- a page of a list */

static double
page(const char *catalog, const char *container, const char *marker, int rounds)
{
    sqlite3 *db;
    sqlite3_stmt *s;
    static char out[16 << 20];
    double start;

    if (sqlite3_open_v2(catalog, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "select name, etag, size_bytes, content_type, updated_us from objects where container_id = ? and latest = 1 and name > ?"
                           " order by name limit 10000", -1, &s, NULL) != SQLITE_OK) {
        fprintf(stderr, "bytes: %s\n", sqlite3_errmsg(db));
        exit(1);
    }
    start = now();
    for (int i = 0; i < rounds; i++) {
        size_t len = 0;

        sqlite3_bind_int64(s, 1, atoll(container));
        sqlite3_bind_text(s, 2, marker, -1, SQLITE_STATIC);
        while (sqlite3_step(s) == SQLITE_ROW)
            len += (size_t)snprintf(out + len, sizeof out - len, "{\"name\": \"%s\", \"hash\": \"%s\", \"bytes\": %lld, \"content_type\": \"%s\", \"last_modified\": %lld}, ",
                                    sqlite3_column_text(s, 0), sqlite3_column_text(s, 1), (long long)sqlite3_column_int64(s, 2), sqlite3_column_text(s, 3),
                                    (long long)sqlite3_column_int64(s, 4));
        sqlite3_reset(s);
    }
    start = (now() - start) * 1e3 / rounds;
    sqlite3_finalize(s);
    sqlite3_close(db);
    return start;
}

int
main(int argc, char **argv)
{
    job.what = argc > 1 ? argv[1] : "";
    if (argc == 8 && (strcmp(job.what, "put") == 0 || strcmp(job.what, "get") == 0)) {
        job.port = atoi(argv[2]);
        job.path = argv[3];
        job.token = argv[4];
    } else if (argc == 6 && (strcmp(job.what, "write") == 0 || strcmp(job.what, "read") == 0)) {
        job.path = argv[2];
    } else if (argc == 6 && strcmp(job.what, "page") == 0) {
        printf("%.3f\n", page(argv[2], argv[3], argv[4], atoi(argv[5])));
        return 0;
    } else {
        fprintf(stderr, "usage: bytes put|get PORT PATH TOKEN SIZE COUNT THREADS, bytes write|read DIR SIZE COUNT THREADS, bytes page CATALOG CONTAINER MARKER ROUNDS\n");
        return 2;
    }
    job.size = atoll(argv[argc - 3]);
    job.count = atoi(argv[argc - 2]);
    job.threads = atoi(argv[argc - 1]);
    printf("%.6f\n", run());
    return 0;
}
