## drivers/compute/local.mk: the compute drivers.
