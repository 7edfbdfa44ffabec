## plugins/scheduler/local.mk: filters and weighers of the scheduler, each a module of its own.
drivers_LTLIBRARIES += plugins/scheduler/scheduler-alive.la plugins/scheduler/scheduler-capacity.la \
	plugins/scheduler/scheduler-image.la plugins/scheduler/scheduler-zone.la plugins/scheduler/scheduler-affinity.la \
	plugins/scheduler/scheduler-ram.la plugins/scheduler/scheduler-disk.la
plugins_scheduler_scheduler_alive_la_SOURCES = plugins/scheduler/alive.c
plugins_scheduler_scheduler_alive_la_CPPFLAGS = $(MODULE_CPPFLAGS)
plugins_scheduler_scheduler_alive_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_scheduler_scheduler_capacity_la_SOURCES = plugins/scheduler/capacity.c
plugins_scheduler_scheduler_capacity_la_CPPFLAGS = $(MODULE_CPPFLAGS)
plugins_scheduler_scheduler_capacity_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_scheduler_scheduler_image_la_SOURCES = plugins/scheduler/image.c
plugins_scheduler_scheduler_image_la_CPPFLAGS = $(MODULE_CPPFLAGS)
plugins_scheduler_scheduler_image_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_scheduler_scheduler_zone_la_SOURCES = plugins/scheduler/zone.c
plugins_scheduler_scheduler_zone_la_CPPFLAGS = $(MODULE_CPPFLAGS)
plugins_scheduler_scheduler_zone_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_scheduler_scheduler_affinity_la_SOURCES = plugins/scheduler/affinity.c
plugins_scheduler_scheduler_affinity_la_CPPFLAGS = $(MODULE_CPPFLAGS)
plugins_scheduler_scheduler_affinity_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_scheduler_scheduler_ram_la_SOURCES = plugins/scheduler/ram.c
plugins_scheduler_scheduler_ram_la_CPPFLAGS = $(MODULE_CPPFLAGS)
plugins_scheduler_scheduler_ram_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_scheduler_scheduler_disk_la_SOURCES = plugins/scheduler/disk.c
plugins_scheduler_scheduler_disk_la_CPPFLAGS = $(MODULE_CPPFLAGS)
plugins_scheduler_scheduler_disk_la_LDFLAGS = $(MODULE_LDFLAGS)
