"""Indices and their bounds can be recomputed; planted differences are found, noise is not."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest
from nights.conftest import Company
from statsmodels.stats.proportion import proportion_confint

from stayhouse.demonstration.saas import generate
from stayhouse.orchestration.dbt_session import DbtSession
from stayhouse.orchestration.policy import prepare_policy

pytestmark = [pytest.mark.slow, pytest.mark.longest]

LAST = date(2025, 6, 30)
QUARTER = date(2025, 4, 1)
Z = 1.959963984540054


@pytest.fixture(scope="module")
def surveyed(dbt_session, tmp_path_factory):
    """A company with enough answers in its last quarter to compare a support team; few events, which do not matter
    here."""
    folder = tmp_path_factory.mktemp("surveyed")
    generate(folder, customers=3_000, days=200, seed=5, events_per_customer=4)
    policy = folder / "policy"
    add_metric(policy, folder / "landing")
    settings = replace(
        dbt_session.settings,
        raw=folder / "landing",
        policy=policy,
        warehouse=folder / "stayhouse.duckdb",
        target=folder / "target",
    )
    company = Company(settings, DbtSession(settings, prepare_policy(settings)[0]))
    company.load()
    company.transform(LAST, select=["+mart_cx_indices"])
    compiled = {}
    for name in ("int_cx__answer_cells", "int_cx__cells", "int_cx__comparisons"):
        (file,) = Path(settings.target).rglob(f"compiled/**/{name}.sql")
        compiled[name] = re.sub(r'"\w+"\.(?="(?:intermediate|core|config)")', "", file.read_text())
    with duckdb.connect(settings.warehouse, read_only=True) as db:
        yield db, json.loads((folder / "truth" / "surveys.json").read_text()), compiled


def add_metric(policy: Path, raw: Path) -> None:
    """The company asks a second question about effort and makes an index of it, `ces2`, by a row in each table of policy."""
    metrics = (policy / "survey_metrics.csv").read_text()
    (policy / "survey_metrics.csv").write_text(metrics + "ces2,Second effort score,mean,false,,,,false,,ours,own\n")
    questions = (policy / "survey_questions.csv").read_text()
    (policy / "survey_questions.csv").write_text(
        questions + "ces_support,ease,How easy was it today?,ces2,,,1,1,7,,,false,false,false,,2000-01-01,,ours,own\n"
    )
    with duckdb.connect() as db:
        db.execute(
            f"copy (select * replace ('ease' as question_code) from read_parquet('{raw}/survey_answers/*/*.parquet') "
            f"where question_code = 'ces') to '{raw}/survey_answers/ease.parquet'"
        )


@pytest.mark.repetition
def test_a_metric_that_the_policy_adds_has_its_index(surveyed):
    """The list of metrics was in SQL: an index of the company's own was published with periods and without an answer."""
    db, _, _ = surveyed
    expected = db.execute(
        """
        select date_trunc('month', responses.submitted_at)::date, count(*), avg(answers.score)
        from raw.survey_answers as answers
        join raw.survey_responses as responses using (response_id)
        join raw.customers as customers using (customer_id)
        where answers.question_code = 'ease' and answers.score is not null and responses.submitted_at is not null
            and not customers.is_test and customers.deleted_at is null
        group by all order by all
        """
    ).fetchall()
    found = db.execute(
        "select period_start_date, answers_count, answers_index_points from cx.mart_cx_indices where metric_code = 'ces2' "
        "and dimension_name = 'all' and period_kind = 'month' and answers_count > 0 order by all"
    ).fetchall()
    assert sum(count for _, count, _ in expected) > 50
    assert found == expected


def sagging(db, metric: str, dimension: str) -> set[str]:
    found = db.execute(
        "select dimension_value from cx.mart_cx_indices where metric_code = ? and dimension_name = ? "
        "and period_kind = 'quarter' and period_start_date = ? and is_sagging",
        [metric, dimension, QUARTER],
    ).fetchall()
    return {value for (value,) in found}


def test_the_sagging_tenure_band_is_found_and_no_other(surveyed):
    db, truth, _ = surveyed
    first, before = truth["sagging_tenure_months"]
    assert sagging(db, "nps", "tenure_band") == {f"{first}-{before} months"}


def test_the_bad_unit_is_found_and_no_other(surveyed):
    db, truth, _ = surveyed
    assert sagging(db, "csat", "unit") == {truth["bad_unit"]}


