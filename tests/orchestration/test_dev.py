"""`stayhouse dev` stops what it has started, and serves pages so that links in the UI open."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from stayhouse.contract import REPO_ROOT
from stayhouse.orchestration.pages import served
from stayhouse.orchestration.settings import Daemon

# Stands for `dg dev`: it ends in order when it is asked to, and leaves its child behind when it is killed.
PROGRAM = """
import pathlib, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
def stop(*_):
    child.terminate()
    child.wait()
    pathlib.Path("stopped").touch()
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, signal.SIG_IGN)
pathlib.Path("started").touch()
time.sleep(60)
"""
PARENT = """
import signal, sys
from pathlib import Path
from stayhouse.orchestration.cli import _run_until_stopped
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(_run_until_stopped([sys.executable, "program.py"], Path.cwd()))
"""


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_stopping_dev_stops_the_daemon(tmp_path: Path, stop: signal.Signals) -> None:
    # Story: an interrupted `stayhouse dev` killed `dg dev` after a quarter of a second, and its daemon went on.
    (tmp_path / "program.py").write_text(PROGRAM)
    environment = os.environ | {"PYTHONPATH": str(REPO_ROOT)}
    with subprocess.Popen([sys.executable, "-c", PARENT], cwd=tmp_path, env=environment) as parent:
        while not (tmp_path / "started").exists():
            time.sleep(0.05)
        parent.send_signal(stop)
        assert parent.wait(timeout=20) == 0
    assert (tmp_path / "stopped").exists()


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    release = tmp_path / "releases" / "1"
    (release / "data_docs").mkdir(parents=True)
    (release / "index.html").write_text("the page")
    (release / "stayhouse.duckdb").write_text("rows")
    (tmp_path / "current").symlink_to(Path("releases") / "1")
    monkeypatch.setenv("STAYHOUSE_PUBLISHED_URL", "")
    monkeypatch.delenv("STAYHOUSE_PUBLISHED_URL")
    with served(tmp_path):
        yield Daemon.resolve().published_url


def get(url: str, host: str | None = None) -> tuple[int, str]:
    asked = urllib.request.Request(url, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def test_dev_serves_pages_and_nothing_else(address: str) -> None:
    assert address.startswith("http://127.0.0.1:")
    assert get(f"{address}/current/index.html") == (200, "the page")
    for path in ("current/stayhouse.duckdb", "current/", "", "current/data_docs", "../../etc/passwd", "nothing.html"):
        assert get(f"{address}/{path}")[0] == 404, path


def test_another_site_cannot_read_the_pages(address: str) -> None:
    # A site can give its own name the address of this machine; a browser would then let it read what is served.
    assert get(f"{address}/current/index.html", "evil.example:80")[0] == 404


def test_a_stated_address_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAYHOUSE_PUBLISHED_URL", "https://stay.example/acme/")
    with served(tmp_path):
        assert Daemon.resolve().published_url == "https://stay.example/acme"
