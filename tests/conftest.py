"""Fixtures that every suite shares. Nothing here touches the user's landing folder, warehouse or publication."""

from __future__ import annotations

import fcntl
import gc
import json
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import duckdb
import pytest

from stayhouse.contract import RawTable, contract
from stayhouse.contract.sql import raw_type
from stayhouse.loading import LoadReport, load_landing
from stayhouse.orchestration.cli import COLLECTED_EVERY
from stayhouse.orchestration.warehouse import open_warehouse

LOADED_AT = "2025-03-31 23:00:00"

# A shell lets what it starts in the background ignore Ctrl-C, and every process that a test starts would inherit that.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Landing:
    """A landing folder in a temporary place, written row by row for tests."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, table: str, name: str) -> Path:
        path = self.folder / table / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def text(self, table: str, name: str, text: str) -> Path:
        path = self.path(table, name)
        path.write_text(text)
        return path

    def csv(self, table: str, rows: Iterable[dict], name: str = "rows.csv") -> Path:
        rows = list(rows)
        names = list(dict.fromkeys(key for row in rows for key in row))
        quote = lambda v: "" if v is None else '"' + str(v).replace('"', '""') + '"'  # noqa: E731
        lines = [",".join(names), *(",".join(quote(row.get(name)) for name in names) for row in rows)]
        return self.text(table, name, "\n".join(lines) + "\n")

    def jsonl(self, table: str, rows: Iterable[dict], name: str = "rows.jsonl") -> Path:
        return self.text(table, name, "".join(json.dumps(row) + "\n" for row in rows))

    def parquet(self, table: str, rows: Iterable[dict], name: str = "rows.parquet") -> Path:
        """Parquet with the types of the contract; values are given as text."""
        path = self.path(table, name)
        rows = list(rows)
        columns = {c.name: raw_type(c) for c in contract()[table].columns}
        names = list(dict.fromkeys(key for row in rows for key in row))
        shape = json.dumps(dict.fromkeys(names, "VARCHAR"))
        fields = ", ".join(f'cast(s."{n}" as {columns.get(n, "VARCHAR")}) as "{n}"' for n in names)
        with duckdb.connect() as db:
            db.execute("create table t (line varchar)")
            db.executemany("insert into t values (?)", [[json.dumps(row)] for row in rows])
            db.execute(f"copy (select {fields} from (select json_transform(line, '{shape}') as s from t)) to '{path}'")
        return path


def customer(number: int = 1, **changes: object) -> dict:
    return {
        "customer_id": f"c{number}",
        "registered_at": "2025-01-01 10:00:00",
        "is_test": False,
        "ingested_at": LOADED_AT,
    } | changes


def event(number: int = 1, **changes: object) -> dict:
    return {
        "event_id": f"e{number}",
        "customer_id": "c1",
        "event_name": "mailing_sent",
        "occurred_at": "2025-01-02 10:00:00",
        "source": "app",
        "ingested_at": LOADED_AT,
    } | changes


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "raw")


@pytest.fixture(scope="session")
def empty_warehouse(tmp_path_factory) -> Path:
    """A warehouse in which nothing is. Read-only; a test takes a copy, which is cheaper than to make one."""
    path = tmp_path_factory.mktemp("empty") / "warehouse.duckdb"
    with open_warehouse(path):
        return path


@pytest.fixture
def db(tmp_path: Path, empty_warehouse: Path):
    path = tmp_path / "warehouse.duckdb"
    shutil.copyfile(empty_warehouse, path)
    with open_warehouse(path) as connection:
        yield connection


def delivered(folder: Path, before: Iterable[str] = ()) -> dict[str, RawTable]:
    """Of the tables of the contract those that a landing folder has, or had before, and those that they refer to.

    A load asks the warehouse about each table, so that the others would only cost time.
    """
    tables = contract()
    known: set[str] = set()
    waiting = ["customers", *before, *({place.parent.name for place in folder.glob("*/*")} & tables.keys())]
    while waiting:
        name = waiting.pop()
        known.add(name)
        waiting += [c.references[0] for c in tables[name].columns if c.references and c.references[0] not in known]
    return {name: table for name, table in tables.items() if name in known}


@pytest.fixture
def load(landing: Landing, db: duckdb.DuckDBPyConnection):
    known: dict[str, RawTable] = {}

    def run() -> LoadReport:
        nonlocal known
        known = delivered(landing.folder, known)
        return load_landing(db, landing.folder, known)

    return run


@pytest.fixture(scope="session")
def made_once(tmp_path_factory) -> Callable[[str, Callable[[Path], None]], Path]:
    """A folder that all workers of a test run share: `made_once(name, make)`.

    The first test that needs it makes it while the others wait; a failed attempt leaves nothing behind. Nobody writes to it
    afterwards, so that the order of tests and the number of workers cannot matter.
    """
    own = tmp_path_factory.getbasetemp()
    # Every worker of pytest-xdist has a folder of its own below that of the run.
    base = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def get(name: str, make: Callable[[Path], None]) -> Path:
        place, done = base / name, base / f"{name}.done"
        with open(base / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir()
                make(place)
                done.touch()
        return place

    return get


@pytest.fixture(scope="session")
def parsed(made_once) -> Path:
    """A folder with dbt's artifacts of the project (`target/manifest.json` and others). Read-only."""
    from parsing import parse_project

    return made_once("parsed", parse_project)


