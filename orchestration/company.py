"""A company is a folder. Its stayhouse.toml states what differs from the defaults; it is read and checked here."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from stayhouse.contract import contract
from stayhouse.contract.words import closest, did_you_mean
from stayhouse.orchestration.stated_sources import COMMENT as SOURCES_COMMENT
from stayhouse.orchestration.stated_sources import read_source
from stayhouse.orchestration.variables import BY_NAME
from stayhouse.sources import Source, Store
from stayhouse.sources.description import SCHEMES, store_scheme

FILE_NAME = "stayhouse.toml"
DUCKDB, POSTGRES, SPARK = TARGETS = ("duckdb", "postgres", "spark")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FEED_RULES = ("required", "expected", "optional")


class ConfigurationError(Exception):
    """A path, a date or a policy is wrong. The message names it and the way out."""


@dataclass(frozen=True)
class Statement:
    """A policy that the company states in its stayhouse.toml instead of a policy file."""

    seed: str
    key: str
    """Value of the seed's key column."""
    values: tuple[tuple[str, str], ...]
    """Column and value as the policy file would have them."""
    place: str
    """Where it is stated, for messages."""


@dataclass(frozen=True)
class Company:
    """What a stayhouse.toml states. Keys that it leaves out are missing in `values`."""

    folder: Path
    values: Mapping[str, Any] = field(default_factory=dict)
    """By dotted key: `timezone`, `paths.landing`."""
    policy: tuple[Statement, ...] = ()
    sources: tuple[Source, ...] = ()
    """Databases whose rows are pulled."""

    @property
    def name(self) -> str:
        return str(self.values.get("name") or self.folder.name)

    def path(self, key: str, default: str) -> Path:
        """A path of `[paths]`, relative to the company's folder; of an object store its local copy."""
        if store := self.store(key):
            return store.folder
        return self.folder / Path(self.values.get(f"paths.{key}") or default).expanduser()

    def store(self, key: str) -> Store | None:
        """The object store that a path of `[paths]` names; None when it is a folder."""
        stated = self.values.get(f"paths.{key}")
        if not stated or not store_scheme(stated):
            return None
        return Store(stated.rstrip("/"), self.folder / "warehouse" / "copies" / key)


def zone(stated: str) -> str:
    """A time zone. Raises ConfigurationError."""
    try:
        ZoneInfo(stated)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        close = closest(stated, sorted(available_timezones()), most=1, cutoff=0.8)
        way_out = f"did you mean {close[0]}?" if close else "use a name like Europe/Berlin"
        raise ConfigurationError(f"{stated}: no such time zone; {way_out}") from error
    return stated


def currency(stated: str) -> str:
    """An ISO 4217 code in capitals. Raises ConfigurationError."""
    code = stated.strip().upper()
    if not re.fullmatch("[A-Z]{3}", code):
        raise ConfigurationError(f"{stated}: is not a currency; use an ISO 4217 code like EUR")
    return code


def _day(stated: object) -> str:
    """A date as ISO text; TOML has dates of its own."""
    if isinstance(stated, date) and not isinstance(stated, datetime):
        return stated.isoformat()
    try:
        return date.fromisoformat(str(stated)).isoformat()
    except ValueError as error:
        raise ConfigurationError(f"{stated}: is not a date; write it like 2015-01-01") from error


def _one_of(known: tuple[str, ...]) -> Callable[[str], str]:
    def check(stated: str) -> str:
        if stated.lower() not in known:
            raise ConfigurationError(f"{stated!r}: is not known; {did_you_mean(stated, known)}")
        return stated.lower()

    return check


def _positive(stated: int) -> int:
    if stated < 1:
        raise ConfigurationError(f"{stated}: must be 1 or more")
    return stated


def _not_empty(stated: str) -> str:
    if not stated.strip():
        raise ConfigurationError("is empty; give a value or remove the line")
    return stated.strip()


def _jdbc(stated: str) -> str:
    if not stated.startswith("jdbc:"):
        raise ConfigurationError(f"{stated}: is not an address of JDBC; write it like jdbc:postgresql://host/database")
    return stated


