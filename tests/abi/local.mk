## tests/abi/local.mk: the ABI has not moved; a vendor's driver builds and loads.
EXTRA_DIST += tests/abi/vendor.sh tests/abi/symbols.sh tests/abi/headers.sh tests/abi/vendor/acme.c tests/abi/vendor/greeter.c tests/abi/vendor/Makefile
if TESTS
check_PROGRAMS += tests/abi/layout
tests_abi_layout_SOURCES = tests/abi/layout.c tests/abi/layout_v1.h
tests_abi_layout_CPPFLAGS = $(MODULE_CPPFLAGS)
tests_abi_layout_CFLAGS = $(AM_CFLAGS)
TESTS += tests/abi/layout tests/abi/symbols.sh tests/abi/headers.sh tests/abi/vendor.sh
endif
