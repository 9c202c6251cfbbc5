"""dbt in this process: started once, parsed once, used for every date of a run."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb

from stayhouse.contract import REPO_ROOT
from stayhouse.contract.sql import identifier, literals, one_row
from stayhouse.orchestration.model_checks import Finding, describe
from stayhouse.orchestration.money import reporting_currency
from stayhouse.orchestration.private_api import forget_compilation
from stayhouse.orchestration.server import open_target, prepare_dbt, target_variables, views_go_with_tables
from stayhouse.orchestration.settings import Settings

NODE_FINISHED = {"LogModelResult", "LogSeedResult", "LogTestResult", "LogSnapshotResult"}
# Data tests that the gate evaluates from the same YAML, and tests of code (see dbt_project.yml).
NOT_NIGHTLY = "tag:not_nightly"
# Views that a run makes only when the project has changed. Those of marts are published, so they are made every time.
SETTLED_FOLDERS = ("staging", "core", "intermediate")
SETTLED_VIEWS = [f"config.materialized:view,path:models/{folder}" for folder in SETTLED_FOLDERS]
# What dbt reads of the project.
PROJECT_PARTS = ("dbt_project.yml", "models", "macros", "seeds", "tests")
OWN_POLICY = "policy"
# From this size on the log begins again; the one before it is kept.
LOG_BYTES = 5_000_000


class DbtFailed(Exception):
    """Nodes of the dbt build failed; `failures` holds a line per node."""

    def __init__(self, failures: list[str]):
        super().__init__("\n".join(failures) or "dbt failed")
        self.failures = failures


class DbtSession:
    """Runs dbt commands against one warehouse. Not for two threads at a time: dbt keeps its state globally."""

    def __init__(self, settings: Settings, seeds: Path):
        self.settings = settings
        self.seeds = seeds
        self.findings: list[Finding] = []
        """What the last command found: tests that ran, and models that could not be built."""
        self._manifest: Any = None

    @property
    def project(self) -> Path:
        """A folder beside the working file with links to the project and to the policy of this run.

        dbt writes what it compiles to <target>/<path of a file from here>. The path of a policy elsewhere would lead
        out of the target, in the worst case back to the policy file itself.
        """
        folder = self.settings.work / "project"
        parts = {name: REPO_ROOT / name for name in PROJECT_PARTS}
        if self.seed_path == OWN_POLICY:
            parts[OWN_POLICY] = self.seeds.absolute()
        for name, part in parts.items():
            link = folder / name
            if not (link.is_symlink() and link.readlink() == part):
                folder.mkdir(parents=True, exist_ok=True)
                link.unlink(missing_ok=True)
                link.symlink_to(part)
        return folder

    @property
    def seed_path(self) -> str:
        """Where dbt finds the seeds of this run, from the folder of the project."""
        return "seeds" if self.seeds == REPO_ROOT / "seeds" else OWN_POLICY

    def _arguments(self, command: Sequence[str], variables: dict[str, str]) -> list[str]:
        return [
            *command,
            "--project-dir", str(self.project),
            "--profiles-dir", str(REPO_ROOT),
            "--target-path", str(self.settings.target),
            "--log-path", str(self.settings.work / "logs"),
            # dbt formats thirty debug lines per node before it drops them. Warnings are written by _invoke; what a run
            # did is in the Dagster instance and the run log.
            "--log-level-file", "none",
            "--vars", json.dumps(variables),
        ]  # fmt: skip

    def _variables(self, as_of: date | None) -> dict[str, str]:
        variables = {
            "business_timezone": self.settings.business_timezone,
            "source_timezone": self.settings.source_timezone,
        }
        if as_of:
            variables["as_of_date"] = as_of.isoformat()
            # Known only when the money is loaded.
            if currency := reporting_currency(self.settings, self.seeds):
                variables["reporting_currency"] = currency
        return variables

    @contextmanager
    def _environment(self) -> Iterator[None]:
        """What profiles.yml and dbt_project.yml read; taken back afterwards, since Settings reads some of it too."""
        wanted = {
            "STAYHOUSE_WAREHOUSE": str(self.settings.warehouse),
            "STAYHOUSE_SEEDS": self.seed_path,
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            **target_variables(self.settings),
        }
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update(wanted)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value

    def parse(self, write: bool = False) -> Any:
        """The manifest, parsed once per session (dbt keeps a partial parse on disk between processes).

        With `write` also as manifest.json, which takes as long as the parsing.
        """
        if self._manifest is None or write:
            from dbt.cli.main import dbtRunner

            with self._environment():
                command = ["--log-level", "none", "--write-json" if write else "--no-write-json", "parse"]
                result = dbtRunner().invoke(self._arguments(command, self._variables(None)))
            if not result.success:
                raise DbtFailed([str(result.exception or "dbt could not parse the project")])
            self._manifest = result.result
        return self._manifest

    def build(
        self,
        as_of: date | None = None,
        full_refresh: bool = False,
        select: Sequence[str] = (),
        part: Collection[str] = (),
        with_tests: bool = True,
        on_event: Callable[[dict[str, Any]], None] = lambda event: None,
    ) -> list[Any]:
        """Seeds, models and data tests (none without `with_tests`) for one as-of date; returns dbt's run results.

        Without the data tests of marts, whose rules the gate evaluates. Of the whole project, of what `select` says in
        the words of dbt, or of a `part`, named by unique ids; seeds and views that have not changed since a run of the
        whole project stay as they are, except where `select` names them.

        `on_event` gets every finished node as dbt's structured log event. Raises DbtFailed when a node failed.
        """
        digests = self._digests(as_of)
        same = self._settled(digests)
        settled = set() if full_refresh else same
        # What changes now is neither the old nor the new until all of it is there.
        self._forget_settled(digests.keys() - same)
        # Unit tests are about the code, not the data: they belong to the test suite.
        kinds = ["seed"] * ("seed" not in settled or bool(select)) + ["model"] + ["test"] * with_tests
        # Nobody reads the artifacts of a run.
        command = ["--log-level", "none", "--no-write-json", "build", *(["--full-refresh"] if full_refresh else [])]
        command += [argument for kind in kinds for argument in ("--resource-type", kind)]
        if part:
            command += ["--select", *self._missing(part, settled), "--indirect-selection", "empty"]
        elif select:
            # Of the tests those whose models are all there.
            command += ["--select", *select, "--indirect-selection", "cautious"]
        command += ["--exclude", NOT_NIGHTLY]
        if "view" in settled and not select and not part:
            # Tests that read a view run all the same.
            command += [*SETTLED_VIEWS, "--indirect-selection", "empty"]
        results = self._invoke(command, as_of, on_event)
        if not select and not part:
            self._settle(digests)
        return results

    def _settled(self, digests: Mapping[str, str]) -> set[str]:
        """Kinds of nodes ('seed', 'view') that are in the warehouse as this run would make them."""
        with open_target(self.settings) as connection:
            found = connection.execute("select kind, name from ops.settled").fetchall()
        made = {kind: [name for other, name in found if other == kind] for kind, _ in found}
        return {kind for kind, digest in digests.items() if made.get(kind) == [digest]}

    def _missing(self, part: Collection[str], settled: AbstractSet[str]) -> list[str]:
        """The nodes of a part that must be made, and the tests whose models are all in it, as dbt selects them."""
        nodes = self.parse().nodes
        made = [nodes[key] for key in part if _kind(nodes[key]) not in settled]
        tests = [node for node in nodes.values() if node.resource_type == "test" and _is_of(node, set(part))]
        return [f"fqn:{'.'.join(node.fqn)}" for node in [*made, *tests]]

    def _forget_settled(self, kinds: Iterable[str]) -> None:
        with open_target(self.settings) as connection:
            connection.execute(f"delete from ops.settled where kind in ({literals(sorted(kinds)) or 'null'})")

    def _settle(self, digests: Mapping[str, str]) -> None:
        with open_target(self.settings) as connection:
            connection.execute("delete from ops.settled")
            values = ", ".join(f"({literals(pair)})" for pair in digests.items())
            connection.execute(f"insert into ops.settled values {values}")

    def _digests(self, as_of: date | None) -> dict[str, str]:
        """What seeds come from: the files of the policy. What views come from: these, the project and its variables."""
        policy = sorted((file.name, file.read_bytes()) for file in self.seeds.iterdir() if file.is_file())
        # Policy is read from its files: what dbt has parsed may be the project with another policy.
        project = sorted(
            (str(file.path.original_file_path), str(file.checksum.checksum))
            for file in self.parse().files.values()
            if Path(file.path.original_file_path).parts[0] not in ("seeds", OWN_POLICY)
        )
        variables = {name: value for name, value in self._variables(as_of).items() if name != "as_of_date"}
        contents = {"seed": policy, "view": (project, policy, sorted(variables.items()))}
        if views_go_with_tables(self.settings):
            del contents["view"]
        return {kind: hashlib.sha256(repr(content).encode()).hexdigest() for kind, content in contents.items()}

    def _note(self, info: Any) -> None:
        """Adds a warning or an error of dbt to the log beside the warehouse."""
        folder = self.settings.work / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "dbt.log"
        if file.exists() and file.stat().st_size > LOG_BYTES:
            file.replace(folder / "dbt.log.1")
        with file.open("a") as log:
            log.write(f"{info.ts.ToJsonString()} [{info.level}] {info.msg}\n")

    def unit_tests(self) -> list[Any]:
        """Runs dbt's unit tests on a warehouse that is built; returns their results. Raises DbtFailed."""
        return self._test(["test_type:unit"], None)

    def tests_not_nightly(self, as_of: date, names: Sequence[str] = ()) -> list[Any]:
        """Runs the data tests that a nightly run leaves out, or those named, on a warehouse that is built."""
        return self._test([f"{NOT_NIGHTLY},{name}" for name in names] or [NOT_NIGHTLY], as_of)

    def _test(self, select: Sequence[str], as_of: date | None) -> list[Any]:
        return self._invoke(["--log-level", "none", "test", "--select", *select], as_of, lambda event: None)

    def docs(self, as_of: date) -> None:
        """Writes static_index.html and catalog.json beside the manifest. Needs a warehouse that is built."""
        self._invoke(["--log-level", "none", "docs", "generate", "--static", "--no-compile"], as_of, lambda event: None)

    def _invoke(self, command: list[str], as_of: date | None, on_event: Callable[[dict[str, Any]], None]) -> list[Any]:
        from dbt.cli.main import dbtRunner
        from google.protobuf.json_format import MessageToDict

        def pass_on(message: Any) -> None:
            if message.info.level in ("warn", "error"):
                self._note(message.info)
            if message.info.name in NODE_FINISHED:
                on_event(MessageToDict(message, preserving_proto_field_name=True))

        manifest = self.parse()
        prepare_dbt(self.settings)
        forget_compilation(manifest)
        for node in manifest.nodes.values():
            if node.resource_type == "seed":
                # What was parsed before a company was moved names its old place.
                node.root_path = str(self.project)
        try:
            with self._environment():
                result = dbtRunner(manifest=manifest, callbacks=[pass_on]).invoke(
                    self._arguments(command, self._variables(as_of))
                )
            results = list(getattr(result.result, "results", None) or [])
            self.findings = describe(results, manifest.nodes, _open_cursor())
        finally:
            close_connections()
        if not result.success:
            raise DbtFailed(
                [one.message for one in self.findings if not one.is_passed and one.severity == "critical"]
                or [str(result.exception)]
            )
        return results


