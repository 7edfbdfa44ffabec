## api/compute/local.mk: sources of api/compute.
api_libapi_la_SOURCES += api/compute/compute.h api/compute/service.c api/compute/flavors.c api/compute/keypairs.c api/compute/servers.c \
	api/compute/server_list.c api/compute/server_create.c api/compute/server_wish.h api/compute/server_insert.c api/compute/personality.c api/compute/server_actions.c \
	api/compute/server_parts.c api/compute/instance_actions.c api/compute/admin.c api/compute/hypervisors.c api/compute/quotas.c \
	api/compute/server_groups.c
