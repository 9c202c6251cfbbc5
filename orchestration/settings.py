"""Where a run reads and writes. Environment variables are read here and nowhere else."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stayhouse.contract import RawTable, Zones, contract
from stayhouse.contract.tables import EARLIEST_PLAUSIBLE
from stayhouse.contract.words import did_you_mean
from stayhouse.orchestration.company import (
    DUCKDB,
    FILE_NAME,
    SPARK,
    TARGETS,
    Company,
    Statement,
    currency,
    is_company,
    read_company,
    zone,
)
from stayhouse.orchestration.company import ConfigurationError as ConfigurationError
from stayhouse.postgres.server import Server
from stayhouse.sources import Source, Store
from stayhouse.spark.lake import Lake

DAGSTER_SETTINGS = Path(__file__).with_name("dagster.yaml")
MEMORY_LIMIT = "5GB"
FIRST_DAY = "2015-01-01"
# A day has two runs, loading and building, and 3 MB of history.
KEPT_RUNS = 60
# A reader that opened an older publication keeps its files for as long as it likes; these many stay reachable by name.
KEPT_RELEASES = 3
# A year of nightly loads, as an example; without the setting superseded rows are kept.
KEPT_LOADS_LIKE = 365
# As in profiles.yml.
THREADS = 2
POSTGRES_PORT = 5432
# A landing folder of such a name is called after the folder that holds it.
LANDING_NAMES = ("raw", "landing")
# The company of `make build`; taken when no other is named.
DEMONSTRATION = Path("companies") / "saas"
# Two hours after the business day has closed.
SCHEDULE = "0 2 * * *"
MAIL_SERVER = "smtp://localhost:25"
MAIL_SCHEMES = ("smtp", "smtps", "smtp+starttls")


# Only the user of the run reads what it makes.
UMASK = "077"


@dataclass(frozen=True)
class Settings:
    """Paths and zones of one warehouse."""

    raw: Path
    policy: Path | None
    """Folder of CSV files that stand in for the seeds of the same name; None: the seeds as they are."""
    warehouse: Path
    """The working DuckDB file. One writer, no readers."""
    publish: Path
    """Folder of publications; `publish/current` is what people read."""
    business_timezone: str = "UTC"
    source_timezone: str = "UTC"
    reporting_currency: str | None = None
    """ISO 4217 code; None: the currency of the company's own money (orchestration/money.py)."""
    target: Path = field(default_factory=lambda: working_folder() / "target")
    """Artifacts of dbt."""
    alert_webhook: str | None = None
    """Where new alerts are posted to; None: nowhere."""
    lists_per_owner: bool = False
    """Lists are also written as a file per person."""
    without_identifiers: bool = False
    """Releases are also written without ids, for people who need figures and no persons."""
    company: Path | None = None
    """Folder of the company; None: a landing folder without one."""
    name: str | None = None
    """Name of the company for readers; None without a company."""
    statements: tuple[Statement, ...] = ()
    """Policy that stayhouse.toml states; it lies over the policy files."""
    exports: Path | None = None
    """Folder with exports of tools; None without a company."""
    shapes: Path | None = None
    """Folder with SQL that makes raw tables of exports; None without a company."""
    sources: tuple[Source, ...] = ()
    """Databases whose rows a run pulls first."""
    stores: tuple[Store, ...] = ()
    """Object stores of which `raw` and `exports` are copies."""
    first_day: str = FIRST_DAY
    """The first as-of date that can be built, as ISO text."""
    earliest_date: str = EARLIEST_PLAUSIBLE
    """The first plausible day of a raw moment, as ISO text; earlier ones are quarantined as unset clocks."""
    kept_releases: int = KEPT_RELEASES
    """How many releases stay in the folder of publications."""
    kept_loads: int | None = None
    """For how many loads superseded rows are kept; None: for ever."""
    server: Server | Lake | None = None
    """The PostgreSQL or the lake in which dbt builds; None: it builds in the working file."""

    @property
    def zones(self) -> Zones:
        return Zones(source=self.source_timezone, business=self.business_timezone)

    @property
    def tables(self) -> dict[str, RawTable]:
        """The raw contract of this company."""
        return contract(self.earliest_date)

    @property
    def work(self) -> Path:
        """Folder beside the working file for what a run needs to keep: merged seeds, run log, Data Docs."""
        return self.warehouse.with_suffix("")

    @property
    def is_pulled(self) -> bool:
        """A run brings files of the company from elsewhere first."""
        return bool(self.sources or self.stores)

    def without_pulling(self) -> Settings:
        """The same with the files at hand."""
        return replace(self, sources=(), stores=())

    @property
    def pulling(self) -> Path | None:
        """Folder of what is known of sources; None without a company."""
        return self.company / "warehouse" / "sources" if self.company else None

    @property
    def erasure(self) -> Path:
        """Folder of requests to erase customers, and of what is kept to recognise those who are erased."""
        if self.company:
            return self.company / "erasure"
        return (
            self.raw.parent / "erasure"
            if self.raw.name in LANDING_NAMES
            else self.raw.with_name(f"{self.raw.name}.erasure")
        )

    @property
    def policy_folder(self) -> Path:
        """Where the company's policy files are, or would be."""
        return self.policy or (self.company or self.raw.parent) / "policy"

    @property
    def policy_copies(self) -> Path:
        """Folder of merged policies."""
        return self.work / "policy" if self.company else working_folder() / ".policy"

    @property
    def history(self) -> Path:
        """Folder of Dagster's history, unless DAGSTER_HOME names another."""
        return self.company / "warehouse" / ".dagster" if self.company else working_folder() / ".dagster"

    @property
    def run_log(self) -> Path:
        return self.work / "last_run.json"

    def where_to_set(self, key: str, variable: str) -> str:
        """Where a setting is changed, for messages."""
        return f"{key} in {self.company / FILE_NAME}" if self.company else variable

    @classmethod
    def resolve(
        cls,
        raw: Path | None = None,
        policy: Path | None = None,
        warehouse: Path | None = None,
        publish: Path | None = None,
        company: Path | None = None,
        target: str | None = None,
    ) -> Settings:
        """Arguments first, environment second, the company's stayhouse.toml third, defaults last.

        The company is the folder `company`, else STAYHOUSE_COMPANY, else the working folder when it holds a
        stayhouse.toml. Everything of a company lies in its folder. A landing folder without a company names warehouse
        and publication (its parent when it is called raw or landing). So two companies never share a file.
        A folder `policy` beside the landing folder is used unless another is given. Raises ConfigurationError for a
        value that cannot be meant, a policy folder that does not exist or a link to nowhere.
        """
        raw = _stated_place(raw, "STAYHOUSE_RAW", "--raw")
        of = _company(company, raw)
        stated = of.values if of else {}
        stores = [of.store(key) for key in ("exports", *["landing"] * (raw is None))] if of else []
        if raw is None:
            assert of, "without a landing folder there is a company"
            raw = _place(of.path("landing", "landing"), "--raw")
        places = _places(raw, of)
        warehouse = _stated_place(warehouse, "STAYHOUSE_WAREHOUSE", "--warehouse") or places["warehouse"]
        publish = _stated_place(publish, "STAYHOUSE_PUBLISH", "--publish") or places["published"]
        _check_kinds(warehouse, publish)
        return cls(
            raw=raw,
            policy=_policy_folder(
                _stated_place(policy, "STAYHOUSE_POLICY", "--policy")
                or (places["policy"] if "paths.policy" in stated else None),
                places["policy"],
            ),
            warehouse=warehouse,
            publish=publish,
            target=_target(warehouse, of),
            alert_webhook=os.environ.get("STAYHOUSE_ALERT_WEBHOOK") or None,
            business_timezone=zone(os.environ.get("STAYHOUSE_TIMEZONE") or stated.get("timezone", "UTC")),
            source_timezone=zone(os.environ.get("STAYHOUSE_SOURCE_TIMEZONE") or stated.get("source_timezone", "UTC")),
            reporting_currency=_reporting_currency() or stated.get("reporting_currency"),
            lists_per_owner=_is_on("STAYHOUSE_LISTS_PER_OWNER", stated.get("lists_per_owner", False)),
            without_identifiers=_is_on("STAYHOUSE_WITHOUT_IDENTIFIERS", stated.get("without_identifiers", False)),
            company=of.folder if of else None,
            name=of.name if of else None,
            statements=of.policy if of else (),
            exports=places.get("exports"),
            shapes=places.get("shapes"),
            sources=of.sources if of else (),
            stores=tuple(store for store in stores if store),
            first_day=_date("STAYHOUSE_FIRST_DAY", FIRST_DAY) or stated.get("first_day", FIRST_DAY),
            earliest_date=_date("STAYHOUSE_EARLIEST_DATE", EARLIEST_PLAUSIBLE)
            or stated.get("earliest_date", EARLIEST_PLAUSIBLE),
            kept_releases=_positive_number("STAYHOUSE_KEPT_RELEASES", "a number of releases", KEPT_RELEASES)
            or stated.get("kept_releases", KEPT_RELEASES),
            kept_loads=_positive_number("STAYHOUSE_KEPT_LOADS", "a number of loads", KEPT_LOADS_LIKE)
            or stated.get("kept_loads"),
            server=_server(target, stated, of.folder if of else warehouse.parent),
        )  # fmt: skip


