## tests/unit/local.mk: tests of functions and tables, with Check.  Each module appends its own block.
UNIT_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
UNIT_LIBS = tests/unit/libunit.la core/libcore.la $(CHECK_LIBS)
check_LTLIBRARIES += tests/unit/libunit.la
tests_unit_libunit_la_SOURCES = tests/unit/unit.c tests/unit/unit.h tests/unit/unit_cloud.c tests/unit/unit_cloud.h
tests_unit_libunit_la_CFLAGS = $(UNIT_CFLAGS)
## what tests of services add: a wire without sockets, and who asks through it
UNIT_WIRE = tests/unit/rest_wire.c tests/unit/rest_wire.h
UNIT_SERVICE = $(UNIT_WIRE) tests/unit/service.c tests/unit/service.h

## core/base, core/catalog
base_tests = tests/unit/base_text_test \
	tests/unit/base_config_test \
	tests/unit/base_run_test \
	tests/unit/base_thread_test \
	tests/unit/base_log_test \
	tests/unit/base_tree_test \
	tests/unit/catalog_test \
	tests/unit/catalog_schema_test \
	tests/unit/catalog_speed_test
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)
tests_unit_base_text_test_SOURCES = tests/unit/base_text_test.c
tests_unit_base_text_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_base_text_test_LDADD = $(UNIT_LIBS)
tests_unit_base_config_test_SOURCES = tests/unit/base_config_test.c
tests_unit_base_config_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_base_config_test_LDADD = $(UNIT_LIBS)
tests_unit_base_run_test_SOURCES = tests/unit/base_run_test.c
tests_unit_base_run_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_base_run_test_LDADD = $(UNIT_LIBS)
tests_unit_base_thread_test_SOURCES = tests/unit/base_thread_test.c
tests_unit_base_thread_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_base_thread_test_LDADD = $(UNIT_LIBS)
tests_unit_base_log_test_SOURCES = tests/unit/base_log_test.c
tests_unit_base_log_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_base_log_test_LDADD = $(UNIT_LIBS)
tests_unit_base_tree_test_SOURCES = tests/unit/base_tree_test.c
tests_unit_base_tree_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_base_tree_test_LDADD = $(UNIT_LIBS)
tests_unit_catalog_test_SOURCES = tests/unit/catalog_test.c
tests_unit_catalog_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_catalog_test_LDADD = $(UNIT_LIBS)
tests_unit_catalog_schema_test_SOURCES = tests/unit/catalog_schema_test.c
tests_unit_catalog_schema_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_catalog_schema_test_LDADD = $(UNIT_LIBS)
tests_unit_catalog_speed_test_SOURCES = tests/unit/catalog_speed_test.c
tests_unit_catalog_speed_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_catalog_speed_test_LDADD = $(UNIT_LIBS)

## core/plugin
check_LTLIBRARIES += tests/unit/compute-test.la
tests_unit_compute_test_la_SOURCES = tests/unit/plugin_module.c tests/unit/plugin_module.h
tests_unit_compute_test_la_CPPFLAGS = $(MODULE_CPPFLAGS)
tests_unit_compute_test_la_LDFLAGS = $(MODULE_LDFLAGS) -rpath /nowhere
check_PROGRAMS += tests/unit/plugin_test
tests_unit_plugin_test_SOURCES = tests/unit/plugin_test.c tests/unit/plugin_module.h
tests_unit_plugin_test_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_MODULES='"$(abs_top_builddir)/tests/unit/.libs"'
tests_unit_plugin_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_plugin_test_LDADD = $(UNIT_LIBS)
EXTRA_tests_unit_plugin_test_DEPENDENCIES = tests/unit/compute-test.la
TESTS += tests/unit/plugin_test

## core/media/inspect
check_PROGRAMS += tests/unit/inspect_test
tests_unit_inspect_test_SOURCES = tests/unit/inspect_test.c
tests_unit_inspect_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_inspect_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/inspect_test

