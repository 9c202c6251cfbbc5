"""Data Docs that open from a folder without a network.

Great Expectations renders one page per table. Its stock pages load fifteen files from content delivery networks and a
logo that carries an identifier of the viewer's project; the index is drawn by one of those scripts and stays empty
without it. So only the rendered results are taken over, into a frame with a style sheet of our own, beside an index
of our own. Layout: `index.html` and one `<schema>.<table>.html` per gate, so that a link to a table never changes.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from expectations.reports import ExpectationResult, GateReport, Parameters

if TYPE_CHECKING:
    from great_expectations.data_context import EphemeralDataContext

STYLE_SHEET = Path(__file__).with_name("data_docs.css")
SITE = "run"
MARKS = {None: ("good", "held"), "warn": ("warn", "warning"), "error": ("bad", "failed")}
RESULT_MARKS = {"critical": ("bad", "critical"), "warning": ("warn", "warning"), "info": ("info", "not judged")}

_REMOVED = re.compile(
    r"<script\b.*?</script\s*>|<style\b.*?</style\s*>|<(?:link|img|meta)\b[^>]*>|<footer\b.*?</footer\s*>", re.S | re.I
)
_EXTERNAL_LINK = re.compile(r"""<a\b[^>]*\bhref\s*=\s*["']?(?:https?:)?//[^>]*>(.*?)</a\s*>""", re.S | re.I)
_GX_PAGE_LINK = re.compile(r"""<a\b[^>]*\bhref\s*=\s*["'](?:\.\./)+[^>]*>(.*?)</a\s*>""", re.S | re.I)
_ACTING = re.compile(r"<style\b.*?</style\s*>|<[a-z][^>]*>", re.S | re.I)
_EXTERNAL = re.compile(
    r"""(?:\b(?:src|href|srcset|action)\s*=\s*["']?|url\(\s*["']?|@import\s+["'])\s*(?:https?:)?//""", re.I
)


class DataDocsError(Exception):
    """Great Expectations wrote a page that cannot be made to open offline. The message names the page."""


def write_data_docs(
    context: EphemeralDataContext, reports: Sequence[GateReport], parameters: Parameters, docs_dir: Path
) -> None:
    """Writes the site for these reports; pages of an earlier run in the same folder are replaced, others stay.

    Raises DataDocsError when a page would still ask the network for something.
    """
    with tempfile.TemporaryDirectory() as folder:
        context.add_data_docs_site(
            SITE,
            {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": folder},
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            },
        )
        context.build_data_docs(site_names=[SITE])
        rendered = Path(folder) / "validations"
        pages = {
            _page_name(report): _table_page(report, parameters, _results(rendered / Path(*report.table.split("."))))
            for report in reports
        }
    pages["index.html"] = _index_page(reports, parameters)
    docs_dir.mkdir(parents=True, exist_ok=True)
    for name, page in pages.items():
        if external_references(page):
            raise DataDocsError(f"{name}: the page still refers to {external_references(page)}")
        (docs_dir / name).write_text(page, encoding="utf-8")


def external_references(page: str) -> list[str]:
    """The places where an HTML page makes a browser go to the network; empty when it is complete in itself."""
    # Only tags and style sheets act; an address in a text is just text.
    acting = (match.group() for match in _ACTING.finditer(page))
    return [part[found.start() : found.start() + 120] for part in acting for found in _EXTERNAL.finditer(part)]


def _page_name(report: GateReport) -> str:
    return f"{report.table}.html"


def _results(folder: Path) -> str:
    """The results on the page that GX wrote for a table, without its frame."""
    page = next(folder.rglob("*.html")).read_text(encoding="utf-8")
    start, end = page.index('<div id="section-1"'), page.rindex("</body>")
    body = _REMOVED.sub("", page[start:end])
    for _ in range(3):  # the frame around the sections was opened before them
        body = body.rstrip().removesuffix("</div>")
    return _GX_PAGE_LINK.sub(r"\1", _EXTERNAL_LINK.sub(r"\1", body))


def _frame(title: str, facts: str, body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="UTF-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{STYLE_SHEET.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n"
        f'<header class="site"><a href="index.html">All tables</a><span class="facts">{facts}</span></header>\n'
        f"<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _facts(parameters: Parameters) -> str:
    judged = f"rows of load {parameters.since_load_id} and later" if parameters.since_load_id else "all rows"
    return f"Business day {parameters.as_of} · run {escape(parameters.run_id)} · {judged}"


def _mark(mark: tuple[str, str]) -> str:
    return f'<span class="mark {mark[0]}">{mark[1]}</span>'


def _messages(results: Sequence[ExpectationResult]) -> str:
    items = "\n".join(
        f"<li>{_mark(RESULT_MARKS[result.severity])}<div>{escape(result.message)}{_sample(result)}</div></li>"
        for result in results
    )
    return f'<ul class="messages">\n{items}\n</ul>'


def _sample(result: ExpectationResult) -> str:
    if not result.sample:
        return ""
    rows = "".join(f"<li><code>{escape(row)}</code></li>" for row in result.sample)
    return f"<details><summary>Some of the rows</summary><ul>{rows}</ul></details>"


def _table_page(report: GateReport, parameters: Parameters, rendered: str) -> str:
    skipped = [result for result in report.expectations if result.severity == "info"]
    told = [*report.failures, *skipped]
    body = f"<h1>{escape(report.table)} {_mark(MARKS[report.severity])}</h1>\n"
    body += _messages(told) if told else "<p>Every expectation holds.</p>"
    return _frame(report.table, _facts(parameters), f'{body}\n<div class="gx">\n{rendered}\n</div>')


def _index_page(reports: Sequence[GateReport], parameters: Parameters) -> str:
    worst_first = sorted(reports, key=lambda report: ("error", "warn", None).index(report.severity))
    failed = [result for report in worst_first for result in report.failures]
    critical = sum(result.severity == "critical" for result in failed)
    rows = "\n".join(
        f'<tr><td>{_mark(MARKS[report.severity])}</td><td><a href="{escape(_page_name(report))}">{escape(report.table)}'
        f'</a></td><td>{report.stage}</td><td class="number">{len(report.expectations)}</td>'
        f'<td class="number">{sum(r.severity == "critical" for r in report.failures)}</td>'
        f'<td class="number">{sum(r.severity == "warning" for r in report.failures)}</td></tr>'
        for report in worst_first
    )
    judged = sum(len(report.expectations) for report in reports)
    body = f"""<h1>Expectations</h1>
<ul class="summary">
<li><strong>{len(reports)}</strong>tables</li>
<li><strong>{judged}</strong>expectations</li>
<li><strong>{critical}</strong>critical failures</li>
<li><strong>{len(failed) - critical}</strong>warnings</li>
</ul>
{_messages(sorted(failed, key=lambda result: result.severity != "critical")) if failed else "<p>Every one holds.</p>"}
<h2>Tables</h2>
<table>
<thead><tr><th>Result</th><th>Table</th><th>Stage</th><th class="number">Expectations</th>
<th class="number">Critical</th><th class="number">Warnings</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>"""
    return _frame("Expectations", _facts(parameters), body)


def remove_default_sites(context: EphemeralDataContext) -> None:
    """Drops the site that every GX context brings along in a temporary folder, and the folder."""
    for name, site in dict(context.variables.data_docs_sites or {}).items():
        folder = Path((site.get("store_backend") or {}).get("base_directory") or "")
        context.delete_data_docs_site(name)
        if folder.is_absolute() and folder.parent == Path(tempfile.gettempdir()):
            shutil.rmtree(folder, ignore_errors=True)
