"""The summary is one screen: what is published, what has changed, what needs attention; the rest is in the status."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from stayhouse.orchestration import screen, summary
from stayhouse.orchestration.lock import run_lock
from stayhouse.orchestration.runner import BAD_INPUT, PUBLISHED, WITHHELD, Outcome
from stayhouse.orchestration.settings import Settings
from stayhouse.postgres import Server

SCREEN_LINES = 24
TABLES = ("customers", "events", "contacts", "payments", "tickets", "reviews")


def counts(loaded: int = 0, quarantined: int = 0, files: int = 0, known: int = 0) -> dict:
    return {
        "files": files, "files_known": known, "rows_in_files": loaded + quarantined, "rows_loaded": loaded,
        "rows_superseded": 0, "rows_duplicate": 0, "rows_quarantined": quarantined, "rows_released": 0,
        "quarantine_reasons": {"malformed": quarantined} if quarantined else {},
    }  # fmt: skip


def log(**more) -> dict:
    rows = {f"sales.mart_{number}": number for number in range(60)}
    return {
        "ended_at": "2025-01-02T03:00:00",
        "load": {"tables": {name: counts(100 * (n + 1), 7 if n == 1 else 0, 2) for n, name in enumerate(TABLES)}, "notices": []},
        "before": {
            "as_of_date": "2025-01-01", "rows": rows | {"sales.mart_3": 100}, "lists": {"alerts": 40},
            "warnings": ["raw.a: b is missing (39 rows, such as id 7). Mend it."],
        },
        "published": {"as_of": "2025-01-02", "rows": rows, "lists": {"alerts": 43, "calls": 2}, "folder": "r"},
        "raw_checks": {"warnings": ["raw.a: b is missing (41 rows, such as id 9). Mend it.", "raw.c: d is odd (1 row)."]},
        "dbt_warnings": [],
        "missing_tables": {},
    } | more  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(raw=tmp_path / "raw", policy=None, warehouse=tmp_path / "w.duckdb", publish=tmp_path / "published")


@pytest.fixture
def printed(monkeypatch):
    """What was written to the screen, as lines."""
    recorder = Console(width=120, highlight=False, record=True)
    monkeypatch.setattr(summary, "console", recorder)
    monkeypatch.setattr(screen, "console", recorder)
    monkeypatch.setattr(screen, "errors", recorder)
    return lambda: recorder.export_text().splitlines()


def test_a_published_run_is_one_screen(settings, printed):
    """A first run of a shop printed forty lines of marts, and the warnings had gone off the screen."""
    many = [f"raw.t{number}: something is odd in this table (12 rows). Ask the source system." for number in range(40)]
    missing = {name: [f"mart_{number}" for number in range(50)] for name in TABLES}
    day = "2025-01-02, the last closed day with rows of events"
    ended = Outcome(PUBLISHED, log(dbt_warnings=many, missing_tables=missing, covered_day=day), [1])
    summary.print_outcome(settings, ended, 52)
    lines = printed()
    assert lines[0] == "published as of 2025-01-02 in 52 s; before: 2025-01-01"
    assert lines[1] == f"the day is {day}"
    assert lines[2].startswith("read it at ")
    assert len(lines) <= SCREEN_LINES
    assert max(map(len, lines)) < 200
    assert lines[-1] == "more: stayhouse status --verbose"


def test_rows_in_quarantine_have_their_reason_in_words(settings):
    """The summary said "contacts (not_allowed:direction)", and the sentence with the way out came after the warnings."""
    refused = counts(100) | {
        "rows_quarantined": 7,
        "quarantine_reasons": {"not_allowed:direction; missing:customer_id": 7},
    }
    load = {"tables": {"contacts": refused}, "notices": ["contacts: 7 rows in quarantine"]}
    (line,) = (line for line in summary.changes(log(load=load)) if line.startswith("in quarantine"))
    assert line == (
        "in quarantine: 7 rows more: contacts (direction is none of outbound, inbound and customer_id is missing) 7"
    )
    assert summary.attention(log(load=load))[0] == "contacts: 7 rows in quarantine"


def test_what_changed_is_counted_against_the_publication_before(settings):
    assert summary.changes(log()) == [
        "loaded: 2,100 rows of 12 new files: reviews 600, tickets 500, payments 400, contacts 300 and 2 more",
        "in quarantine: 7 rows more: events (the line cannot be taken apart into the columns of the file) 7",
        "lists: alerts 43 (+3), calls 2",
        "marts: 1 of 60 have more or fewer rows: sales.mart_3 3 (-97)",
    ]


def test_a_first_run_and_a_run_without_new_files_say_so(settings):
    tables = {name: counts(known=3) for name in TABLES}
    lines = summary.changes(log(before=None, load={"tables": tables, "notices": []}))
    assert lines == [
        "no new files (18 are known)",
        "lists: alerts 43, calls 2",
        "first publication: 60 marts with 1,770 rows",
    ]


def test_what_is_new_comes_before_what_was_known(settings):
    """The same sentence with other numbers is the same fault."""
    found = summary.attention(log(money=["EUR has no rate"], missing_tables={"tickets": ["mart_1"]}))
    assert found == [
        "EUR has no rate",
        "new: raw.c: d is odd (1 row).",
        "raw.a: b is missing (41 rows, such as id 9). Mend it.",
        "no rows in tickets: what needs it is empty",
    ]


def test_in_a_first_run_nothing_is_called_new(settings):
    assert [line for line in summary.attention(log(before=None)) if line.startswith("new: ")] == []


@pytest.mark.parametrize("published", [True, False])
def test_a_withheld_run_says_why_and_what_readers_see(settings, printed, published):
    if published:
        (settings.publish / "current").mkdir(parents=True)
        (settings.publish / "current" / "publication.json").write_text(json.dumps({"as_of_date": "2025-01-01"}))
    reasons = [f"sales.mart_{number}: [bold] is broken (3 rows). Mend it." for number in range(30)]
    summary.print_outcome(settings, Outcome(WITHHELD, {"withheld": reasons}), 5)
    lines = printed()
    seen = "readers still see 2025-01-01" if published else "nothing has been published yet"
    assert lines[:3] == [f"not published; {seen}", "because", f"  - {reasons[0]}"]
    assert "  ... and 24 more: stayhouse status --verbose" in lines
    assert len(lines) <= SCREEN_LINES


def test_a_run_that_only_the_server_missed_is_published_in_the_files(settings, printed):
    """The screen said "not published" although the page and the files had the new day."""
    settings = replace(settings, server=Server("db", 5432, "stayhouse", "acme"))
    found = log(published={"as_of": "2025-01-02", "on_server": False}, withheld=["readers hold the tables"])
    summary.print_outcome(settings, Outcome(WITHHELD, found), 5)
    assert printed()[:3] == [
        f"published in the files only as of 2025-01-02; {settings.server} still has the marts of before",
        "because",
        "  - readers hold the tables",
    ]


def test_bad_input_is_a_line_per_fault(settings, printed):
    summary.print_outcome(
        settings, Outcome(BAD_INPUT, {"bad_input": ["a/[x].csv: lacks a column", "b.csv: is truncated"]}), 5
    )
    assert [line for line in printed() if line.startswith("bad input")] == [
        "bad input: a/[x].csv: lacks a column",
        "bad input: b.csv: is truncated",
    ]


def write(settings: Settings, **entries) -> None:
    settings.work.mkdir(exist_ok=True)
    settings.run_log.write_text(json.dumps(entries))


def test_the_status_says_that_a_run_was_killed(settings, printed):
    """After a kill the status showed the run before it, as if nothing had happened."""
    write(settings, started_at="2025-01-02T02:00:00")
    summary.print_status(settings, verbose=False)
    assert any(line.startswith("the last run did not end (began 2025-01-02T02:00:00)") for line in printed())


def test_a_run_of_the_dagster_ui_is_not_taken_for_a_killed_one(settings, printed):
    write(settings, published={"as_of": "2025-01-02"})
    summary.print_status(settings, verbose=False)
    assert not any("did not end" in line for line in printed())


def test_the_status_says_that_a_run_is_under_way(settings, printed):
    with run_lock(settings):
        write(settings, started_at="2025-01-02T02:00:00")
        summary.print_status(settings, verbose=False)
    assert "a run is under way since 2025-01-02T02:00:00" in printed()


def test_the_verbose_status_has_every_line_and_table(settings, printed):
    many = [f"raw.t{number}: something is odd (12 rows)." for number in range(40)]
    write(settings, **log(dbt_warnings=many))
    (settings.publish / "current").mkdir(parents=True)
    document = {
        "as_of_date": "2025-01-02", "published_at": "now", "rows": {"sales.mart_1": 1},
        "missing_tables": {"tickets": ["mart_1"]},
    }  # fmt: skip
    (settings.publish / "current" / "publication.json").write_text(json.dumps(document))
    summary.print_status(settings, verbose=True)
    text = "\n".join(printed())
    assert all(line in text for line in many)
    assert "quarantined, by reason" in text
    assert "events: the line cannot be taken apart into the columns of the file (7 rows)" in text
    assert "no rows in tickets, so without its part: mart_1" in text
    assert "│ sales.mart_1 │" in text
