## api/image/local.mk: sources of api/image.
