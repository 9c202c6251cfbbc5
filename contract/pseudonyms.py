"""What stays of an erased customer: random names for identifiers, and nothing that a person wrote.

A name is a hash of the old value and a secret that is drawn for one erasure and thrown away after it. So equal values
stay equal in every table and file, counts and joins stay as they were, and nobody can go back from a name to the
person. `Names` gives the rule to programs; `row_changes` gives the same rule as SQL.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from stayhouse.contract.sql import FOREIGN_TEXTS, identifier, literal, literals
from stayhouse.contract.tables import Column, RawTable

PREFIX = "erased-"
ERASED_TEXT = "[erased]"
OWNER = "customers"
STAFF = "employees"


def names_the_owner(column: Column, table: RawTable) -> bool:
    """True for the column that says whose row it is."""
    if table.name == OWNER:
        return column.name in table.key
    return bool(column.references and column.references[0] == OWNER and column.quarantines_orphans)


def owner_of(table: RawTable) -> Column | None:
    """The column that says whose row it is; None for tables that belong to a row of another table, or to nobody."""
    return next((column for column in table.columns if names_the_owner(column, table)), None)


def names_staff(column: Column, table: RawTable) -> bool:
    """True for identifiers of employees, which stay when a customer is erased."""
    return table.name == STAFF or bool(column.references and column.references[0] == STAFF)


def names_somebody_else(column: Column, table: RawTable) -> bool:
    """True for the column of another customer, who keeps the id."""
    return bool(column.references and column.references[0] == OWNER) and not names_the_owner(column, table)


def links_of(table: RawTable) -> list[tuple[Column, str]]:
    """The columns that name a row of another table, with that table; employees and customers are left out."""
    return [
        (column, column.references[0])
        for column in table.columns
        if column.references and column.references[0] not in (STAFF, OWNER)
    ]


@dataclass
class Names:
    """The customers of one erasure, their keys, and the names that stand for both."""

    secret: str
    customers: frozenset[str]
    keys: dict[str, set[str]] = field(default_factory=dict)
    """Keys of their rows, by raw table."""
    aliases: dict[str, str] = field(default_factory=dict)
    """Names of identifiers that models derive from others: such a name must be the one that they will derive."""

    def name(self, value: str) -> str:
        """The name of an identifier."""
        return self.aliases.get(value) or PREFIX + hashlib.sha256((self.secret + value).encode()).hexdigest()[:20]

    def name_sql(self, value: str) -> str:
        """The same as SQL over a text expression."""
        return f"({literal(PREFIX)} || substr(sha256({literal(self.secret)} || {value}), 1, 20))"

    @cached_property
    def by_customer(self) -> dict[str, str]:
        """Customer -> name."""
        return {customer: self.name(customer) for customer in sorted(self.customers, key=len, reverse=True)}

    @property
    def all_keys(self) -> set[str]:
        """Keys of rows of every table."""
        return set().union(*self.keys.values()) if self.keys else set()

    @cached_property
    def distinct(self) -> dict[str, str]:
        """Those whose id cannot be another word or number; only these are looked for in texts about other things."""
        return {customer: name for customer, name in self.by_customer.items() if is_distinct(customer)}

    def in_text(self, text: str, customers: Mapping[str, str] | None = None) -> str:
        """A text in which the names stand for the customers; only whole words count."""
        for customer, name in (self.by_customer if customers is None else customers).items():
            text = re.sub(word(customer), name, text)
        return text

    def in_parts(self, text: str) -> str:
        """A composed key in which names stand for the customers and for keys of their rows (`<alert>:opened`)."""
        keys = self.all_keys | self.customers
        return re.sub(r"[^\s:|/;,]+", lambda part: self.name(part[0]) if part[0] in keys else part[0], text)

    def in_text_sql(self, value: str, customers: Mapping[str, str] | None = None) -> str:
        """The same as SQL over a text expression."""
        for customer, name in (self.by_customer if customers is None else customers).items():
            # RE2 has no look-around: the neighbours are captured. Twice, since neighbours of two hits may be one.
            pattern = literal(rf"(^|[^0-9A-Za-z]){re.escape(customer)}($|[^0-9A-Za-z])")
            replacement = literal(rf"\1{name}\2")
            for _ in range(2):
                value = f"regexp_replace({value}, {pattern}, {replacement}, 'g')"
        return value

    def is_mine(self, table: RawTable, row: Mapping[str, Any]) -> bool:
        """True for a row of one of the customers."""
        owner = owner_of(table)
        if owner is not None and row.get(owner.name) not in (None, ""):
            return str(row[owner.name]) in self.customers
        return any(str(row.get(column.name)) in self.keys.get(parent, ()) for column, parent in links_of(table))

    def is_mine_sql(self, table: RawTable, columns: set[str]) -> str | None:
        """The same as SQL, with the keys in the temporary table `erased_keys`; None where no row can be."""
        owner = owner_of(table)
        tests = [
            f"cast({identifier(column.name)} as varchar) in "
            f"(select key from erased_keys where table_name = {literal(parent)})"
            for column, parent in links_of(table)
            if column.name in columns
        ]
        linked = " or ".join(tests)
        if owner is None or owner.name not in columns:
            return f"({linked})" if linked else None
        whose = f"nullif(cast({identifier(owner.name)} as varchar), '')"
        mine = f"coalesce({whose} in ({literals(sorted(self.customers))}), false)"
        return f"({mine} or ({whose} is null and ({linked})))" if linked else mine

    def erase_row(self, table: RawTable, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row without the customers. `row` has the names of the contract; values are texts or None."""
        columns = {column.name: column for column in table.columns}
        if not self.is_mine(table, row):
            return {name: self._mention(columns.get(name), value) for name, value in row.items()}
        return {
            name: self._erase_value(table, columns.get(name), value) if value not in (None, "") else value
            for name, value in row.items()
        }

    def _mention(self, column: Column | None, value: Any) -> Any:
        if column and column.references and column.references[0] == OWNER and str(value) in self.customers:
            return self.name(str(value))
        return self.in_text(value, self.distinct) if isinstance(value, str) else value

    def _erase_value(self, table: RawTable, column: Column | None, value: Any) -> Any:
        if column is None or column.personal == "detail":
            return None
        if column.personal == "free_text":
            return _without_texts(column, value)
        if column.personal in ("identifier", "contact"):
            is_other = names_somebody_else(column, table) and str(value) not in self.customers
            return value if is_other or names_staff(column, table) else self.name(str(value))
        if column.personal == "reference":
            return self.name(value) if value in self.all_keys else self.in_text(str(value))
        return value


