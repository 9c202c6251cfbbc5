"""Packaged shapes: their examples load without a row in quarantine and give the rows that were worked out by hand."""

from __future__ import annotations

import csv
import json
import os
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow
import pyarrow.csv
import pyarrow.parquet
import pytest
from conftest import delivered

from stayhouse.contract import REPO_ROOT, contract
from stayhouse.contract.sql import identifier
from stayhouse.loading import load_landing
from stayhouse.shaping import Folders, run_shapes
from stayhouse.shaping.packaged import copy_examples, copy_shapes, packaged_tools
from stayhouse.shaping.template import LEFT_OUT

pytestmark = pytest.mark.slow

EXPECTED = Path(__file__).parent / "expected"
EXPORTED_AT = datetime(2025, 7, 1, tzinfo=UTC).timestamp()
REGISTER = "customer_id,registered_at,ingested_at\n" + "".join(
    f"acc_{number},2025-01-01 00:00:00,2025-07-01 00:00:00\n" for number in range(101, 106)
)


def company_of(home: Path, names: list[str]) -> Folders:
    """A company with the shapes and the examples of these tools."""
    folders = Folders(home / "shapes", home / "exports", home / "landing", home / "scratch")
    copy_shapes(names, folders.shapes)
    copy_examples(names, folders.exports)
    for path in folders.exports.rglob("*"):
        os.utime(path, (EXPORTED_AT, EXPORTED_AT))
    if not list(folders.shapes.glob("*/customers.sql")):
        # The tool does not know who registered; another one would.
        register = folders.landing / "customers" / "register.csv"
        register.parent.mkdir(parents=True)
        register.write_text(REGISTER)
    return folders


@pytest.mark.parametrize("tool", packaged_tools())
def test_the_example_of_a_tool_loads_as_expected(tool: str, tmp_path: Path, db) -> None:
    assert_loads_as_expected(company_of(tmp_path, [tool]), tool, db)


def assert_loads_as_expected(folders: Folders, tool: str, db: duckdb.DuckDBPyConnection) -> None:
    """The exports of a tool load without a row in quarantine and give the rows that were worked out by hand."""
    done = run_shapes(folders, contract())
    report = load_landing(db, folders.landing, delivered(folders.landing))
    assert report.rejected == []
    assert [str(one) for one in done.left_out if not one.why] == []
    assert {
        name: dict(table.quarantine_reasons) for name, table in report.tables.items() if table.rows_quarantined
    } == {}
    assert [notice for table in report.tables.values() for notice in table.notices if "unknown columns" in notice] == []
    shaped = {path.relative_to(folders.landing).parts[0] for path in done.written}
    assert shaped == {path.stem for path in (EXPECTED / tool).glob("*.csv")}
    for path in sorted((EXPECTED / tool).glob("*.csv")):
        with path.open(newline="") as stream:
            names, *expected = csv.reader(stream)
        fields = ", ".join(f"coalesce(cast({identifier(name)} as varchar), '')" for name in names)
        found = db.execute(f"select {fields} from raw.{path.stem} order by all").fetchall()
        assert [list(row) for row in found] == sorted(expected), path


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["hubspot", "stripe", "zendesk"])
@pytest.mark.parametrize("form", ["csv", pytest.param("parquet", marks=pytest.mark.repetition), "nested parquet"])
def test_the_tables_of_airbyte_load_as_the_exports_do(tool: str, form: str, tmp_path: Path, db) -> None:
    """Airbyte lands the objects of an interface as tables; each form of them needed a shape of its own."""
    folders = company_of(tmp_path, [tool])
    for path in sorted((folders.exports / tool).iterdir()):
        (rows,) = [value for value in json.loads(path.read_text()).values() if isinstance(value, list)]
        names = dict.fromkeys(name for row in rows for name in row)
        rows = [dict.fromkeys(names) | row for row in rows]
        if form != "nested parquet":
            rows = [{n: json.dumps(v) if isinstance(v, dict | list) else v for n, v in row.items()} for row in rows]
        added = {"_airbyte_raw_id": "0f5e", "_airbyte_extracted_at": "2025-07-01T00:00:00Z", "_airbyte_meta": "{}"}
        exported_again(path, pyarrow.Table.from_pylist([row | added for row in rows]), form.rpartition(" ")[2])
    assert_loads_as_expected(folders, tool, db)


