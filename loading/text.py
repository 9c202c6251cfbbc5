"""CSV and JSON Lines files by their bytes: what their header is, how many records they hold, where a record breaks.

DuckDB reads regular files many times faster, but it mends what it finds: an unclosed quote takes the rest of the file
for one value, a truncated archive ends early, lines that end differently stop it. So each file is scanned first, and
one that is not regular is taken apart here, line by line.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stayhouse.contract.compression import CHUNK_BYTES, BrokenFile, CutOffFile, compression_of, opened
from stayhouse.loading.naming import matching_names

DELIMITERS = ",;\t|"
MAX_VALUE_BYTES = 64 * 1024**2
UTF8_MARK = b"\xef\xbb\xbf"
NOT_UTF8_MARKS = (b"\xff\xfe", b"\xfe\xff")
NOT_UTF8 = "is not UTF-8 text (it is UTF-16, or damaged); save it as UTF-8"
DATE_LIKE = re.compile(r"\s*\d{4}-\d{2}-\d{2}")
BLANK_LINE = re.compile(rb"\n[ \r]*(?=\n)")
# Bytes that are not UTF-8, as `surrogateescape` reads them.
UNDECODABLE = re.compile("[\udc80-\udcff]")
BLANKS = " \r\n"

csv.field_size_limit(MAX_VALUE_BYTES)


@dataclass(frozen=True)
class TextStructure:
    """What a scan of a text file found."""

    compression: str = "none"
    """none, gzip or zstd, as DuckDB names it."""
    delimiter: str = ","
    names: tuple[str, ...] = ()
    """Columns of a CSV file as its header writes them; empty for JSON Lines and for an empty file."""
    header_line: int = 1
    records: int = 0
    """Records of a regular file, the header not counted."""
    is_regular: bool = True
    """False when the lines end differently, are blank, or lie within quotes; then the file is taken apart here."""


@dataclass(frozen=True)
class Record:
    """One record of a CSV file."""

    line: int
    """Line on which it begins; the first line of the file is 1."""
    values: Sequence[str] | None
    """None when the line cannot be taken apart into the columns of the header."""
    text: str


def scan_csv(path: Path, expected: Sequence[str]) -> TextStructure:
    """The structure of a CSV file whose table has the `expected` columns. Raises BrokenFile."""
    compression = compression_of(path)
    lines = _count_lines(path, compression)
    header_line, header, delimiter = _csv_header(path, compression, expected)
    if not header.strip():
        return TextStructure(compression)
    is_regular = header_line == 1 and lines.end_alike and not lines.are_blank and lines.end_with_newline
    if is_regular and lines.have_quotes:
        is_regular = _has_a_record_per_line(path, compression, delimiter)
    try:
        names = next(csv.reader([header], delimiter=delimiter, skipinitialspace=True, strict=True))
    except csv.Error as error:
        kind = BrokenFile if header.endswith(("\n", "\r")) else CutOffFile
        raise kind(f"opens a quote in its header (line {header_line}) that is not closed; close the quote") from error
    return TextStructure(
        compression,
        delimiter,
        tuple(name.strip() or f"column_{position}" for position, name in enumerate(names, 1)),
        header_line,
        lines.number - 1,
        is_regular,
    )


def scan_json_lines(path: Path) -> TextStructure:
    """The structure of a JSON Lines file. Raises BrokenFile."""
    compression = compression_of(path)
    lines = _count_lines(path, compression)
    if lines.first == b"[" and _begins_an_array(path, compression):
        raise BrokenFile("is one JSON array; write JSON Lines: one object per line and nothing around them")
    is_regular = lines.end_alike and lines.end_with_newline and not lines.begin_with_mark
    return TextStructure(compression, records=lines.number, is_regular=is_regular)


def _begins_an_array(path: Path, compression: str) -> bool:
    """True when the first line opens an array of objects; an array of its own is only a broken line."""
    with opened(path, compression) as stream:
        line = next(line for line in _text_lines(stream) if line.strip())
    try:
        values = json.loads(line)
    except ValueError:
        return True
    return any(isinstance(value, dict) for value in values)


class _Lines:
    """What the lines of a file have in common, found chunk by chunk."""

    def __init__(self) -> None:
        self.have_quotes = self.are_blank = self.begin_with_mark = False
        self.first = b""
        """The first byte that is neither a mark nor blank."""
        self._returns = self._pairs = self._feeds = 0
        self._end = b""

    def add(self, chunk: bytes) -> None:
        if not self._end:
            self.begin_with_mark = chunk.startswith(UTF8_MARK)
        if b"\0" in chunk or (not self._end and chunk.startswith(NOT_UTF8_MARKS)):
            raise BrokenFile(NOT_UTF8)
        self.first = self.first or chunk.removeprefix(UTF8_MARK).lstrip()[:1]
        self.have_quotes = self.have_quotes or b'"' in chunk
        joined = self._end + chunk
        self.are_blank = self.are_blank or BLANK_LINE.search(joined) is not None
        self._feeds += chunk.count(b"\n")
        self._returns += chunk.count(b"\r")
        self._pairs += joined.count(b"\r\n") - self._end.count(b"\r\n")
        self._end = joined[-3:]

    @property
    def end_alike(self) -> bool:
        return self._returns == 0 or self._returns == self._feeds == self._pairs

    @property
    def end_with_newline(self) -> bool:
        return self._end.endswith(b"\n")

    @property
    def number(self) -> int:
        return self._feeds + (bool(self._end) and not self.end_with_newline)


def _count_lines(path: Path, compression: str) -> _Lines:
    lines = _Lines()
    with opened(path, compression) as stream:
        for chunk in iter(lambda: stream.read(CHUNK_BYTES), b""):
            lines.add(chunk)
    return lines


def _text_lines(stream: io.BufferedReader) -> Iterable[str]:
    # Bytes that are not UTF-8 pass as surrogates, so that only their own line is broken.
    return io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")


def _csv_header(path: Path, compression: str, expected: Sequence[str]) -> tuple[int, str, str]:
    """Line number, text and delimiter of the header; the delimiter that yields most expected columns."""
    number, line = 1, ""
    with opened(path, compression) as stream:
        for number, line in enumerate(_text_lines(stream), 1):  # noqa: B007
            # Excel writes `sep=;` above the header.
            if line.strip() and not re.fullmatch(r"sep=.\s*", line):
                break
        else:
            return 1, "", ","
    columns = {
        delimiter: next(csv.reader([line], delimiter=delimiter, skipinitialspace=True)) for delimiter in DELIMITERS
    }
    delimiter = max(
        DELIMITERS, key=lambda d: (len(matching_names(columns[d], expected)), len(columns[d]), -DELIMITERS.index(d))
    )
    return number, line, delimiter


def _has_a_record_per_line(path: Path, compression: str, delimiter: str) -> bool:
    """True when no quoted value holds a line break and every quote is where the format wants it."""
    with opened(path, compression) as stream:
        reader = csv.reader(_text_lines(stream), delimiter=delimiter, strict=True, skipinitialspace=True)
        try:
            return all(reader.line_num == number for number, _ in enumerate(reader, 1))
        except csv.Error:
            return False


def csv_records(path: Path, structure: TextStructure, dated: int | None) -> Iterator[Record]:
    """The records of a CSV file below its header, with the line on which each begins.

    `dated` is the position of a column that holds a date in every row: by it rows are recognised that an unclosed quote
    took into one value. Without one each line with as many columns is taken for a row. Raises BrokenFile where quotes
    span lines that look like rows, CutOffFile where the last record is not finished.
    """
    width = len(structure.names)
    with opened(path, structure.compression) as stream:
        source = _Remembering(iter(_text_lines(stream)))
        for _ in range(structure.header_line):
            next(source)
        source.number = structure.header_line
        while True:
            source.taken = []
            begin = source.number + 1
            # A reader of its own for each record: after an error it goes on in the middle of a value.
            reader = csv.reader(source, delimiter=structure.delimiter, strict=True, skipinitialspace=True)
            try:
                values = next(reader, None)
                is_quoted_well = True
            except csv.Error:
                values, is_quoted_well = None, False
            text = "".join(source.taken)
            if not text:
                return
            if not text.strip(BLANKS):
                continue
            if not is_quoted_well:
                _check_quotes(begin, source)
            if values is None or len(values) != width or _is_undecodable(text):
                _check_width(begin, source.taken, width if values is None else len(values), width)
                yield Record(begin, None, escaped(text))
                continue
            if len(source.taken) > 1:
                # The line with the closing quote may hold a date behind the text; with the first it makes two rows.
                is_two_rows = _is_row(source.taken[0], structure, dated, quoted=False)
                _check_rows_within(begin, source.taken[: None if is_two_rows else -1], structure, dated)
            yield Record(begin, values, text)


def json_records(path: Path, structure: TextStructure) -> Iterator[Record]:
    """The lines of a JSON Lines file that are not blank. Raises CutOffFile where the last one is not finished."""
    with opened(path, structure.compression) as stream:
        for number, line in enumerate(_text_lines(stream), 1):
            text = line.rstrip("\r\n")
            if not text.strip():
                continue
            if text == line and not _is_json(text):
                raise CutOffFile(f"ends in the middle of line {number}")
            yield Record(number, None, escaped(text)) if _is_undecodable(text) else Record(number, [text], text)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _check_quotes(begin: int, source: _Remembering) -> None:
    """A record whose quotes are wrong is a broken row when it is one line; else nobody knows which rows it took."""
    end = source.number
    if source.is_over:
        # Further lines may be on their way, but a finished line differs from an unfinished one.
        kind = BrokenFile if source.taken[-1].endswith(("\n", "\r")) else CutOffFile
        raise kind(
            f"opens a quote in line {begin} that is never closed, so that lines {begin} to {end} would be one value; "
            "close the quote, or write the file again if it is truncated"
        )
    if len(source.taken) > 1:
        raise BrokenFile(
            f"opens a quote in line {begin} that is closed in line {end} in the middle of a value, so that the lines "
            "between them would be lost; close the quote in its own line, or double the quotes within values"
        )


def _check_width(begin: int, lines: Sequence[str], found: int, width: int) -> None:
    """A record of another width is a broken row when it is one line; else a quote may have joined parts of several."""
    end = begin + len(lines) - 1
    if not lines[-1].endswith(("\n", "\r")) and found < width:
        raise CutOffFile(f"ends in the middle of line {end} ({found} of {width} columns)")
    if len(lines) > 1 and found != width:
        raise BrokenFile(
            f"opens a quote in line {begin} that is closed in line {end}, with {found} of {width} columns in all; "
            "a quote is missing or is one too many: close it in its own line, or double the quotes within values"
        )


def _check_rows_within(begin: int, lines: Sequence[str], structure: TextStructure, dated: int | None) -> None:
    """Raises BrokenFile when one of the lines after the first that a record took looks like a row of its own."""
    for number, line in enumerate(lines[1:], begin + 1):
        if _is_row(line, structure, dated, quoted=True):
            raise BrokenFile(
                f"opens a quote in line {begin} that takes in line {number}, which looks like a row; "
                "close the quote, or write the file as JSON Lines if such lines belong to a text"
            )


def _is_row(line: str, structure: TextStructure, dated: int | None, quoted: bool) -> bool:
    text = line if quoted else line.replace('"', "")
    try:
        values = next(csv.reader([text], delimiter=structure.delimiter, strict=True, skipinitialspace=True), [])
    except csv.Error:
        return False
    if len(values) != len(structure.names):
        return False
    return dated is None or DATE_LIKE.match(values[dated]) is not None


def _is_undecodable(text: str) -> bool:
    return not text.isascii() and UNDECODABLE.search(text) is not None


def escaped(text: str) -> str:
    """Text whose undecodable bytes are shown as escapes."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class _Remembering:
    """Lines of a file, of which those of the current record are kept."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.taken: list[str] = []
        self.number = 0
        self.is_over = False

    def __iter__(self) -> _Remembering:
        return self

    def __next__(self) -> str:
        line = next(self._lines, None)
        if line is None:
            self.is_over = True
            raise StopIteration
        self.taken.append(line)
        self.number += 1
        return line
