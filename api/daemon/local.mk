## api/daemon/local.mk: sources of api/daemon.
api_libapi_la_SOURCES += \
	api/daemon/control.c \
	api/daemon/control.h \
	api/daemon/control_line.c \
	api/daemon/control_line.h
api_libapi_la_SOURCES += api/daemon/services.h api/daemon/services.c
api_libapi_la_SOURCES += api/daemon/settings.h api/daemon/settings.c api/daemon/host.h api/daemon/host.c api/daemon/seed.h api/daemon/seed.c
sbin_PROGRAMS += cairnd
cairnd_SOURCES = api/daemon/cairnd.c
cairnd_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(MICROHTTPD_CFLAGS)
cairnd_LDADD = api/libapi.la core/libcore.la
