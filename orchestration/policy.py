"""The policy seeds of a run: the repository's own with the user's laid over them, checked before anything is loaded.

What a seed must look like is written once, in seeds/_seeds.yml (columns, types, and the rules under ``meta``).
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import os
import shutil
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path

import duckdb
import yaml

from orchestration.contract import REPO_ROOT
from orchestration.loading.contract_sql import literal
from orchestration.settings import ConfigurationError, Settings

SEEDS_FOLDER = REPO_ROOT / "seeds"
MERGED_FOLDER = REPO_ROOT / ".policy"


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
    interval: list[str] | None
    columns: dict[str, dict]
    """Column name to its rules, with its type under `type`."""
    rows: list[dict[str, str]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """Columns with a default that the file does not have."""
    is_completed: bool = False
    """Rows whose key the file lacks are those of the repository."""

    def content(self) -> bytes:
        """The file as dbt loads it: with every column of the seed, and every row that it is completed by."""
        if self.file.parent == SEEDS_FOLDER or not (self.left_out or self.is_completed):
            return self.file.read_bytes()
        text = io.StringIO()
        writer = csv.DictWriter(text, list(self.columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return text.getvalue().encode()

    def where(self, number: int, column: str) -> str:
        # Row 1 is the header, as in a spreadsheet.
        return f"{self.file.name}, row {number + 2}, column {column}"


def prepare_policy(settings: Settings) -> tuple[Path, list[str]]:
    """The folder with the seeds of this run, and warnings.

    Raises PolicyError when a file of the policy folder is unknown or breaks a rule.
    """
    seeds = _described_seeds()
    if settings.policy:
        for file in sorted(settings.policy.iterdir()):
            if file.suffix != ".csv":
                continue
            if file.stem not in seeds:
                raise PolicyError([f"{file.name}: there is no policy seed of this name; known are {', '.join(seeds)}"])
            seeds[file.stem].file = file
    faults: list[str] = []
    for seed in seeds.values():
        faults += _read(seed)
    if not faults:
        for seed in seeds.values():
            faults += _check(seed, seeds)
    if faults:
        raise PolicyError(faults)
    own = any(seed.file.parent != SEEDS_FOLDER for seed in seeds.values())
    return (_merged(seeds) if own else SEEDS_FOLDER), _segment_warnings(seeds["segments"], settings)


def _merged(seeds: dict[str, _Seed]) -> Path:
    """A folder that holds the seeds of this run, named after their content.

    It lies inside the project: dbt writes what it compiles to <target>/<path of the seed>, and with an absolute path
    that is the seed itself.
    """
    files = {f"{seed.name}.csv": seed.content() for seed in seeds.values()}
    files["_seeds.yml"] = (SEEDS_FOLDER / "_seeds.yml").read_bytes()
    digest = hashlib.sha256(b"".join(files[name] for name in sorted(files))).hexdigest()[:16]
    folder = MERGED_FOLDER / digest
    if not folder.exists():
        fresh = folder.with_name(f"{digest}.{os.getpid()}")
        fresh.mkdir(parents=True)
        for name, content in files.items():
            (fresh / name).write_bytes(content)
        with contextlib.suppress(OSError):  # another process was first with the same content
            fresh.rename(folder)
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def _described_seeds() -> dict[str, _Seed]:
    described = {}
    for entry in yaml.safe_load((SEEDS_FOLDER / "_seeds.yml").read_text())["seeds"]:
        types, meta = entry["config"]["column_types"], entry["config"]["meta"]
        columns = {
            column["name"]: {"type": types[column["name"]]} | ((column.get("config") or {}).get("meta") or {})
            for column in entry["columns"]
        }
        name = entry["name"]
        described[name] = _Seed(
            name,
            SEEDS_FOLDER / f"{name}.csv",
            meta["key"],
            meta.get("interval"),
            columns,
            is_completed=meta.get("completed", False),
        )
    return described


def _read(seed: _Seed) -> list[str]:
    with seed.file.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.DictReader(stream)
        names = reader.fieldnames or []
        seed.rows = [
            row for row in reader if any((value or "").strip() for value in row.values() if isinstance(value, str))
        ]
    faults = [
        f"{seed.file.name}, row 1, column {name}: the seed has no such column; known are {', '.join(seed.columns)}"
        for name in names
        if name not in seed.columns
    ]
    faults += [
        f"{seed.file.name}, row 1, column {name}: this column is missing; add it (its cells may be empty where allowed)"
        for name, rules in seed.columns.items()
        if name not in names and "default" not in rules
    ]
    seed.left_out = [name for name, rules in seed.columns.items() if name not in names and "default" in rules]
    for number, row in enumerate(seed.rows):
        if None in row or None in row.values():
            faults.append(
                f"{seed.file.name}, row {number + 2}: has more or fewer cells than the header; check its commas"
            )
    if (seed.left_out or seed.is_completed) and not faults:
        _fill(seed)
    return faults


def _fill(seed: _Seed) -> None:
    """Adds what the file leaves out, as the repository has it: columns of its rows, and rows of a completed seed."""
    with (SEEDS_FOLDER / f"{seed.name}.csv").open(newline="", encoding="utf-8") as stream:
        known = {tuple(row[name] for name in seed.key): row for row in csv.DictReader(stream)}
    for row in seed.rows:
        fallback = known.get(tuple(row[name] for name in seed.key), {})
        row.update({name: fallback.get(name, seed.columns[name]["default"]) for name in seed.left_out})
    if seed.is_completed:
        stated = {tuple(row[name] for name in seed.key) for row in seed.rows}
        seed.rows += [row for key, row in known.items() if key not in stated]


def _parses(value: str, kind: str) -> bool:
    try:
        if kind == "integer":
            int(value)
        elif kind == "double":
            float(value)
        elif kind == "date":
            date.fromisoformat(value)
        elif kind == "boolean":
            return value.lower() in ("true", "false")
    except ValueError:
        return False
    return True


def _check(seed: _Seed, seeds: dict[str, _Seed]) -> list[str]:
    faults: list[str] = []
    keys: dict[tuple, int] = {}
    for number, row in enumerate(seed.rows):
        for name, rules in seed.columns.items():
            value = (row[name] or "").strip()
            where = seed.where(number, name)
            if not value:
                if rules.get("required"):
                    faults.append(f"{where}: is empty but required")
                continue
            if not _parses(value, rules["type"]):
                faults.append(f"{where}: {value!r} is no {rules['type']}")
                continue
            if "accepted" in rules and value not in rules["accepted"]:
                faults.append(f"{where}: {value!r} is not one of {', '.join(rules['accepted'])}")
            if "min" in rules and float(value) < rules["min"]:
                faults.append(f"{where}: {value} is below {rules['min']}")
            if "max" in rules and float(value) > rules["max"]:
                faults.append(f"{where}: {value} is above {rules['max']}")
            if "references" in rules:
                other, column = rules["references"].split(".")
                known = {r[column] for r in seeds[other].rows} | set(rules.get("also", ()))
                parts = value.split(rules["separator"]) if "separator" in rules else [value]
                faults += [
                    f"{where}: {part!r} is not in {seeds[other].file.name}, column {column}; "
                    "add it there or mend it here"
                    for part in parts
                    if part not in known
                ]
        key = tuple(row[name] for name in seed.key)
        if key in keys:
            faults.append(
                f"{seed.where(number, '+'.join(seed.key))}: repeats the key of row {keys[key] + 2} ({', '.join(key)})"
            )
        keys.setdefault(key, number)
    if seed.interval and not faults:
        faults += _check_intervals(seed)
    return faults


def _check_intervals(seed: _Seed) -> list[str]:
    start, end = seed.interval or ["", ""]
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
                    f"{seed.where(second, start)}: {second_start} lies inside the period of row {first + 2}; "
                    f"end that one by {end} {second_start}"
                )
    return faults


def _segment_warnings(segments: _Seed, settings: Settings) -> list[str]:
    """Segments of the policy that no customer has, and the other way round."""
    held = _customer_segments(settings)
    if not held:
        return []
    listed = {row["segment_code"]: number for number, row in enumerate(segments.rows)}
    warnings = [
        f"{segments.where(number, 'segment_code')}: no customer is in segment {code!r}; check its spelling"
        for code, number in listed.items()
        if code not in held
    ]
    return warnings + [
        f"{segments.file.name}, column segment_code: customers are in segment {code!r}, which has no row; "
        "they get no norms until it has one"
        for code in sorted(held - set(listed))
    ]


def _customer_segments(settings: Settings) -> set[str]:
    found: set[str] = set()
    folder = settings.raw / "customer_segments"
    readers = {".parquet": "read_parquet", ".csv": "read_csv", ".jsonl": "read_json", ".ndjson": "read_json"}
    with duckdb.connect() as connection:
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
