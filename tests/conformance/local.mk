## tests/conformance/local.mk: Tempest.
EXTRA_DIST += tests/conformance/run tests/conformance/passing tests/conformance/identity tests/conformance/simulated tests/conformance/passing-quick tests/conformance/passing-object tests/conformance/passing-simulated
