"""Stands in for dbt's adapter when sqlfluff renders a model without dbt."""

from __future__ import annotations

from collections.abc import Callable


def dispatch(macro_name: str, macro_namespace: str) -> Callable[..., object]:
    """A macro that leaves its first argument as it is; enough to see the layout around it. A type has none."""
    return lambda *arguments: arguments[0] if arguments else macro_name.removeprefix("type_")
