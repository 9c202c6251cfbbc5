"""dbt parses the project once for a whole test run, in a process of its own, because dbt keeps state globally."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from stayhouse.contract import REPO_ROOT
from stayhouse.orchestration.dbt_session import DbtSession
from stayhouse.orchestration.policy import SEEDS_FOLDER
from stayhouse.orchestration.settings import Settings

# dbt names the catalogue of its relations after the file, so only warehouses of this name can share what was parsed.
WAREHOUSE = "stayhouse.duckdb"
# What dbt has parsed, as Python packs it: dbt's own file of it takes five times as long to read.
MANIFEST = "manifest.pickle"


def settings_in(folder: Path) -> Settings:
    return Settings(
        raw=folder / "raw",
        policy=None,
        warehouse=folder / WAREHOUSE,
        publish=folder / "published",
        target=folder / "target",
    )


def parse_project(folder: Path) -> None:
    """Writes dbt's artifacts of the project with its own seeds into `folder/target`."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.parsing", str(folder)],
        cwd=REPO_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"dbt cannot parse the project:\n{(done.stdout + done.stderr)[-3000:]}"


def reader(parsed: Path) -> Callable[[DbtSession], Any]:
    """A function that gives a session its manifest from what was parsed."""
    from dbt.contracts.graph.manifest import Manifest

    packed = (parsed / MANIFEST).read_bytes()

    def read(session: DbtSession) -> Any:
        manifest = Manifest(**pickle.loads(packed))
        # A company's own policy differs in the content of seeds only.
        for node in manifest.nodes.values():
            if node.resource_type == "seed":
                place = Path(session.seed_path) / Path(node.original_file_path).name
                node.original_file_path = str(place)
        return manifest

    return read


if __name__ == "__main__":
    place = Path(sys.argv[1])
    found = DbtSession(settings_in(place), SEEDS_FOLDER).parse(write=True)
    # Packed as a whole a manifest loses one of its parts. What begins with _ is made of the others.
    parts = {part.name: getattr(found, part.name) for part in fields(found) if not part.name.startswith("_")}
    (place / MANIFEST).write_bytes(pickle.dumps(parts, pickle.HIGHEST_PROTOCOL))
