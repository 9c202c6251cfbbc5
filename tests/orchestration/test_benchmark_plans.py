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
    (models / "in_part.sql").write_text(HEAVY)
    dearest = {"heavy": (2.5, True), "in_part": (2.0, False), "gone": (1.5, True), "in_python": (1.0, True)}
    plans = plans_of(dearest, warehouse, tmp_path / "target")
    assert {model: seconds for model, (seconds, _) in plans.items()} == {m: s for m, (s, _) in dearest.items()}
    # The SQL of a model that continues is that of all its rows: its plan was called fifty times dearer than its run.
    assert plans["in_part"][1] is None
    # Neither what read a table of its run nor what has no SQL stops the others.
    assert plans["gone"][1] is None
    assert plans["in_python"][1] is None
    operators = plans["heavy"][1]
    assert {len(row) for row in operators} == {len(HEADER)}
    assert any("group_by" in operator and "distinct" in detail.lower() for operator, detail, *_ in operators)
    assert all("|" not in detail.replace("\\|", "") for _, detail, *_ in operators)
