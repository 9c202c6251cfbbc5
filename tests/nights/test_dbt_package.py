"""Another dbt project installs the models as a package, on tables that no loader of this project has written.

The project is `integration_tests/`; its own tests hold values that were worked out by hand. It is built in a process of its
own, because dbt keeps state globally.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest
from nights.conftest import Company

from stayhouse.contract import REPO_ROOT
from stayhouse.orchestration.dbt_session import DbtSession
from stayhouse.orchestration.policy import prepare_policy

pytestmark = [pytest.mark.slow, pytest.mark.repetition]

PROJECT = REPO_ROOT / "integration_tests"
# What dbt reads of a package.
PACKAGE = ("dbt_project.yml", "macros", "models", "seeds", "tests")
CONTRACT_TEST = "assert_raw_rows_keep_the_contract"
DOMAINS = ("activation", "churn")
# Raw table -> the seed that stands for it.
SEEDS = {
    "customers": "billing_system/accounts",
    "subscription_periods": "billing_system/subscription_periods",
    "events": "tracking/app_events",
}

# A key that occurs twice, an end before its start, an event without a name.
BREAK = """
insert into main_billing_system.accounts select * from main_billing_system.accounts where customer_id = '0101';
update main_billing_system.subscription_periods set valid_to = date '2025-01-01' where period_id = 'p1';
update main_tracking.app_events set event_name = null where event_id = 'e1';
"""
WITHOUT_MOMENT = (
    "create table main_billing_system.payments as select 'x1' as payment_id, '0101' as customer_id, 'paid' as status"
)

RUN = """
import json, sys
import duckdb
from dbt.cli.main import dbtRunner

def run(*arguments):
    done = dbtRunner().invoke(["--quiet", *arguments, "--profiles-dir", "."])
    results = getattr(done.result, "results", None) or []
    return {
        "success": done.success,
        "error": str(done.exception or ""),
        "results": {r.node.name: [str(r.status), r.message] for r in results},
    }

def write(sql):
    with duckdb.connect(warehouse) as db:
        db.execute(sql)

warehouse, broken, without_moment = sys.argv[1:]
steps = {"deps": run("deps"), "seed": run("seed"), "build": run("build", "--exclude", "resource_type:seed")}
write(broken)
steps["contract"] = run("test", "--select", "CONTRACT_TEST")
write(without_moment)
steps["column"] = run("run", "--select", "stg_billing__payments")
print(json.dumps(steps))
""".replace("CONTRACT_TEST", CONTRACT_TEST)


@pytest.fixture(scope="module")
def built(made_once) -> Path:
    """A folder with the project, built as a user would, and `steps.json`: the result of each command. Read-only."""

    def make(folder: Path) -> None:
        for name in PACKAGE:
            (folder / name).symlink_to(REPO_ROOT / name)
        project = folder / "integration_tests"
        shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "dbt_packages", "logs"))
        warehouse = project / "integration.duckdb"
        # Another project has neither the settings nor the policy of this one.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("STAYHOUSE_", "DBT_"))}
        done = subprocess.run(
            [sys.executable, "-c", RUN, str(warehouse), BREAK, WITHOUT_MOMENT],
            cwd=project,
            env=environment | {"STAYHOUSE_INTEGRATION_WAREHOUSE": str(warehouse)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        (project / "steps.json").write_text(done.stdout.splitlines()[-1])

    return made_once("dbt_package", make) / "integration_tests"


@pytest.fixture(scope="module")
def steps(built: Path) -> dict:
    return json.loads((built / "steps.json").read_text())


@pytest.fixture(scope="module")
def loaded(dbt_session, tmp_path_factory) -> Company:
    """The same rows and policy, loaded from files."""
    folder = tmp_path_factory.mktemp("loaded")
    for table, seed in SEEDS.items():
        (folder / "raw" / table).mkdir(parents=True)
        shutil.copy(PROJECT / "seeds" / f"{seed}.csv", folder / "raw" / table)
    settings = replace(
        dbt_session.settings,
        raw=folder / "raw",
        policy=PROJECT / "seeds" / "policy",
        warehouse=folder / "stayhouse.duckdb",
        target=folder / "target",
    )
    seeds, _ = prepare_policy(settings)
    company = Company(settings, DbtSession(settings, seeds))
    company.load()
    company.transform(date(2025, 6, 30), select=[f"+path:models/marts/{domain}" for domain in DOMAINS])
    return company


def test_a_project_installs_and_builds_the_package(steps):
    """Somebody with a warehouse of their own could not use the models without the loader."""
    for step in ("deps", "seed", "build"):
        assert steps[step]["success"], (step, steps[step]["error"], list(steps[step]["results"].items())[-5:])
    build = steps["build"]["results"]
    by_hand = {name for name in build if name.endswith(("_is_as_worked_out", "_is_not_available"))}
    assert len(by_hand) == len(list((PROJECT / "tests").glob("*.sql"))) == 3
    assert build[CONTRACT_TEST][0] == "pass"
    assert not [name for name in build if name.startswith(("mart_customer_360", "mart_cx", "int_contacts"))]


def test_marts_are_those_of_a_run_with_the_loader(built: Path, steps, loaded: Company):
    """A stand-in of what the loader keeps must not change a number."""
    assert steps["build"]["success"]
    with duckdb.connect() as db:
        db.execute(f"attach '{built / 'integration.duckdb'}' as package (read_only)")
        db.execute(f"attach '{loaded.settings.warehouse}' as loader (read_only)")
        marts = db.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'loader' and table_name like 'mart_%'"
            " and schema_name in (select unnest(?))",
            [list(DOMAINS)],
        ).fetchall()
        assert {schema for schema, _ in marts} == set(DOMAINS)
        rows = {}
        for schema, mart in marts:
            here, there = (
                f"from {name} order by all" for name in (f"package.main_{schema}.{mart}", f"loader.{schema}.{mart}")
            )
            rows[mart] = db.execute(here).fetchall()
            assert rows[mart] == db.execute(there).fetchall(), mart
    assert len(rows["mart_activation_customer"]) == 4
    assert rows["mart_churn_monthly"]


def test_rows_that_break_the_contract_stop_the_build(steps):
    """Without a quarantine a second row of a customer would double every number of theirs."""
    status, message = steps["contract"]["results"][CONTRACT_TEST]
    assert (status, message.split(",")[0]) == ("fail", "Got 3 results"), message


def test_a_missing_column_is_named_with_the_way_out(steps):
    """A table without a required column gave an error of the database about some expression."""
    status, message = steps["column"]["results"]["stg_billing__payments"]
    assert status == "error"
    assert "main_billing_system" in message
    assert "has no column `paid_at`" in message
    assert "payments_identifier" in message
