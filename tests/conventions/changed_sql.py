"""Prints the SQL that `make check` lints: what differs from the main branch. `make lint` lints everything.

    python -m tests.conventions.changed_sql

Linting takes sqlfluff a quarter of a second per file, and a file that has not changed breaks no new rule. A changed macro
or setting of the linter can break any file, so all are listed then, and so they are where git cannot tell.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

FOLDERS = ("models", "tests/dbt", "integration_tests")
READ_BY_ALL = ("macros/", "tests/conventions/sqlfluff_stubs/", ".sqlfluff", "requirements-dev.lock")
MAIN = ("origin/main", "main")


def changed_sql(project: Path) -> list[str]:
    """Paths of changed SQL files, or the folders of all."""
    base = next((found for name in MAIN if (found := _git(project, "merge-base", "HEAD", name))), None)
    if base is None:
        return list(FOLDERS)
    changed = [
        *(_git(project, "diff", "--name-only", "--diff-filter=d", base[0]) or []),
        *(_git(project, "ls-files", "--others", "--exclude-standard") or []),
    ]
    if any(path.startswith(READ_BY_ALL) for path in changed):
        return list(FOLDERS)
    return sorted(path for path in changed if path.endswith(".sql") and path.startswith(FOLDERS))


def _git(project: Path, *arguments: str) -> list[str] | None:
    """The lines that git answers; None when it fails."""
    try:
        answer = subprocess.run(["git", *arguments], cwd=project, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.splitlines()


if __name__ == "__main__":
    print(*changed_sql(Path.cwd()))
