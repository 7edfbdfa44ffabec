## core/plugin/local.mk: sources of core/plugin.
