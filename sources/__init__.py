"""Sources other than files: rows of databases and objects of object stores become files of the company's folder.

`description` says what a source is, `database` pulls rows through dlt, `landing` writes them as files, `mirror` keeps
a copy of the objects below an address. Nothing of dlt or fsspec is imported before it is needed: both are extras.
"""

from stayhouse.sources.description import Source, SourceError, SourceTable, Store

__all__ = ["Source", "SourceError", "SourceTable", "Store"]
