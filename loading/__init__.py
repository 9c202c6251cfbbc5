"""Loading: landing files to raw tables, set-based in DuckDB, with a ledger that accounts for every row.

Each step is a module: `discovery` finds files, `inspection` reads their structure, `reading` brings their lines into
a temporary table, `validation` separates rows that keep the contract from those that do not, `settlement` decides
between versions of a key, `ledger` accounts for files, `loader` runs the steps batch by batch, and `feed_days` keeps
how far each table reaches.
"""

from stayhouse.loading.feed_days import record_feed_days
from stayhouse.loading.loader import check_landing_folder, load_landing
from stayhouse.loading.reports import LoadError, LoadReport, TableReport

__all__ = ["LoadError", "LoadReport", "TableReport", "check_landing_folder", "load_landing", "record_feed_days"]
