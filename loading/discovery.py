"""What lies in the landing folder, and which of it the ledger does not know yet."""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FORMATS = {".parquet": "parquet", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
# Writers that finish with a rename use these while they write.
UNFINISHED_SUFFIXES = (".tmp", ".part", ".partial", ".crdownload", ".inprogress", ".writing")
DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class LandingFile:
    """One landing file as the operating system shows it, before anything of it is read."""

    table: str
    path: Path
    name: str
    """Path below the landing folder, which is how messages and the ledger name the file."""
    format: str
    size: int
    fingerprint: str
    """Size, modification and change time and inode: while it is the same, so is the content."""

    def is_unchanged(self) -> bool:
        """False when the file was written to, replaced or removed since it was found."""
        try:
            return _fingerprint(self.path.stat()) == self.fingerprint
        except FileNotFoundError:
            return False

    def content_hash(self) -> str:
        """SHA-256 of the bytes."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


def _fingerprint(status: os.stat_result) -> str:
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_ino}"


def _format_of(path: Path) -> str | None:
    suffixes = path.suffixes
    if suffixes and suffixes[-1] == ".gz" and len(suffixes) > 1 and FORMATS.get(suffixes[-2]) in ("csv", "jsonl"):
        return FORMATS[suffixes[-2]]
    return FORMATS.get(path.suffix)


def find_files(raw: Path, tables: Iterable[str]) -> tuple[dict[str, list[LandingFile]], list[str]]:
    """The landing files of every table, in name order, and notices about what is passed over and why."""
    known = set(tables)
    found: dict[str, list[LandingFile]] = {table: [] for table in known}
    notices: list[str] = []
    for entry in sorted(raw.iterdir()):
        if entry.name.startswith((".", "_")):
            continue
        if not entry.is_dir():
            notices.append(f"{entry.name}: lies beside the table folders and is not read; put it into a table's folder")
        elif entry.name not in known:
            notices.append(f"{entry.name}/: no table of the raw contract has this name, so nothing of it is read")
        else:
            for folder, folders, files in os.walk(entry):
                folders[:] = sorted(f for f in folders if not f.startswith((".", "_")))
                for file in sorted(files):
                    path = Path(folder) / file
                    name = path.relative_to(raw).as_posix()
                    if file.startswith((".", "_")):
                        continue
                    if file.endswith(UNFINISHED_SUFFIXES):
                        notices.append(f"{name}: still being written, left for the next run")
                        continue
                    kind = _format_of(path)
                    if kind is None:
                        notices.append(f"{name}: not a Parquet, CSV or JSON Lines file, so it is not read")
                        continue
                    status = path.stat()
                    found[entry.name].append(
                        LandingFile(entry.name, path, name, kind, status.st_size, _fingerprint(status))
                    )
    return found, notices


def parquet_problem(file: LandingFile) -> str | None:
    """Why the bytes cannot be a finished Parquet file, or None."""
    with file.path.open("rb") as stream:
        head = stream.read(4)
        stream.seek(max(file.size - 4, 0))
        tail = stream.read(4)
    if head != b"PAR1":
        return "is not a Parquet file (no PAR1 at its start); write it again or rename it to its real format"
    if tail != b"PAR1" or file.size < 12:
        return "is not finished (no PAR1 at its end): still being written or cut off; it is tried again on the next run"
    return None


def csv_header(file: LandingFile, expected: set[str]) -> tuple[str, list[str]]:
    """The delimiter and the column names of a CSV file.

    The delimiter is the one that yields most columns of the contract. Returns an empty list for an empty file.
    """
    opener = gzip.open if file.path.suffix == ".gz" else open
    with opener(file.path, "rt", encoding="utf-8-sig", errors="replace", newline="") as stream:
        line = stream.readline()
    if not line.strip():
        return ",", []
    candidates = {d: [name.strip() for name in next(csv.reader([line], delimiter=d))] for d in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda d: (len(expected & set(candidates[d])), -DELIMITERS.index(d)))
    return delimiter, candidates[delimiter]
