## core/schedule/local.mk: placement.
core_libcore_la_SOURCES += core/schedule/schedule.h core/schedule/internal.h core/schedule/schedule.c core/schedule/picture.c \
	core/schedule/hosts.c
core_libcore_la_LIBADD += -lm
