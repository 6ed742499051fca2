# What people and machines call. Everything real is in scripts/ and in the package; see docs/decisions/0001.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
BIN := .venv/bin
CODE := scanner_app devices sync screens server tests $(wildcard bench) scripts

SEEDS ?= 100000
FIRST ?= 0

.PHONY: help setup setup-run run lint format test test-system soak bench docs clean

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Create .venv with scanner and all that testing needs
	@scripts/setup.sh dev

setup-run: ## Create .venv with scanner alone
	@scripts/setup.sh run

run: setup-run ## Play on the demonstration site; without a terminal, play its shift and print the stock
	@$(BIN)/scanner run --demo

lint: setup ## Check style, types and import rules
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports

format: setup ## Let ruff put the code into shape
	$(BIN)/ruff check --fix-only $(CODE)
	$(BIN)/ruff format $(CODE)

test: lint ## Lint, unit tests with coverage floors, simulation; under 8 minutes on two cores
	@scripts/test.sh

test-system: setup ## Kills, ptys and a real terminal; installs what it needs
	@scripts/need.sh strace tmux
	$(BIN)/pytest tests/system

soak: setup ## Play SEEDS (100000) seeds of the simulation from FIRST (0) on; prints the figures, adds a line to bench/soak.txt
	$(BIN)/python -m tests.simulation --first $(FIRST) --seeds $(SEEDS) --results bench/soak.txt

bench: setup ## Measure against limits taken in the same run; prints the table, writes bench/results.json
	@scripts/need.sh strace
	$(BIN)/python -m bench

docs: setup ## Check that every link and every command the documents name exists
	$(BIN)/python scripts/check_docs.py

clean: ## Remove what set-up and tests made
	rm -rf .venv build dist *.egg-info .coverage .coverage.* coverage.json htmlcov .hypothesis
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache snapshot_report.html bench/results.json bench/soak.txt
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
