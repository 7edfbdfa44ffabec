## drivers/compute/local.mk: the compute drivers.

if KVM
## the module starts a thread in libvirt's event loop, which libvirt keeps for the life of the process: so it stays mapped
drivers_LTLIBRARIES += drivers/compute/compute-kvm.la
drivers_compute_compute_kvm_la_SOURCES = drivers/compute/kvm/kvm.h drivers/compute/kvm/kvm.c drivers/compute/kvm/conn.c \
	drivers/compute/kvm/console.c drivers/compute/kvm/device_xml.c drivers/compute/kvm/devices.c drivers/compute/kvm/domain_xml.c \
	drivers/compute/kvm/events.c drivers/compute/kvm/options.c drivers/compute/kvm/power.c drivers/compute/kvm/probe.c \
	drivers/compute/kvm/probe_rom.c drivers/compute/kvm/probe_rom.h \
	drivers/compute/kvm/snapshot.c drivers/compute/kvm/stats.c drivers/compute/kvm/xml.c
drivers_compute_compute_kvm_la_CPPFLAGS = $(MODULE_CPPFLAGS)
drivers_compute_compute_kvm_la_CFLAGS = $(AM_CFLAGS) $(LIBVIRT_CFLAGS) $(LIBXML_CFLAGS)
drivers_compute_compute_kvm_la_LDFLAGS = $(MODULE_LDFLAGS) -Wl,-z,nodelete
drivers_compute_compute_kvm_la_LIBADD = $(LIBVIRT_LIBS) $(LIBXML_LIBS) -lpthread
endif

COMPUTE_FAKE = drivers/compute/fake.c drivers/compute/fake.h $(SIM_SOURCES)
if FAKE
drivers_LTLIBRARIES += drivers/compute/compute-fake.la
drivers_compute_compute_fake_la_SOURCES = drivers/compute/fake_entry.c $(COMPUTE_FAKE)
drivers_compute_compute_fake_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
drivers_compute_compute_fake_la_LDFLAGS = $(MODULE_LDFLAGS)
endif
if TESTS
noinst_LTLIBRARIES += drivers/compute/compute-debug.la
drivers_compute_compute_debug_la_SOURCES = drivers/compute/debug.c $(DEBUG_SOURCES) $(COMPUTE_FAKE)
drivers_compute_compute_debug_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
drivers_compute_compute_debug_la_LDFLAGS = $(LDFLAGS_DEBUG_MODULE)
endif
