"""The sources that a stayhouse.toml states: `[sources.<name>]` and its tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

from stayhouse.contract import contract
from stayhouse.contract.words import close_to
from stayhouse.sources import Source, SourceTable
from stayhouse.sources.description import OVERLAP_MINUTES

KEYS = ("url_env", "schema", "tables")
TABLE_KEYS = ("to", "cursor", "columns", "overlap_minutes")
PLACES = ("landing", "exports")
COMMENT = """\
# Databases whose rows `stayhouse pull` and each build bring first. The address is in the environment, never here.
# [sources.app]
# url_env = "APP_DATABASE_URL"  # postgresql://, mysql:// or sqlite:///
# [sources.app.tables.users]
# to = "landing/customers"  # or a folder for shapes: exports/app/users
# cursor = "updated_at"  # grows with every change of a row; without it the whole table is read each time
# columns = { customer_id = "id", registered_at = "created_at" }  # name in the file = column; without it all
"""

Fault = Callable[[str, str], None]


class _Wrong(Exception):
    """A key and what is wrong with it."""


def read_source(name: str, stated: Any, fault: Fault) -> Source | None:
    """The source that is stated; None after a fault. `fault` takes a key and what is wrong with it."""
    where = f"sources.{name}"
    if not re.fullmatch("[a-z0-9_-]+", name):
        fault(where, "a source has a name of lower-case letters, digits, hyphens and underscores")
        return None
    if not isinstance(stated, dict):
        fault(where, f"is a section; write [{where}], and url_env below it")
        return None
    try:
        _check_keys(where, stated, KEYS)
        tables = stated.get("tables")
        if not isinstance(tables, dict) or not tables:
            raise _Wrong(where, f"has no tables; write [{where}.tables.<table>], and to below it")
        return Source(
            name,
            _variable(where, stated.get("url_env")),
            _text(f"{where}.schema", stated.get("schema")),
            tuple(_table(f"{where}.tables.{table}", table, one) for table, one in tables.items()),
        )
    except _Wrong as wrong:
        fault(*wrong.args)
        return None


def _check_keys(where: str, stated: dict[str, Any], known: tuple[str, ...]) -> None:
    for key in stated:
        if key not in known:
            raise _Wrong(f"{where}.{key}", f"no such key{close_to(key, known)} It takes {', '.join(known)}")


def _variable(where: str, stated: Any) -> str:
    key = f"{where}.url_env"
    if stated is None:
        raise _Wrong(key, "is missing; name the environment variable that holds the address of the database")
    # What is stated is not repeated: it may be an address with its password.
    if not isinstance(stated, str) or not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", stated):
        raise _Wrong(key, "is not the name of an environment variable; put the address there, and its name here")
    return stated


def _text(key: str, stated: Any) -> str | None:
    if stated is not None and (not isinstance(stated, str) or not stated):
        raise _Wrong(key, f"{stated!r} is not text in quotes")
    return stated


def _table(where: str, name: str, stated: Any) -> SourceTable:
    if not isinstance(stated, dict):
        raise _Wrong(where, f"is a section; write [{where}], and to below it")
    _check_keys(where, stated, TABLE_KEYS)
    to = _place(f"{where}.to", stated.get("to"))
    return SourceTable(
        name,
        to,
        _text(f"{where}.cursor", stated.get("cursor")),
        _columns(f"{where}.columns", stated.get("columns", []), to),
        _minutes(f"{where}.overlap_minutes", stated.get("overlap_minutes", OVERLAP_MINUTES)),
    )


def _place(key: str, stated: Any) -> str:
    parts = PurePosixPath(stated).parts if isinstance(stated, str) else ()
    if len(parts) < 2 or parts[0] not in PLACES or ".." in parts or any(part.startswith((".", "_")) for part in parts):
        raise _Wrong(key, "says where rows go: landing/<raw table>, or exports/<folder> for a shape")
    if parts[0] == "landing" and parts[1] not in (tables := contract()):
        raise _Wrong(key, f"no raw table is called {parts[1]}{close_to(parts[1], tables)} Other tables go to exports/")
    return "/".join(parts)


def _columns(key: str, stated: Any, to: str) -> tuple[tuple[str, str], ...]:
    """Name in the file and column of the table, of a list or a table of names."""
    pairs = stated if isinstance(stated, dict) else {name: name for name in stated} if _is_names(stated) else None
    if pairs is None or not _is_names(list(pairs.values())):
        raise _Wrong(key, 'takes names: ["id", "email"], or { customer_id = "id" } to give them another')
    if to.startswith("landing/") and pairs:
        table = contract()[to.split("/")[1]]
        for name in pairs:
            if name not in table.column_names:
                raise _Wrong(
                    key, f"the raw table {table.name} has no column {name}{close_to(name, table.column_names)} "
                    f"Its columns are {', '.join(table.column_names)}"
                )  # fmt: skip
    return tuple(pairs.items())


def _is_names(stated: Any) -> bool:
    return isinstance(stated, list) and all(isinstance(name, str) and name for name in stated)


def _minutes(key: str, stated: Any) -> int:
    if not isinstance(stated, int) or isinstance(stated, bool) or stated < 0:
        raise _Wrong(key, f"{stated!r} is not a whole number of minutes, 0 or more")
    return stated
