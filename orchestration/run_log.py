"""What the last run did, as one JSON file beside the warehouse. Stages write it, `stayhouse status` reads it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class RunLog:
    """A small JSON document, replaced as a whole on every change, so that a reader never sees half of it."""

    def __init__(self, path: Path):
        self.path = path

    def read(self) -> dict[str, Any]:
        """The document; empty when there has been no run."""
        try:
            document: dict[str, Any] = json.loads(self.path.read_text())
            return document
        except FileNotFoundError:
            return {}

    def begin(self, **entries: Any) -> None:
        """Starts the document of a new run."""
        self._write(entries)

    def note(self, **entries: Any) -> None:
        """Sets entries of the current run."""
        self._write(self.read() | entries)

    def _write(self, document: dict[str, Any]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(document, indent=1, default=str))
        os.replace(fresh, self.path)


def warnings_of(log: Mapping[str, Any]) -> list[str]:
    """What dbt and both gates warned of in the run of a log."""
    checks = (log.get("raw_checks"), log.get("mart_checks"))
    return [*(log.get("dbt_warnings") or []), *(line for found in checks for line in (found or {}).get("warnings", []))]
