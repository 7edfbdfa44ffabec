## api/rest/local.mk: the resource engine and the policy language.
api_libapi_la_SOURCES += api/rest/rest.h api/rest/policy.h api/rest/auth.h api/rest/engine.h api/rest/lister.h api/rest/list.h api/rest/policy_rule.h \
	api/rest/address.h api/rest/address.c api/rest/app.c api/rest/auth.c api/rest/call.c api/rest/discovery.c api/rest/fault.c api/rest/filter.c api/rest/list.c api/rest/lister.c \
	api/rest/object.c api/rest/policy.c api/rest/policy_rule.c api/rest/quota.c api/rest/router.c api/rest/schema.c api/rest/select.c api/rest/tables.c \
	api/rest/tags.c api/rest/target.c api/rest/version.c api/rest/write.c
