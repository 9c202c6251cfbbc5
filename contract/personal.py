"""How a published or derived column leads to a person: by its name, which is that of the raw column it comes from."""

from __future__ import annotations

from functools import cache

from stayhouse.contract.tables import contract

CUSTOMER = "customer_id"
STAFF_NAMES = ("employee_display_name", "manager_display_name", "owner_display_name")
STAFF_SUFFIXES = ("employee_id", "manager_id", "owner_id", "reviewed_by", *STAFF_NAMES)
# Identities of runs, loads and files lead to nobody, and neither do those of changes of the product.
NOBODY = frozenset({"run_id", "load_id", "file_id", "change_id", "change_ids_key", "publication_id"})
# Samples of rows and texts about them.
WRITTEN = frozenset({"observed", "message"})


@cache
def _raw_classes() -> dict[str, str]:
    return {column.name: column.personal for table in contract().values() for column in table.columns}


def names_customer(name: str) -> bool:
    """True for a column of customer ids."""
    return name == CUSTOMER or name.endswith(f"_{CUSTOMER}")


def names_staff(name: str) -> bool:
    """True for a column of ids or names of employees."""
    return name in STAFF_SUFFIXES or name.endswith(tuple(f"_{suffix}" for suffix in STAFF_SUFFIXES))


def personal_class(name: str) -> str:
    """The class of a derived column (contract.tables.PERSONAL)."""
    if name in NOBODY or name.startswith("_"):
        return "none"
    if name in WRITTEN:
        return "free_text"
    if names_customer(name) or names_staff(name):
        return "identifier"
    if name.endswith("display_name"):
        return "identifier"
    known = _raw_classes().get(name)
    # A description that a model writes is about a code, not about a person.
    if known and name != "description":
        return known
    if name.endswith("_id"):
        return "identifier"
    return "reference" if name.endswith("_key") else "none"


@cache
def key_tables() -> dict[str, str]:
    """Key column -> raw table, for keys of one column: `contact_id` names a row of contacts wherever it occurs."""
    return {table.key[0]: table.name for table in contract().values() if len(table.key) == 1}
