"""Why a landing folder is not loaded. Commands refuse it with the same words before a run begins."""

from __future__ import annotations

from pathlib import Path


def no_folder(raw: Path, place: str = "--raw") -> str:
    """The folder does not exist; `place` names where to give the right one."""
    return f"{raw}: no such landing folder; give the right one with {place}"


def no_files(raw: Path) -> str:
    """The folder has no file for any table."""
    return f"{raw}: holds no landing files; expected <table>/*.parquet, .csv or .jsonl for tables such as customers"


def no_file_of(table: str, raw: Path) -> str:
    """A table without which nothing can be built has no file."""
    return (
        f"{table}: this table is required and the landing folder has no file for it; "
        f"put one at {raw / table}/ (.parquet, .csv or .jsonl)"
    )


def of_another(raw: Path, known: str) -> str:
    """The warehouse holds another company."""
    return (
        f"{raw}: this warehouse was loaded from {known}; give another file with --warehouse "
        "(if the folder was only moved, run stayhouse move)"
    )
