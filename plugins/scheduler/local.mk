## plugins/scheduler/local.mk: the scheduler plugins.