@pytest.mark.slow
@pytest.mark.parametrize(
    "tool",
    ["braze", "customerio", *(name for name in packaged_tools() if name.startswith(("fivetran_", "dlt_")))],
)
def test_tables_of_a_warehouse_load_with_their_types(tool: str, tmp_path: Path, db) -> None:
    """Warehouses unload Parquet: a moment met a text in a shape, and DuckDB asked for a cast."""
    folders = company_of(tmp_path, [tool])
    for path in sorted(path for path in (folders.exports / tool).rglob("*") if path.is_file()):
        if path.suffix == ".csv":
            table = pyarrow.csv.read_csv(path, convert_options=pyarrow.csv.ConvertOptions(strings_can_be_null=True))
        else:
            table = pyarrow.Table.from_pylist([json.loads(line) for line in path.read_text().splitlines()])
        exported_again(path, table.drop_columns([f.name for f in table.schema if f.type == pyarrow.null()]), "parquet")
    assert_loads_as_expected(folders, tool, db)


def exported_again(path: Path, table: pyarrow.Table, ending: str) -> None:
    """Replaces an export by the same rows in another format."""
    path.unlink()
    landed = path.with_suffix(f".{ending}")
    if ending == "csv":
        pyarrow.csv.write_csv(table, landed)
    else:
        pyarrow.parquet.write_table(table, landed)
    os.utime(landed, (EXPORTED_AT, EXPORTED_AT))


@pytest.mark.parametrize("tool", packaged_tools())
def test_a_tool_says_where_its_exports_come_from_and_maps_every_column(tool: str) -> None:
    """Somebody who starts from a shape needs to know which file to put where, and which id is the customer."""
    folder = REPO_ROOT / "shapes" / tool
    text = (folder / "README.md").read_text()
    assert "**The customer**" in text
    for pattern in {p for sql in folder.glob("*.sql") for p in re.findall(r"export\(\s*'([^']+)'", sql.read_text())}:
        for name in re.findall(
            r"[\w/]+", pattern.partition("*")[0].replace("{", "").replace(",", "/* ").removesuffix("}/")
        ):
            assert name in text, pattern
    for sql in folder.glob("*.sql"):
        assert f"`{sql.stem}" in text, f"README.md does not map {sql.name}"


def test_the_first_tool_that_knows_customers_registers_them(tmp_path: Path) -> None:
    """Two tools that both land customers would replace each other's rows whenever one exports later."""
    copy_shapes(["stripe", "zendesk"], tmp_path)
    assert (tmp_path / "stripe/customers.sql").exists()
    assert not (tmp_path / "zendesk/customers.sql").exists()
    assert (tmp_path / "zendesk/_customers.sql").exists()


def test_shapes_of_the_company_are_not_overwritten(tmp_path: Path) -> None:
    copy_shapes(["stripe"], tmp_path)
    (tmp_path / "stripe/payments.sql").write_text("-- mine")
    assert copy_shapes(["stripe"], tmp_path) == []
    assert (tmp_path / "stripe/payments.sql").read_text() == "-- mine"


def test_a_nested_table_may_come_as_parquet(tmp_path: Path, db) -> None:
    """BigQuery unloads events with lists of structs; the shape was written for JSON."""
    folders = company_of(tmp_path, ["ga4"])
    lines = folders.exports / "ga4/events_20250630.json"
    db.sql(f"from read_json('{lines}')").write_parquet(str(lines.with_suffix(".parquet")))
    lines.unlink()
    run_shapes(folders, contract())
    report = load_landing(db, folders.landing, delivered(folders.landing))
    assert report.tables["events"].quarantine_reasons == {}
    sessions = db.execute("select event_name, session_id, value_amount from raw.events order by 1").fetchall()
    assert sessions == [("page_view", "98.76.1751270400", None), ("purchase", "98.76.1751270400", Decimal("19.90"))]


def test_every_packaged_shape_says_which_rows_it_leaves_out() -> None:
    """Rows that a condition drops are counted and named, and the reader should not have to read SQL to learn why."""
    drops = re.compile(r"^\s*(where|qualify|having|inner join)\b", re.MULTILINE | re.IGNORECASE)
    shapes = [path for place in packaged_tools().values() for path in sorted(place.glob("*.sql"))]
    found = [path for path in shapes if drops.search(path.read_text())]
    assert len(found) > 50
    assert [str(path) for path in found if not LEFT_OUT.search(path.read_text())] == []
