## api/cairn/local.mk: the operator's tool.
bin_PROGRAMS += cairn
dist_man_MANS += api/cairn/cairn.8
cairn_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
cairn_LDADD = api/libapi.la core/libcore.la
cairn_SOURCES = \
	api/cairn/cairn.c \
	api/cairn/cmd_audit.c \
	api/cairn/cmd_catalog.c \
	api/cairn/cmd_cloud.c \
	api/cairn/cmd_identity.c \
	api/cairn/cmd_mapping.c \
	api/cairn/cmd_policy.c \
	api/cairn/cmd_tasks.c \
	api/cairn/secret.c \
	api/cairn/secret.h \
	api/cairn/table.c \
	api/cairn/tool.h \
	api/daemon/settings.c \
	api/daemon/settings.h
