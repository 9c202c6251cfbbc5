"""PostgreSQL as the target of dbt: what travels there, what comes back, and what people read there.

Landing files are read and checked by DuckDB, whatever the target. The rows of a load are shipped to the server, dbt
builds the models there, and the marts come back for the gates and the release of files. See docs/engines.md.
"""

from stayhouse.postgres.server import Server, attached
from stayhouse.targets import ServerError

__all__ = ["Server", "ServerError", "attached"]