def test_nps_is_what_the_raw_answers_give(surveyed):
    db, _, _ = surveyed
    expected = db.execute(
        """
        with latest as (
            select responses.customer_id, date_trunc('quarter', responses.submitted_at) as quarter,
                arg_max(answers.score, (responses.submitted_at, responses.response_id)) as score
            from raw.survey_responses as responses
            join raw.survey_answers as answers using (response_id)
            join raw.customers as customers using (customer_id)
            where answers.question_code = 'nps' and responses.submitted_at is not null
                and not customers.is_test and customers.deleted_at is null
            group by all
        )
        select quarter::date, count(*), count(*) filter (where score >= 9), count(*) filter (where score <= 6)
        from latest group by all order by all
        """
    ).fetchall()
    found = db.execute(
        "select period_start_date, respondents_count, top_count, bottom_count from cx.mart_cx_indices "
        "where metric_code = 'nps' and dimension_name = 'all' and period_kind = 'quarter' order by all"
    ).fetchall()
    assert sum(count for _, count, _, _ in expected) > 500
    assert found == expected


def cells(db, metric: str):
    return db.execute(
        "select respondents_count, top_count, bottom_count, index_points_ci_lo, index_points_ci_hi from cx.mart_cx_indices "
        "where metric_code = ? and respondents_count > 0",
        [metric],
    ).fetchall()


def test_bounds_of_nps_are_the_published_adjusted_wald(surveyed):
    found = cells(surveyed[0], "nps")
    assert len(found) > 200
    for n, top, bottom, low, high in found:
        promoters, detractors = (top + 0.75) / (n + 3), (bottom + 0.75) / (n + 3)
        net = promoters - detractors
        margin = Z * np.sqrt((promoters + detractors - net**2) / (n + 3))
        # The adjustment pulls towards 0, so an index of one answer would lie outside; the bounds are extended to it.
        index = (top - bottom) / n
        assert low == pytest.approx(100 * min(max(net - margin, -1), index), abs=1e-9)
        assert high == pytest.approx(100 * max(min(net + margin, 1), index), abs=1e-9)
        assert low <= 100 * index + 1e-9
        assert high >= 100 * index - 1e-9


def test_bounds_of_nps_agree_with_a_bootstrap(surveyed):
    large = [cell for cell in cells(surveyed[0], "nps") if cell[0] >= 150]
    assert large
    chance = np.random.default_rng(11)
    for n, top, bottom, low, high in large:
        drawn = chance.multinomial(n, [top / n, (n - top - bottom) / n, bottom / n], size=20_000)
        expected = np.percentile(100 * (drawn[:, 0] - drawn[:, 2]) / n, [2.5, 97.5])
        # One respondent more or less moves the index by 100 / n; the adjustment pulls it towards 0 by 3 / (n + 3).
        assert np.abs(np.array([low, high]) - expected).max() < 200 / n + 100 * 3 / (n + 3) * abs(top - bottom) / n


def test_bounds_of_shares_are_wilson_of_statsmodels(surveyed):
    found = cells(surveyed[0], "csi")
    assert len(found) > 200
    for n, top, _, low, high in found:
        expected = proportion_confint(top, n, alpha=0.05, method="wilson")
        assert (low / 100, high / 100) == pytest.approx(expected, abs=1e-12)


