## tests/drivers/local.mk: tests/drivers.

if LINUXBRIDGE
if TESTS
check_PROGRAMS += tests/drivers/linuxbridge_test tests/drivers/tapguest
tests_drivers_linuxbridge_test_SOURCES = tests/drivers/linuxbridge_test.c tests/drivers/linuxbridge_bed.h tests/drivers/linuxbridge_bed.c \
	tests/drivers/linuxbridge_guests.c tests/drivers/linuxbridge_traffic.c
tests_drivers_linuxbridge_test_CPPFLAGS = $(MODULE_CPPFLAGS)
tests_drivers_linuxbridge_test_CFLAGS = $(AM_CFLAGS) -pthread
tests_drivers_linuxbridge_test_LDFLAGS = $(AM_LDFLAGS) -pthread
tests_drivers_tapguest_SOURCES = tests/drivers/tapguest.c
tests_drivers_tapguest_CPPFLAGS = $(MODULE_CPPFLAGS)
TESTS += tests/drivers/linuxbridge.sh
endif
endif
EXTRA_DIST += tests/drivers/linuxbridge.sh

if TESTS
if KVM
check_PROGRAMS += tests/drivers/kvm_test
tests_drivers_kvm_test_SOURCES = tests/drivers/kvm_test.c tests/drivers/kvm_host.c tests/drivers/kvm_host.h
tests_drivers_kvm_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_drivers_kvm_test_LDADD = core/libcore.la $(CHECK_LIBS) -ldl
TESTS += tests/drivers/kvm.sh
endif
endif
EXTRA_DIST += tests/drivers/kvm.sh

## the conformance kit, for us and for vendors
bin_PROGRAMS += cairn-driver-check
cairn_driver_check_SOURCES = tests/drivers/check.c tests/drivers/check.h tests/drivers/check_storage.c tests/drivers/check_compute.c \
	tests/drivers/check_network.c
cairn_driver_check_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
cairn_driver_check_LDADD = core/libcore.la
EXTRA_DIST += tests/drivers/check.sh tests/drivers/check_lab.sh
dist_man_MANS += tests/drivers/cairn-driver-check.1
if TESTS
TESTS += tests/drivers/check.sh tests/drivers/check_lab.sh
endif

if TESTS
if FILE
check_PROGRAMS += tests/drivers/file_test
tests_drivers_file_test_SOURCES = tests/drivers/file_test.c
tests_drivers_file_test_CFLAGS = $(UNIT_CFLAGS)
tests_drivers_file_test_LDADD = $(UNIT_LIBS)
TESTS += tests/drivers/file_test
endif
endif

if TESTS
check_PROGRAMS += tests/drivers/debug_test
tests_drivers_debug_test_SOURCES = tests/drivers/debug_test.c
tests_drivers_debug_test_CFLAGS = $(UNIT_CFLAGS)
tests_drivers_debug_test_LDADD = $(UNIT_LIBS)
TESTS += tests/drivers/debug_test
endif

if TESTS
if RBD
check_PROGRAMS += tests/drivers/rbd_test
tests_drivers_rbd_test_SOURCES = tests/drivers/rbd_test.c
tests_drivers_rbd_test_CFLAGS = $(UNIT_CFLAGS)
tests_drivers_rbd_test_LDADD = $(UNIT_LIBS)
TESTS += tests/drivers/rbd.sh
endif
endif
EXTRA_DIST += tests/drivers/rbd.sh
