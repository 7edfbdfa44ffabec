/* sqlite.c: the built-in back end: SQLite with a write-ahead log, synced before a commit is said to be done, foreign keys on. */
#include "config.h"
#define LOG_MODULE "sqlite"
#include "catalog/sqlite_private.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"

enum { BUSY_MS = 10000 };       /* another process (cairnd --host) may hold the write lock */

struct backend_conn {
    sqlite3 *db;
    sqlite3_stmt *begin_read, *begin_write, *snapshot, *commit, *rollback;
    struct log_sync *log;       /* the writer's */
    int64_t changes;            /* rows changed when the transaction began */
    int changed;                /* what was committed last changed something */
};

struct backend_stmt {
    sqlite3_stmt *st;
    sqlite3 *db;
    int params;
};

static uint32_t
code_of(sqlite3 *db, int rc)
{
    switch (rc) {       /* extended codes first */
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return CAIRN_EXISTS;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
    case SQLITE_CONSTRAINT_TRIGGER:
        return CAIRN_CONFLICT;
    case SQLITE_CONSTRAINT_NOTNULL:
    case SQLITE_CONSTRAINT_CHECK:
        return CAIRN_INVALID;
    }
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return CAIRN_NO_SPACE;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
        return CAIRN_UNAVAILABLE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return CAIRN_CORRUPT;
    case SQLITE_TOOBIG:
        return CAIRN_TOO_LARGE;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return CAIRN_DENIED;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return db != NULL && sqlite3_system_errno(db) != 0 ? cairn_code_of_errno(sqlite3_system_errno(db)) : CAIRN_INTERNAL;
    }
    return CAIRN_INTERNAL;
}

int
sqlite_fail(sqlite3 *db, int rc, struct cairn_error *err)
{
    const char *text = db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
    int sys_errno = db != NULL ? sqlite3_system_errno(db) : 0;

    switch (rc & 0xff) {
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        if (sys_errno != 0)
            return cairn_fail(err, code_of(db, rc), "catalog: %s: %s", text, strerror(sys_errno));
    }
    return cairn_fail(err, code_of(db, rc), "catalog: %s", text);
}

/* SQLite's own notes: the damage and the failing disks, not the constraints that callers handle. */
static void
on_note(void *arg, int rc, const char *text)
{
    (void)arg;
    switch (rc & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_IOERR:
    case SQLITE_FULL:
        log_error("%s (%d)", text, rc);
        break;
    default:
        log_debug("%s (%d)", text, rc);
    }
}

static void
configure_library(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);     /* its counters take a global lock at each allocation */
    sqlite3_config(SQLITE_CONFIG_LOG, on_note, NULL);
}

static int
in_memory(const char *rest)
{
    return str_eq(rest, ":memory:");
}

static void
disconnect(struct backend_conn *conn)
{
    if (conn == NULL)
        return;
    sqlite3_finalize(conn->begin_read);
    sqlite3_finalize(conn->begin_write);
    sqlite3_finalize(conn->snapshot);
    sqlite3_finalize(conn->commit);
    sqlite3_finalize(conn->rollback);
    sqlite3_close_v2(conn->db);
    log_sync_free(conn->log);
    free(conn);
}

static void cleanup_backend_conn(struct backend_conn **conn) { disconnect(*conn); }

static int
prepare_own(struct backend_conn *conn, const char *sql, sqlite3_stmt **ret, struct cairn_error *err)
{
    int rc = sqlite3_prepare_v3(conn->db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);

    return rc == SQLITE_OK ? 0 : sqlite_fail(conn->db, rc, err);
}

