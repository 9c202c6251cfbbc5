"""Vega-Lite fragments shared by the views, so that all charts look alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Spec = dict[str, Any]

# Colours of Okabe and Ito, distinguishable with any colour vision, darkened a little where white is behind them.
COLOURS = ["#3366cc", "#e08e0b", "#0f9d76", "#8e6bbf", "#4aa8d8", "#b59f00", "#7d8590", "#d1495b", "#8c5a3c", "#c2739f"]
GOOD, BAD, CALM, MUTED = "#0f9d76", "#d1495b", "#3366cc", "#9aa4af"
CHURNED = "#d1495b"
"""The colour of churn, on every panel."""
HEALTH_COLOURS = {
    "new": "#7cc0e8",
    "healthy": "#0f9d76",
    "watch": "#e9c46a",
    "to_verify": "#8e6bbf",
    "at_risk": "#e08e0b",
    "stopped": "#d1495b",
    "excused": "#3366cc",
    "insufficient_history": "#7d8590",
    "not_measured": "#c9ced4",
}
"""States of usage health, in the order of a customer's life."""

OUTCOME_COLOURS = {
    "stayed_after_action": "#0f9d76",
    "stayed_without_action": "#3366cc",
    "false_alarm": "#e9c46a",
    "churned_before": "#8e6bbf",
    "churned": CHURNED,
    "pending": "#b4bcc5",
}
STATUS_COLOURS = {
    "registered": "#b4bcc5",
    "trial": "#7cc0e8",
    "free": "#4aa8d8",
    "paying": "#0f9d76",
    "paused": "#e9c46a",
    "churned": CHURNED,
}
"""Customer status, in the order of a customer's life."""
CASE_COLOURS = {
    "closed": "#0f9d76",
    "informed": "#5fbf9f",
    "resolved": "#8fd3ba",
    "contacted": "#3366cc",
    "decided": "#7c9fe0",
    "processed": "#b3c7ef",
    "no_callback": "#8e6bbf",
    "received": "#e08e0b",
    "still in time": "#c9ced4",
}
"""How far a feedback case has come, the furthest first."""


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
        axis={"format": "%-d %b %Y", "labelOverlap": "greedy", "labelSeparation": 12, "labelAngle": 0},
    )


def each_period(column: str = "period", title: str = "") -> Spec:
    """An axis with a band for each month, quarter or year in the rows."""
    return axis(
        column, "O", title, axis={"labelOverlap": "greedy", "labelSeparation": 12, "labelAngle": 0, "dates": True}
    )


def months(column: str, title: str = "") -> Spec:
    """A time axis for lines with one point per period."""
    return axis(
        column, "T", title, axis={"format": "%b %Y", "tickCount": 6, "labelOverlap": "greedy", "labelSeparation": 12}
    )


def tooltip(*columns: tuple[str, str, str]) -> list[Spec]:
    """A tooltip from (column, title, format); format '' leaves the value unchanged."""
    return [
        {"field": name, "title": title}
        | ({"type": "temporal", "format": "%-d %b %Y"} if form == "date" else {})
        | ({"type": "temporal", "format": "%b %Y"} if form == "month" else {})
        | ({"type": "quantitative", "format": form} if form not in ("", "date", "month") else {})
        for name, title, form in columns
    ]


def lines(
    x: Spec, y: Spec, colour: Spec | None, tips: list[Spec], *, step: bool = False, band: tuple[str, str] | None = None,
    incomplete: str | None = None, height: int = 240, base: str = CALM,
) -> Spec:  # fmt: skip
    """Lines with points, optionally steps, a band of the interval, and hollow points where a window is still open."""
    colour_part = {"color": colour} if colour else {}
    layers: list[Spec] = []
    if band:
        layers.append({
            "mark": {"type": "area", "opacity": 0.14, "color": base, **({"interpolate": "step-after"} if step else {})},
            "encoding": {"x": x, "y": y | {"field": band[0]}, "y2": {"field": band[1]}, **colour_part},
        })  # fmt: skip
    layers.append({
        "mark": {"type": "line", "strokeWidth": 2.2, "color": base, **({"interpolate": "step-after"} if step else {})},
        "encoding": {"x": x, "y": y, **colour_part},
    })  # fmt: skip
    point: Spec = {
        "mark": {"type": "point", "size": 38, "filled": True, "color": base, "opacity": 0 if step else 1},
        "encoding": {"x": x, "y": y, "tooltip": tips, **colour_part},
    }
    if incomplete:
        point["mark"]["filled"] = False
        filled = colour | {"legend": None} if colour else {"value": base}
        point["encoding"]["fill"] = {
            "condition": {"test": f"datum['{incomplete}']"} | filled, "value": "transparent"
        }  # fmt: skip
    layers.append(point)
    return {"layer": layers, "height": height}


