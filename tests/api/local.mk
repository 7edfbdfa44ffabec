## tests/api/local.mk: the services through real clients; tests/suite runs them.
EXTRA_DIST += tests/api/lib.sh tests/api/identity.sh tests/api/identity.cli tests/api/osc tests/api/image.sh tests/api/network.sh tests/api/server.sh tests/api/object.sh tests/api/object_versions.sh tests/api/object_large.sh tests/api/object_web.sh tests/api/object_filters.sh tests/api/object_sync.sh tests/api/object_access.sh tests/api/object_clouds
EXTRA_DIST += tests/api/coverage tests/api/facts/identity.tsv tests/api/facts/compute.tsv tests/api/facts/image.tsv tests/api/facts/network.tsv \
	tests/api/facts/volume.tsv tests/api/facts/object-store.tsv tests/api/facts/placement.tsv
EXTRA_DIST += tests/api/wire tests/api/tables/00_things.py tests/api/tables/10_http.py tests/api/tables/20_versions.py tests/api/tables/30_servers.py \
	tests/api/tables/40_compute.py tests/api/tables/50_network.py tests/api/tables/60_images.py tests/api/tables/70_identity.py tests/api/cli
if TESTS
TESTS += tests/api/coverage tests/api/wire tests/api/cli
endif
