"""The models of churn against generated customers whose hazard is known, and against a model that knows it."""

from __future__ import annotations

import importlib.util
from types import SimpleNamespace

import duckdb
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from stayhouse.contract import REPO_ROOT

pytestmark = pytest.mark.slow

SETTINGS = pd.Series({
    "usage_decline_ratio": 0.5, "surprise_low_nps_score": 6, "risk_horizon_short_days": 30, "risk_horizon_medium_days": 60,
    "risk_horizon_long_days": 90, "churn_grace_days": 7, "risk_training_months": 24, "risk_test_months": 12,
    "risk_min_churns": 50,
})  # fmt: skip
NORMS = pd.DataFrame({"segment_code": ["shop"], "risk_after_days": [28]})
BANDS = pd.read_csv(REPO_ROOT / "seeds" / "precursor_bands.csv")
PRECURSORS = pd.read_csv(REPO_ROOT / "seeds" / "precursors.csv")
MONTHS = 24


def fitting():
    file = REPO_ROOT / "models" / "intermediate" / "risk" / "int_risk__fits.py"
    spec = importlib.util.spec_from_file_location("risk_fits", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def company(customers: int, seed: int, has_signal: bool = True) -> pd.DataFrame:
    """Month ends of customers; `hazard` is the chance to churn within a month."""
    chance = np.random.default_rng(seed)
    # Of its own, so that the day of a churn changes nothing else.
    days = np.random.default_rng(1000 + seed)
    start, alive = chance.integers(-12, MONTHS - 2, customers), np.ones(customers, dtype=bool)
    slow, months = chance.normal(0, 1, customers), []
    for month in range(MONTHS):
        here = np.flatnonzero((start <= month) & alive)
        size = len(here)
        inactive = np.minimum(chance.exponential(np.exp(1.8 + 0.8 * slow[here])), 364).round()
        frame = pd.DataFrame({
            "inactive_days": inactive, "inactive_intervals": inactive / 5, "use_days_count": chance.integers(0, 28, size),
            "usage_level_pct": chance.gamma(4, 25, size), "components_count": chance.integers(0, 7, size),
            "given_up_count": chance.poisson(0.3, size), "failed_share_pct": chance.exponential(1.5, size),
            "contact_age_days": chance.integers(0, 200, size), "contact_overdue_days": chance.integers(0, 60, size),
            "tickets_count": chance.poisson(0.4, size), "open_tickets_count": chance.poisson(0.1, size),
            "complaints_count": chance.poisson(0.08, size), "payment_failures_count": chance.poisson(0.1, size),
            "failing_payments_count": chance.poisson(0.05, size),
            "nps_score": np.where(chance.random(size) < 0.4, chance.integers(0, 11, size), np.nan),
            "tenure_days": 30 * (month - start[here]), "plan_tier": chance.integers(1, 4, size),
            "mrr_change_pct": np.where(chance.random(size) < 0.9, 0, chance.normal(0, 20, size)),
        })  # fmt: skip
        odds = np.full(size, -5.0 if has_signal else -3.5)
        if has_signal:
            odds += 0.75 * np.log1p(inactive) - 0.01 * (frame["usage_level_pct"] - 100)
            odds += 1.2 * (frame["complaints_count"] > 0) + 1.5 * (frame["failing_payments_count"] > 0)
            odds += 0.9 * (frame["nps_score"] <= 6) - 0.3 * (frame["plan_tier"] - 2)
        frame["hazard"] = 1 / (1 + np.exp(-odds))
        frame["is_churned_short"] = chance.random(size) < frame["hazard"]
        frame["customer_id"] = [f"customer {number}" for number in here]
        frame["observed_date"] = pd.Timestamp("2023-01-31") + pd.offsets.MonthEnd(month)
        # In the windows of 30, 60 and 90 days of the one, two and three month ends before it, however long these months are.
        after = pd.to_timedelta(days.integers(4, 29, size), unit="D")
        frame["churned_date"] = (frame["observed_date"] + after).where(frame["is_churned_short"])
        alive[here[frame["is_churned_short"]]] = False
        months.append(frame)
    whole = pd.concat(months, ignore_index=True).sort_values(["customer_id", "observed_date"])
    next_month = whole.groupby("customer_id")["is_churned_short"].shift(-1, fill_value=False)
    month_after = whole.groupby("customer_id")["is_churned_short"].shift(-2, fill_value=False)
    whole["is_churned_medium"] = whole["is_churned_short"] | next_month
    whole["is_churned_long"] = whole["is_churned_medium"] | month_after
    whole["churned_date"] = whole.groupby("customer_id")["churned_date"].transform("max")
    age = (whole["observed_date"].max() - whole["observed_date"]).dt.days
    for window, days in (("short", 0), ("medium", 30), ("long", 60)):
        column = f"is_churned_{window}"
        whole[column] = whole[column].astype(object).where(age > days, None)
    return whole.assign(segment_code="shop", is_current=False)


def fitted(frame: pd.DataFrame, settings: pd.Series = SETTINGS) -> pd.DataFrame:
    return fitting().fits(frame, PRECURSORS, BANDS, NORMS, settings)


def value(records: pd.DataFrame, model: str, measure: str, horizon: str = "short") -> tuple[float, float, float]:
    found = records[
        (records["horizon_code"] == horizon)
        & (records["model_code"] == model)
        & (records["code"] == measure)
        & (records["dimension_name"] == "all")
    ].iloc[0]
    return found["estimate"], found["ci_lo"], found["ci_hi"]


@pytest.fixture(scope="module")
def signal():
    frame = company(3000, seed=1)
    return frame, fitted(frame)


def best_area(frame: pd.DataFrame) -> float:
    """Area under the curve of the hazard itself, in the tested months."""
    tested = frame[frame["is_churned_short"].notna()]
    days = np.sort(tested["observed_date"].unique())[-12:]
    tested = tested[tested["observed_date"].isin(days)]
    return fitting().area(tested["is_churned_short"].astype(bool).to_numpy(), tested["hazard"].to_numpy())


def test_the_risk_is_nearly_as_good_as_the_hazard_itself_and_calibrated(signal):
    """Area under the curve within 2 points of the model that knows the hazard, slope 0.9 to 1.1."""
    frame, records = signal
    best = best_area(frame)
    area, low, high = value(records, "additive", "auc")
    assert low < area < high
    assert best > 70
    assert area > best - 2
    assert 0.9 < value(records, "additive", "calibration_slope")[0] < 1.1
    assert 0.9 < value(records, "additive", "calibration_ratio")[0] < 1.1
    assert value(records, "limits", "auc")[0] < area


def test_every_window_is_chosen_and_its_tenths_rise(signal):
    _, records = signal
    chosen = records[records["code"] == "chosen"]
    assert list(chosen["horizon_code"]) == ["short", "medium", "long"]
    assert set(chosen["model_code"]) == {"additive"}
    for horizon in ("short", "medium", "long"):
        own = (records["horizon_code"] == horizon) & (records["model_code"] == "additive")
        tenths = records[own & (records["record_kind"] == "bin")].sort_values("order_number")
        assert tenths["estimate"].is_monotonic_increasing
        assert tenths["count_num"].iloc[-1] > 2 * tenths["count_num"].iloc[:5].mean()


def test_the_planted_reasons_weigh_and_others_do_not(signal):
    _, records = signal
    terms = records[(records["record_kind"] == "term") & (records["horizon_code"] == "short")]
    widths = terms[terms["code"] != "intercept"].groupby("code")["estimate"].agg(lambda own: own.max() - own.min())
    planted = ["inactive_days", "usage_level_pct", "complaints_count", "failing_payments_count", "nps_score"]
    noise = ["contact_age_days", "given_up_count", "tickets_count", "mrr_change_pct", "components_count"]
    assert widths[planted].min() > 0.5
    assert widths[noise].max() < 0.35


@pytest.mark.repetition
def test_without_signal_everybody_has_the_usual_risk():
    records = fitted(company(3000, seed=3, has_signal=False))
    chosen = records[records["code"] == "chosen"]
    assert set(chosen["model_code"]) == {"base"}
    assert set(chosen["note"]) == {"no_better_than_usual"}
    for horizon in ("short", "medium", "long"):
        _, low, high = value(records, "additive", "auc", horizon)
        assert low < 50 < high + 1
        assert high - low < 12


def test_measures_show_where_the_risk_is_less_good(signal):
    """In one segment the precursors say nothing about churn: over all customers that is hard to see."""
    frame, _ = signal
    frame = frame.assign(segment_code=np.where(frame["customer_id"].str[-1].isin(["0", "1", "2"]), "odd", "shop"))
    odd = (frame["segment_code"] == "odd").to_numpy()
    chance = np.random.default_rng(11)
    for code in frame.columns.intersection(PRECURSORS["precursor_code"]):
        frame.loc[odd, code] = chance.permutation(frame.loc[odd, code].to_numpy())
    records = fitted(frame)
    measured = records[(records["record_kind"] == "measure") & (records["horizon_code"] == "short")]
    area = measured[(measured["code"] == "auc") & (measured["model_code"] == "additive")].set_index(
        ["dimension_name", "dimension_value"]
    )
    assert area.loc[("segment", "odd"), "ci_lo"] < 50 < area.loc[("segment", "odd"), "ci_hi"] + 1
    assert area.loc[("segment", "shop"), "ci_lo"] > 65
    assert area.loc[("segment", "odd"), "estimate"] < area.loc[("all", "all"), "estimate"]
    for name in ("segment", "tested_quarter"):
        parts = area.loc[name]
        assert parts["count_num"].sum() == area.loc[("all", "all"), "count_num"]
        assert parts["count_den"].sum() == area.loc[("all", "all"), "count_den"]
    assert list(area.loc["tested_quarter"].index) == ["2023-12", "2024-03", "2024-06", "2024-09"]
    others = measured[measured["dimension_name"] != "all"]
    assert set(others["model_code"]) == {"additive"}
    assert set(others["code"]) == {"auc", "calibration_ratio"}


def test_few_churns_give_no_risk(signal):
    frame, _ = signal
    records = fitted(frame, SETTINGS.replace({50: 100_000}))
    assert set(records["record_kind"]) == {"status"}
    assert set(records["model_code"]) == {"none"}
    assert set(records["note"]) == {"few_churns"}


def test_a_company_without_customers_has_a_reason_too(signal):
    frame, _ = signal
    records = fitted(frame.iloc[:0])
    assert set(records["note"]) == {"few_churns"}


def test_the_same_rows_in_another_order_give_the_same_records(signal):
    frame, records = signal
    again = fitted(frame.sample(frac=1, random_state=5))
    pd.testing.assert_frame_equal(again, records)


def test_weights_are_those_of_a_library():
    """Without penalties, of two bands: statsmodels finds the same log-odds."""
    module = fitting()
    chance = np.random.default_rng(7)
    bands = chance.integers(0, 2, (4000, 2))
    churned = chance.random(4000) < 1 / (1 + np.exp(3 - bands[:, 0] - 0.5 * bands[:, 1]))
    design = module._membership(bands + np.array([0, 2]), 4)
    # One band of each precursor is held at nothing, as a library does.
    penalty = np.array([0, 1e9, 1e-9, 1e9, 1e-9])
    weights, _ = module._most_likely(
        design, design.T.tocsr(), churned.astype(float), np.ones(4000), penalty, np.append(-2.0, np.zeros(4)), steps=50
    )
    library = sm.Logit(churned, sm.add_constant(bands)).fit(disp=0)
    assert [weights[0], weights[2], weights[4]] == pytest.approx(list(library.params), abs=1e-5)


def test_as_many_are_foreseen_in_a_rare_band_as_churned():
    """Newton's steps went back and forth for ever: 51 churns were foreseen in a rare band in which 29 happened."""
    module = fitting()
    chance = np.random.default_rng(0)
    # Half of the customers have no record, and of the others three of a hundred are in the band in which most churn.
    place = np.where(np.arange(4000) < 2000, 0, 1 + (chance.random(4000) < 0.03))
    churned = chance.random(4000) < np.array([0.02, 0.1, 0.45])[place]
    data = SimpleNamespace(
        place=place[:, None], columns=[("failing", band) for band in range(3)], draw=chance.random(4000), distinct=1.0
    )
    intercept, weights, penalty = module._fit(data, churned, np.ones(4000, dtype=bool))
    foreseen = module._chance(intercept + weights)[place]
    left_over = np.bincount(place, churned - foreseen) - penalty * weights
    assert left_over == pytest.approx(np.zeros(3), abs=1e-4)
    assert np.bincount(place, foreseen) == pytest.approx(np.bincount(place, churned), rel=0.1)


def test_customers_without_a_record_lend_no_weight_to_what_would_be_recorded():
    """Customers whose use is not recorded churned less, so chance differences between those with a record had weights."""
    module = fitting()
    columns = [(code, band) for code in ("given_up", "inactive") for band in range(5)]
    spreads = []
    for seed in range(10):
        chance = np.random.default_rng(seed)
        bands = np.where(np.arange(3000) < 1500, 0, 1 + chance.integers(0, 4, (2, 3000))).T
        churned = chance.random(3000) < np.where(bands[:, 0] == 0, 0.02, 0.15)
        data = SimpleNamespace(place=bands + np.array([0, 5]), columns=columns, draw=chance.random(3000), distinct=1.0)
        _, weights, _ = module._fit(data, churned, np.ones(3000, dtype=bool))
        assert weights[0] + weights[5] < np.mean(weights[1:5]) + np.mean(weights[6:]) - 1
        spreads += [np.ptp(weights[1:5]), np.ptp(weights[6:])]
    assert np.median(spreads) < 0.01


def test_measures_of_a_small_case():
    """Two churns among five: four of the six pairs are in order, and one is a tie."""
    module = fitting()
    churned = np.array([True, True, False, False, False])
    risk = np.array([0.9, 0.3, 0.5, 0.3, 0.1])
    assert module.area(churned, risk) == pytest.approx(100 * 4.5 / 6)
    # Precision 1 at the first churn; with the tie two of four at the second.
    assert module.precision_area(churned, risk) == pytest.approx(100 * (1 + 0.5) / 2)
    assert module.ratio(churned, risk) == pytest.approx(2.1 / 2)


def test_boosted_trees_are_the_yardstick_where_the_library_is_installed(signal):
    _, records = signal
    missing = records[(records["model_code"] == "boosting") & (records["code"] == "missing")]
    if importlib.util.find_spec("sklearn") is None:
        assert set(missing["note"]) == {"library_missing"}
    else:
        assert not len(missing)
        assert value(records, "boosting", "auc")[0] > 65


def test_the_survival_model_is_nearly_as_good_as_the_hazard_itself_and_calibrated(signal):
    frame, records = signal
    area, low, high = value(records, "survival", "auc")
    assert low < area < high
    assert area > best_area(frame) - 2
    for horizon in ("short", "medium", "long"):
        assert 0.85 < value(records, "survival", "calibration_slope", horizon)[0] < 1.15
        assert 0.9 < value(records, "survival", "calibration_ratio", horizon)[0] < 1.1
        gain = value(records, "survival", "auc", horizon)[0] - value(records, "additive", "auc", horizon)[0]
        assert abs(gain) < 2, "both learn from the same bands"


def test_without_their_libraries_yardsticks_have_a_reason_and_the_risk_is_the_same(signal, monkeypatch):
    frame, records = signal
    module = fitting()
    monkeypatch.setattr(module, "_is_missing", lambda _: True)
    monkeypatch.setattr(module, "import_module", lambda name: pytest.fail(f"{name} was loaded"))
    plain = module.fits(frame, PRECURSORS, BANDS, NORMS, SETTINGS)
    yardsticks = plain[plain["model_code"].isin(["boosting", "survival"])]
    assert len(yardsticks) == 6
    assert set(yardsticks["record_kind"]) == {"status"}
    assert set(yardsticks["note"]) == {"library_missing"}
    own = ["base", "limits", "additive"]
    pd.testing.assert_frame_equal(
        plain[plain["model_code"].isin(own)].reset_index(drop=True),
        records[records["model_code"].isin(own)].reset_index(drop=True),
    )


@pytest.mark.parametrize(("days_later", "is_known"), [(0, True), (1, False)])
def test_the_survival_model_knows_churns_whose_grace_was_over_on_the_first_tested_day(days_later, is_known):
    """A churn counts from the day on which the grace after it is over, and nothing later is known of it."""
    module = fitting()
    frame = module._closed(company(400, seed=5))
    first = np.datetime64("2024-06-30")
    # The last churn that counts, or the first that does not.
    moved = pd.Timestamp(first) - pd.Timedelta(days=SETTINGS["churn_grace_days"] - days_later)
    here = frame["observed_date"] == pd.Timestamp("2024-05-31")
    foreseen = []
    for date in (moved, pd.NaT):
        changed = frame.assign(churned_date=frame["churned_date"].mask(here, date))
        data = module._prepared(changed, [*PRECURSORS["precursor_code"]], BANDS, NORMS, SETTINGS)
        rows, size = np.flatnonzero(data.day == first), len(data.columns)
        fit = -3.0, np.zeros(size), np.ones(size)
        window = np.timedelta64(30 + int(SETTINGS["churn_grace_days"]), "D")
        foreseen.append(module._survived(data, first, rows, fit, window, SETTINGS))
    assert len(foreseen[0]) > 50
    assert np.array_equal(*foreseen) != is_known


def test_a_small_sample_does_not_send_the_survival_model_astray():
    """From nothing its steps ended nowhere, with an area of 45; from the weights of the additive model they arrive."""
    module = fitting()
    module.LARGEST_CURVE = 600
    frame = module._closed(company(3000, seed=1))
    data = module._prepared(frame, [*PRECURSORS["precursor_code"]], BANDS, NORMS, SETTINGS)
    known = frame["is_churned_short"].notna().to_numpy()
    churned = frame["is_churned_short"].where(known, False).astype(bool).to_numpy()
    first, window = np.datetime64("2024-08-31"), np.timedelta64(30 + int(SETTINGS["churn_grace_days"]), "D")
    rows = np.flatnonzero(known & (data.day >= first))
    intercept, weights, penalty = module._fit(data, churned, data.day + window <= first)
    chance = module._survived(data, first, rows, (intercept, weights, penalty), window, SETTINGS)
    assert module.area(churned[rows], chance) > 75
    assert module._survived(data, first, rows, (intercept, 0 * weights, penalty), window, SETTINGS) is None


def test_a_survival_model_without_weights_has_a_reason_and_stops_nothing(monkeypatch):
    module = fitting()
    # Of each window the first quarter has weights, the others have none.
    real, tried = module._survived, set()

    def converges_once(*arguments):
        window = arguments[4]
        return None if window in tried else tried.add(window) or real(*arguments)

    monkeypatch.setattr(module, "_survived", converges_once)
    records = module.fits(company(800, seed=6), PRECURSORS, BANDS, NORMS, SETTINGS)
    survival = records[records["model_code"] == "survival"]
    assert set(survival["note"]) == {"not_converged"}
    assert len(records[records["record_kind"] == "measure"])


class Dbt:
    """What dbt hands a Python model: relations by name, and the name of its own table."""

    this = "main.fits"

    def __init__(self, session: duckdb.DuckDBPyConnection):
        self._session = session

    def config(self, **_):
        """Takes the configuration."""

    def ref(self, name: str) -> duckdb.DuckDBPyRelation:
        """A relation of the session."""
        return self._session.table(name)


def test_what_was_learned_stays_while_its_source_is_the_same(monkeypatch):
    """Learning took half of a run of 50,000 customers, and nothing that it learns from changes on most days."""
    module = fitting()
    frame = company(400, seed=3).drop(columns="hazard")
    calls = []
    real = module.fits
    monkeypatch.setattr(module, "fits", lambda *tables: calls.append(1) or real(*tables))
    with duckdb.connect() as session:
        tables = {
            "int_risk__frame": frame, "precursors": PRECURSORS, "precursor_bands": BANDS, "dim_segment_policy": NORMS,
            "int_risk__settings": SETTINGS.to_frame().T,
        }  # fmt: skip
        for name, rows in tables.items():
            session.register(
                "rows", rows.assign(**{c: rows[c].astype("boolean") for c in rows if c.startswith("is_churned")})
            )
            session.execute(f"create table {name} as from rows")
        first = module.model(Dbt(session), session)
        session.execute("create table fits as from first")
        # Another order of the rows, and what is known of today, change nothing.
        session.execute("create or replace table int_risk__frame as from int_risk__frame order by random()")
        session.execute(
            "insert into int_risk__frame select * replace (true as is_current) from int_risk__frame limit 5"
        )
        # Of a churn after the last tested month some windows are still open.
        session.execute(
            "update int_risk__frame set churned_date = observed_date + interval 9 day "
            "where is_churned_short is null and not is_current"
        )
        again = module.model(Dbt(session), session)
        assert len(calls) == 1
        pd.testing.assert_frame_equal(again, first.reset_index(drop=True), check_dtype=False)
        session.execute("update int_risk__frame set inactive_days = 99 where rowid = 0")
        changed = module.model(Dbt(session), session)
    assert len(calls) == 2
    assert set(changed[changed["record_kind"] == "source"]["note"]).isdisjoint(first["note"])
