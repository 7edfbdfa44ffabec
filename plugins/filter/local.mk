## plugins/filter/local.mk: the filter plugins.
