"""`stayhouse explain`: what a published number means, which rows it counts, and how they came to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from stayhouse.contract.words import counted
from stayhouse.orchestration.commands.query import opened_for_writing, show_rows, write_csv
from stayhouse.orchestration.options import CompanyOption, PublishOption, RawOption, described
from stayhouse.orchestration.screen import console, fail, shortened
from stayhouse.orchestration.settings import ConfigurationError, Settings

if TYPE_CHECKING:
    from stayhouse.orchestration.explaining import Explanation, Number, Proof, Rows
    from stayhouse.publishing.reading import Standing

ROWS_DIFFER = 1
# Rows of a customer that are shown on the screen.
SHOWN_ROWS = 5
LAYERS = {
    "raw": "raw tables",
    "policy": "policy files",
    "staging": "staging",
    "core": "core",
    "intermediate": "steps",
    "marts": "marts",
}
# Layers whose models have a line each; the others are many and the same for most numbers.
EXPLAINED = ("intermediate", "marts")
UNITS = {"percent": " %", "points": " points", "score": "", "count": ""}
ORIGINS = {"text": "the method", "derived": "derived", "ours": "our choice", "data": "the data"}
FILES = {"company": "company's policy", "default": "default"}


def explain(
    metric: Annotated[str | None, typer.Argument(help="Code of a metric; without it all of them are listed.")] = None,
    customer: Annotated[
        str | None, typer.Option("--customer", help="Show what this customer adds to the number.")
    ] = None,
    period: Annotated[
        str | None,
        typer.Option("--period", help=described("2025-06, 2025-Q2 or a day.", default="the latest that is complete")),
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="DIMENSION=VALUE, such as segment=shop, instead of everybody.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--rows", help="CSV file to write the rows behind the number to.")
    ] = None,
    company: CompanyOption = None,
    raw: RawOption = None,
    publish: PublishOption = None,
) -> None:
    """Say what a published number means, show the rows behind it, and the way from the raw tables to it.

    Exit code 0: explained. 1: the rows do not add up to the number. 2: bad input or configuration.
    """
    from stayhouse.orchestration.explaining import EVERYBODY, CannotExplain, explanation
    from stayhouse.publishing.reading import NothingPublished, standing

    dimension, equals, member = by.partition("=") if by else (EVERYBODY[0], "=", EVERYBODY[1])
    if not (dimension and equals and member):
        fail(f"--by {by} names no value; write --by segment=shop")
    if metric is None and (customer or period or by or file):
        fail("name a metric; stayhouse explain without options lists them")
    try:
        settings = Settings.resolve(raw, None, None, publish, company)
        with standing(settings.publish) as publication:
            if metric is None:
                _print_metrics(publication)
                return
            found = explanation(publication, metric)
            number = found.number(period, dimension, member)
            rows = found.rows(number, dimension, member, customer)
            _print_definition(found)
            _print_number(found, number)
            agrees = True
            if customer is not None:
                _print_customer(found, number, rows, customer, (dimension, member))
            else:
                agrees = _print_proof(found, number, rows)
            _print_thresholds(found)
            _print_way(found)
            if file:
                _write_rows(found, rows, file)
    except (ConfigurationError, NothingPublished, CannotExplain) as error:
        fail(str(error))
    raise typer.Exit(0 if agrees else ROWS_DIFFER)


def _print_metrics(publication: Standing) -> None:
    """Every metric by domain, with its latest number."""
    from stayhouse.orchestration.explaining import CannotExplain, explanation, metrics_by_domain

    table = Table("domain", "metric", "title", "latest number", title=f"published as of {publication.as_of}")
    for domain, codes in metrics_by_domain(publication).items():
        for number, code in enumerate(codes):
            found = explanation(publication, code)
            try:
                latest = _amount(found, found.number(None, "all", "all"))
            except CannotExplain:
                latest = "not measured"
            table.add_row("" if number else domain.replace("_", " "), code, escape(found.metric["title"]), latest)
        table.add_section()
    console.print(table)
    console.print("stayhouse explain METRIC says what one means and shows its rows")


def _said(title: str, text: str) -> None:
    console.print(f"[bold]{title:<12}[/] {escape(text)}", soft_wrap=True)


def _print_definition(found: Explanation) -> None:
    metric, publication = found.metric, found.publication
    console.print(
        f"[bold]{escape(metric['title'])}[/] ({found.code}, version {metric['version']}), "
        f"published as of {publication.day_of('metrics.mart_metric_values')}",
        soft_wrap=True,
    )
    console.print(escape(metric["question"]), soft_wrap=True)
    _said("formula", metric["formula"])
    _said("numerator", metric["numerator"])
    if metric["denominator"]:
        _said("denominator", metric["denominator"])
    if metric["better"] != "none":
        _said("better", metric["better"])
    if target := found.target:
        origin = ORIGINS.get(target["origin"], target["origin"])
        _said("target", f"{target['comparator']} {target['target_value']}: {target['reason']} ({origin})")
    column = f", column {metric['column']}" if metric["column"] else ""
    where = f", where {metric['where']}" if metric["where"] else ""
    _said("read from", f"{metric['mart']}{column}{where}")


def _amount(found: Explanation, number: Number) -> str:
    from stayhouse.orchestration.explaining import shown_period

    if number.amount is None:
        value = "not measurable"
    else:
        value = f"{number.amount:,.4g}" if abs(number.amount) < 1000 else f"{number.amount:,.0f}"
        value += UNITS[found.metric["unit"]]
    return f"{value} in {shown_period(number.period, found.metric['period_grain'])}"


def _plain(value: float | None) -> str:
    if value is None:
        return "nothing"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _print_number(found: Explanation, number: Number) -> None:
    text = _amount(found, number)
    if number.dimension != "all":
        text += f" of {number.dimension} {number.member}"
    if number.denominator is not None:
        text += f" = {_plain(number.numerator)} / {_plain(number.denominator)}"
    if number.ci_lo is not None and number.ci_hi is not None:
        text += f"; 95 % interval {number.ci_lo:.4g} to {number.ci_hi:.4g}"
    if number.is_complete is False:
        text += "; its window has not elapsed"
    if number.is_reliable is False:
        text += "; too few for a conclusion"
    _said("number", text)


def _print_proof(found: Explanation, number: Number, rows: Rows) -> bool:
    """Says which rows are counted and whether they add up to the number; False when they do not."""
    agrees = True
    if rows.sql:
        proof = found.proof(number, rows)
        agrees = not proof.differing
        _said("rows", _proved(found, proof))
        for part in proof.differing:
            console.print(
                f"[bold red]the rows differ:[/] those of the {part} add up to {_plain(proof.sums[part])}, the number "
                f"says {_plain(proof.stated[part])}; {escape(_days_of(found, part))}",
                soft_wrap=True,
            )
    for part, reason in rows.missing.items():
        _said("no rows", f"of the {part}: {reason}")
    return agrees


def _proved(found: Explanation, proof: Proof) -> str:
    marts = dict.fromkeys(mart for part in proof.sums for mart in found.facts[part]["marts"])
    parts = " and ".join(f"{part} {_plain(total)}" for part, total in proof.sums.items())
    agreed = ", as the number says" if proof.compared and not proof.differing else ""
    return f"{counted(proof.rows, 'row')} of {' and '.join(marts)} add up to {parts}{agreed}; --rows FILE writes them"


def _days_of(found: Explanation, part: str) -> str:
    """The days of the marts that differ; marts of two days need not agree."""
    marts = " and ".join(found.facts[part]["marts"])
    return (
        f"metrics.mart_metric_values is of {found.publication.day_of('metrics.mart_metric_values')}, "
        f"{marts} of {found.day_of(part)}. A whole build brings them together"
    )


def _print_customer(found: Explanation, number: Number, rows: Rows, customer: str, breakdown: tuple[str, str]) -> None:
    from stayhouse.orchestration.explaining import CannotExplain, knows_customer, shown_period

    if not knows_customer(found.publication, customer):
        raise CannotExplain(f"{customer}: no such customer in this publication; test accounts are not published")
    grain = found.metric["period_grain"]
    for part, reason in rows.missing.items():
        _said("no rows", f"of the {part}: {reason}")
    if not rows.sql:
        return
    names, shown = _read(found, f"{rows.sql} limit {SHOWN_ROWS}")
    if shown:
        proof = found.proof(number, rows)
        parts = " and ".join(f"{_plain(total)} to the {part}" for part, total in proof.sums.items())
        _said("customer", f"{customer} adds {parts}, by {counted(proof.rows, 'row')}")
        show_rows(names, [["" if value is None else str(value) for value in row] for row in shown])
        return
    _said("customer", f"{customer} is not counted in {shown_period(number.period, grain)}")
    ever = found.rows(None, *breakdown, customer)
    periods = found.periods_of(ever) if ever.sql and grain != "day" else []
    if grain != "day":
        _said("counted in", ", ".join(shown_period(day, grain) for day in periods) or "no period")


def _print_thresholds(found: Explanation) -> None:
    if not found.thresholds:
        return
    table = Table("threshold", "value", "unit", "origin", "from", "reason", title="thresholds on the way")
    for code, stated in found.thresholds.items():
        table.add_row(
            f"[bold]{code}[/]" if stated["is_named"] else code,
            escape(stated["value"]),
            escape(stated["unit"]),
            ORIGINS.get(stated["origin"], stated["origin"]),
            FILES[stated["file"]],
            escape(stated["reason"]),
        )
    console.print(table)


def _print_way(found: Explanation) -> None:
    console.print("[bold]way from the raw tables[/]")
    for layer, names in found.way.items():
        if layer in EXPLAINED:
            console.print(f"  {LAYERS[layer]}:")
            for name in names:
                console.print(f"    {name}: {escape(found.meaning(name))}", soft_wrap=True)
            continue
        console.print(f"  {LAYERS[layer]}: {escape(', '.join(names))}", soft_wrap=False)


def _read(found: Explanation, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    cursor = found.publication.db.execute(sql)
    return [name for name, *_ in cursor.description], cursor.fetchall()


def _write_rows(found: Explanation, rows: Rows, file: Path) -> None:
    from stayhouse.orchestration.explaining import CannotExplain

    if not rows.sql:
        raise CannotExplain("\n".join(f"no rows of the {part}: {why}" for part, why in rows.missing.items()))
    cursor = found.publication.db.execute(f"select * from ({rows.sql}) order by all")
    names = [name for name, *_ in cursor.description]
    with opened_for_writing(file) as out:
        count = write_csv(out, names, iter(cursor.fetchall()))
    console.print(f"{counted(count, 'row')} written to {escape(shortened(file))}", soft_wrap=True)
