## drivers/storage/local.mk: the storage drivers.
DRIVER_CPPFLAGS = $(MODULE_CPPFLAGS) -DDRIVER_VERSION='"$(VERSION)"'

if FILE
drivers_LTLIBRARIES += drivers/storage/storage-file.la
drivers_storage_storage_file_la_SOURCES = drivers/storage/file.c drivers/storage/file.h drivers/storage/file_volume.c \
	drivers/storage/file_copy.c drivers/storage/file_snapshot.c drivers/storage/file_store.c drivers/storage/file_tmp.c \
	drivers/storage/file_qcow2.c
drivers_storage_storage_file_la_CPPFLAGS = $(DRIVER_CPPFLAGS) -D_GNU_SOURCE
drivers_storage_storage_file_la_CFLAGS = $(AM_CFLAGS)
drivers_storage_storage_file_la_LDFLAGS = $(MODULE_LDFLAGS)
endif
