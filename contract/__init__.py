"""The raw contract: what a raw table must look like, and the SQL vocabulary that everything built on it shares.

It imports neither Dagster nor dbt nor another package of this project, so that any of them may import it cheaply.
"""

from stayhouse.contract.project import REPO_ROOT, clock_tolerance_minutes, read_yaml
from stayhouse.contract.tables import Column, ContractError, RawTable, Zones, contract, read_contract

__all__ = [
    "REPO_ROOT",
    "Column",
    "ContractError",
    "RawTable",
    "Zones",
    "clock_tolerance_minutes",
    "contract",
    "read_contract",
    "read_yaml",
]