def test_noise_is_called_real_no_more_often_than_stated(surveyed):
    """Scores reassigned at random: nothing is planted any more, and every finding is an error."""
    source, _, compiled = surveyed
    shares = []
    with duckdb.connect() as db:
        db.execute(
            f"attach '{source.execute('select path from duckdb_databases() where not internal').fetchone()[0]}' as stored (read_only)"
        )
        db.execute("create schema intermediate; create schema core; create schema config")
        for table in ("intermediate.int_cx__responses", "intermediate.int_cx__periods", "intermediate.int_cx__asked_cells",
                      "core.dim_survey_metrics", "core.dim_survey_questions", "core.policy",
                      "core.dim_customer_attributes", "config.customer_breakdowns"):  # fmt: skip
            stored = source.execute(f"from {table}").to_arrow_table()  # some are views of the warehouse
            db.from_arrow(stored).create(table)
        # Anonymous answers are not reassigned.
        db.execute("create table core.fct_survey_scores as from stored.core.fct_survey_scores limit 0")
        for seed in range(8):
            db.execute(
                f"""
                create or replace table intermediate.int_cx__answers as
                with dealt as (
                    select *,
                        row_number() over (partition by metric_code, programme order by response_id) as place,
                        row_number() over (partition by metric_code, programme order by md5(response_id || '{seed}'))
                            as new_place
                    from stored.intermediate.int_cx__answers
                )
                select kept.* replace (given.score as score, given.score_box as score_box)
                from dealt as kept
                join dealt as given
                    on kept.metric_code = given.metric_code and kept.programme = given.programme
                    and kept.new_place = given.place
                """
            )
            for name, sql in compiled.items():
                db.execute(f"create or replace table intermediate.{name} as {sql}")
            shares.append(
                db.execute(
                    """
                    select comparison, count(*), avg((least_chance <= 5)::int) from (
                        select comparison, min(by_chance_pct) as least_chance from intermediate.int_cx__comparisons
                        group by comparison, metric_code, programme, period_kind, period_start_date, dimension_name
                        having count(by_chance_pct) > 0
                    ) group by comparison order by comparison
                    """
                ).fetchall()
            )
    for place, comparison in enumerate(("change", "gap")):
        families, wrong = [s[place][1] for s in shares], [s[place][2] for s in shares]
        assert {s[place][0] for s in shares} == {comparison}
        assert min(families) > 300
        # Families share their answers, so the error varies between draws.
        assert np.mean(wrong) <= 0.05 + 2 * np.std(wrong, ddof=1) / np.sqrt(len(wrong))
        assert np.mean(wrong) > 0.005, "nothing is ever called real: the test would not see an error"


def test_a_score_outside_its_scale_is_rejected_and_nothing_is_lost(small_company, straight, company, tmp_path):
    raw = tmp_path / "raw"
    shutil.copytree(small_company, raw)
    responses = [
        {"response_id": f"bad{number}", "customer_id": None, "survey_code": survey, "status": "complete",
         "started_at": "2025-05-05 10:00:00", "submitted_at": "2025-05-05 10:05:00", "ingested_at": "2025-05-05 10:06:00"}
        for number, survey in enumerate(["relational", "relational", "csat_chat"])
    ]  # fmt: skip
    with duckdb.connect() as db:
        (someone,) = db.execute(
            f"select min(customer_id) from read_parquet('{raw}/customers/*/*.parquet') "
            "where not is_test and deleted_at is null"
        ).fetchone()
    answers = [("bad0", "nps", 11), ("bad1", "cli_q1", 0), ("bad1", "nps", 0), ("bad2", "nps", 9), ("bad2", "csat", 5)]
    rows = [{"response_id": response, "question_code": question, "score": score, "answered_at": "2025-05-05 10:03:00",
             "ingested_at": "2025-05-05 10:06:00"} for response, question, score in answers]  # fmt: skip
    for response in responses:
        response["customer_id"] = someone
    for table, content in (("survey_responses", responses), ("survey_answers", rows)):
        (raw / table / "extra.jsonl").write_text("".join(json.dumps(row) + "\n" for row in content))
    after = company(raw, straight)
    after.load()
    after.transform(LAST, select=["path:models/core", "+mart_survey_violations"])
    with duckdb.connect(after.settings.warehouse, read_only=True) as db:
        rejected = db.execute(
            "select response_id, question_code, rule_code, rejected_score from feedback.mart_survey_violations "
            "where record_kind = 'answer' order by all"
        ).fetchall()
        scores = db.execute(
            """
            select responses.response_id, scores.metric_code, scores.score, scores.nps_group,
                responses.rejected_answers_count
            from core.fct_survey_responses as responses
            left join core.fct_survey_scores as scores using (response_id)
            where responses.response_id like 'bad%' order by all
            """
        ).fetchall()
        (delivered,) = db.execute("select count(*) from raw.survey_answers").fetchone()
        (classified,) = db.execute("select count(*) from core.fct_survey_answers").fetchone()
    assert rejected == [
        ("bad0", "nps", "score_outside_scale", 11),
        ("bad1", "cli_q1", "score_outside_scale", 0),
        ("bad2", "nps", "unknown_question", 9),
    ]
    assert scores == [
        ("bad0", None, None, None, 1),
        ("bad1", "nps", 0, "detractor", 1),
        ("bad2", "csat", 5, None, 1),
    ]
    assert delivered == classified
