"""Loading: landing files to raw tables, set-based in DuckDB, with a ledger that accounts for every row."""

from orchestration.loading.loader import LoadError, LoadReport, TableReport, load_landing

__all__ = ["LoadError", "LoadReport", "TableReport", "load_landing"]
