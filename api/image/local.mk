## api/image/local.mk: the image service.
api_libapi_la_SOURCES += api/image/image.h api/image/private.h api/image/service.c api/image/images.c api/image/fields.c api/image/filters.c \
	api/image/file.c api/image/sharing.c api/image/discovery.c
