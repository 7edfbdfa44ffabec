## tests/api/local.mk: tests/api.
