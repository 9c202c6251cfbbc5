"""What lies in the landing folder: the files of every table, and what cannot be read with the reason why."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from stayhouse.loading.reports import LoadError

FORMATS = {
    ".parquet": "parquet", ".pq": "parquet", ".csv": "csv", ".tsv": "csv", ".tab": "csv", ".txt": "csv",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
}  # fmt: skip
COMPRESSED_SUFFIXES = (".gz", ".zst")
# Writers that finish with a rename use these while they write.
UNFINISHED_SUFFIXES = (".tmp", ".part", ".partial", ".crdownload", ".inprogress", ".writing")
# Formats that hold tables and are not read here: their rows would be missing, so the file is rejected by name.
READABLE = "Parquet, CSV or JSON Lines, plain or compressed as .gz or .zst"
OTHER_FORMATS = {
    "an Excel workbook": (".xlsx", ".xls", ".xlsm", ".xlsb"),
    "a spreadsheet": (".ods", ".numbers"),
    "an archive": (".zip", ".7z", ".rar", ".tar", ".tgz"),
    "compressed in a way that is not read": (".bz2", ".xz", ".lz4", ".snappy", ".br"),
    "an Avro file": (".avro",),
    "an ORC file": (".orc",),
    "an Arrow file": (".arrow", ".feather"),
    "an XML file": (".xml",),
    "a database file": (".db", ".sqlite", ".sqlite3", ".duckdb", ".mdb", ".accdb", ".sql"),
    "a file of a statistics package": (".sav", ".dta", ".sas7bdat", ".rds"),
}
UNREADABLE_SUFFIXES = {suffix: name for name, suffixes in OTHER_FORMATS.items() for suffix in suffixes}
SET_ASIDE = "or set the file aside by a name that begins with an underscore"


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
    problem: str | None = None
    """Why the file cannot be read at all, with the way out."""

    @property
    def is_optional_text(self) -> bool:
        """True for a name that may just as well be a note to people: it is only read when its header is the table's."""
        return self.path.suffix.lower() == ".txt"

    def is_unchanged(self) -> bool:
        """False when the file was written to, replaced or removed since it was found."""
        try:
            return fingerprint_of(self.path.stat()) == self.fingerprint
        except FileNotFoundError:
            return False

    def modified_at(self) -> float:
        """Seconds since the epoch."""
        return self.path.stat().st_mtime

    def content_hash(self) -> str:
        """SHA-256 of the bytes."""
        return content_hash_of(self.path)


@dataclass
class Found:
    """What lies in the landing folder."""

    files: dict[str, list[LandingFile]]
    """By table, in name order."""
    notices: list[str] = field(default_factory=list)
    """What is passed over and why."""


def find_files(raw: Path, tables: Iterable[str]) -> Found:
    """The landing files of every table. Links are followed. Raises LoadError for a folder that cannot be read."""
    known = set(tables)
    found = Found({table: [] for table in known})
    for entry in sorted(_entries(raw)):
        if is_set_aside(entry.name):
            continue
        if entry.name in known and (entry.is_dir() or entry.is_symlink()):
            for path in walk(entry, frozenset()):
                _add(found, entry.name, path, printable(path.relative_to(raw).as_posix()))
        elif entry.is_dir():
            found.notices.append(
                f"{printable(entry.name)}/: no table of the raw contract has this name, so nothing of it is read"
                + _similar(entry.name, known)
            )
        else:
            found.notices.append(
                f"{printable(entry.name)}: lies beside the table folders and is not read; put it into a table's folder"
            )
    return found


def _similar(name: str, known: set[str]) -> str:
    plain = name.strip().lower().replace(" ", "_").replace("-", "_")
    return f"; rename it to {plain}/ if it holds that table" if plain in known else ""


def is_set_aside(name: str) -> bool:
    return name.startswith((".", "_"))


