/* fake_entry.c: makes a module of the fake storage driver. */
#include "fake.h"

CAIRN_DRIVER_EXPORT(fake_storage)