def bars(x: Spec, y: Spec, colour: Spec | None, tips: list[Spec], *, height: Any = 240) -> Spec:
    """Bars, stacked if there is a colour."""
    encoding: Spec = {"x": x, "y": y, "tooltip": tips}
    if colour:
        encoding["color"] = colour
    return {"mark": {"type": "bar", "cornerRadiusEnd": 2}, "encoding": encoding, "height": height}


def ranked(value: Spec, category: Spec, tips: list[Spec], *, colour: Spec | None = None, text: str = ",.0f") -> Spec:
    """Horizontal bars with their value beside them."""
    shared: Spec = {"x": value, "y": category, "tooltip": tips}
    return {
        "layer": [
            {"mark": {"type": "bar", "cornerRadiusEnd": 3}, "encoding": shared | ({"color": colour} if colour else {})},
            {
                "mark": {"type": "text", "align": "left", "dx": 5},
                "encoding": {
                    "x": value, "y": category, "text": {"field": value["field"], "type": "quantitative", "format": text}
                },
            },
        ],
        "height": {"step": 28},
    }  # fmt: skip


def waterfall(unit: str, tips: list[Spec]) -> Spec:
    """A bridge: each bar begins where the one before it ends."""
    step = axis("step", "O", "", sort={"field": "place"}, axis={"labelAngle": 0, "labelLimit": 90})
    colour = axis(
        "kind", "N", "", legend=None, scale={"domain": ["total", "gain", "loss"], "range": [MUTED, GOOD, CHURNED]}
    )
    return {
        "layer": [
            {
                "mark": {"type": "bar", "cornerRadius": 2},
                "encoding": {
                    "x": step,
                    "y": axis("from_amount", "Q", unit, scale={"zero": False, "nice": False}),
                    "y2": {"field": "to_amount"},
                    "color": colour,
                    "tooltip": tips,
                },
            },
            {
                "mark": {"type": "text", "dy": -9, "fontWeight": 600},
                "encoding": {"x": step, "y": axis("top_amount", "Q", unit), "text": {"field": "shown"}},
            },
        ],
        "height": 250,
    }


def with_target(chart: Spec, x: Spec, target: Spec) -> Spec:
    """The chart with a dashed line at the target or norm of each period."""
    line = {
        # A row without a target must not break the line.
        "transform": [{"filter": f"isValid(datum['{target['field']}'])"}],
        "mark": {"type": "line", "strokeDash": [5, 4], "color": BAD, "strokeWidth": 1.5},
        "encoding": {"x": x, "y": target},
    }
    return chart | {"layer": [*chart["layer"], line]}


def intervals(
    x: Spec, y: Spec, low: str, high: str, tips: list[Spec], colour: Spec | None = None,
    tick: tuple[str, str] | None = None,
) -> Spec:  # fmt: skip
    """A value with its interval for each category, and a red tick at another column: (column, title)."""
    horizontal = x["type"] == "quantitative"
    value, low_key, high_key = (x, "x", "x2") if horizontal else (y, "y", "y2")
    other = {"y": y} if horizontal else {"x": x}
    colour_part = {"color": colour} if colour else {}
    layers: list[Spec] = [
        {
            "mark": {"type": "rule", "strokeWidth": 2.5, "opacity": 0.45, "strokeCap": "round", "color": CALM},
            "encoding": {low_key: value | {"field": low}, high_key: {"field": high}, **other, **colour_part},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
            "encoding": {low_key: value, **other, "tooltip": tips, **colour_part},
        },
    ]
    if tick:
        layers.append({
            "mark": {"type": "tick", "color": BAD, "thickness": 2},
            "encoding": {
                low_key: value | {"field": tick[0]}, **other, "tooltip": [{"field": tick[0], "title": tick[1]}]
            },
        })  # fmt: skip
    return {"layer": layers, "height": {"step": 26} if horizontal else 240}
