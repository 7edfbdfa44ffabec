## api/identity/local.mk: sources of api/identity.
