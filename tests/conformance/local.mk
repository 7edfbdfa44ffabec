## tests/conformance/local.mk: tests/conformance.
