/* host.h: this daemon as a host: what its drivers have goes into the catalog, what its guests do is followed. */
#ifndef DAEMON_HOST_H
#define DAEMON_HOST_H
#include "flow/flow.h"

struct hosting;
struct hosting_options {
    struct catalog *catalog;
    struct plugins *plugins;
    const struct config *config;
    const char *host_name;
    unsigned simulated;         /* 0: this one host; N: hosts sim-0001 ... on the first compute instance */
};
/* Reports the host(s) now, and by the engine's timer from then on. */
int hosting_start(const struct hosting_options *options, struct engine *engine, struct hosting **ret, struct cairn_error *err);
void hosting_stop(struct hosting *h);
/* Shape of plugins_options.event; 'hosting' is a struct hosting **: events before hosting_start() are dropped, for it looks itself. */
void hosting_event(void *hosting, struct driver *driver, const struct cairn_event *event);
#endif
