## tests/image/local.mk: tests/image.
EXTRA_DIST += tests/image/mkpower tests/image/power.S
