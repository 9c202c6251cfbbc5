"""Where a run reads and writes. Environment variables are read here and nowhere else."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from stayhouse.contract import Zones

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
# Two hours after the business day has closed.
SCHEDULE = "0 2 * * *"
MAIL_SERVER = "smtp://localhost:25"
MAIL_SCHEMES = ("smtp", "smtps", "smtp+starttls")


# Only the user of the run reads what it makes.
UMASK = "077"


class ConfigurationError(Exception):
    """A path, a date or a policy is wrong. The message names it and the way out."""


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

    @property
    def zones(self) -> Zones:
        return Zones(source=self.source_timezone, business=self.business_timezone)

    @property
    def work(self) -> Path:
        """Folder beside the working file for what a run needs to keep: merged seeds, run log, Data Docs."""
        return self.warehouse.with_suffix("")

    @property
    def erasure(self) -> Path:
        """Folder of requests to erase customers, and of what is kept to recognise those who are erased."""
        return self.raw.parent / "erasure" if self.raw.name == "raw" else self.raw.with_name(f"{self.raw.name}.erasure")

    @property
    def run_log(self) -> Path:
        return self.work / "last_run.json"

    @classmethod
    def resolve(
        cls,
        raw: Path | None = None,
        policy: Path | None = None,
        warehouse: Path | None = None,
        publish: Path | None = None,
    ) -> Settings:
        """Arguments first, environment second, defaults last.

        Warehouse and publication are named after the landing folder (after its parent when it is called raw), so
        that two companies never share a file. A folder `policy` beside the landing folder is used unless another
        is given. Raises ConfigurationError for an unknown time zone, a currency without a
        valid code, a policy folder that does not exist or a link to nowhere.
        """
        home = working_folder()
        raw = _place(raw or os.environ.get("STAYHOUSE_RAW") or home / "landing" / "saas" / "raw", "--raw")
        name = raw.parent.name if raw.name == "raw" else raw.name
        chosen = policy or os.environ.get("STAYHOUSE_POLICY")
        beside = _place(raw.parent / "policy", "--policy")
        policy = _place(chosen, "--policy") if chosen else (beside if beside.is_dir() else None)
        if policy and not policy.is_dir():
            raise ConfigurationError(f"{policy}: no such policy folder; give the right one with --policy")
        zones = {
            "business_timezone": os.environ.get("STAYHOUSE_TIMEZONE", "UTC"),
            "source_timezone": os.environ.get("STAYHOUSE_SOURCE_TIMEZONE", "UTC"),
        }
        for zone in zones.values():
            try:
                ZoneInfo(zone)
            except (ZoneInfoNotFoundError, ValueError) as error:
                raise ConfigurationError(f"{zone}: no such time zone; use a name like Europe/Berlin") from error
        currency = os.environ.get("STAYHOUSE_REPORTING_CURRENCY", "").strip().upper() or None
        if currency and not re.fullmatch("[A-Z]{3}", currency):
            raise ConfigurationError(f"{currency}: STAYHOUSE_REPORTING_CURRENCY takes an ISO 4217 code like EUR")
        return cls(
            raw=raw,
            policy=policy,
            warehouse=_place(
                warehouse or os.environ.get("STAYHOUSE_WAREHOUSE") or home / "warehouse" / f"{name}.duckdb",
                "--warehouse",
            ),
            publish=_place(publish or os.environ.get("STAYHOUSE_PUBLISH") or home / "published" / name, "--publish"),
            target=Path(os.environ.get("DBT_TARGET_PATH") or home / "target").resolve(),
            alert_webhook=os.environ.get("STAYHOUSE_ALERT_WEBHOOK") or None,
            reporting_currency=currency,
            lists_per_owner=_is_on("STAYHOUSE_LISTS_PER_OWNER"),
            without_identifiers=_is_on("STAYHOUSE_WITHOUT_IDENTIFIERS"),
            **zones,
        )  # fmt: skip


def _is_on(variable: str) -> bool:
    return os.environ.get(variable, "").lower() in ("1", "true", "yes")


def restrict_new_files() -> None:
    """Takes the rights of others off every file that this process will make; STAYHOUSE_UMASK names other rights.

    Raises ConfigurationError when that is not an octal number.
    """
    stated = os.environ.get("STAYHOUSE_UMASK") or UMASK
    if not re.fullmatch("[0-7]{1,4}", stated):
        raise ConfigurationError(f"{stated}: STAYHOUSE_UMASK takes an octal number like {UMASK} or 027")
    os.umask(int(stated, 8))


def _place(stated: str | Path, option: str) -> Path:
    """An absolute path. Raises ConfigurationError for a link to nowhere, which would be read as a missing default."""
    path = Path(stated).expanduser().absolute()
    if path.is_symlink() and not path.exists():
        raise ConfigurationError(
            f"{path}: is a link to {os.readlink(path)}, which does not exist; mend the link, or give another {option}"
        )
    return path.resolve()


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


def memory_limit() -> str:
    """What DuckDB may use before it spills to disk, in its own words ('5GB')."""
    return os.environ.get("STAYHOUSE_MEMORY_LIMIT", MEMORY_LIMIT)


def first_day() -> str:
    """The first as-of date that can be built, as ISO text. Raises ConfigurationError when it is not one."""
    stated = os.environ.get("STAYHOUSE_FIRST_DAY", FIRST_DAY)
    try:
        return date.fromisoformat(stated).isoformat()
    except ValueError as error:
        raise ConfigurationError(f"{stated}: STAYHOUSE_FIRST_DAY takes a date like {FIRST_DAY}") from error


def kept_runs() -> int:
    """How many finished runs Dagster's history keeps."""
    return _positive_number("STAYHOUSE_KEPT_RUNS", KEPT_RUNS, "a number of runs")


def kept_releases() -> int:
    """How many releases stay in the folder of publications."""
    return _positive_number("STAYHOUSE_KEPT_RELEASES", KEPT_RELEASES, "a number of releases")


def kept_loads() -> int | None:
    """For how many loads superseded rows are kept; None: for ever."""
    if not os.environ.get("STAYHOUSE_KEPT_LOADS", "").strip():
        return None
    return _positive_number("STAYHOUSE_KEPT_LOADS", KEPT_LOADS_LIKE, "a number of loads")


def threads() -> int:
    """How many models dbt builds at the same time; profiles.yml reads the variable itself."""
    return _positive_number("STAYHOUSE_THREADS", THREADS, "a number of threads")


def _positive_number(variable: str, default: int, meaning: str) -> int:
    """The value of a variable. Raises ConfigurationError when it is not a positive whole number."""
    stated = os.environ.get(variable, str(default)).strip()
    if not (stated.isascii() and stated.isdecimal()) or int(stated) < 1:
        raise ConfigurationError(f"{stated}: {variable} takes {meaning} like {default}")
    return int(stated)


def working_folder() -> Path:
    """Where landing, warehouse, publications and what runs keep are: where the command is run, or STAYHOUSE_HOME."""
    return Path(os.environ.get("STAYHOUSE_HOME") or Path.cwd()).expanduser().resolve()


def history_folder(chosen: Path | None = None) -> Path:
    """The folder of Dagster's history, with Dagster's settings in it; `.dagster` in the working folder without one.

    Dagster reads the variable too, so it is set where it is not.
    """
    folder = Path(os.environ.setdefault("DAGSTER_HOME", str(chosen or working_folder() / ".dagster")))
    stated = folder / DAGSTER_SETTINGS.name
    if not stated.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(DAGSTER_SETTINGS, stated)
    return folder
