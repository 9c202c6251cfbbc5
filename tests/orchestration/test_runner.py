"""What a run leaves on the screen is its own."""

from __future__ import annotations

import subprocess
import sys

from stayhouse.contract import REPO_ROOT

# dbt imports a tracker that calls logging.basicConfig(): where dbt came first, every warning of Dagster, of Great
# Expectations and of the lineage was printed between the progress bars of a first build.
CHATTER = """
import logging
from stayhouse.orchestration.runner import _quiet
with _quiet():
    import dbt.tracking
    logging.getLogger("sqlglot").warning("chatter")
    logging.getLogger("dagster.builtin").warning("chatter")
"""


def test_libraries_do_not_write_between_the_progress_bars():
    printed = subprocess.run([sys.executable, "-c", CHATTER], cwd=REPO_ROOT, capture_output=True, text=True, check=True)
    assert printed.stdout + printed.stderr == ""
