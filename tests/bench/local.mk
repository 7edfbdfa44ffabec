## tests/bench/local.mk: benchmarks and their peers; `make bench-programs` builds them, tests/bench/run runs them.
EXTRA_PROGRAMS = tests/bench/bare tests/bench/rows tests/bench/identity_rows tests/bench/spawn
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
bench-programs: tests/bench/bare tests/bench/rows tests/bench/identity_rows tests/bench/spawn
.PHONY: bench-programs
CLEANFILES += tests/bench/bare tests/bench/rows tests/bench/identity_rows tests/bench/spawn
EXTRA_DIST += tests/bench/identity tests/bench/run tests/bench/build
