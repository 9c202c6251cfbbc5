"""From NumPy columns to the landing folder: row versions, Parquet types, `dt=` partitions.

A table is given once, in its final state. Every row has one or more moments at which the source system wrote it; the
version written at T shows only what was known at T. So a contact that is opened three days later arrives twice, without
and with its opening, and the two versions always agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stayhouse.contract import RawTable, contract
from stayhouse.demonstration.saas.scope import DAY, HOUR, NEVER, NEVER_DAY, Scope

ARROW_TYPES = {
    "varchar": pa.string(), "json": pa.string(), "timestamp": pa.timestamp("us"), "date": pa.date32(),
    "boolean": pa.bool_(), "integer": pa.int32(), "bigint": pa.int64(), "double": pa.float64(),
    "decimal(18,2)": pa.decimal128(18, 2), "decimal(18,6)": pa.decimal128(18, 6),
}  # fmt: skip

DAILY_TABLES = {"customers", "events", "contacts", "payments", "tickets"}
"""Tables that are delivered every day. The others come every Sunday (and on the first and the last day): a folder of
three rows a day for each of them would be thousands of files that hold nothing."""

ROW_GROUP_ROWS = 122_880
_HEX = np.array([f"{byte:02x}".encode() for byte in range(256)], dtype="S2")
_FOUR_DIGITS = np.array([f"{number:04d}".encode() for number in range(10_000)], dtype="S4")


def fixed_strings(letters: np.ndarray, is_null: np.ndarray | None = None) -> pa.Array:
    """Strings of equal length from an (n, length) array of ASCII bytes, without a Python object per row."""
    rows, length = letters.shape
    offsets = np.arange(0, (rows + 1) * length, length, dtype="int32")[: rows + 1]
    validity, nulls = None, 0
    if is_null is not None and is_null.any():
        validity, nulls = pa.array(~is_null).buffers()[1], int(is_null.sum())
    buffers = [validity, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(letters))]
    return pa.Array.from_buffers(pa.string(), rows, buffers, nulls)


def numbered(prefix: str, width: int, numbers: np.ndarray, is_null: np.ndarray | None = None) -> pa.Array:
    """Identifiers: the prefix and `width` digits."""
    rows, start = len(numbers), len(prefix)
    padded = -(-width // 4) * 4
    letters = np.empty((rows, start + padded), dtype="uint8")
    rest = np.maximum(numbers, 0).astype("uint64")
    for column in range(start + padded - 4, start - 1, -4):
        rest, last = np.divmod(rest, np.uint64(10_000))
        letters[:, column : column + 4] = _FOUR_DIGITS[last].view("uint8").reshape(rows, 4)
    letters = letters[:, padded - width :]
    letters[:, :start] = np.frombuffer(prefix.encode(), dtype="uint8")
    return fixed_strings(letters, is_null)


def scrambled(numbers: np.ndarray) -> np.ndarray:
    """A well mixed 64-bit hash of whole numbers (splitmix64)."""
    mixed = numbers.astype("uint64") * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x1234567)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def hashed(numbers: np.ndarray, is_null: np.ndarray | None = None) -> pa.Array:
    """Twelve hexadecimal digits of a hash, as a source system would send a salted one."""
    octets = np.ascontiguousarray(scrambled(numbers)).view("uint8").reshape(len(numbers), 8)[:, :6]
    letters = np.ascontiguousarray(_HEX[octets]).view("uint8").reshape(len(numbers), 12)
    return fixed_strings(letters, is_null)


@dataclass
class Column:
    """Values of a column for all rows, and from which moment each is known (None: from the first version on)."""

    values: np.ndarray
    known_from: np.ndarray | None = None

    def render(self, rows: np.ndarray, seen_at: np.ndarray) -> pa.Array:
        """The column of the versions: `rows` says of which row, `seen_at` at which moment each was written."""
        hidden = None if self.known_from is None else self.known_from[rows] > seen_at
        return self.show(self.values[rows], hidden, rows, seen_at)

    def show(self, values, hidden, rows, seen_at) -> pa.Array:
        raise NotImplementedError


def _mask(is_null: np.ndarray, hidden: np.ndarray | None) -> np.ndarray:
    return is_null if hidden is None else is_null | hidden


@dataclass
class Number(Column):
    """Identifier made of a prefix and digits; a negative number is NULL."""

    prefix: str = ""
    width: int = 8

    def show(self, values, hidden, rows, seen_at):
        return numbered(self.prefix, self.width, values, _mask(values < 0, hidden))


@dataclass
class Code(Column):
    """Position in a vocabulary; a negative position is NULL. `before` is shown while the value is not known."""

    words: tuple[str, ...] = ()
    before: int = -1

    def show(self, values, hidden, rows, seen_at):
        if hidden is not None:
            values = np.where(hidden, self.before, values)
        positions = pa.array(np.maximum(values, 0).astype("int16"), mask=values < 0)
        return pa.DictionaryArray.from_arrays(positions, pa.array(list(self.words), type=pa.string()))


@dataclass
class Moment(Column):
    """Moment in seconds; NULL in versions written before it."""

    epoch_seconds: int = 0

    def show(self, values, hidden, rows, seen_at):
        is_null = _mask(values > seen_at, hidden)
        micros = (np.where(is_null, 0, values) + self.epoch_seconds) * 1_000_000
        return pa.array(micros, mask=is_null, type=pa.int64()).view(pa.timestamp("us"))


@dataclass
class Day(Column):
    """Day; NULL in versions written before it, unless it is planned ahead."""

    epoch_days: int = 0
    is_planned: bool = False

    def show(self, values, hidden, rows, seen_at):
        is_null = values >= NEVER_DAY if self.is_planned else values.astype("int64") * DAY > seen_at
        is_null = _mask(is_null, hidden)
        return pa.array((np.where(is_null, 0, values) + self.epoch_days).astype("int32"), mask=is_null).view(
            pa.date32()
        )


@dataclass
class Flag(Column):
    """1 true, 0 false, -1 NULL."""

    def show(self, values, hidden, rows, seen_at):
        return pa.array(values > 0, mask=_mask(values < 0, hidden))


@dataclass
class Whole(Column):
    """Whole number; negative is NULL."""

    def show(self, values, hidden, rows, seen_at):
        return pa.array(values.astype("int32"), mask=_mask(values < 0, hidden))


@dataclass
class Money(Column):
    """Amount in cents; negative is NULL."""

    def show(self, values, hidden, rows, seen_at):
        return cents(values, _mask(values < 0, hidden))


@dataclass
class Hash(Column):
    """Hash of a whole number; negative is NULL."""

    def show(self, values, hidden, rows, seen_at):
        return hashed(values, _mask(values < 0, hidden))


@dataclass
class Ready(Column):
    """A column that already is an Arrow array of one value per row."""

    def render(self, rows, seen_at):
        return self.values.take(pa.array(rows))


def cents(values: np.ndarray, is_null: np.ndarray) -> pa.Array:
    """DECIMAL(18,2) from whole cents."""
    halves = np.zeros((len(values), 2), dtype="int64")
    halves[:, 0] = np.where(is_null, 0, values)
    validity = pa.array(~is_null).buffers()[1] if is_null.any() else None
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(values), [validity, pa.py_buffer(halves)])


class Landing:
    """Writes tables into `<raw>/<table>/dt=.../part-NNN.parquet` and counts what it wrote."""

    def __init__(self, raw: Path, scope: Scope, writers: int = 2) -> None:
        self.raw = raw
        self.scope = scope
        self.rows: dict[str, int] = {}
        self.keys: dict[str, int] = {}
        """Rows with distinct keys, that is rows left when the newest version wins."""
        self._numbers: dict[str, int] = {}
        self._pool = ThreadPoolExecutor(writers)
        self._running: list[Future] = []
        self._folders: set[Path] = set()

    # ------------------------------------------------------------------ building columns

    def moment(self, values: np.ndarray, known_from: np.ndarray | None = None) -> Moment:
        return Moment(values, known_from, self.scope.epoch_seconds)

    def day(self, values: np.ndarray, known_from: np.ndarray | None = None, is_planned: bool = False) -> Day:
        return Day(values, known_from, self.scope.epoch_seconds // DAY, is_planned)

    def take_numbers(self, table: str, size: int) -> np.ndarray:
        """The next `size` running numbers of a table."""
        first = self._numbers.get(table, 1)
        self._numbers[table] = first + size
        return np.arange(first, first + size, dtype="int64")

    # ------------------------------------------------------------------ writing

    def write(self, name: str, columns: dict[str, Column], versions: list[np.ndarray], part: int = 0) -> np.ndarray:
        """Write all versions of all rows that arrived before the end of the data.

        `versions` holds one array of writing moments per version, in order; NEVER where a row has no such version.
        Returns the mask of rows that arrived at all.
        """
        size = len(versions[0])
        table = contract()[name]
        # Rows written before the first day come with the first load, early on that day.
        load = HOUR + np.arange(size) % 1_800
        rows, seen = [], []
        later = np.full(size, NEVER)
        following = []
        for written in reversed(versions):
            following.append(later)
            later = np.minimum(later, written)
        for written, next_written in zip(versions, reversed(following), strict=True):
            at = np.maximum(written, load)
            # A version that was replaced before its delivery is left out.
            arrived = np.flatnonzero((at <= self.scope.end) & (written < NEVER) & (next_written > at))
            rows.append(arrived)
            seen.append(at[arrived])
        has_arrived = np.zeros(size, dtype=bool)
        for arrived in rows:
            has_arrived[arrived] = True
        picked, seen_at = np.concatenate(rows), np.concatenate(seen)
        order = np.lexsort((picked, seen_at))
        picked, seen_at = picked[order], seen_at[order]
        arrays = {key: column.render(picked, seen_at) for key, column in columns.items()}
        arrays["ingested_at"] = self.moment(seen_at).render(np.arange(len(seen_at)), seen_at)
        self.write_sorted(table, arrays, seen_at // DAY, part)
        self.keys[name] = self.keys.get(name, 0) + int(has_arrived.sum())
        return has_arrived

    def write_sorted(self, table: RawTable, arrays: dict[str, pa.Array], arrival_days: np.ndarray, part: int) -> None:
        """Write rows that are sorted by the day of arrival, one file per delivery."""
        unknown = set(arrays) - set(table.column_names)
        if unknown:
            raise ValueError(f"{table.name}: the contract has no columns {sorted(unknown)}")
        rows = len(arrival_days)
        if rows == 0:
            return
        full = {}
        for column in table.columns:
            kind = ARROW_TYPES[column.data_type]
            array = arrays.get(column.name)
            if array is None:
                array = pa.nulls(rows, kind)
            elif pa.types.is_decimal(kind):
                # Amounts are made of whole cents, whatever digits the contract has room for.
                array = array.cast(kind)
            full[column.name] = array
        data = pa.table(full)
        delivery = self.delivery_days(table.name, arrival_days)
        days, starts = np.unique(delivery, return_index=True)
        plain = [name for name, array in full.items() if _is_high_cardinality(name, array)]
        coded = [name for name in full if name not in plain]
        for day, start, stop in zip(days, starts, [*starts[1:], rows], strict=True):
            folder = self.raw / table.name / f"dt={self.scope.first_day + timedelta(days=int(day))}"
            if folder not in self._folders:
                folder.mkdir(parents=True, exist_ok=True)
                self._folders.add(folder)
            file = folder / f"part-{part:03d}.parquet"
            self._running.append(self._pool.submit(_write_file, data.slice(start, stop - start), file, coded))
        self.rows[table.name] = self.rows.get(table.name, 0) + rows

    def delivery_days(self, name: str, days: np.ndarray) -> np.ndarray:
        """Day of the delivery that brings a row: its own day, or the end of the week for slow tables."""
        if name in DAILY_TABLES:
            return days
        sunday = days + (6 - self.scope.weekday(days))
        return np.where(days == 0, 0, np.minimum(sunday, self.scope.days - 1))

    def settle(self) -> None:
        """Wait until everything handed over is on disk; an error while writing surfaces here."""
        for running in self._running:
            running.result()
        self._running.clear()

    def close(self) -> None:
        self.settle()
        self._pool.shutdown()


def _is_high_cardinality(name: str, array: pa.Array) -> bool:
    """Columns for which a Parquet dictionary costs more than it saves."""
    is_text_code = pa.types.is_dictionary(array.type)
    return not is_text_code and (name.endswith(("_id", "_at", "_hash")) and name not in ("customer_id", "employee_id"))


def _write_file(data: pa.Table, file: Path, coded: Iterable[str]) -> None:
    pq.write_table(
        data,
        file,
        compression="zstd",
        compression_level=1,
        row_group_size=ROW_GROUP_ROWS,
        use_dictionary=list(coded),
        # The Arrow schema would make readers see dictionaries where the contract says text.
        store_schema=False,
    )
