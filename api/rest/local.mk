## api/rest/local.mk: sources of api/rest.
