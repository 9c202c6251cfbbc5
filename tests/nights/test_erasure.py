"""The right to be forgotten: after an erasure nothing in any file leads to the customer, and every figure stays."""

import gzip
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from nights.conftest import LAST, Company
from typer.testing import CliRunner

from stayhouse.contract.personal import personal_class
from stayhouse.loading.suppression import ErasureFolder
from stayhouse.orchestration import erasure
from stayhouse.orchestration.cli import app
from stayhouse.orchestration.erasure import Erased, erase, is_requested, withhold_erased
from stayhouse.orchestration.event_log import open_instance
from stayhouse.orchestration.graph import reached
from stayhouse.orchestration.lineage import child_map
from stayhouse.orchestration.run import Run
from stayhouse.orchestration.settings import Settings
from stayhouse.orchestration.warehouse import open_warehouse
from stayhouse.page import PAGE_NAME
from stayhouse.page.build import read_page
from stayhouse.publishing.release import DATABASE_NAME

pytestmark = pytest.mark.slow

# She used the product, was contacted, answered a survey with a text, and has an open alert.
WITH_TRACES = """
select customer_id from raw.customers
where not is_test and deleted_at is null
    and customer_id in (select customer_id from raw.events where ip_hash is not null)
    and customer_id in (select customer_id from raw.contact_points where value_hash is not null)
    and customer_id in (select r.customer_id from raw.survey_responses as r join raw.survey_answers as a using (response_id))
    and customer_id in (select customer_id from alerts.mart_alerts where is_open)
order by 1 limit 1
"""
TRACES = """
select value_hash from raw.contact_points where customer_id = $who
    and value_hash not in (select value_hash from raw.contact_points where customer_id <> $who and value_hash is not null)
union select user_id from raw.events where customer_id = $who
union select device_id from raw.events where customer_id = $who
union select ip_hash from raw.events where customer_id = $who
    and ip_hash not in (select ip_hash from raw.events where customer_id <> $who and ip_hash is not null)
union select response_id from raw.survey_responses where customer_id = $who
union select contact_id from raw.contacts where customer_id = $who
union select alert_id from alerts.mart_alerts where customer_id = $who
"""


def packed(path: Path) -> str:
    """What a file says once it is unpacked; independent of the search of the product."""
    # Other pages are called index.html too: those of checks and of cards, which pack nothing.
    if path.name == PAGE_NAME and (path.parent / DATABASE_NAME).exists():
        return json.dumps(read_page(path.read_text(encoding="utf-8")), ensure_ascii=False)
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes()).decode()
    if path.suffix == ".parquet":
        # A connection for each of thousands of files would take longer than to read them.
        return rows_as_text(duckdb.default_connection(), f"read_parquet('{path}', hive_partitioning = false)")
    if path.suffix == ".duckdb":
        with duckdb.connect(path, read_only=True) as db:
            tables = db.execute("select schema_name, table_name from duckdb_tables() where not internal").fetchall()
            return "\n".join(rows_as_text(db, f'"{schema}"."{table}"') for schema, table in tables)
    return ""


def rows_as_text(db: duckdb.DuckDBPyConnection, relation: str) -> str:
    (text,) = db.execute(f"select string_agg(cast(rows as varchar), chr(10)) from {relation} as rows").fetchone()
    return text or ""


