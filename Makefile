# `make` lists the targets. Everything is installed into .venv, from pyproject.toml.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/
export PYTHONWARNINGS ?=

.DEFAULT_GOAL := help
.PHONY: help install demo test test-deep test-trino test-snowflake bench limits check golden clean

help: ## list the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "sqlgen needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(RUN)pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(RUN)pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@

install: $(VENV)/installed ## set up .venv with sqlgen and all that its checks need

demo: install ## write a small set of CloudTrail logs that tells a story, and ask the three questions
	@$(RUN)sqlgen demo demo-logs

test: install ## run the tests on the embedded engine
	$(RUN)pytest -n auto

test-deep: install ## the same with many more generated worlds
	SQLGEN_WORLDS=500 $(RUN)pytest -n auto tests/test_worlds.py

$(VENV)/engines: $(VENV)/installed
	$(RUN)pip install --quiet --disable-pip-version-check --group engines
	@touch $@

test-trino: $(VENV)/engines ## run every question on a real Trino (fetched once, with Maven)
	$(RUN)pytest -m trino tests/engines

test-snowflake: install ## run every question on fakesnow's server, in an environment of its own
	$(RUN)pytest -m snowflake tests/engines

bench: $(VENV)/engines ## measure every question against one reading of the log (docs/engines.md)
	$(RUN)python -m tests.bench

limits: $(VENV)/engines ## measure how large a walk may be on Trino (docs/engines.md)
	$(RUN)python -m tests.bench.limits

check: install ## style, types, dead links in the docs
	$(RUN)ruff check sqlgen tests
	$(RUN)ruff format --check sqlgen tests
	$(RUN)mypy
	$(RUN)python -m tests.links

golden: install ## write the golden SQL files anew
	$(RUN)python -m tests.rendering

clean: ## remove what make has made
	rm -rf $(VENV) demo-logs build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
