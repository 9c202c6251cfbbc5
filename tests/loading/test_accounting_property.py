"""Whatever lies in the landing files, every row is accounted for, and the order of loading decides nothing."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from conftest import LOADED_AT, Landing
from hypothesis import given, settings
from hypothesis import strategies as st

from stayhouse.contract import contract
from stayhouse.loading import load_landing
from stayhouse.orchestration.warehouse import open_warehouse

TABLES = {name: contract()[name] for name in ("customers", "events")}

# A small world, so that keys collide, parents are missing and values are wrong often enough.
maybe = lambda strategy: st.one_of(st.none(), strategy)  # noqa: E731
moments = st.sampled_from([
    "2025-01-02 10:00:00", "2025-03-01T00:30:00+02:00", "1970-01-01 00:00:00", "2099-01-01 00:00:00", "soon", "",
])  # fmt: skip
ingested = st.sampled_from([LOADED_AT, "2025-03-30 00:00:00", "2025-03-31 23:59:00"])
customers = st.fixed_dictionaries({
    "customer_id": maybe(st.sampled_from(["c1", "c2", "c3"])),
    "registered_at": moments,
    "region": maybe(st.sampled_from(["north", "so,uth", 'ea"st', "new\nline"])),
    "is_test": st.sampled_from(["true", "false", "perhaps"]),
    "ingested_at": ingested,
})  # fmt: skip
events = st.fixed_dictionaries({
    "event_id": maybe(st.sampled_from(["e1", "e2", "e3", "e4"])),
    "customer_id": maybe(st.sampled_from(["c1", "c2", "nobody"])),
    "event_name": maybe(st.sampled_from(["mailing_sent", "  "])),
    "occurred_at": moments,
    "source": maybe(st.sampled_from(["app", "fax"])),
    "quantity": maybe(st.sampled_from(["1", "2.5", "many", "inf"])),
    "ingested_at": ingested,
})  # fmt: skip
files = st.lists(
    st.one_of(
        st.tuples(st.just("customers"), st.sampled_from(["csv", "jsonl"]), st.lists(customers, min_size=1, max_size=6)),
        st.tuples(st.just("events"), st.sampled_from(["csv", "jsonl"]), st.lists(events, min_size=1, max_size=8)),
    ),
    min_size=1,
    max_size=4,
)
broken_lines = st.lists(st.sampled_from(["{not json", "[1, 2]", '"text"']), max_size=2)


def write(landing: Landing, number: int, table: str, kind: str, rows: list[dict], broken: list[str]) -> int:
    """Writes one file; returns how many records it holds."""
    path = getattr(landing, kind)(table, rows, f"file-{number}.{kind}")
    if kind == "jsonl" and broken:
        path.write_text(path.read_text() + "".join(line + "\n" for line in broken))
        return len(rows) + len(broken)
    return len(rows)


def load_all(folder: Path, order: list, broken: list[str]) -> tuple[list[tuple], dict[str, int], int]:
    """Loads the files one by one in the given order; returns the raw rows, the ledger's sums and the records written."""
    landing = Landing(folder / "raw")
    landing.jsonl("customers", [{"customer_id": "c9", "registered_at": "2025-01-01", "is_test": False,
                                 "ingested_at": LOADED_AT}], "always.jsonl")  # fmt: skip
    written = 1
    with open_warehouse(folder / "w.duckdb") as db:
        for number, table, kind, rows in order:
            written += write(landing, number, table, kind, rows, broken)
            load_landing(db, landing.folder, TABLES)
        sums = db.execute(
            "select sum(rows_in_file), sum(rows_loaded), sum(rows_quarantined), sum(rows_duplicate), sum(rows_superseded),"
            " count(*) filter (where rows_in_file <> rows_loaded + rows_quarantined + rows_duplicate)"
            " from ops.load_ledger where status <> 'rejected'"
        ).fetchone()
        names = ("in_files", "loaded", "quarantined", "duplicate", "superseded", "unbalanced")
        standing = []
        for name, table in TABLES.items():
            columns = ", ".join(table.column_names)
            standing += db.execute(f"select '{name}', {columns} from raw.{name} order by all").fetchall()
        kept_aside = db.execute("select count(*) from ops.quarantined_rows").fetchone()[0]
        displaced = sum(db.execute(f"select count(*) from superseded.{name}").fetchone()[0] for name in TABLES)
    sums = dict(zip(names, (int(value) for value in sums), strict=True))
    assert kept_aside == sums["quarantined"]
    assert displaced == sums["superseded"]
    return standing, sums, written


@pytest.mark.slow
@pytest.mark.parametrize("histories", [10, pytest.param(30, marks=pytest.mark.repetition)])
def test_every_row_is_accounted_for_in_any_order(histories):
    every = settings(max_examples=histories, deadline=None, derandomize=True)
    every(given(files=files, broken=broken_lines, shuffle=st.randoms(use_true_random=False))(account_for))()


def account_for(files, broken, shuffle):
    """Loads the files in two orders, and compares the rows and the counts of the ledger."""
    numbered = [(number, *file) for number, file in enumerate(files)]
    other = list(numbered)
    shuffle.shuffle(other)
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        standing, sums, written = load_all(Path(first), numbered, broken)
        other_standing, other_sums, _ = load_all(Path(second), other, broken)
    assert sums["unbalanced"] == 0
    assert sums["in_files"] == written == sums["loaded"] + sums["quarantined"] + sums["duplicate"]
    assert len(standing) == sums["loaded"] - sums["superseded"]
    assert standing == other_standing
    assert sums == other_sums, json.dumps([sums, other_sums])
