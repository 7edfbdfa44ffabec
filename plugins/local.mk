## plugins/local.mk: what changes behaviour without touching a machine.
include plugins/filter/local.mk
include plugins/scheduler/local.mk
