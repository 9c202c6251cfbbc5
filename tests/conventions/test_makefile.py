"""A description that was wrapped over two lines broke every target of the Makefile, `make build` of the README first."""

from __future__ import annotations

import subprocess

from stayhouse.contract import REPO_ROOT


def test_make_reads_its_file():
    listed = subprocess.run(["make", "help"], cwd=REPO_ROOT, capture_output=True, text=True, check=False)
    assert listed.returncode == 0, listed.stderr
    assert {"build", "test", "lint"} <= {line.split()[1] for line in listed.stdout.splitlines() if line.strip()}