def _folder(stated: str) -> str:
    if store_scheme(stated):
        raise ConfigurationError(
            f"{stated}: is not a folder; only landing files and exports are read from object stores"
        )
    return _not_empty(stated)


def _folder_or_store(stated: str) -> str:
    scheme = store_scheme(stated)
    if scheme is None:
        return _not_empty(stated)
    if scheme not in SCHEMES:
        raise ConfigurationError(
            f"{scheme}://: is not an object store; use {', '.join(f'{one}://' for one in SCHEMES)} or a folder"
        )
    if "@" in stated:
        # Not repeated: it may hold a secret.
        raise ConfigurationError("credentials do not belong into this file; give them as variables of the environment")
    if not stated.partition("://")[2].strip("/"):
        raise ConfigurationError(f"{stated}: names no bucket; write it like {scheme}://bucket/folder")
    return stated


@dataclass(frozen=True)
class Key:
    """A key of stayhouse.toml."""

    name: str
    kind: type
    default: str
    """As it would be written; where there is none, an example."""
    check: Callable[[Any], Any]
    meaning: str = ""
    variable: str | None = None
    """Environment variable that comes before the key."""
    threshold: str | None = None
    """Row of policy/thresholds.csv that the key states."""
    has_default: bool = True

    @property
    def described(self) -> str:
        return self.meaning or (BY_NAME[self.variable].meaning if self.variable else "")


def _budget(name: str, threshold: str, default: str, meaning: str) -> Key:
    return Key(name, int, default, _positive, meaning, threshold=threshold)


