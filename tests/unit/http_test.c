/* http_test.c: what the wire promises to applications and to clients, over real sockets. */
#include "config.h"
#include <poll.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include "base/clock.h"
#include "base/thread.h"
#include "http_client.h"
#include "http/http.h"
#include "unit.h"

/* --- the application under test: a table of paths */

static struct http_server *server;
static uint16_t port;
static struct mutex gate_lock = MUTEX_INIT;
static struct cond gate;
static int gate_open, gate_waiting;
static _Atomic int dones, aborts, abort_code, writing, on_lanes;
static _Atomic uint64_t written;
static _Atomic uint64_t checksum;

static void
pause_ms(long ms)
{
    struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    nanosleep(&t, NULL);
}

/* Waits for what another thread does; fails the test after 10 s. */
#define wait_until(what) do { int left_ = 2000; while (!(what) && left_-- > 0) pause_ms(5); ck_assert_msg(left_ > 0, "never: " #what); } while (0)

static void
gate_pass(void)
{
    mutex_lock(&gate_lock);
    gate_waiting++;
    while (!gate_open)
        cond_wait_ms(&gate, &gate_lock, 100);
    gate_waiting--;
    mutex_unlock(&gate_lock);
}

static void
gate_set(int open)
{
    mutex_lock(&gate_lock);
    gate_open = open;
    cond_broadcast(&gate);
    mutex_unlock(&gate_lock);
}

static int
gate_waiters(void)
{
    int n;

    mutex_lock(&gate_lock);
    n = gate_waiting;
    mutex_unlock(&gate_lock);
    return n;
}

static void
say(struct cairn_request *req, int status, const char *text)
{
    struct str s = STR_INIT;

    str_add(&s, text);
    http_reply(req, status, "text/plain", &s);
}

static int
number(const struct cairn_request *req, const char *name, int64_t *ret)
{
    return http_query(req, name) != NULL && str_to_int(http_query(req, name), 0, INT64_MAX, ret) == 0;
}

static void on_hello(struct cairn_request *req) { say(req, 200, "hello"); }
static void on_nothing(struct cairn_request *req) { say(req, 204, "not to be seen"); }
static void on_silent(struct cairn_request *req) { (void)req; }
static void on_blocking(struct cairn_request *req) { gate_pass(); say(req, 200, "passed"); }

static void
on_twice(struct cairn_request *req)
{
    say(req, 200, "first");
    say(req, 500, "second");
}

static void
on_echo(struct cairn_request *req)
{
    struct str s = STR_INIT;
    size_t len;
    const char *body = http_body(req, &len);

    str_add_n(&s, body, len);
    http_reply(req, 200, "application/octet-stream", &s);
}

static int
add_pair(void *arg, const char *name, const char *value)
{
    str_addf(arg, " %s=%s", name, value);
    return 0;
}

static void
on_where(struct cairn_request *req)
{
    struct str s = STR_INIT;

    str_addf(&s, "%s|%s|%s|%s|%s|", http_method(req), http_mount(req), http_path(req), http_full_path(req), http_base_url(req));
    http_query_each(req, add_pair, &s);
    http_reply(req, 200, "text/plain", &s);
}

static void
on_inject(struct cairn_request *req)
{
    http_reply_header(req, "X-Good", "good");
    http_reply_header(req, "X-Bad", "a\r\nX-Evil: 1");
    http_reply_header(req, "X-Bad\nX-Evil", "1");
    say(req, 200, "ok");
}

struct counter { int64_t left, at; };
static _Atomic int frees;
static _Atomic size_t pull_kept;        /* the most that was waiting to be sent when more was asked for */

static int
fill(void *arg, struct str *out)
{
    struct counter *c = arg;
    char block[4096];

    if (c->left < 0)
        return -1;
    if (out->len > atomic_load(&pull_kept))
        atomic_store(&pull_kept, out->len);
    memset(block, 'x', sizeof block);
    str_add_n(out, block, c->left < (int64_t)sizeof block ? (size_t)c->left : sizeof block);
    c->left -= c->left < (int64_t)sizeof block ? c->left : (int64_t)sizeof block;
    return c->left > 0;
}

static void
counter_free(void *arg)
{
    atomic_fetch_add(&frees, 1);
    free(arg);
}

static void
on_pull(struct cairn_request *req)
{
    struct counter *c = xcalloc(1, sizeof *c);

    if (!number(req, "bytes", &c->left))
        c->left = -1;
    http_reply_pull(req, 200, "text/plain", fill, counter_free, c);
}

static int
read_numbers(void *arg, uint64_t offset, void *buf, size_t max, size_t *ret_len, struct cairn_error *err)
{
    struct counter *c = arg;
    unsigned char *to = buf;

    (void)err;
    *ret_len = 0;
    while (*ret_len < max && (int64_t)(offset + *ret_len) < c->left) {
        *to++ = (unsigned char)((offset + *ret_len) * 31);
        ++*ret_len;
    }
    return 0;
}

static void
on_source(struct cairn_request *req)
{
    struct counter *c = xcalloc(1, sizeof *c);
    int64_t len = 0;

    number(req, "bytes", &len);
    c->left = len;
    number(req, "there", &c->left);
    http_reply_source(req, 200, "application/octet-stream", (uint64_t)len, read_numbers, counter_free, c);
}

