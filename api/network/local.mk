## api/network/local.mk: sources of api/network.