def holding(folder: Path, texts: set[str]) -> Iterator[tuple[Path, str]]:
    """Every file that holds one of the texts, in its name, its bytes or what it packs."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield from ((path, text) for text in held(path, texts))


def held(path: Path, texts: set[str]) -> list[str]:
    content, unpacked = path.name.encode() + path.read_bytes(), packed(path)
    return [text for text in texts if text.encode() in content or text in unpacked]


@dataclass
class Forgotten:
    """A company before and after the erasure of one customer."""

    folder: Path
    settings: Settings
    who: str
    traces: set[str]
    before: Path
    """The warehouse before."""
    release: Path
    """The release before."""
    result: Erased


def naming(who: str) -> dg.JobDefinition:
    """A run whose log names a customer."""

    @dg.op
    def say(context: dg.OpExecutionContext):
        context.log.info(f"unexpected value {who}")

    @dg.job
    def said():
        say()

    return said


def power_failure(_: Path) -> None:
    raise OSError("the power is off")


@pytest.fixture(scope="module")
def forgotten(published, small_company, tmp_path_factory) -> Forgotten:
    folder = tmp_path_factory.mktemp("forgotten")
    kept = tmp_path_factory.mktemp("before")
    home = published.warehouse.parent
    shutil.copytree(home, folder / "run", symlinks=True, ignore=shutil.ignore_patterns("landing"))
    shutil.copytree(small_company, folder / "acme" / "raw")
    settings = replace(
        published, raw=folder / "acme" / "raw", policy=None, company=None, warehouse=folder / "run" / "stayhouse.duckdb",
        publish=folder / "run" / "published", target=folder / "run" / "target", lists_per_owner=True,
    )  # fmt: skip
    with open_warehouse(settings.warehouse) as db:
        db.execute("update ops.landing_folder set folder = ?", [str(settings.raw)])
        (who,) = db.execute(WITH_TRACES).fetchone()
        traces = {value for (value,) in db.execute(TRACES, {"who": who}).fetchall() if value}
        (alert,) = db.execute("select max(alert_id) from alerts.mart_alerts where customer_id = ?", [who]).fetchone()
        db.execute(
            "create table if not exists ops.deliveries (target varchar, alert_id varchar, as_of_date date, delivered_at timestamptz)"
        )
        db.execute("insert into ops.deliveries values ('t', ?, ?, now())", [alert, LAST])
    shutil.copyfile(settings.warehouse, kept / "stayhouse.duckdb")
    current = (settings.publish / "current").resolve()
    shutil.copytree(current, kept / "release")
    # An older release, reports, logs and a history that name her, and a row that broke the contract.
    shutil.copytree(current, settings.publish / "releases" / "2025-06-29-older")
    for note in (
        current / "data_docs" / "index.html",
        settings.work / "logs" / "dbt.log",
        settings.target / "run_results.json",
    ):
        note.parent.mkdir(parents=True, exist_ok=True)
        with note.open("a") as stream:
            stream.write(f"unexpected value {who}\n")
    history = folder / "run" / "dagster"
    with open_instance(history) as instance:
        naming(who).execute_in_process(instance=instance)
    broken = settings.raw / "contacts" / "broken.jsonl.gz"
    row = {"contact_id": "kx", "customer_id": who, "direction": "sideways", "channel": "call",
           "attempted_at": "2025-05-01 10:00:00", "ingested_at": "2025-05-01 11:00:00"}  # fmt: skip
    broken.write_bytes(gzip.compress(f'{json.dumps(row)}\n{{"contact_id": "ky", {who}\n'.encode()))
    Company(settings, None).load()
    endings: set[str] = set()
    for path in sorted(folder.rglob("*")):
        # One file of each kind is enough to see that they hold her.
        if path.suffix not in endings and path.is_file() and not path.is_symlink() and held(path, {who}):
            endings.add(path.suffix)
    assert endings >= {".duckdb", ".parquet", ".html", ".jsonl", ".csv", ".gz", ".db"}
    ErasureFolder(settings.erasure).request([who])
    with open_instance(history) as instance:
        # The first attempt is interrupted in the middle; the next run goes on.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(erasure, "rewrite_warehouse", power_failure)
            with pytest.raises(OSError, match="power"):
                erase(Run(settings), instance, history)
        assert is_requested(settings)
        result = erase(Run(settings), instance, history)
    assert not is_requested(settings)
    return Forgotten(folder, settings, who, traces, kept / "stayhouse.duckdb", kept / "release", result)


def test_no_byte_of_any_file_leads_to_the_customer(forgotten):
    """Landing, warehouse with its free blocks, quarantine, releases, lists, cards, reports, logs and Dagster's history."""
    assert forgotten.result.problems == []
    assert len(forgotten.traces) > 10
    assert list(holding(forgotten.folder, {forgotten.who, *forgotten.traces})) == []
    assert not (forgotten.settings.erasure / "pending.json").exists(), "the secret of the names is thrown away"


def same_figures(before: duckdb.DuckDBPyConnection, tables: list[str]) -> dict[str, int]:
    """Tables whose rows differ in another column than those of identifiers: `o` before and `n` after."""
    found = {}
    for table in tables:
        names = [name for name, *_ in before.execute(f"describe o.{table}").fetchall()]
        fields = ", ".join(f'"{name}"' for name in names if personal_class(name) == "none")
        (rows,) = before.execute(
            f"select count(*) from (select {fields} from o.{table} except all select {fields} from n.{table})"
        ).fetchone()
        if rows:
            found[table] = rows
    return found


