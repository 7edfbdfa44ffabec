## api/local.mk: floors 5 to 7.
noinst_LTLIBRARIES += api/libapi.la
api_libapi_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(MICROHTTPD_CFLAGS) $(CRYPTO_CFLAGS) $(PCRE2_CFLAGS)
api_libapi_la_LIBADD = $(MICROHTTPD_LIBS) $(CRYPTO_LIBS) $(PCRE2_LIBS)
api_libapi_la_SOURCES =
include api/http/local.mk
include api/rest/local.mk
include api/identity/local.mk
include api/image/local.mk
include api/object/local.mk
include api/network/local.mk
include api/compute/local.mk
include api/metadata/local.mk
include api/daemon/local.mk
include api/cairn/local.mk