static void
on_fd(struct cairn_request *req)
{
    int fd = memfd_create("t", MFD_CLOEXEC);

    ck_assert_int_eq(write(fd, "0123456789", 10), 10);
    http_reply_fd(req, 200, "application/octet-stream", fd, 3, 4);
}

static int
sink_write(void *arg, const void *bytes, size_t len, struct cairn_error *err)
{
    struct cairn_request *req = arg;
    const unsigned char *p = bytes;
    uint64_t sum = atomic_load(&checksum);

    ck_assert_int_eq(atomic_fetch_add(&writing, 1), 0);         /* never two at once */
    ck_assert_uint_le(len, 1u << 20);
    if (http_query(req, "gate") != NULL)
        gate_pass();
    for (size_t i = 0; i < len; i++)
        sum = sum * 131 + p[i];
    atomic_store(&checksum, sum);
    atomic_fetch_add(&written, len);
    atomic_fetch_sub(&writing, 1);
    if (http_query(req, "fail") != NULL)
        return cairn_fail(err, CAIRN_INVALID, "this is no image");
    return 0;
}

static void
sink_done(void *arg, struct cairn_request *req)
{
    ck_assert_ptr_eq(arg, req);
    atomic_fetch_add(&dones, 1);
    ck_assert_str_eq(http_header(req, "X-Kept"), "yes");
    say(req, 201, "stored");
}

static void
sink_aborted(void *arg, struct cairn_request *req, const struct cairn_error *err)
{
    (void)arg;
    atomic_fetch_add(&aborts, 1);
    atomic_store(&abort_code, err != NULL ? (int)err->code : -1);
    ck_assert_str_eq(http_header(req, "X-Kept"), "yes");        /* also when the connection is long gone */
    if (err != NULL)
        say(req, err->code == CAIRN_TOO_LARGE ? 413 : 400, err->message);
}

static void
on_sink(struct cairn_request *req)
{
    static const struct http_sink sink = { sink_write, sink_done, sink_aborted };

    http_receive(req, &sink, req);
}

/* Moves to a lane and waits at the gate there, in the handler or in the sink. */
static void
on_lane(struct cairn_request *req)
{
    if (http_move(req, "gated"))
        return;
    atomic_fetch_add(&on_lanes, 1);
    if (http_query(req, "sink") != NULL) {
        on_sink(req);
        return;
    }
    gate_pass();
    say(req, 200, "passed");
}

#define BLOCKING 1u
#define STREAM 2u
#define PRIVATE 4u
#define SMALL 8u
static const struct { const char *path; unsigned flags; void (*run)(struct cairn_request *req); } pages[] = {
    { "/hello", 0, on_hello },
    { "/nothing", 0, on_nothing },
    { "/silent", 0, on_silent },
    { "/twice", 0, on_twice },
    { "/blocking", BLOCKING, on_blocking },
    { "/quick", BLOCKING, on_hello },
    { "/echo", 0, on_echo },
    { "/echo-small", SMALL, on_echo },
    { "/inject", 0, on_inject },
    { "/pull", 0, on_pull },
    { "/source", BLOCKING, on_source },
    { "/fd", BLOCKING, on_fd },
    { "/lane", BLOCKING, on_lane },
    { "/lane-sink", BLOCKING | STREAM, on_lane },
    { "/sink", STREAM, on_sink },
    { "/sink-blocking", STREAM | BLOCKING, on_sink },
    { "/sink-small", STREAM | SMALL, on_sink },
    { "/private", PRIVATE, on_hello },
    { "/private-sink", PRIVATE | STREAM, on_sink },
};

static void
app_route(void *self, struct cairn_request *req)
{
    (void)self;
    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        if (strcmp(http_path(req), pages[i].path) != 0)
            continue;
        if ((pages[i].flags & PRIVATE) == 0)
            http_set_public(req);
        if ((pages[i].flags & BLOCKING) != 0)
            http_set_blocking(req);
        http_set_body(req, (pages[i].flags & STREAM) != 0 ? HTTP_BODY_STREAM : HTTP_BODY_BUFFER, (pages[i].flags & SMALL) != 0 ? 100 : 0);
        return;
    }
    http_set_public(req);
}

static void
app_handle(void *self, struct cairn_request *req)
{
    (void)self;
    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        if (strcmp(http_path(req), pages[i].path) == 0) {
            pages[i].run(req);
            return;
        }
    }
    on_where(req);
}

static void
app_fault(void *self, struct cairn_request *req, uint32_t status, const struct cairn_error *err)
{
    char text[1100];

    (void)self;
    snprintf(text, sizeof text, "fault: %s", err->message);
    say(req, (int)status, text);
}

static struct http_app app = { .name = "tiny", .route = app_route, .handle = app_handle, .fault = app_fault };
static struct http_app *apps[] = { &app, NULL };

/* Starts a server with these pipelines. */
static int
start(struct http_options *o, const char *pipelines, struct http_server **ret, struct cairn_error *err)
{
    int rc;

    scratch_make();
    o->pipeline_path = scratch_write("pipeline.ini", pipelines);
    rc = http_start(o, NULL, apps, ret, err);
    scratch_drop();
    return rc;
}

