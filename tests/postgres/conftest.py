"""A server for the tests, and databases on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from installed import skip_without
from servers import OWNER, running_postgres

from stayhouse.postgres import Server
from stayhouse.postgres.server import CREATE

HERE = Path(__file__).parent
NEEDED = ("psycopg2", "duckdb_extension_postgres_scanner", "dbt.adapters.postgres")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    skip_without(NEEDED, items, HERE, "make test-postgres")


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
