/* catalog.h: the one truth.  SQL behind a back-end table: SQLite built in, others by plugin.
 *
 * Everything happens in a transaction.  READ transactions see one snapshot and never wait for writers.  WRITE transactions are
 * one at a time and wait for each other, so keep them short: no driver call, no child, no network inside.
 *
 * SQL is the portable dialect: '?' parameters, text/bigint/double/blob columns, no AUTOINCREMENT, no upsert but
 * "ON CONFLICT ... DO", booleans are 0/1, times are bigint microseconds since 1970, JSON is text.
 *
 * Mistakes in the program are fatal, with a log line: a change in a READ transaction, a column that was not selected.  In
 * developers' builds (--enable-debug) also: a loop to the end of the rows that has not read a selected column of any row, a
 * query that is open when its transaction ends, a thread that waits for its own write transaction.  (Who stops before the end
 * may leave columns unread; what nobody ever read is warned of when the connection closes.)
 *
 * A constraint (CAIRN_EXISTS, CAIRN_CONFLICT, CAIRN_INVALID) costs its statement only; after any other error the transaction
 * can only end, and tx_commit() answers that error.
 *
 * Threads: a struct catalog serves any thread; a struct tx and its rows belong to one thread at a time. */
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H
#include <stddef.h>
#include <stdint.h>
#include <cairn/error.h>
#include "base/cleanup.h"

struct catalog;
struct tx;
struct rows;

enum tx_mode { TX_READ, TX_WRITE };

/* 'url': "sqlite:/path/catalog.db", or "sqlite::memory:" for tests.  Applies missing migrations in one transaction, after a copy of the
 * file (PATH.before-N) when it is an upgrade.  CAIRN_INVALID: the schema is newer than this binary. */
int catalog_open(const char *url, struct catalog **ret, struct cairn_error *err);
void catalog_close(struct catalog *c);
/* A consistent copy while the catalog runs / puts such a copy in place of a closed catalog. */
int catalog_backup(struct catalog *c, const char *path, struct cairn_error *err);
int catalog_restore(const char *url, const char *backup_path, struct cairn_error *err);
/* Integrity check of the back end and of foreign keys. */
int catalog_check(struct catalog *c, struct cairn_error *err);
int64_t catalog_schema_version(struct catalog *c);

int tx_begin(struct catalog *c, enum tx_mode mode, struct tx **ret, struct cairn_error *err);
/* Ends it; the tx is gone in either case.  A failed commit has changed nothing.  What a commit changed is on the disk when it
 * returns 0, and so is all that it had read; others may see it a moment earlier. */
int tx_commit(struct tx *tx, struct cairn_error *err);
void tx_rollback(struct tx *tx);                /* NULL is allowed */
static inline void cleanup_tx(struct tx **tx) { tx_rollback(*tx); }
#define CLEANUP_TX CLEANUP(cleanup_tx)          /* rolls back unless committed: tx_commit(steal(&tx), err) */
struct catalog *tx_catalog(struct tx *tx);
/* Calls fn(arg) after a successful commit, outside every lock; not after a rollback. */
void tx_on_commit(struct tx *tx, void (*fn)(void *arg), void *arg);

/* Parameters by a type string: 's' const char * (NULL: null), 'i' int64_t, 'd' double, 'b' const void *, size_t, 'n' null (no argument).
 * INTEGER ARGUMENTS MUST BE int64_t: cast. */
int tx_exec(struct tx *tx, struct cairn_error *err, const char *sql, const char *types, ...);
int64_t tx_changes(struct tx *tx);              /* rows changed by the last tx_exec() */
int tx_query(struct tx *tx, struct rows **ret, struct cairn_error *err, const char *sql, const char *types, ...);
/* First row's first column; '*ret' (malloc'd) NULL when there is no row or it is null. */
int tx_text(struct tx *tx, char **ret, struct cairn_error *err, const char *sql, const char *types, ...);
/* The same as an integer; 'dflt' when there is no row or it is null. */
int tx_int(struct tx *tx, int64_t *ret, int64_t dflt, struct cairn_error *err, const char *sql, const char *types, ...);

/* For statements that are put together at run time. */
struct sql_value { char type; int64_t i; double d; const void *p; size_t len; };     /* type as above; 's': p */
int tx_exec_v(struct tx *tx, struct cairn_error *err, const char *sql, const struct sql_value *values, size_t count);
int tx_query_v(struct tx *tx, struct rows **ret, struct cairn_error *err, const char *sql, const struct sql_value *values, size_t count);

/* 1: a row is current; 0: no more; -1: error. */
int rows_next(struct rows *r, struct cairn_error *err);
void rows_close(struct rows *r);                /* NULL is allowed */
static inline void cleanup_rows(struct rows **r) { rows_close(*r); }
#define CLEANUP_ROWS CLEANUP(cleanup_rows)
/* Columns by name (asserts that it was selected); borrowed until the next rows_next().  Text of a null is NULL, int 0. */
const char *row_text(struct rows *r, const char *column);
int64_t row_int(struct rows *r, const char *column);
double row_real(struct rows *r, const char *column);
int row_null(struct rows *r, const char *column);
const void *row_blob(struct rows *r, const char *column, size_t *ret_len);
/* 1: a column of that name was selected (a row need not be current). */
int rows_has(const struct rows *r, const char *column);
/* By position, for engines that built the select list themselves. */
int rows_columns(struct rows *r);
const char *row_text_at(struct rows *r, int i);
int64_t row_int_at(struct rows *r, int i);
double row_real_at(struct rows *r, int i);
int row_null_at(struct rows *r, int i);

/* Constraint failures come as CAIRN_EXISTS (unique) and CAIRN_CONFLICT (foreign key) so that callers can turn them into faults. */
/* Is this a pattern that SQL's regexp_like(text, ?, 'i') takes?  CAIRN_INVALID with a sentence for whoever wrote it. */
int catalog_check_pattern(const char *pattern, struct cairn_error *err);
#endif
