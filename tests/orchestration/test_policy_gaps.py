"""What a run says about codes that the policy does not know, or that nothing reads."""

from __future__ import annotations

import json
import re

import duckdb
import pytest

from stayhouse.contract import REPO_ROOT
from stayhouse.orchestration.policy import SEEDS_FOLDER
from stayhouse.orchestration.policy_gaps import AUDITED, TARGET, describe_policy_gaps, gaps
from stayhouse.orchestration.settings import Settings
from stayhouse.orchestration.unknown_codes import CODES, Known


@pytest.fixture
def described(tmp_path):
    """The lines about these rows of `core.unknown_policy_codes`."""

    def describe(*rows: tuple) -> list[str]:
        settings = Settings(
            raw=tmp_path / "raw", policy=tmp_path / "policy", warehouse=tmp_path / "w.duckdb", publish=tmp_path / "p"
        )
        with duckdb.connect(str(settings.warehouse)) as connection:
            connection.execute(
                "create schema core; create table core.unknown_policy_codes "
                "(code_kind varchar, unknown_code varchar, rows_count bigint, customers_count bigint)"
            )
            connection.executemany("insert into core.unknown_policy_codes values (?, ?, ?, ?)", rows)
        return describe_policy_gaps(settings, SEEDS_FOLDER)

    return describe


def test_every_gap_says_what_happens_and_names_the_file_to_change(described, tmp_path):
    """Five thousand answers to an unknown question were rejected under "published", without a word."""
    question, plan, target, segment = described(
        ("plan", "legacy_2019", 1200, 7),
        ("target of a metric", "onboarding_completion_pct", 2, None),
        ("question", "relational/nps2", 5000, 4000),
        ("segment", "usage/bakery", 1, 1),
    )
    policy = tmp_path / "policy"
    assert question.startswith(
        "question 'relational/nps2' is not known (5,000 rows of 4,000 customers): answers count in no index and are "
        "listed in feedback.mart_survey_violations. Add it to "
    )
    assert question.endswith(str(policy / "survey_questions.csv"))
    assert plan.startswith("plan 'legacy_2019' is not known (1,200 rows of 7 customers): a plan counts as paid")
    assert "'onboarding_completion_pct' is not known (2 rows): no metric is compared with it" in target
    assert target.endswith(str(policy / "metric_targets.csv"))
    assert segment.startswith("segment 'usage/bakery' is not known (1 row of 1 customer): customers stay in 'unass")


def test_every_kind_that_the_model_finds_can_be_described():
    sql = (REPO_ROOT / "models" / "core" / "policy" / "unknown_policy_codes.sql").read_text()
    found = set(re.findall(r"'([^'{]+)' as code_kind", sql)) | set(
        re.findall(r"^    \('([^']+)', 'stg_", sql, re.MULTILINE)
    )
    # Money without a rate has a table of its own.
    assert found == {codes.kind for codes in CODES} - {"currency"} | {TARGET, AUDITED}
    known = Known({"thresholds": [], "components": [{"component_code": "mail"}]})
    assert gaps(known).keys() == found - {"attribute", "outcome of a contact"}
    assert all((SEEDS_FOLDER / gap.file).is_file() for gap in gaps(known).values())


def test_what_a_policy_leaves_open_on_purpose_is_no_gap(described):
    """A company that lists neither events nor components would have a line for each of them in every run."""
    rows = [
        ("event", "opened", 5, None), ("component", "maps", 5, 1), ("attribute", "trade", 1, 1),
        ("outcome of a contact", "delivered", 9, 9),
    ]  # fmt: skip
    (line,) = described(*rows, ("reason of an end", "weather", 2, 2))
    assert line.startswith(
        "reason of an end 'weather' is not known (2 rows of 2 customers): churn counts under the reason 'unlisted'. Add"
    )


def test_no_code_that_policy_does_not_know_can_withhold_a_run(parsed):
    """Money mostly in a currency without a rate withheld every mart, also those without money."""
    manifest = json.loads((parsed / "target" / "manifest.json").read_text())
    found = {node["name"]: node["config"]["severity"].lower() for node in manifest["nodes"].values()
             if node["resource_type"] == "test"}  # fmt: skip
    about_codes = (
        "assert_most_money_has_a_rate",
        "assert_every_currency_has_a_rate",
        "assert_survey_forms_are_whole",
        "assert_unknown_events_are_rare",
    )
    assert {name: found[name] for name in about_codes} == dict.fromkeys(about_codes, "warn")
    to_policy = [
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        and (node.get("test_metadata") or {}).get("name") == "relationships"
        and any(parent.startswith("seed.") for parent in node["depends_on"]["nodes"])
        and found[node["name"]] == "error"
    ]
    assert to_policy == []
