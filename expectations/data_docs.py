"""Data Docs that open from a folder without a network: what was expected of each table, and what was found.

Pages of our own: those that Great Expectations renders load fifteen files from content delivery networks and a logo
that carries an identifier of the project, and take longer to render than the warehouse takes to evaluate everything.
Layout: `index.html` and one `<schema>.<table>.html` per gate, so that a link to a table never changes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from stayhouse.expectations.reports import WHOLE_TABLE, ExpectationResult, GateReport, Parameters

STYLE_SHEET = Path(__file__).with_name("data_docs.css")
MARKS = {None: ("good", "held"), "warn": ("warn", "warning"), "error": ("bad", "failed")}
RESULT_MARKS = {"critical": ("bad", "critical"), "warning": ("warn", "warning"), "info": ("info", "not evaluated")}

_ACTING = re.compile(r"<style\b.*?</style\s*>|<[a-z][^>]*>", re.S | re.I)
_EXTERNAL = re.compile(
    r"""(?:\b(?:src|href|srcset|action)\s*=\s*["']?|url\(\s*["']?|@import\s+["'])\s*(?:https?:)?//""", re.I
)


class DataDocsError(Exception):
    """A page would not open offline. The message names the page."""


def write_data_docs(reports: Sequence[GateReport], parameters: Parameters, docs_dir: Path) -> None:
    """Writes the site for these reports; pages of an earlier run in the same folder are replaced, others stay.

    Raises DataDocsError when a page would still ask the network for something.
    """
    pages = {_page_name(report): _table_page(report, parameters) for report in reports}
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


def _frame(title: str, facts: str, body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="UTF-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{STYLE_SHEET.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n"
        f'<header class="site"><a href="index.html">All tables</a><span class="facts">{facts}</span></header>\n'
        f"<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _facts(parameters: Parameters) -> str:
    evaluated = f"rows of load {parameters.since_load_id} and later" if parameters.since_load_id else "all rows"
    return f"Business day {parameters.as_of} · run {escape(parameters.run_id)} · {evaluated}"


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


def _table_page(report: GateReport, parameters: Parameters) -> str:
    skipped = [result for result in report.expectations if result.severity == "info"]
    shown = [*report.failures, *skipped]
    body = f"<h1>{escape(report.table)} {_mark(MARKS[report.severity])}</h1>\n"
    body += _messages(shown) if shown else "<p>Every expectation holds.</p>"
    rows = "\n".join(_expectation_row(result) for result in report.expectations)
    body += (
        "\n<h2>Expectations</h2>\n<table>\n"
        "<thead><tr><th>Result</th><th>Expected</th><th>Observed value</th></tr></thead>\n"
        f"<tbody>\n{rows}\n</tbody>\n</table>"
    )
    return _frame(report.table, _facts(parameters), body)


def _expectation_row(result: ExpectationResult) -> str:
    mark = RESULT_MARKS[result.severity] if not result.success or result.severity == "info" else MARKS[None]
    rules = "".join(f"<li>{escape(rule)}</li>" for rule in result.rules)
    reported = f"<details><summary>Reported when</summary><ul>{rules}</ul></details>" if rules else ""
    column = "" if result.column == WHOLE_TABLE else f" <code>{escape(result.column)}</code>"
    return (
        f"<tr><td>{_mark(mark)}</td><td>{escape(result.description)}{column}<br><small>{escape(result.notes)}</small>"
        f"{reported}</td><td>{escape(result.observed)}</td></tr>"
    )


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
    evaluated = sum(len(report.expectations) for report in reports)
    body = f"""<h1>Expectations</h1>
<ul class="summary">
<li><strong>{len(reports)}</strong>tables</li>
<li><strong>{evaluated}</strong>expectations</li>
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
