## plugins/local.mk: what changes behaviour without touching a machine.
include plugins/auth/local.mk
include plugins/fetch/local.mk
include plugins/filter/local.mk
include plugins/scheduler/local.mk
