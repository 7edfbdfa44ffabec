## drivers/local.mk: what touches the machine; each driver is a module of its own.
include drivers/fake/local.mk
include drivers/compute/local.mk
include drivers/storage/local.mk
include drivers/network/local.mk
