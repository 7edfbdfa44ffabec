## api/compute/local.mk: sources of api/compute.
