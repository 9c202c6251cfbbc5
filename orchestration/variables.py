"""What each environment variable means. Help texts, documentation and tests take it from here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Variable:
    """A setting that the environment may give."""

    name: str
    meaning: str
    default: str
    """In words, or as the value itself."""
    is_value: bool = True
    """The default is a value that somebody could type."""


VARIABLES = (
    Variable(
        "STAYHOUSE_HOME",
        "working folder: where companies are looked for, and where a landing folder without a company has its "
        "warehouse and publications",
        "where the command is run",
        is_value=False,
    ),
    Variable(
        "STAYHOUSE_COMPANY",
        "folder of the company, which holds `stayhouse.toml`",
        "the working folder when it is one, else companies/saas",
        is_value=False,
    ),
    Variable("STAYHOUSE_RAW", "landing folder", "`landing` in the company's folder", is_value=False),
    Variable("STAYHOUSE_POLICY", "policy folder", "`policy` in the company's folder", is_value=False),
    Variable("STAYHOUSE_TARGET", "where dbt builds: `duckdb`, `postgres` or `spark` (docs/engines.md)", "duckdb"),
    Variable("PGHOST", "host of the server", "localhost"),
    Variable("PGPORT", "port of the server", "5432"),
    Variable("PGUSER", "user of the server", "stayhouse"),
    Variable("PGDATABASE", "database of the server", "stayhouse"),
    Variable("PGPASSWORD", "password for the server", "none; ~/.pgpass is read too", is_value=False),
    Variable("STAYHOUSE_SPARK_MASTER", "master of Spark, like `local[2]` or `spark://host:7077`", "local[*]"),
    Variable(
        "STAYHOUSE_LAKE", "folder or address of the tables of Spark", "`lake` in the company's folder", is_value=False
    ),
    Variable(
        "STAYHOUSE_LAKE_EXCHANGE",
        "folder through which rows travel to Spark and back; all its workers see it",
        "`warehouse/exchange` in the company's folder",
        is_value=False,
    ),
    Variable(
        "STAYHOUSE_LAKE_CATALOG",
        "JDBC address of the catalogue of Spark's tables; without it spark-defaults.conf describes one named `lake`",
        "none",
        is_value=False,
    ),
    Variable("STAYHOUSE_LAKE_USER", "user of the catalogue", "stayhouse"),
    Variable("STAYHOUSE_LAKE_PASSWORD", "password for the catalogue", "none", is_value=False),
    Variable(
        "STAYHOUSE_WAREHOUSE",
        "working DuckDB file; one writer, no readers",
        "`warehouse/<company>.duckdb` in the company's folder",
        is_value=False,
    ),
    Variable("STAYHOUSE_PUBLISH", "folder of publications", "`published` in the company's folder", is_value=False),
    Variable("STAYHOUSE_TIMEZONE", "zone of days, weeks and months", "UTC"),
    Variable("STAYHOUSE_SOURCE_TIMEZONE", "zone of raw timestamps without an offset", "UTC"),
    Variable(
        "STAYHOUSE_REPORTING_CURRENCY",
        "currency of reports (ISO 4217)",
        "the most frequent one without a rate",
        is_value=False,
    ),
    Variable("STAYHOUSE_ALERT_WEBHOOK", "address that receives new alerts", "none", is_value=False),
    Variable(
        "STAYHOUSE_FAILURE_WEBHOOK",
        "address that receives a message when a run fails, as JSON `{text: ...}`",
        "none",
        is_value=False,
    ),
    Variable(
        "STAYHOUSE_FAILURE_MAIL",
        "mail addresses, separated by commas, that receive a message when a run fails; the first is the sender too",
        "none",
        is_value=False,
    ),
    Variable(
        "STAYHOUSE_MAIL_SERVER",
        "server that sends those mails: `smtp://`, `smtp+starttls://` or `smtps://user:password@host:port`",
        "smtp://localhost:25",
    ),
    Variable(
        "STAYHOUSE_AUTOMATION",
        "what the Dagster daemon begins runs for: `schedule`, `files` (new landing files) or `none`",
        "none",
    ),
    Variable("STAYHOUSE_SCHEDULE", "when the schedule begins a run (cron, in STAYHOUSE_TIMEZONE)", "0 2 * * *"),
    Variable(
        "STAYHOUSE_DAGSTER_URL", "address of the Dagster UI; messages link to the failed run", "none", is_value=False
    ),
    Variable(
        "STAYHOUSE_PUBLISHED_URL",
        "address under which the folder of publications is served; the Dagster UI links there",
        "none; `stayhouse dev` serves it",
        is_value=False,
    ),
    Variable(
        "STAYHOUSE_WITHOUT_IDENTIFIERS",
        "`true`: a release also has a folder `without_identifiers` with surrogates for ids",
        "false",
    ),
    Variable("STAYHOUSE_UMASK", "rights that new files do not have, in octal; `027` lets the group read them", "077"),
    Variable("STAYHOUSE_LISTS_PER_OWNER", "`true`: lists are also written as a file per person", "false"),
    Variable("STAYHOUSE_THREADS", "models that are built at the same time", "2"),
    Variable("STAYHOUSE_MEMORY_LIMIT", "memory of DuckDB; beyond it DuckDB writes to disk", "5GB"),
    Variable(
        "STAYHOUSE_ACCESS_MODE", "`read_only`: dbt and MetricFlow open the DuckDB file without its lock", "automatic"
    ),
    Variable("STAYHOUSE_KEPT_RUNS", "runs that the Dagster UI remembers", "60"),
    Variable("STAYHOUSE_KEPT_RELEASES", "publications that are kept", "3"),
    Variable(
        "STAYHOUSE_KEPT_LOADS",
        "loads for which superseded rows are kept; a file that is withdrawn later cannot bring back older ones",
        "all",
        is_value=False,
    ),
    Variable("STAYHOUSE_FIRST_DAY", "first day that can be built, and first partition in the Dagster UI", "2015-01-01"),
    Variable(
        "STAYHOUSE_EARLIEST_DATE",
        "first plausible day of raw moments; rows with earlier ones are quarantined",
        "2000-01-01",
    ),
    Variable(
        "DAGSTER_HOME",
        "folder of Dagster's history and of its settings, `dagster.yaml`",
        "`warehouse/.dagster` in the company's folder",
        is_value=False,
    ),
    Variable(
        "DBT_TARGET_PATH", "folder of dbt's artifacts", "`target` in the folder beside the working file", is_value=False
    ),
)
BY_NAME = {variable.name: variable for variable in VARIABLES}


def as_help() -> str:
    """All variables for the end of `stayhouse --help`, one paragraph each."""
    lines = [f"{one.name}: {one.meaning} (default: {one.default})".replace("`", "") for one in VARIABLES]
    return "\n\n".join(["Environment variables (options of the command line come first):", *lines])


def as_table() -> str:
    """All variables as the table of docs/operations.md."""
    rows = [
        f"| `{one.name}` | {one.meaning} | {f'`{one.default}`' if one.is_value else one.default} |" for one in VARIABLES
    ]
    return "\n".join(["| variable | means | default |", "|---|---|---|", *rows])
