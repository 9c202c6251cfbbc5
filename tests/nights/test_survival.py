"""Survival, projection and intervals against the libraries of the field and against what was planted."""

from __future__ import annotations

import importlib.util

import duckdb
import numpy as np
import pytest
from jinja2 import Environment

from stayhouse.contract import REPO_ROOT


def _fit():
    file = REPO_ROOT / "models" / "intermediate" / "retention" / "int_retention__fits.py"
    spec = importlib.util.spec_from_file_location("fits", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.fit


def _counts(alpha: float, beta: float, customers: int, months: int, seed: int) -> tuple:
    """Contracts whose monthly chance of churn is drawn from Beta(alpha, beta), begun evenly over the months."""
    rng = np.random.default_rng(seed)
    lifetime = rng.geometric(rng.beta(alpha, beta, customers))
    age = rng.integers(1, months + 1, customers)
    period = np.arange(1, months + 1)
    at_risk = [int(((lifetime >= t) & (age >= t)).sum()) for t in period]
    left = [int(((lifetime == t) & (age >= t)).sum()) for t in period]
    return period, at_risk, left


@pytest.mark.parametrize(("alpha", "beta"), [(0.7, 4.0), (1.5, 15.0), (3.0, 20.0)])
def test_planted_parameters_are_recovered(alpha, beta):
    found_alpha, found_beta, hazard = _fit()(*_counts(alpha, beta, 400_000, 36, seed=5))
    assert hazard is None
    assert found_alpha == pytest.approx(alpha, rel=0.05)
    assert found_beta == pytest.approx(beta, rel=0.05)


def test_the_published_example_of_fader_and_hardie():
    # "High End" customers of Fader and Hardie (2007): alpha 0.668, beta 3.806 from seven years of survival.
    surviving = np.array([1000, 869, 743, 653, 593, 551, 517, 491])
    alpha, beta, _ = _fit()(np.arange(1, 8), surviving[:-1], surviving[:-1] - surviving[1:])
    assert (round(alpha, 3), round(beta, 3)) == (0.668, 3.806)


def test_equal_customers_are_geometric():
    period = np.arange(1, 13)
    at_risk = np.array([10_000 * 0.9**t for t in range(12)])
    alpha, beta, hazard = _fit()(period, at_risk, at_risk * 0.1)
    assert (alpha, beta) == (None, None)
    assert hazard == pytest.approx(0.1)


@pytest.mark.parametrize("left", [(9, 0), (9, 1), (1, 9), (5, 1), (0, 1), (10, 0)])
def test_tiny_counts_give_a_chance_between_none_and_all(left):
    alpha, beta, hazard = _fit()([1, 2, 3], [10, 10 - left[0], 0], [*left, 0])
    if left == (10, 0):
        assert (alpha, beta, hazard) == (None, None, None)
    else:
        first = hazard if alpha is None else alpha / (alpha + beta)
        assert 0 < first < 1


def test_counts_that_show_nothing_give_no_model():
    assert _fit()([1], [100], [3]) == (None, None, None)
    assert _fit()([1, 2, 3], [100, 90, 80], [0, 0, 0]) == (None, None, None)
    assert _fit()([], [], []) == (None, None, None)


@pytest.fixture(scope="module")
def marts(straight):
    with duckdb.connect(straight.settings.warehouse, read_only=True) as db:
        yield db


@pytest.mark.slow
def test_the_curve_is_that_of_lifelines(marts):
    assert compare_with_lifelines(marts) > 10


def compare_with_lifelines(marts) -> int:
    """How many points of curves were compared with the library."""
    from lifelines import KaplanMeierFitter
    from lifelines.exceptions import StatError
    from lifelines.utils import median_survival_times

    compared = 0
    for name, column in (("all", "'all'"), ("segment", "segment_code"), ("plan", "plan_code"), ("region", "region")):
        lifetimes = marts.execute(
            f"""
            select {column} as value, date_diff('day', started_date, seen_from_date) as entered,
                date_diff('day', started_date, coalesce(churned_date, last_final_date)) as exited, churned_date is not null as is_churned
            from intermediate.int_retention__lifetimes where coalesce(churned_date, last_final_date) > seen_from_date
            """
        ).df()
        for value, people in lifetimes.groupby("value"):
            rows = marts.execute(
                "select period_order, at_risk_count, surviving_pct, surviving_ci_lo, surviving_ci_hi from retention.mart_survival "
                "where dimension_name = ? and dimension_value = ? and period_grain_code = 'day' and period_order > 0 order by 1",
                [name, value],
            ).fetchall()
            assert len(rows) == people.loc[people.is_churned, "exited"].nunique()
            if not rows:
                continue
            try:
                fitter = KaplanMeierFitter().fit(people.exited, people.is_churned, entry=people.entered)
            except StatError:
                # It refuses a curve that reaches zero among its first few; ours says so by the number at risk.
                assert not all(row[1] >= 30 for row in rows)
                continue
            days = [row[0] for row in rows]
            expected = fitter.survival_function_at_times(days).to_numpy()
            bounds = fitter.confidence_interval_.loc[days].to_numpy()
            for (_, _, pct, low, high), share, (lower, upper) in zip(rows, expected, bounds, strict=True):
                assert pct / 100 == pytest.approx(share, abs=1e-9)
                if pct > 0:
                    assert low / 100 == pytest.approx(lower, abs=1e-9)
                    assert high / 100 == pytest.approx(upper, abs=1e-9)
                    compared += 1
            (median,) = marts.execute(
                "select distinct median_lifetime_days from retention.mart_survival "
                "where dimension_name = ? and dimension_value = ?",
                [name, value],
            ).fetchone()
            expected_median = median_survival_times(fitter)
            assert (np.inf if median is None else median) == expected_median
    return compared


def test_lift_intervals_are_those_of_statsmodels():
    # The test read its formula out of a model's text, and broke when the formula became a macro: the macros are held now.
    from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

    environment = Environment(autoescape=False, extensions=["jinja2.ext.do"])
    rates = environment.from_string(
        (REPO_ROOT / "macros" / "rates.sql").read_text(), globals={"type_double": lambda: "double"}
    ).module
    asked = []
    for who in ("adopters", "others"):
        asked.append(f"{rates.pct(f'{who}_kept', who)} as {who}_pct")
        asked += [f"{rates.wilson_pct(f'{who}_kept', who, side)} as {who}_ci_{side}" for side in ("lo", "hi")]
    bounds = ", ".join(rates.newcombe_pp("adopters", "others", side) for side in ("lo", "hi"))
    query = (
        f"select adopters_ci_lo, adopters_ci_hi, {bounds} from (select {', '.join(asked)} from "
        "(select ? as adopters_kept, ? as adopters, ? as others_kept, ? as others))"
    )
    for counts in [(9, 10, 3, 10), (56, 70, 48, 80), (10, 10, 0, 20), (0, 5, 5, 5), (30, 31, 29, 33)]:
        found = duckdb.execute(query, counts).fetchone()
        expected = (
            *proportion_confint(*counts[:2], method="wilson"),
            *confint_proportions_2indep(*counts, method="newcomb", compare="diff"),
        )
        assert [bound / 100 for bound in found] == pytest.approx(expected, abs=1e-9), counts
