"""Files that are generated dirty, truncated and with stray quotes: each is whole in the tables, or not there at all.

Rows are counted here by a reader of its own, which shares no code with the loader.
"""

from __future__ import annotations

import gzip
import json
import random
import string
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow
import pytest
from conftest import LOADED_AT, Landing

from stayhouse.contract import contract
from stayhouse.loading import load_landing
from stayhouse.orchestration.warehouse import open_warehouse

pytestmark = pytest.mark.slow

TABLES = {"customers": contract()["customers"]}
COLUMNS = ["customer_id", "registered_at", "region", "is_test", "city", "ingested_at"]
SPELLINGS = [str, str.upper, str.title, lambda name: name.replace("_", " "), lambda name: f" {name}"]


@dataclass
class Row:
    """A row that keeps the contract, where it is in the text, and the line on which it begins."""

    values: dict[str, str]
    line: int
    begin: int
    end: int


@dataclass
class Dirty:
    """A generated file."""

    name: str
    data: bytes
    rows: list[Row] = field(default_factory=list)
    """Rows that the file must bring when it is accepted."""
    records: int | None = None
    """Records that it holds; None when only an intact file could say so."""
    is_damaged: bool = False
    is_compressed: bool = False


class Writer:
    """Writes records as tools do: some quote everything, some only what they must, and lines end in many ways."""

    def __init__(self, chance: random.Random):
        self.chance = chance
        self.delimiter = chance.choice(",,,;\t|")
        self.ends = chance.choice([["\n"], ["\n"], ["\r\n"], ["\n", "\r\n"]])
        self.quotes_all = chance.random() < 0.3
        self.parts: list[str] = []
        self.at = 0
        self.line = 1

    def write(self, text: str) -> None:
        self.parts.append(text)
        self.at += len(text)
        self.line += text.replace("\r\n", "\n").count("\n")

    def record(self, values: list[str]) -> None:
        self.write(self.delimiter.join(map(self.quoted, values)) + self.chance.choice(self.ends))

    def quoted(self, value: str) -> str:
        must = any(mark in value for mark in (self.delimiter, '"', "\n", "\r")) or value != value.strip()
        quoted = '"' + value.replace('"', '""') + '"'
        return quoted if must or self.quotes_all or self.chance.random() < 0.1 else value


def a_text(chance: random.Random) -> str:
    pieces = [string.ascii_letters, "äß漢字", ",;|\t", '"', "\n", "\r\n", " ", "0123456789-:"]
    return "".join(
        piece if piece == "\r\n" else chance.choice(piece)
        for piece in chance.choices(pieces, [40, 4, 6, 3, 2, 1, 4, 6], k=chance.randrange(1, 30))
    )


def a_row(chance: random.Random, number: int) -> dict[str, str]:
    text = a_text(chance) if chance.random() < 0.3 else chance.choice(["", "north", "south"])
    return {
        "customer_id": f"c{number}", "registered_at": f"2025-01-{chance.randrange(1, 29):02d} 10:00:00",
        "region": text, "is_test": chance.choice(["true", "false"]), "city": chance.choice(["", "Ulm", "Aix"]),
        "ingested_at": LOADED_AT,
    }  # fmt: skip


def a_csv(chance: random.Random, name: str) -> tuple[str, list[Row], int]:
    """The text of a file, its rows, and where they begin."""
    writer = Writer(chance)
    for _ in range(chance.choice([0, 0, 0, 1, 2])):
        writer.write(chance.choice(["\n", "  \n"]))
    columns = chance.sample(COLUMNS, k=len(COLUMNS))
    writer.record([chance.choice(SPELLINGS)(column) for column in columns])
    rows: list[Row] = []
    below = writer.at
    for number in range(chance.randrange(0, 25)):
        values = a_row(chance, f"{name}-{number}")
        kind = chance.choices(["good", "value", "short", "long", "blank"], [80, 8, 4, 3, 4])[0]
        line, begin = writer.line, writer.at
        if kind == "blank":
            writer.write(chance.choice(["\n", " \n"]))
            continue
        if kind == "value":
            values["is_test"] = "perhaps"
        if kind in ("short", "long"):
            values["region"] = "north"
        fields = [values[column] for column in columns]
        writer.record(fields[:-1] if kind == "short" else [*fields, "more"] if kind == "long" else fields)
        if kind == "good":
            rows.append(Row(values, line, begin, writer.at))
    text = "".join(writer.parts)
    if rows and rows[-1].end == len(text) and chance.random() < 0.2:
        text = text.rstrip("\r\n")
        rows[-1].end = len(text)
    return text, rows, below


def a_jsonl(chance: random.Random, name: str) -> tuple[str, list[Row], int]:
    writer = Writer(chance)
    rows: list[Row] = []
    for number in range(chance.randrange(1, 25)):
        values = a_row(chance, f"{name}-{number}")
        kind = chance.choices(["good", "value", "broken", "blank"], [80, 8, 6, 4])[0]
        line, begin = writer.line, writer.at
        if kind == "value":
            values["is_test"] = "perhaps"
        text = json.dumps(values, ensure_ascii=chance.random() < 0.5)
        if kind == "broken":
            text = chance.choice(["[1, 2]", '"text"', text[:-2], "{"])
        writer.write(("" if kind == "blank" else text) + chance.choice(writer.ends))
        if kind == "good":
            rows.append(Row(values, line, begin, writer.at))
    return "".join(writer.parts), rows, 0


