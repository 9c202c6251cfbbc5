"""Vega-Lite fragments shared by the sections, so that all charts look alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Spec = dict[str, Any]

# Colours of Okabe and Ito, distinguishable with any colour vision.
COLOURS = ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#8c8c8c", "#F0E442"]
GOOD, BAD = COLOURS[0], COLOURS[3]
HEALTH_COLOURS = {
    "healthy": "#009E73",
    "new": "#56B4E9",
    "watch": "#F0E442",
    "to_verify": "#CC79A7",
    "at_risk": "#E69F00",
    "stopped": "#D55E00",
    "excused": "#0072B2",
    "insufficient_history": "#8c8c8c",
    "not_measured": "#d9d9d9",
}
"""States of usage health, the best first."""


OUTCOME_COLOURS = {
    "stayed_after_action": "#009E73",
    "stayed_without_action": "#0072B2",
    "churned": "#D55E00",
    "churned_before": "#CC79A7",
    "false_alarm": "#E69F00",
    "pending": "#8c8c8c",
}
GAINS, LOSSES = ("#009E73", "#56B4E9", "#0072B2"), ("#D55E00", "#E69F00")


def axis(column: str, kind: str, title: str, **more: Any) -> Spec:
    """An encoding with its title; kind is Q, T, N or O."""
    kinds = {"Q": "quantitative", "T": "temporal", "N": "nominal", "O": "ordinal"}
    return {"field": column, "type": kinds[kind], "title": title} | more


def coded(column: str, title: str, colours: Mapping[str, str]) -> Spec:
    """A colour encoding in which every code keeps its colour, whichever codes occur in the rows."""
    return axis(
        column, "N", title, scale={"domain": list(colours), "range": list(colours.values())}, sort=list(colours)
    )


def each_date(column: str, title: str) -> Spec:
    """An axis with a band for each date in the rows, for bars of weeks or of snapshots."""
    return axis(
        column,
        "O",
        title,
        timeUnit="yearmonthdate",
        axis={"format": "%-d %b %y", "labelOverlap": True, "labelAngle": 0},
    )


def months(column: str, title: str) -> Spec:
    """A time axis for lines with one point per month."""
    return axis(column, "T", title, axis={"format": "%b %Y", "tickCount": "month", "labelOverlap": True})


def tooltip(*columns: tuple[str, str, str]) -> list[Spec]:
    """A tooltip from (column, title, format); format '' leaves the value unchanged."""
    return [
        {"field": name, "title": title}
        | ({"type": "temporal", "format": "%d %b %Y"} if form == "date" else {})
        | ({"type": "quantitative", "format": form} if form not in ("", "date") else {})
        for name, title, form in columns
    ]


def lines(
    x: Spec, y: Spec, colour: Spec | None, tips: list[Spec], *, step: bool = False, band: tuple[str, str] | None = None,
    incomplete: str | None = None,
) -> Spec:  # fmt: skip
    """Lines with points, optionally steps, a band of the interval, and hollow points where a window is still open."""
    colour_part = {"color": colour} if colour else {}
    layers: list[Spec] = []
    if band:
        layers.append({
            "mark": {"type": "area", "opacity": 0.18, **({"interpolate": "step-after"} if step else {})},
            "encoding": {"x": x, "y": y | {"field": band[0]}, "y2": {"field": band[1]}, **colour_part},
        })  # fmt: skip
    layers.append({
        "mark": {"type": "line", **({"interpolate": "step-after"} if step else {})},
        "encoding": {"x": x, "y": y, **colour_part},
    })  # fmt: skip
    point: Spec = {
        "mark": {"type": "point", "size": 45, "filled": True, "opacity": 0 if step else 1},
        "encoding": {"x": x, "y": y, "tooltip": tips, **colour_part},
    }
    if incomplete:
        point["mark"]["filled"] = False
        filled = colour | {"legend": None} if colour else {"value": COLOURS[0]}
        point["encoding"]["fill"] = {
            "condition": {"test": f"datum['{incomplete}']"} | filled, "value": "transparent"
        }  # fmt: skip
    layers.append(point)
    return {"layer": layers, "height": 260}


def bars(x: Spec, y: Spec, colour: Spec | None, tips: list[Spec], *, height: int = 260) -> Spec:
    """Bars, stacked if there is a colour."""
    encoding: Spec = {"x": x, "y": y, "tooltip": tips}
    if colour:
        encoding["color"] = colour
    return {"mark": {"type": "bar"}, "encoding": encoding, "height": height}


def with_target(chart: Spec, x: Spec, target: Spec) -> Spec:
    """The chart with a dashed line at the target or norm of each period."""
    line = {"mark": {"type": "line", "strokeDash": [5, 4], "color": BAD}, "encoding": {"x": x, "y": target}}
    return chart | {"layer": [*chart["layer"], line]}


def intervals(
    x: Spec, y: Spec, low: str, high: str, tips: list[Spec], colour: Spec | None = None, target: str | None = None
) -> Spec:
    """A value with its interval for each category, and a tick at the target."""
    horizontal = x["type"] == "quantitative"
    value, low_key, high_key = (x, "x", "x2") if horizontal else (y, "y", "y2")
    other = {"y": y} if horizontal else {"x": x}
    colour_part = {"color": colour} if colour else {}
    layers: list[Spec] = [
        {
            "mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.6},
            "encoding": {low_key: value | {"field": low}, high_key: {"field": high}, **other, **colour_part},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 70},
            "encoding": {low_key: value, **other, "tooltip": tips, **colour_part},
        },
    ]
    if target:
        layers.append({
            "mark": {"type": "tick", "color": BAD, "thickness": 2},
            "encoding": {
                low_key: value | {"field": target}, **other, "tooltip": [{"field": target, "title": "target"}]
            },
        })  # fmt: skip
    return {"layer": layers, "height": {"step": 24} if horizontal else 260}
