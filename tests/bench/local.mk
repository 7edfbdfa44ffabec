## tests/bench/local.mk: benchmarks and their peers; `make bench-programs` builds them, tests/bench/run runs them.
EXTRA_PROGRAMS = tests/bench/bare tests/bench/rows tests/bench/identity_rows tests/bench/spawn tests/bench/bytes
tests_bench_bare_SOURCES = tests/bench/bare.c
tests_bench_bare_CFLAGS = $(AM_CFLAGS) $(MICROHTTPD_CFLAGS)
tests_bench_bare_LDADD = $(MICROHTTPD_LIBS)
tests_bench_rows_SOURCES = tests/bench/rows.c
tests_bench_rows_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
tests_bench_rows_LDADD = $(SQLITE_LIBS)
tests_bench_identity_rows_SOURCES = tests/bench/identity_rows.c
tests_bench_identity_rows_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
tests_bench_identity_rows_LDADD = $(SQLITE_LIBS)
tests_bench_spawn_SOURCES = tests/bench/spawn.c
tests_bench_spawn_CFLAGS = $(AM_CFLAGS) $(LIBVIRT_CFLAGS)
tests_bench_spawn_LDADD = $(LIBVIRT_LIBS)
tests_bench_bytes_SOURCES = tests/bench/bytes.c
tests_bench_bytes_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS) $(CRYPTO_CFLAGS)
tests_bench_bytes_LDADD = $(SQLITE_LIBS) $(CRYPTO_LIBS) -lpthread
bench-programs: tests/bench/bare tests/bench/rows tests/bench/identity_rows tests/bench/spawn tests/bench/bytes
.PHONY: bench-programs
CLEANFILES += tests/bench/bare tests/bench/rows tests/bench/identity_rows tests/bench/spawn tests/bench/bytes
EXTRA_DIST += tests/bench/identity tests/bench/objects tests/bench/run tests/bench/build
