"""The heatmap agrees with a plain count on the clock of the company, also in the weeks in which clocks change."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from nights.peers import Models, no_attributes

pytestmark = pytest.mark.slow

AS_OF = date(2025, 4, 9)
# Three whole weeks to Sunday, 6 April; clocks go forward on 30 March.
FIRST, LAST = date(2025, 3, 17), date(2025, 4, 6)
ZONE = ZoneInfo("Europe/Berlin")


def moments(rng: random.Random) -> list[tuple[str, datetime]]:
    """Customers and moments in UTC, many around midnight and the change of clocks."""
    found = []
    for _ in range(400):
        at = datetime(2025, 3, 14) + timedelta(minutes=rng.randrange(60 * 24 * 27))
        if rng.random() < 0.3:
            at = datetime(2025, 3, 29, 23, 30) + timedelta(minutes=30 * rng.randrange(8))
        found.append((f"c{rng.randrange(12):02}", at))
    return found


def on_the_clock(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC).astimezone(ZONE)


@pytest.fixture(scope="module")
def modelled(parsed_once, tmp_path_factory):
    models = Models(
        tmp_path_factory.mktemp("heatmap"), ["int_usage__timed_activities", "mart_activity_heatmap"], "Europe/Berlin"
    )
    rng = random.Random(3)
    uses: dict[tuple[str, date, str], datetime] = {}
    for name, at in moments(rng):
        key = (name, on_the_clock(at).date(), rng.choice(["editor", "sms"]))
        uses[key] = min(uses.get(key, at), at)
    contacts = [
        (name, at, rng.choice(["outbound", "outbound", "inbound"]), rng.random() < 0.4) for name, at in moments(rng)
    ]
    inputs = (
        {
            "run_context": ("as_of_date date", [{"as_of_date": AS_OF}]),
            "policy": ("heatmap_weeks integer, min_reliable_count integer", [{"heatmap_weeks": 3, "min_reliable_count": 5}]),
            "fct_component_usage_daily": (
                "customer_id varchar, component_code varchar, usage_date date, first_at timestamp",
                [
                    {"customer_id": name, "component_code": part, "usage_date": day, "first_at": at}
                    for (name, day, part), at in uses.items()
                ],
            ),
            "fct_contacts": (
                "customer_id varchar, direction varchar, is_effective boolean, attempted_date date, attempted_at timestamp",
                [
                    {"customer_id": name, "direction": direction, "is_effective": effective,
                     "attempted_date": on_the_clock(at).date(), "attempted_at": at}
                    for name, at, direction, effective in contacts
                ],
            ),
            "fct_tickets": ("customer_id varchar, opened_date date, opened_at timestamp", []),
            "dim_customers": (
                "customer_id varchar, region varchar, acquisition_channel varchar",
                # The last one is deleted.
                [{"customer_id": f"c{n:02}", "region": f"r{n % 2}", "acquisition_channel": None} for n in range(11)],
            ),
            "customer_status_periods": ("customer_id varchar, plan_code varchar, valid_from date, valid_to date", []),
            "dim_customer_segments": (
                "customer_id varchar, scheme varchar, segment_code varchar, valid_from date, valid_to date",
                [],
            ),
            **no_attributes(),
        }
    )  # fmt: skip
    first_uses: dict[tuple[str, date], datetime] = {}
    for (name, day, _), at in uses.items():
        first_uses[name, day] = min(first_uses.get((name, day), at), at)
    rows = [("use_begun", name, at, False) for (name, _), at in first_uses.items()]
    rows += [(f"contact_{direction}", name, at, effective) for name, at, direction, effective in contacts]
    return models, inputs, [row for row in rows if row[1] != "c11" and FIRST <= on_the_clock(row[2]).date() <= LAST]


@pytest.mark.parametrize(("dimension", "value"), [("all", "all"), ("region", "r0"), ("region", "r1")])
@pytest.mark.parametrize("activity", ["use_begun", "contact_outbound", "contact_inbound"])
def test_cells_are_those_of_a_plain_count(modelled, activity, dimension, value) -> None:
    models, inputs, rows = modelled
    db = models.run(inputs)
    own = [
        (name, on_the_clock(at), effective)
        for code, name, at, effective in rows
        if code == activity and value in ("all", f"r{int(name[1:]) % 2}")
    ]
    cells = Counter((at.isoweekday(), at.hour) for _, at, _ in own)
    effective = Counter((at.isoweekday(), at.hour) for _, at, is_effective in own if is_effective)
    found = models.frame(
        db,
        "mart_activity_heatmap",
        f"activity_code = '{activity}' and dimension_name = '{dimension}' and dimension_value = '{value}'",
    ).to_dict("records")
    assert len(found) == 7 * 24
    for row in found:
        cell = (row["weekday_order"], row["hour_order"])
        assert row["activity_num"] == cells[cell], cell
        assert row["activity_den"] == len(own)
        if activity == "contact_outbound":
            assert (row["effective_num"], row["effective_den"]) == (effective[cell], cells[cell]), cell
        assert (row["period_start_date"].date(), row["period_end_date"].date()) == (FIRST, LAST)
    # The hour that clocks skip on the Sunday exists on the others.
    assert len(own) > 30
    assert cells[7, 1] + cells[7, 3] > 0


@pytest.mark.parametrize(
    ("as_of", "last"), [(date(2025, 4, 5), date(2025, 3, 30)), (LAST, LAST), (date(2025, 4, 7), LAST)]
)
def test_only_whole_weeks_count(modelled, as_of, last) -> None:
    models, inputs, _ = modelled
    db = models.run(inputs | {"run_context": ("as_of_date date", [{"as_of_date": as_of}])})
    found = db.execute(
        "select max(activity_date), min(activity_date), max(last_date), min(first_date) "
        f"from {models.relations['int_usage__timed_activities']}"
    ).fetchone()
    first = last - timedelta(days=20)
    assert found[2:] == (last, first)
    assert first <= found[1] <= found[0] <= last
