"""SQL expressions that validate a row by its contract. Text in, text out; nothing here touches a database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stayhouse.contract import Column, RawTable, Zones, clock_tolerance_minutes
from stayhouse.contract.sql import NUMERIC_TYPES, TEMPORAL_TYPES, identifier, literal, literals, raw_type

UTC = Zones()
# An offset or a zone after the time of day: 23:00:00Z, 23:00+02:00.
HAS_OFFSET = ":.*([A-Za-z]|[+-][0-9])"


@dataclass(frozen=True)
class Incoming:
    """A relation of rows as they arrive: a FROM item with the columns of the file, `_file_id` and `_line`."""

    relation: str
    columns: dict[str, str]
    """Column name to DuckDB type, as found in the file."""
    file_id: str = "_file_id"
    line: str = "_line"


def typed(column: Column, incoming: Incoming, zones: Zones = UTC) -> str:
    """The value of a contract column, cast to its type; NULL where it is absent or cannot be cast.

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
        return name
    if source.startswith(NUMERIC_TYPES) and target.startswith(NUMERIC_TYPES):
        return _whole(f"try_cast({name} as {target})", name, target)
    if source.startswith(TEMPORAL_TYPES) and target.startswith(TEMPORAL_TYPES):
        return _from_temporal(name, source, target, zones)
    return _from_text(f"trim({name})" if source == "VARCHAR" else f"cast({name} as varchar)", target, zones)


def _from_text(text: str, target: str, zones: Zones) -> str:
    if target == "TIMESTAMP":
        # Straight to TIMESTAMP an offset (+02:00) would be dropped, not applied. The session runs in UTC.
        return _moment_of_text(text, zones)
    if target == "DATE":
        day = (
            f"case when regexp_matches({text}, {literal(HAS_OFFSET)}) "
            f"then {_day_with_offset(f'try_cast({text} as timestamptz)', zones)} "
            f"else {_day_without_offset(f'try_cast({text} as timestamp)', zones)} end"
        )
        return f"case when contains({text}, ':') then {day} else try_cast({text} as date) end"
    return _whole(f"try_cast({text} as {target})", text, target)


def _from_temporal(name: str, source: str, target: str, zones: Zones) -> str:
    has_offset = source.endswith("WITH TIME ZONE")
    if target == "DATE":
        return _day_with_offset(name, zones) if has_offset else _day_without_offset(f"cast({name} as timestamp)", zones)
    if has_offset:
        return f"({name} at time zone {literal(zones.source)})"
    return f"try_cast({name} as {target})"


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
    if target == "DOUBLE":
        return f"case when isfinite({cast}) then {cast} end"
    return cast


def _present(column: Column, incoming: Incoming) -> str:
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
    return f"concat_ws('; ', {cases})"


def _value_tests(column: Column, incoming: Incoming, zones: Zones) -> Iterator[tuple[str, str]]:
    """(reason, SQL predicate of a row that breaks it) of the rules for one value."""
    value, present = typed(column, incoming, zones), _present(column, incoming)
    if column.required:
        yield f"missing:{column.name}", f"not {present}"
    if raw_type(column) != incoming.columns[column.name] or column.data_type == "json":
        yield f"wrong_type:{column.name}", f"{present} and {value} is null"
    if column.accepted:
        yield f"not_allowed:{column.name}", f"{value} not in ({literals(column.accepted)})"
    bounds = [f"{value} < {column.minimum}"] * (column.minimum is not None)
    bounds += [f"{value} > {column.maximum}"] * (column.maximum is not None)
    if bounds:
        yield f"out_of_range:{column.name}", " or ".join(bounds)


def _time_tests(table: RawTable, column: Column, incoming: Incoming, zones: Zones) -> Iterator[tuple[str, str]]:
    """The same of the rules between a moment and other moments of its row."""
    value, tolerance = typed(column, incoming, zones), f"interval {clock_tolerance_minutes()} minute"
    if column.is_moment:
        yield f"implausible_time:{column.name}", f"{value} < {column.data_type} {literal(column.earliest)}"
        if column.is_ingestion_time:
            # Only an ingestion time is compared with the clock: it decides which version wins for good.
            yield f"in_future:{column.name}", f"{value} > get_current_timestamp()::timestamp + interval 1 day"
        elif not column.may_be_future:
            ingested = typed(table.column(table.newer_by), incoming, zones)
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
    """Columns of the file that the contract does not know."""
    return [name for name in incoming.columns if name not in table.column_names]


def original(incoming: Incoming) -> str:
    """The row as it arrived, as a JSON object."""
    fields = ", ".join(f"{identifier(name)} := {identifier(name)}" for name in incoming.columns)
    return f"cast(to_json(struct_pack({fields})) as varchar)"