## core/task, core/flow's engine
check_PROGRAMS += tests/unit/flow_test
tests_unit_flow_test_SOURCES = tests/unit/flow_test.c tests/unit/plugin_module.h
tests_unit_flow_test_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_MODULES='"$(abs_top_builddir)/tests/unit/.libs"'
tests_unit_flow_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_flow_test_LDADD = $(UNIT_LIBS)
EXTRA_tests_unit_flow_test_DEPENDENCIES = tests/unit/compute-test.la
TESTS += tests/unit/flow_test
## api/rest
check_PROGRAMS += tests/unit/policy_test tests/unit/rest_test
tests_unit_policy_test_SOURCES = tests/unit/policy_test.c
tests_unit_policy_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_policy_test_LDADD = api/libapi.la $(UNIT_LIBS)
tests_unit_rest_test_SOURCES = tests/unit/rest_test.c $(UNIT_SERVICE)
tests_unit_rest_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_rest_test_LDADD = api/libapi.la $(UNIT_LIBS)
check_PROGRAMS += tests/unit/rest_listen_test
tests_unit_rest_listen_test_SOURCES = tests/unit/rest_listen_test.c tests/unit/http_client.h
tests_unit_rest_listen_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_rest_listen_test_LDADD = api/libapi.la $(UNIT_LIBS)
TESTS += tests/unit/policy_test tests/unit/rest_test tests/unit/rest_listen_test

## api/network
check_PROGRAMS += tests/unit/network_test
tests_unit_network_test_SOURCES = tests/unit/network_test.c $(UNIT_SERVICE)
tests_unit_network_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_network_test_LDADD = api/libapi.la $(UNIT_LIBS)
TESTS += tests/unit/network_test

check_PROGRAMS += tests/unit/http_test
tests_unit_http_test_SOURCES = tests/unit/http_test.c tests/unit/http_client.h
tests_unit_http_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_http_test_LDADD = api/libapi.la $(UNIT_LIBS)
TESTS += tests/unit/http_test
check_PROGRAMS += tests/unit/http_filter_test
tests_unit_http_filter_test_SOURCES = tests/unit/http_filter_test.c tests/unit/http_client.h
tests_unit_http_filter_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_http_filter_test_LDADD = api/libapi.la $(UNIT_LIBS)
TESTS += tests/unit/http_filter_test

## core/schedule
check_PROGRAMS += tests/unit/schedule_test
tests_unit_schedule_test_SOURCES = tests/unit/schedule_test.c
tests_unit_schedule_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_schedule_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/schedule_test
## api/identity
check_PROGRAMS += tests/unit/identity_token_test tests/unit/identity_api_test
tests_unit_identity_token_test_SOURCES = tests/unit/identity_token_test.c
tests_unit_identity_token_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_identity_token_test_LDADD = api/libapi.la $(UNIT_LIBS)
tests_unit_identity_api_test_SOURCES = tests/unit/identity_api_test.c tests/unit/identity_testing.c tests/unit/identity_testing.h $(UNIT_WIRE)
tests_unit_identity_api_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_identity_api_test_LDADD = api/libapi.la $(UNIT_LIBS)
TESTS += tests/unit/identity_token_test tests/unit/identity_api_test
check_PROGRAMS += tests/unit/identity_compliance_test
tests_unit_identity_compliance_test_SOURCES = tests/unit/identity_compliance_test.c tests/unit/identity_testing.c tests/unit/identity_testing.h $(UNIT_WIRE)
tests_unit_identity_compliance_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_identity_compliance_test_LDADD = api/libapi.la $(UNIT_LIBS)
if LDAP
check_PROGRAMS += tests/unit/identity_ldap_test
tests_unit_identity_ldap_test_SOURCES = tests/unit/identity_ldap_test.c tests/unit/identity_testing.c tests/unit/identity_testing.h \
	$(UNIT_WIRE)
