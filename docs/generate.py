"""MkDocs hook: the pages of the site that are generated from YAML, and those that other folders hold.

Marts, raw tables, policy files and metrics are described once, beside what they describe; a page here is only a view of
that. Nothing is written to the repository. Links keep working on a code host: they are relative to the file that has
them, and are rewritten for the site.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
# Pages that other folders hold: file in the repository -> page of the site.
ELSEWHERE = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/results.md": "benchmarks.md",
    **{f"decisions/{file.name}": f"decisions/{file.name}" for file in (ROOT / "decisions").glob("*.md")},
}
# A page of the repository that is not part of the site.
START = {"README.md": "index.md"}
DOCS_BLOCK = re.compile(r"{%\s*docs (\w+)\s*%}(.*?){%\s*enddocs\s*%}", re.S)
DOC_CALL = re.compile(r"""{{\s*doc\(\s*['"](\w+)['"]\s*(?:,\s*['"]([^'"]+)['"]\s*)?\)\s*}}""")
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)#\s]*)(#[^)\s]*)?\)")
NETWORK_WORKER = "https://unpkg.com/iframe-worker/shim"
DEFAULTS = {"file_time": "the time at which the file was last written", "row_hash": "a hash of the other fields"}
STATUS_DAYS = {
    "as_of": "`customer_status` and `is_paying` are those of the as-of date.",
    "fact": "`customer_status` and `is_paying` are those of the day of the fact.",
}


# ---------------------------------------------------------------------------------------------- hooks of MkDocs


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Complete the navigation with a page for each domain and mart, and each page of decisions."""
    sections = {
        "Marts": [
            {title_of(domain): [f"marts/{domain}/index.md", *(f"marts/{domain}/{mart['name']}.md" for mart in marts)]}
            for domain, marts in marts_by_domain().items()
        ],
        "Decisions": [
            "decisions/README.md",
            *sorted(page for page in ELSEWHERE.values() if re.match(r"decisions/(?!README)", page)),
        ],
    }
    config.nav = [
        {title: [*pages, *sections.pop(title, ())]} if isinstance(pages, list) else {title: pages}
        for entry in config.nav
        for title, pages in entry.items()
    ]
    if sections:
        raise PluginError(f"mkdocs.yml: the navigation has no section {' or '.join(sections)}")
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages and those of other folders."""
    pages = {page: (ROOT / file).read_text() for file, page in ELSEWHERE.items() if (ROOT / file).is_file()}
    pages |= dict(mart_pages())
    pages |= {"raw-tables.md": raw_tables(), "policy-files.md": policy_files(), "metrics.md": metric_catalogue()}
    for path, content in pages.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Fill in the texts that dbt's documentation shares, and point links to where files are on the site."""
    site_to_file = {site: file for file, site in ELSEWHERE.items()}
    here = site_to_file.get(page.file.src_uri, f"docs/{page.file.src_uri}")

    def rewritten(match: re.Match) -> str:
        title, target, anchor = match[1], match[2], match[3] or ""
        if not target or re.match(r"[a-z]+:", target):
            return match[0]
        file = posixpath.normpath(posixpath.join(posixpath.dirname(here), target))
        site = (ELSEWHERE | START).get(file, file.removeprefix("docs/") if file.startswith("docs/") else None)
        if site is None:
            raise PluginError(f"{here}: links to {file}, which is not a page of the site; name it in backticks instead")
        return f"[{title}]({posixpath.relpath(site, posixpath.dirname(page.file.src_uri) or '.')}{anchor})"

    return LINK.sub(rewritten, filled(markdown, page.file.src_uri))


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """The plugin `offline` loads a script from the network that lets pages on disk search; ours does the same."""
    return output.replace(NETWORK_WORKER, posixpath.relpath("worker.js", posixpath.dirname(page.file.dest_uri) or "."))


def on_post_template(output: str, template_name: str, config: MkDocsConfig) -> str:
    return output.replace(NETWORK_WORKER, "worker.js")


# ------------------------------------------------------------------------------------------------- shared texts


def docs_blocks() -> dict[str, str]:
    """The docs blocks of dbt by name."""
    blocks: dict[str, str] = {}
    for file in sorted((ROOT / "models").rglob("*.md")):
        blocks |= {name: text.strip() for name, text in DOCS_BLOCK.findall(file.read_text())}
    return blocks


BLOCKS = docs_blocks()


def filled(text: str, where: str) -> str:
    """The text with each `{{ doc('block') }}`; `{{ doc('block', 'heading') }}` is the part under a heading."""

    def block(match: re.Match) -> str:
        name, heading = match[1], match[2]
        if name not in BLOCKS:
            raise PluginError(f"{where}: models/ has no docs block {name}")
        if not heading:
            return BLOCKS[name]
        part = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", BLOCKS[name], re.S | re.M)
        if not part:
            raise PluginError(f"{where}: the docs block {name} has no heading {heading!r}")
        return part[1].strip()

    return DOC_CALL.sub(block, text)


def cell(text: Any) -> str:
    """A text as a cell of a table."""
    return " ".join(str(text or "").split()).replace("|", "\\|")


def table(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> list[str]:
    header = list(header)
    return [
        f"| {' | '.join(header)} |",
        "|" + "---|" * len(header),
        *(f"| {' | '.join(map(cell, row))} |" for row in rows),
        "",
    ]


def title_of(code: str) -> str:
    """`usage_health` as a title."""
    return {"cx": "Customer experience", "customer_360": "Customer 360"}.get(code, code.replace("_", " ").capitalize())


def first_sentence(text: str) -> str:
    return re.split(r"(?<=[.?!])\s", " ".join(text.split()), maxsplit=1)[0]


def entries(folder: str, key: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """What the YAML files of a folder list under a key, with the file."""
    for file in sorted((ROOT / folder).rglob("*.yml")):
        for entry in (yaml.safe_load(file.read_text()) or {}).get(key) or ():
            yield file, entry


def meta_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    return (entry.get("config") or {}).get("meta") or {}


# -------------------------------------------------------------------------------------------------------- marts


def marts_by_domain() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for file, model in entries("models/marts", "models"):
        found[file.parent.name].append(model)
    return {domain: sorted(marts, key=lambda mart: mart["name"]) for domain, marts in sorted(found.items())}


def domains() -> dict[str, str]:
    """What each domain answers, from the groups of dbt."""
    return {group["name"]: group.get("description", "") for _, group in entries("models", "groups")}


def mart_pages() -> Iterator[tuple[str, str]]:
    metrics_of = defaultdict(list)
    for metric in metrics():
        metrics_of[meta_of(metric)["published"]["mart"]].append(metric)
    answers = domains()
    for domain, marts in marts_by_domain().items():
        yield f"marts/{domain}/index.md", domain_page(domain, answers.get(domain, ""), marts)
        for mart in marts:
            yield f"marts/{domain}/{mart['name']}.md", mart_page(domain, mart, metrics_of[mart["name"]])


def domain_page(domain: str, answers: str, marts: list[dict[str, Any]]) -> str:
    lines = [f"# {title_of(domain)}", "", answers, ""]
    if f"decisions/{domain}.md" in ELSEWHERE:
        lines += [f"Choices, with their reasons: [decisions](../../../decisions/{domain}.md).", ""]
    rows = (
        (f"[{mart['name']}]({mart['name']}.md)", first_sentence(filled(mart["description"], mart["name"])), grain(mart))
        for mart in marts
    )
    return "\n".join([*lines, *table(("mart", "holds", "one row per"), rows)])


def grain(mart: Mapping[str, Any]) -> str:
    """The last sentence of a mart's description says it."""
    stated = re.search(r"One row per (.+?)\.?\s*$", " ".join(mart["description"].split()))
    return stated[1] if stated else ""


def mart_page(domain: str, mart: Mapping[str, Any], published: list[dict[str, Any]]) -> str:
    name, meta = mart["name"], meta_of(mart)
    lines = [f"# {name}", "", " ".join(filled(mart["description"], name).split()), ""]
    lines += [f"- Table `{domain}.{name}` of `stayhouse.duckdb`, file `parquet/{name}.parquet`."]
    if meta.get("grain"):
        lines += [f"- Unique: {', '.join(f'`{column}`' for column in meta['grain'])}."]
    if meta.get("status_day") in STATUS_DAYS:
        lines += [f"- {STATUS_DAYS[meta['status_day']]}"]
    for metric in published:
        lines += [f"- Publishes the metric [{metric['label']}](../../metrics.md#{metric['name'].replace('_', '-')})."]
    columns = ((f"`{c['name']}`", c.get("data_type"), filled(c.get("description", ""), name)) for c in mart["columns"])
    lines += ["", "## Columns", "", *table(("column", "type", "meaning"), columns)]
    if rules := list(rules_of(mart)):
        lines += [
            "## Rules",
            "",
            "Every published row satisfies these rules.",
            "",
            *table(("rule", "condition"), rules),
        ]
    return "\n".join(lines)


def rules_of(mart: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for test in mart.get("data_tests") or ():
        arguments = (test.get("rows_satisfy") or {}).get("arguments") or {} if isinstance(test, dict) else {}
        for name, rule in (arguments.get("rules") or {}).items():
            condition = rule if isinstance(rule, str) else rule["expression"]
            severity = "" if isinstance(rule, str) or rule.get("severity") != "warning" else " (warning)"
            yield name.replace("_", " ") + severity, f"`{' '.join(condition.split())}`"


# ------------------------------------------------------------------------------------- raw tables, policy, metrics


def raw_tables() -> str:
    lines = [
        "# Raw tables",
        "",
        "One folder per table in the landing folder. Only required tables must be there; the others count as empty.",
        "",
    ]
    for _, source in entries("models/staging", "sources"):
        described = [one for one in source["tables"] if "key" in meta_of(one)]
        if not described:
            continue
        lines += [f"## {source['description'].rstrip('.')}", ""]
        for raw in described:
            meta = meta_of(raw)
            lines += [f"### {raw['name']}", "", raw["description"], ""]
            key = ", ".join(f"`{column}`" for column in meta["key"])
            lines += [f"Key: {key}. Of two versions of a row, the one with the later `{meta['newer_by']}` counts."]
            lines += ["**Required.**", ""] if meta.get("table_required") else [""]
            rows = ((f"`{c['name']}`", c["data_type"], c["description"], constraints(c)) for c in raw["columns"])
            lines += table(("column", "type", "meaning", "rules"), rows)
    return "\n".join(lines)


def policy_files() -> str:
    lines = [
        "# Policy files",
        "",
        "A CSV file of one of these names in the policy folder of a company replaces the default; `thresholds.csv`",
        "may hold only the rows that change. The defaults are in `seeds/`, with the origin and reason of numbers.",
        "",
    ]
    for _, seed in sorted(entries("seeds", "seeds"), key=lambda found: found[1]["name"]):
        types = seed["config"]["column_types"]
        lines += [f"## {seed['name']}.csv", "", seed["description"], ""]
        key = ", ".join(f"`{column}`" for column in meta_of(seed).get("key", ()))
        lines += [f"Key: {key}.", ""] if key else []
        rows = ((f"`{c['name']}`", types.get(c["name"]), c["description"], constraints(c)) for c in seed["columns"])
        lines += table(("column", "type", "meaning", "rules"), rows)
    return "\n".join(lines)


def constraints(column: Mapping[str, Any]) -> str:
    meta = meta_of(column)
    texts = {
        "required": lambda _: "" if "default" in meta else "required",
        "default": lambda value: "by default " + DEFAULTS.get(value, str(value).lower()),
        "accepted": lambda values: "one of " + ", ".join(f"`{value}`" for value in values),
        "references": lambda target: f"a `{target}`",
        "not_before": lambda other: f"not before `{other}`",
        "min": lambda value: f"at least {value}",
        "max": lambda value: f"at most {value}",
        "personal": lambda kind: "" if kind == "none" else f"personal: {kind.replace('_', ' ')}",
    }
    # A default may be false, and a minimum 0.
    given = (name for name in texts if name in meta and (meta[name] is not False or name == "default"))
    found = (texts[name](meta[name]) for name in given if meta[name] is not None)
    return "; ".join(filter(None, found))


def metrics() -> list[dict[str, Any]]:
    """The published metrics, by code."""
    found = (metric for _, metric in entries("models/metrics", "metrics") if meta_of(metric).get("published"))
    return sorted(found, key=lambda metric: metric["name"])


FACTS = ("numerator", "denominator", "unit", "better", "target", "version")


def metric_catalogue() -> str:
    domain_of = {mart["name"]: domain for domain, marts in marts_by_domain().items() for mart in marts}
    lines = [
        "# Metric catalogue",
        "",
        "Each metric is defined once, in `models/metrics/`. `metrics.mart_metric_values` has every metric in one",
        "shape, by month and breakdown; the marts named here have it with its parts.",
        "",
    ]
    for metric in metrics():
        meta = meta_of(metric)
        mart, column = meta["published"]["mart"], meta["published"].get("column")
        if mart not in domain_of:
            raise PluginError(f"metric {metric['name']}: unknown mart {mart}")
        published = f"[{mart}](marts/{domain_of[mart]}/{mart}.md)" + (f", `{column}`" if column else "")
        facts = [meta.get(key) for key in FACTS] + [published]
        lines += [f"## {metric['label']} {{ #{metric['name'].replace('_', '-')} }}", ""]
        lines += [f"`{metric['name']}`: {' '.join(metric['description'].split())}", ""]
        lines += table([*FACTS, "mart"], [facts])
    return "\n".join(lines)
