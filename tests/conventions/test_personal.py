"""Every raw column says how its values lead to a person, and one name means the same everywhere."""

from __future__ import annotations

from collections import defaultdict

import pytest

from stayhouse.contract import ContractError, contract, read_contract

TABLE = """
sources:
  - name: crm
    tables:
      - name: customers
        config: {{meta: {{key: [customer_id], newer_by: ingested_at}}}}
        columns:
          - {{name: customer_id, data_type: varchar, config: {{meta: {{required: true, personal: identifier}}}}}}
          - {{name: ingested_at, data_type: timestamp, config: {{meta: {{required: true, personal: none}}}}}}
          - {{name: nickname, data_type: varchar{meta}}}
"""


def write(folder, meta: str):
    (folder / "crm").mkdir()
    (folder / "crm" / "_crm__sources.yml").write_text(TABLE.format(meta=meta))
    return folder


def test_a_column_that_is_not_classified_is_an_error(tmp_path) -> None:
    """A new column with names of people was published, because nobody had said what it holds."""
    with pytest.raises(ContractError, match=r"customers\.nickname: `personal` must say"):
        read_contract(write(tmp_path, ""))


def test_an_unknown_class_is_an_error(tmp_path) -> None:
    with pytest.raises(ContractError, match="one of identifier, reference, contact, detail, free_text, none"):
        read_contract(write(tmp_path, ", config: {meta: {personal: secret}}"))


def test_a_name_has_one_class_in_every_table() -> None:
    found = defaultdict(set)
    for table in contract().values():
        for column in table.columns:
            found[column.name].add(column.personal)
    assert {name: kinds for name, kinds in found.items() if len(kinds) > 1} == {}


def test_keys_and_references_are_identifiers() -> None:
    wrong = [
        f"{table.name}.{column.name}"
        for table in contract().values()
        for column in table.columns
        if column.personal != "identifier"
        and (column.references or (column.name in table.key and column.name.endswith("_id")))
    ]
    assert wrong == []