def _kind(node: Any) -> str | None:
    """'seed' or 'view' for a node that a run leaves as it is while nothing that it comes from has changed."""
    if node.resource_type == "seed":
        return "seed"
    is_view = node.resource_type == "model" and node.config.materialized == "view"
    return "view" if is_view and node.path.split("/")[0] in SETTLED_FOLDERS else None


def _is_of(test: Any, part: AbstractSet[str]) -> bool:
    """Everything that a test reads is in a part."""
    return bool(test.depends_on.nodes) and part >= set(test.depends_on.nodes)


def _environment_of_dbt() -> Any:
    """What dbt-duckdb holds open; None when it has opened nothing."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    try:
        return DuckDBConnectionManager.env()
    except Exception:  # a bare one, which says that there is no environment yet
        return None


def _open_cursor() -> duckdb.DuckDBPyConnection | None:
    """A cursor on the file that dbt holds open; None when it is closed."""
    connection = getattr(_environment_of_dbt(), "conn", None)
    return connection.cursor() if connection else None


def row_count(schema: str, table: str) -> int | None:
    """Rows of a table that dbt has just built, asked through its open file; None when that is closed."""
    cursor = _open_cursor()
    if cursor is None:
        return None
    try:
        # Answered from the table's statistics; a look into the catalog would go through every table of the file.
        (rows,) = one_row(cursor, f"select count(*) from {identifier(schema)}.{identifier(table)}")
        return int(rows)
    except duckdb.CatalogException:
        return None


def close_connections() -> None:
    """Lets go of the working file: dbt-duckdb keeps it open for the life of the process otherwise."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    if environment := _environment_of_dbt():
        environment.close()
        DuckDBConnectionManager.close_all_connections()


