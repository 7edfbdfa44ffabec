/* catalog.c: opening, who may use which connection, and transactions. */
#include "config.h"
#define LOG_MODULE "catalog"
#include "catalog/private.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"

enum { READER_WAIT_MS = 10000 };

static const struct catalog_backend *const backends[] = { &catalog_sqlite };

void
catalog_bug(const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log_error("a mistake in the program: %s", text);
    abort();
}

int
catalog_backend_of(const char *url, const struct catalog_backend **ret, const char **ret_rest, struct cairn_error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(backends); i++) {
        size_t len = strlen(backends[i]->scheme);

        if (str_starts(url, backends[i]->scheme) && url[len] == ':' && url[len + 1] != '\0') {
            *ret = backends[i];
            *ret_rest = url + len + 1;
            return 0;
        }
    }
    return cairn_fail(err, CAIRN_INVALID, "'%s' names no catalog: write sqlite:/path/of/catalog.db", url);
}

static void cleanup_catalog(struct catalog **c) { catalog_close(*c); }

int
catalog_open_schema(const char *url, const struct catalog_migration *steps, struct catalog **ret, struct cairn_error *err)
{
    CLEANUP(cleanup_catalog) struct catalog *c = xcalloc(1, sizeof *c);

    mutex_init(&c->lock);
    cond_init(&c->reader_back);
    c->last = &c->first;
    c->url = xstrdup(url);
    c->steps = steps;
    if (catalog_backend_of(c->url, &c->backend, &c->rest, err) < 0)
        return -1;
    c->single = c->backend->single(c->rest);
    if (conn_open(c->backend, c->rest, 0, &c->writer, err) < 0)
        return -1;
    if (migrate(c->writer, c->url, steps, &c->version, err) < 0)
        return -1;
    *ret = steal(&c);
    return 0;
}

int
catalog_open(const char *url, struct catalog **ret, struct cairn_error *err)
{
    return catalog_open_schema(url, catalog_migrations, ret, err);
}

/* No transaction is open any more. */
void
catalog_close(struct catalog *c)
{
    if (c == NULL)
        return;
    while (c->idle != NULL) {
        struct conn *conn = c->idle;

        c->idle = conn->next_idle;
        conn_close(conn);
    }
    conn_close(c->writer);      /* last: it leaves one tidy file behind */
    cond_destroy(&c->reader_back);
    mutex_destroy(&c->lock);
    free(c->url);
    free(c);
}

int64_t
catalog_schema_version(struct catalog *c)
{
    return c->version;
}

/* Each waiter has a place in the queue and a condition of its own, so that nobody is overtaken and nobody wakes in vain. */
void
catalog_take_writer(struct catalog *c)
{
    struct waiter self = { .thread = pthread_self() };

    mutex_lock(&c->lock);
    if (c->writer_busy) {
#ifdef CAIRN_DEBUG
        if (pthread_equal(c->writer_thread, pthread_self()))
            catalog_bug("this thread waits for its own write transaction");
#endif
        cond_init(&self.turn);
        *c->last = &self;
        c->last = &self.next;
        while (!self.granted)
            cond_wait(&self.turn, &c->lock);
        cond_destroy(&self.turn);
    } else {
        c->writer_busy = 1;
        c->writer_thread = self.thread;
    }
    mutex_unlock(&c->lock);
}

void
catalog_give_writer(struct catalog *c)
{
    struct waiter *next;

    mutex_lock(&c->lock);
    next = c->first;
    if (next != NULL) {
        c->first = next->next;
        if (c->first == NULL)
            c->last = &c->first;
        next->granted = 1;      /* stays busy: the turn is handed over */
        c->writer_thread = next->thread;
        cond_signal(&next->turn);
    } else {
        c->writer_busy = 0;
    }
    mutex_unlock(&c->lock);
}

static int
take_reader(struct catalog *c, struct conn **ret, struct cairn_error *err)
{
    struct conn *conn;
    int late = 0;

    mutex_lock(&c->lock);
    while (c->idle == NULL && c->readers >= READERS_MAX && !late)
        late = cond_wait_ms(&c->reader_back, &c->lock, READER_WAIT_MS);
    conn = c->idle;
    if (conn != NULL)
        c->idle = conn->next_idle;
    else if (!late)
        c->readers++;
    mutex_unlock(&c->lock);
    if (conn == NULL && late)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "the catalog is busy: %d readers did not end within %d s", READERS_MAX, READER_WAIT_MS / 1000);
    if (conn == NULL && conn_open(c->backend, c->rest, 1, &conn, err) < 0) {
        mutex_lock(&c->lock);
        c->readers--;
        cond_signal(&c->reader_back);
        mutex_unlock(&c->lock);
        return -1;
    }
    *ret = conn;
    return 0;
}

static void
give_reader(struct catalog *c, struct conn *conn)
{
    mutex_lock(&c->lock);
    conn->next_idle = c->idle;
    c->idle = conn;
    cond_signal(&c->reader_back);
    mutex_unlock(&c->lock);
}

static void
give_back(struct catalog *c, struct conn *conn)
{
    if (conn == c->writer)
        catalog_give_writer(c);
    else
        give_reader(c, conn);
}

int
tx_begin(struct catalog *c, enum tx_mode mode, struct tx **ret, struct cairn_error *err)
{
    struct conn *conn = c->writer;
    struct tx *tx;

    if (mode == TX_WRITE || c->single)
        catalog_take_writer(c);
    else if (take_reader(c, &conn, err) < 0)
        return -1;
    if (c->backend->begin(conn->handle, mode, err) < 0) {
        give_back(c, conn);
        return -1;
    }
    tx = xcalloc(1, sizeof *tx);
    tx->catalog = c;
    tx->conn = conn;
    tx->mode = mode;
    *ret = tx;
    return 0;
}

static void
tx_free(struct tx *tx)
{
    free(tx->failure);
    free(tx->hooks);
    free(tx);
}

int
tx_commit(struct tx *tx, struct cairn_error *err)
{
    const struct catalog_backend *b = tx->conn->backend;
    uint64_t committed = 0;
    int rc;

    rows_abandon(tx);
    if (tx->failure != NULL) {
        b->rollback(tx->conn->handle);
        rc = cairn_fail(err, tx->failure->code, "nothing was changed, because a step failed: %s", tx->failure->message);
    } else {
        rc = b->commit(tx->conn->handle, err);
        committed = rc == 0 && tx->mode == TX_WRITE ? b->committed(tx->conn->handle) : 0;
    }
    give_back(tx->catalog, tx->conn);
    if (committed > 0)
        b->durable(tx->catalog->writer->handle, committed);     /* the next writer is at work already */
    for (size_t i = 0; rc == 0 && i < tx->hooks_count; i++)
        tx->hooks[i].fn(tx->hooks[i].arg);
    tx_free(tx);
    return rc;
}

void
tx_rollback(struct tx *tx)
{
    if (tx == NULL)
        return;
    rows_abandon(tx);
    tx->conn->backend->rollback(tx->conn->handle);
    give_back(tx->catalog, tx->conn);
    tx_free(tx);
}

struct catalog *
tx_catalog(struct tx *tx)
{
    return tx->catalog;
}

void
tx_on_commit(struct tx *tx, void (*fn)(void *arg), void *arg)
{
    if (tx->hooks_count == tx->hooks_cap) {
        tx->hooks_cap = tx->hooks_cap > 0 ? tx->hooks_cap * 2 : 4;
        tx->hooks = xrealloc(tx->hooks, tx->hooks_cap * sizeof *tx->hooks);
    }
    tx->hooks[tx->hooks_count++] = (struct hook){ fn, arg };
}
