# Every target sets up what it needs: .venv with the pinned packages, and servers of its own.
PYTHON ?= python3
VENV   := .venv/bin
WORKERS ?= 2

.PHONY: help setup demo newcomer test lint format bench docs mutate constructs lock sweep clean

help:  ## show the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

setup:  ## make .venv
	@$(PYTHON) tools/bootstrap.py

demo: setup  ## TPC-H: change base tables, let a DAG refresh five stream tables, check each against its query
	@$(VENV)/python tools/demo.py

test: ## run the tests (as root it brings PostgreSQL 15 and Chromium by apt-get; PGTRICKLE_NO_APT=1 leaves them out)
	@$(PYTHON) tools/bootstrap.py --for-tests
	@$(VENV)/python -m pytest -n $(WORKERS) $(ARGS)

lint: setup  ## ruff and mypy
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/mypy

format: setup  ## let ruff write
	@$(VENV)/ruff check --fix .
	@$(VENV)/ruff format .

bench: setup  ## measure what the documentation promises
	@broken=0; for each in refresh recursion tpch factory page reference; do \
		echo "-- bench/$$each.py"; $(VENV)/python bench/$$each.py || broken=1; \
	done; exit $$broken

docs: setup  ## check links, decisions and the index of docs
	@$(VENV)/python tools/check_docs.py

mutate: setup  ## break the delta laws one by one: which breaks do the tests not notice?
	@$(VENV)/python -m tests.mutation.run $(ARGS)

constructs: setup  ## write docs/sql.md from the registry of constructs
	@$(VENV)/python tools/constructs.py

newcomer: setup  ## walk through the quickstart of docs/airflow with the wheel in an environment of its own
	@$(VENV)/python -m tools.newcomer

lock: setup  ## pin what .venv holds now
	@$(VENV)/python tools/lock.py

sweep: setup  ## stop servers whose owner was killed
	@$(VENV)/python tools/clean.py --servers

clean:  ## remove everything that the targets made, clusters included
	@$(PYTHON) tools/clean.py
