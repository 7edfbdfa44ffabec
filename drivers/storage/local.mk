## drivers/storage/local.mk: the storage drivers.
if FILE
drivers_LTLIBRARIES += drivers/storage/storage-file.la
drivers_storage_storage_file_la_SOURCES = drivers/storage/file.c drivers/storage/file.h drivers/storage/file_volume.c \
	drivers/storage/file_copy.c drivers/storage/file_snapshot.c drivers/storage/file_store.c drivers/storage/file_tmp.c \
	drivers/storage/file_qcow2.c drivers/storage/qemu_source.c drivers/storage/qemu_source.h
drivers_storage_storage_file_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
drivers_storage_storage_file_la_CFLAGS = $(AM_CFLAGS)
drivers_storage_storage_file_la_LDFLAGS = $(MODULE_LDFLAGS)
endif

if RBD
drivers_LTLIBRARIES += drivers/storage/storage-rbd.la
drivers_storage_storage_rbd_la_SOURCES = drivers/storage/rbd.c drivers/storage/rbd.h drivers/storage/rbd_link.c drivers/storage/rbd_image.c \
	drivers/storage/rbd_volume.c drivers/storage/rbd_snapshot.c drivers/storage/rbd_copy.c drivers/storage/rbd_store.c \
	drivers/storage/rbd_blob.c drivers/storage/rbd_blob_read.c drivers/storage/qemu_source.c drivers/storage/qemu_source.h
drivers_storage_storage_rbd_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
drivers_storage_storage_rbd_la_CFLAGS = $(AM_CFLAGS) -pthread
drivers_storage_storage_rbd_la_LIBADD = $(RBD_LIBS)
## librados keeps threads and destructors: its code stays mapped
drivers_storage_storage_rbd_la_LDFLAGS = $(MODULE_LDFLAGS) -Wl,-z,nodelete
endif

STORAGE_FAKE = drivers/storage/fake.c drivers/storage/fake.h drivers/storage/fake_world.h \
	drivers/storage/fake_store.c drivers/storage/fake_bytes.c $(SIM_SOURCES)
if FAKE
drivers_LTLIBRARIES += drivers/storage/storage-fake.la
drivers_storage_storage_fake_la_SOURCES = drivers/storage/fake_entry.c $(STORAGE_FAKE)
drivers_storage_storage_fake_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
drivers_storage_storage_fake_la_LDFLAGS = $(MODULE_LDFLAGS)
endif
if TESTS
noinst_LTLIBRARIES += drivers/storage/storage-debug.la
drivers_storage_storage_debug_la_SOURCES = drivers/storage/debug.c $(DEBUG_SOURCES) $(STORAGE_FAKE)
drivers_storage_storage_debug_la_CPPFLAGS = $(DRIVER_CPPFLAGS)
drivers_storage_storage_debug_la_LDFLAGS = $(LDFLAGS_DEBUG_MODULE)
endif
