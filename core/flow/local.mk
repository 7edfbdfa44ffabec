## core/flow/local.mk: sources of core/flow.
core_libcore_la_SOURCES += core/flow/flow.h core/flow/network.h core/flow/netdesc.c core/flow/network_flows.c core/flow/server.h \
	core/flow/serverdesc.c core/flow/server_build.c core/flow/server_power.c core/flow/metadata.c core/flow/config_drive.c
core_libcore_la_SOURCES += core/flow/engine_private.h core/flow/engine.c core/flow/engine_claim.c core/flow/engine_run.c \
	core/flow/engine_journal.c
core_libcore_la_SOURCES += core/flow/object.h core/flow/object.c core/flow/object_keeper.c core/flow/object_sync.h core/flow/object_sync.c core/flow/object_push.c
core_libcore_la_SOURCES += core/flow/reconcile.h core/flow/reconcile.c core/flow/audit.h core/flow/audit_books.c core/flow/audit_servers.c \
	core/flow/audit_network.c core/flow/audit_storage.c
core_libcore_la_SOURCES += core/flow/image.h core/flow/image_fetch.c core/flow/image_import.c