def is_distinct(customer: str) -> bool:
    """True for an id that is found in a text without mistaking a count, a year or a word for it."""
    has_digits, has_letters = any(map(str.isdigit, customer)), any(map(str.isalpha, customer))
    return len(customer) >= 16 or (has_digits and len(customer) >= (6 if has_letters else 9))


def word(text: str) -> str:
    """A pattern of a text that is not part of a longer word or number."""
    return rf"(?<![0-9A-Za-z]){re.escape(text)}(?![0-9A-Za-z])"


def _without_texts(column: Column, value: Any) -> Any:
    if column.data_type != "json":
        return ERASED_TEXT
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return None
    kept = {key: found[key] for key in column.kept_on_erasure if isinstance(found, dict) and key in found}
    if not kept:
        return None
    return json.dumps(kept, separators=(",", ":"), ensure_ascii=False) if isinstance(value, str) else kept


def row_changes(table: RawTable, names: Names, columns: Mapping[str, str]) -> dict[str, str]:
    """Column -> SQL of what stays of it in a row of the customers; columns that stay as they are are left out.

    `columns` are those of the relation, with their types.
    """
    known = {column.name: column for column in table.columns}
    changes = {}
    for name, kind in columns.items():
        column, value = known.get(name), f"cast({identifier(name)} as varchar)"
        if name.startswith("_") and name not in FOREIGN_TEXTS:
            continue
        if column is None or column.personal == "detail":
            changes[name] = f"cast(null as {kind})"
        elif column.personal == "free_text":
            changes[name] = f"cast({_without_texts_sql(column, value)} as {kind})"
        elif column.personal in ("identifier", "contact") and not names_staff(column, table):
            kept = f"{value} not in ({literals(sorted(names.customers))})"
            kept = kept if names_somebody_else(column, table) else f"{value} = ''"
            changes[name] = f"case when {kept} then {value} else {names.name_sql(value)} end"
        elif column.personal == "reference":
            changes[name] = (
                f"coalesce((select max(name) from erased_keys where key = {value}), {names.in_text_sql(value)})"
            )
    return changes


def _without_texts_sql(column: Column, value: str) -> str:
    if column.data_type != "json":
        return f"case when {value} <> '' then {literal(ERASED_TEXT)} else {value} end"
    fields = ", ".join(
        f"{literal(key)}, json_extract({value}, {literal('$.' + key)})" for key in column.kept_on_erasure
    )
    kept = f"json_merge_patch('{{}}', json_object({fields}))" if fields else "null"
    return f"case when json_valid({value}) then nullif(cast({kept} as varchar), '{{}}') end"


def mentions(table: RawTable, names: Names, columns: Mapping[str, str]) -> dict[str, str]:
    """Column -> SQL of what stays of it in rows of other customers that mention an erased one."""
    known = {column.name: column for column in table.columns}
    changes = {}
    for name, kind in columns.items():
        if kind != "VARCHAR" or (name.startswith("_") and name not in FOREIGN_TEXTS):
            continue
        column, value = known.get(name), names.in_text_sql(identifier(name), names.distinct)
        if column and column.references and column.references[0] == OWNER:
            customers = literals(sorted(names.customers))
            named = names.name_sql(identifier(name))
            value = f"case when {identifier(name)} in ({customers}) then {named} else {value} end"
            changes[name] = value
        elif names.distinct:
            changes[name] = value
    return changes
