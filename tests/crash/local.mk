## tests/crash/local.mk: tests/crash.
