## tests/beds/local.mk: the laboratory that tests run in.
EXTRA_DIST += tests/beds/lab tests/beds/ceph
