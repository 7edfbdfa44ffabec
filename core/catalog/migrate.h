/* migrate.h: numbered steps of the schema.  Within the catalog. */
#ifndef CATALOG_MIGRATE_H
#define CATALOG_MIGRATE_H
#include "catalog/catalog.h"

/* 'number' is the file's, ascending, gaps allowed; 0 ends the table. */
struct catalog_migration {
    int64_t number;
    const char *name;
    const char *sql;
};
extern const struct catalog_migration catalog_migrations[];     /* schema.c, made at build time */

/* catalog_open() with a schema of the caller's: what tests of upgrades need. */
int catalog_open_schema(const char *url, const struct catalog_migration *steps, struct catalog **ret, struct cairn_error *err);

struct conn;
/* Applies what is missing, in one transaction on 'conn' (a writer's, nobody else uses it), after a copy of a catalog that is not new.
 * '*ret_version': the highest step. */
int migrate(struct conn *conn, const char *url, const struct catalog_migration *steps, int64_t *ret_version, struct cairn_error *err);
/* CAIRN_INVALID unless 'conn' holds a catalog that this binary understands. */
int migrate_check(struct conn *conn, const char *url, const struct catalog_migration *steps, struct cairn_error *err);
#endif
