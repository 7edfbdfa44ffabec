## docs/local.mk: manual pages, documents, systemd units.
dist_man_MANS += docs/man/cairnd.8 docs/man/cairn.conf.5
dist_doc_DATA = README.md NEWS.md docs/tour.md docs/request-to-server.md docs/add-a-resource.md docs/write-a-driver.md docs/object-store.md docs/configuration.md \
	docs/coverage.md docs/limits.md docs/benchmarks.md docs/security.md docs/simulate.md docs/modules.md
systemdsystemunit_DATA = systemd/cairnd.service
EXTRA_DIST += docs/modules.sh systemd/cairnd.service.in .ci/run tests/suite
CLEANFILES += systemd/cairnd.service
systemd/cairnd.service: systemd/cairnd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && $(SED) -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@sysconfdir[@]|$(sysconfdir)|g' \
		$(top_srcdir)/systemd/cairnd.service.in > $@.tmp && mv $@.tmp $@
