## docs/local.mk: manual pages and documents.