KEYS = (
    Key("name", str, '"<name of the folder>"', _not_empty, "name of the company on the page and in summaries"),
    Key("timezone", str, '"UTC"', zone, variable="STAYHOUSE_TIMEZONE"),
    Key("source_timezone", str, '"UTC"', zone, variable="STAYHOUSE_SOURCE_TIMEZONE"),
    Key(
        "reporting_currency", str, '"EUR"', currency, variable="STAYHOUSE_REPORTING_CURRENCY",
        meaning="currency of reports (ISO 4217); without it the most frequent one that has no rate", has_default=False,
    ),
    Key("week_start", str, '"monday"', _one_of(WEEKDAYS), "first day of the week", threshold="week_starts_on"),
    Key("first_day", date, "2015-01-01", _day, "first as-of date that can be built", "STAYHOUSE_FIRST_DAY"),
    Key("earliest_date", date, "2000-01-01", _day, variable="STAYHOUSE_EARLIEST_DATE"),
    Key("target", str, '"duckdb"', _one_of(TARGETS), variable="STAYHOUSE_TARGET"),
    Key("lists_per_owner", bool, "false", bool, variable="STAYHOUSE_LISTS_PER_OWNER",
        meaning="write lists also as a file per person"),
    Key("without_identifiers", bool, "false", bool, variable="STAYHOUSE_WITHOUT_IDENTIFIERS",
        meaning="publish also a copy with surrogates for ids"),
    Key("kept_releases", int, "3", _positive, variable="STAYHOUSE_KEPT_RELEASES"),
    Key("kept_loads", int, "365", _positive, variable="STAYHOUSE_KEPT_LOADS", has_default=False,
        meaning="loads for which superseded rows are kept; without it all"),
    Key("paths.landing", str, '"landing"', _folder_or_store, "a folder per raw table; also s3://, gs://, az://",
        "STAYHOUSE_RAW"),
    Key("paths.exports", str, '"exports"', _folder_or_store,
        "a folder per tool, with its exports as they are; also s3://, gs://, az://"),
    Key("paths.shapes", str, '"shapes"', _folder, "SQL that makes raw tables of exports"),
    Key("paths.policy", str, '"policy"', _folder, "policy files", "STAYHOUSE_POLICY"),
    Key("paths.warehouse", str, '"warehouse/<name of the folder>.duckdb"', _folder,
        "working DuckDB file; one writer, no readers", "STAYHOUSE_WAREHOUSE"),
    Key("paths.published", str, '"published"', _folder, "folder of publications", "STAYHOUSE_PUBLISH"),
    Key("postgres.host", str, '"localhost"', _not_empty, variable="PGHOST"),
    Key("postgres.port", int, "5432", _positive, variable="PGPORT"),
    Key("postgres.user", str, '"stayhouse"', _not_empty, variable="PGUSER"),
    Key("postgres.database", str, '"stayhouse"', _not_empty, variable="PGDATABASE"),
    Key("spark.master", str, '"local[*]"', _not_empty, variable="STAYHOUSE_SPARK_MASTER"),
    Key("spark.tables", str, '"lake"', _not_empty, variable="STAYHOUSE_LAKE"),
    Key("spark.exchange", str, '"warehouse/exchange"', _folder, variable="STAYHOUSE_LAKE_EXCHANGE"),
    Key("spark.catalog", str, '"jdbc:postgresql://db.example.com/lake"', _jdbc, variable="STAYHOUSE_LAKE_CATALOG",
        has_default=False),
    Key("spark.user", str, '"stayhouse"', _not_empty, variable="STAYHOUSE_LAKE_USER"),
    _budget("budgets.alerts_per_owner", "alert_budget_owner", "5", "alerts that a person can act on in a working day"),
    _budget("budgets.alerts_per_desk", "alert_budget_queue", "10", "the same for a desk that does nothing else"),
    _budget("budgets.contacts_per_owner", "contact_budget_owner", "5", "contacts a person can renew in a working day"),
    _budget("budgets.contacts_per_desk", "contact_budget_queue", "10", "the same for customers without an owner"),
)  # fmt: skip
BY_KEY = {key.name: key for key in KEYS}
# `[feeds.<table>]`: key to the column of policy/feeds.csv, its type and its check.
FEED_KEYS: dict[str, tuple[str, type, Callable[[Any], Any]]] = {
    "rule": ("feed_rule", str, _one_of(FEED_RULES)),
    "tolerated_delay_days": ("tolerated_delay_days", int, lambda days: days if days == 0 else _positive(days)),
}
SECTIONS = ("paths", "postgres", "spark", "budgets", "feeds", "sources")
SECTION_COMMENTS = {
    "paths": "# Relative to this folder.",
    "postgres": '# Where the server is, for target = "postgres". The password is read from PGPASSWORD or ~/.pgpass.',
    "spark": '# Where Spark and its tables are, for target = "spark". The password of the catalogue is read from\n'
    "# STAYHOUSE_LAKE_PASSWORD, everything else (memory, jars, keys of a store) from spark-defaults.conf.",
    "budgets": "# How much people can do; the most urgent come first, the others wait.",
}
FEEDS_COMMENT = """\
# Whether a raw table must come, and how late. required: no run without it; expected: once it comes, no run without it;
# optional: a delay is only reported.
# [feeds.events]
# rule = "expected"
# tolerated_delay_days = 3
"""
SHOWN_TYPES = {str: "text in quotes", bool: "true or false", int: "a whole number", date: "a date like 2015-01-01"}


def as_table() -> str:
    """All keys as the table of docs/company.md."""
    rows = [
        f"| `{key.name}` | {key.described} | {f'`{key.default}`' if key.has_default else 'none'} "
        f"| {f'`{key.variable}`' if key.variable else ''} |"
        for key in KEYS
    ]
    return "\n".join(["| key | means | default | variable before it |", "|---|---|---|---|", *rows])


def as_file(name: str) -> str:
    """A stayhouse.toml for a new company: every key with its meaning, and every default as a comment."""
    stated = {"name": json.dumps(name, ensure_ascii=False), "timezone": '"UTC"'}
    lines = [
        "# What differs from the defaults, which the comments show. Variables and options come before this file.",
    ]
    section = ""
    for key in KEYS:
        its_section, _, short = key.name.rpartition(".")
        if its_section != section:
            section = its_section
            lines += ["", SECTION_COMMENTS[section], f"[{section}]"]
        value = stated.get(key.name)
        shown = f"{short} = {value}" if value else f"# {short} = {key.default.replace('<name of the folder>', name)}"
        lines += ["", f"# {key.described}".replace("`", ""), shown] if not section else [f"{shown}  # {key.described}"]
    return "\n".join([*lines, "", FEEDS_COMMENT, SOURCES_COMMENT])


