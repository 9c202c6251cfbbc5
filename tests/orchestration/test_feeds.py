"""A run describes a day only when the raw tables reach it, and everybody means the same day."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import duckdb
import pytest
from conftest import Landing, customer, event

from stayhouse.contract import contract
from stayhouse.contract.days import last_closed_day
from stayhouse.loading import load_landing
from stayhouse.orchestration.feeds import Feed, StaleFeeds, check_feeds, feeds_on, last_covered_day, stale
from stayhouse.orchestration.policy import SEEDS_FOLDER, PolicyError, prepare_policy
from stayhouse.orchestration.settings import Settings
from stayhouse.orchestration.warehouse import open_warehouse
from stayhouse.publishing.release import Mart, current_publication, make_current, publish

pytestmark = pytest.mark.slow

INGESTED = "2025-06-30 23:00:00"


@pytest.fixture
def settings(landing: Landing, tmp_path) -> Settings:
    return Settings(raw=landing.folder, policy=None, warehouse=tmp_path / "w.duckdb", publish=tmp_path / "published")


@pytest.fixture
def feeds(landing: Landing, settings: Settings):
    """Loads customers, and events up to a day; returns the feeds of a run and the settings with the policy given."""

    def load(last_event: str | None, as_of: date, policy: str = ""):
        landing.csv("customers", [customer(1, registered_at="2025-06-30 09:00:00", ingested_at=INGESTED)])
        if last_event:
            landing.csv("events", [event(1, occurred_at=f"{last_event} 10:00:00", ingested_at=INGESTED)])
        with open_warehouse(settings.warehouse) as db:
            load_landing(db, settings.raw, contract())
        own = settings
        if policy:
            folder = settings.raw.parent / "policy"
            folder.mkdir()
            (folder / "feeds.csv").write_text(f"table_name,feed_rule,tolerated_delay_days,origin,reason\n{policy}\n")
            own = replace(settings, policy=folder)
        return feeds_on(own, prepare_policy(own)[0], as_of), own

    return load


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("STAYHOUSE_HOME", str(tmp_path))


def test_a_dead_feed_withholds_the_run_and_the_message_has_the_way_out(feeds):
    """Events stopped while registrations went on; the schedule published 54 stopped customers instead of 6."""
    found, settings = feeds("2025-06-20", date(2025, 6, 30))
    with pytest.raises(StaleFeeds) as error:
        check_feeds(settings, found, allow_stale=False)
    dead, ways_out = error.value.lines
    assert dead == "events: its rows end on 2025-06-20, 10 days before 2025-06-30; 3 days are tolerated"
    assert "--as-of 2025-06-20" in ways_out
    assert "--allow-stale" in ways_out
    assert str(settings.raw.parent / "policy" / "feeds.csv") in ways_out


def test_allowed_stale_feeds_are_named_in_the_run(feeds):
    found, settings = feeds("2025-06-20", date(2025, 6, 30))
    assert [feed.table for feed in stale(found)] == ["events"]
    (line,) = check_feeds(settings, found, allow_stale=True)
    assert line.startswith("published although events: its rows end on 2025-06-20")


@pytest.mark.parametrize(
    ("last_event", "policy", "withheld", "lines"),
    [
        ("2025-06-27", "", [], 0),  # as late as tolerated
        ("2025-06-26", "", ["events"], None),
        (None, "", [], 0),  # a company without events
        (None, "events,required,3,ours,we live on them", ["events"], None),
        ("2025-06-20", "events,expected,10,ours,they come every ten days", [], 0),
        ("2025-06-20", "events,expected,,ours,any delay", [], 0),
        ("2025-06-20", "events,optional,3,ours,nobody reads them", [], 1),  # named, never withheld
        ("2025-06-29", "events,expected,0,ours,they come every day", ["events"], None),
    ],
)
def test_policy_decides_what_a_delay_means(feeds, last_event, policy, withheld, lines):
    found, settings = feeds(last_event, date(2025, 6, 30), policy)
    assert [feed.table for feed in stale(found)] == withheld
    if not withheld:
        assert len(check_feeds(settings, found, allow_stale=False)) == lines


def test_a_table_that_has_to_deliver_and_never_did_is_named(feeds):
    found, settings = feeds(None, date(2025, 6, 30), "events,required,3,ours,we live on them")
    with pytest.raises(StaleFeeds, match="events: has no row up to 2025-06-30"):
        check_feeds(settings, found, allow_stale=False)


def test_many_dead_feeds_leave_room_for_the_ways_out(settings):
    dead = [Feed(f"table_{n}", "expected", 3, date(2025, 6, 20), date(2025, 6, 30)) for n in range(7)]
    with pytest.raises(StaleFeeds) as error:
        check_feeds(settings, dead, allow_stale=False)
    assert len(error.value.lines) == 6
    assert error.value.lines[4] == "table_4, table_5, table_6: end too early as well"
    assert "--allow-stale" in error.value.lines[5]


def test_delays_are_counted_on_the_day_of_the_run(feeds, settings, landing):
    """Events came back after a gap; a run for a day within the gap is withheld all the same."""
    feeds("2025-06-10", date(2025, 6, 30))
    landing.csv("events", [event(2, occurred_at="2025-06-29 10:00:00", ingested_at=INGESTED)], "later.csv")
    with open_warehouse(settings.warehouse) as db:
        load_landing(db, settings.raw, contract())
    for as_of, expected in ((date(2025, 6, 30), []), (date(2025, 6, 20), ["events"]), (date(2025, 6, 11), [])):
        late = [feed for feed in stale(feeds_on(settings, SEEDS_FOLDER, as_of)) if feed.table != "customers"]
        assert [feed.table for feed in late] == expected, as_of


def test_the_default_day_is_printed_with_the_tables_that_decide_it(feeds, settings):
    feeds("2025-06-28", date(2025, 6, 1))
    covered = last_covered_day(settings.warehouse)
    assert (covered.day, covered.tables) == (date(2025, 6, 30), ("customers",))
    assert covered.describe() == "2025-06-30, the last closed day with rows of customers"


def test_every_raw_table_has_a_rule():
    with (SEEDS_FOLDER / "feeds.csv").open(newline="") as file:
        assert {row["table_name"] for row in csv.DictReader(file)} == set(contract())


def test_a_table_that_does_not_exist_is_named_before_anything_is_loaded(feeds):
    with pytest.raises(PolicyError, match="nothing reads 'event'; did you mean events"):
        feeds("2025-06-28", date(2025, 6, 30), "event,optional,3,ours,a slip")


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Pacific/Auckland"])
@pytest.mark.parametrize("hour", [0, 7, 8, 11, 12, 23])
def test_command_line_and_ui_mean_the_same_last_day(zone, hour):
    """The command line took a day as over that the UI did not offer yet."""
    from stayhouse.orchestration.defs.partitions import daily

    now = datetime(2025, 3, 9, hour, 30, tzinfo=UTC)
    assert daily("2025-01-01", zone).get_partition_keys(now)[-1] == last_closed_day(zone, now).isoformat()


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Pacific/Auckland"])
@pytest.mark.parametrize("day", [1, 8, 9, 10])  # clocks change in Los Angeles on the ninth
def test_the_schedule_asks_for_the_last_day_of_the_command_line(zone, day):
    import dagster as dg

    from stayhouse.orchestration.defs.automation import nightly_schedule
    from stayhouse.orchestration.defs.partitions import daily
    from stayhouse.orchestration.settings import Daemon

    @dg.job(partitions_def=daily("2025-01-01", zone))
    def nightly():
        pass

    tick = datetime(2025, 3, day, 3, 5, tzinfo=ZoneInfo(zone))
    context = dg.build_schedule_context(scheduled_execution_time=tick)
    request = nightly_schedule(Daemon(), zone, nightly)(context)
    assert request.partition_key == last_closed_day(zone, tick).isoformat()


def test_a_day_that_is_not_over_is_bad_input(settings, landing):
    from stayhouse.orchestration.runner import build
    from stayhouse.orchestration.settings import ConfigurationError

    landing.csv("customers", [customer(1)])
    today = datetime.now(UTC).date()
    with pytest.raises(ConfigurationError, match=f"{today} is not over yet in Etc/GMT\\+12"):
        build(replace(settings, business_timezone="Etc/GMT+12"), today, today)
    assert not settings.warehouse.exists()


@pytest.fixture
def publish_day(settings):
    """Publishes a mart of one row as of a day."""
    with duckdb.connect(str(settings.warehouse)) as db:
        db.execute("create schema churn; create table churn.mart_x as select 1 as customers_count")

    def run(day: int, run_id: str = "r", **details):
        marts = [Mart("churn", "mart_x")]
        with open_warehouse(settings.warehouse) as db:
            return publish(db, settings.publish, marts, date(2025, 6, day), run_id, details)

    return run


def test_a_back_fill_never_moves_readers_back(publish_day, settings):
    """A back-fill of March replaced the page of June that people were reading."""
    publish_day(30)
    result = publish_day(29)
    assert (result.is_current, result.current_day, result.as_of) == (False, date(2025, 6, 30), date(2025, 6, 29))
    assert current_publication(settings.publish)["as_of_date"] == "2025-06-30"
    assert (result.folder / "stayhouse.duckdb").is_file()
    back = make_current(settings.publish, result)
    assert back.is_current
    assert current_publication(settings.publish)["as_of_date"] == "2025-06-29"


def test_the_same_day_and_later_ones_replace_what_readers_have(publish_day, settings):
    publish_day(29)
    assert publish_day(29, "again").is_current
    assert current_publication(settings.publish)["run_id"] == "again"
    assert publish_day(30).is_current
    assert current_publication(settings.publish)["as_of_date"] == "2025-06-30"


def test_a_stale_publication_can_be_recognised_by_a_query(publish_day, settings):
    publish_day(30, stale_feeds={"events": "2025-06-20"})
    with duckdb.connect(settings.publish / "current" / "stayhouse.duckdb", read_only=True) as db:
        assert db.execute("select stale_feeds from main.publication").fetchall() == [("events",)]
    assert current_publication(settings.publish)["stale_feeds"] == {"events": "2025-06-20"}


@pytest.mark.parametrize("config", [{}, {"allow_stale": True}, {"make_current": True, "full_refresh": True}])
def test_the_launchpad_of_the_ui_has_the_options_of_the_command_line(tmp_path, monkeypatch, config):
    import dagster as dg

    from stayhouse.orchestration.resources import RUN_CONFIG, run_from_environment

    monkeypatch.setenv("STAYHOUSE_WAREHOUSE", str(tmp_path / "acme.duckdb"))
    monkeypatch.setenv("STAYHOUSE_PUBLISH", str(tmp_path / "published"))
    found = {}

    @dg.op(required_resource_keys={"run"})
    def look(context):
        run = context.resources.run
        found.update(allow_stale=run.allow_stale, make_current=run.make_current, full_refresh=run.full_refresh)

    resource = dg.ResourceDefinition(run_from_environment, config_schema=RUN_CONFIG)

    @dg.job(resource_defs={"run": resource}, executor_def=dg.in_process_executor)
    def looking():
        look()

    looking.execute_in_process(run_config={"resources": {"run": {"config": config}}})
    assert found == {"allow_stale": False, "make_current": False, "full_refresh": False} | config
