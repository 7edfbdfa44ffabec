## tests/unit/local.mk: tests/unit.
