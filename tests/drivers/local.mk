## tests/drivers/local.mk: tests/drivers.
