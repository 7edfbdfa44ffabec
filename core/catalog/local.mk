## core/catalog/local.mk: sources of core/catalog.
core_libcore_la_SOURCES += \
	core/catalog/backend.h \
	core/catalog/catalog.c core/catalog/catalog.h core/catalog/private.h \
	core/catalog/connection.c core/catalog/maintain.c \
	core/catalog/migrate.c core/catalog/migrate.h \
	core/catalog/rows.c core/catalog/sqlite.c core/catalog/sqlite_file.c core/catalog/sqlite_sync.c core/catalog/sqlite_regexp.c core/catalog/sqlite_private.h

## The schema files, in the order of their numbers, become one table.
catalog_schema = $(sort $(wildcard $(top_srcdir)/core/catalog/schema/*.sql))
nodist_core_libcore_la_SOURCES = core/catalog/schema.c
BUILT_SOURCES += core/catalog/schema.c
CLEANFILES += core/catalog/schema.c
EXTRA_DIST += core/catalog/embed.sh $(catalog_schema)
core/catalog/schema.c: $(catalog_schema) $(top_srcdir)/core/catalog/embed.sh
	$(AM_V_GEN)$(MKDIR_P) core/catalog && \
	sh $(top_srcdir)/core/catalog/embed.sh $(catalog_schema) > $@.tmp && mv $@.tmp $@