static void
setup_with(unsigned workers)
{
    struct http_options o = { .address = "127.0.0.1", .threads = 2, .workers = workers, .max_connections = 1500, .idle_timeout_s = 30,
                              .header_max = 16384, .body_max = 1000 };
    struct cairn_error err = CAIRN_ERROR_INIT;

    cond_init(&gate);
    ck_assert_msg(start(&o, "[composite:main]\n/ = root\n/tiny = t\n/tiny/deep = t\n[pipeline:t]\napp = tiny\n[pipeline:root]\napp = root\n", &server,
                        &err) == 0, "%s", err.message);
    port = http_port(server);
}

static void setup(void) { setup_with(4); }
static void setup_two_workers(void) { setup_with(2); }

static void
teardown(void)
{
    gate_set(1);
    http_stop(server);
    cond_destroy(&gate);
}

static void
answer_is(struct answer a, int status, const char *body)
{
    ck_assert_int_eq(a.status, status);
    if (body != NULL)
        ck_assert_str_eq(a.body.text != NULL ? a.body.text : "", body);
    str_free(&a.body);
}

/* A figure; -1: there is none of this name. */
static int64_t
metric(const char *name)
{
    struct str out = STR_INIT;
    const char *line;
    int64_t value = -1;

    http_metrics(server, &out);
    line = strstr(out.text, name);
    if (line != NULL)
        value = strtoll(line + strlen(name), NULL, 10);
    str_free(&out);
    return value;
}

/* --- requests and replies */

START_TEST(one_connection_serves_many_requests)
{
    int fd = client_connect(port);

    for (int i = 0; i < 5; i++) {
        answer_is(client_exchange(fd, "GET /tiny/hello HTTP/1.1\r\nHost: h\r\n\r\n"), 200, "hello");
        answer_is(client_exchange(fd, "GET /tiny/quick HTTP/1.1\r\nHost: h\r\n\r\n"), 200, "hello");
        answer_is(client_exchange(fd, "POST /tiny/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"), 200, "abc");
    }
    close(fd);
}
END_TEST

START_TEST(head_tells_the_length_and_sends_no_body)
{
    int fd = client_connect(port);
    struct answer a = client_exchange(fd, "HEAD /tiny/hello HTTP/1.1\r\nHost: h\r\n\r\n");

    ck_assert_int_eq(a.status, 200);
    ck_assert_str_eq(answer_header(&a, "Content-Length"), "5");
    a = client_exchange(fd, "HEAD /tiny/pull?bytes=9999 HTTP/1.1\r\nHost: h\r\n\r\n");
    ck_assert_int_eq(a.status, 200);
    ck_assert_str_eq(answer_header(&a, "Content-Length"), "9999");
    answer_is(client_exchange(fd, "HEAD /tiny/source?bytes=99 HTTP/1.1\r\nHost: h\r\n\r\n"), 200, "");
    answer_is(client_exchange(fd, "GET /tiny/hello HTTP/1.1\r\nHost: h\r\n\r\n"), 200, "hello");   /* still in step */
    close(fd);
    wait_until(atomic_load(&frees) == 2);
}
END_TEST

START_TEST(no_content_has_neither_body_nor_type)
{
    int fd = client_connect(port);
    struct answer a = client_exchange(fd, "GET /tiny/nothing HTTP/1.1\r\nHost: h\r\n\r\n");

    ck_assert_int_eq(a.status, 204);
    ck_assert_ptr_null(answer_header(&a, "Content-Type"));
    ck_assert_ptr_null(answer_header(&a, "Content-Length"));
    ck_assert_ptr_null(answer_header(&a, "Transfer-Encoding"));
    answer_is(client_exchange(fd, "GET /tiny/hello HTTP/1.1\r\nHost: h\r\n\r\n"), 200, "hello");
    close(fd);
}
END_TEST

START_TEST(line_breaks_in_reply_headers_are_refused)
{
    struct answer a = client_get(port, "/tiny/inject");

    ck_assert_str_eq(answer_header(&a, "X-Good"), "good");
    ck_assert_ptr_null(answer_header(&a, "X-Bad"));
    ck_assert_ptr_null(answer_header(&a, "X-Evil"));
    answer_is(a, 200, "ok");
}
END_TEST

START_TEST(first_reply_counts_and_none_is_500)
{
    answer_is(client_get(port, "/tiny/twice"), 200, "first");
    answer_is(client_get(port, "/tiny/silent"), 500, "fault: The request was not answered.");
}
END_TEST

START_TEST(paths_are_decoded_below_the_longest_mount)
{
    answer_is(client_get(port, "/tiny/a%20b/%C3%A9/../x?q=1+2&q=%26&flag&=v"), 200,
              "GET|/tiny|/a b/\xc3\xa9/../x|/tiny/a%20b/%C3%A9/../x|http://cloud.test:8774| q=1 2 q=& flag= =v");
    answer_is(client_get(port, "/tiny/deep/y"), 200, "GET|/tiny/deep|/y|/tiny/deep/y|http://cloud.test:8774|");
    answer_is(client_get(port, "/tiny"), 200, "GET|/tiny|/|/tiny|http://cloud.test:8774|");
    answer_is(client_get(port, "/tinyx"), 404, NULL);
}
END_TEST

START_TEST(links_do_not_follow_a_hostile_host)
{
    char want[128];

    snprintf(want, sizeof want, "GET|/tiny|/w|/tiny/w|http://127.0.0.1:%u|", port);
    answer_is(client_once(port, "GET /tiny/w HTTP/1.1\r\nHost: a\"b\r\n\r\n"), 200, want);
}
END_TEST

