## core/task/local.mk: sources of core/task.
