/* metadata.h: the metadata service: answers guests at 169.254.169.254 in every network of this host.
 *
 * Who asks is known by the network whose socket took the connection and by the source address, which port security pins to the port;
 * no header of a guest is believed. */
#ifndef METADATA_METADATA_H
#define METADATA_METADATA_H
#include "catalog/catalog.h"
#include "plugin/plugin.h"

struct metadata_server;
int metadata_start(struct catalog *catalog, struct metadata_server **ret, struct cairn_error *err);
void metadata_stop(struct metadata_server *m);      /* NULL is allowed */
/* Listens in a network from now on (idempotent) / no more.  Shapes of network_on_applied(). */
void metadata_network_up(void *server, struct driver *net, const char *network_id);
void metadata_network_down(void *server, const char *network_id);
/* The network's socket, for a test or for `cairn`; 0: none. */
unsigned metadata_networks(struct metadata_server *m);
#endif
