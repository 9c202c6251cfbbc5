"""Pages that describe the models themselves: dbt's own documentation and the lineage of every column."""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import shutil
from datetime import date
from pathlib import Path

from stayhouse.orchestration.dbt_session import DbtSession

MODELS_PAGE, LINEAGE_PAGE = "models.html", "lineage.html"


def write_model_docs(session: DbtSession, as_of: date, folder: Path) -> Path:
    """Write both pages into `folder` (replaced) and return it. Neither asks a network when it is opened.

    Needs a warehouse that is built: types and columns are those that the tables really have. They say nothing of data,
    so a project that has not changed keeps the pages it has.
    """
    written_for = folder / "written_for.txt"
    fingerprint = _fingerprint(session)
    if written_for.is_file() and written_for.read_text() == fingerprint:
        return folder
    from dbt_colibri.lineage_extractor.extractor import DbtColumnLineageExtractor
    from dbt_colibri.report.generator import DbtColibriReportGenerator

    session.docs(as_of)
    target = session.settings.target
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copyfile(target / "static_index.html", folder / MODELS_PAGE)
    logging.getLogger("colibri").setLevel(logging.CRITICAL)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        extractor = DbtColumnLineageExtractor(str(target / "manifest.json"), str(target / "catalog.json"))
        # Without the switch the page would call its makers from the reader's browser.
        report = DbtColibriReportGenerator(extractor, light_mode=True, disable_telemetry=True)
        report.generate_report(output_dir=str(folder / "lineage"))
    shutil.move(folder / "lineage" / "index.html", folder / LINEAGE_PAGE)
    shutil.rmtree(folder / "lineage")
    written_for.write_text(fingerprint)
    return folder


def _fingerprint(session: DbtSession) -> str:
    """Changes with every file of the project that dbt reads."""
    files = session.parse().files.values()
    return hashlib.sha256(
        repr(sorted((f.path.original_file_path, f.checksum.checksum) for f in files)).encode()
    ).hexdigest()
