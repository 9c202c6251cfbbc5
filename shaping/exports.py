"""The exports of a company: which files a shape asks for, and their rows as relations of text."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from stayhouse.contract import Column, RawTable, Zones
from stayhouse.contract.compression import BrokenFile, CutOffFile, compression_of, opened
from stayhouse.contract.sql import columns_of, identifier, one_row
from stayhouse.loading import ledger
from stayhouse.loading.candidate import Candidate, batches
from stayhouse.loading.discovery import LandingFile, described, fingerprint_of, parquet_problem, printable, walk
from stayhouse.loading.inspection import UNFINISHED_SECONDS, parquet_structures
from stayhouse.loading.naming import EXPORTS, RESERVED
from stayhouse.loading.reading import read
from stayhouse.loading.reports import TableReport
from stayhouse.loading.target import Target
from stayhouse.loading.text import scan_csv, scan_json_lines
from stayhouse.shaping.problems import ExportUnfinished
from stayhouse.shaping.template import Request

# Beside the columns of an export: its path below the folder of exports, the line, and when the file was written.
ORIGIN = ("_file", "_line", "_exported_at")
FILES = "_exports"
# File names in a message.
NAMED = 5
BROKEN = "_broken_lines"


@dataclass(frozen=True)
class Exports:
    """The files below the folder of exports, found once for all shapes."""

    folder: Path
    files: tuple[LandingFile, ...]
    passed_over: dict[str, str]
    """Name -> why the file is not read."""

    def of(self, request: Request) -> list[LandingFile]:
        """The files that a shape asks for, in name order."""
        return [file for file in self.files if request.regex.fullmatch(file.name)]

    def notices(self, requests: Iterable[Request]) -> Iterator[str]:
        """About files that would be read and are not."""
        asked = list(requests)
        for name, reason in self.passed_over.items():
            if any(request.regex.match(name) for request in asked):
                yield f"{EXPORTS}/{name}: {reason}"

    def missing(self, request: Request) -> str:
        """Why there is no file, and what is in the folder instead."""
        place = request.pattern.rpartition("/")[0]
        folder = self.folder / place if "*" not in place else self.folder
        if not folder.is_dir():
            return f"no export matches {request.pattern}: the folder {folder} does not exist; put the export there"
        near = sorted(file.name for file in self.files if file.path.is_relative_to(folder))
        near += [
            f"{name} ({reason})" for name, reason in self.passed_over.items() if (self.folder / name).parent == folder
        ]
        holds = (
            f"it holds {', '.join(near[:5])}{' and more' if len(near) > 5 else ''}" if near else "it holds no export"
        )
        return (
            f"no export matches {request.pattern} in {folder}; {holds}. Put the export there, or write "
            "optional=true, columns=[...] into the shape when it may be missing"
        )


def find_exports(folder: Path) -> Exports:
    """Every file below the folder."""
    files, passed_over = [], {}
    for path in walk(folder, frozenset()) if folder.is_dir() else ():
        name = printable(path.relative_to(folder).as_posix())
        file = described(path, name, EXPORTS)
        if isinstance(file, str):
            passed_over[name] = file
        else:
            files.append(file)
    return Exports(folder, tuple(files), passed_over)


@dataclass(frozen=True)
class Reader:
    """Reads exports into the temporary tables of one connection."""

    db: duckdb.DuckDBPyConnection
    target: Target
    """Exports are read like the landing files of a table that requires no column."""
    scratch: Path
    """A folder for copies of exports in another form."""

    @classmethod
    def over(cls, db: duckdb.DuckDBPyConnection, scratch: Path) -> Reader:
        db.execute(ledger.DDL)
        newer_by = Column("_exported_at", "timestamp")
        table = RawTable(EXPORTS, "export", description="", columns=(newer_by,), key=(), newer_by=newer_by.name)
        target = Target(db, table, 0, Zones(), TableReport(EXPORTS))
        target.ensure_tables()
        db.execute(f"create temp table {FILES} (_file varchar, _exported_at timestamptz, file_id integer)")
        db.execute(f"create temp table {BROKEN} (_file varchar, _line bigint, _text varchar)")
        return cls(db, target, scratch)

    def load(self, request: Request, files: Sequence[LandingFile], relation: str) -> list[str]:
        """Writes the rows of the files to a temporary table; returns notices about files without rows.

        Raises BrokenFile for a file that cannot be read, ExportUnfinished for one that is still being written.
        """
        name = identifier(relation)
        self.db.execute(f"create temp table {name} (_file varchar, _line bigint, _exported_at timestamptz)")
        candidates, notices = self._inspect(request, files)
        for batch in batches(candidates):
            self._append(name, batch, request.text)
        for column in request.columns:
            if column.lower() not in map(str.lower, columns_of(self.db, name)):
                self.db.execute(f"alter table {name} add column {identifier(column)} varchar")
        filled = {value for (value,) in self.db.execute(f"select distinct _file from {name}").fetchall()}
        broken = {value for (value,) in self.db.execute(f"select distinct _file from {BROKEN}").fetchall()}
        if broken and not self.has_columns(relation):
            raise BrokenFile(f"{EXPORTS}/{min(broken)}: holds no JSON object; export it again as JSON Lines or CSV")
        notices += [
            f"{EXPORTS}/{candidate.file.name}: has no rows"
            for candidate in candidates
            if candidate.file.name not in filled | broken
        ]
        for file in files:
            if not file.is_unchanged():
                raise ExportUnfinished(f"{EXPORTS}/{file.name}: was written to while it was read")
        return notices

    def has_columns(self, relation: str) -> bool:
        """False when every file was empty, without even a header."""
        return len(columns_of(self.db, identifier(relation))) > len(ORIGIN)

    def _inspect(self, request: Request, files: Sequence[LandingFile]) -> tuple[list[Candidate], list[str]]:
        found, notices = [], []
        for file in files:
            try:
                candidate = self._candidate(request, file)
            except CutOffFile as problem:
                if file.modified_at() > time.time() - UNFINISHED_SECONDS:
                    raise ExportUnfinished(f"{EXPORTS}/{file.name}: {problem}") from problem
                raise BrokenFile(f"{EXPORTS}/{file.name}: {problem}; export it again") from problem
            except BrokenFile as problem:
                raise BrokenFile(f"{EXPORTS}/{file.name}: {problem}") from problem
            if candidate is None:
                notices.append(f"{EXPORTS}/{file.name}: is empty, not even a header")
            else:
                found.append(candidate)
        (first,) = one_row(self.db, f"select coalesce(max(file_id), 0) + 1 from {FILES}")
        found = [replace(candidate, file_id=first + number) for number, candidate in enumerate(found)]
        for candidate in found:
            self.db.execute(
                f"insert into {FILES} values (?, make_timestamptz(?), ?)",
                [candidate.file.name, int(candidate.file.modified_at() * 1e6), candidate.file_id],
            )
        return found, notices

    def _candidate(self, request: Request, file: LandingFile) -> Candidate | None:
        if file.problem:
            raise BrokenFile(file.problem)
        if file.format == "parquet":
            return self._parquet(file)
        if file.size == 0:
            return None
        if file.format == "csv":
            structure = scan_csv(file.path, request.columns)
            if not structure.names:
                return None
            _check_names(structure.names)
            columns = tuple((name, "VARCHAR") for name in structure.names)
            return Candidate(file, 0, "", columns, structure.names, structure, structure.records)
        file = self._as_lines(request, file)
        return Candidate(file, 0, "", (), text=scan_json_lines(file.path))

    def _parquet(self, file: LandingFile) -> Candidate:
        if problem := parquet_problem(file):
            raise (CutOffFile if "not finished" in problem else BrokenFile)(problem)
        structure = parquet_structures(self.db, [file])[str(file.path)]
        if isinstance(structure, str):
            raise BrokenFile(structure)
        columns, rows = structure
        names = tuple(name for name, _ in columns)
        _check_names(names)
        return Candidate(file, 0, "", columns, names, rows=rows)

    def _append(self, name: str, batch: Sequence[Candidate], as_text: bool) -> None:
        """Adds the rows of a batch; a column that other files lack is empty there."""
        found = read(self.target, batch)
        if self.target.report.rejected:
            raise BrokenFile(f"{EXPORTS}/{self.target.report.rejected.pop()}")
        columns = dict.fromkeys(found.incoming.columns, "VARCHAR") if as_text else found.incoming.columns
        known = columns_of(self.db, name)
        spelled = {column.lower(): column for column in known}
        for column, kind in columns.items():
            other = spelled.get(column.lower())
            if other is None:
                self.db.execute(f"alter table {name} add column {identifier(column)} {kind}")
            elif known[other] != kind:
                self.db.execute(f"alter table {name} alter column {identifier(other)} type varchar")
        fields = [
            f"nullif({_text_of_column(column, found.incoming.columns[column])}, '') as {identifier(column)}"
            if kind == "VARCHAR"
            else identifier(column)
            for column, kind in columns.items()
        ]
        self.db.execute(
            f"""insert into {name} by name
            select f._file, r._line, f._exported_at{"".join(f", {field}" for field in fields)}
            from {found.incoming.relation} as r inner join {FILES} as f on f.file_id = r._file_id"""
        )
        self.db.execute(
            f"""insert into {BROKEN} select f._file, q._line, json_extract_string(q.row, '$._text')
            from {self.target.quarantine} as q inner join {FILES} as f on f.file_id = q._file_id"""
        )
        self.db.execute(f"delete from {self.target.quarantine}")

    def _as_lines(self, request: Request, file: LandingFile) -> LandingFile:
        """The file, or a copy as JSON Lines of one that is a single JSON document."""
        if not _is_document(file.path, request.rows):
            return file
        rows = _rows_of_document(file.path, request.rows)
        copy = self.scratch / f"{len(list(self.scratch.iterdir()))}.jsonl"
        copy.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        # Of several exports of a thing the newest counts.
        os.utime(copy, (file.modified_at(),) * 2)
        status = copy.stat()
        return replace(file, path=copy, size=status.st_size, fingerprint=fingerprint_of(status))


def _text_of_column(column: str, kind: str) -> str:
    """The column as text; nested values as JSON, which is how they arrive from JSON."""
    if kind == "VARCHAR":
        return identifier(column)
    is_nested = kind.endswith("]") or kind.startswith(("STRUCT", "MAP"))
    return f"cast({'to_json(' if is_nested else '('}{identifier(column)}) as varchar)"


def _check_names(names: Iterable[str]) -> None:
    taken = sorted(name for name in names if name.lower() in {*RESERVED, *ORIGIN})
    if taken:
        raise BrokenFile(f"has a column {', '.join(taken)}, a name that shapes keep for themselves; rename or drop it")


def _is_document(path: Path, key: str | None) -> bool:
    """True for a file that is one JSON value over several lines, or that begins with a page."""
    with opened(path, compression_of(path)) as stream:
        first = next((line for line in stream if line.strip()), b"").removeprefix(b"\xef\xbb\xbf").strip()
    if first.startswith(b"["):
        return True
    try:
        found = json.loads(first)
    except ValueError:
        # Either a document over several lines, or JSON Lines of which the first is broken.
        return first.startswith(b"{") and _is_json(_text_of(path))
    return _is_page(found, key)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _text_of(path: Path) -> str:
    with opened(path, compression_of(path)) as stream:
        return stream.read().decode("utf-8-sig", "replace")


def _is_page(found: Any, key: str | None) -> bool:
    return key is not None and isinstance(found, dict) and isinstance(found.get(key), list)


def _rows_of_document(path: Path, key: str | None) -> list[Any]:
    """The rows of a document, or of pages one under the other; what is not a page is a row itself."""
    text = _text_of(path)
    try:
        documents = [json.loads(text)]
    except ValueError:
        try:
            documents = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise BrokenFile(f"is not valid JSON ({error}); export it again") from error
    rows: list[Any] = []
    for document in documents:
        found = document[key] if _is_page(document, key) else document
        rows += found if isinstance(found, list) else [found]
    return rows
