## tests/beds/local.mk: tests/beds.
