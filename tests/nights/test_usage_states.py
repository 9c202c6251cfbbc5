"""Usage states continue from the first change: daily runs give the same as a full refresh."""

from __future__ import annotations

import random
from datetime import date, timedelta

import duckdb
import pytest
from conftest import Landing, customer, event
from nights.conftest import assert_same

pytestmark = pytest.mark.slow
STATES = ("state_usage_falls", "state_usage_gaps")
LAST = date(2025, 6, 30)
FIRST = LAST - timedelta(days=800)
# Usage patterns: events, and the share of days with each; several customers have each pattern.
HABITS = {
    "daily": {"mailing_sent": 0.9, "report_exported": 0.4},
    "weekly": {"mailing_sent": 0.15},
    "rare": {"mailing_sent": 0.03, "form_published": 0.01},
    "fading": {"mailing_sent": 0.6, "report_exported": 0.3, "form_published": 0.5},
    "bursts": {"mailing_sent": 0.5, "sms_sent": 0.1},
    "moving": {"mailing_sent": 0.4, "report_exported": 0.2},
}
CUSTOMERS = [f"{habit}{number}" for habit in HABITS for number in range(4)]


def two_edges() -> list[tuple[str, str, date]]:
    """Uses of two customers for whom events of 5 April and 20 May affect earlier days."""
    january = date(2025, 1, 1)
    every_day = [january + timedelta(days=number) for number in range(120)]
    return [
        # Without reports since 7 March, which chance no longer explains on a day in April that depends on all before
        # it.
        *(("early", "mailing_sent", day) for day in every_day),
        *(("early", "report_exported", day) for day in every_day[:68:3]),
        # Inactive since January: the last step of its fall is on 7 May, when 1 January drops out of a sender's
        # baseline.
        ("sleeper", "mailing_sent", january),
        *(("sleeper", "mailing_sent", day) for day in every_day[19:30]),
    ]


def days_of_use(chance: random.Random) -> list[tuple[str, str, date]]:
    """Customer, event and day of every use."""
    uses = []
    for name in CUSTOMERS:
        habit = name[:-1]
        begin = FIRST + timedelta(days=chance.randint(0, 90))
        for number in range((LAST - begin).days + 1):
            for event_name, share in HABITS[habit].items():
                # Some use everything less and less, some abandon one component in the last half year.
                left = chance.random() < number / 800 if habit == "fading" else False
                left |= habit == "daily" and event_name == "report_exported" and number > 660
                resting = habit == "bursts" and number % 110 > 45
                if not left and not resting and chance.random() < share:
                    uses.append((name, event_name, begin + timedelta(days=number)))
    return uses


class Runs:
    """A warehouse with only the usage states and the models that they read."""

    def __init__(self, landing: Landing, company):
        self.landing = landing
        self.company = company(landing.folder)
        self.definitions: dict[str, str] = {}

    def bring(self, table: str, rows: list[dict]) -> None:
        number = len(list(self.landing.folder.glob("*/*.csv")))
        self.landing.csv(table, rows, f"{number:03}.csv")

    def run_day(self, as_of: date) -> None:
        self.company.load()
        self.build(as_of)

    def build(self, as_of: date) -> None:
        session = self.company.session
        session.settings = self.company.settings
        if self.definitions:
            # Models made of seeds alone do not change after the first build.
            select = [
                "run_context",
                "dim_customer_segments",
                "fct_component_usage_daily",
                "fct_customer_usage_daily",
                *STATES,
            ]
            session.build(as_of, select=select, with_tests=False)
            return
        results = session.build(as_of, select=[f"+{name}" for name in STATES], with_tests=False)
        self.definitions = {one.node.name: one.node.compiled_code for one in results if one.node.name in STATES}

    def rows(self, sql: str) -> list[tuple]:
        with duckdb.connect(self.company.settings.warehouse, read_only=True) as db:
            return db.execute(sql).fetchall()

    def assert_whole(self) -> None:
        """Asserts that the tables equal a full refresh: the SQL of the first build, run over today's rows."""
        for name, sql in self.definitions.items():
            columns = [column for (column, *_) in self.rows(f"describe core.{name}")]
            found, whole = (
                set(self.rows(f"select {', '.join(columns)} from {relation}"))
                for relation in (f"core.{name}", f"({sql}) as whole")
            )
            assert (sorted(found - whole, key=repr), sorted(whole - found, key=repr)) == ([], []), name
            assert self.rows(f"select count(*) from core.{name}") == [(len(whole),)]
            assert whole