def manifest_content(manifest: Path) -> dict[str, Any] | None:
    """What a manifest holds; None when there is none, or dbt was killed while it wrote it."""
    try:
        return _parsed(manifest, manifest.stat().st_mtime_ns)
    except (FileNotFoundError, ValueError):
        return None


@lru_cache(maxsize=1)
def _parsed(manifest: Path, _written_at: int) -> dict[str, Any] | None:
    document: dict[str, Any] = json.loads(manifest.read_text())
    return document if "nodes" in document else None


def ensure_manifest(settings: Settings, session: DbtSession | None = None) -> Path:
    """The path of a manifest that is not older than the project; Dagster draws its graph from it.

    Parsed, where it must be, by the session that will use it: dbt parses a project again for another warehouse file.
    """
    manifest = settings.target / "manifest.json"
    folders = [REPO_ROOT / name for name in ("models", "macros", "seeds", "tests/dbt")]
    files = [
        REPO_ROOT / "dbt_project.yml",
        *(file for folder in folders for file in folder.rglob("*") if file.is_file()),
    ]
    newest = max(file.stat().st_mtime for file in files)
    if manifest_content(manifest) is None or newest > manifest.stat().st_mtime:
        (session or DbtSession(settings, REPO_ROOT / "seeds")).parse(write=True)
    return manifest


def read_manifest(settings: Settings, session: DbtSession | None = None) -> dict[str, Any]:
    """The content of a manifest that is not older than the project."""
    return manifest_content(ensure_manifest(settings, session)) or {}
