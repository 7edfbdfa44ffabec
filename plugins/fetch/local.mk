## plugins/fetch/local.mk: cairn-fetch, the program that downloads images from the web.
if FETCH
pkglibexec_PROGRAMS = cairn-fetch
cairn_fetch_SOURCES = plugins/fetch/fetch.c
cairn_fetch_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
cairn_fetch_LDADD = $(CURL_LIBS)
endif
