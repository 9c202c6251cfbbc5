"""Pages that describe the models themselves: dbt's own documentation and the lineage of every column."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import io
import json
import logging
import re
import shutil
from datetime import date
from pathlib import Path

from stayhouse.orchestration.dbt_session import DbtSession

MODELS_PAGE, LINEAGE_PAGE = "models.html", "lineage.html"
ENCODED_DATA = re.compile(r'JSON\.parse\(atob\("([A-Za-z0-9+/=]+)"\)\)')
# Settings as they were written; a hash and a moment of each node, which no compression makes smaller.
UNSHOWN = ("unrendered_config", "checksum", "created_at")
# The adapter of dbt -> one that is known to the extractor of lineage and has the same dialect.
READ_AS = {"spark": "databricks"}
UNPACKING = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Models</title></head><body>
<p>Unpacking; a browser without scripts or DecompressionStream cannot show this page.</p>
<script>
(async () => {
  const bytes = Uint8Array.from(atob("CONTENT"), (letter) => letter.charCodeAt(0));
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const html = await new Response(unpacked).text();
  document.open();
  document.write(html);
  document.close();
})();
</script></body></html>
"""


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
    html, manifest_text = (
        (target / name).read_text(encoding="utf-8") for name in ("static_index.html", "manifest.json")
    )
    (folder / MODELS_PAGE).write_text(without_unshown_parts(html, manifest_text), encoding="utf-8")
    logging.getLogger("colibri").setLevel(logging.CRITICAL)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        manifest = _readable_manifest(target / "manifest.json", folder)
        extractor = DbtColumnLineageExtractor(str(manifest), str(target / "catalog.json"))
        # Without the switch the page would call its makers from the reader's browser.
        report = DbtColibriReportGenerator(extractor, light_mode=True, disable_telemetry=True)
        report.generate_report(output_dir=str(folder / "lineage"))
    shutil.move(folder / "lineage" / "index.html", folder / LINEAGE_PAGE)
    shutil.rmtree(folder / "lineage")
    for page in (folder / MODELS_PAGE, folder / LINEAGE_PAGE):
        page.write_text(packed(page.read_text(encoding="utf-8")), encoding="utf-8")
    written_for.write_text(fingerprint)
    return folder


def without_unshown_parts(html: str, manifest: str) -> str:
    """The documentation of dbt, which holds the text of the manifest, without unit tests, the SQL of dbt's own macros
    and what it never shows: a fifth of the packed page, and nothing that its readers look for."""
    document = json.loads(manifest)
    document["unit_tests"] = {}
    for one in (*document["nodes"].values(), *document["macros"].values()):
        for part in UNSHOWN:
            one.pop(part, None)
    for macro in document["macros"].values():
        if macro["package_name"] != document["metadata"]["project_name"]:
            macro["macro_sql"] = ""
    for relation in ("parent_map", "child_map"):
        document[relation] = {
            key: [other for other in others if not other.startswith("unit_test.")]
            for key, others in document[relation].items()
            if not key.startswith("unit_test.")
        }
    if manifest not in html:
        raise ValueError("the documentation of dbt does not hold the manifest as it is written")
    return html.replace(manifest, json.dumps(document))


def _readable_manifest(manifest: Path, folder: Path) -> Path:
    """The manifest, or a copy in `folder` that names an adapter of the same SQL which the extractor knows."""
    document = json.loads(manifest.read_text())
    same = READ_AS.get(document["metadata"]["adapter_type"])
    if same is None:
        return manifest
    document["metadata"]["adapter_type"] = same
    copy = folder / "lineage" / "manifest.json"
    copy.parent.mkdir()
    copy.write_text(json.dumps(document))
    return copy


def packed(html: str) -> str:
    """A page that unpacks the given one in the browser: a fifth of its size, and still one file without a network.

    Base64 inside the page would hide its repetitions from the compression, so it is written out first.
    """
    plain = ENCODED_DATA.sub(lambda found: _without_code(found[1]), html, count=1)
    content = base64.b64encode(gzip.compress(plain.encode("utf-8"), mtime=0)).decode("ascii")
    return UNPACKING.replace("CONTENT", content)


def _without_code(encoded: str) -> str:
    """The data of the lineage as JSON, without the SQL and the tests that the page of the models has already."""
    data = json.loads(base64.b64decode(encoded))
    for node in data.get("nodes", {}).values():
        node |= {"rawCode": "", "tests": []}
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def _fingerprint(session: DbtSession) -> str:
    """Changes with every file of the project that dbt reads."""
    files = session.parse().files.values()
    return hashlib.sha256(
        repr(sorted((f.path.original_file_path, f.checksum.checksum) for f in files)).encode()
    ).hexdigest()
