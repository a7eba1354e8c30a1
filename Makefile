# Thin front of CMake and Ninja; `make help` lists the targets.
PRESET_FLAGS =

.PHONY: all debug asan test test-hosted clean help packages

all: packages
	@cmake --preset release $(PRESET_FLAGS) >/dev/null
	@cmake --build build

debug: packages
	@cmake --preset debug $(PRESET_FLAGS) >/dev/null
	@cmake --build build-debug

test: all
	@tests/run

test-hosted: packages
	@/usr/bin/python3.11 tests/hosted/run.py

packages:
	@tools/require.sh

clean:
	rm -rf build build-*

help:
	@echo "make              release build in build/"
	@echo "make debug        debug build in build-debug/"
	@echo "make test         build, then all tests; ends with 'N passed, N failed, N skipped'"
	@echo "make test-hosted  only the native modules, run inside python3.11"
	@echo "make clean        removes the build folders"
