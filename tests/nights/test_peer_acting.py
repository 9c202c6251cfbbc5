"""Whether acting helps, against generated customers with a known truth, and a hold-out of a whole company."""

from __future__ import annotations

import csv
import importlib.util
from dataclasses import replace
from datetime import date, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest
from nights.conftest import LAST, Company

from stayhouse.contract import REPO_ROOT
from stayhouse.orchestration.dbt_session import DbtSession
from stayhouse.orchestration.policy import prepare_policy

pytestmark = pytest.mark.slow

SEEDS, HOLD_OUT_SEEDS = 20, 60
CUSTOMERS, MONTHS = 700, 6
STEPS = (
    "int_alerts__propensities", "int_alerts__action_weights", "int_alerts__action_outcomes", "int_alerts__action_balance",
    "mart_acting_effects",
)  # fmt: skip


def month_ends(chance: np.random.Generator) -> pd.DataFrame:
    """Month ends of customers with their precursors; `index` is the risk that people see as well."""
    size = CUSTOMERS * MONTHS
    slow = np.repeat(chance.normal(0, 1, CUSTOMERS), MONTHS)
    frame = pd.DataFrame({
        "customer_id": np.repeat([f"customer {number}" for number in range(CUSTOMERS)], MONTHS),
        "observed_date": np.tile(pd.date_range("2024-01-31", periods=MONTHS, freq="ME"), CUSTOMERS),
        "inactive_days": np.minimum(chance.exponential(np.exp(1.8 + 0.8 * slow)), 364).round(),
        "use_days_count": chance.integers(0, 28, size), "usage_level_pct": chance.gamma(4, 25, size),
        "components_count": chance.integers(0, 7, size), "given_up_count": chance.poisson(0.3, size),
        "contact_age_days": chance.integers(0, 200, size), "tickets_count": chance.poisson(0.4, size),
        "complaints_count": chance.poisson(0.2, size), "failing_payments_count": chance.poisson(0.1, size),
        "nps_score": np.where(chance.random(size) < 0.4, chance.integers(0, 11, size), np.nan),
        "tenure_days": chance.integers(30, 900, size), "plan_tier": chance.integers(1, 4, size),
    })  # fmt: skip
    index = 0.6 * np.log1p(frame["inactive_days"]) - 0.008 * (frame["usage_level_pct"] - 100)
    index += 1.2 * (frame["complaints_count"] > 0) + 1.2 * (frame["failing_payments_count"] > 0)
    index += 0.9 * (frame["nps_score"] <= 6)
    return frame.assign(
        month_date=frame["observed_date"].dt.to_period("M").dt.start_time, tenure_number=1, segment_code="shop",
        is_current=False, index=(index - index.mean()) / index.std(),
    )  # fmt: skip


def outcome(units: pd.DataFrame, hazard: np.ndarray, chance: np.random.Generator) -> pd.DataFrame:
    """Units with a churn within thirty days by their hazard; all are one unit each, long ago."""
    days = pd.to_timedelta(chance.integers(1, 31, len(units)), unit="D")
    churned = (units["landmark_date"] + days).where(chance.random(len(units)) < hazard)
    groups = chance.integers(0, 20, CUSTOMERS)
    return units.assign(
        churned_date=churned, is_contacted=units["is_treated"],
        customer_group=groups[units["customer_id"].str.removeprefix("customer ").astype(int)],
    )  # fmt: skip


def like_customers(frame: pd.DataFrame, seed: int, effect: float) -> pd.DataFrame:
    """People call customers the more, the higher their risk; a call changes the chance to churn by `effect`."""
    chance = np.random.default_rng(seed)
    treated = chance.random(len(frame)) < 1 / (1 + np.exp(1.2 - 0.9 * frame["index"]))
    # What lasts of a customer makes the month ends of one customer alike.
    lasting = np.repeat(chance.normal(0, 0.7, CUSTOMERS), MONTHS)
    hazard = 0.06 + 0.4 / (1 + np.exp(1.5 - 1.2 * frame["index"] - lasting)) + effect * treated
    units = pd.DataFrame({
        "method_code": "matched", "treatment_code": f"{'helps' if effect else 'nothing'}_{seed}",
        "unit_id": frame["customer_id"] + frame["observed_date"].astype(str), "customer_id": frame["customer_id"],
        "observed_date": frame["observed_date"], "landmark_date": frame["observed_date"] + pd.Timedelta(days=14),
        "known_propensity": np.nan, "is_treated": treated,
    })  # fmt: skip
    return outcome(units, hazard.to_numpy(), chance)


