# Thin front of CMake and Ninja; `make help` lists the targets.
PREFIX = /usr/local

.PHONY: all debug asan test-asan fuzz pgo demo test test-hosted conformance bench install clean help packages

all: packages
	@cmake --preset release >/dev/null
	@cmake --build build

debug: packages
	@cmake --preset debug >/dev/null
	@cmake --build build-debug

asan: packages
	@cmake --preset asan >/dev/null
	@cmake --build build-asan

# Every test with that build; slow.
test-asan: asan
	@KRAIT=build-asan/krait tests/run

# The parser under libFuzzer, with inputs that it keeps in build-fuzz/corpus; MINUTES=n ends it.
MINUTES ?= 60
fuzz: packages
	@cmake --preset fuzz >/dev/null
	@cmake --build build-fuzz
	@mkdir -p build-fuzz/corpus
	@cd build-fuzz && ASAN_OPTIONS=detect_leaks=0 ./krait -max_len=4096 -timeout=20 -max_total_time=$$((60 * $(MINUTES))) corpus ../tests/fuzz/parser

# Built twice: with counters, which a training run fills, then optimised by them.
pgo: packages
	@rm -rf build-pgo
	@cmake --preset pgo-generate >/dev/null
	@cmake --build build-pgo
	@bench/train build-pgo/krait
	@cmake --preset pgo-use >/dev/null
	@cmake --build build-pgo

demo: all
	@examples/run

test: all
	@tests/run

test-hosted: packages
	@/usr/bin/python3.11 tests/hosted/run.py

conformance: all
	@/usr/bin/python3.11 tests/cpython/run.py

bench: all
	@bench/run --tsv build/bench.tsv --plot build/bench.svg

install: packages
	@cmake --preset release -DCMAKE_INSTALL_PREFIX=$(PREFIX) >/dev/null
	@cmake --build build
	@cmake --install build

packages:
	@tools/require.sh

clean:
	rm -rf build build-*

help:
	@echo "make              release build: build/krait"
	@echo "make demo         build, then run the programs of examples/"
	@echo "make test         build, then all tests; ends with 'N passed, N failed, N skipped'"
	@echo "make pgo          profile-guided build: build-pgo/krait"
	@echo "make debug        debug build with assertions: build-debug/krait"
	@echo "make asan         build with AddressSanitizer: build-asan/krait"
	@echo "make test-asan    the tests with that build; a report is a failure"
	@echo "make fuzz         the parser under libFuzzer for MINUTES=60 (needs clang)"
	@echo "make conformance  CPython's own tests, compared with tests/cpython/table.tsv"
	@echo "make bench        krait beside python3.11: bench/run --help says more"
	@echo "make test-hosted  only the native modules, run inside python3.11"
	@echo "make install PREFIX=/usr/local"
	@echo "make clean        removes the build folders"
