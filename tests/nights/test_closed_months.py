"""The past stays: months published as final three months ago have the same values today, and so have alerts.

The past is rebuilt from the rows delivered by then. Since then customers churned, were reactivated and paid; one
account was deleted, and its months keep it under a surrogate.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, timedelta

import duckdb
import pandas as pd
import pytest
from nights.conftest import LAST, Company

from stayhouse.demonstration.saas import generate

pytestmark = pytest.mark.slow

THEN = date(2025, 3, 31)
# Days on which the features of risk are rebuilt: in the middle, with little of a past, and a month ago.
PAST_DAYS = [
    THEN,
    *(pytest.param(day, marks=pytest.mark.repetition) for day in (date(2024, 12, 31), date(2025, 5, 31))),
]
# Follow-ups of a churn have windows and maturity flags of their own.
STILL_OPEN = (
    "reactivated_", "revenue_after_reactivation_", "complained_after_", "warm_exit_", "landmark_", "winback_", "pending_", "is_winback_",
    "is_landmark_",
)  # fmt: skip
MARTS = ["mart_churn_monthly", "mart_churn_quality"]
ALERTS = ["mart_alerts", "mart_alert_transitions"]


@pytest.fixture(scope="module")
def delivered_by(dbt_session, made_once, tmp_path_factory):
    """Makes a company that has the rows delivered by a day, and an empty warehouse."""
    raw = made_once("ten_months", lambda out: generate(out, customers=80, days=300, seed=11)) / "landing"

    def make(day: date) -> Company:
        folder = tmp_path_factory.mktemp(f"by-{day}")
        for part in sorted(raw.glob("*/dt=*")):
            if part.name <= f"dt={day}":
                shutil.copytree(part, folder / "raw" / part.parent.name / part.name)
        settings = replace(
            dbt_session.settings,
            raw=folder / "raw",
            warehouse=folder / "stayhouse.duckdb",
            publish=folder / "published",
        )
        return Company(settings, dbt_session)

    return make


@pytest.fixture(scope="module")
def companies(delivered_by):
    """Two warehouses of one company: built three months ago, and today."""
    built = {}
    for name, day in (("then", THEN), ("tonight", LAST)):
        company = delivered_by(day)
        if name == "tonight":
            delete_somebody(built["then"], company.settings.raw)
        company.load()
        wanted = [*MARTS, *ALERTS, "mart_churn_events", "state_customer_month_features"]
        company.transform(day, select=[f"+{mart}" for mart in wanted])
        built[name] = company
    return built


def delete_somebody(then: Company, landing) -> None:
    """A customer who paid three months ago asks to be deleted in June."""
    place = landing / "customers" / f"dt={LAST}"
    place.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(then.settings.warehouse), read_only=True) as db:
        (row,) = db.execute(
            """
            select customer_id from core.customer_status_periods
            where status = 'paying' and valid_to is null order by customer_id limit 1
            """
        ).fetchone()
        db.execute(
            f"""
            copy (
                select * exclude (deleted_at, ingested_at, _extra, _load_id, _file_id, _line),
                    timestamp '2025-06-10 10:00:00' as deleted_at, timestamp '2025-06-29 10:00:00' as ingested_at
                from raw.customers where customer_id = '{row}'
            ) to '{place / "deleted.parquet"}'
            """
        )


def rows(company: Company, mart: str) -> dict[tuple, dict]:
    with duckdb.connect(str(company.settings.warehouse), read_only=True) as db:
        schema = "churn"
        names = [name for name, *_ in db.execute(f"describe {schema}.{mart}").fetchall()]
        keys = [
            n for n in names if n.startswith("dimension_") or n.endswith(("_month", "_start_date", "_code", "_band"))
        ]
        found = db.execute(f"from {schema}.{mart}").fetchall()
    return {
        tuple(value for name, value in zip(names, row, strict=True) if name in keys): dict(zip(names, row, strict=True))
        for row in found
    }


@pytest.mark.parametrize("mart", MARTS)
def test_a_final_month_is_what_was_published_then(companies, mart):
    then, tonight = rows(companies["then"], mart), rows(companies["tonight"], mart)
    final = {key: row for key, row in then.items() if row["is_final"]}
    assert len(final) > 5
    changed = {
        key: {
            name: (value, tonight.get(key, {}).get(name))
            for name, value in row.items()
            if value != tonight.get(key, {}).get(name) and not name.startswith(STILL_OPEN)
        }
        for key, row in final.items()
        if tonight.get(key) != row
    }
    assert {key: columns for key, columns in changed.items() if columns} == {}


def test_the_deleted_customer_is_in_the_final_months_and_churned_in_june(companies):
    with duckdb.connect(str(companies["tonight"].settings.warehouse), read_only=True) as db:
        (churns,) = db.execute(
            """
            select count(*) from churn.mart_churn_events
            where reason_code = 'deleted' and churned_date = date '2025-06-10' and customer_id like 'deleted-%'
            """
        ).fetchone()
    assert churns == 1


def opened(company: Company, without: set[str]) -> dict[tuple, tuple]:
    """Alerts opened by the day three months ago: rule, customer and opening, with what was decided then."""
    with duckdb.connect(str(company.settings.warehouse), read_only=True) as db:
        found = db.execute(
            """
            select rule_code, customer_id, opened_date, alert_id, owner_employee_id, owner_source,
                case when rule_code like 'usage_%' then opened_severity_value end
            from alerts.mart_alerts where opened_date <= ?
            """,
            # Rows of the last days may still come.
            [THEN - timedelta(days=3)],
        ).fetchall()
    return {row[:3]: row[3:] for row in found if row[1] not in without}


def test_an_alert_that_a_run_three_months_ago_opened_is_still_there(companies):
    """Half of the alerts that compare with peers were gone after three months, and others appeared that no run had opened."""
    with duckdb.connect(str(companies["tonight"].settings.warehouse), read_only=True) as db:
        # Deleted customers have no history.
        deleted = {
            customer
            for (customer,) in db.execute(
                "select customer_id from raw.customers where deleted_at is not null"
            ).fetchall()
        }
    then, tonight = (opened(companies[name], deleted) for name in ("then", "tonight"))
    peers = ("usage_below_segment", "usage_excessive")
    # Older than the half year that summaries keep.
    assert [key for key in then if key[0] in peers and (LAST - key[2]).days > 182]
    assert len(then) > 60
    assert tonight == then


FEATURES = ("inactive_days", "inactive_intervals", "use_days_count", "usage_level_pct", "components_count", "given_up_count",
    "failed_share_pct", "contact_age_days", "contact_overdue_days", "tickets_count", "open_tickets_count", "complaints_count",
    "payment_failures_count", "failing_payments_count", "nps_score", "tenure_days", "plan_tier", "mrr_change_pct")  # fmt: skip


def known_at_month_ends(company: Company, day: date) -> pd.DataFrame:
    """What the training of the risk of churn reads of each month up to a day."""
    with duckdb.connect(str(company.settings.warehouse), read_only=True) as db:
        return db.execute(
            f"""
            select customer_id, observed_date, {", ".join(FEATURES)} from core.state_customer_month_features
            where observed_date <= ? order by all
            """,
            [day],
        ).df()


def found_later(then: pd.DataFrame, tonight: pd.DataFrame, left_out: set[str], day: date) -> list[tuple]:
    """Features of a customer and day in which a later run differs from a run of the day itself."""
    both = then.merge(
        tonight, on=["customer_id", "observed_date"], how="outer", suffixes=("", "_later"), indicator=True
    )
    both = both[~both["customer_id"].isin(left_out)]
    # A request to cancel or an end of the last days may still come.
    missing = both[(both["_merge"] != "both") & (both["observed_date"] < pd.Timestamp(day))]
    wrong = [("both", *row) for row in missing[["customer_id", "observed_date"]].values]
    for name in FEATURES:
        same = both[name].eq(both[f"{name}_later"]) | (both[name].isna() & both[f"{name}_later"].isna())
        differs = ~same & (both["_merge"] == "both")
        wrong += [(name, *row) for row in both.loc[differs, ["customer_id", "observed_date"]].values]
    return wrong


def delivered_of(company: Company, day: date) -> set[tuple]:
    """Customers with their number of events and contacts up to a day."""
    with duckdb.connect(str(company.settings.warehouse), read_only=True) as db:
        return set(
            db.execute(
                """
                select customer_id, 'event', count(*) from raw.events where occurred_at < $1 group by all
                union all
                select customer_id, 'contact', count(*) from raw.contacts where attempted_at < $1 group by all
                """,
                [day + timedelta(days=1)],
            ).fetchall()
        )


@pytest.fixture(scope="module", params=PAST_DAYS, ids=str)
def learned_from(request, companies, delivered_by):
    """Features up to a day by a run of that day and by one of today, customers who are left out, and the day."""
    day, tonight = request.param, companies["tonight"]
    then = companies["then"] if day == THEN else delivered_by(day)
    if day != THEN:
        then.load()
        then.transform(day, select=["+state_customer_month_features"])
    with duckdb.connect(str(tonight.settings.warehouse), read_only=True) as db:
        found = db.execute("select customer_id from raw.customers where deleted_at is not null").fetchall()
    # A run of the day did not have the rows that came late.
    late = {row[0] for row in delivered_of(then, day) ^ delivered_of(tonight, day)}
    return known_at_month_ends(then, day), known_at_month_ends(tonight, day), late | {one for (one,) in found}, day


def test_the_risk_learns_from_what_was_known_on_the_day(learned_from):
    """Features of the past are those that a run of the past had, also of customers who churned since."""
    then, tonight, left_out, day = learned_from
    compared = then[~then["customer_id"].isin(left_out)]
    assert len(compared) > 200
    assert compared["observed_date"].nunique() > 20
    assert compared["observed_date"].max() == pd.Timestamp(day)
    assert found_later(then, tonight, left_out, day) == []


def test_a_feature_of_the_day_after_would_be_found(learned_from, companies):
    """A planted leak: tickets of the week after the month end are counted."""
    then, tonight, left_out, day = learned_from
    assert len(tonight)
    with duckdb.connect(str(companies["tonight"].settings.warehouse), read_only=True) as db:
        leaking = db.execute(
            """
            select frame.* replace (frame.tickets_count + (
                select count(*) from core.fct_tickets as tickets
                where tickets.customer_id = frame.customer_id and tickets.opened_date > cast(frame.observed_date as date)
                    and tickets.opened_date <= cast(frame.observed_date as date) + 7
            ) as tickets_count)
            from tonight as frame
            """
        ).df()
    found = found_later(then, leaking, left_out, day)
    assert found
    assert {name for name, *_ in found} == {"tickets_count"}
