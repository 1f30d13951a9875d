# Everything here is also one or two commands that can be typed; `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# Versions of Apache RocketMQ that the tests run against. 4.9.7 and 5.5.0 are the newest complete ones of their lines.
APACHE := 4.7.0 4.9.7 5.5.0
APACHE_NEWEST := $(lastword $(APACHE))
# `make demo CLUSTER=apache` runs on real servers.
CLUSTER := mock

.PHONY: help deps apache build demo test test-apache clean

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r target text; do \
		printf '%-18s %s\n' "$$target" "$$text"; done

deps: ## names what is missing on this machine, and installs it as root on Debian
	@scripts/deps.sh

build: ## the shared and the static library and the mock cluster, in target/release
	cargo build --release --package rocketmq-producer --package rocketmq-mock

demo: build $(if $(filter apache,$(CLUSTER)),target/apache/$(APACHE_NEWEST)/complete target/apache/reader/complete) ## the C examples against the mock cluster (CLUSTER=apache: a real one) and what arrived
	@scripts/demo.sh $(CLUSTER) $(APACHE_NEWEST)

test: apache ## the gate of every landing
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo test --workspace
	git diff --exit-code include/

test-apache: apache ## every test against Apache RocketMQ, on every version
	ROCKETMQ_TEST_APACHE=full cargo test --test apache

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