def _server(chosen: str | None, stated: Mapping[str, Any], folder: Path) -> Server | Lake | None:
    """The engine in which dbt builds; None when it builds in the working file. `folder` is that of the company."""
    target = (chosen or os.environ.get("STAYHOUSE_TARGET") or stated.get("target") or DUCKDB).lower()
    if target not in TARGETS:
        place = "--target" if chosen else "STAYHOUSE_TARGET"
        raise ConfigurationError(f"{target}: {place} takes the name of a target; {did_you_mean(target, TARGETS)}")
    if target == DUCKDB:
        return None
    if target == SPARK:
        return _lake(stated, folder)
    return Server(
        host=os.environ.get("PGHOST") or stated.get("postgres.host", "localhost"),
        port=_positive_number("PGPORT", "a port", POSTGRES_PORT) or stated.get("postgres.port", POSTGRES_PORT),
        user=os.environ.get("PGUSER") or stated.get("postgres.user", "stayhouse"),
        database=os.environ.get("PGDATABASE") or stated.get("postgres.database", "stayhouse"),
    )


def _lake(stated: Mapping[str, Any], folder: Path) -> Lake:
    tables = os.environ.get("STAYHOUSE_LAKE") or stated.get("spark.tables", "lake")
    exchange = os.environ.get("STAYHOUSE_LAKE_EXCHANGE") or stated.get("spark.exchange", "warehouse/exchange")
    catalog = os.environ.get("STAYHOUSE_LAKE_CATALOG") or stated.get("spark.catalog", "")
    if catalog and not catalog.startswith("jdbc:"):
        raise ConfigurationError(
            f"{catalog}: STAYHOUSE_LAKE_CATALOG takes an address of JDBC like jdbc:postgresql://host/database"
        )
    return Lake(
        master=os.environ.get("STAYHOUSE_SPARK_MASTER") or stated.get("spark.master", "local[*]"),
        # An address of a store stays as it is.
        tables=tables if "://" in tables else str((folder / Path(tables).expanduser()).resolve()),
        exchange=(folder / Path(exchange).expanduser()).resolve(),
        catalog=catalog,
        user=os.environ.get("STAYHOUSE_LAKE_USER") or stated.get("spark.user", "stayhouse"),
        password=os.environ.get("STAYHOUSE_LAKE_PASSWORD", ""),
    )