def printable(name: str) -> str:
    """A name that is not valid UTF-8 is shown with escapes: messages and the ledger hold text."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _entries(folder: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(folder)]
    except PermissionError as error:
        raise LoadError(
            f"{folder}: this folder cannot be read ({error.strerror}), so its files would be missing; "
            "give the user of the run the right to read it, or set it aside by a name that begins with an underscore"
        ) from error


def walk(place: Path, above: frozenset[Path]) -> Iterator[Path]:
    """Every file below a folder, through links, in name order; a link back to a folder above is not followed."""
    if not place.is_dir():
        yield place  # a link that leads nowhere
        return
    real = place.resolve()
    if real in above:
        return
    for entry in sorted(_entries(place)):
        if is_set_aside(entry.name):
            continue
        if entry.is_dir():
            yield from walk(entry, above | {real})
        else:
            yield entry


def _add(found: Found, table: str, path: Path, name: str) -> None:
    """Adds a file to those of its table, or says why it is not read."""
    file = described(path, name, table)
    if isinstance(file, str):
        found.notices.append(f"{name}: {file}")
    else:
        found.files[table].append(file)


def described(path: Path, name: str, table: str) -> LandingFile | str:
    """The file as the operating system shows it; a text that says why it is passed over."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in UNFINISHED_SUFFIXES:
        return "still being written, left for the next run"
    kind = _format_of(suffixes)
    problem = _problem_of(path, suffixes) if kind is None else None
    if kind is None and problem is None and path.exists():
        return f"its name is not that of a {READABLE} file, so it is not read"
    problem = _problem_of_access(path, name) or problem
    status = path.lstat() if problem else path.stat()
    return LandingFile(table, path, name, kind or "unknown", status.st_size, fingerprint_of(status), problem)


def _format_of(suffixes: list[str]) -> str | None:
    if suffixes and suffixes[-1] in COMPRESSED_SUFFIXES:
        kind = FORMATS.get(suffixes[-2]) if len(suffixes) > 1 else None
        return kind if kind != "parquet" else None
    return FORMATS.get(suffixes[-1]) if suffixes else None


def _problem_of(path: Path, suffixes: list[str]) -> str | None:
    """Why a file with this name cannot be read although it looks like data."""
    if not suffixes:
        return None
    if suffixes[-1] in UNREADABLE_SUFFIXES:
        return f"is {UNREADABLE_SUFFIXES[suffixes[-1]]}; export its rows as {READABLE}, {SET_ASIDE}"
    if suffixes[-1] in COMPRESSED_SUFFIXES:
        return f"is compressed, and its name does not say what is inside; name it like rows.csv.gz, {SET_ASIDE}"
    return None


def _problem_of_access(path: Path, name: str) -> str | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return f"is a link to {os.readlink(path)}, which does not exist; correct or remove the link"
    except OSError as error:
        return f"cannot be reached ({error.strerror}); correct or remove it"
    if not stat.S_ISREG(status.st_mode):
        return f"is a device, pipe or socket, not a file; remove it, {SET_ASIDE}"
    if not os.access(path, os.R_OK):
        return "cannot be read (Permission denied); give the user of the run the right to read it"
    if printable(str(path)) != str(path):
        return f"has a name that is not UTF-8; rename it, {SET_ASIDE}"
    return None


def content_hash_of(path: Path) -> str:
    """SHA-256 of the bytes of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fingerprint_of(status: os.stat_result) -> str:
    """What changes with the content of a file, as the operating system shows it."""
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_ino}"


def parquet_problem(file: LandingFile) -> str | None:
    """Why the bytes cannot be a finished Parquet file, or None."""
    with file.path.open("rb") as stream:
        head = stream.read(4)
        stream.seek(max(file.size - 4, 0))
        tail = stream.read(4)
    if head != b"PAR1" and file.size > 0:
        return "is not a Parquet file (no PAR1 at its start); write it again or rename it to its real format"
    if tail != b"PAR1" or file.size < 12:
        return "is not finished (no PAR1 at its end)"
    return None
