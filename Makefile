# SPDX-License-Identifier: Apache-2.0
# Everything a developer runs. Needs python3 (3.11 to 3.13) with pip, and make; brings all other tools itself.

PYTHON ?= python3
UV_VERSION := 0.13.9
UV := .tools/bin/uv
BIN := .venv/bin
READY := $(BIN)/quartier
PYTEST := $(BIN)/pytest
NODE := tests/conformance/node_modules/.package-lock.json
GOLDEN := tests/contract/test_golden_events.py tests/contract/test_snapshots.py

.DEFAULT_GOAL := help
.PHONY: help demo up test check bench conformance contract-livekit soak schema

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-18s %s\n", $$1, $$2}'

demo: $(READY) ## Run one conference evening at speed, with simulated residents, and report what happened
	$(BIN)/quartier rehearse --conferences 1 --residents 50 --pace 100 --report .quartier/demo.json

up: $(READY) ## Start the whole city on this machine; Ctrl-C stops it, the data stay in .quartier
	$(BIN)/quartier up

test: check ## Run all checks and all tests except the soak tests
	$(PYTEST) -n auto -m "not soak"

check: $(READY) $(NODE) ## Check style, types, import rules, dependencies, the schema, and that nothing stored changed its fields
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/python -m gateway.schema.table --check
	$(PYTEST) -q -p no:randomly tests/architecture tests/conformance/test_schema.py $(GOLDEN) -k "not planted and not whole_stream"

bench: $(READY) ## Measure side by side with peers; figures, not verdicts
	$(BIN)/python -m benchmarks

conformance: export QUARTIER_CONFORMANCE_DOCUMENTS ?= 10000
conformance: export QUARTIER_CONFORMANCE_FUZZ_SECONDS ?= 300
conformance: $(READY) $(NODE) ## Run the suites, clients and tools of others against ours, at full length
	$(PYTEST) -n auto -k conformance -o timeout=3600

contract-livekit: $(READY) ## Compare the LiveKit double with a real server (LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET)
	$(PYTEST) -m livekit_real

soak: $(READY) ## Run the tests that take minutes: crashes, rolling restarts, a full evening, new examples for properties
	$(PYTEST) -n auto tests/unit --hypothesis-profile=search
	$(PYTEST) -m soak -o timeout=3600

schema: $(READY) ## Write the GraphQL schema to gateway/schema.graphql
	$(BIN)/python -m gateway.schema.export --write


# uv comes by pip into a folder of its own: that needs neither ensurepip, which Debian's python3 lacks, nor a
# change of the system's Python, which Debian's pip refuses.
$(UV):
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || { echo "python3 has no pip: on Debian, apt-get install python3-pip" >&2; exit 1; }
	$(PYTHON) -m pip install --quiet --target .tools uv==$(UV_VERSION)

# Node comes with the Python environment; npm's packages stay in the folder of the tests that use them.
$(NODE): tests/conformance/package.json tests/conformance/package-lock.json | $(READY)
	$(BIN)/python -m tests.conformance.node
	@touch $@

$(READY): $(UV) pyproject.toml uv.lock
	$(UV) sync --quiet --locked --extra laptop --python $(PYTHON)
	@touch $@