def _company(chosen: Path | None, raw: Path | None) -> Company | None:
    """The company of a command; None for a landing folder outside of companies."""
    if named := chosen or os.environ.get("STAYHOUSE_COMPANY"):
        return read_company(_place(named, "company"))
    home = working_folder()
    if is_company(home):
        return read_company(home)
    if raw:
        return None
    # Settings are asked for before there is any company, too.
    return read_company(home / DEMONSTRATION) if is_company(home / DEMONSTRATION) else Company(home / DEMONSTRATION)


def _places(raw: Path, company: Company | None) -> dict[str, Path]:
    """Where things lie when neither an option nor a variable says it."""
    if company is None:
        home = working_folder()
        name = raw.parent.name if raw.name in LANDING_NAMES else raw.name
        found = {
            "policy": raw.parent / "policy",
            "warehouse": home / "warehouse" / f"{name}.duckdb",
            "published": home / "published" / name,
        }
    else:
        found = {key: company.path(key, key) for key in ("policy", "published", "exports", "shapes")}
        found["warehouse"] = company.path("warehouse", f"warehouse/{company.folder.name}.duckdb")
    return {key: _place(path, f"--{'publish' if key == 'published' else key}") for key, path in found.items()}


def _policy_folder(chosen: Path | None, default: Path) -> Path | None:
    if chosen and not chosen.is_dir():
        raise ConfigurationError(f"{chosen}: no such policy folder; give the right one with --policy")
    return chosen or (default if default.is_dir() else None)


