"""Who is erased: requests that a company writes, and keyed hashes by which a delivered row is recognised later.

The folder lies beside the landing folder and outlives the warehouse. A hash leads back to a customer only for somebody
who has the key and tries every customer id; that much must be kept, or a file that is delivered again would bring the
customer back.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stayhouse.contract import RawTable
from stayhouse.contract.pseudonyms import OWNER, Names, links_of, owner_of

REQUESTS, ERASED, KEY, PENDING = "requests.csv", "erased.csv", "key", "pending.json"
OWN_FILE = 0o600


class ErasureError(Exception):
    """A request cannot be read or carried out. The message names the file and the way out."""


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.touch(OWN_FILE)
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)


@dataclass(frozen=True)
class ErasureFolder:
    """The files about erased customers of one company."""

    path: Path

    def requests(self) -> list[str]:
        """Customer ids that somebody has asked to erase and no run has erased yet.

        Raises ErasureError for a file without a column customer_id.
        """
        file = self.path / REQUESTS
        if not file.exists():
            return []
        with file.open(newline="", encoding="utf-8-sig") as stream:
            rows = csv.DictReader(stream)
            if rows.fieldnames is None:
                return []
            if "customer_id" not in rows.fieldnames:
                raise ErasureError(
                    f"{file}: has no column customer_id (found {', '.join(rows.fieldnames)}); "
                    "write the ids to erase under that header"
                )
            found = (str(row["customer_id"] or "").strip() for row in rows)
            return list(dict.fromkeys(customer for customer in found if customer))

    def request(self, customers: Iterable[str]) -> None:
        """Adds requests, so that an erasure that is interrupted is carried out by the next run."""
        self._write_requests(dict.fromkeys([*self.requests(), *customers]))

    def fulfil(self, customers: Iterable[str]) -> None:
        """Takes requests out of the file: it would be a trace itself."""
        done = set(customers)
        if (self.path / REQUESTS).exists():
            self._write_requests(customer for customer in self.requests() if customer not in done)

    def _write_requests(self, customers: Iterable[str]) -> None:
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([["customer_id"], *([customer] for customer in customers)])
        _write(self.path / REQUESTS, out.getvalue())

    def key(self) -> bytes:
        """The key of the hashes, drawn when it is first needed."""
        file = self.path / KEY
        if not file.exists():
            _write(file, secrets.token_hex(32))
        return file.read_text().strip().encode()

    def surrogate_key(self) -> str:
        """A key for surrogates, from which the key of the hashes does not follow."""
        return hashlib.sha256(b"surrogates" + self.key()).hexdigest()

    # ------------------------------------------------------------ an erasure under way

    def pending(self) -> dict[str, Any] | None:
        """What an erasure needs to go on after an interruption; None when none is under way."""
        try:
            document: dict[str, Any] = json.loads((self.path / PENDING).read_text())
            return document
        except FileNotFoundError:
            return None

    def note_pending(self, document: Mapping[str, Any]) -> None:
        """Remembers how far an erasure has come. Holds its secret, so it is deleted when it is complete."""
        _write(self.path / PENDING, json.dumps(document))

    def forget_pending(self) -> None:
        """Throws the secret of an erasure away."""
        (self.path / PENDING).unlink(missing_ok=True)

    # ------------------------------------------------------------ who is erased

    def suppression(self) -> Suppression:
        """The customers that are erased, and the rows that other rows know them by."""
        file = self.path / ERASED
        if not file.exists():
            return Suppression(b"", {})
        hashes: dict[str, set[str]] = {}
        with file.open(newline="") as stream:
            for row in csv.DictReader(stream):
                hashes.setdefault(row["table_name"], set()).add(row["hash"])
        return Suppression(self.key(), hashes)

    def suppress(self, names: Names, tables: Mapping[str, RawTable]) -> None:
        """Adds the customers of an erasure, and the keys by which rows without a customer lead to them."""
        known, key = self.suppression(), self.key()
        found = {table: set(hashes) for table, hashes in known.hashes.items()}
        found.setdefault(OWNER, set()).update(keyed_hash(key, customer) for customer in names.customers)
        for parent in {parent for table in tables.values() for _, parent in links_of(table)}:
            found.setdefault(parent, set()).update(keyed_hash(key, value) for value in names.keys.get(parent, ()))
        lines = ["table_name,hash"] + [f"{table},{one}" for table in sorted(found) for one in sorted(found[table])]
        _write(self.path / ERASED, "\n".join(lines) + "\n")


def keyed_hash(key: bytes, value: str) -> str:
    """A hash that only the owner of the key can compute."""
    return hmac.digest(key, value.encode(), "sha256").hex()


@dataclass
class Suppression:
    """Recognises rows of erased customers without knowing the customers."""

    secret: bytes
    hashes: Mapping[str, set[str]]
    """Keyed hashes of keys by table."""
    _seen: dict[tuple[str, str], bool] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(self.hashes.values())

    def holds(self, table: str, value: str) -> bool:
        """True for the key of a row that belongs to an erased customer."""
        if (table, value) not in self._seen:
            self._seen[table, value] = keyed_hash(self.secret, value) in self.hashes.get(table, ())
        return self._seen[table, value]

    def columns(self, table: RawTable) -> list[tuple[str, str]]:
        """The columns by which a row of this table is recognised, with the table whose keys they hold."""
        owner = owner_of(table)
        found = [(owner.name, OWNER)] if owner else []
        return found + [(column.name, parent) for column, parent in links_of(table) if self.hashes.get(parent)]

    def is_erased(self, columns: Sequence[tuple[str, str]], row: Mapping[str, Any]) -> bool:
        """True for a row of an erased customer. `columns` are those of its table."""
        return any(self.holds(parent, str(row[name])) for name, parent in columns if row.get(name) not in (None, ""))
