/* fake.h: network driver "fake": its table, for the modules that are made of it. */
#ifndef DRIVERS_NETWORK_FAKE_H
#define DRIVERS_NETWORK_FAKE_H
#include <cairn/network.h>
#include "fake/sim.h"

extern const struct cairn_network_driver fake_network;
#endif
