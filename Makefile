# Stayhouse. Needs Python 3.11 or newer, git and make; everything else is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
# Processes that run tests side by side.
WORKERS ?= 2
# Keep compiled bytecode, so that tools start faster.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup build test lint format bench bench-cx bench-usage bi-test dev status clean lock

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

setup: $(INSTALLED) ## Create .venv from the hash-locked lock file

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; make PYTHON=python3.11 ...")'
	@echo "installing into .venv ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(INSTALLED)

landing/saas/raw: | $(INSTALLED)
	@$(BIN)/stayhouse demo

build: $(INSTALLED) landing/saas/raw ## Generate the demonstration data once, then load, check, transform, check and publish
	@$(BIN)/stayhouse build

test: $(INSTALLED) ## Run every test (WORKERS=2 at a time; each holds a few GB at most)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

lint: $(INSTALLED) ## Run the linters
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/yamllint --strict models seeds tests/dbt dbt_project.yml profiles.yml
	@$(BIN)/sqlfluff lint --processes 2 models tests/dbt

format: $(INSTALLED) ## Format the Python code and fix what ruff can fix
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(INSTALLED) ## Measure loading, a full build and one more run at 1 and 10 million events (EVENTS="1 10 100" for more)
	@$(BIN)/python -m benchmarks $(EVENTS)

bench-cx: $(INSTALLED) ## Measure customer experience and feedback at a million survey answers
	@$(BIN)/python -m benchmarks.answers

bench-usage: $(INSTALLED) ## Measure usage health at 1 and 10 million events (EVENTS=100 for more, EVENTS=history by length of history)
	@$(BIN)/python -m benchmarks.usage $(EVENTS)

bi-test: $(INSTALLED) .venv-superset/.installed ## Read a publication with Apache Superset and compare its numbers with the marts (.venv-superset, 700 MB)
	@$(BIN)/python -m pytest tests/nights/bi tests/nights/test_metric_equality.py

.venv-superset/.installed: tests/nights/bi/requirements.lock
	@echo "installing Superset into .venv-superset ..."
	@test -x .venv-superset/bin/python || $(BIN)/python -m venv .venv-superset
	@.venv-superset/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

dev: $(INSTALLED) ## Open the Dagster UI
	@$(BIN)/stayhouse dev

status: $(INSTALLED) ## Show what is published and what is withheld
	@$(BIN)/stayhouse status

clean: ## Remove build artefacts (landing files, warehouses and publications stay)
	rm -rf target logs .pytest_cache .ruff_cache .mypy_cache .hypothesis

lock: ## Resolve the dependencies again (needs uv on the PATH)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-annotate --no-strip-extras -q -o requirements.lock

.PHONY: coverage
coverage: $(INSTALLED) ## Show which models, columns and tests serve each requirement, and which are not served
	@$(BIN)/python -m tests.conventions.requirements
