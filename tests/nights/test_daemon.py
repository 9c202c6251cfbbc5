"""Dagster's UI shows what its daemon did: a run for new files, a run of the schedule, and the alert of a failed run."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from conftest import Landing, customer, event

from stayhouse.contract import REPO_ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.repetition,
    pytest.mark.longest,
    pytest.mark.skipif(find_spec("dagster_dg_cli") is None, reason="make tools installs dagster-dg-cli"),
]

PATIENCE_SECONDS = 540
LOCATION = "stayhouse.orchestration.definitions"
PLACE = {"repositoryName": "__repository__", "repositoryLocationName": LOCATION}
SCHEDULE = PLACE | {"scheduleName": "nightly_after_midnight"}
ASK_RUNS = "query { runsOrError(limit: 50) { ... on Runs { results { runId jobName status tags { key value } } } } }"
ASK_SENSOR = """
query ($one: SensorSelector!) {
  sensorOrError(sensorSelector: $one) {
    ... on Sensor { sensorState { ticks(limit: 50) { status originRunIds runIds } } }
  }
}
"""
ASK_SCHEDULE = """
query ($one: ScheduleSelector!) {
  scheduleOrError(scheduleSelector: $one) { ... on Schedule { scheduleState { ticks(limit: 50) { status runIds } } } }
}
"""
START_SCHEDULE = """
mutation ($one: ScheduleSelector!) {
  startSchedule(scheduleSelector: $one) {
    ... on ScheduleStateResult { scheduleState { status } }
    ... on PythonError { message }
  }
}
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Ui:
    """The GraphQL that the pages of the UI ask."""

    def __init__(self, port: int, log: Path):
        self.address, self.log = f"http://127.0.0.1:{port}/graphql", log

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        asked = urllib.request.Request(self.address, data=body, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=60) as answer:
            document = json.load(answer)
        assert "errors" not in document, document["errors"]
        return document["data"]

    def runs(self) -> list[dict[str, Any]]:
        found = self.ask(ASK_RUNS)["runsOrError"]["results"]
        return [run | {"tags": {tag["key"]: tag["value"] for tag in run["tags"]}} for run in found]

    def run_of(self, job: str, tag: str, value: str) -> dict[str, Any] | None:
        """A run that has ended."""
        found = [run for run in self.runs() if run["jobName"] == job and run["tags"].get(tag) == value]
        return found[-1] if found and found[-1]["status"] in ("SUCCESS", "FAILURE") else None

    def ticks(self, sensor: str) -> list[dict[str, Any]]:
        return self.ask(ASK_SENSOR, one=PLACE | {"sensorName": sensor})["sensorOrError"]["sensorState"]["ticks"]

    def wait(self, look: Callable[[], Any]) -> Any:
        """What a look finds, as soon as it finds something."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            try:
                if found := look():
                    return found
            except (urllib.error.URLError, ConnectionError, TimeoutError, KeyError):
                pass  # still starting
            time.sleep(1)
        raise AssertionError(f"not seen within {PATIENCE_SECONDS} s:\n{self.log.read_text()[-6000:]}")


@pytest.fixture(scope="module")
def alerts() -> Iterator[tuple[str, list[dict[str, str]]]]:
    received: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hook", received
        server.shutdown()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("daemon")


@pytest.fixture(scope="module")
def ui(home: Path, alerts) -> Iterator[Ui]:
    """`stayhouse dev` over a company of three customers, with the sensors on and the schedule off."""
    landing = Landing(home / "landing" / "small" / "raw")
    landing.csv("customers", [customer(number) for number in (1, 2, 3)])
    landing.csv("events", [event(number, customer_id=f"c{1 + number % 3}") for number in range(9)])
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("STAYHOUSE_", "DAGSTER_"))}
    environment |= {
        "PYTHONPATH": str(REPO_ROOT),
        "DBT_TARGET_PATH": str(home / "target"),
        "STAYHOUSE_HOME": str(home),
        "STAYHOUSE_RAW": str(landing.folder),
        "STAYHOUSE_AUTOMATION": "files",
        "STAYHOUSE_SCHEDULE": "* * * * *",
        "STAYHOUSE_FAILURE_WEBHOOK": alerts[0],
        "STAYHOUSE_DAGSTER_URL": f"http://127.0.0.1:{port}",
    }
    program = "import sys; from stayhouse.orchestration.cli import main; sys.argv[0] = 'stayhouse'; main()"
    with (home / "dev.log").open("w") as log, subprocess.Popen(
        [sys.executable, "-c", program, "dev", "--port", str(port)],
        cwd=home, env=environment, stdout=log, stderr=log, start_new_session=True,
    ) as dev:  # fmt: skip
        try:
            yield Ui(port, home / "dev.log")
        finally:
            dev.send_signal(signal.SIGTERM)
            try:
                dev.wait(timeout=180)  # Dagster gives its server and its daemon a minute each
            except subprocess.TimeoutExpired:
                os.killpg(dev.pid, signal.SIGKILL)
                raise


def test_new_files_are_loaded_and_the_day_that_they_cover_is_published(ui: Ui, home: Path) -> None:
    load = ui.wait(lambda: ui.run_of("load_raw", "dagster/sensor_name", "new_landing_files"))
    assert load["status"] == "SUCCESS", ui.log.read_text()[-6000:]
    day = ui.wait(lambda: ui.run_of("build_day", "dagster/sensor_name", "publish_after_load"))
    assert day["status"] == "SUCCESS", ui.log.read_text()[-6000:]
    assert any(load["runId"] in tick["runIds"] for tick in ui.ticks("new_landing_files"))
    assert any(day["runId"] in tick["runIds"] for tick in ui.ticks("publish_after_load"))
    document = json.loads((home / "published" / "small" / "current" / "publication.json").read_text())
    assert document["as_of_date"] == day["tags"]["dagster/partition"]


def test_a_run_of_the_schedule_fails_on_a_broken_file_and_alarms_people(ui: Ui, home: Path, alerts) -> None:
    ui.wait(lambda: ui.run_of("build_day", "dagster/sensor_name", "publish_after_load"))
    before = (home / "published" / "small" / "current").resolve()
    Landing(home / "landing" / "small" / "raw").text("customers", "broken.csv", "nonsense\n1\n")
    started = ui.ask(START_SCHEDULE, one=SCHEDULE)["startSchedule"]
    assert started.get("scheduleState") == {"status": "RUNNING"}, started
    run = ui.wait(lambda: ui.run_of("nightly", "dagster/schedule_name", "nightly_after_midnight"))
    assert run["status"] == "FAILURE"
    state = ui.ask(ASK_SCHEDULE, one=SCHEDULE)["scheduleOrError"]["scheduleState"]
    assert any(run["runId"] in tick["runIds"] for tick in state["ticks"])

    # The load of the broken file fails as well: one tick may report both runs.
    ui.wait(lambda: any(run["runId"] in tick["originRunIds"] for tick in ui.ticks("failure_alert")))
    texts = [message["text"] for message in alerts[1]]
    (text,) = [text for text in texts if run["runId"] in text]
    assert text.startswith(f"Stayhouse: nightly of {run['tags']['dagster/partition']} failed\n- customers/broken.csv: ")
    assert (home / "published" / "small" / "current").resolve() == before