def held_out(seed: int, effect: float) -> pd.DataFrame:
    """A hold-out of a tenth among safe customers, and later of two fifths among those at risk."""
    chance = np.random.default_rng(1000 + seed)
    size = CUSTOMERS
    is_later = chance.random(size) < 0.5
    spared_pct = np.where(is_later, 40, 10)
    treated = chance.integers(0, 100, size) >= spared_pct
    hazard = np.where(is_later, 0.35, 0.15) + effect * treated
    units = pd.DataFrame({
        "method_code": "hold_out", "treatment_code": f"{'helps' if effect else 'nothing'}_{seed}",
        "unit_id": [f"alert {number}" for number in range(size)],
        "customer_id": [f"customer {number}" for number in range(size)], "observed_date": pd.NaT,
        "landmark_date": np.where(is_later, pd.Timestamp("2024-06-01"), pd.Timestamp("2024-02-01")),
        "known_propensity": 1 - spared_pct / 100, "is_treated": treated,
    })  # fmt: skip
    return outcome(units, hazard, chance)


@pytest.fixture(scope="module")
def effects(straight, tmp_path_factory):
    """The effects over thirty days of a company that has only generated units, one treatment for each seed."""
    settings = replace(straight.settings, warehouse=tmp_path_factory.mktemp("acting") / "stayhouse.duckdb")
    settings.warehouse.write_bytes(straight.settings.warehouse.read_bytes())
    frame = month_ends(np.random.default_rng(5))
    made = [like_customers(frame, seed, effect) for seed in range(SEEDS) for effect in (0.0, -0.05)]
    made += [held_out(seed, effect) for seed in range(HOLD_OUT_SEEDS) for effect in (0.0, -0.1)]
    units = pd.concat(made, ignore_index=True)
    with duckdb.connect(settings.warehouse) as db:
        db.execute("delete from intermediate.int_risk__frame")
        db.register("frame", frame.drop(columns="index"))
        db.execute("insert into intermediate.int_risk__frame by name from frame")
        db.execute("delete from intermediate.int_alerts__action_units")
        db.register("units", units)
        db.execute("insert into intermediate.int_alerts__action_units by name from units")
        db.execute("create table rules as from core.dim_alert_rules")
        db.execute("delete from rules")
        db.execute(
            "insert into rules by name select distinct treatment_code as rule_code, treatment_code as title, "
            "'warning' as rule_class from units"
        )
        db.execute("create or replace table core.dim_alert_rules as from rules")
    Company(settings, straight.session).transform(LAST, select=STEPS)
    with duckdb.connect(settings.warehouse, read_only=True) as db:
        yield db.execute(
            "select * from alerts.mart_acting_effects where horizon_code = 'short' and unmeasured_reason is null"
        ).df()


