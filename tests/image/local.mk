## tests/image/local.mk: tests/image.
