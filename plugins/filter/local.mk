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
## The object store's: a switch for each feature, and pages.
drivers_LTLIBRARIES += plugins/filter/filter-account_quotas.la \
	plugins/filter/filter-container_quotas.la \
	plugins/filter/filter-slo.la \
	plugins/filter/filter-dlo.la \
	plugins/filter/filter-symlink.la \
	plugins/filter/filter-versioned_writes.la \
	plugins/filter/filter-object_versioning.la \
	plugins/filter/filter-healthcheck.la \
	plugins/filter/filter-crossdomain.la \
	plugins/filter/filter-trans_id.la
plugins_filter_filter_account_quotas_la_SOURCES = plugins/filter/feature.c
plugins_filter_filter_account_quotas_la_CPPFLAGS = $(MODULE_CPPFLAGS) '-DFEATURE_NAME="account_quotas"' '-DFEATURE_JSON="{}"'
plugins_filter_filter_account_quotas_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_filter_filter_container_quotas_la_SOURCES = plugins/filter/feature.c
plugins_filter_filter_container_quotas_la_CPPFLAGS = $(MODULE_CPPFLAGS) '-DFEATURE_NAME="container_quotas"' '-DFEATURE_JSON="{}"'
plugins_filter_filter_container_quotas_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_filter_filter_dlo_la_SOURCES = plugins/filter/feature.c
plugins_filter_filter_dlo_la_CPPFLAGS = $(MODULE_CPPFLAGS) '-DFEATURE_NAME="dlo"' '-DFEATURE_JSON="{\"max_segments\":10000}"'
plugins_filter_filter_dlo_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_filter_filter_slo_la_SOURCES = plugins/filter/feature.c
plugins_filter_filter_slo_la_CPPFLAGS = $(MODULE_CPPFLAGS) '-DFEATURE_NAME="slo"' '-DFEATURE_JSON="{\"max_manifest_segments\":1000,\"max_manifest_size\":8388608,\"yield_frequency\":10,\"min_segment_size\":1,\"allow_async_delete\":false}"'
plugins_filter_filter_slo_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_filter_filter_symlink_la_SOURCES = plugins/filter/feature.c
plugins_filter_filter_symlink_la_CPPFLAGS = $(MODULE_CPPFLAGS) '-DFEATURE_NAME="symlink"' '-DFEATURE_JSON="{\"symloop_max\":2,\"static_links\":true}"'
plugins_filter_filter_symlink_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_filter_filter_versioned_writes_la_SOURCES = plugins/filter/feature.c
plugins_filter_filter_versioned_writes_la_CPPFLAGS = $(MODULE_CPPFLAGS) '-DFEATURE_NAME="versioned_writes"' '-DFEATURE_JSON="{\"allowed_flags\":[\"x-versions-location\",\"x-history-location\"]}"'
plugins_filter_filter_versioned_writes_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_filter_filter_object_versioning_la_SOURCES = plugins/filter/feature.c
plugins_filter_filter_object_versioning_la_CPPFLAGS = $(MODULE_CPPFLAGS) '-DFEATURE_NAME="object_versioning"' '-DFEATURE_JSON="{}"'
plugins_filter_filter_object_versioning_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_filter_filter_healthcheck_la_SOURCES = plugins/filter/healthcheck.c
plugins_filter_filter_healthcheck_la_CPPFLAGS = $(MODULE_CPPFLAGS)
plugins_filter_filter_healthcheck_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_filter_filter_crossdomain_la_SOURCES = plugins/filter/crossdomain.c
plugins_filter_filter_crossdomain_la_CPPFLAGS = $(MODULE_CPPFLAGS)
plugins_filter_filter_crossdomain_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_filter_filter_trans_id_la_SOURCES = plugins/filter/trans_id.c
plugins_filter_filter_trans_id_la_CPPFLAGS = $(MODULE_CPPFLAGS)
plugins_filter_filter_trans_id_la_LDFLAGS = $(MODULE_LDFLAGS)
drivers_LTLIBRARIES += plugins/filter/filter-tempurl.la
plugins_filter_filter_tempurl_la_SOURCES = plugins/filter/tempurl.c api/object/signed.c
plugins_filter_filter_tempurl_la_CPPFLAGS = $(MODULE_CPPFLAGS) -I$(top_srcdir)/api
plugins_filter_filter_tempurl_la_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
plugins_filter_filter_tempurl_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_filter_filter_tempurl_la_LIBADD = $(CRYPTO_LIBS)
drivers_LTLIBRARIES += plugins/filter/filter-formpost.la
plugins_filter_filter_formpost_la_SOURCES = plugins/filter/formpost.c api/object/signed.c
plugins_filter_filter_formpost_la_CPPFLAGS = $(MODULE_CPPFLAGS) -I$(top_srcdir)/api
plugins_filter_filter_formpost_la_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
plugins_filter_filter_formpost_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_filter_filter_formpost_la_LIBADD = $(CRYPTO_LIBS)
drivers_LTLIBRARIES += plugins/filter/filter-staticweb.la
plugins_filter_filter_staticweb_la_SOURCES = plugins/filter/feature.c
plugins_filter_filter_staticweb_la_CPPFLAGS = $(MODULE_CPPFLAGS) '-DFEATURE_NAME="staticweb"' '-DFEATURE_JSON="{}"'
plugins_filter_filter_staticweb_la_LDFLAGS = $(MODULE_LDFLAGS)
drivers_LTLIBRARIES += plugins/filter/filter-list_endpoints.la
plugins_filter_filter_list_endpoints_la_SOURCES = plugins/filter/feature.c
plugins_filter_filter_list_endpoints_la_CPPFLAGS = $(MODULE_CPPFLAGS) '-DFEATURE_NAME="list_endpoints"' '-DFEATURE_JSON="{}"'
plugins_filter_filter_list_endpoints_la_LDFLAGS = $(MODULE_LDFLAGS)
drivers_LTLIBRARIES += plugins/filter/filter-container_sync.la
plugins_filter_filter_container_sync_la_SOURCES = plugins/filter/feature.c
plugins_filter_filter_container_sync_la_CPPFLAGS = $(MODULE_CPPFLAGS) '-DFEATURE_NAME="container_sync"' '-DFEATURE_JSON="{}"'
plugins_filter_filter_container_sync_la_LDFLAGS = $(MODULE_LDFLAGS)
