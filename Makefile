# Izwi: `make run` and `make test` set everything up by themselves.
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help run test check format lint types floors bench kill faults shows lock image migration clean

help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Use
run: $(VENV)/.run ## Set up, start Izwi on 127.0.0.1:8000 with the sample survey, and print how to dial it
	$(BIN)/izwi serve --demo $(ARGS)

test: $(VENV)/.dev ## Set up and run all tests, on SQLite and on PostgreSQL
	$(BIN)/python -m pytest -n 2 $(ARGS)

##@ Develop
check: format-check lint types floors test ## Everything CI does, in the same order

format: $(VENV)/.dev ## Format the code
	$(BIN)/ruff format . && $(BIN)/ruff check --fix --select I .

format-check: $(VENV)/.dev
	$(BIN)/ruff format --check .

lint: $(VENV)/.dev ## Look for mistakes and misspellings
	$(BIN)/ruff check . && $(BIN)/codespell app tests docs bench README.md CONTRIBUTING.md CHANGELOG.md

types: $(VENV)/.dev ## Check the types
	$(BIN)/mypy

floors: $(VENV)/.dev ## Check that no module imports from a higher floor
	$(BIN)/lint-imports

bench: $(VENV)/.dev ## Measure a turn against yardsticks, in one run; writes docs/bench.md
	$(BIN)/python -m bench $(ARGS)

kill: $(VENV)/.dev ## Kill the server in mid-survey KILLS times (default 1000) and count the answers
	$(BIN)/python -m tests.kills --kills $(or $(KILLS),1000) $(ARGS)

faults: $(VENV)/.dev ## Play schedules of faults SEEDS (default 0:2000) on both databases, and check what must hold
	$(BIN)/python -m tests.faults --seeds $(or $(SEEDS),0:2000) $(ARGS)

shows: $(VENV)/.dev ## Let programs of others open every export of RESPONDENTS (default 100000) simulated respondents
	$(BIN)/python -m tests.shows --respondents $(or $(RESPONDENTS),100000) $(ARGS)

migration: $(VENV)/.dev ## Draft a migration from the models: make migration NAME="add_broadcast"
	$(BIN)/python -m tests.draft_migration "$(NAME)"

lock: ## Renew the lock files (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --extra dev pyproject.toml -o requirements-dev.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  -c requirements-dev.lock pyproject.toml -o requirements.lock
	echo pyodk | uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url - -o requirements-pyodk.lock

image: ## Build the container image (docker or buildah)
	$$(command -v docker >/dev/null && echo docker || echo "buildah") build -t izwi .

clean: ## Remove the virtual environment (never the data in var/)
	rm -rf $(VENV) build *.egg-info

# The stamp files say which lock an environment was made from.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Izwi needs Python 3.11 or newer; try make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "No venv module: apt install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/.run: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	printf '#!/bin/sh\nPYTHONPATH="%s" exec "%s/python" -m app "$$@"\n' '$(CURDIR)' '$(abspath $(BIN))' > $(BIN)/izwi && chmod +x $(BIN)/izwi
	@touch $@

# pyODK wants an older pydantic than Izwi has, so it is a folder of its own beside the packages, which its test looks into.
$(VENV)/.pyodk: requirements-pyodk.lock | $(VENV)/bin/python
	rm -rf $(VENV)/pyodk
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --target $(VENV)/pyodk -r $<
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml $(VENV)/.pyodk | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.run