START_TEST(bad_urls_and_heads_are_refused)
{
    static const struct { const char *request; int status; } cases[] = {
        { "GET /tiny/%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
        { "GET /tiny/%4 HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
        { "GET /tiny/a%00b HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
        { "GET /tiny/%ff HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
        { "GET /tiny/x?a=%00 HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
        { "GET /tiny/x?%e9=1 HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
        { "GET /tiny/x HTTP/1.1\r\nHost: h\r\nX-A: \xff\xfe\r\n\r\n", 400 },
        { "GET /tiny/x HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n", 400 },
        { "POST /tiny/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400 },
        { "POST /tiny/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
        { "OVERLONGMETHODNAME /tiny/x HTTP/1.1\r\nHost: h\r\n\r\n", 501 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct answer a = client_once(port, cases[i].request);

        ck_assert_msg(a.status == cases[i].status, "case %zu: %d", i, a.status);
        str_free(&a.body);
    }
}
END_TEST

/* The listener answers these by itself, and never told of their end: each was a request that stayed. */
START_TEST(heads_that_are_no_http_leave_nothing)
{
    static const char *const heads[] = {
        "GET /tiny/hello HTTP/1.1\r\nno colon\r\n\r\n", "GET /tiny/hello HTTP/1.1\r\nHost: h\r\n folded\x01: \r\n\r\n", "GET /tiny/hello HTTP/1.1\r\n",
        "GET /tiny/hello HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", "POST /tiny/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n",
    };
    struct str out = STR_INIT;

    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        int fd = client_connect(port);

        client_send(fd, heads[i], strlen(heads[i]));
        shutdown(fd, SHUT_WR);
        for (char c; client_byte(fd, &c);)
            ;
        close(fd);
    }
    wait_until((str_reset(&out), http_metrics(server, &out), strstr(out.text, "cairn_http_connections 0\n") != NULL));
    ck_assert_ptr_nonnull(strstr(out.text, "cairn_http_requests 0\n"));
    str_free(&out);
}
END_TEST

START_TEST(what_nobody_opened_needs_authentication)
{
    answer_is(client_get(port, "/tiny/private"), 401, "fault: The request you have made requires authentication.");
}
END_TEST

/* --- bodies */

START_TEST(bodies_over_the_limit_are_413)
{
    char *big = xcalloc(1, 3000), *text;
    int fd = client_connect(port);

    memset(big, 'b', 2999);
    text = xasprintf("POST /tiny/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2999\r\n\r\n%s", big);
    answer_is(client_exchange(fd, text), 413, "fault: The body is larger than 1000 bytes.");
    free(text);
    text = xasprintf("POST /tiny/echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nbb7\r\n%s\r\n0\r\n\r\n", big);
    answer_is(client_exchange(fd, text), 413, "fault: The body is larger than 1000 bytes.");
    free(text);
    answer_is(client_exchange(fd, "POST /tiny/echo-small HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n"
                              "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"),
              413, "fault: The body is larger than 100 bytes.");
    answer_is(client_exchange(fd, "GET /tiny/hello HTTP/1.1\r\nHost: h\r\n\r\n"), 200, "hello");   /* the connection is still of use */
    close(fd);
    free(big);
}
END_TEST

START_TEST(chunked_bodies_arrive_whole)
{
    answer_is(client_once(port, "PUT /tiny/echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n"), 200, "abcdefg");
}
END_TEST

START_TEST(expect_is_answered_before_the_body)
{
    int fd = client_connect(port);
    struct answer a;
    const char *yes = "PUT /tiny/echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";

    client_send(fd, yes, strlen(yes));
    ck_assert_int_eq(client_head(fd, &a), 100);
    answer_is(client_exchange(fd, "abc"), 200, "abc");
    close(fd);
    /* Refused: too large, not allowed; no 100 comes, and the body need not be sent. */
    answer_is(client_once(port, "PUT /tiny/echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n"), 413, NULL);
    answer_is(client_once(port, "PUT /tiny/private-sink HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n"), 401, NULL);
    ck_assert_int_eq(atomic_load(&dones) + atomic_load(&aborts), 0);
}
END_TEST

/* Sends 'len' bytes of a pattern; answers how it sums up. */
static uint64_t
send_pattern(int fd, uint64_t len)
{
    char block[32768];
    uint64_t sum = 0, sent = 0;

    while (sent < len) {
        size_t n = len - sent < sizeof block ? (size_t)(len - sent) : sizeof block;

        for (size_t i = 0; i < n; i++) {
            block[i] = (char)((sent + i) * 7 % 251);
            sum = sum * 131 + (unsigned char)block[i];
        }
        client_send(fd, block, n);
        sent += n;
    }
    return sum;
}

static void
start_upload(int fd, const char *path, uint64_t len)
{
    char *head = xasprintf("PUT %s HTTP/1.1\r\nHost: h\r\nX-Kept: yes\r\nContent-Length: %" PRIu64 "\r\n\r\n", path, len);

    client_send(fd, head, strlen(head));
    free(head);
}

START_TEST(uploads_stream_in_order)
{
    static const char *const paths[] = { "/tiny/sink", "/tiny/sink-blocking" };
    static const uint64_t sizes[] = { 0, 1, 65536, 5 * 1000 * 1000 };
    int fd = client_connect(port), n = 0;

    for (size_t p = 0; p < ARRAY_LEN(paths); p++) {
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
            uint64_t sum;

            atomic_store(&checksum, 0);
            atomic_store(&written, 0);
            start_upload(fd, paths[p], sizes[i]);
            sum = send_pattern(fd, sizes[i]);
            answer_is(client_exchange(fd, ""), 201, "stored");
            ck_assert_uint_eq(atomic_load(&written), sizes[i]);
            ck_assert_uint_eq(atomic_load(&checksum), sum);
            ck_assert_int_eq(atomic_load(&dones), ++n);
        }
    }
    ck_assert_int_eq(atomic_load(&aborts), 0);
    close(fd);
}
END_TEST

START_TEST(slow_sink_holds_the_client_back)
{
    int fd = client_connect(port), small = 64 << 10;
    char block[65536];
    uint64_t sent = 0, total = 64u << 20;
    ssize_t n;

    memset(block, 'z', sizeof block);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    start_upload(fd, "/tiny/sink?gate", total);
    wait_until((n = send(fd, block, sizeof block, MSG_DONTWAIT | MSG_NOSIGNAL)) > 0 ? (sent += (uint64_t)n, gate_waiters() == 1) : gate_waiters() == 1);
    for (int quiet = 0; quiet < 20;) {          /* until it takes no more */
        n = send(fd, block, sizeof block, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) {
            sent += (uint64_t)n;
            quiet = 0;
        } else {
            quiet++;
            pause_ms(5);
        }
        ck_assert_uint_lt(sent, 16u << 20);
    }
    gate_set(1);
    while (sent < total && (n = send(fd, block, total - sent < sizeof block ? (size_t)(total - sent) : sizeof block, MSG_NOSIGNAL)) > 0)
        sent += (uint64_t)n;
    answer_is(client_exchange(fd, ""), 201, "stored");
    ck_assert_uint_eq(atomic_load(&written), total);
    close(fd);
}
END_TEST

START_TEST(failed_write_is_told_once)
{
    int fd = client_connect(port);

    start_upload(fd, "/tiny/sink?fail", 3000000);
    send_pattern(fd, 3000000);
    answer_is(client_exchange(fd, ""), 400, "this is no image");
    ck_assert_int_eq(atomic_load(&aborts), 1);
    ck_assert_int_eq(atomic_load(&dones), 0);
    ck_assert_int_eq(atomic_load(&abort_code), CAIRN_INVALID);
    ck_assert_uint_lt(atomic_load(&written), 1000000);
    answer_is(client_exchange(fd, "GET /tiny/hello HTTP/1.1\r\nHost: h\r\n\r\n"), 200, "hello");
    close(fd);
}
END_TEST

START_TEST(stream_over_its_limit_is_413)
{
    int fd = client_connect(port);

    start_upload(fd, "/tiny/sink-small", 200);
    send_pattern(fd, 200);
    answer_is(client_exchange(fd, ""), 413, "fault: The body is larger than 100 bytes.");
    ck_assert_int_eq(atomic_load(&aborts), 0);  /* the sink never began */
    close(fd);
}
END_TEST

START_TEST(chunked_stream_over_its_limit_is_413)
{
    char block[201];
    char *text;

    memset(block, 'c', 200);
    block[200] = '\0';
    text = xasprintf("PUT /tiny/sink-small HTTP/1.1\r\nHost: h\r\nX-Kept: yes\r\nTransfer-Encoding: chunked\r\n\r\nc8\r\n%s\r\n0\r\n\r\n", block);
    answer_is(client_once(port, text), 413, "The body is larger than 100 bytes.");
    free(text);
    ck_assert_int_eq(atomic_load(&aborts), 1);
    ck_assert_int_eq(atomic_load(&abort_code), CAIRN_TOO_LARGE);
}
END_TEST

START_TEST(client_that_leaves_aborts_once)
{
    int fd = client_connect(port);

    start_upload(fd, "/tiny/sink", 3000000);
    send_pattern(fd, 1000000);
    close(fd);
    wait_until(atomic_load(&aborts) == 1);
    /* And one that leaves while the sink is at work. */
    fd = client_connect(port);
    start_upload(fd, "/tiny/sink?gate", 3000000);
    send_pattern(fd, 100000);
    wait_until(gate_waiters() == 1);
    close(fd);
    pause_ms(50);
    gate_set(1);
    wait_until(atomic_load(&aborts) == 2);
    http_stop(server);
    ck_assert_int_eq(atomic_load(&aborts), 2);
    ck_assert_int_eq(atomic_load(&dones), 0);
    ck_assert_int_eq(atomic_load(&abort_code), -1);
    server = NULL;
}
END_TEST

/* --- replies that stream */

static size_t
resident_bytes(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    size_t size = 0, resident = 0;

    ck_assert_int_eq(fscanf(f, "%zu %zu", &size, &resident), 2);
    fclose(f);
    return resident * 4096;
}

START_TEST(long_lists_need_no_memory)
{
    const uint64_t bytes = 100u << 20;
    struct answer a;
    int fd = client_connect(port);
    const char *get = "GET /tiny/pull?bytes=104857600 HTTP/1.1\r\nHost: h\r\n\r\n";

    client_send(fd, get, strlen(get));
    ck_assert_int_eq(client_head(fd, &a), 200);
    ck_assert_uint_eq(client_body(fd, &a, NULL, 0), bytes);
    ck_assert_uint_lt(atomic_load(&pull_kept), 256u << 10);
    close(fd);
    wait_until(atomic_load(&frees) == 1);
}
END_TEST

START_TEST(pull_that_fails_cuts_the_connection)
{
    struct answer a = client_get(port, "/tiny/pull");

    ck_assert_uint_eq(a.body.len, 0);
    wait_until(atomic_load(&frees) == 1);
}
END_TEST

START_TEST(sources_are_read_ahead_and_sent_whole)
{
    static const uint64_t sizes[] = { 0, 1, 262144, 262145, 3000000 };
    int fd = client_connect(port);

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char *get = xasprintf("GET /tiny/source?bytes=%" PRIu64 " HTTP/1.1\r\nHost: h\r\n\r\n", sizes[i]);
        struct answer a = client_exchange(fd, get);

        ck_assert_int_eq(a.status, 200);
        ck_assert_uint_eq(a.body.len, sizes[i]);
        for (uint64_t k = 0; k < sizes[i]; k++)
            if ((unsigned char)a.body.text[k] != (unsigned char)(k * 31))
                ck_abort_msg("byte %" PRIu64 " of %" PRIu64, k, sizes[i]);
        str_free(&a.body);
        free(get);
    }
    close(fd);
    wait_until(atomic_load(&frees) == (int)ARRAY_LEN(sizes));
}
END_TEST

START_TEST(source_that_ends_early_cuts_the_connection)
{
    struct answer a = client_get(port, "/tiny/source?bytes=1000000&there=300000");

    ck_assert_int_eq(a.status, 200);
    ck_assert_uint_lt(a.body.len, 1000000);
    str_free(&a.body);
    wait_until(atomic_load(&frees) == 1);
}
END_TEST

START_TEST(source_is_freed_when_the_client_leaves)
{
    int fd = client_connect(port);
    const char *get = "GET /tiny/source?bytes=100000000 HTTP/1.1\r\nHost: h\r\n\r\n";
    struct answer a;

    client_send(fd, get, strlen(get));
    ck_assert_int_eq(client_head(fd, &a), 200);
    close(fd);
    wait_until(atomic_load(&frees) == 1);
}
END_TEST

START_TEST(part_of_a_file_is_sent)
{
    answer_is(client_get(port, "/tiny/fd"), 200, "3456");
}
END_TEST

/* --- many at once */

START_TEST(blocked_handlers_stall_nobody)
{
    int fds[8];
    const char *get = "GET /tiny/blocking HTTP/1.1\r\nHost: h\r\n\r\n";

    for (int i = 0; i < 8; i++) {
        fds[i] = client_connect(port);
        client_send(fds[i], get, strlen(get));
    }
    wait_until(gate_waiters() == 4);            /* every worker */
    for (int i = 0; i < 20; i++)
        answer_is(client_get(port, "/tiny/hello"), 200, "hello");
    gate_set(1);
    for (int i = 0; i < 8; i++) {
        answer_is(client_exchange(fds[i], ""), 200, "passed");
        close(fds[i]);
    }
}
END_TEST

/* How many of them have something to read? */
static int
readable(const int *fds, size_t n)
{
    int count = 0;

    for (size_t i = 0; i < n; i++) {
        struct pollfd p = { .fd = fds[i], .events = POLLIN };

        count += poll(&p, 1, 0) == 1;
    }
    return count;
}

/* Two workers, and so two threads a lane: two wait at the gate, 128 behind them. */
START_TEST(lanes_hold_up_nobody_else)
{
    int fds[250], refused = 0;
    const char *get = "GET /tiny/lane HTTP/1.1\r\nHost: h\r\n\r\n";

    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = client_connect(port);
        client_send(fds[i], get, strlen(get));
    }
    wait_until(gate_waiters() == 2);
    for (int i = 0; i < 20; i++)
        answer_is(client_get(port, "/tiny/quick"), 200, "hello");
    ck_assert_int_eq(gate_waiters(), 2);
    ck_assert_int_eq(atomic_load(&on_lanes), 2);
    wait_until(metric("cairn_http_lane_requests{lane=\"gated\"}") == 130);
    wait_until(readable(fds, ARRAY_LEN(fds)) == 120);  /* all that are refused are, before there is room again */
    gate_set(1);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        struct answer a = client_exchange(fds[i], "");

        if (a.status == 503) {
            ck_assert_str_eq(answer_header(&a, "Retry-After"), "1");
            refused++;
        } else {
            ck_assert_int_eq(a.status, 200);
        }
        str_free(&a.body);
        close(fds[i]);
    }
    ck_assert_int_eq(refused, 120);
    ck_assert_int_eq(atomic_load(&on_lanes), 130);
    wait_until(metric("cairn_http_lane_requests{lane=\"gated\"}") == 0);
}
END_TEST

START_TEST(sinks_follow_their_handler_to_its_lane)
{
    int fds[8];
    uint64_t sum = 0;

    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = client_connect(port);
        start_upload(fds[i], i == 0 ? "/tiny/lane-sink?sink&gate" : "/tiny/lane-sink", i == 0 ? 100000 : 3);
        if (i == 0)
            sum = send_pattern(fds[i], 100000);
        else
            client_send(fds[i], "abc", 3);
    }
    wait_until(gate_waiters() == 2);            /* a sink and a handler */
    for (int i = 0; i < 20; i++)
        answer_is(client_get(port, "/tiny/quick"), 200, "hello");
    ck_assert_int_eq(gate_waiters(), 2);
    gate_set(1);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        answer_is(client_exchange(fds[i], ""), i == 0 ? 201 : 200, i == 0 ? "stored" : "passed");
        close(fds[i]);
    }
    ck_assert_uint_eq(atomic_load(&checksum), sum);
}
END_TEST

START_TEST(full_queue_says_come_again)
{
    int fds[140], refused = 0;
    const char *get = "GET /tiny/blocking HTTP/1.1\r\nHost: h\r\n\r\n";
    struct answer a;

    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = client_connect(port);
        client_send(fds[i], get, strlen(get));
    }
    wait_until((a = client_get(port, "/tiny/quick"), str_free(&a.body), a.status == 503));
    ck_assert_str_eq(answer_header(&a, "Retry-After"), "1");
    answer_is(client_get(port, "/tiny/hello"), 200, "hello");
    gate_set(1);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        a = client_exchange(fds[i], "");
        ck_assert_msg(a.status == 200 || a.status == 503, "%d", a.status);
        refused += a.status == 503;
        str_free(&a.body);
        close(fds[i]);
    }
    ck_assert_int_gt(refused, 0);
    answer_is(client_get(port, "/tiny/quick"), 200, "hello");
}
END_TEST

