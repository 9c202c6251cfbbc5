"""Nobody but the user of a run reads what it makes, unless a setting says otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stayhouse.contract import REPO_ROOT

pytestmark = pytest.mark.slow

# The rights of new files belong to the process, so the command runs in one of its own.
COMMAND = """
import sys
from stayhouse.orchestration.cli import main
try:
    sys.argv = ["stayhouse", "--version"]
    main()
except SystemExit as end:
    open(sys.stdin.read(), "w").close()
    raise end
"""


def command(file: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", COMMAND],
        input=str(file),
        env=os.environ | environment,
        cwd=REPO_ROOT,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(("setting", "rights"), [({}, 0o600), ({"STAYHOUSE_UMASK": "027"}, 0o640)])
def test_new_files_are_for_the_user_of_the_run(tmp_path, setting, rights):
    """Every account of the machine could read the customers of the company: files had the usual rights."""
    result = command(tmp_path / "made", **setting)
    assert result.returncode == 0, result.stderr
    assert oct((tmp_path / "made").stat().st_mode & 0o777) == oct(rights)


def test_a_setting_that_is_no_octal_number_is_named(tmp_path):
    result = command(tmp_path / "made", STAYHOUSE_UMASK="rwx")
    assert result.returncode == 2
    assert "rwx: STAYHOUSE_UMASK takes an octal number like 077 or 027" in result.stderr
