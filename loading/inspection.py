"""Which files hold something new, and what columns they have. Nothing of their rows is read here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import duckdb

from stayhouse.contract.sql import literal, literals
from stayhouse.loading import ledger
from stayhouse.loading.candidate import Candidate
from stayhouse.loading.discovery import LandingFile, csv_header, parquet_problem
from stayhouse.loading.target import Target

Columns = tuple[tuple[str, str], ...]


@dataclass
class Chosen:
    """The files of a table that a load has to do with."""

    candidates: list[Candidate] = field(default_factory=list)
    copies: list[tuple[Candidate, str]] = field(default_factory=list)
    """Files whose content another file has, with that file's name."""


def choose(target: Target, files: Iterable[LandingFile]) -> Chosen:
    """The files that hold something new; known ones are passed over, unreadable ones reported."""
    entries = ledger.known_files(target)
    by_name = {entry.file: entry for entry in entries}
    by_content = {entry.content_hash: entry.file for entry in entries if entry.status == "loaded"}
    fresh: list[tuple[LandingFile, str]] = []
    copies: list[tuple[LandingFile, str]] = []
    for file in files:
        known = by_name.get(file.name)
        if known and known.status == "rejected":
            known = None
        if known and known.fingerprint == file.fingerprint:
            target.report.files_known += 1
            continue
        content_hash = file.content_hash()
        if known and known.content_hash == content_hash:
            target.report.files_known += 1
            ledger.note_fingerprint(target, known.file_id, file.fingerprint)
        elif content_hash in by_content:
            copies.append((file, content_hash))
        else:
            by_content[content_hash] = file.name
            fresh.append((file, content_hash))
    first = ledger.next_file_id(target)
    candidates = [
        replace(candidate, file_id=first + number) for number, candidate in enumerate(_inspect(target, fresh))
    ]
    first += len(candidates)
    return Chosen(
        candidates,
        [
            (Candidate(file, first + number, content_hash, ()), by_content[content_hash])
            for number, (file, content_hash) in enumerate(copies)
        ],
    )


def missing_columns_message(target: Target, missing: Sequence[str]) -> str:
    """Why a file without required columns is rejected, and the way out."""
    word = "column" if len(missing) == 1 else "columns"
    return (
        f"lacks the required {word} {', '.join(missing)} of table {target.table.name}; "
        "add it, or set the file aside by a name that begins with an underscore"
    )


def first_line(error: Exception) -> str:
    """What a message quotes of an error of DuckDB."""
    return str(error).splitlines()[0]


def _inspect(target: Target, files: Sequence[tuple[LandingFile, str]]) -> list[Candidate]:
    """Reads the structure of files; those of which nothing can be read are reported and left out."""
    parquet = [
        (file, digest) for file, digest in files if file.format == "parquet" and not _is_broken(target, file, digest)
    ]
    structures = _parquet_structures(target.db, [file for file, _ in parquet])
    found = [_inspect_text(target, file, digest) for file, digest in files if file.format != "parquet"]
    for file, digest in parquet:
        structure = structures[str(file.path)]
        if isinstance(structure, str):
            ledger.reject(target, file, digest, structure)
        else:
            found.append(Candidate(file, 0, digest, structure[0], rows=structure[1]))
    return [candidate for candidate in found if candidate and _has_required_columns(target, candidate)]


def _is_broken(target: Target, file: LandingFile, content_hash: str) -> bool:
    problem = parquet_problem(file)
    if problem and "not finished" in problem:
        target.report.notices.append(f"{file.name}: {problem}")
    elif problem:
        ledger.reject(target, file, content_hash, problem)
    return problem is not None


def _parquet_structures(
    db: duckdb.DuckDBPyConnection, files: Sequence[LandingFile]
) -> dict[str, tuple[Columns, int] | str]:
    """Columns and rows of every Parquet file by path; a message where the footer cannot be read."""
    if not files:
        return {}
    paths = literals(file.path for file in files)
    try:
        # Files of one shape are described once: asking file by file costs milliseconds each.
        shapes = db.execute(
            f"""with fields as (select *, row_number() over () as position from parquet_schema([{paths}])),
            shapes as (
                select file_name, md5(string_agg(concat_ws('|', name, type, type_length, num_children,
                    converted_type, scale, precision, logical_type), ';' order by position)) as shape
                from fields group by file_name)
            select shapes.file_name, shape, num_rows
            from shapes inner join parquet_file_metadata([{paths}]) as m on m.file_name = shapes.file_name"""
        ).fetchall()
        columns: dict[str, Columns] = {}
        for path, shape, _ in shapes:
            if shape not in columns:
                described = db.execute(
                    f"describe from read_parquet({literal(path)}, hive_partitioning = false)"
                ).fetchall()
                columns[shape] = tuple((name, kind) for name, kind, *_ in described)
        return {path: (columns[shape], rows) for path, shape, rows in shapes}
    except duckdb.Error as error:
        if len(files) == 1:
            return {str(files[0].path): f"cannot be read as Parquet ({first_line(error)}); write it again"}
        middle = len(files) // 2
        return _parquet_structures(db, files[:middle]) | _parquet_structures(db, files[middle:])


def _inspect_text(target: Target, file: LandingFile, content_hash: str) -> Candidate | None:
    if file.format == "jsonl":
        return Candidate(file, 0, content_hash, ())
    delimiter, names = csv_header(file, set(target.table.column_names))
    if not names:
        target.report.notices.append(f"{file.name}: is empty, not even a header; left for the next run")
        return None
    if len(set(names)) < len(names):
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        problem = f"has columns twice in its header: {', '.join(twice)}; rename or drop one"
        ledger.reject(target, file, content_hash, problem)
        return None
    return Candidate(file, 0, content_hash, tuple((name, "VARCHAR") for name in names), delimiter)


def _has_required_columns(target: Target, candidate: Candidate) -> bool:
    if candidate.file.format == "jsonl":
        return True  # its keys are only known once it is read
    present = dict(candidate.columns)
    missing = [column.name for column in target.table.columns if column.required and column.name not in present]
    if missing:
        ledger.reject(target, candidate.file, candidate.content_hash, missing_columns_message(target, missing))
    return not missing
