## drivers/fake/local.mk: what the fake and debug drivers of all kinds share; linked into each of them.
DRIVER_CPPFLAGS = $(MODULE_CPPFLAGS) -DDRIVER_VERSION='"$(VERSION)"' -D_GNU_SOURCE -I$(top_srcdir)/drivers
EXTRA_LTLIBRARIES = drivers/fake/libsim.la
drivers_fake_libsim_la_SOURCES = drivers/fake/sim.c drivers/fake/sim.h drivers/fake/debug.h
drivers_fake_libsim_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
drivers_fake_libsim_la_CFLAGS = $(AM_CFLAGS)
## A module that only tests load is shared because of its -rpath, and goes nowhere.
LDFLAGS_DEBUG_MODULE = $(MODULE_LDFLAGS) -rpath /nowhere