START_TEST(thousand_idle_connections_are_cheap)
{
    static int fds[1000];
    struct rlimit files = { .rlim_cur = 4096, .rlim_max = 4096 };
    size_t before;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < 2200)
        return;
    before = resident_bytes();
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = client_connect(port);
        answer_is(client_exchange(fds[i], "GET /tiny/hello HTTP/1.1\r\nHost: h\r\n\r\n"), 200, "hello");
    }
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    ck_assert_uint_lt(resident_bytes() - before, 32u << 20);
#else
    (void)before;
#endif
    answer_is(client_get(port, "/tiny/hello"), 200, "hello");
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        answer_is(client_exchange(fds[i], "GET /tiny/quick HTTP/1.1\r\nHost: h\r\n\r\n"), 200, "hello");
        close(fds[i]);
    }
}
END_TEST

START_TEST(heads_that_trickle_are_cut)
{
    int fd = client_connect(port);
    char c;

    client_send(fd, "GET /tiny/he", 12);
    pause_ms(50);
    clock_move(INT64_C(55) * 1000000);
    pause_ms(1500);
    client_send(fd, "l", 1);                    /* still there at 55 s */
    ck_assert_int_eq(recv(fd, &c, 1, MSG_DONTWAIT), -1);
    ck_assert_int_eq(errno, EAGAIN);
    clock_move(INT64_C(10) * 1000000);
    ck_assert_int_eq(client_byte(fd, &c), 0);
    close(fd);
}
END_TEST

