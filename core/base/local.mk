## core/base/local.mk: sources of core/base.