@pytest.fixture(scope="session")
def parsed_once(parsed) -> Iterator[None]:
    """Sessions of dbt take the parsed project instead of parsing it for every warehouse, time zone and policy."""
    from parsing import WAREHOUSE, reader

    from stayhouse.orchestration.dbt_session import DbtSession

    read, parse = reader(parsed), DbtSession.parse

    def shared(session: DbtSession, write: bool = False):
        if session.settings.warehouse.name != WAREHOUSE:
            return parse(session, write)
        if session._manifest is None:
            session._manifest = read(session)
        if write:
            session.settings.target.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(parsed / "target" / "manifest.json", session.settings.target / "manifest.json")
        return session._manifest

    # Dagster draws its graph from the manifest that it finds here.
    target = Path(os.environ["DBT_TARGET_PATH"])
    target.mkdir(exist_ok=True)
    shutil.copyfile(parsed / "target" / "manifest.json", target / "manifest.json")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DbtSession, "parse", shared)
        yield


def pytest_configure() -> None:
    """Python looks for garbage as seldom as in a run: manifests of dbt stay, and it would walk through each again."""
    gc.set_threshold(*COLLECTED_EVERY)


def pytest_sessionfinish() -> None:
    """pytest looks for garbage five times at the end, which takes seconds with all that is kept."""
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests begin first; tests are independent, so the order changes no result."""
    items.sort(key=lambda item: [item.get_closest_marker(name) is None for name in ("longest", "slow")])


@pytest.fixture(scope="session", autouse=True)
def _own_places(tmp_path_factory) -> None:
    """Keeps dbt artifacts, Dagster's history and default paths of a test run away from the user's."""
    place = tmp_path_factory.mktemp("places")
    for name in (
        "STAYHOUSE_COMPANY",
        "STAYHOUSE_RAW",
        "STAYHOUSE_POLICY",
        "STAYHOUSE_WAREHOUSE",
        "STAYHOUSE_PUBLISH",
        "STAYHOUSE_TIMEZONE",
    ):
        os.environ.pop(name, None)
    if "PYTEST_XDIST_WORKER" in os.environ:
        # The workers keep the cores busy already: two models at a time only wait for one another. Runs that are killed,
        # and the published company, build two at a time as those of users do.
        os.environ["STAYHOUSE_THREADS"] = "1"
    os.environ["DBT_TARGET_PATH"] = str(place / "target")
    os.environ["DAGSTER_HOME"] = str(place / "dagster")
