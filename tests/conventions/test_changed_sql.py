"""`make check` linted every SQL file for a minute and a half, however little had changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from conventions.changed_sql import FOLDERS, changed_sql


def git(project: Path, *arguments: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=project, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("models/a.sql", "models/b.sql", "tests/dbt/c.sql", "macros/m.sql", "README.md"):
        write(tmp_path, name, "select 1")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "begin")
    git(tmp_path, "switch", "-qc", "work")
    return tmp_path


def write(project: Path, name: str, text: str) -> None:
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_an_unchanged_project_has_nothing_to_lint(project: Path) -> None:
    assert changed_sql(project) == []


def test_committed_open_and_new_files_are_linted_and_deleted_ones_are_not(project: Path) -> None:
    write(project, "models/a.sql", "select 2")
    git(project, "commit", "-qam", "change")
    write(project, "tests/dbt/c.sql", "select 3")
    write(project, "models/new.sql", "select 4")
    write(project, "README.md", "text")
    (project / "models/b.sql").unlink()
    assert changed_sql(project) == ["models/a.sql", "models/new.sql", "tests/dbt/c.sql"]


@pytest.mark.parametrize("name", ["macros/m.sql", ".sqlfluff", "tests/conventions/sqlfluff_stubs/dbt.py"])
def test_what_every_file_depends_on_lets_all_be_linted(project: Path, name: str) -> None:
    write(project, name, "changed")
    assert changed_sql(project) == list(FOLDERS)


def test_all_is_linted_where_git_cannot_tell(tmp_path: Path) -> None:
    assert changed_sql(tmp_path) == list(FOLDERS)
