"""Spark with Iceberg as the tests start it: jars from wheels and from Debian, and a catalogue in a PostgreSQL of the tests."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
from servers import OWNER, differing, free_port, running_postgres

from stayhouse.contract import REPO_ROOT
from stayhouse.expectations.registry import mart_gates
from stayhouse.publishing.release import current_publication

JACKSON = ("jackson-annotations", "jackson-core", "jackson-databind")
SHADED = "org/apache/iceberg/shaded/"
PACKAGE = "com/fasterxml/jackson"
# Debian's libpostgresql-jdbc-java.
DRIVERS = ("/usr/share/java/postgresql.jar",)
ICEBERG = "jars/iceberg-spark-runtime-3.5_2.12-*.jar"


@contextmanager
def running_lake(
    folder: Path, master: str = "local[2]", more: Mapping[str, str] | None = None
) -> Iterator[dict[str, str]]:
    """The environment of runs over a lake below a folder; its catalogue runs as long as the block."""
    folder.mkdir(parents=True, exist_ok=True)
    stated = {
        "spark.jars": ",".join(map(str, jars(folder))),
        "spark.driver.memory": "2g",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
        "spark.local.dir": str(folder / "local"),
        # So few rows take longer to compile for than to read.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=256m",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        **(more or {}),
    }
    (folder / "spark-defaults.conf").write_text("".join(f"{key} {value}\n" for key, value in stated.items()))
    with running_postgres("max_connections=50") as port:
        yield {
            "STAYHOUSE_TARGET": "spark",
            "STAYHOUSE_SPARK_MASTER": master,
            "STAYHOUSE_LAKE": str(folder / "tables"),
            "STAYHOUSE_LAKE_EXCHANGE": str(folder / "exchange"),
            "STAYHOUSE_LAKE_CATALOG": f"jdbc:postgresql://127.0.0.1:{port}/postgres",
            "STAYHOUSE_LAKE_USER": OWNER,
            "SPARK_CONF_DIR": str(folder),
            "SPARK_LOCAL_IP": "127.0.0.1",
        }


@contextmanager
def running_cluster(workers: int) -> Iterator[tuple[str, list[int]]]:
    """A standalone cluster: the address of its master, and the processes of its workers, of one core each."""
    spark_class = str(_folder("pyspark") / "bin" / "spark-class")
    port = free_port()
    master = f"spark://127.0.0.1:{port}"
    environment = os.environ | {"SPARK_LOCAL_IP": "127.0.0.1"}
    deploy = [spark_class, "org.apache.spark.deploy"]

    def start(what: str, *arguments: str) -> subprocess.Popen:
        command = [deploy[0], f"{deploy[1]}.{what}", "--host", "127.0.0.1", "--webui-port", "0", *arguments]
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    running = [start("master.Master", "--port", str(port))]
    try:
        running += [start("worker.Worker", "--cores", "1", "--memory", "1g", master) for _ in range(workers)]
        yield master, [one.pid for one in running[1:]]
    finally:
        for one in running:
            one.kill()
            one.wait()


def _folder(package: str) -> Path:
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"{package} is not installed here; make test-spark")
    return Path(next(iter(found.submodule_search_locations)))


def jars(folder: Path) -> list[Path]:
    """What Spark needs beside its own jars; `folder` takes the one that is made here."""
    drivers = [Path(place) for place in DRIVERS if Path(place).exists()]
    if not drivers:
        pytest.skip(f"PostgreSQL's JDBC driver is not installed here: {DRIVERS[0]} is missing")
    iceberg = sorted(_folder("snowpark_connect_deps_iceberg").glob(ICEBERG))
    return [iceberg[-1], _shaded_jackson(_folder("pyspark") / "jars", folder), drivers[0]]


def _shaded_jackson(of_spark: Path, folder: Path) -> Path:
    """The wheel's Iceberg lacks the JSON library that it calls by a name of its own: Spark's is copied under that name.

    The jar of Iceberg's own releases has it.
    """
    made = folder / "shaded-jackson.jar"
    if made.exists():
        return made
    with zipfile.ZipFile(made, "w") as jar:
        for name in JACKSON:
            (source,) = of_spark.glob(f"{name}-2.*.jar")
            with zipfile.ZipFile(source) as old:
                for entry in old.namelist():
                    if entry.startswith(PACKAGE) and entry.endswith(".class"):
                        jar.writestr(SHADED + entry, renamed(old.read(entry)))
    return made


def renamed(content: bytes) -> bytes:
    """A class file whose names of the package PACKAGE begin with SHADED."""
    (count,) = struct.unpack_from(">H", content, 8)
    pool, end = zip(*_constants(content, count), strict=True)
    return content[:10] + b"".join(pool) + content[end[-1] :]


# Bytes after the tag of a constant.
SIZES = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2}
TEXT, WIDE = 1, (5, 6)


def _constants(content: bytes, count: int) -> Iterator[tuple[bytes, int]]:
    """Every constant, with texts renamed, and where it ends in the old file."""
    place, number = 10, 1
    while number < count:
        tag = content[place]
        if tag == TEXT:
            (length,) = struct.unpack_from(">H", content, place + 1)
            text = content[place + 3 : place + 3 + length]
            for separator in (b"/", b"."):
                old = PACKAGE.encode().replace(b"/", separator)
                text = text.replace(old, SHADED.encode().replace(b"/", separator) + old)
            place += 3 + length
            yield bytes([TEXT]) + struct.pack(">H", len(text)) + text, place
        else:
            place += 1 + SIZES[tag]
            yield content[place - 1 - SIZES[tag] : place], place
        # A wide constant takes two numbers.
        number += 2 if tag in WIDE else 1


# ---------------------------------------------------------------- runs over a lake

BUILD = """
import os, signal, sys
from datetime import date
from pathlib import Path
from stayhouse.orchestration import progress
from stayhouse.orchestration.runner import build
from stayhouse.orchestration.settings import Settings

