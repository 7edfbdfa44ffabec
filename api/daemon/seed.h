/* seed.h: what a simulated cloud begins with, and the scratch folder it lives in. */
#ifndef DAEMON_SEED_H
#define DAEMON_SEED_H
#include "catalog/catalog.h"

/* Administrator with a random password, roles, service catalog, flavors; writes STATE_DIR/clouds.yaml (0600) and says so on standard output. */
int seed_simulation(struct catalog *catalog, const char *state_dir, const char *base_url, struct cairn_error *err);
/* Removes a folder and what is in it; only for folders that mkdtemp() made. */
void seed_remove_tree(const char *path);
#endif
