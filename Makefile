# Everything here is also one or two commands that can be typed; `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# Versions of Apache RocketMQ that the tests run against. 4.9.7 and 5.5.0 are the newest complete ones of their lines.
APACHE := 4.7.0 4.9.7 5.5.0
APACHE_NEWEST := $(lastword $(APACHE))
# For each fuzz target; `make fuzz SECONDS=60` is shorter.
SECONDS := 300
FUZZERS := $(notdir $(basename $(wildcard fuzz/fuzz_targets/*.rs)))
# Which part of the mutants, and of which files.
SHARD := 0/1
MUTATED := producer/attempt producer/flight producer/result producer/budget producer/limits client/layout client/outbox client/outbox/ahead client/pause client/routes runtime/wait
BINDINGS := go node python
# `make demo CLUSTER=apache` runs on real servers.
CLUSTER := mock
# Runs of the simulator, and the first one's seed.
SEEDS := 20000
FIRST := 0

# `make chaos`: how long, which draws the same faults again, and on which servers.
MINUTES := 10
SEED ?= $(shell date +%s)
CHAOS_VERSION := $(APACHE_NEWEST)

.PHONY: help deps deps-bindings apache build library docs demo test test-bindings dist-go simulate test-apache chaos can-chaos valgrind abi notices asan loom fuzz mutants bench bench-axes \
	bench-languages bench-quick instructions bench-programs bench-rust bench-peers bench-packages soak install uninstall deb clean

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r target text; do \
		printf '%-18s %s\n' "$$target" "$$text"; done

deps: ## names what is missing on this machine, and installs it as root on Debian
	@scripts/deps.sh

deps-bindings:
	@scripts/deps.sh bindings

# Only where no Rust library comes of it does cargo optimize across crates: 3 % of the instructions, 110 KB. What tests and
# benchmarks link in Rust is built elsewhere, since cargo gives both the same name.
LIBRARY := cargo rustc --package rocketmq-producer --lib --crate-type cdylib,staticlib --profile

build: library ## the shared and the static library and the mock cluster, in target/release
	cargo build --release --package rocketmq-mock --package rocketmq-mock-c

library:
	$(LIBRARY) shipped
	@mkdir -p $(TARGET)/release
	@ln -Pf $(TARGET)/shipped/librocketmq_producer.so* $(TARGET)/shipped/librocketmq_producer.a $(TARGET)/release

docs: ## the documentation as pages to browse, in target/docs; a name or a link that leads nowhere is an error
	cargo run --quiet --package rocketmq-site -- . $(TARGET)/docs

# Where things go. LIBDIR of a Debian system is /usr/lib/<machine>-linux-gnu. DESTDIR is where a package is put together.
DESTDIR ?=
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DOCDIR ?= $(PREFIX)/share/doc/rocketmq_producer
# What is installed, and was built before: root may have no Rust.
BUILT = $(TARGET)/release

install: ## headers, libraries and what pkg-config and CMake read, of the producer and the mock cluster, after `make build` (PREFIX=/usr/local, LIBDIR=, INCLUDEDIR=, DOCDIR=, DESTDIR=)
	@$(installer) install "$(BUILT)"

uninstall: ## removes what `make install` wrote with the same variables
	@$(installer) uninstall "$(BUILT)"

installer = DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" LIBDIR="$(LIBDIR)" INCLUDEDIR="$(INCLUDEDIR)" DOCDIR="$(DOCDIR)" scripts/install.sh

deb: ## Debian packages in target/deb: the library, what compiling takes, the debug symbols, the mock cluster (DEBFULLNAME=, DEBEMAIL=)
	$(LIBRARY) symbols
	cargo build --profile symbols --package rocketmq-mock-c
	@scripts/deb.sh "$(TARGET)/symbols" "$(TARGET)/deb"

demo: deps build $(if $(filter apache,$(CLUSTER)),target/apache/$(APACHE_NEWEST)/complete target/apache/reader/complete) ## the C examples against the mock cluster (CLUSTER=apache: a real one) and what arrived
	@scripts/demo.sh $(CLUSTER) $(APACHE_NEWEST)

test: deps-bindings apache ## the gate of every landing
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo test --workspace
	$(MAKE) simulate
	$(MAKE) instructions
	$(MAKE) test-bindings
	git diff --exit-code include/

test-bindings: deps-bindings build apache ## the packages for Go, Node and Python, which is part of `make test`
	@for language in $(BINDINGS); do $(MAKE) --no-print-directory -C bindings/$$language TARGET=$(TARGET) test; done

dist-go: library ## the Go package as a module proxy in a folder, from which `go get` works
	@$(MAKE) --no-print-directory -C bindings/go TARGET=$(TARGET) dist

simulate: ## the client in a hostile world, drawn from seeds: SEEDS=20000 of them, from FIRST=0 on
	SEEDS=$(SEEDS) FIRST=$(FIRST) cargo test --profile simulate --test simulation -- --nocapture

test-apache: deps apache ## every test against Apache RocketMQ, on every version
	ROCKETMQ_TEST_APACHE=full cargo test --test apache -- --include-ignored

chaos: can-chaos deps target/apache/$(CHAOS_VERSION)/complete target/apache/reader/complete ## one fault after the other on real servers, as root (MINUTES=, SEED=, CHAOS_VERSION=)
	@scripts/chaos.sh $(MINUTES) $(SEED) $(CHAOS_VERSION)

# First, so that nothing is fetched or built in vain.
can-chaos:
	@scripts/chaos.sh check

valgrind: ## the C test programs under valgrind, which is part of `make test`
	cargo test --test c_api valgrind -- --nocapture

# Left out are the tests that compile a C program: it would need the sanitizer's runtime, which only the Rust test
# program has. Where there is no memory `malloc` must say so, as it does without a sanitizer.
asan: ## the border and the unit tests under the address and leak sanitizers; needs Rust nightly
	@[[ $$(rustup toolchain list 2>/dev/null) == *nightly-* ]] || \
		{ echo "Rust nightly is missing: install rustup, then run \`rustup toolchain install nightly\`." >&2; exit 1; }
	RUSTFLAGS=-Zsanitizer=address ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1 \
		cargo +nightly test --target-dir target/asan --target $$(rustc +nightly --print host-tuple) \
		--package rocketmq-producer --lib --test ffi -- \
		--skip null_is_answered_by_the_rules --skip an_exception_out_of_a_callback

abi: ## holds the header against what the series promised (KEEP=yes takes additions into abi), which is part of `make test`
	$(if $(KEEP),KEEP_ABI=yes) cargo test --test ffi abi:: -- --nocapture

notices: ## writes THIRD-PARTY.txt: what of others is in the libraries, and under which licences
	WRITE_NOTICES=yes cargo test --test notices

# A model that breaks says so in its first lines; what follows is the unwinding, which meets locks again and ends in an abort.
loom: ## the places where threads meet, in every order, which is part of `make test`
	cargo test --package rocketmq-loom

# Finds are kept in target/fuzz; what is worth keeping for good goes to fuzz/corpus by hand. No sanitizer: what is fuzzed
# has no unsafe code, the decompression by zstd excepted.
fuzz: ## each fuzz target for SECONDS (300); needs Rust nightly and `cargo install cargo-fuzz`
	@[[ $$(rustup toolchain list 2>/dev/null) == *nightly-* ]] || \
		{ echo "Rust nightly is missing: install rustup, then run \`rustup toolchain install nightly\`." >&2; exit 1; }
	@cargo fuzz --version >/dev/null 2>&1 || { echo "cargo-fuzz is missing: run \`cargo install cargo-fuzz\`." >&2; exit 1; }
	@for target in $(FUZZERS); do \
		echo "Fuzzing $$target for $(SECONDS) seconds"; \
		mkdir -p target/fuzz/corpus/$$target; \
		cargo +nightly fuzz run --target-dir target/fuzz --sanitizer none $$target \
			target/fuzz/corpus/$$target fuzz/corpus/$$target -- -max_total_time=$(SECONDS) -timeout=10 \
			-rss_limit_mb=2048 -print_final_stats=1; \
	done

# The files of the send policy, of exactly-once completion and of the tables that must not lose anything. Each mutant is
# built and met by the unit tests and the simulations; hours in all, so that a run may take one of n shards.
mutants: ## what the tests would not notice: mutants of the files that decide, one SHARD=k/n of them; needs cargo-mutants
	@cargo mutants --version >/dev/null 2>&1 || { echo "cargo-mutants is missing: cargo install cargo-mutants" >&2; exit 1; }
	cargo mutants --package rocketmq-producer $(MUTATED:%=--file src/%.rs) --shard $(SHARD) --output target/mutants/producer \
		--cap-lints=true -- --lib --test producer --test simulation
	cargo mutants --package rocketmq-protocol --file protocol/src/session.rs --shard $(SHARD) --output target/mutants/protocol

# Where cargo builds. What cannot be had of the peers is left out, and the page says so.
TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
PEERS := java-5.5.0 java-4.9.8 rust go
PAGE := docs/PERFORMANCE.md

bench: bench-programs bench-peers bench-packages ## what one message costs, beside a bare socket and other clients: forty minutes on a quiet machine, PAGE=docs/PERFORMANCE.md
	$(TARGET)/release/rocketmq-bench compare --write $(PAGE)

bench-axes: bench-programs ## the same as bodies, windows, threads, brokers and topics grow, beside a bare socket: five minutes
	$(TARGET)/release/rocketmq-bench compare --only axes --write $(PAGE)

bench-languages: PEERS := go
bench-languages: bench-programs bench-peers bench-packages ## the same of the packages for Go, Node and Python, beside other clients of their languages: ten minutes
	$(TARGET)/release/rocketmq-bench compare --only languages proxy --write $(PAGE)

bench-quick: bench-programs ## limits for the writes, switches and allocations of a message; then whether the comparison runs
	$(TARGET)/release/rocketmq-bench
	$(TARGET)/release/rocketmq-bench compare --quick --only base --clients floor ours

instructions: bench-programs ## how many instructions a message costs, held against bench/instructions.txt (KEEP=yes writes it); needs valgrind
	$(TARGET)/release/rocketmq-bench instructions $(if $(KEEP),--keep)

# Both at once, since each of them waits for one compiler.
bench-programs:
	$(MAKE) --no-print-directory --jobs 2 library bench-rust
	$(MAKE) --directory bench/c

bench-rust:
	cargo build --release --package rocketmq-bench --package rocketmq-bench-sink

bench-peers:
	@for peer in $(PEERS); do \
		$(MAKE) --directory bench/peers OUT=$(TARGET)/bench/peers $$peer || echo "The comparison goes without $$peer." >&2; \
	done
	@$(MAKE) --directory bench/c peers-librocketmq || echo "The comparison goes without librocketmq." >&2

# One that fails does not keep the others of its language.
bench-packages: library
	@for language in $(BINDINGS); do \
		$(MAKE) --no-print-directory --keep-going --directory bindings/$$language TARGET=$(TARGET) bench || \
			echo "The comparison goes without what failed of $$language." >&2; \
	done

# On a quiet machine about twenty minutes. SENDS are made in a storm of faults; idleness and refused connections are
# watched for SECONDS each. ONLY="deadlines recovery idle threads lives refused memory storm" names some sections.
SENDS := 10000000
ONLY :=
soak: SECONDS := 60

soak: build ## real time, real memory, killed servers (SENDS=10000000 SECONDS=60); a table, and a failure if a promise is broken
	ROCKETMQ_SOAK_SENDS=$(SENDS) ROCKETMQ_SOAK_SECONDS=$(SECONDS) ROCKETMQ_SOAK_ONLY="$(ONLY)" \
		cargo test --release --test soak -- --include-ignored --nocapture

apache: $(APACHE:%=target/apache/%/complete) target/apache/reader/complete ## fetches Apache's servers and Java client into target/apache

clean: ## removes target, jars included
	cargo clean

# A folder of jars is whole when it holds the file `complete`.
define fetch
@echo "Fetching Apache RocketMQ into $(@D)"
@rm -rf $(@D)
@mvn -q -B -f $< -Drocketmq.version=$* -DoutputDirectory=$(CURDIR)/$(@D) -DincludeScope=runtime \
	org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies
@touch $@
endef

target/apache/reader/complete: tests/apache/reader.pom.xml
	$(fetch)

target/apache/%/complete: tests/apache/servers.pom.xml
	$(fetch)
