## core/catalog/local.mk: sources of core/catalog.
