"""Which files hold something new, and what columns they have. Nothing of their rows is read here."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import duckdb
import pyarrow.parquet

from stayhouse.contract.compression import BrokenFile, CutOffFile
from stayhouse.contract.sql import literal, literals
from stayhouse.contract.words import listed
from stayhouse.loading import ledger
from stayhouse.loading.candidate import Candidate
from stayhouse.loading.defaults import time_problem
from stayhouse.loading.discovery import SET_ASIDE, LandingFile, parquet_problem
from stayhouse.loading.ledger import LedgerEntry
from stayhouse.loading.naming import matching_names, names_problem
from stayhouse.loading.target import Target
from stayhouse.loading.text import scan_csv, scan_json_lines

Columns = tuple[tuple[str, str], ...]

# No writer pauses so long (ours): a truncated file that has not grown for an hour is not being written any more.
UNFINISHED_SECONDS = 3_600
SHOWN_COLUMNS = 8
READS_COLUMN = "reads column "
NUMBERED = re.compile(r"_[0-9]+$")


@dataclass
class Chosen:
    """The files of a table that a load has to do with."""

    candidates: list[Candidate] = field(default_factory=list)
    moves: list[tuple[Candidate, LedgerEntry]] = field(default_factory=list)
    """Files with the content that another one had, which is missing or has new content."""
    copies: list[Candidate] = field(default_factory=list)
    """Files whose content another file has."""


def choose(target: Target, files: Iterable[LandingFile]) -> Chosen:
    """The files that hold something new; known ones are passed over, unreadable ones reported."""
    entries = ledger.known_files(target)
    by_name = {entry.file: entry for entry in entries}
    changed, unchanged = _changed(target, files, by_name)
    by_content = {entry.content_hash: entry for entry in entries if entry.status == "loaded"}
    fresh: list[tuple[LandingFile, str]] = []
    moves: list[tuple[LandingFile, str, LedgerEntry]] = []
    copies: list[tuple[LandingFile, str]] = []
    contents: set[str] = set()
    for file, content_hash in changed:
        original = by_content.get(content_hash)
        if content_hash in contents and file.name not in by_name:
            copies.append((file, content_hash))
        elif original is None or file.name in by_name:
            fresh.append((file, content_hash))
        elif original.file in unchanged:
            copies.append((file, content_hash))
        else:
            moves.append((file, content_hash, original))
        contents.add(content_hash)
    first = ledger.next_file_id(target)
    candidates = [
        replace(candidate, file_id=first + number) for number, candidate in enumerate(_inspect(target, fresh))
    ]
    first += len(candidates)
    return Chosen(
        candidates,
        [
            (Candidate(file, first + number, content_hash, ()), original)
            for number, (file, content_hash, original) in enumerate(moves)
        ],
        [
            Candidate(file, first + len(moves) + number, content_hash, ())
            for number, (file, content_hash) in enumerate(copies)
        ],
    )


def _changed(
    target: Target, files: Iterable[LandingFile], by_name: Mapping[str, LedgerEntry]
) -> tuple[list[tuple[LandingFile, str]], set[str]]:
    """The files that the ledger does not know as they are, with their content; and the names of the others."""
    changed, unchanged = [], set()
    for file in files:
        known = by_name.get(file.name)
        if file.problem:
            ledger.reject(target, file, "", file.problem)
            unchanged.add(file.name)
            continue
        if known and known.fingerprint == file.fingerprint:
            unchanged.add(file.name)
            target.report.files_known += 1
            continue
        content_hash = file.content_hash()
        if known and known.content_hash == content_hash:
            unchanged.add(file.name)
            target.report.files_known += 1
            ledger.note_fingerprint(target, known.file_id, file.fingerprint)
        else:
            changed.append((file, content_hash))
    return changed, unchanged


def missing_columns_message(target: Target, missing: Sequence[str], names: Iterable[str]) -> str:
    """Why a file without required columns is rejected, what it has that may be meant, and the way out."""
    word = "column" if len(missing) == 1 else "columns"
    matching = matching_names(names, target.table.column_names)
    others = [name for name in names if name not in matching]
    has = f", but has {listed(others, SHOWN_COLUMNS, 'unknown ones')}" if others else ""
    return (
        f"lacks the required {word} {', '.join(missing)} of table {target.table.name}{has}; "
        f"rename or add {'it' if len(missing) == 1 else 'them'}, {SET_ASIDE}"
    )


def refuse(target: Target, file: LandingFile, content_hash: str, problem: BrokenFile) -> None:
    """Rejects a broken file; one that ends in the middle is left for the next run while it may still be written."""
    if isinstance(problem, CutOffFile) and file.modified_at() > time.time() - UNFINISHED_SECONDS:
        target.report.notices.append(
            f"{file.name}: {problem}; still being written or truncated, so nothing of it is read until the next run"
        )
    elif isinstance(problem, CutOffFile):
        ledger.reject(target, file, content_hash, f"{problem} and is not being written any more; deliver it again")
    else:
        ledger.reject(target, file, content_hash, str(problem))


def first_line(error: Exception) -> str:
    """What a message quotes of an error of DuckDB."""
    return str(error).splitlines()[0]


def _inspect(target: Target, files: Sequence[tuple[LandingFile, str]]) -> list[Candidate]:
    """Reads the structure of files; those of which nothing can be read are reported and left out."""
    found = []
    parquet = []
    for file, digest in files:
        try:
            if file.format != "parquet":
                found.append(_inspect_text(target, file, digest))
            elif problem := parquet_problem(file):
                raise (CutOffFile if "not finished" in problem else BrokenFile)(problem)
            else:
                parquet.append((file, digest))
        except BrokenFile as problem:
            refuse(target, file, digest, problem)
    structures = parquet_structures(target.db, [file for file, _ in parquet])
    for file, digest in parquet:
        structure = structures[str(file.path)]
        if isinstance(structure, str):
            ledger.reject(target, file, digest, structure)
        else:
            columns, rows = structure
            found.append(_candidate(target, Candidate(file, 0, digest, (), rows=rows), columns))
    return [candidate for candidate in found if candidate]


def _candidate(target: Target, candidate: Candidate, columns: Columns) -> Candidate | None:
    """The candidate with its columns as the contract names them; None when it is rejected for them."""
    names = [name for name, _ in columns]
    expected = target.table.column_names
    matching = matching_names(names, expected)
    missing = [c.name for c in target.table.columns if c.must_arrive and c.name not in matching.values()]
    if missing and candidate.file.is_optional_text:
        target.report.notices.append(
            f"{candidate.file.name}: its first line is not the header of table {target.table.name}, so it is not read"
        )
        return None
    problem = names_problem(names, expected) or (missing_columns_message(target, missing, names) if missing else None)
    problem = problem or time_problem(target.table, candidate.file, [*matching.values()])
    if problem:
        ledger.reject(target, candidate.file, candidate.content_hash, problem)
        return None
    note_spelling(target, candidate.file, matching)
    return replace(
        candidate,
        columns=tuple((matching.get(name, name), kind) for name, kind in columns),
        source_names=tuple(names),
    )


def note_spelling(target: Target, file: LandingFile, matching: dict[str, str]) -> None:
    """Says which columns are read under another name than the file gives them."""
    renamed = {name: meant for name, meant in matching.items() if name != meant}
    target.report.renamed |= renamed
    if renamed:
        shown = ", ".join(f"{name!r} as {meant}" for name, meant in renamed.items())
        target.report.notices.append(f"{file.name}: {READS_COLUMN}{shown}")


def parquet_structures(
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
                columns[shape] = _parquet_columns(db, path)
        return {path: (columns[shape], rows) for path, shape, rows in shapes}
    except duckdb.Error as error:
        if len(files) == 1:
            return {str(files[0].path): f"cannot be read as Parquet ({first_line(error)}); write it again"}
        middle = len(files) // 2
        return parquet_structures(db, files[:middle]) | parquet_structures(db, files[middle:])


def _parquet_columns(db: duckdb.DuckDBPyConnection, path: str) -> Columns:
    described = db.execute(f"describe from read_parquet({literal(path)}, hive_partitioning = false)").fetchall()
    names = [name for name, *_ in described]
    # Of two names that differ only in case DuckDB calls the second one name_1.
    own_names = pyarrow.parquet.read_schema(path).names if any(NUMBERED.search(name) for name in names) else names
    return tuple((name, kind) for name, (_, kind, *_) in zip(own_names, described, strict=True))


def _inspect_text(target: Target, file: LandingFile, content_hash: str) -> Candidate | None:
    if file.format == "jsonl":
        return Candidate(file, 0, content_hash, (), text=scan_json_lines(file.path))
    structure = scan_csv(file.path, target.table.column_names)
    if not structure.names:
        target.report.notices.append(f"{file.name}: is empty, not even a header; left for the next run")
        return None
    candidate = Candidate(file, 0, content_hash, (), text=structure, rows=structure.records)
    return _candidate(target, candidate, tuple((name, "VARCHAR") for name in structure.names))
