"""A server for the tests, and databases on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import pytest
from servers import OWNER, running_postgres

from stayhouse.postgres import Server
from stayhouse.postgres.server import CREATE

HERE = Path(__file__).parent
NEEDED = ("psycopg2", "duckdb_extension_postgres_scanner", "dbt.adapters.postgres")


def is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = [name for name in NEEDED if not is_installed(name)]
    for item in items:
        if missing and item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.skip(reason=f"{missing[0]} is not installed here; make test-postgres"))


@pytest.fixture(scope="session")
def port() -> Iterator[int]:
    with running_postgres("work_mem=64MB", "max_connections=30") as port:
        yield port


@pytest.fixture(scope="session")
def new_database(port: int) -> Callable[[], Server]:
    """Makes empty databases."""
    import psycopg2

    numbers = count(1)

    def make() -> Server:
        name = f"stayhouse_{next(numbers)}"
        owner = psycopg2.connect(host="127.0.0.1", port=port, user=OWNER, dbname="postgres")
        owner.autocommit = True
        with owner.cursor() as cursor:
            cursor.execute(CREATE.format(name=name))
        owner.close()
        return Server("127.0.0.1", port, OWNER, name)

    return make


@pytest.fixture
def server(new_database: Callable[[], Server]) -> Server:
    return new_database()