START_TEST(stop_lets_requests_finish)
{
    int fd = client_connect(port);
    const char *get = "GET /tiny/blocking HTTP/1.1\r\nHost: h\r\n\r\n";

    client_send(fd, get, strlen(get));
    wait_until(gate_waiters() == 1);
    gate_set(1);
    http_stop(server);
    server = NULL;
    answer_is(client_exchange(fd, ""), 200, "passed");
    close(fd);
}
END_TEST

/* --- the root application */

static int
health(void *arg, struct str *out)
{
    str_add(out, arg);
    return -1;
}

static void
figures(void *arg, struct str *out)
{
    str_add(out, arg);
}

START_TEST(root_lists_services_and_registered_pages)
{
    struct answer a;

    answer_is(client_get(port, "/"), 200,
              "{\"services\":[{\"name\":\"tiny\",\"href\":\"http://cloud.test:8774/tiny/deep/\"},{\"name\":\"tiny\",\"href\":\"http://cloud.test:8774/tiny/\"}]}");
    answer_is(client_get(port, "/healthz"), 404, NULL);
    http_register_health(health, (void *)(uintptr_t)"storage fast: gone\n");
    http_register_metrics(figures, (void *)(uintptr_t)"cairn_up 1\n");
    answer_is(client_get(port, "/metrics"), 200, "cairn_up 1\n");
    a = client_get(port, "/healthz");
    ck_assert_str_eq(answer_header(&a, "Content-Type"), "text/plain");
    answer_is(a, 503, "storage fast: gone\n");
    answer_is(client_once(port, "DELETE /healthz HTTP/1.1\r\nHost: h\r\n\r\n"), 405, NULL);
}
END_TEST

