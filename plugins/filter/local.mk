## plugins/filter/local.mk: the filter plugins.
drivers_LTLIBRARIES += plugins/filter/filter-request_id.la plugins/filter/filter-cors.la plugins/filter/filter-size_limit.la \
	plugins/filter/filter-ratelimit.la plugins/filter/filter-token_auth.la
plugins_filter_filter_request_id_la_SOURCES = plugins/filter/request_id.c
plugins_filter_filter_request_id_la_CPPFLAGS = $(MODULE_CPPFLAGS)
plugins_filter_filter_request_id_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_filter_filter_cors_la_SOURCES = plugins/filter/cors.c
plugins_filter_filter_cors_la_CPPFLAGS = $(MODULE_CPPFLAGS)
plugins_filter_filter_cors_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_filter_filter_size_limit_la_SOURCES = plugins/filter/size_limit.c
plugins_filter_filter_size_limit_la_CPPFLAGS = $(MODULE_CPPFLAGS)
plugins_filter_filter_size_limit_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_filter_filter_ratelimit_la_SOURCES = plugins/filter/ratelimit.c
plugins_filter_filter_ratelimit_la_CPPFLAGS = $(MODULE_CPPFLAGS)
plugins_filter_filter_ratelimit_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_filter_filter_token_auth_la_SOURCES = plugins/filter/token_auth.c
plugins_filter_filter_token_auth_la_CPPFLAGS = $(MODULE_CPPFLAGS)
plugins_filter_filter_token_auth_la_LDFLAGS = $(MODULE_LDFLAGS)
