## api/metadata/local.mk: sources of api/metadata.
api_libapi_la_SOURCES += api/metadata/metadata.h api/metadata/metadata.c
