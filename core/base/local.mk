## core/base/local.mk: sources of core/base.
core_libcore_la_SOURCES += \
	core/base/cleanup.h \
	core/base/clock.c core/base/clock.h core/base/clock_wait.h \
	core/base/config.c core/base/config.h core/base/config_value.c \
	core/base/crash.c core/base/crash.h \
	core/base/error.c core/base/error.h \
	core/base/ids.c core/base/ids.h \
	core/base/json.c core/base/json_out.c core/base/json.h \
	core/base/log.c core/base/log.h \
	core/base/pool.c core/base/thread.c core/base/thread.h \
	core/base/run.c core/base/run.h core/base/spawn.c core/base/spawn.h \
	core/base/str.c core/base/base64.c core/base/str.h \
	core/base/tree.c core/base/tree.h
core_libcore_la_SOURCES += core/base/arena.h core/base/arena.c
