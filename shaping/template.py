"""A shape: one SELECT in a file named after a raw table, with Jinja for the exports that it reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment

from stayhouse.contract import RawTable
from stayhouse.contract.sql import identifier
from stayhouse.contract.words import close_to
from stayhouse.loading.discovery import is_set_aside, walk
from stayhouse.shaping.problems import ShapeError

# What a shape leaves out, in one line of comment.
LEFT_OUT = re.compile(r"^\s*-- left out: *(.+)$", re.MULTILINE | re.IGNORECASE)
LINE_OF_DUCKDB = re.compile(r"^LINE (\d+):", re.MULTILINE)


@dataclass(frozen=True)
class Request:
    """The exports that a shape asks for: `{{ export('stripe/invoices*.csv') }}`."""

    pattern: str
    """Path below the folder of exports, with * for any name, ** for any folders, {a,b} for either."""
    each: bool = False
    """True when the shape is run for each file alone."""
    optional: bool = False
    """True when there may be no file."""
    columns: tuple[str, ...] = ()
    """Columns that are empty where no file has them."""
    rows: str | None = None
    """Key of the list of rows in a page of an interface."""
    latest: tuple[str, ...] = ()
    """Columns that name a thing; of several exports of it only the newest row counts."""
    text: bool = False
    """True when Parquet arrives as text too, so that a shape reads every format alike."""

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """Matches the paths of its files, compressed ones too."""
        parts = re.split(r"(\*\*/|\*|\?|\{|\}|,)", self.pattern)
        meaning = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")"}
        if "{" in parts:
            meaning[","] = "|"
        return re.compile("".join(meaning.get(part, re.escape(part)) for part in parts) + r"(\.gz|\.zst)?", re.I)


@dataclass(frozen=True)
class Shape:
    """A shape as it was read, with its exports named in the SQL by their patterns."""

    path: Path
    shown: str
    """How messages name it: shapes/stripe/payments.sql."""
    table: RawTable
    name: str
    """Its name among the shapes of the table: that of its folder, else that of the table."""
    sql: str
    requests: tuple[Request, ...]

    @property
    def each(self) -> Request | None:
        return next((request for request in self.requests if request.each), None)

    @cached_property
    def left_out(self) -> str:
        """Which rows of its exports become no row, in the words of its comments."""
        return "; ".join(found.strip().removesuffix(".") for found in LEFT_OUT.findall(self.path.read_text()))

    def line_of(self, text: str) -> int | None:
        """The first line with this pattern of an export, or this name of a column."""
        found = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)", re.I)
        lines = self.path.read_text().splitlines()
        return next((number for number, line in enumerate(lines, 1) if found.search(line)), None)

    def fault(self, message: str, line: int | None = None) -> ShapeError:
        return ShapeError(f"{self.shown}{f' line {line}' if line else ''}: {message}")

    def fault_of(self, error: duckdb.Error) -> ShapeError:
        """An error of DuckDB with its line in the shape."""
        return ShapeError(in_words(self.shown, error))


def in_words(shown: str, error: duckdb.Error) -> str:
    """The sentence about an error of DuckDB in a shape."""
    text = str(error)
    found = LINE_OF_DUCKDB.search(text)
    what = " ".join((text[: found.start()] if found else text).split())
    hint = ""
    if isinstance(error, duckdb.CatalogException) and what.startswith("Catalog Error: Table with name"):
        what = what.partition(" Did you mean")[0]
        hint = "; a shape reads exports only: {{ export('tool/file*.csv') }}"
    elif isinstance(error, duckdb.PermissionException):
        what = "only exports can be read"
        hint = "; write {{ export('tool/file*.csv') }} instead of a path"
    elif isinstance(error, duckdb.ConversionException):
        hint = "; try_cast gives an empty value instead"
    return f"{shown}{f' line {found[1]}' if found else ''}: {what}{hint}"


@dataclass
class FoundShapes:
    """The shapes of a company, and what is wrong with the others."""

    shapes: list[Shape] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def shape_files(folder: Path) -> list[Path]:
    """The SQL files below a folder of shapes, in name order; names that begin with an underscore are set aside."""
    if not folder.is_dir():
        return []
    return [path for path in walk(folder, frozenset()) if path.suffix == ".sql" and not is_set_aside(path.name)]


def find_shapes(folder: Path, tables: Mapping[str, RawTable]) -> FoundShapes:
    """Reads every shape below the folder."""
    found = FoundShapes()
    places: dict[tuple[str, str], str] = {}
    for path in shape_files(folder):
        shown = f"{folder.name}/{path.relative_to(folder).as_posix()}"
        try:
            shape = _read(path, folder, shown, tables)
        except ShapeError as error:
            found.faults.append(str(error))
            continue
        other = places.setdefault((shape.table.name, shape.name.lower()), shown)
        if other != shown:
            found.faults.append(
                f"{shown}: {other} has the same name and table, so their rows would replace each other; "
                "move one into a folder with another name"
            )
        else:
            found.shapes.append(shape)
    return found


def _read(path: Path, folder: Path, shown: str, tables: Mapping[str, RawTable]) -> Shape:
    table = tables.get(path.stem)
    if table is None:
        raise ShapeError(
            f"{shown}: no table of the raw contract is called {path.stem}{close_to(path.stem, tables)} "
            f"A shape is named after its table: {', '.join(sorted(tables))}"
        )
    sql, requests = _render(path, shown)
    name = ".".join(path.parent.relative_to(folder).parts) or table.name
    shape = Shape(path, shown, table, name, sql, requests)
    if not requests:
        raise shape.fault("reads no export; name one like {{ export('stripe/customers*.csv') }}")
    if sum(request.each for request in requests) > 1:
        raise shape.fault("only one export of a shape can have each=true; read the others whole")
    _check_statement(shape)
    return shape


def _render(path: Path, shown: str) -> tuple[str, tuple[Request, ...]]:
    """The SQL with names for the exports, line by line as it was written, and the exports."""
    requests: dict[str, Request] = {}

    def export(pattern: str, **options: Any) -> str:
        request = _request(pattern, options)
        if requests.setdefault(pattern, request) != request:
            raise TemplateError(f"{pattern} is asked for twice with other options; give both the same")
        return identifier(pattern)

    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    try:
        sql = environment.from_string(path.read_text()).render(export=export)
    except TemplateSyntaxError as error:
        raise ShapeError(f"{shown} line {error.lineno}: {error.message}") from error
    except (TemplateError, TypeError, UnicodeDecodeError) as error:
        raise ShapeError(f"{shown}{_line_of_template(error)}: {error}") from error
    return sql, tuple(requests.values())


def _line_of_template(error: Exception) -> str:
    """Jinja puts the lines of the template into the traceback."""
    line, trace = None, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return f" line {line}" if line else ""


def _request(pattern: str, options: dict[str, Any]) -> Request:
    known = ("each", "optional", "columns", "rows", "latest", "text")
    for name in options:
        if name not in known:
            raise TemplateError(f"export() has no option {name}{close_to(name, known)} It takes {', '.join(known)}")
    if not isinstance(pattern, str) or not pattern or pattern.startswith("/") or ".." in pattern.split("/"):
        raise TemplateError(f"export() takes a path below the folder of exports, not {pattern!r}")
    request = Request(
        pattern,
        bool(options.get("each")),
        bool(options.get("optional")),
        _names("columns", options.get("columns", ())),
        options.get("rows"),
        _names("latest", options.get("latest", ())),
        bool(options.get("text")),
    )
    if request.optional and not request.columns:
        raise TemplateError(f"{pattern} is optional, so its columns must be named: columns=['id', ...]")
    return request


def _names(option: str, stated: Any) -> tuple[str, ...]:
    names = (stated,) if isinstance(stated, str) else stated
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise TemplateError(f"{option} takes names of columns, like ['id', 'email']")
    return tuple(names)


def _check_statement(shape: Shape) -> None:
    """Raises ShapeError for anything but one query."""
    try:
        statements = duckdb.extract_statements(shape.sql)
    except duckdb.Error as error:
        raise shape.fault_of(error) from error
    kinds = [statement.type for statement in statements]
    if kinds != [duckdb.StatementType.SELECT] or not re.match(r"(select|with|from|values|\()", _start(shape.sql)):
        raise shape.fault(f"a shape is one SELECT; this has {_kinds_in_words(kinds)}")


def _start(sql: str) -> str:
    """The first words without comments."""
    return re.sub(r"^(\s*(--[^\n]*\n|/\*.*?\*/))*\s*", "", sql, flags=re.DOTALL).lower()


def _kinds_in_words(kinds: Iterable[duckdb.StatementType]) -> str:
    return ", ".join(kind.name for kind in kinds) or "none"
