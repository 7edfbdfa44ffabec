## core/plugin/local.mk: the loader of drivers and plugins, and the one door to each operation.
core_libcore_la_SOURCES += core/plugin/plugin.h core/plugin/compute.h core/plugin/storage.h core/plugin/network.h core/plugin/auth.h \
	core/plugin/internal.h core/plugin/ops.h core/plugin/ops.c core/plugin/check.c core/plugin/module.c core/plugin/search.c \
	core/plugin/dump.c core/plugin/host.c core/plugin/instance.c core/plugin/plugin.c core/plugin/call.c core/plugin/answer.c \
	core/plugin/compute.c core/plugin/storage.c core/plugin/network.c core/plugin/auth.c