def listen(stage, item, share):
    if stage == "transform" and share >= 0.4 and victims:
        os.kill(victims.pop() or os.getpid(), signal.SIGKILL)

victim, day, *places = sys.argv[1:]
victims = [int(victim)] if victim else []
progress.listen(listen)
outcome = build(Settings.resolve(*map(Path, places)), date.fromisoformat(day), date.fromisoformat(day))
print(outcome.log)
sys.exit(outcome.exit_code)
"""


class Side(NamedTuple):
    """What is built, and where."""

    landing: Path
    place: Path
    variables: dict[str, str]

    def build(self, as_of: date, kill: int | None = None) -> int:
        """Runs a day and returns its exit code; amid the models it kills a process, 0 being its own."""
        places = [
            self.landing,
            self.landing.parent / "policy",
            self.place / "stayhouse.duckdb",
            self.place / "published",
        ]
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", BUILD, "" if kill is None else str(kill), str(as_of), *map(str, places)],
            env=os.environ | {
                "STAYHOUSE_HOME": str(self.place), "DAGSTER_HOME": str(self.place / "dagster"),
                "PYTHONPATH": str(REPO_ROOT), "STAYHOUSE_TARGET": "duckdb",
                # Both sides run at a time, and each writes what dbt compiles.
                "DBT_TARGET_PATH": str(self.place / "target"),
            } | self.variables,
            capture_output=True, text=True, timeout=1800, check=False, cwd=self.place,
        )  # fmt: skip
        print(done.stdout[-3000:], done.stderr[-3000:])
        return done.returncode

    @property
    def release(self) -> Path:
        return self.place / "published" / "current" / "stayhouse.duckdb"


def assert_same_publications(file: Side, lake: Side) -> None:
    """Every mart of the release that was made from the lake is the one that was made in the file, both ways."""
    document = current_publication(lake.place / "published")
    marts = [gate.table for gate in mart_gates()]
    assert document is not None
    assert sorted(document["rows"]) == sorted(marts)
    assert sum(count > 0 for count in document["rows"].values()) > 60, "most marts have rows to compare"
    with duckdb.connect() as db:
        for name, side in (("file", file), ("lake", lake)):
            db.execute(f"attach '{side.release}' as {name} (read_only)")
        assert differing(db, {mart: (f"file.{mart}", f"lake.{mart}") for mart in marts}) == {}
