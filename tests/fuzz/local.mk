## tests/fuzz/local.mk: random requests at a simulated cloud; a few seconds in make check, minutes in tests/suite --full.
EXTRA_DIST += tests/fuzz/requests
if TESTS
TESTS += tests/fuzz/requests
endif
