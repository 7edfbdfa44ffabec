/* fake.h: compute driver "fake": its table, for the modules that are made of it. */
#ifndef DRIVERS_COMPUTE_FAKE_H
#define DRIVERS_COMPUTE_FAKE_H
#include <cairn/compute.h>
#include "fake/sim.h"

extern const struct cairn_compute_driver fake_compute;
#endif
