"""What was run: beside the results of a shape, so that a folder which is copied keeps both or neither."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from stayhouse.contract.names import file_name
from stayhouse.loading.discovery import LandingFile

# Another number makes every shape run again.
ENGINE = 2
SHAPED = "shaped"


class Made(NamedTuple):
    """How a result was made."""

    mark: str
    """Fingerprint of what it was made of."""
    rows: int = 0
    """Rows of the exports that its rows come from."""
    left_out: int = 0
    """Those of them that are in no row of the result."""
    examples: tuple[str, ...] = ()
    """File and line of the first of them."""


@dataclass(frozen=True)
class Place:
    """Where the results of a shape are in the landing folder."""

    folder: Path
    """The folder of shaped files of its table."""
    name: str

    @classmethod
    def of(cls, landing: Path, table: str, name: str) -> Place:
        return cls(landing / table / SHAPED, file_name(name))

    @property
    def whole(self) -> Path:
        """The result of a shape that is run for all exports at once."""
        return self.folder / f"{self.name}.parquet"

    def of_export(self, export: str) -> Path:
        """The result for one export."""
        return self.folder / self.name / f"{file_name(export)}.parquet"

    @property
    def state(self) -> Path:
        return self.folder / f"_{self.name}.json"

    def read(self) -> dict[str, Made]:
        """Results that are there (paths below the folder)."""
        try:
            known = json.loads(self.state.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return {key: _made(one) for key, one in known.items() if (self.folder / key).exists()}

    def write(self, results: Mapping[str, Made]) -> None:
        """Remembers the results; without any nothing stays."""
        if not results:
            self.state.unlink(missing_ok=True)
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self.state.with_suffix(".tmp")
        fresh.write_text(json.dumps(results, indent=0, sort_keys=True))
        os.replace(fresh, self.state)

    def key(self, result: Path) -> str:
        return result.relative_to(self.folder).as_posix()


def _made(noted: Any) -> Made:
    if isinstance(noted, str):
        # An earlier version noted the fingerprint only.
        return Made(noted)
    mark, rows, left_out, examples = noted
    return Made(mark, rows, left_out, tuple(examples))


def fingerprint(sql: str, columns: Iterable[str], files: Iterable[LandingFile]) -> str:
    """What a result depends on: its SQL, the columns of its table, its exports as they look from outside."""
    parts = [ENGINE, sql, *columns, *sorted((file.name, file.fingerprint) for file in files)]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def places(landing: Path) -> Iterator[Place]:
    """Every place that has results of shapes, also of shapes that are missing now."""
    for state in sorted(landing.glob(f"*/{SHAPED}/_*.json")):
        yield Place(state.parent, state.stem.removeprefix("_"))


def results(landing: Path) -> set[Path]:
    """The files that shapes have made."""
    return {place.folder / result for place in places(landing) for result in place.read()}
