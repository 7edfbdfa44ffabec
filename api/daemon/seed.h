/* seed.h: what a simulated cloud begins with. */
#ifndef DAEMON_SEED_H
#define DAEMON_SEED_H
#include "catalog/catalog.h"

/* Administrator with a random password, roles, service catalog, flavors; writes STATE_DIR/clouds.yaml (0600) and says so on standard output. */
int seed_simulation(struct catalog *catalog, const char *state_dir, const char *base_url, struct cairn_error *err);
#endif
