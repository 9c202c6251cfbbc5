"""A benchmark names the dear operators of a model's plan."""

from __future__ import annotations

import duckdb

from stayhouse.benchmarks.plans import HEADER, plans_of

HEAVY = 'select n % 7 as part, count(distinct n) as numbers from "bench"."main"."heavy|table" where n > 5 group by 1'


def test_a_plan_names_what_takes_its_time(tmp_path):
    warehouse, models = tmp_path / "bench.duckdb", tmp_path / "target" / "compiled" / "stayhouse" / "models"
    with duckdb.connect(warehouse) as db:
        db.execute('create table "heavy|table" as select range as n from range(300000)')
    models.mkdir(parents=True)
    (models / "heavy.sql").write_text(HEAVY)
    (models / "gone.sql").write_text("select * from core.fct_contacts__changed")
    dearest = {"heavy": 2.5, "gone": 1.5, "in_python": 1.0}
    plans = plans_of(dearest, warehouse, tmp_path / "target")
    assert {model: seconds for model, (seconds, _) in plans.items()} == dearest
    # Neither what read a table of its run nor what has no SQL stops the others.
    assert plans["gone"][1] is None
    assert plans["in_python"][1] is None
    operators = plans["heavy"][1]
    assert {len(row) for row in operators} == {len(HEADER)}
    assert any("group_by" in operator and "distinct" in detail.lower() for operator, detail, *_ in operators)
    assert all("|" not in detail.replace("\\|", "") for _, detail, *_ in operators)