def count_csv(text: str) -> int | None:
    """Records below the header of a CSV text, by the quotes alone; None when the last quote is never closed."""
    lines = text.replace("\r\n", "\n").split("\n")
    while lines and not lines[0].strip(" "):
        lines.pop(0)
    delimiter = max(",;\t|", key=lambda mark: lines[0].count(mark)) if lines else ","
    records, is_inside = -1, False
    for line in lines:
        if not is_inside:
            if not line.strip(" "):
                continue
            records += 1
            is_field_begin = True
        position = 0
        while position < len(line):
            here, after = line[position], line[position + 1 : position + 2]
            if is_inside:
                if here == '"' and after == '"':
                    position += 1
                elif here == '"':
                    is_inside = False
                    if after not in ("", delimiter):
                        break  # a wrong quote costs the rest of its line
                is_field_begin = False
            else:
                if here == '"' and is_field_begin:
                    is_inside = True
                is_field_begin = here == delimiter or (is_field_begin and here == " ")
            position += 1
    return None if is_inside else max(records, 0)


def a_dirty_file(seed: int, name: str) -> Dirty:
    chance = random.Random(seed)
    kind = chance.choice(["csv", "csv", "csv", "jsonl"])
    text, rows, below = a_csv(chance, name) if kind == "csv" else a_jsonl(chance, name)
    damage = chance.choices(["none", "truncated", "quote"], [50, 25, 25])[0]
    packing = chance.choice(["", "", "", ".gz", ".zst"])
    if damage == "quote" and kind == "csv" and len(text) > below:
        place = chance.randrange(below, len(text))
        text = text[:place] + '"' + text[place:]
        # What touches the quote may have been changed by it; a value that it opens is what the test is about.
        rows = [row for row in rows if not row.begin <= place <= row.end]
    elif damage == "truncated" and not packing and text:
        place = chance.randrange(len(text))
        text = text[:place]
        rows = [row for row in rows if row.end <= place]
    elif damage == "quote":
        damage = "none"
    mark = b"\xef\xbb\xbf" if chance.random() < 0.1 else b""
    data = mark + text.encode()
    records = count_csv(text) if kind == "csv" else sum(1 for line in text.split("\n") if line.strip())
    if packing:
        data = gzip.compress(data) if packing == ".gz" else pyarrow.compress(data, codec="zstd", asbytes=True)
        if damage == "truncated":
            data = data[: chance.randrange(5, len(data))]
    suffix = f".{kind}{packing}"
    return Dirty(
        f"{name}{chance.choice([suffix, suffix, suffix.upper()])}",
        data,
        rows,
        records,
        damage != "none",
        bool(packing) and damage == "truncated",
    )


def check(db, report, file: Dirty) -> bool:
    """Whether the file was accepted; fails when it is neither whole in the tables nor missing with a message."""
    name = f"customers/{file.name}"
    entries = db.execute(
        "select file_id, rows_in_file, rows_loaded, rows_quarantined, rows_duplicate from ops.load_ledger "
        "where file = ? and status in ('loaded', 'copy')",
        [name],
    ).fetchall()
    messages = [message for message in [*report.rejected, *report.notices] if message.startswith(f"{name}: ")]
    if not entries:
        assert file.is_damaged or not file.rows, "an intact file was refused"
        assert messages, "a file is missing without a word"
        return False
    ((file_id, in_file, loaded, quarantined, duplicate),) = entries
    assert not file.is_compressed, "a truncated archive was loaded"
    assert file.records is not None, "a file with an open quote was loaded"
    assert in_file == file.records == loaded + quarantined + duplicate
    current = {
        customer_id: (line, values)
        for customer_id, line, *values in db.execute(
            "select customer_id, _line, coalesce(region, ''), cast(is_test as varchar), coalesce(city, ''), "
            "cast(registered_at as varchar) from raw.customers where _file_id = ?",
            [file_id],
        ).fetchall()
    }
    for row in file.rows:
        line, values = current[row.values["customer_id"]]
        assert line == row.line
        assert values == [row.values[column] for column in ("region", "is_test", "city", "registered_at")]
    (kept,) = db.execute("select count(*) from quarantine.customers where _file_id = ?", [file_id]).fetchone()
    assert (len(current) + duplicate, kept) == (loaded + duplicate, quarantined)
    return True


def load_dirty_files(folder: Path, seeds: range) -> tuple[int, int]:
    """Loads generated files, ten at a time; returns how many were accepted and how many refused."""
    accepted = refused = 0
    with open_warehouse(folder / "w.duckdb") as db:
        for first in range(seeds.start, seeds.stop, 10):
            landing = Landing(folder / f"raw-{first}")
            landing.text("customers", "always.csv", "customer_id,registered_at,is_test,ingested_at\n")
            files = [a_dirty_file(seed, f"f{seed}") for seed in range(first, first + 10)]
            for file in files:
                landing.path("customers", file.name).write_bytes(file.data)
            report = load_landing(db, landing.folder, TABLES).tables["customers"]
            for seed, file in enumerate(files, first):
                try:
                    is_accepted = check(db, report, file)
                except (AssertionError, KeyError) as error:
                    raise AssertionError(f"seed {seed}: {error!r}\n{file.data[:3000]!r}\n{file.rows}") from error
                accepted += is_accepted
                refused += not is_accepted
    return accepted, refused


@pytest.mark.parametrize(
    "seeds", [range(100), pytest.param(range(100, 1_150), marks=pytest.mark.repetition)], ids=["a few", "many"]
)
def test_every_dirty_file_is_whole_or_not_there(tmp_path, seeds):
    """An unclosed quote or a truncated archive must never take rows with it unseen, wherever it is."""
    accepted, refused = load_dirty_files(tmp_path, seeds)
    # Both ends of the test are tried.
    assert accepted > len(seeds) / 3
    assert refused > len(seeds) / 10
