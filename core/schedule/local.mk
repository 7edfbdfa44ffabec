## core/schedule/local.mk: sources of core/schedule.