START_TEST(figures_count_replies)
{
    struct str out = STR_INIT;

    answer_is(client_get(port, "/tiny/hello"), 200, "hello");
    answer_is(client_get(port, "/tiny/private"), 401, NULL);
    /* Each is counted by its own network thread, after its client has the answer. */
    wait_until((str_reset(&out), http_metrics(server, &out), strstr(out.text, "cairn_http_requests_total{service=\"tiny\",code=\"4xx\"} 1\n") != NULL)
               && strstr(out.text, "cairn_http_requests_total{service=\"tiny\",code=\"2xx\"} 1\n") != NULL);
    str_free(&out);
}
END_TEST

/* --- pipeline.ini */

START_TEST(bad_pipelines_are_refused_with_line_and_name)
{
    static const struct { const char *text, *message; } cases[] = {
        { "[composite:main]\n/t = tinny\n[pipeline:tiny]\napp = tiny\n", ":2: there is no [pipeline:tinny]; did you mean 'tiny'?" },
        { "[composite:main]\n/t = t\n\n[pipeline:t]\napp = tyni\n", ":5: [pipeline:t]: there is no application 'tyni'; did you mean 'tiny'?" },
        { "[composite:main]\n/t = t\n[pipeline:t]\nap = tiny\n", ":4: [pipeline:t] has no key 'ap'; did you mean 'app'?" },
        { "[composite:main]\n/t = t\n[pipeline:t]\nfilters =\n", ": [pipeline:t] has no 'app'" },
        { "[composite:main]\nt = t\n[pipeline:t]\napp = tiny\n", ":2: [composite:main] maps paths to pipelines, and 't' does not begin with '/'" },
        { "[composite:main]\n/t = t\n/t = t\n[pipeline:t]\napp = tiny\n", ":3: '/t' stands in [composite:main] twice, also in line 2" },
        { "[pipe:t]\napp = tiny\n", ":2: [pipe:t] is not [composite:main], [pipeline:NAME] or [filter:NAME]" },
        { "[pipeline:t]\napp = tiny\n", ": there is no [composite:main]" },
        { "[composite:main]\nnonsense\n", ":2: neither a [section] nor 'key = value'" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_options o = { .address = "127.0.0.1" };
        struct cairn_error err = CAIRN_ERROR_INIT;

        ck_assert_int_eq(start(&o, cases[i].text, &server, &err), -1);
        ck_assert_int_eq(err.code, CAIRN_INVALID);
        ck_assert_msg(strstr(err.message, cases[i].message) != NULL, "case %zu: %s", i, err.message);
    }
}
END_TEST

START_TEST(occupied_port_is_an_error)
{
    static const char pipelines[] = "[composite:main]\n/ = root\n[pipeline:root]\napp = root\n";
    struct http_options o = { .address = "127.0.0.1", .port = port };
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct http_server *other = NULL;

    ck_assert_int_eq(start(&o, pipelines, &other, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "cannot listen on 127.0.0.1 port"));
    o.address = "localhost";
    ck_assert_int_eq(start(&o, pipelines, &other, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_INVALID);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("http");
    TCase *wire = tcase_create("wire"), *few = tcase_create("two workers"), *ini = tcase_create("pipeline");

    tcase_set_timeout(wire, 120);
    tcase_set_timeout(few, 60);
    tcase_add_checked_fixture(wire, setup, teardown);
    tcase_add_checked_fixture(few, setup_two_workers, teardown);
    tcase_add_test(wire, one_connection_serves_many_requests);
    tcase_add_test(wire, head_tells_the_length_and_sends_no_body);
    tcase_add_test(wire, no_content_has_neither_body_nor_type);
    tcase_add_test(wire, line_breaks_in_reply_headers_are_refused);
    tcase_add_test(wire, first_reply_counts_and_none_is_500);
    tcase_add_test(wire, paths_are_decoded_below_the_longest_mount);
    tcase_add_test(wire, links_do_not_follow_a_hostile_host);
    tcase_add_test(wire, bad_urls_and_heads_are_refused);
    tcase_add_test(wire, heads_that_are_no_http_leave_nothing);
    tcase_add_test(wire, what_nobody_opened_needs_authentication);
    tcase_add_test(wire, bodies_over_the_limit_are_413);
    tcase_add_test(wire, chunked_bodies_arrive_whole);
    tcase_add_test(wire, expect_is_answered_before_the_body);
    tcase_add_test(wire, uploads_stream_in_order);
    tcase_add_test(wire, slow_sink_holds_the_client_back);
    tcase_add_test(wire, failed_write_is_told_once);
    tcase_add_test(wire, stream_over_its_limit_is_413);
    tcase_add_test(wire, chunked_stream_over_its_limit_is_413);
    tcase_add_test(wire, client_that_leaves_aborts_once);
    tcase_add_test(wire, long_lists_need_no_memory);
    tcase_add_test(wire, pull_that_fails_cuts_the_connection);
    tcase_add_test(wire, sources_are_read_ahead_and_sent_whole);
    tcase_add_test(wire, source_that_ends_early_cuts_the_connection);
    tcase_add_test(wire, source_is_freed_when_the_client_leaves);
    tcase_add_test(wire, part_of_a_file_is_sent);
    tcase_add_test(wire, blocked_handlers_stall_nobody);
    tcase_add_test(wire, thousand_idle_connections_are_cheap);
    tcase_add_test(wire, heads_that_trickle_are_cut);
    tcase_add_test(wire, stop_lets_requests_finish);
    tcase_add_test(wire, root_lists_services_and_registered_pages);
    tcase_add_test(wire, figures_count_replies);
    tcase_add_test(wire, occupied_port_is_an_error);
    tcase_add_test(few, lanes_hold_up_nobody_else);
    tcase_add_test(few, sinks_follow_their_handler_to_its_lane);
    tcase_add_test(few, full_queue_says_come_again);
    tcase_add_test(ini, bad_pipelines_are_refused_with_line_and_name);
    suite_add_tcase(suite, wire);
    suite_add_tcase(suite, few);
    suite_add_tcase(suite, ini);
    return run_suite(suite);
}
