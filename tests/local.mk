## tests/local.mk: each folder of tests has its own part.
if TESTS
include tests/unit/local.mk
endif
include tests/drivers/local.mk
include tests/abi/local.mk
include tests/api/local.mk
include tests/fuzz/local.mk
include tests/crash/local.mk
include tests/conformance/local.mk
include tests/bench/local.mk
include tests/beds/local.mk
include tests/image/local.mk
