## tests/abi/local.mk: tests/abi.
