"""SQL expressions that validate a row by its contract. Text in, text out; nothing here touches a database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stayhouse.contract import Column, RawTable, Zones, clock_tolerance_minutes
from stayhouse.contract.personal_data import is_plain_contact_data
from stayhouse.contract.sql import EXPORT_TEXT, NUMERIC_TYPES, TEMPORAL_TYPES, identifier, literal, literals, raw_type
from stayhouse.contract.tables import FILE_TIME, ROW_HASH
from stayhouse.loading.naming import EXPORT_COLUMNS

UTC = Zones()
ENDLESS_TYPES = ("DOUBLE", "TIMESTAMP", "DATE")
# An offset after the time of day: 23:00:00Z, 23:00+02:00.
HAS_OFFSET = ":.*([A-Za-z]|[+-][0-9])"
# A word after the time of day. DuckDB reads the moments beside a named zone in that zone too, so no such text is cast.
HAS_WORD = "[A-SU-Ya-su-y]|[A-Za-z]{2}"
IS_UTC = "(?i)[0-9] ?(utc|gmt)$"
DAY_LENGTH = len("2025-01-01")
REMOVED = "(removed: not a hash)"


@dataclass(frozen=True)
class Incoming:
    """A relation of rows as they arrive: a FROM item with the columns of the file, `_file_id` and `_line`."""

    relation: str
    columns: dict[str, str]
    """Column name to DuckDB type, as found in the file."""
    file_id: str = "_file_id"
    line: str = "_line"
    file_time: str = "cast(null as timestamp)"
    """When the file of a row was last written, in the zone of the source."""


def value_of(table: RawTable, column: Column, incoming: Incoming, zones: Zones = UTC) -> str:
    """The value of a contract column: as it arrived, or its default where nothing did."""
    arrived = typed(column, incoming, zones)
    if column.default is None:
        return arrived
    default = _default(table, column, incoming, zones)
    if column.name not in incoming.columns:
        return default
    return f"case when {present(column, incoming)} then {arrived} else {default} end"


def _default(table: RawTable, column: Column, incoming: Incoming, zones: Zones) -> str:
    if column.default == FILE_TIME:
        return incoming.file_time
    if column.default == ROW_HASH:
        return _row_hash(table, incoming, zones)
    return f"cast({literal(column.default)} as {raw_type(column)})"


def _row_hash(table: RawTable, incoming: Incoming, zones: Zones) -> str:
    """A hash of what the row says, whatever the order and the format of its columns.

    Its key, the time of its version and its line are left out: a row is the same row when it is exported again.
    """
    known = {c.name: c for c in table.columns}
    left_out = {*table.key, table.newer_by, *EXPORT_COLUMNS}
    values = []
    for name in sorted({*known, *incoming.columns} - left_out):
        column = known.get(name)
        value = value_of(table, column, incoming, zones) if column else identifier(name)
        if column is None or name in incoming.columns or column.default is not None:
            values.append(f"{literal(name + '=')} || nullif(cast({value} as varchar), '')")
    return f"md5(concat_ws(chr(31), {', '.join(values)}))"


def typed(column: Column, incoming: Incoming, zones: Zones = UTC) -> str:
    """The value of a contract column as it arrived, cast to its type; NULL where it is absent or cannot be cast.

    Timestamps are kept in the zone of the source. A date column that receives a moment takes its business day.
    """
    name = identifier(column.name)
    source = incoming.columns.get(column.name)
    target = raw_type(column)
    if source is None:
        return f"cast(null as {target})"
    if column.data_type == "json":
        as_text = name if source == "VARCHAR" else f"cast(to_json({name}) as varchar)"
        return f"case when json_valid({as_text}) then {as_text} end"
    if target == "VARCHAR":
        # An empty text and no text are the same thing, in CSV and elsewhere.
        return f"nullif({name if source == 'VARCHAR' else f'cast({name} as varchar)'}, '')"
    if source == target:
        return _finite(name, target)
    if source.startswith(NUMERIC_TYPES) and target.startswith(NUMERIC_TYPES):
        return _whole(f"try_cast({name} as {target})", name, target)
    if source.startswith(TEMPORAL_TYPES) and target.startswith(TEMPORAL_TYPES):
        return _from_temporal(name, source, target, zones)
    return _from_text(f"trim({name})" if source == "VARCHAR" else f"cast({name} as varchar)", target, zones)


def _finite(value: str, target: str) -> str:
    # NaN and infinity are valid in Parquet and as text, and spoil every sum and every duration.
    return f"case when isfinite({value}) then {value} end" if target in ENDLESS_TYPES else value


def _from_text(text: str, target: str, zones: Zones) -> str:
    if target == "TIMESTAMP":
        # Straight to TIMESTAMP an offset (+02:00) would be dropped, not applied. The session runs in UTC.
        return _finite(_moment_of_text(_without_zone_names(text), zones), target)
    if target == "DATE":
        moment = _without_zone_names(text)
        day = (
            f"case when regexp_matches({moment}, {literal(HAS_OFFSET)}) "
            f"then {_day_with_offset(f'try_cast({moment} as timestamptz)', zones)} "
            f"else {_day_without_offset(f'try_cast({moment} as timestamp)', zones)} end"
        )
        return _finite(f"case when contains({text}, ':') then {day} else try_cast({text} as date) end", target)
    return _whole(f"try_cast({text} as {target})", text, target)


def _without_zone_names(text: str) -> str:
    """The text of a moment with UTC as Z; NULL when it names a zone or holds another word."""
    return (
        f"case when length({text}) <= {DAY_LENGTH} or not regexp_matches({text}, {literal(HAS_WORD)}) then {text} "
        f"when regexp_matches({text}, {literal(IS_UTC)}) then regexp_replace({text}, '(?i) ?(utc|gmt)$', 'Z') end"
    )


def _from_temporal(name: str, source: str, target: str, zones: Zones) -> str:
    has_offset = source.endswith("WITH TIME ZONE")
    if target == "DATE" and has_offset:
        value = _day_with_offset(name, zones)
    elif target == "DATE":
        value = _day_without_offset(f"cast({name} as timestamp)", zones)
    elif has_offset:
        value = f"({name} at time zone {literal(zones.source)})"
    else:
        value = f"try_cast({name} as {target})"
    return _finite(value, target)


def _moment_of_text(text: str, zones: Zones) -> str:
    if zones.source == "UTC":
        return f"cast(try_cast({text} as timestamptz) as timestamp)"
    return (
        f"case when regexp_matches({text}, {literal(HAS_OFFSET)}) "
        f"then try_cast({text} as timestamptz) at time zone {literal(zones.source)} "
        f"else try_cast({text} as timestamp) end"
    )


def _day_with_offset(moment: str, zones: Zones) -> str:
    return f"cast({moment} at time zone {literal(zones.business)} as date)"


def _day_without_offset(clock: str, zones: Zones) -> str:
    # Midnight without an offset is how tools write a plain date into a timestamp.
    if zones.source == zones.business:
        return f"cast({clock} as date)"
    moment = f"({clock} at time zone {literal(zones.source)})"
    return f"case when {clock} = date_trunc('day', {clock}) then cast({clock} as date) " + (
        f"else {_day_with_offset(moment, zones)} end"
    )


def _whole(cast: str, value: str, target: str) -> str:
    # A cast to INTEGER rounds 1.7 to 2; a count with a fraction is a wrong type, not another count.
    if target in ("INTEGER", "BIGINT"):
        return f"case when try_cast({value} as double) = {cast} then {cast} end"
    return _finite(cast, target)


def present(column: Column, incoming: Incoming) -> str:
    """SQL predicate: the row brings a value."""
    name = identifier(column.name)
    if incoming.columns[column.name] == "VARCHAR":
        return f"({name} is not null and trim({name}) <> '')"
    return f"({name} is not null)"


def reasons(table: RawTable, incoming: Incoming, zones: Zones = UTC) -> str:
    """The rules that a row breaks, as text: 'missing:event_id; not_allowed:source'. Empty when it keeps them all.

    Orphans are found elsewhere: they need other tables.
    """
    tests = [
        test
        for column in table.columns
        # An absent required column has rejected the file before; an absent optional one is NULL.
        if column.name in incoming.columns
        for test in (*_value_tests(column, incoming, zones), *_time_tests(table, column, incoming, zones))
    ]
    if table.interval and set(table.interval) <= set(incoming.columns):
        start, end = (typed(table.column(name), incoming, zones) for name in table.interval)
        tests.append((f"negative_interval:{table.interval[1]}", f"{end} < {start}"))
    cases = ", ".join(f"case when {test} then {literal(reason)} end" for reason, test in tests)
    broken = f"concat_ws('; ', {cases})"
    if EXPORT_TEXT in incoming.columns:
        return f"case when {EXPORT_TEXT} is not null then 'malformed' else {broken} end"
    return broken


def _value_tests(column: Column, incoming: Incoming, zones: Zones) -> Iterator[tuple[str, str]]:
    """(reason, SQL predicate of a row that breaks it) of the rules for one value."""
    value, is_present = typed(column, incoming, zones), present(column, incoming)
    if column.must_arrive:
        yield f"missing:{column.name}", f"not {is_present}"
    target = raw_type(column)
    if target != incoming.columns[column.name] or column.data_type == "json" or target in ENDLESS_TYPES:
        yield f"wrong_type:{column.name}", f"{is_present} and {value} is null"
    if column.accepted:
        yield f"not_allowed:{column.name}", f"{value} not in ({literals(column.accepted)})"
    bounds = [f"{value} < {column.minimum}"] * (column.minimum is not None)
    bounds += [f"{value} > {column.maximum}"] * (column.maximum is not None)
    if column.is_hash:
        yield f"not_hashed:{column.name}", is_plain_contact_data(_as_text(column, incoming))
    if bounds:
        yield f"out_of_range:{column.name}", " or ".join(bounds)


def _time_tests(table: RawTable, column: Column, incoming: Incoming, zones: Zones) -> Iterator[tuple[str, str]]:
    """The same of the rules between a moment and other moments of its row."""
    value, tolerance = value_of(table, column, incoming, zones), f"interval {clock_tolerance_minutes()} minute"
    if column.is_moment:
        # The last day that a calendar of four digits has is how tools write an open end.
        bounds = (
            f"{value} < {column.data_type} {literal(column.earliest)} or {value} >= {column.data_type} '10000-01-01'"
        )
        yield f"implausible_time:{column.name}", bounds
        if column.is_ingestion_time:
            # Only an ingestion time is compared with the clock: it decides which version wins for good.
            yield f"in_future:{column.name}", f"{value} > get_current_timestamp()::timestamp + interval 1 day"
        elif not column.may_be_future:
            ingested = value_of(table, table.column(table.newer_by), incoming, zones)
            yield f"in_future:{column.name}", f"{value} > {ingested} + {tolerance}"
    if column.not_before and column.not_before in incoming.columns:
        start = typed(table.column(column.not_before), incoming, zones)
        yield f"before_start:{column.name}", f"{value} < {start} - {tolerance}"


def extra(table: RawTable, incoming: Incoming) -> str:
    """Columns that the contract does not know, as a JSON object; NULL when there are none."""
    unknown = unknown_columns(table, incoming)
    if not unknown:
        return "cast(null as varchar)"
    fields = ", ".join(f"{identifier(name)} := {identifier(name)}" for name in unknown)
    return f"cast(to_json(struct_pack({fields})) as varchar)"


def unknown_columns(table: RawTable, incoming: Incoming) -> list[str]:
    """Columns of the file that the contract does not know.

    The line of the export that a row was shaped from is none of them: it moves between exports of the same row.
    """
    return [name for name in incoming.columns if name not in (*table.column_names, *EXPORT_COLUMNS)]


def _as_text(column: Column, incoming: Incoming) -> str:
    name = identifier(column.name)
    return name if incoming.columns[column.name] == "VARCHAR" else f"cast({name} as varchar)"


def original(table: RawTable, incoming: Incoming) -> str:
    """The row as it arrived, as a JSON object, without readable contact data where a hash is expected."""
    values = {name: identifier(name) for name in incoming.columns}
    for column in table.columns:
        if column.is_hash and column.name in values:
            text = _as_text(column, incoming)
            is_plain = is_plain_contact_data(text)
            values[column.name] = f"case when {is_plain} then {literal(REMOVED)} else {text} end"
    fields = ", ".join(f"{identifier(name)} := {value}" for name, value in values.items())
    return f"cast(to_json(struct_pack({fields})) as varchar)"


def row_as_json(table: RawTable) -> str:
    """A row of the raw table as the JSON object that a file would hold it in."""
    fields = ", ".join(f"{identifier(name)} := {identifier(name)}" for name in table.column_names)
    return f"cast(json_merge_patch(to_json(struct_pack({fields})), coalesce(cast(_extra as json), '{{}}')) as varchar)"
