## core/media/local.mk: sources of core/media.
