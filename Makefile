# Every target that a person or CI needs. `make pr` is what CI runs.
SHELL := /bin/bash
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
COMPILE = $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" pyproject.toml

# Everything that is started here starts hundreds of Python processes: without compiled modules each compiles them again.
export PYTHONDONTWRITEBYTECODE :=

# The whole product in processes of its own, for minutes; a tracer would only slow it down. The other tests reach every line that
# the gates ask for.
WITHOUT_COVERAGE = tests/e2e tests/faults tests/stacks

.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(VENV)/.local: requirements/local.txt pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else f"cloud needs Python 3.11 to 3.13, this is {v[0]}.{v[1]}: make PYTHON=/path/to/python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/local.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.local
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	touch $@

setup: $(VENV)/.local ## the virtual environment that demo and the CLI need
dev: $(VENV)/.dev ## the virtual environment for development

demo: $(VENV)/.local ## start local mode, deploy, fail on purpose, destroy, stop
	$(BIN)/cloud demo

test: $(VENV)/.dev ## every test, in random order, in parallel
	$(BIN)/python -m pytest

fmt: $(VENV)/.dev ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(VENV)/.dev ## format check, ruff, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: $(VENV)/.dev ## mypy, strict
	$(BIN)/mypy

coverage: $(VENV)/.dev ## the tests, with the coverage gates
	$(BIN)/python -m pytest $(WITHOUT_COVERAGE:%=--ignore=%) --cov --cov-report=term-missing:skip-covered
	$(BIN)/python -m coverage report --include='layers/shared/python/cloud/domain/*,layers/shared/python/cloud/service/*' --fail-under=100
	$(BIN)/python -m pytest $(WITHOUT_COVERAGE)

bench: $(VENV)/.dev ## measure, write docs/benchmarks.md and build/bench.json
	$(BIN)/python -m tests.benchmarks

chaos: $(VENV)/.dev ## deployments with faults, by seed: N=1000 runs, FIRST=1; SEED=42 replays one
	$(BIN)/python -m tests.faults $(if $(SEED),--seed $(SEED),--runs $(or $(N),200) --first $(or $(FIRST),1))

pr: lint types coverage ## what CI runs

stacks: $(VENV)/.dev ## install what every stack requires, and check its program there: JOBS=2
	$(BIN)/python -m tests.stacks.check_stacks --jobs $(or $(JOBS),2)

lock: $(VENV)/.dev ## compile requirements/*.txt again
	$(BIN)/python -m pip install -q uv
	$(COMPILE) -o requirements/runtime.txt
	$(COMPILE) --extra runner -o requirements/runner.txt
	$(COMPILE) --extra cli -o requirements/cli.txt
	$(COMPILE) --extra local --extra build -o requirements/local.txt
	$(COMPILE) --extra dev -o requirements/dev.txt

clean: ## remove what was built
	rm -rf build dist $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*

.PHONY: help setup dev demo test fmt lint types coverage bench chaos pr stacks lock clean
