## core/flow/local.mk: sources of core/flow.
