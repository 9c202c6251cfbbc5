"""Loading: landing files to raw tables, set-based in DuckDB, with a ledger that accounts for every row.

Each step is a module: `discovery` finds files, `inspection` reads their structure, `reading` brings their lines into
a temporary table, `validation` separates rows that keep the contract from those that do not, `settlement` decides
between versions of a key, `ledger` accounts for files, and `loader` runs the steps batch by batch.
"""

from stayhouse.loading.loader import check_landing_folder, load_landing
from stayhouse.loading.reports import LoadError, LoadReport, TableReport

__all__ = ["LoadError", "LoadReport", "TableReport", "check_landing_folder", "load_landing"]
