"""A local copy of a folder in an object store, brought up to date by listing it.

Objects are compared by their entries in the listing, so an object that has not changed is never fetched again. The
copy has the time of its object, because rows that do not say how new they are have the time of their file.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

from stayhouse.sources.description import SCHEMES, SourceError, Store, store_scheme

# What object stores call the version of an object, its size and its time.
VERSIONS = ("ETag", "etag", "md5Hash", "md5", "content_md5", "generation")
TIMES = ("LastModified", "last_modified", "updated", "mtime", "created")
# A part of the message of a library -> what is wrong.
KNOWN_FAULTS = {
    "NoSuchBucket": "there is no such bucket",
    "bucket does not exist": "there is no such bucket",
    "credentials": "no credentials were found; give them as the variables of the store (AWS_ACCESS_KEY_ID, "
    "GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_CONNECTION_STRING)",
    "Forbidden": "the credentials do not allow reading it",
    "Access Denied": "the credentials do not allow reading it",
    "connect to": "the store cannot be reached",
}


@dataclass
class Mirrored:
    """What bringing a copy up to date did."""

    url: str
    fetched: list[str] = field(default_factory=list)
    """Names below the address."""
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0


@dataclass(frozen=True)
class _Object:
    name: str
    path: str
    mark: str
    modified_at: float | None


def mirror(store: Store, progress: Callable[[str, float], None] = lambda name, share: None) -> Mirrored:
    """Brings the copy of a folder up to date. Raises SourceError.

    Interrupted, it goes on where it was. Files that it has not fetched stay: pulled rows and shaped files.
    """
    with _problems(store.url):
        system, root = _open(store.url)
        return mirror_from(system, root, store, progress)


def mirror_from(
    system: Any, root: str, store: Store, progress: Callable[[str, float], None] = lambda name, share: None
) -> Mirrored:
    """The same from an opened file system of fsspec."""
    objects = {one.name: one for one in _listed(system, root, store.url)}
    known = _read_state(store.folder)
    done = Mirrored(store.url)
    store.folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(known.keys() - objects.keys()):
        _remove(store.folder, name)
        del known[name]
        done.removed.append(name)
    for number, one in enumerate(objects.values()):
        if known.get(one.name) == one.mark and (store.folder / one.name).is_file():
            done.unchanged += 1
            continue
        progress(one.name, number / len(objects))
        _fetch(system, one, store.folder)
        known[one.name] = one.mark
        done.fetched.append(one.name)
        if len(done.fetched) % 100 == 0:
            _write_state(store.folder, known)
    _write_state(store.folder, known)
    return done


def fetched_from(store: Store, file: Path) -> str | None:
    """The address of the object that a file is the copy of; None for a file that is none."""
    try:
        name = file.relative_to(store.folder).as_posix()
    except ValueError:
        return None
    return f"{store.url.rstrip('/')}/{name}" if name in _read_state(store.folder) else None


def _open(url: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it."""
    scheme = store_scheme(url) or ""
    if find_spec(SCHEMES[scheme]) is None:
        raise SourceError(
            f"{url}: is read by {SCHEMES[scheme]}, which is not installed; pip install 'stayhouse[{scheme}]'"
        )
    import fsspec

    # They write tracebacks to the screen before they raise what is said in one line.
    for name in (*SCHEMES.values(), "azure", "botocore"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    # A listing that was kept would hide what has arrived since.
    system, root = fsspec.core.url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)
    return system, str(root)


@contextmanager
def _problems(url: str) -> Iterator[None]:
    """What a store says, in one line."""
    try:
        yield
    except SourceError:
        raise
    except Exception as error:
        local = isinstance(error, OSError) and error.errno is not None and error.filename is not None
        if local and not isinstance(error, FileNotFoundError | PermissionError):
            raise
        said = " ".join(str(error).split()) or type(error).__name__
        known = [words for sign, words in KNOWN_FAULTS.items() if sign.lower() in said.lower()]
        raise SourceError(
            f"{url}: {known[0] if known else 'cannot be read'} ({said}); correct the address in stayhouse.toml or the "
            "rights, or go on with the files at hand by stayhouse build --no-pull"
        ) from None


def _listed(system: Any, root: str, url: str) -> Iterator[_Object]:
    """The objects below a path, in name order. Raises SourceError for names that no folder can have."""
    found: Mapping[str, Any] = system.find(root, detail=True)
    files = {path: about for path, about in found.items() if about.get("type") == "file" and not path.endswith("/")}
    if not files and not system.exists(root):
        raise SourceError(f"{url}: there is nothing at this address; correct it in stayhouse.toml")
    names = set()
    for path, about in sorted(files.items()):
        name = path.removeprefix(root.rstrip("/")).lstrip("/")
        parts = PurePosixPath(name).parts
        if not name or ".." in parts or "\0" in name or "" in name.split("/"):
            raise SourceError(f"{url}: the object {path!r} has a name that no file can have; rename or remove it")
        if above := next((str(one) for one in PurePosixPath(name).parents if str(one) in names), None):
            raise SourceError(f"{url}: {above} is an object and a folder with {name}; rename or remove one of them")
        names.add(name)
        yield _Object(name, path, _mark(about), _modified_at(about))


def _mark(about: Mapping[str, Any]) -> str:
    """What changes with the content of an object."""
    version = [str(about[key]) for key in VERSIONS if about.get(key)]
    return repr((about.get("size"), _modified_at(about), version))


def _modified_at(about: Mapping[str, Any]) -> float | None:
    for key in TIMES:
        value = about.get(key)
        if isinstance(value, str):
            with suppress(ValueError):
                value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
        if isinstance(value, int | float):
            return float(value)
    return None


def _fetch(system: Any, one: _Object, folder: Path) -> None:
    """Under a name that the loader passes over, until it is whole."""
    place = folder / one.name
    if place.is_dir():
        _remove_empty(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = place.with_name(f".{place.name}.new")
    system.get_file(one.path, str(fresh))
    if one.modified_at is not None:
        os.utime(fresh, (one.modified_at, one.modified_at))
    os.replace(fresh, place)


def _remove(folder: Path, name: str) -> None:
    place = folder / name
    place.unlink(missing_ok=True)
    for above in place.parents:
        if above == folder or not _remove_empty(above):
            return


def _remove_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


def _state(folder: Path) -> Path:
    """Beside the copy, so that the loader does not see it."""
    return folder.with_name(f"{folder.name}.json")


def _read_state(folder: Path) -> dict[str, str]:
    """Name -> mark of every object that was fetched."""
    try:
        return dict(json.loads(_state(folder).read_text()))
    except (FileNotFoundError, ValueError):
        return {}


def _write_state(folder: Path, known: Mapping[str, str]) -> None:
    fresh = _state(folder).with_suffix(".new")
    fresh.write_text(json.dumps(known, indent=0, sort_keys=True))
    os.replace(fresh, _state(folder))