def use(number: int, name: str, event_name: str, day: date, arrived: date) -> dict:
    return event(
        number,
        customer_id=name,
        event_name=event_name,
        occurred_at=f"{day} 10:00:00",
        ingested_at=f"{arrived} 23:00:00",
    )


def membership(name: str, code: str, valid_from: date, arrived: date, **changes: object) -> dict:
    return {
        "customer_id": name,
        "scheme": "usage",
        "segment_code": code,
        "valid_from": valid_from,
        "valid_to": None,
        "ingested_at": f"{arrived} 23:00:00",
    } | changes


@pytest.mark.repetition
def test_runs_with_rows_200_days_late_equal_one_full_refresh(landing, company):
    chance = random.Random(1)
    runs = Runs(landing, company)
    everybody = [*CUSTOMERS, "early", "sleeper"]
    runs.bring("customers", [customer(customer_id=name, registered_at=f"{FIRST} 08:00:00") for name in everybody])
    codes = {"daily": "agency", "weekly": "sender", "fading": "shop", "bursts": "sender", "moving": "shop"}
    codes |= {"sleepe": "sender"}
    runs.bring(
        "customer_segments",
        [
            membership(name, codes[name[:-1]], FIRST + timedelta(days=100), FIRST)
            for name in everybody
            if name[:-1] in codes
        ],
    )
    edges = two_edges()
    known = dict(enumerate(edges + days_of_use(chance)))
    # One use in a hundred arrives late, by up to 200 days.
    arrived = {
        number: day + timedelta(days=chance.randint(1, 200) if number >= len(edges) and chance.random() < 0.01 else 0)
        for number, (_, _, day) in known.items()
    }
    waiting = set(known)
    ends = [LAST - timedelta(days=days) for days in (30, 29, 20, 10, 2, 0)]
    for step, as_of in enumerate(ends):
        coming = {number for number in waiting if arrived[number] <= as_of or as_of == LAST}
        waiting -= coming
        rows = [use(number, *known[number], arrived=as_of) for number in chance.sample(sorted(coming), len(coming))]
        if step:
            # Known events move to another day or another customer, or turn out not to be use.
            recent = [
                number
                for number, (*_, day) in known.items()
                if number >= len(edges) and day > as_of - timedelta(days=200)
            ]
            for number in chance.sample(sorted(set(recent) - coming - waiting), 24):
                name, event_name, day = known[number]
                kind = chance.choice(["day", "customer", "nothing", "nothing"])
                if kind == "day":
                    day -= timedelta(days=chance.randint(1, 200))
                elif kind == "customer":
                    name = chance.choice(CUSTOMERS)
                else:
                    event_name = "signed_in"
                rows.append(use(number, name, event_name, day, arrived=as_of))
        if step == 3:
            gone = edges.index(("early", "mailing_sent", date(2025, 4, 5)))
            rows.append(use(gone, "early", "signed_in", date(2025, 4, 5), arrived=as_of))
            rows.append(use(len(known), "sleeper", "mailing_sent", date(2025, 5, 20), arrived=as_of))
        runs.bring("events", rows)
        if step == 2:
            runs.bring("customer_segments", [membership("moving0", "sender", as_of - timedelta(days=90), as_of)])
        if step == 4:
            # First segments that are assigned, or corrected, two years late.
            runs.bring(
                "customer_segments",
                [
                    membership("rare0", "sender", FIRST, as_of),
                    membership("bursts0", "shop", FIRST + timedelta(days=100), as_of),
                ],
            )
        runs.run_day(as_of)
        runs.assert_whole()
        if step == 3:
            # Back to an earlier run, over days with newer rows, and forward again.
            for other in (ends[1], as_of):
                runs.build(other)
                runs.assert_whole()


