## tests/image/local.mk: the guests that tests and first steps boot; built by scripts, from installed packages.
EXTRA_DIST += tests/image/mkguest tests/image/mkpower tests/image/power.S tests/image/guest/init tests/image/guest/inittab \
	tests/image/guest/rc tests/image/guest/rc.cloud tests/image/guest/seed.c tests/image/guest/sudo.c tests/image/guest/udhcpc.script