def is_company(folder: Path) -> bool:
    """Whether a folder is that of a company."""
    return (folder / FILE_NAME).is_file()


def read_company(folder: Path) -> Company:
    """The company of a folder. Raises ConfigurationError with a line per fault of its stayhouse.toml."""
    file = folder / FILE_NAME
    if not folder.is_dir():
        raise ConfigurationError(f"{folder}: no such company; name its folder, or make one by stayhouse init")
    if not file.is_file():
        raise ConfigurationError(f"{folder}: has no {FILE_NAME}; name the folder of a company, or add an empty file")
    try:
        document = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(
            f"{file}: is not TOML ({error}); texts have quotes, and a key is there once"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: is not UTF-8 (byte {error.start + 1}); save it as UTF-8") from error
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read ({error.strerror}); give the user of the run the right to") \
            from error  # fmt: skip
    read = _Reading(file)
    for name, value in document.items():
        read.entry(name, value)
    if read.faults:
        raise ConfigurationError("\n".join(read.faults))
    return Company(folder, read.values, tuple(read.policy), tuple(read.sources))


class _Reading:
    """What has been read of a file, and its faults."""

    def __init__(self, file: Path):
        self.file = file
        self.values: dict[str, Any] = {}
        self.policy: list[Statement] = []
        self.sources: list[Source] = []
        self.faults: list[str] = []

    def entry(self, name: str, value: Any) -> None:
        """A key or a section of the file."""
        if name not in SECTIONS:
            self._key(name, value)
        elif not isinstance(value, dict):
            self._fault(name, f"is a section; write [{name}] on a line of its own")
        elif name == "feeds":
            for table, rules in value.items():
                self._feed(table, rules)
        elif name == "sources":
            read = [read_source(source, stated, self._fault) for source, stated in value.items()]
            self.sources += [source for source in read if source]
        else:
            for inner, one in value.items():
                self._key(f"{name}.{inner}", one)

    def _key(self, name: str, value: Any) -> None:
        key = BY_KEY.get(name)
        if key is None:
            self._fault(name, f"no such key; {did_you_mean(name, (*BY_KEY, *SECTIONS))}")
        elif (checked := self._checked(name, value, key.kind, key.check)) is not None:
            self.values[name] = checked
            if key.threshold:
                number = WEEKDAYS.index(checked) + 1 if checked in WEEKDAYS else checked
                self._state("thresholds", key.threshold, {"threshold_value": number}, name)

    def _feed(self, table: str, rules: Any) -> None:
        where = f"feeds.{table}"
        if table not in contract():
            self._fault(where, f"no such raw table; {did_you_mean(table, contract())}")
            return
        if not isinstance(rules, dict):
            self._fault(where, f"is a section; write [{where}], and {' and '.join(FEED_KEYS)} below it")
            return
        stated: dict[str, Any] = {}
        for name, value in rules.items():
            if name not in FEED_KEYS:
                self._fault(f"{where}.{name}", f"no such key; {did_you_mean(name, FEED_KEYS)}")
                continue
            column, kind, check = FEED_KEYS[name]
            if (checked := self._checked(f"{where}.{name}", value, kind, check)) is not None:
                stated[column] = checked
        if stated:
            self._state("feeds", table, stated, where)

    def _checked(self, name: str, value: Any, kind: type, check: Callable[[Any], Any]) -> Any:
        """The value as the program takes it; None after a fault."""
        # A date may be written as text too; a Boolean is a number in Python, but not in the file.
        kinds = (date, str) if kind is date else kind
        if not isinstance(value, kinds) or (isinstance(value, bool) and kind is not bool):
            self._fault(name, f"{value!r} is not {SHOWN_TYPES[kind]}")
            return None
        try:
            return check(value)
        except ConfigurationError as error:
            self._fault(name, str(error))
            return None

    def _state(self, seed: str, key: str, values: Mapping[str, Any], name: str) -> None:
        stated = tuple((column, str(value)) for column, value in values.items())
        self.policy.append(Statement(seed, key, stated, f"{FILE_NAME}, {name}"))

    def _fault(self, name: str, text: str) -> None:
        self.faults.append(f"{self.file}, {name}: {text}")
