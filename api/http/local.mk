## api/http/local.mk: sources of api/http.
