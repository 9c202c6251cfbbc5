"""A run repeats neither the policy nor the views while nothing that they are made of has changed."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace

import pytest
from nights.conftest import LAST

from stayhouse.orchestration.graph import reached

pytestmark = pytest.mark.slow


def made(company) -> Counter:
    """Seeds and views that a run makes; the marts among the views are of every run."""
    results = company.session.build(LAST, with_tests=False)
    return Counter(
        node.resource_type if node.resource_type == "seed" else node.config.materialized
        for node in (result.node for result in results)
        if node.resource_type == "seed" or (node.config.materialized == "view" and "marts" not in node.fqn)
    )


@pytest.mark.repetition
def test_a_run_makes_views_again_only_when_their_time_zone_has_changed(straight, company, monkeypatch):
    """Views skipped for good would keep the business days of the time zone that the company had before."""
    repeated = company(straight.settings.raw, straight)
    repeated.session.settings = repeated.settings
    assert made(repeated) == {}
    # Taken back afterwards: later companies of this process begin with the settings of the session.
    monkeypatch.setattr(repeated.session, "settings", replace(repeated.settings, business_timezone="Asia/Tokyo"))
    again = made(repeated)
    assert again["view"] > 20
    assert again["seed"] == 0


@pytest.fixture
def asked(straight, company, monkeypatch):
    """A copy of a company that is built, and what it asks dbt to do; dbt does not run."""
    copy = company(straight.settings.raw, straight)
    monkeypatch.setattr(copy.session, "settings", copy.settings)
    monkeypatch.setattr(copy.session, "seeds", copy.session.seeds)
    commands: list[list[str]] = []
    monkeypatch.setattr(copy.session, "_invoke", lambda command, *_: commands.append(command) or [])
    return copy, commands


def selected(command: list[str]) -> set[str]:
    """Names of what --select takes."""
    begin = command.index("--select") + 1
    return {name.split(".")[-1] for name in command[begin : command.index("--indirect-selection", begin)]}


def test_a_part_makes_only_what_is_missing(asked):
    """A run of one domain loaded seventeen seeds and made thirty views again that were there as they should be."""
    company, commands = asked
    nodes = company.session.parse().nodes
    parents = {
        key: [one for one in getattr(node.depends_on, "nodes", ()) if one in nodes] for key, node in nodes.items()
    }
    part = set(reached(parents, ["model.stayhouse.mart_activation_customer"]))
    company.session.build(LAST, part=part)
    names = selected(commands[0])
    assert {"mart_activation_customer", "dim_customer_activation"} <= names
    assert "stg_product__events" not in names
    assert "thresholds" not in names
    tests = {key: node for key, node in nodes.items() if node.resource_type == "test" and node.fqn[-1] in names}
    assert tests, "the tests of the part are missing"
    assert all(set(node.depends_on.nodes) <= part for node in tests.values())


def test_a_part_with_another_policy_is_noticed_by_the_next_whole_run(asked, tmp_path):
    """The policy was tried on one domain and taken back; the seeds of the trial stayed in the warehouse for good."""
    company, commands = asked
    before, trial = company.session.seeds, tmp_path / "trial"
    shutil.copytree(before, trial)
    (trial / "plans.csv").write_bytes((trial / "plans.csv").read_bytes() + b"trial,Trial,0\n")
    company.session.seeds = trial
    company.session.build(LAST, part=["seed.stayhouse.plans"])
    assert selected(commands[0]) >= {"plans"}
    company.session.seeds = before
    company.session.build(LAST)
    kinds = [commands[1][at + 1] for at, word in enumerate(commands[1]) if word == "--resource-type"]
    assert "seed" in kinds
    company.session.build(LAST)
    kinds = [commands[2][at + 1] for at, word in enumerate(commands[2]) if word == "--resource-type"]
    assert "seed" not in kinds
