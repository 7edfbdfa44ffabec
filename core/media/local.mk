## core/media/local.mk: sources of core/media.
core_libcore_la_SOURCES += core/media/inspect.c core/media/inspect.h core/media/inspect_parts.h core/media/inspect_formats.c core/media/intake.h core/media/intake.c