def _target(warehouse: Path, company: Company | None) -> Path:
    """dbt names the catalogue after the working file, so what it has parsed belongs to one of them."""
    default = warehouse.with_suffix("") / "target" if company else working_folder() / "target"
    return Path(os.environ.get("DBT_TARGET_PATH") or default).resolve()


def _reporting_currency() -> str | None:
    stated = os.environ.get("STAYHOUSE_REPORTING_CURRENCY", "").strip()
    try:
        return currency(stated) if stated else None
    except ConfigurationError as error:
        raise ConfigurationError(f"{stated}: STAYHOUSE_REPORTING_CURRENCY takes an ISO 4217 code like EUR") from error


def choose_company(settings: Settings) -> None:
    """Names the company to the processes that this one starts."""
    if settings.company:
        os.environ["STAYHOUSE_COMPANY"] = str(settings.company)


def _is_on(variable: str, default: bool) -> bool:
    stated = os.environ.get(variable, "").lower()
    return stated in ("1", "true", "yes") if stated else default


def restrict_new_files() -> None:
    """Takes the rights of others off every file that this process will make; STAYHOUSE_UMASK names other rights.

    Raises ConfigurationError when that is not an octal number.
    """
    stated = os.environ.get("STAYHOUSE_UMASK") or UMASK
    if not re.fullmatch("[0-7]{1,4}", stated):
        raise ConfigurationError(f"{stated}: STAYHOUSE_UMASK takes an octal number like {UMASK} or 027")
    os.umask(int(stated, 8))


def _stated_place(chosen: Path | None, variable: str, option: str) -> Path | None:
    """What an option or a variable names, as an absolute path."""
    stated = chosen or os.environ.get(variable)
    if re.match(r"\w+:/", str(stated or "")):
        raise ConfigurationError(f"{stated}: {option} takes a folder; object stores are named in {FILE_NAME}, [paths]")
    return _place(stated, option) if stated else None


def _place(stated: str | Path, option: str) -> Path:
    """An absolute path. Raises ConfigurationError for a link to nowhere, which would be read as a missing default."""
    path = Path(stated).expanduser().absolute()
    if path.is_symlink() and not path.exists():
        raise ConfigurationError(
            f"{path}: is a link to {os.readlink(path)}, which does not exist; mend the link, or give another {option}"
        )
    return path.resolve()


def _check_kinds(warehouse: Path, publish: Path) -> None:
    """Raises ConfigurationError for a file in the place of a folder, or the other way round."""
    if warehouse.is_dir():
        raise ConfigurationError(f"{warehouse}: is a folder; --warehouse takes a file, which is created when missing")
    if not warehouse.suffix:
        # The folder of what a run keeps beside the file has its name without the ending.
        raise ConfigurationError(f"{warehouse}: has no ending; name it like {warehouse.name}.duckdb with --warehouse")
    if publish.exists() and not publish.is_dir():
        raise ConfigurationError(f"{publish}: is a file; --publish takes a folder, which is created when missing")


class Automation(StrEnum):
    """What makes the Dagster daemon begin a run."""

    none = "none"
    schedule = "schedule"
    files = "files"


@dataclass(frozen=True)
class Addresses:
    """Where messages about failed runs go."""

    webhook: str | None = None
    mail: tuple[str, ...] = ()
    mail_server: str = MAIL_SERVER

    def __bool__(self) -> bool:
        return bool(self.webhook or self.mail)


@dataclass(frozen=True)
class Daemon:
    """What the Dagster daemon and its UI need to know beyond the paths of a run."""

    automation: Automation = Automation.none
    schedule: str = SCHEDULE
    addresses: Addresses = field(default_factory=Addresses)
    dagster_url: str | None = None
    """Address of the Dagster UI; links in messages lead there."""
    published_url: str | None = None
    """Address under which the folder of publications is served; links in the UI lead there."""

    @classmethod
    def resolve(cls) -> Daemon:
        """What the environment says. Raises ConfigurationError for a value that cannot be meant."""
        automation = os.environ.get("STAYHOUSE_AUTOMATION", "").strip().lower() or Automation.none
        if automation not in list(Automation):
            raise ConfigurationError(
                f"{automation}: STAYHOUSE_AUTOMATION takes {', '.join(Automation)}; none is the default"
            )
        return cls(
            automation=Automation(automation),
            schedule=os.environ.get("STAYHOUSE_SCHEDULE") or SCHEDULE,
            addresses=failure_addresses(),
            dagster_url=_address("STAYHOUSE_DAGSTER_URL"),
            published_url=_address("STAYHOUSE_PUBLISHED_URL"),
        )


