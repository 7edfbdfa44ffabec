## api/image/local.mk: the image service.
api_libapi_la_SOURCES += api/image/image.h api/image/private.h api/image/service.c api/image/images.c api/image/fields.c api/image/filters.c \
	api/image/file.c api/image/sharing.c api/image/discovery.c \
	api/image/metadef.h api/image/metadef_namespaces.c api/image/metadef_items.c api/image/metadef_types.c api/image/schemas.c \
	api/image/stores.c api/image/import.c api/image/quotas.c api/image/cache.c api/image/locations.c api/image/tasks.h api/image/tasks.c
