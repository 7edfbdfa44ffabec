## api/metadata/local.mk: sources of api/metadata.