def failure_addresses() -> Addresses:
    """Where messages about failed runs go. Raises ConfigurationError for an address that cannot be meant."""
    mail = tuple(
        receiver for part in os.environ.get("STAYHOUSE_FAILURE_MAIL", "").split(",") if (receiver := part.strip())
    )
    for receiver in mail:
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", receiver):
            raise ConfigurationError(f"{receiver}: STAYHOUSE_FAILURE_MAIL takes mail addresses, separated by commas")
    server = os.environ.get("STAYHOUSE_MAIL_SERVER") or MAIL_SERVER
    parts = urlsplit(server)
    if parts.scheme not in MAIL_SCHEMES or not parts.hostname:
        raise ConfigurationError(
            "STAYHOUSE_MAIL_SERVER takes an address like smtps://user:password@mail.example.com:465; "
            f"it begins with {', '.join(f'{scheme}://' for scheme in MAIL_SCHEMES)}"
        )
    if parts.scheme == "smtp" and parts.password:
        raise ConfigurationError(
            "STAYHOUSE_MAIL_SERVER: smtp:// would send the password unencrypted; use smtps:// or smtp+starttls://"
        )
    return Addresses(webhook=_address("STAYHOUSE_FAILURE_WEBHOOK"), mail=mail, mail_server=server)


def _address(variable: str) -> str | None:
    """A web address without the slash at its end; None when the variable is not set."""
    stated = os.environ.get(variable, "").strip()
    if stated and urlsplit(stated).scheme not in ("http", "https"):
        # Not repeated: it may hold a secret.
        raise ConfigurationError(f"{variable} takes an address that begins with https:// or http://")
    return stated.rstrip("/") or None


def serve_published_at(address: str) -> None:
    """Says where publications are served, to this process and those that it starts; a stated address stays."""
    os.environ.setdefault("STAYHOUSE_PUBLISHED_URL", address)


def address_of(source: Source) -> str:
    """The address of a database, which may hold a password. Raises ConfigurationError when it is not set."""
    stated = os.environ.get(source.url_env, "").strip()
    if not stated:
        raise ConfigurationError(
            f"source {source.name}: {source.url_env} is not set; it holds the address of the database, like "
            "postgresql://user:password@host/database"
        )
    return stated


def memory_limit() -> str:
    """What DuckDB may use before it spills to disk, in its own words ('5GB')."""
    return os.environ.get("STAYHOUSE_MEMORY_LIMIT", MEMORY_LIMIT)


def _date(variable: str, like: str) -> str | None:
    """The date of a variable as ISO text; None when it is not set. Raises ConfigurationError for other text."""
    stated = os.environ.get(variable)
    try:
        return date.fromisoformat(stated).isoformat() if stated else None
    except ValueError as error:
        raise ConfigurationError(f"{stated}: {variable} takes a date like {like}") from error


def kept_runs() -> int:
    """How many finished runs Dagster's history keeps."""
    return _positive_number("STAYHOUSE_KEPT_RUNS", "a number of runs", KEPT_RUNS) or KEPT_RUNS


def threads() -> int:
    """How many models dbt builds at the same time; profiles.yml reads the variable itself."""
    return _positive_number("STAYHOUSE_THREADS", "a number of threads", THREADS) or THREADS


def _positive_number(variable: str, meaning: str, like: int) -> int | None:
    """The value of a variable; None when it is not set. Raises ConfigurationError for other text."""
    stated = os.environ.get(variable, "").strip()
    if not stated:
        return None
    if not (stated.isascii() and stated.isdecimal()) or int(stated) < 1:
        raise ConfigurationError(f"{stated}: {variable} takes {meaning} like {like}")
    return int(stated)


def working_folder() -> Path:
    """Where landing, warehouse, publications and what runs keep are: where the command is run, or STAYHOUSE_HOME."""
    return Path(os.environ.get("STAYHOUSE_HOME") or Path.cwd()).expanduser().resolve()


def history_folder(settings: Settings, chosen: Path | None = None) -> Path:
    """The folder of Dagster's history, with Dagster's settings in it.

    Dagster reads the variable too, so it is set where it is not.
    """
    folder = Path(os.environ.setdefault("DAGSTER_HOME", str(chosen or settings.history)))
    stated = folder / DAGSTER_SETTINGS.name
    if not stated.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(DAGSTER_SETTINGS, stated)
    return folder
