## tests/api/local.mk: the services through real clients; tests/suite runs them.
EXTRA_DIST += tests/api/lib.sh tests/api/identity.sh tests/api/image.sh tests/api/network.sh tests/api/server.sh
