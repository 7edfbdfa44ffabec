## api/daemon/local.mk: sources of api/daemon.
api_libapi_la_SOURCES += \
	api/daemon/control.c \
	api/daemon/control.h \
	api/daemon/control_line.c \
	api/daemon/control_line.h
