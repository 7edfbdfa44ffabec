## drivers/storage/local.mk: the storage drivers.
