## core/task/local.mk: durable tasks.
core_libcore_la_SOURCES += core/task/task.h core/task/task.c