static int
set_up(struct backend_conn *conn, int read_only, struct cairn_error *err)
{
    static const char common[] =
        "pragma foreign_keys=on; pragma trusted_schema=off; pragma temp_store=memory;";
    /* "normal" leaves the sync of the log to durable(), which needs no turn of the writer's for it. */
    static const char writer[] =
        "pragma journal_mode=wal; pragma synchronous=normal; pragma cache_size=-8000; pragma journal_size_limit=67108864; pragma mmap_size=67108864;"
        "pragma wal_autocheckpoint=4000;";
    /* Not mapped: SQLite drops a reader's map with every commit of the writer's, and the faults cost more than reads do. */
    static const char reader[] = "pragma query_only=on; pragma cache_size=-2000;";
    const struct { const char *sql; sqlite3_stmt **st; } own[] = {
        { "begin deferred", &conn->begin_read },
        { "begin immediate", &conn->begin_write },
        { "select 1 from sqlite_schema limit 1", &conn->snapshot },
        { "commit", &conn->commit },
        { "rollback", &conn->rollback },
    };
    int rc;

    sqlite3_extended_result_codes(conn->db, 1);
    sqlite3_busy_timeout(conn->db, BUSY_MS);
    rc = sqlite3_exec(conn->db, common, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite_add_regexp(conn->db);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(conn->db, read_only ? reader : writer, NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        return sqlite_fail(conn->db, rc, err);
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        if (prepare_own(conn, own[i].sql, own[i].st, err) < 0)
            return -1;
    return 0;
}

static int
connect_sqlite(const char *rest, int read_only, struct backend_conn **ret, struct cairn_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    CLEANUP(cleanup_backend_conn) struct backend_conn *conn = xcalloc(1, sizeof *conn);
    /* A reader opens for writing too: the log's index is shared memory.  query_only keeps it a reader. */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (in_memory(rest) ? SQLITE_OPEN_CREATE : 0);
    int rc;

    pthread_once(&once, configure_library);
    if (!read_only && !in_memory(rest) && sqlite_make_private(rest, err) < 0)
        return -1;
    rc = sqlite3_open_v2(rest, &conn->db, flags, NULL);
    if (rc != SQLITE_OK) {
        sqlite_fail(conn->db, rc, err);
        return cairn_error_context(err, "cannot open '%s'", rest);
    }
    if (set_up(conn, read_only, err) < 0)
        return cairn_error_context(err, "cannot open '%s'", rest);
    if (!read_only && !in_memory(rest))
        conn->log = log_sync_new(rest);
    *ret = steal(&conn);
    return 0;
}

/* For statements without rows that matter. */
static int
run_own(struct backend_conn *conn, sqlite3_stmt *st, struct cairn_error *err)
{
    int rc = sqlite3_step(st);

    if (rc != SQLITE_DONE && rc != SQLITE_ROW) {
        sqlite_fail(conn->db, rc, err);
        sqlite3_reset(st);
        return -1;
    }
    sqlite3_reset(st);
    return 0;
}

static void
rollback(struct backend_conn *conn)
{
    struct cairn_error err = CAIRN_ERROR_INIT;

    /* After a full disk and the like SQLite has rolled back by itself. */
    if (!sqlite3_get_autocommit(conn->db) && run_own(conn, conn->rollback, &err) < 0)
        log_error("cannot roll back: %s", err.message);
}

static int
begin(struct backend_conn *conn, enum tx_mode mode, struct cairn_error *err)
{
    conn->changes = sqlite3_total_changes64(conn->db);
    if (mode == TX_WRITE)
        return run_own(conn, conn->begin_write, err);
    if (run_own(conn, conn->begin_read, err) < 0)
        return -1;
    /* "deferred" would take its snapshot at the first query: take it now. */
    if (run_own(conn, conn->snapshot, err) < 0) {
        rollback(conn);
        return -1;
    }
    return 0;
}

static int
commit(struct backend_conn *conn, struct cairn_error *err)
{
    if (sqlite3_get_autocommit(conn->db))
        return cairn_fail(err, CAIRN_INTERNAL, "catalog: the transaction was rolled back by the database");
    if (run_own(conn, conn->commit, err) < 0) {
        rollback(conn);
        return -1;
    }
    conn->changed = sqlite3_total_changes64(conn->db) != conn->changes;
    return 0;
}

static uint64_t
committed(struct backend_conn *conn)
{
    return conn->log != NULL && conn->changed ? log_sync_written(conn->log) : 0;
}

static void
durable(struct backend_conn *conn, uint64_t ticket)
{
    if (ticket > 0)
        log_sync_wait(conn->log, ticket);
}

static int
script(struct backend_conn *conn, const char *sql, struct cairn_error *err)
{
    int rc = sqlite3_exec(conn->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : sqlite_fail(conn->db, rc, err);
}

static int
prepare(struct backend_conn *conn, const char *sql, struct backend_stmt **ret, struct cairn_error *err)
{
    struct backend_stmt *stmt;
    const char *tail = NULL;
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v3(conn->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, &tail);

    if (rc != SQLITE_OK)
        return sqlite_fail(conn->db, rc, err);
    if (st == NULL || tail[strspn(tail, " \t\r\n;")] != '\0') {
        sqlite3_finalize(st);
        return cairn_fail(err, CAIRN_INTERNAL, "catalog: one statement is wanted");
    }
    stmt = xmalloc(sizeof *stmt);
    *stmt = (struct backend_stmt){ st, conn->db, sqlite3_bind_parameter_count(st) };
    *ret = stmt;
    return 0;
}

static void
finalize(struct backend_stmt *stmt)
{
    sqlite3_finalize(stmt->st);
    free(stmt);
}

static int
bind_one(sqlite3_stmt *st, int at, const struct sql_value *v, sqlite3_destructor_type lifetime)
{
    switch (v->p == NULL && (v->type == 's' || v->type == 'b') ? 'n' : v->type) {
    case 's':
        return sqlite3_bind_text(st, at, v->p, -1, lifetime);
    case 'i':
        return sqlite3_bind_int64(st, at, v->i);
    case 'd':
        return sqlite3_bind_double(st, at, v->d);
    case 'b':
        return sqlite3_bind_blob64(st, at, v->p, v->len, lifetime);
    case 'n':
        return sqlite3_bind_null(st, at);
    }
    return SQLITE_MISUSE;
}

static int
bind(struct backend_stmt *stmt, const struct sql_value *values, size_t count, int copy, struct cairn_error *err)
{
    if (count != (size_t)stmt->params)
        return cairn_fail(err, CAIRN_INTERNAL, "catalog: %zu parameters given, %d wanted", count, stmt->params);
    for (size_t i = 0; i < count; i++) {
        int rc = bind_one(stmt->st, (int)i + 1, &values[i], copy ? SQLITE_TRANSIENT : SQLITE_STATIC);

        if (rc != SQLITE_OK)
            return sqlite_fail(stmt->db, rc, err);
    }
    return 0;
}

static int
step(struct backend_stmt *stmt, struct cairn_error *err)
{
    int rc = sqlite3_step(stmt->st);

    if (rc == SQLITE_ROW)
        return 1;
    return rc == SQLITE_DONE ? 0 : sqlite_fail(stmt->db, rc, err);
}

static void
reset(struct backend_stmt *stmt)
{
    sqlite3_reset(stmt->st);
    if (stmt->params > 0)
        sqlite3_clear_bindings(stmt->st);
}

static int64_t changes(struct backend_conn *conn) { return sqlite3_changes64(conn->db); }
static int columns(struct backend_stmt *stmt) { return sqlite3_column_count(stmt->st); }
static const char *column_name(struct backend_stmt *stmt, int i) { return sqlite3_column_name(stmt->st, i); }
static const char *column_text(struct backend_stmt *stmt, int i) { return (const char *)sqlite3_column_text(stmt->st, i); }
static int64_t column_int(struct backend_stmt *stmt, int i) { return sqlite3_column_int64(stmt->st, i); }
static double column_real(struct backend_stmt *stmt, int i) { return sqlite3_column_double(stmt->st, i); }
static int column_null(struct backend_stmt *stmt, int i) { return sqlite3_column_type(stmt->st, i) == SQLITE_NULL; }

static const void *
column_blob(struct backend_stmt *stmt, int i, size_t *ret_len)
{
    const void *bytes = sqlite3_column_blob(stmt->st, i);

    *ret_len = (size_t)sqlite3_column_bytes(stmt->st, i);
    return bytes;
}

static int
backup(struct backend_conn *conn, const char *path, struct cairn_error *err)
{
    return sqlite_backup(conn->db, path, err);
}

/* The first finding of a pragma that lists faults, "ok" if it lists none. */
static int
first_finding(sqlite3 *db, const char *pragma, const char *what, struct cairn_error *err)
{
    sqlite3_stmt *st;
    int rc = sqlite3_prepare_v2(db, pragma, -1, &st, NULL), result = 0;

    if (rc != SQLITE_OK)
        return sqlite_fail(db, rc, err);
    rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(st, 0);

        if (!str_eq(text, "ok"))
            result = cairn_fail(err, CAIRN_CORRUPT, "catalog: %s: %s", what, text != NULL ? text : "?");
    } else if (rc != SQLITE_DONE) {
        result = sqlite_fail(db, rc, err);
    }
    sqlite3_finalize(st);
    return result;
}

static int
check(struct backend_conn *conn, struct cairn_error *err)
{
    if (first_finding(conn->db, "pragma integrity_check(1)", "the file is damaged", err) < 0)
        return -1;
    return first_finding(conn->db, "pragma foreign_key_check", "rows that refer to nothing in table", err);
}

const struct catalog_backend catalog_sqlite = {
    .scheme = "sqlite",
    .single = in_memory,
    .connect = connect_sqlite,
    .disconnect = disconnect,
    .begin = begin,
    .commit = commit,
    .committed = committed,
    .durable = durable,
    .rollback = rollback,
    .script = script,
    .prepare = prepare,
    .finalize = finalize,
    .bind = bind,
    .step = step,
    .reset = reset,
    .changes = changes,
    .columns = columns,
    .column_name = column_name,
    .column_text = column_text,
    .column_int = column_int,
    .column_real = column_real,
    .column_null = column_null,
    .column_blob = column_blob,
    .backup = backup,
    .check = check,
    .copy_path = sqlite_copy_path,
    .restore = sqlite_restore,
};