tests_unit_identity_ldap_test_CPPFLAGS = $(AM_CPPFLAGS) -DPLUGINS='"$(abs_top_builddir)/plugins/auth/.libs"'
tests_unit_identity_ldap_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_identity_ldap_test_LDADD = api/libapi.la $(UNIT_LIBS)
EXTRA_tests_unit_identity_ldap_test_DEPENDENCIES = plugins/auth/auth-ldap.la
TESTS += tests/unit/identity_ldap_test
endif
EXTRA_DIST += tests/unit/rbac.tsv
check_PROGRAMS += tests/unit/rbac_test tests/unit/identity_rbac_test
tests_unit_rbac_test_SOURCES = tests/unit/rbac_test.c tests/unit/rbac.c tests/unit/rbac.h
tests_unit_rbac_test_CPPFLAGS = $(AM_CPPFLAGS) -DTABLE='"$(abs_top_srcdir)/tests/unit/rbac.tsv"'
tests_unit_rbac_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_rbac_test_LDADD = api/libapi.la $(UNIT_LIBS)
tests_unit_identity_rbac_test_SOURCES = tests/unit/identity_rbac_test.c tests/unit/rbac.c tests/unit/rbac.h tests/unit/identity_testing.c \
	tests/unit/identity_testing.h $(UNIT_WIRE)
tests_unit_identity_rbac_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_identity_rbac_test_LDADD = api/libapi.la $(UNIT_LIBS)
TESTS += tests/unit/rbac_test tests/unit/identity_rbac_test
check_PROGRAMS += tests/unit/identity_revoke_test
tests_unit_identity_revoke_test_SOURCES = tests/unit/identity_revoke_test.c tests/unit/identity_testing.c tests/unit/identity_testing.h $(UNIT_WIRE)
tests_unit_identity_revoke_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_identity_revoke_test_LDADD = api/libapi.la $(UNIT_LIBS)
TESTS += tests/unit/identity_revoke_test
check_LTLIBRARIES += tests/unit/auth-acme.la
tests_unit_auth_acme_la_SOURCES = tests/unit/auth_module.c
tests_unit_auth_acme_la_CPPFLAGS = $(MODULE_CPPFLAGS)
tests_unit_auth_acme_la_LDFLAGS = $(MODULE_LDFLAGS) -rpath /nowhere
check_PROGRAMS += tests/unit/identity_external_test
tests_unit_identity_external_test_SOURCES = tests/unit/identity_external_test.c tests/unit/identity_testing.c tests/unit/identity_testing.h $(UNIT_WIRE)
tests_unit_identity_external_test_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_MODULES='"$(abs_top_builddir)/tests/unit/.libs"'
tests_unit_identity_external_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_identity_external_test_LDADD = api/libapi.la $(UNIT_LIBS)
EXTRA_tests_unit_identity_external_test_DEPENDENCIES = tests/unit/auth-acme.la
TESTS += tests/unit/identity_external_test
check_PROGRAMS += tests/unit/identity_load_test
tests_unit_identity_load_test_SOURCES = tests/unit/identity_load_test.c tests/unit/http_client.h
tests_unit_identity_load_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_identity_load_test_LDADD = api/libapi.la $(UNIT_LIBS)
TESTS += tests/unit/identity_compliance_test tests/unit/identity_load_test

## identity's resources: federation, limits, endpoint filters
check_PROGRAMS += tests/unit/identity_mapping_test tests/unit/identity_resources_test
tests_unit_identity_mapping_test_SOURCES = tests/unit/identity_mapping_test.c
tests_unit_identity_mapping_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_identity_mapping_test_LDADD = api/libapi.la $(UNIT_LIBS)
tests_unit_identity_resources_test_SOURCES = tests/unit/identity_resources_test.c tests/unit/identity_testing.c tests/unit/identity_testing.h $(UNIT_WIRE)
tests_unit_identity_resources_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_identity_resources_test_LDADD = api/libapi.la $(UNIT_LIBS)
TESTS += tests/unit/identity_mapping_test tests/unit/identity_resources_test
check_PROGRAMS += tests/unit/identity_delegation_test
tests_unit_identity_delegation_test_SOURCES = tests/unit/identity_delegation_test.c tests/unit/identity_testing.c tests/unit/identity_testing.h $(UNIT_WIRE)
tests_unit_identity_delegation_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_identity_delegation_test_LDADD = api/libapi.la $(UNIT_LIBS)
TESTS += tests/unit/identity_delegation_test
check_PROGRAMS += tests/unit/identity_credential_test
tests_unit_identity_credential_test_SOURCES = tests/unit/identity_credential_test.c tests/unit/identity_testing.c tests/unit/identity_testing.h $(UNIT_WIRE)
tests_unit_identity_credential_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_identity_credential_test_LDADD = api/libapi.la $(UNIT_LIBS)
TESTS += tests/unit/identity_credential_test
check_PROGRAMS += tests/unit/identity_oauth_test
tests_unit_identity_oauth_test_SOURCES = tests/unit/identity_oauth_test.c tests/unit/identity_testing.c tests/unit/identity_testing.h $(UNIT_WIRE)
tests_unit_identity_oauth_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_identity_oauth_test_LDADD = api/libapi.la $(UNIT_LIBS)
TESTS += tests/unit/identity_oauth_test
check_PROGRAMS += tests/unit/identity_leave_test
tests_unit_identity_leave_test_SOURCES = tests/unit/identity_leave_test.c tests/unit/identity_testing.c tests/unit/identity_testing.h $(UNIT_WIRE)
tests_unit_identity_leave_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_identity_leave_test_LDADD = api/libapi.la $(UNIT_LIBS)
TESTS += tests/unit/identity_leave_test

