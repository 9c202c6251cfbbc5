"""Adds rows to the company's policy files; what lies in them stays as it is, byte by byte."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from stayhouse.orchestration.policy import SEEDS_FOLDER, PolicyError, seed_keys, write_policy
from stayhouse.orchestration.policy_files import Row, csv_line, parsed
from stayhouse.orchestration.settings import ConfigurationError, Settings
from stayhouse.orchestration.unknown_codes import UnknownCode


def add_rows(settings: Settings, codes: Iterable[UnknownCode]) -> dict[Path, int]:
    """Adds the rows of unknown codes to the policy files; returns how many by file.

    A file replaces the default as a whole, so a new one begins with the rows of the default. All files are checked
    together before the first is changed. Raises ConfigurationError, and nothing is changed, when a row would break a
    rule or a file cannot be written.
    """
    wanted: dict[str, list[Row]] = {}
    for code in codes:
        rows = wanted.setdefault(code.file, [])
        if code.is_written and code.row not in rows:
            rows.append(code.row)
    keys = seed_keys() if wanted else {}
    changed, added = {}, {}
    for name, rows in wanted.items():
        target = _own_file(settings.policy_folder, name)
        content, number = _with_rows(_content(target), rows, keys[target.stem])
        if number:
            changed[target], added[target] = content, number
    _check(settings, changed)
    try:
        for target, content in changed.items():
            _write(target, content)
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename or settings.policy_folder}: cannot be written ({error.strerror}); give the user of the "
            "command the right to"
        ) from error
    return added


def columns_of_file(settings: Settings, name: str) -> list[str]:
    """The columns in which a row is written to a policy file: those of the company's own, else those of the default."""
    return parsed(_content(_own_file(settings.policy_folder, name))).columns


def _own_file(folder: Path, name: str) -> Path:
    """The company's file of that name, whatever the case of its ending."""
    files = folder.iterdir() if folder.is_dir() else ()
    same = [file for file in files if file.stem == Path(name).stem and file.suffix.lower() == ".csv"]
    return same[0] if same else folder / name


def _content(own: Path) -> bytes:
    """What a policy file holds, or what its default does where the company has none."""
    return (own if own.exists() else SEEDS_FOLDER / own.name).read_bytes()


def _with_rows(before: bytes, rows: Sequence[Row], key: Sequence[str]) -> tuple[bytes, int]:
    """The content of a file with rows at its end whose keys it does not have yet, and how many these are."""
    known = parsed(before)
    taken = {tuple(row[name] for name in key) for row in known.rows}
    lines = []
    for row in rows:
        code = tuple(row[name] for name in key)
        if code not in taken:
            taken.add(code)
            lines.append(csv_line([row.get(name, "") for name in known.columns]))
    end = "\r\n" if b"\r\n" in before else "\n"
    if lines and not before.endswith(b"\n"):
        before += end.encode()
    return before + "".join(line + end for line in lines).encode(), len(lines)


def _check(settings: Settings, changed: Mapping[Path, bytes]) -> None:
    """Raises PolicyError when the policy would break a rule with the new content."""
    with TemporaryDirectory(prefix="stayhouse-") as place:
        trial, seeds = Path(place) / "policy", Path(place) / "seeds"
        for folder in (trial, seeds):
            folder.mkdir()
        own = settings.policy_folder
        for file in sorted(own.iterdir()) if own.is_dir() else ():
            if file.is_file() and not file.name.startswith((".", "~")):
                shutil.copyfile(file, trial / file.name)
        for target, content in changed.items():
            (trial / target.name).write_bytes(content)
        try:
            write_policy(replace(settings, policy=trial), seeds)
        except PolicyError as error:
            raise PolicyError([f"nothing was written, since {fault}" for fault in error.faults]) from error


def _write(target: Path, content: bytes) -> None:
    # A link stays one: the file that it leads to gets the rows.
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    fresh.write_bytes(content)
    if target.exists():
        shutil.copymode(target, fresh)
    os.replace(fresh, target)
