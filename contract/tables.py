"""The raw contract, read from the dbt sources YAML, which is its only home.

Loading, quarantine and the expectation suites all ask this module what a raw table must look like.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from stayhouse.contract.project import REPO_ROOT, read_yaml

SOURCES_FOLDER = REPO_ROOT / "models" / "staging"

# Earlier moments are the epoch or an unset clock, not history; a column may widen this with `earliest`.
EARLIEST_PLAUSIBLE = "2000-01-01"

# A greater number is a fault of units or a sentinel; models add up and convert numbers of at most this size (ours).
LARGEST_PLAUSIBLE = {"double": 10**13, "decimal(18,2)": 10**11, "decimal(18,6)": 10**11}

KNOWN_TYPES = {
    "varchar", "timestamp", "date", "boolean", "integer", "bigint", "double", "decimal(18,2)", "decimal(18,6)", "json",
}  # fmt: skip
KNOWN_COLUMN_META = {
    "required", "accepted", "references", "orphan", "not_before", "min", "max", "earliest", "may_be_future",
    "is_ingestion_time", "personal", "kept_on_erasure", "default",
}  # fmt: skip
# How a value leads to a person. identifier: names a person, an account, a device or a record. reference: a code or a
# text that may hold such a name. contact: a hashed address or number. detail: singles people out together with others
# (date of birth, city). free_text: whatever somebody wrote. none: nothing of these.
PERSONAL = ("identifier", "reference", "contact", "detail", "free_text", "none")
# Defaults that are computed: the time at which the file was last written, and a hash of the other fields of the row.
FILE_TIME, ROW_HASH = "file_time", "row_hash"
KNOWN_TABLE_META = {"key", "newer_by", "event_time", "interval", "table_required", "has_daily_volume", "keeps_versions"}


class ContractError(Exception):
    """The sources YAML describes an impossible contract. The message names file, table and column."""


@dataclass(frozen=True)
class Zones:
    """The time zones of a company (IANA names)."""

    source: str = "UTC"
    """Of raw timestamps that say no offset."""
    business: str = "UTC"
    """Whose calendar makes days."""


@dataclass(frozen=True)
class Column:
    """One column of a raw table and the rules that a value must keep."""

    name: str
    data_type: str
    description: str = ""
    required: bool = False
    """Every row has a value, delivered or by default."""
    default: str | None = None
    """What counts where a file or a row has no value: a value, FILE_TIME or ROW_HASH."""
    accepted: tuple[str, ...] = ()
    references: tuple[str, str] | None = None
    """(table, column) that must hold the value."""
    quarantines_orphans: bool = False
    """True when a row without its parent waits in quarantine; False when it is only reported."""
    not_before: str | None = None
    """Name of a column of the same row that this one may not precede."""
    minimum: float | None = None
    """Of a number with a fraction there always is one, so that sums hold it; so is there a maximum."""
    maximum: float | None = None
    earliest: str = EARLIEST_PLAUSIBLE
    has_own_earliest: bool = False
    """True when no setting of the company moves `earliest`."""
    may_be_future: bool = False
    """True for planned moments (the end of a contract); otherwise the value may not lie after the ingestion."""
    is_ingestion_time: bool = False
    personal: str = "none"
    """How a value leads to a person (PERSONAL)."""
    kept_on_erasure: tuple[str, ...] = ()
    """Keys of a JSON object that stay when the person is erased."""

    @property
    def is_moment(self) -> bool:
        return self.data_type in ("timestamp", "date")

    @property
    def must_arrive(self) -> bool:
        """True when a file without the column is rejected, and a row without a value quarantined."""
        return self.required and self.default is None

    @property
    def default_in_words(self) -> str:
        """What counts where the value is missing, as the end of a sentence; empty where nothing does."""
        if self.default is None:
            return ""
        return {FILE_TIME: "the time at which the file was last written", ROW_HASH: "a hash of its other fields"}.get(
            self.default, self.default
        )

    @property
    def is_hidden(self) -> bool:
        """True when a value is not shown in messages, samples and reports."""
        return self.personal in ("contact", "detail", "free_text")

    @property
    def is_hash(self) -> bool:
        """True for personal data that must arrive as a hash, never readable."""
        return self.personal == "contact" and self.name.endswith("_hash")

    @property
    def range_in_words(self) -> str:
        """What a number must be: 'between 0 and 10'; empty when it may be any."""
        if self.minimum is None:
            return "" if self.maximum is None else f"at most {self.maximum:,}"
        if self.maximum is None:
            return f"at least {self.minimum:,}"
        return f"between {self.minimum:,} and {self.maximum:,}"


@dataclass(frozen=True)
class RawTable:
    """The contract of one raw table."""

    source: str
    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    newer_by: str
    event_time: str | None = None
    """Column with the moment when the fact happened; None for tables that hold states."""
    interval: tuple[str, str] | None = None
    is_required: bool = False
    has_daily_volume: bool = False
    """Every day usually has about as many rows as the days before it."""
    keeps_versions: bool = False
    """When a version came says when something changed, so a row that comes again with a later time is a version."""
    file: Path = field(default=Path(), compare=False)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def parents(self) -> set[str]:
        """Tables whose rows must be there before a row of this one is accepted."""
        return {c.references[0] for c in self.columns if c.references and c.quarantines_orphans} - {self.name}


def _read_column(entry: dict[str, Any], where: str) -> Column:
    meta = (entry.get("config") or {}).get("meta") or {}
    unknown = set(meta) - KNOWN_COLUMN_META
    if unknown:
        raise ContractError(f"{where}: unknown contract keys {sorted(unknown)}; known are {sorted(KNOWN_COLUMN_META)}")
    if entry.get("data_type") not in KNOWN_TYPES:
        raise ContractError(f"{where}: data_type {entry.get('data_type')!r} is not one of {sorted(KNOWN_TYPES)}")
    if meta.get("personal") not in PERSONAL:
        raise ContractError(f"{where}: `personal` must say how a value leads to a person: one of {', '.join(PERSONAL)}")
    _check_default(entry, meta, where)
    largest = LARGEST_PLAUSIBLE.get(entry["data_type"])
    references = tuple(meta["references"].split(".")) if "references" in meta else None
    if references and meta.get("orphan") not in ("quarantine", "warn"):
        raise ContractError(f"{where}: a reference needs `orphan: quarantine` or `orphan: warn`")
    return Column(
        name=entry["name"],
        data_type=entry["data_type"],
        description=entry.get("description", ""),
        required=bool(meta.get("required", False)),
        default=_default_of(meta),
        accepted=tuple(str(value) for value in meta.get("accepted", ())),
        references=references,
        quarantines_orphans=meta.get("orphan") == "quarantine",
        not_before=meta.get("not_before"),
        minimum=meta.get("min", -largest if largest else None),
        maximum=meta.get("max", largest),
        earliest=str(meta.get("earliest", EARLIEST_PLAUSIBLE)),
        has_own_earliest="earliest" in meta,
        may_be_future=bool(meta.get("may_be_future", False)),
        is_ingestion_time=bool(meta.get("is_ingestion_time", False)),
        personal=meta["personal"],
        kept_on_erasure=tuple(meta.get("kept_on_erasure", ())),
    )


def _default_of(meta: dict[str, Any]) -> str | None:
    default = meta.get("default")
    return default if default is None else str(default).lower() if isinstance(default, bool) else str(default)


def _check_default(entry: dict[str, Any], meta: dict[str, Any], where: str) -> None:
    """Raises ContractError for a default that the column could not hold."""
    default = meta.get("default")
    if default is None:
        return
    if (default == FILE_TIME) != bool(meta.get("is_ingestion_time")):
        raise ContractError(f"{where}: the default of an ingestion time is {FILE_TIME}, and of no other column")
    if default == ROW_HASH and entry["data_type"] != "varchar":
        raise ContractError(f"{where}: a hash is text, but the column is {entry['data_type']}")
    if meta.get("accepted") and default not in meta["accepted"]:
        raise ContractError(f"{where}: the default {default!r} is none of the accepted values")


def _read_table(source: str, entry: dict[str, Any], file: Path) -> RawTable:
    meta = (entry.get("config") or {}).get("meta") or {}
    where = f"{file.name}: {entry['name']}"
    unknown = set(meta) - KNOWN_TABLE_META
    if unknown:
        raise ContractError(f"{where}: unknown contract keys {sorted(unknown)}; known are {sorted(KNOWN_TABLE_META)}")
    columns = tuple(_read_column(column, f"{where}.{column['name']}") for column in entry["columns"])
    table = RawTable(
        source=source,
        name=entry["name"],
        description=entry.get("description", ""),
        columns=columns,
        key=tuple(meta["key"]),
        newer_by=meta["newer_by"],
        event_time=meta.get("event_time"),
        interval=tuple(meta["interval"]) if "interval" in meta else None,
        is_required=bool(meta.get("table_required", False)),
        has_daily_volume=bool(meta.get("has_daily_volume", False)),
        keeps_versions=bool(meta.get("keeps_versions", False)),
        file=file,
    )
    named = {*table.key, table.newer_by, table.event_time, *(table.interval or ())} - {None}
    named |= {column.not_before for column in columns if column.not_before}
    missing = named - set(table.column_names)
    if missing:
        raise ContractError(f"{where}: the contract names columns that do not exist: {sorted(missing)}")
    loose = [name for name in (*table.key, table.newer_by) if not table.column(name).required]
    if loose:
        raise ContractError(f"{where}: key and newer_by columns must be required: {loose}")
    return table


def read_contract(folder: Path = SOURCES_FOLDER) -> dict[str, RawTable]:
    """All raw tables by name, parents before children.

    Raises ContractError when the YAML contradicts itself.
    """
    tables: dict[str, RawTable] = {}
    for file in sorted(folder.glob("*/_*__sources.yml")):
        for source in read_yaml(file)["sources"]:
            for entry in source["tables"]:
                if entry["name"] in tables:
                    raise ContractError(f"{file.name}: table {entry['name']} is described twice")
                tables[entry["name"]] = _read_table(source["name"], entry, file)
    for table in tables.values():
        for column in table.columns:
            if column.references and (
                column.references[0] not in tables
                or column.references[1] not in tables[column.references[0]].column_names
            ):
                raise ContractError(f"{table.file.name}: {table.name}.{column.name} refers to an unknown column")
    order = TopologicalSorter({name: sorted(table.parents) for name, table in sorted(tables.items())}).static_order()
    return {name: tables[name] for name in order}


@cache
def contract(earliest: str = EARLIEST_PLAUSIBLE) -> dict[str, RawTable]:
    """The contract of this repository, read once. `earliest` is the first plausible day of a company."""
    if earliest == EARLIEST_PLAUSIBLE:
        return read_contract()
    return {name: _since(table, earliest) for name, table in contract().items()}


def _since(table: RawTable, earliest: str) -> RawTable:
    columns = (c if c.has_own_earliest else replace(c, earliest=earliest) for c in table.columns)
    return replace(table, columns=tuple(columns))