## core/flow/reconcile
check_PROGRAMS += tests/unit/reconcile_test
tests_unit_reconcile_test_SOURCES = tests/unit/reconcile_test.c
tests_unit_reconcile_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_reconcile_test_LDADD = $(UNIT_LIBS)
TESTS += tests/unit/reconcile_test

## api/daemon/control
check_PROGRAMS += tests/unit/control_test
tests_unit_control_test_SOURCES = tests/unit/control_test.c
tests_unit_control_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_control_test_LDADD = api/libapi.la $(UNIT_LIBS)
TESTS += tests/unit/control_test

## api/cairn
EXTRA_DIST += tests/unit/fetch_test.sh tests/unit/cairn_tool_test.sh tests/unit/docs_test.sh tests/unit/simulate_test.sh tests/unit/bootstrap_test.sh
TESTS += tests/unit/fetch_test.sh tests/unit/cairn_tool_test.sh tests/unit/docs_test.sh tests/unit/simulate_test.sh tests/unit/bootstrap_test.sh
## api/image
check_PROGRAMS += tests/unit/image_test
tests_unit_image_test_SOURCES = tests/unit/image_test.c tests/unit/http_client.h
tests_unit_image_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_image_test_LDADD = api/libapi.la $(UNIT_LIBS)
TESTS += tests/unit/image_test

## api/compute
check_PROGRAMS += tests/unit/compute_test
tests_unit_compute_test_SOURCES = tests/unit/compute_test.c $(UNIT_SERVICE)
tests_unit_compute_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_compute_test_LDADD = api/libapi.la $(UNIT_LIBS)
TESTS += tests/unit/compute_test

check_PROGRAMS += tests/unit/scale_test
tests_unit_scale_test_SOURCES = tests/unit/scale_test.c $(UNIT_SERVICE)
tests_unit_scale_test_CFLAGS = $(UNIT_CFLAGS) $(SQLITE_CFLAGS)
tests_unit_scale_test_LDADD = api/libapi.la $(UNIT_LIBS) $(SQLITE_LIBS)
TESTS += tests/unit/scale_test

## api/object
check_PROGRAMS += tests/unit/object_test
tests_unit_object_test_SOURCES = tests/unit/object_test.c
tests_unit_object_test_CFLAGS = $(UNIT_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_object_test_LDADD = api/libapi.la $(UNIT_LIBS)
TESTS += tests/unit/object_test
check_PROGRAMS += tests/unit/manifest_test
tests_unit_manifest_test_SOURCES = tests/unit/manifest_test.c
tests_unit_manifest_test_CFLAGS = $(UNIT_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_manifest_test_LDADD = api/libapi.la $(UNIT_LIBS)
TESTS += tests/unit/manifest_test
check_PROGRAMS += tests/unit/multipart_test
tests_unit_multipart_test_SOURCES = tests/unit/multipart_test.c
tests_unit_multipart_test_CFLAGS = $(UNIT_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_multipart_test_LDADD = api/libapi.la $(UNIT_LIBS)
TESTS += tests/unit/multipart_test