def test_as_many_are_foreseen_in_a_rare_band_as_were_acted_on():
    """Newton's steps of the risk went back and forth where most of a rare band churn; this model takes the same."""
    file = REPO_ROOT / "models" / "intermediate" / "alerts" / "int_alerts__propensities.py"
    spec = importlib.util.spec_from_file_location("propensities", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for seed in range(40):
        chance = np.random.default_rng(seed)
        places = np.where(np.arange(2000) < 1000, 0, 1 + (chance.random(2000) < 0.03))
        treated = chance.random(2000) < np.array([0.02, 0.1, 0.9])[places]
        intercept, weights = module._fit(places[:, None], treated, 3)
        foreseen = 1 / (1 + np.exp(-intercept - weights[places]))
        left_over = np.bincount(places, treated - foreseen) - module.PENALTY * weights
        assert left_over == pytest.approx(np.zeros(3), abs=1e-6)


@pytest.mark.parametrize(("kind", "truth"), [("nothing", 0.0), ("helps", 5.0)])
def test_like_customers_show_what_was_planted_and_the_bare_difference_does_not(effects, kind, truth):
    """People call those at risk, so calls that help look harmful; 95 % intervals hold the truth in at least 17 of 20."""
    own = effects[(effects["method_code"] == "matched") & effects["treatment_code"].str.startswith(kind)]
    assert len(own) == SEEDS
    assert own["unweighted_difference_pp"].mean() < truth - 4
    assert own["difference_pp"].mean() == pytest.approx(truth, abs=0.8)
    covered = (own["difference_ci_lo"] <= truth) & (truth <= own["difference_ci_hi"])
    assert covered.sum() >= 17
    assert own["is_confounded"].all()
    assert (own["imbalance_before_score"] > 0.2).all()
    assert (own["imbalance_after_score"] < 0.1).all()


@pytest.mark.parametrize(("kind", "truth"), [("nothing", 0.0), ("helps", 10.0)])
def test_a_hold_out_of_changing_size_shows_what_was_planted(effects, kind, truth):
    """With two sizes of the hold-out at two risks, the bare shares of both groups are about different customers.

    95 % intervals hold the truth in at least 53 of 60 hold-outs.
    """
    own = effects[(effects["method_code"] == "hold_out") & effects["treatment_code"].str.startswith(kind)]
    assert len(own) == HOLD_OUT_SEEDS
    assert abs(own["unweighted_difference_pp"].mean() - truth) > 3
    assert own["difference_pp"].mean() == pytest.approx(truth, abs=1.5)
    covered = (own["difference_ci_lo"] <= truth) & (truth <= own["difference_ci_hi"])
    assert covered.sum() >= 53
    assert not own["is_confounded"].any()
    assert own["imbalance_after_score"].isna().all()


# ---------------------------------------------------------------- a company with a hold-out

of_a_company = pytest.mark.repetition
STARTED = date(2025, 1, 15)
BEFORE = LAST - timedelta(days=60)


@pytest.fixture(scope="module")
def holding(planted, tmp_path_factory):
    """The planted company with half of the alerts of each warning held out from a day on, built on two days."""
    folder = tmp_path_factory.mktemp("holding")
    settings = replace(
        planted.settings, policy=folder / "policy", warehouse=folder / "stayhouse.duckdb", target=folder / "target"
    )
    settings.warehouse.write_bytes(planted.settings.warehouse.read_bytes())
    settings.policy.mkdir()
    for file in planted.settings.policy.glob("*.csv"):
        (settings.policy / file.name).write_bytes(file.read_bytes())
    with (REPO_ROOT / "seeds" / "alert_rules.csv").open(newline="", encoding="utf-8") as file:
        rules = list(csv.DictReader(file))
    versions = []
    for rule in rules:
        if rule["rule_class"] == "warning":
            versions.append(rule | {"valid_to": STARTED.isoformat()})
            versions.append(rule | {"valid_from": STARTED.isoformat(), "holdout_pct": "50"})
        else:
            versions.append(rule)
    with (settings.policy / "alert_rules.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rules[0].keys())
        writer.writeheader()
        writer.writerows(versions)
    company = Company(settings, DbtSession(settings, prepare_policy(settings)[0]))
    company.transform(BEFORE, select=["alert_rules", "dim_alert_rules", "+mart_alerts"])
    with duckdb.connect(settings.warehouse, read_only=True) as db:
        earlier = set(db.execute("select alert_id from alerts.mart_alerts where is_spared").fetchall())
    company.transform(LAST, select=["alert_rules", "+mart_alerts", "+mart_acting_effects", "+mart_alert_rule_report"])
    with duckdb.connect(settings.warehouse, read_only=True) as db:
        yield earlier, db


@of_a_company
def test_half_of_the_alerts_is_spared_from_the_first_day_on(holding):
    _, db = holding
    before, spared, others, notices = db.execute(
        """
        select count(*) filter (where is_spared and opened_date < $started),
            count(*) filter (where is_spared and opened_date >= $started),
            count(*) filter (where not is_spared and opened_date >= $started and rules.rule_class = 'warning'),
            count(*) filter (where is_spared and rules.rule_class = 'notice')
        from alerts.mart_alerts as alerts
        inner join core.dim_alert_rules as rules
            on alerts.rule_code = rules.rule_code and alerts.rule_valid_from = rules.valid_from
        """,
        {"started": STARTED},
    ).fetchone()
    assert (before, notices) == (0, 0)
    assert spared + others > 100
    assert spared / (spared + others) == pytest.approx(0.5, abs=0.1)


@of_a_company
def test_a_later_run_spares_the_same_alerts(holding):
    earlier, db = holding
    known = db.execute("select alert_id from alerts.mart_alerts where opened_date <= ? and is_spared", [BEFORE])
    assert len(earlier) > 20
    assert set(known.fetchall()) == earlier


@of_a_company
def test_a_spared_alert_is_given_to_nobody_and_followed_to_its_end(holding):
    _, db = holding
    given, open_ones, closed, listed = db.execute(
        """
        select count(*) filter (where owner_employee_id is not null or queue_code is not null or due_at is not null),
            count(*) filter (where is_open and held_back_reason = 'hold_out'), count(closed_at),
            (select count(*) from intermediate.int_alerts__list_days semi join alerts.mart_alerts as spared
                on int_alerts__list_days.alert_id = spared.alert_id and spared.is_spared)
        from alerts.mart_alerts where is_spared
        """
    ).fetchone()
    assert (given, listed) == (0, 0)
    assert open_ones > 0
    assert closed > 20


@of_a_company
def test_a_hold_out_of_data_that_it_could_not_change_shows_no_effect(holding):
    """The company was generated without it, so the truth is 0; the interval of all rules together holds it."""
    _, db = holding
    rows = db.execute(
        """
        select churn_acted_den + churn_not_acted_den, difference_ci_lo, difference_ci_hi, not_acted_contacted_count
        from alerts.mart_acting_effects
        where method_code = 'hold_out' and treatment_code = 'any_alert' and is_reliable
        """
    ).fetchall()
    assert rows
    for units, low, high, contacted in rows:
        assert units > 60
        assert low <= 0 <= high
        assert contacted > 0
