## api/http/local.mk: sources of api/http.
api_libapi_la_SOURCES += api/http/http.h api/http/internal.h api/http/server.c api/http/lane.c api/http/serve.c api/http/url.c api/http/request.c \
	api/http/body.c api/http/reply.c api/http/source.c api/http/pipeline.c api/http/filters.c api/http/root.c

## The pipelines that are built in are the file that is installed to copy from.
dist_cairndata_DATA += api/http/pipeline.ini
BUILT_SOURCES += api/http/pipeline.inc
CLEANFILES += api/http/pipeline.inc
api/http/pipeline.inc: api/http/pipeline.ini
	$(AM_V_GEN)$(MKDIR_P) api/http && $(SED) -e 's/["\\]/\\&/g' -e 's/.*/"&\\n"/' $(top_srcdir)/api/http/pipeline.ini > $@.tmp && mv $@.tmp $@
