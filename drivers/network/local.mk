## drivers/network/local.mk: the network drivers.

NETWORK_FAKE = drivers/network/fake.c drivers/network/fake.h $(SIM_SOURCES)
if FAKE
drivers_LTLIBRARIES += drivers/network/network-fake.la
drivers_network_network_fake_la_SOURCES = drivers/network/fake_entry.c $(NETWORK_FAKE)
drivers_network_network_fake_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
drivers_network_network_fake_la_LDFLAGS = $(MODULE_LDFLAGS)
endif
if TESTS
noinst_LTLIBRARIES += drivers/network/network-debug.la
drivers_network_network_debug_la_SOURCES = drivers/network/debug.c $(DEBUG_SOURCES) $(NETWORK_FAKE)
drivers_network_network_debug_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
drivers_network_network_debug_la_LDFLAGS = $(LDFLAGS_DEBUG_MODULE)
endif

if LINUXBRIDGE
drivers_LTLIBRARIES += drivers/network/network-linuxbridge.la
drivers_network_network_linuxbridge_la_SOURCES = \
	drivers/network/linuxbridge/linuxbridge.h \
	drivers/network/linuxbridge/driver.c \
	drivers/network/linuxbridge/network.c \
	drivers/network/linuxbridge/port.c \
	drivers/network/linuxbridge/filter.c \
	drivers/network/linuxbridge/nft.c \
	drivers/network/linuxbridge/dhcp.c \
	drivers/network/linuxbridge/rtnl.c \
	drivers/network/linuxbridge/netns.c \
	drivers/network/linuxbridge/names.c
drivers_network_network_linuxbridge_la_CPPFLAGS = $(MODULE_CPPFLAGS) $(LIBNFTABLES_CFLAGS)
drivers_network_network_linuxbridge_la_CFLAGS = $(AM_CFLAGS) -pthread
drivers_network_network_linuxbridge_la_LDFLAGS = $(MODULE_LDFLAGS)
drivers_network_network_linuxbridge_la_LIBADD = $(LIBNFTABLES_LIBS)
endif
