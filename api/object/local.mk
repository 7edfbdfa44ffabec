## api/object/local.mk: the object store service.
api_libapi_la_SOURCES += api/object/object.h api/object/private.h api/object/app.c api/object/rows.c api/object/access.c api/object/acl.c \
	api/object/meta.c api/object/listing.c api/object/accounts.c api/object/containers.c api/object/upload.c api/object/chain.c \
	api/object/read.c api/object/write.c api/object/copy.c api/object/symlink.c api/object/versions.c api/object/large.c api/object/cors.c \
	api/object/form.c api/object/web.c api/object/info.c api/object/multipart.c api/object/multipart.h api/object/signed.c api/object/signed.h
api_libapi_la_SOURCES += api/object/manifest.c api/object/slo.c api/object/slo_delete.c api/object/deletes.c api/object/report.c