def test_a_run_keeps_what_ended_before_the_first_changed_day(landing, company):
    # Otherwise the cost of a run would grow with the history of its active customers.
    runs = Runs(landing, company)
    runs.bring("customers", [customer(customer_id=name, registered_at=f"{FIRST} 08:00:00") for name in CUSTOMERS])
    uses = dict(enumerate(days_of_use(random.Random(3))))
    yesterday, late = LAST - timedelta(days=1), LAST - timedelta(days=90)
    runs.bring("events", [use(number, *one, arrived=yesterday) for number, one in uses.items() if one[2] < LAST])
    runs.run_day(yesterday)
    marks = {"state_usage_falls": ("window_days", "valid_to"), "state_usage_gaps": ("uses_count", "gap_to")}
    with duckdb.connect(runs.company.settings.warehouse) as db:
        # No run may read before this day: gaps restart with a quarter (1 April).
        marked = {
            name: db.execute(f"update core.{name} set {column} = -1 where {ends} < date '2025-04-01'").fetchone()
            for name, (column, ends) in marks.items()
        }
    assert min(marked.values()) > (100,)
    runs.bring("events", [use(10**6 + i, one, "mailing_sent", late, arrived=LAST) for i, one in enumerate(CUSTOMERS)])
    runs.run_day(LAST)
    for name, (column, _) in marks.items():
        assert runs.rows(f"select count(*) from core.{name} where {column} = -1") == [marked[name]]


def test_a_threshold_rebuilds_only_the_models_that_name_it(landing, company):
    # An alert budget that changes must not rebuild every fact.
    runs = Runs(landing, company)
    runs.bring("customers", [customer(customer_id="c1", registered_at=f"{FIRST} 08:00:00")])
    runs.bring("events", [use(number, "c1", "mailing_sent", LAST, arrived=LAST) for number in range(2)])
    runs.run_day(LAST)
    fingerprints = "select model_name, fingerprint from ops.model_watermarks"
    before = dict(runs.rows(fingerprints))
    with duckdb.connect(runs.company.settings.warehouse) as db:
        db.execute("update core.policy set alert_budget_owner = alert_budget_owner + 1")
        db.execute("update core.policy set usage_baseline_days = usage_baseline_days + 1")
    runs.build(LAST)
    after = dict(runs.rows(fingerprints))
    assert {name for name in before if before[name] != after[name]} == {"state_usage_falls"}


@pytest.mark.parametrize("named_by", ["names", pytest.param("numbers", marks=pytest.mark.repetition)])
def test_a_full_build_in_chunks_writes_what_one_at_once_does(landing, company, monkeypatch, named_by):
    # Millions of events are built in chunks of days and of customers; no other test has as many. Even if every customer
    # id is a number, the bounds of chunks are text: 0011 is not 11.
    runs = Runs(landing, company)
    quoted = ["o'hara", "O'Hara", "'; drop"]
    # Some users are not registered: before, between and after all others.
    called = {"daily0": "", "weekly1": "bz", "rare0": "~"}
    if named_by == "numbers":
        called = {name: f"{3 + 4 * number:04}" for number, name in enumerate([*quoted, *CUSTOMERS])}
    registered = [called.get(name, name) if named_by == "numbers" else name for name in [*quoted, *CUSTOMERS]]
    runs.bring("customers", [customer(customer_id=name, registered_at=f"{FIRST} 08:00:00") for name in registered])
    runs.bring("customer_segments", [membership(registered[-1], "sender", FIRST + timedelta(days=300), FIRST)])
    uses = [*days_of_use(random.Random(5))]
    uses += [(name, "mailing_sent", LAST - timedelta(days=3 * days)) for name in quoted for days in range(20)]
    uses = [(called.get(name, name), *use) for name, *use in uses]
    runs.bring("events", [use(number, *one, arrived=LAST) for number, one in enumerate(uses)])
    runs.company.load()
    names = [
        "fct_component_usage_daily",
        "fct_customer_usage_daily",
        "state_usage_weeks",
        "state_customer_usage",
        *STATES,
    ]
    chunked = company(landing.folder, like=runs.company)
    session, variables = chunked.session, chunked.session._variables
    for one, chunk_rows in ((runs.company, 10**9), (chunked, 200)):
        session.settings = one.settings
        monkeypatch.setattr(session, "_variables", lambda as_of, n=chunk_rows: variables(as_of) | {"chunk_rows": n})
        session.build(LAST, select=[f"+{name}" for name in names], with_tests=False)
    tables = [f"core.{name}" for name in names]
    assert_same(runs.company, chunked, tables)
    with duckdb.connect(chunked.settings.warehouse, read_only=True) as db:
        assert all(db.execute(f"select count(*) from {table}").fetchone()[0] > 20 for table in tables)
