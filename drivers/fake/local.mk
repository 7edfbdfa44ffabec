## drivers/fake/local.mk: what the fake and debug drivers of all kinds share.  Each is its own few sources, compiled into each of the two.
DRIVER_CPPFLAGS = $(MODULE_CPPFLAGS) -DDRIVER_VERSION='"$(VERSION)"' -D_GNU_SOURCE -I$(top_srcdir)/drivers
SIM_SOURCES = drivers/fake/sim.c drivers/fake/sim.h
DEBUG_SOURCES = drivers/fake/debug.h
## A module that only tests load is shared because of its -rpath, and goes nowhere.
LDFLAGS_DEBUG_MODULE = $(MODULE_LDFLAGS) -rpath /nowhere
