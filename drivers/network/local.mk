## drivers/network/local.mk: the network drivers.
