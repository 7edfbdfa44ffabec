## api/daemon/local.mk: sources of api/daemon.
