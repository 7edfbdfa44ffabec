## api/http/local.mk: sources of api/http.
api_libapi_la_SOURCES += api/http/http.h api/http/internal.h api/http/server.c api/http/serve.c api/http/url.c api/http/request.c \
	api/http/body.c api/http/reply.c api/http/source.c api/http/pipeline.c api/http/filters.c api/http/root.c
