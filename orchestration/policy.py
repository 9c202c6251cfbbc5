"""The policy of a run: the repository's seeds with the company's files laid over them, checked before loading.

What a seed must look like is written once, in seeds/_seeds.yml: columns, types, and the rules under ``meta``. Rules
between numbers (``rows_satisfy`` for each row, ``holds`` for a file as a whole) are SQL as in the models: every seed is
a table of its name, and ``policy`` is the row of thresholds.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import math
import os
import re
import shutil
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb

from stayhouse.contract import REPO_ROOT, read_yaml
from stayhouse.contract.sql import connect, literal
from stayhouse.contract.words import did_you_mean
from stayhouse.orchestration.company import Statement
from stayhouse.orchestration.policy_files import NotCsv, parsed, read_policy_file
from stayhouse.orchestration.settings import ConfigurationError, Settings

SEEDS_FOLDER = REPO_ROOT / "seeds"
# A copy has 200 kB; one folder may serve many companies.
KEPT_COPIES = 50
# Reason of rows that stayhouse.toml states.
STATED = "stated in stayhouse.toml"
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class PolicyError(ConfigurationError):
    """Policy files break their rules. One line per fault: file, row, column, value, way out."""

    def __init__(self, faults: list[str]):
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass
class _Seed:
    name: str
    file: Path
    key: list[str]
    columns: dict[str, dict[str, Any]]
    """Column name to its rules, with its type under `type`."""
    meta: dict[str, Any]
    """What seeds/_seeds.yml says under `meta`."""
    rows: list[dict[str, str]] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    """File and row that each of the rows comes from."""
    left_out: list[str] = field(default_factory=list)
    """Columns with a default that the file does not have."""
    is_laid_over: bool = False
    """The company's stayhouse.toml states some of its values."""

    @property
    def default_file(self) -> Path:
        return SEEDS_FOLDER / f"{self.name}.csv"

    @property
    def is_own(self) -> bool:
        """Whether the company brings the file."""
        return self.file != self.default_file

    @property
    def shown_file(self) -> str:
        return self.file.name if self.is_own else f"{self.file.name} (default)"

    @property
    def is_completed(self) -> bool:
        """Rows whose key the file lacks are those of the repository."""
        return bool(self.meta.get("completed"))

    def key_of(self, row: dict[str, str]) -> tuple[str, ...]:
        return tuple(row[name] for name in self.key)

    def content(self) -> bytes:
        """The file as dbt loads it: with every column of the seed, and every row that it is completed by."""
        if not self.is_laid_over and not (self.is_own and (self.left_out or self.is_completed)):
            return self.file.read_bytes()
        text = io.StringIO()
        writer = csv.DictWriter(text, list(self.columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return text.getvalue().encode()

    def where(self, number: int, column: str) -> str:
        return f"{self.places[number]}, column {column}"


def prepare_policy(settings: Settings) -> tuple[Path, list[str]]:
    """The folder with the seeds of this run, and warnings.

    Raises PolicyError when a file of the policy folder is unknown or breaks a rule.
    """
    seeds = _checked(settings)
    own = any(seed.is_own or seed.is_laid_over for seed in seeds.values())
    return (_merged(seeds, settings.policy_copies) if own else SEEDS_FOLDER), _segment_warnings(
        seeds["segments"], settings
    )


def write_policy(settings: Settings, folder: Path) -> list[str]:
    """Writes the seeds of a run into a folder, without keeping a copy for later runs; returns warnings.

    Raises PolicyError when a file of the policy folder is unknown or breaks a rule.
    """
    seeds = _checked(settings)
    for name, content in _contents(seeds).items():
        (folder / name).write_bytes(content)
    return _segment_warnings(seeds["segments"], settings)


def seed_keys() -> dict[str, list[str]]:
    """The columns that identify a row, by name of the seed."""
    return {seed.name: seed.key for seed in _described_seeds().values()}


def _checked(settings: Settings) -> dict[str, _Seed]:
    """The seeds of a run by name. Raises PolicyError for their faults."""
    seeds = _described_seeds()
    faults = _find_own_files(settings.policy, seeds) if settings.policy else []
    if faults:
        raise PolicyError(faults)
    for seed in seeds.values():
        faults += _read(seed)
    if not faults:
        for statement in settings.statements:
            faults += _lay_over(seeds[statement.seed], statement)
    if not faults:
        for seed in seeds.values():
            faults += _check(seed, seeds)
    if not faults:
        faults += _check_rules(seeds)
    if faults:
        raise PolicyError(faults)
    return seeds


def _find_own_files(folder: Path, seeds: dict[str, _Seed]) -> list[str]:
    """Gives the seeds the company's files; returns faults about files that would not be read."""
    faults = []
    files = [file for file in sorted(folder.iterdir()) if not file.name.startswith((".", "~")) and not file.is_dir()]
    for file in files:
        if file.is_symlink() and not file.exists():
            faults.append(f"{file.name}: is a link to {os.readlink(file)}, which does not exist; mend or remove it")
        elif file.suffix.lower() == ".csv":
            if file.stem in seeds:
                seeds[file.stem].file = file
            else:
                faults.append(f"{file.name}: no policy seed has this name; {did_you_mean(file.stem, seeds)}")
        elif file.stem in seeds and folder / f"{file.stem}.csv" not in files:
            # Nobody would notice that the defaults count instead.
            faults.append(
                f"{file.name}: policy files are CSV, so this one would not be read; save it as {file.stem}.csv with "
                "commas, or move it out of the policy folder"
            )
    return faults


def _contents(seeds: dict[str, _Seed]) -> dict[str, bytes]:
    """The seeds of a run as files, by name."""
    files = {f"{seed.name}.csv": seed.content() for seed in seeds.values()}
    files["_seeds.yml"] = (SEEDS_FOLDER / "_seeds.yml").read_bytes()
    return files


def _merged(seeds: dict[str, _Seed], copies: Path) -> Path:
    """A folder below `copies` that holds the seeds of this run, named after their content."""
    files = _contents(seeds)
    digest = hashlib.sha256(b"".join(files[name] for name in sorted(files))).hexdigest()[:16]
    folder = copies / digest
    _forget_old_copies(copies)
    if folder.exists():
        os.utime(folder)
    else:
        fresh = folder.with_name(f"{digest}.{os.getpid()}")
        fresh.mkdir(parents=True)
        for name, content in files.items():
            (fresh / name).write_bytes(content)
        with contextlib.suppress(OSError):  # another process was first with the same content
            fresh.rename(folder)
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def _forget_old_copies(folder: Path) -> None:
    """Removes all but the copies that were used last; every change of a policy file makes another one."""
    copies = sorted(folder.glob("*"), key=lambda copy: copy.stat().st_mtime, reverse=True) if folder.is_dir() else []
    for copy in copies[KEPT_COPIES:]:
        shutil.rmtree(copy, ignore_errors=True)


def _described_seeds() -> dict[str, _Seed]:
    described = {}
    for entry in read_yaml(SEEDS_FOLDER / "_seeds.yml")["seeds"]:
        types, meta = entry["config"]["column_types"], entry["config"]["meta"]
        columns = {
            column["name"]: {"type": types[column["name"]]} | ((column.get("config") or {}).get("meta") or {})
            for column in entry["columns"]
        }
        name = entry["name"]
        described[name] = _Seed(name, SEEDS_FOLDER / f"{name}.csv", meta["key"], columns, meta)
    return described


def _read(seed: _Seed) -> list[str]:
    try:
        content = seed.file.read_bytes()
        if content.startswith(UTF_16_MARKS) or b"\0" in content:
            return [f"{seed.shown_file}: is UTF-16; save it as CSV UTF-8"]
        found = parsed(content)
    except UnicodeDecodeError as error:
        return [f"{seed.shown_file}: is not UTF-8 (byte {error.start + 1}); save it as CSV UTF-8"]
    except OSError as error:
        return [f"{seed.shown_file}: cannot be read ({error.strerror}); give the user of the run the right to read it"]
    except NotCsv as error:
        return [f"{seed.shown_file}, line {error.line}: is not CSV ({error}); check its quotes"]
    names, numbered = found.columns, found.cells
    if delimiter := _other_delimiter(names, seed):
        return [
            f"{seed.shown_file}: its cells are separated by {delimiter}; policy files use commas: save it as CSV "
            "(comma delimited)"
        ]
    faults = [
        f"{seed.shown_file}, row 1, column {name}: the seed has no such column; known are {', '.join(seed.columns)}"
        for name in names
        if name not in seed.columns
    ]
    faults += [
        f"{seed.shown_file}, row 1, column {name}: is missing; add it (its cells may be empty where allowed)"
        for name, rules in seed.columns.items()
        if name not in names and "default" not in rules
    ]
    faults += [
        f"{seed.shown_file}, row {number}: has {len(cells)} cells and the header {len(names)}; check its commas"
        for number, cells in numbered
        if len(cells) != len(names)
    ]
    if faults:
        return faults
    seed.rows = [dict(zip(names, cells, strict=True)) for _, cells in numbered]
    seed.places = [f"{seed.shown_file}, row {number}" for number, _ in numbered]
    seed.left_out = [name for name, rules in seed.columns.items() if name not in names and "default" in rules]
    return _complete(seed) if seed.is_own and (seed.left_out or seed.is_completed) else []


def _other_delimiter(names: list[str], seed: _Seed) -> str | None:
    """What separates the columns of a header in which commas do not."""
    if len(names) != 1:
        return None
    for delimiter, called in ((";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")):
        if len(seed.columns.keys() & set(map(str.strip, names[0].split(delimiter)))) > 1:
            return called
    return None


def _complete(seed: _Seed) -> list[str]:
    """Adds what the file leaves out, as the repository has it: columns of its rows, and rows of a completed seed."""
    default = read_policy_file(seed.default_file)
    known = {seed.key_of(row): (number, row) for (number, _), row in zip(default.cells, default.rows, strict=True)}
    for row in seed.rows:
        _, fallback = known.get(seed.key_of(row), (0, {}))
        row.update({name: fallback.get(name, seed.columns[name]["default"]) for name in seed.left_out})
    if not seed.is_completed:
        return []
    faults = []
    for number, row in enumerate(seed.rows):
        if seed.key_of(row) not in known:
            code = " ".join(seed.key_of(row))
            hint = did_you_mean(code, (" ".join(key) for key in known))
            faults.append(f"{seed.where(number, '+'.join(seed.key))}: nothing reads {code!r}; {hint}")
    stated = {seed.key_of(row) for row in seed.rows}
    for key, (number, row) in known.items():
        if key not in stated:
            seed.rows.append(row)
            seed.places.append(f"{seed.default_file.name} (default), row {number}")
    return faults


def _lay_over(seed: _Seed, statement: Statement) -> list[str]:
    """Puts what stayhouse.toml states into the row of its key; a policy file must not state it too."""
    (key,) = seed.key
    number = next(number for number, row in enumerate(seed.rows) if row[key] == statement.key)
    if "(default)" not in seed.places[number]:
        return [f"{statement.place}: {seed.places[number]} states {statement.key} as well; remove one of the two"]
    seed.rows[number] |= dict(statement.values) | {"origin": "ours", "reason": STATED}
    seed.places[number] = statement.place
    seed.is_laid_over = True
    return []


def _parses(value: str, kind: str) -> bool:
    """Whether DuckDB reads the text as this type; Python also takes 1_000, 20250101 and other digits."""
    try:
        if kind == "integer":
            return re.fullmatch(r"[+-]?[0-9]+", value) is not None and abs(int(value)) < 2**31
        if kind == "double":
            return math.isfinite(float(value)) and value.isascii() and "_" not in value
        if kind == "date":
            return re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is not None and bool(date.fromisoformat(value))
    except ValueError:
        return False
    return kind != "boolean" or value.lower() in ("true", "false")


def _check(seed: _Seed, seeds: dict[str, _Seed]) -> list[str]:
    faults: list[str] = []
    keys: dict[tuple[str, ...], int] = {}
    for number, row in enumerate(seed.rows):
        for name in seed.columns:
            faults += _check_value(seed, number, name, seeds)
        key = seed.key_of(row)
        if key in keys:
            where = seed.where(number, "+".join(seed.key))
            faults.append(f"{where}: repeats the key of {seed.places[keys[key]]} ({', '.join(key)})")
        keys.setdefault(key, number)
    faults += _missing_rows(seed)
    if not faults and "units" in seed.meta:
        faults += _check_units(seed)
    if not faults and "interval" in seed.meta:
        faults += _check_intervals(seed)
    return faults


def _check_value(seed: _Seed, number: int, name: str, seeds: dict[str, _Seed]) -> list[str]:
    rules, where = seed.columns[name], seed.where(number, name)
    value = (seed.rows[number][name] or "").strip()
    if not value:
        return [f"{where}: is empty but required"] if rules.get("required") else []
    if not _parses(value, rules["type"]):
        return [f"{where}: {value!r} is not of type {rules['type']}"]
    faults = []
    if "accepted" in rules and value not in rules["accepted"]:
        faults.append(f"{where}: {value!r} is not one of {', '.join(rules['accepted'])}")
    if "min" in rules and float(value) < rules["min"]:
        faults.append(f"{where}: {value} is below {rules['min']}")
    if "max" in rules and float(value) > rules["max"]:
        faults.append(f"{where}: {value} is above {rules['max']}")
    if "references" in rules:
        faults += _unknown_references(seed, where, value, rules, seeds)
    return faults


def _unknown_references(
    seed: _Seed, where: str, value: str, rules: dict[str, Any], seeds: dict[str, _Seed]
) -> list[str]:
    other, column = rules["references"].split(".")
    known = {row[column] for row in seeds[other].rows} | set(rules.get("also", ()))
    parts = value.split(rules["separator"]) if "separator" in rules else [value]
    way_out = "correct it here" if seed.is_own else f"bring a {seed.name}.csv of your own"
    return [
        f"{where}: {part!r} is not in {seeds[other].shown_file}, column {column}; add it there or {way_out}"
        for part in parts
        if part not in known
    ]


def _missing_rows(seed: _Seed) -> list[str]:
    """Codes that need a row, because every one of them can occur."""
    faults = []
    for name, rules in seed.columns.items():
        if rules.get("complete"):
            given = {row[name] for row in seed.rows}
            missing = [value for value in rules["accepted"] if value not in given]
            if missing:
                faults.append(f"{seed.shown_file}, column {name}: a row is missing for {', '.join(missing)}")
    return faults


def _check_units(seed: _Seed) -> list[str]:
    """A number has the unit that the models expect, and is whole where things are counted."""
    faults = []
    kinds = seed.meta["units"]
    expected = {seed.key_of(row): row["unit"] for row in read_policy_file(seed.default_file).rows}
    for number, row in enumerate(seed.rows):
        unit = expected[seed.key_of(row)]
        if unit not in kinds:
            faults.append(f"{seed.where(number, 'unit')}: {unit!r} has no type in `units` of seeds/_seeds.yml")
        elif row["unit"] != unit:
            faults.append(f"{seed.where(number, 'unit')}: {row['unit']!r} must be {unit!r}; convert the value to it")
        elif kinds[unit] == "integer" and not _is_whole(value := row["threshold_value"]):
            faults.append(
                f"{seed.where(number, 'threshold_value')}: {value} is not a whole number of {unit} below 2^31"
            )
    return faults


def _is_whole(value: str) -> bool:
    return float(value).is_integer() and abs(float(value)) < 2**31


def _check_intervals(seed: _Seed) -> list[str]:
    start, end = seed.meta["interval"]
    faults = []
    periods = defaultdict(list)
    for number, row in enumerate(seed.rows):
        if row[end] and row[end] <= row[start]:
            faults.append(f"{seed.where(number, end)}: {row[end]} does not lie after {start} {row[start]}")
        periods[tuple(row[name] for name in seed.key if name != start)].append((row[start], row[end], number))
    for rows in periods.values():
        rows.sort()
        for (_, first_end, first), (second_start, _, second) in pairwise(rows):
            if not first_end or first_end > second_start:
                faults.append(
                    f"{seed.where(second, start)}: {second_start} lies inside the period of {seed.places[first]}; "
                    f"end that one by {end} {second_start}"
                )
    return faults


def _check_rules(seeds: dict[str, _Seed]) -> list[str]:
    """Relations between numbers, within a row, within a file and between files."""
    with connect() as connection:
        ruled = [seed for seed in seeds.values() if {"rows_satisfy", "holds"} & seed.meta.keys()]
        for seed in ruled:
            _create_table(connection, seed)
        thresholds = seeds["thresholds"]
        units = thresholds.meta["units"]
        columns = (
            f"cast({row['threshold_value']} as {units[row['unit']]}) as {row['threshold_code']}"
            for row in thresholds.rows
        )
        connection.execute(f"create table policy as select {', '.join(columns)}")
        faults = []
        for seed in ruled:
            for rule in seed.meta.get("rows_satisfy", ()):
                broken = connection.execute(
                    f"select row_number from {seed.name} cross join policy where not coalesce({rule['rule']}, false) "
                    "order by row_number"
                ).fetchall()
                for (number,) in broken:
                    shown = _shown_values(rule, seed, number, seeds)
                    faults.append(f"{seed.where(number, rule['column'])}: {rule['message']} ({shown})")
            for rule in seed.meta.get("holds", ()):
                kept = connection.execute(f"select coalesce({rule['rule']}, false) from policy").fetchall()[0][0]
                if not kept:
                    faults.append(
                        f"{_place_of(rule, seed, thresholds)}: {rule['message']}{_shown_thresholds(rule, seeds)}"
                    )
        return faults


def _create_table(connection: duckdb.DuckDBPyConnection, seed: _Seed) -> None:
    columns = ", ".join(f"{name} {rules['type']}" for name, rules in seed.columns.items())
    connection.execute(f"create table {seed.name} (row_number integer, {columns})")
    rows = ", ".join(
        f"({number}, "
        + ", ".join(literal(value) if (value := row[name].strip()) else "null" for name in seed.columns)
        + ")"
        for number, row in enumerate(seed.rows)
    )
    if rows:
        connection.execute(f"insert into {seed.name} values {rows}")


def _named_thresholds(rule: dict[str, Any], seeds: dict[str, _Seed]) -> list[tuple[int, dict[str, str]]]:
    """The thresholds that a rule names, as they follow one another in it."""
    rows = {row["threshold_code"]: (number, row) for number, row in enumerate(seeds["thresholds"].rows)}
    return [rows[code] for code in dict.fromkeys(re.findall(r"\bpolicy\.(\w+)", rule["rule"]))]


def _shown_thresholds(rule: dict[str, Any], seeds: dict[str, _Seed]) -> str:
    named = ", ".join(
        f"{row['threshold_code']} is {row['threshold_value']}" for _, row in _named_thresholds(rule, seeds)
    )
    return f" ({named})" if named else ""


def _shown_values(rule: dict[str, Any], seed: _Seed, number: int, seeds: dict[str, _Seed]) -> str:
    words = re.findall(r"(?<![.\w])\w+", rule["rule"])
    row = seed.rows[number]
    named = [f"{name} is {row[name] or 'empty'}" for name in dict.fromkeys(words) if name in seed.columns]
    named += [f"{row['threshold_code']} is {row['threshold_value']}" for _, row in _named_thresholds(rule, seeds)]
    return ", ".join(named)


def _place_of(rule: dict[str, Any], seed: _Seed, thresholds: _Seed) -> str:
    """Where to change what breaks a rule: of several thresholds the first that the company states."""
    if seed is not thresholds:
        return f"{seed.shown_file}, column {rule['column']}"
    named = [number for number, _ in _named_thresholds(rule, {"thresholds": thresholds})]
    stated = [number for number in named if "(default)" not in thresholds.places[number]]
    return thresholds.where((stated or named)[0], "threshold_value")


def _segment_warnings(segments: _Seed, settings: Settings) -> list[str]:
    """Segments of the policy that no customer has; the run itself names segments that are not in it."""
    held = _customer_segments(settings)
    if not held:
        return []
    return [
        f"{segments.where(number, 'segment_code')}: no customer is in segment {code!r}; check its spelling"
        for number, row in enumerate(segments.rows)
        # The default segment holds where the source gives a customer none.
        if (code := row["segment_code"]) not in held and row["is_default"].strip().lower() != "true"
    ]


def _customer_segments(settings: Settings) -> set[str]:
    found: set[str] = set()
    folder = settings.raw / "customer_segments"
    readers = {".parquet": "read_parquet", ".csv": "read_csv", ".jsonl": "read_json", ".ndjson": "read_json"}
    with connect() as connection:
        for suffix, reader in readers.items():
            files = [str(file) for file in sorted(folder.rglob(f"*{suffix}"))] if folder.is_dir() else []
            if not files:
                continue
            options = "union_by_name = true, hive_partitioning = false" + (
                ", all_varchar = true" if reader == "read_csv" else ""
            )
            listed = ", ".join(literal(file) for file in files)
            try:
                rows = connection.execute(
                    f"select distinct segment_code from {reader}([{listed}], {options})"
                ).fetchall()
                found |= {str(row[0]) for row in rows if row[0] is not None}
            except duckdb.Error:
                # Broken files are the loader's to report; a warning about spelling may miss them.
                return set()
    return found
