## tests/drivers/local.mk: tests/drivers.

if LINUXBRIDGE
if TESTS
check_PROGRAMS += tests/drivers/linuxbridge_test tests/drivers/tapguest
tests_drivers_linuxbridge_test_SOURCES = tests/drivers/linuxbridge_test.c
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
