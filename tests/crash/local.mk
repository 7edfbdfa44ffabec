## tests/crash/local.mk: kill -9 at every step of every flow, then nothing may be lost or left over.
check_PROGRAMS += tests/crash/host
tests_crash_host_SOURCES = tests/crash/host.c
tests_crash_host_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_crash_host_LDADD = core/libcore.la
EXTRA_DIST += tests/crash/run tests/crash/crash.py
