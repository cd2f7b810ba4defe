# make up · make test · make down — see README.md

PYTHON ?= python3
BIN := .venv/bin
STACK := $(BIN)/hasura-cognito

.DEFAULT_GOAL := help
.PHONY: help up down status verify reset test lint bench conformance console

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: .venv/installed ## Install into .venv, start the stack, print the URLs
	@$(STACK) up

down: .venv/installed ## Stop everything; the data stays
	@$(STACK) down

status: .venv/installed ## Show services, URLs and ids
	@$(STACK) status

verify: .venv/installed ## Take a throwaway user the whole way
	@$(STACK) verify

reset: .venv/installed ## Stop everything and delete its data (asks first)
	@$(STACK) reset

# The tests' files, databases above all, are in memory where programs may run there and 2 GB are free: it is quicker.
MEMORY := $(shell ! mount | grep ' /dev/shm ' | grep -q noexec && \
	[ "$$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $$4 }')" -gt 2000000 ] 2>/dev/null && echo /dev/shm)

# Hundreds of processes are started: what they load is compiled once, even where Python is told to write nothing down;
# so are the tests, which every worker reads.
test: .venv/installed-dev ## Run all tests
	@$(BIN)/python -m compileall -q orchestrator
	@$(if $(MEMORY),PYTEST_DEBUG_TEMPROOT=$(MEMORY)) PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n auto -q

lint: .venv/installed-dev ## ruff, mypy --strict, import contracts, the template
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/cfn-lint lambdas/template.yaml

conformance: .venv/installed-dev ## Replay recorded tests of Hasura's own, from CONFORMANCE_DIR, against the engine
	@$(BIN)/python tests/conformance/run.py $(ARGS)

console: console/node_modules/.package-lock.json ## Build the page that the engine serves at /console (needs Node)
	@npm --prefix console run --silent build

console/node_modules/.package-lock.json: console/package-lock.json
	@npm --prefix console ci --prefer-offline --silent --no-audit --no-fund
	@touch $@

bench: .venv/installed-dev ## Measure, side by side with peers
	@$(BIN)/python -m benchmarks $(NAME)

.venv/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or later is needed; this is " + sys.version.split()[0] + ". Set PYTHON=python3.12, say.")'
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv || { echo "Python cannot make a virtual environment. Debian: apt-get install python3-venv." >&2; rm -rf .venv; exit 1; }
	@echo "Installing into .venv …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/installed-dev: .venv/installed
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
