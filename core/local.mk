## core/local.mk: floors 1 to 4, one convenience library.
cairninclude_HEADERS = core/include/cairn/error.h core/include/cairn/driver.h core/include/cairn/connection.h \
	core/include/cairn/compute.h core/include/cairn/storage.h core/include/cairn/network.h core/include/cairn/scheduler.h \
	core/include/cairn/filter.h core/include/cairn/auth.h
pkgconfig_DATA = core/cairn-driver.pc

noinst_LTLIBRARIES += core/libcore.la
core_libcore_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(SQLITE_CFLAGS) $(INIH_CFLAGS) $(CRYPTO_CFLAGS) $(PCRE2_CFLAGS)
core_libcore_la_LIBADD = $(JANSSON_LIBS) $(SQLITE_LIBS) $(INIH_LIBS) $(CRYPTO_LIBS) $(PCRE2_LIBS) -lm -lpthread
core_libcore_la_SOURCES =
include core/base/local.mk
include core/catalog/local.mk
include core/plugin/local.mk
include core/task/local.mk
include core/flow/local.mk
include core/schedule/local.mk
include core/media/local.mk
