/* unit_cloud.h: a cloud of fake drivers on a catalog in the test's folder, and SQL in one line. */
#ifndef TESTS_UNIT_CLOUD_H
#define TESTS_UNIT_CLOUD_H
#include "unit.h"
#include "base/config.h"
#include "catalog/catalog.h"
#include "plugin/plugin.h"

extern struct cairn_error err;          /* of the last call that failed */
extern struct catalog *catalog;
extern struct config *config;
extern struct plugins *plugins;

/* A test begins: no error, no log, a folder of its own. */
void unit_begin(void);
/* Opens SCRATCH/catalog.db; again after a catalog_close(). */
void unit_catalog(void);
/* Reads the configuration 'text' and opens the plugins, which are looked for at 'path' (NULL: where the daemon does); loads none.  'event' may be
 * NULL.  State is kept in SCRATCH, run_dir is SCRATCH/run. */
void unit_plugins(const char *text, const struct config_section *sections, const char *path,
                  void (*event)(void *arg, struct driver *d, const struct cairn_event *event));
/* unit_begin(), a catalog, and fake drivers: compute "c1", storage "s1", network "n1".  'sections' has "daemon" with "state_dir". */
void unit_cloud(const struct config_section *sections);
/* Closes what is open of all this, and removes the folder. */
void unit_end(void);

/* --- one statement in a transaction of its own */
void sql(const char *fmt, ...) CAIRN_PRINTF(1, 2);
int64_t number(const char *query);      /* -1: no row */
const char *text_of(const char *query); /* "(null)" for none; good until the next call */
#endif
