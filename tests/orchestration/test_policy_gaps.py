"""What a run says about codes that the policy does not know, or that nothing reads."""

from __future__ import annotations

import duckdb

from stayhouse.orchestration.policy_gaps import HOMES, describe_policy_gaps
from stayhouse.orchestration.settings import Settings


def test_every_gap_names_the_file_to_change(tmp_path):
    settings = Settings(
        raw=tmp_path / "raw", policy=tmp_path / "policy", warehouse=tmp_path / "w.duckdb", publish=tmp_path / "p"
    )
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(
            "create schema core; create table core.unknown_policy_codes as "
            "from (values ('plan', 'legacy_2019', 1200, 7), ('target of a metric', 'onboarding_completion_pct', 2, null))"
            " as gaps (code_kind, unknown_code, rows_count, customers_count)"
        )
    plan, target = describe_policy_gaps(settings)
    assert plan.startswith(
        "plan 'legacy_2019' is not in the policy (1,200 rows of 7 customers): it counts as a paid plan"
    )
    assert plan.endswith(str(tmp_path / "policy" / HOMES["plan"][0]))
    assert "'onboarding_completion_pct' (2 rows): it is ignored" in target
    assert target.endswith(str(tmp_path / "policy" / "metric_targets.csv"))