def test_the_publication_stands_with_the_same_figures(forgotten):
    current = forgotten.settings.publish / "current"
    assert [place.name for place in (forgotten.settings.publish / "releases").iterdir()] == [current.resolve().name]
    with duckdb.connect() as db:
        db.execute(f"attach '{forgotten.release / DATABASE_NAME}' as o (read_only)")
        db.execute(f"attach '{current / DATABASE_NAME}' as n (read_only)")
        tables = [
            f'"{s}"."{t}"'
            for s, t in db.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = 'o' and schema_name <> 'main'"
            ).fetchall()
        ]
        assert len(tables) > 60
        assert same_figures(db, tables) == {}
        customers = db.execute("select customer_id, name from (select customer_id from n.customer_360.mart_customer_360) left join "
                               "(select customer_id as name from o.customer_360.mart_customer_360) on name = customer_id where name is null").fetchall()  # fmt: skip
    ((surrogate, _),) = customers
    assert surrogate.startswith("erased-")
    for part in ("index.html", "lists/alerts.csv", "lists/alerts", "models/models.html", f"cards/{surrogate}.html"):
        assert (current / part).exists(), part
    assert not (current / "data_docs").exists(), "a report that named her is not published again"


@pytest.mark.repetition
def test_the_next_run_has_the_same_figures_from_the_same_files(forgotten, dbt_session):
    """What is built from the rewritten files is what was published: alerts keep their ids, closed months their figures.

    Only what was read in the words of a comment goes with the words: topics that nobody else had tagged.
    """
    company = Company(
        replace(forgotten.settings, policy=dbt_session.settings.policy, target=dbt_session.settings.target), dbt_session
    )
    report = company.load()
    assert report.rejected == []
    assert {name: table.files_loaded for name, table in report.tables.items() if table.files_loaded} == {"customers": 1}
    company.transform(LAST)
    with duckdb.connect() as db:
        db.execute(f"attach '{forgotten.before}' as o (read_only)")
        db.execute(f"attach '{company.settings.warehouse}' as n (read_only)")
        # Private steps may number customers in the order of their ids.
        tables = [table for table in company.tables() if not table.startswith(("ops.", "config.", "intermediate."))]
        read_in_words = {"fct_comment_topics", *reached(child_map(), ["fct_comment_topics"])}
        differing = same_figures(db, tables)
        assert {table for table in differing if table.partition(".")[2] not in read_in_words} == set()
        db.execute(f"attach '{forgotten.settings.publish / 'current' / DATABASE_NAME}' as p (read_only)")
        assert (
            db.execute(
                "select alert_id from n.alerts.mart_alerts except select alert_id from p.alerts.mart_alerts"
            ).fetchall()
            == []
        )
        assert db.execute(
            "select count(*) from n.ops.deliveries where alert_id in (select alert_id from n.alerts.mart_alerts)"
        ).fetchone() == (1,)
        assert db.execute(
            "select count(*) from n.raw.customers where customer_id like 'erased-%' and deleted_at is not null"
        ).fetchone() == (1,)


def test_files_that_come_again_bring_nobody_back(forgotten, small_company):
    ErasureFolder(forgotten.settings.erasure).request([forgotten.who])
    assert not is_requested(forgotten.settings), "a list that names her every day costs nothing"
    assert ErasureFolder(forgotten.settings.erasure).requests() == []
    again = forgotten.settings.raw / "customers" / "again"
    shutil.copytree(small_company / "customers", again)
    with open_warehouse(forgotten.settings.warehouse) as db:
        notices = withhold_erased(forgotten.settings, db)
    assert len(notices) == 1
    assert list(holding(again, {forgotten.who})) == []
    shutil.rmtree(again)


def test_the_command_asks_before_it_rewrites_landing_files(forgotten):
    places = [
        "--raw",
        str(forgotten.settings.raw),
        "--warehouse",
        str(forgotten.settings.warehouse),
        "--publish",
        str(forgotten.settings.publish),
    ]
    result = CliRunner().invoke(app, ["erase", "somebody", *places])
    assert result.exit_code == 2
    assert "confirm with --yes" in result.output
    assert ErasureFolder(forgotten.settings.erasure).requests() == []
