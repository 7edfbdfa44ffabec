## api/network/local.mk: the network service.
api_libapi_la_SOURCES += api/network/network_api.h api/network/private.h api/network/ip.h api/network/ip.c api/network/addresses.c api/network/dhcp.c \
	api/network/discovery.c api/network/groups.c api/network/networks.c api/network/policies.c api/network/ports.c api/network/quotas.c api/network/servers.c \
	api/network/service.c api/network/subnets.c
