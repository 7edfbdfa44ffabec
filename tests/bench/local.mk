## tests/bench/local.mk: tests/bench.
