# Each target is a step that CI runs or a person types. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# A fresh clone in CI finds the builds of the last one.
ifdef CI
export CARGO_TARGET_DIR ?= $(HOME)/.cache/lakefront/target
export npm_config_cache ?= $(HOME)/.cache/lakefront/npm
export CARGO_TERM_PROGRESS_WHEN := never
endif

TARGET := $(or $(CARGO_TARGET_DIR),target)
BINARY := $(TARGET)/release/lakefront

TPCDS := $(HOME)/.cache/lakefront/tpcds

.PHONY: test-tpcds bench-lake bench-sql bench-trino fuzz-sql fuzz-parser help run build dev check test test-rust test-ui test-e2e test-trino accept bench bench-athena bench-estimates ui api clean

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: build ## build everything, make the sample lake, serve the demo on 127.0.0.1:3000
	$(BINARY) demo

build: ## the release binary with the UI inside: target/release/lakefront
	@# The first build is long; the UI, which goes in last, is built meanwhile.
	if [ ! -x $(BINARY) ]; then cargo build --release --bin lakefront & fi; $(MAKE) --no-print-directory ui && wait
	cargo build --release --bin lakefront

dev: ui ## the demo from an unoptimised build, for work on it
	cargo run --bin lakefront -- demo --restaurants 200

ui: ui/node_modules/.package-lock.json ## the UI's client and server bundles in ui/dist
	cd ui && npm run --silent build

%/node_modules/.package-lock.json: %/package-lock.json
	cd $* && npm ci --no-fund --no-audit

api: ## the API's description, from the handlers
	cargo test --workspace --no-run
	$(TARGET)/debug/lakefront openapi > ui/src/api/openapi.json

check: ui ## formats, lints, types
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cd ui && npm run --silent check

test: test-ui test-rust test-e2e ## every test, with what they need

test-ui: ui
	cd ui && npm test --silent

test-rust: ui
	deploy/test/rust.sh

test-e2e: ui e2e/node_modules/.package-lock.json
	deploy/test/e2e.sh

test-trino: ## what a real Trino has to say (needs a JDK 17 and Maven, which it installs)
	deploy/test/trino.sh test

fuzz-sql: ## random queries and expressions, by a real Trino and by the embedded engine; functions of constants and of columns (STATEMENTS=10000 EXPRESSIONS=100000 SEED=1)
	cargo test --workspace --locked --no-run
	python3 deploy/test/trino/places.py $(TARGET)/debug/lakefront --rounds 10 --seed $(or $(SEED),1)
	deploy/test/trino.sh grid $(TARGET)/debug/lakefront --seed $(or $(SEED),1)
	deploy/test/trino.sh fuzz $(TARGET)/debug/lakefront --statements $(or $(STATEMENTS),1000) --seed $(or $(SEED),1)
	deploy/test/trino.sh values $(TARGET)/debug/lakefront --expressions $(or $(EXPRESSIONS),10000) --seed $(or $(SEED),1)

fuzz-parser: ## texts that nobody writes, read and printed (HOSTILE=10000000 SEED=1)
	HOSTILE=$(or $(HOSTILE),1000000) SEED=$(or $(SEED),1) cargo test --workspace --locked --test hostile -- --nocapture

test-tpcds: ## the queries of TPC-DS, by a real Trino and by the embedded engine (SCALE=0.01)
	cargo test --workspace --locked --no-run
	[ -x $(TPCDS)/bin/python ] || python3 -m venv $(TPCDS)
	$(TPCDS)/bin/python -m pip install -q duckdb==1.5.5 duckdb-extension-tpcds==1.5.5
	$(TPCDS)/bin/python deploy/test/trino/tpcds.py $(TARGET)/debug/lakefront --scale $(or $(SCALE),0.01)

accept: ## take the new snapshots
	SQL_REFERENCE_ACCEPT=1 cargo test --workspace --test reference
	CORPUS_ACCEPT=1 cargo test --workspace --test corpus
	INSTA_UPDATE=always cargo test --workspace

bench: build e2e/node_modules/.package-lock.json ## the figures of the README, from the release binary
	python3 deploy/bench/bench.py $(BINARY)

bench-estimates: ## estimates against what a real Trino reads, asked anew
	python3 deploy/bench/trino_bytes.py --record
	cargo test --workspace --locked --test estimates -- --nocapture trino_reads

bench-sql: build ## statements by the embedded engine, DataFusion and DuckDB, after a `make bench`
	$(HOME)/.cache/lakefront/bench/bin/python deploy/bench/sql.py $(BINARY)

bench-trino: build ## statements planned by lakefront-trino against DataFusion's own, in one process
	$(BINARY) sample forecast --format parquet --out $(TARGET)/bench-trino
	cargo bench --workspace --locked --features lakefront-trino/datafusion-sql --bench engines -- $(abspath $(TARGET)/bench-trino)

bench-lake: build ## setting up, seeding and many readers, from the release binary (nginx and wrk installed)
	deploy/bench/lake.sh $(BINARY)

bench-athena: ## our delay after Athena's end, and rows by files, object and pages, on the Athena of the tests
	cargo test --workspace --locked --test aws -- --ignored --nocapture

clean: ## what the builds left
	cargo clean
	rm -rf ui/dist ui/node_modules e2e/node_modules e2e/results
