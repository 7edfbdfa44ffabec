## tests/crash/local.mk: kill -9 at every step of every flow, then nothing may be lost or left over.
EXTRA_DIST += tests/crash/run tests/crash/crash.py tests/crash/cloud.py tests/crash/machine.py tests/crash/scenes.py tests/crash/writes.py
