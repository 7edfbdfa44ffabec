/* private.h: what the files of the catalog share: connections, their statements, transactions, cursors. */
#ifndef CATALOG_PRIVATE_H
#define CATALOG_PRIVATE_H
#include <pthread.h>
#include "base/thread.h"
#include "catalog/backend.h"
#include "catalog/migrate.h"

enum { STMT_BUCKETS = 128, STMT_MAX = 256, READERS_MAX = 16, COLUMNS_MAX = 256, PARAMS_MAX = 128 };

struct column_set { uint64_t bits[COLUMNS_MAX / 64]; };

/* A prepared statement.  Lives in its connection's table until it is the one longest unused of too many. */
struct stmt {
    struct stmt *next;              /* in its bucket */
    struct conn *conn;
    uint64_t hash, used;            /* 'used': the connection's tick */
    char *sql;
    struct backend_stmt *handle;
    int busy;                       /* a cursor is open on it */
    int loose;                      /* in no table: the one in the table was busy; goes away with its cursor */
    int columns;
    int repeated_names;             /* two columns of one name: the first counts */
    char **names;
#ifdef CAIRN_DEBUG
    struct column_set read;         /* columns that anybody has ever read */
    int gave_rows;
#endif
};

/* One connection; used by one transaction at a time. */
struct conn {
    const struct catalog_backend *backend;
    struct backend_conn *handle;
    struct stmt *buckets[STMT_BUCKETS];
    unsigned count;
    uint64_t tick;
    struct conn *next_idle;
};

/* A thread that waits for the writer's connection. */
struct waiter {
    struct cond turn;
    pthread_t thread;
    int granted;
    struct waiter *next;
};

struct catalog {
    const struct catalog_backend *backend;
    char *url;
    const char *rest;               /* within url */
    const struct catalog_migration *steps;
    int64_t version;
    int single;                     /* all of these: immutable after open */
    struct conn *writer;            /* whoever has the turn uses it */

    struct mutex lock;              /* held for moments only: never while SQL runs */
    int writer_busy GUARDED_BY(lock);
    pthread_t writer_thread GUARDED_BY(lock);
    struct waiter *first GUARDED_BY(lock), **last GUARDED_BY(lock);     /* in order of arrival */
    struct conn *idle GUARDED_BY(lock);                                 /* readers; the last used first */
    unsigned readers GUARDED_BY(lock);
    struct cond reader_back;
};

struct hook {
    void (*fn)(void *arg);
    void *arg;
};

struct tx {
    struct catalog *catalog;
    struct conn *conn;
    enum tx_mode mode;
    struct rows *open;              /* cursors */
    int64_t changes;
    struct cairn_error *failure;    /* owned; NULL: well so far.  Else nothing more is done and commit fails */
    struct hook *hooks;
    size_t hooks_count, hooks_cap;
};

struct rows {
    struct tx *tx;                  /* NULL: its transaction is over */
    struct stmt *stmt;
    struct rows *prev, *next;
    int on_row, at_end, gave_rows;
    int next_column;                /* where the next look for a name begins */
    struct column_set read;
};

/* connection.c */
int conn_open(const struct catalog_backend *backend, const char *rest, int read_only, struct conn **ret, struct cairn_error *err);
void conn_close(struct conn *conn);
int conn_statement(struct conn *conn, const char *sql, struct stmt **ret, struct cairn_error *err);
void stmt_release(struct stmt *stmt);

/* catalog.c */
int catalog_backend_of(const char *url, const struct catalog_backend **ret, const char **ret_rest, struct cairn_error *err);
/* The writer's turn, first come first served. */
void catalog_take_writer(struct catalog *c) EXCLUDES(c->lock);
void catalog_give_writer(struct catalog *c) EXCLUDES(c->lock);
/* A mistake in our own code: says it and ends the process. */
void catalog_bug(const char *fmt, ...) CAIRN_PRINTF(1, 2) __attribute__((noreturn));

/* rows.c: ends the cursors that a transaction left open. */
void rows_abandon(struct tx *tx);

static inline void column_set_add(struct column_set *s, int i) { s->bits[i / 64] |= UINT64_C(1) << (i % 64); }
static inline int column_set_has(const struct column_set *s, int i) { return (int)(s->bits[i / 64] >> (i % 64) & 1); }
#endif
