/* fake_entry.c: makes a module of the fake network driver. */
#include "fake.h"

CAIRN_DRIVER_EXPORT(fake_network)
