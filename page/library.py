"""The chart library of the page: Vega, Vega-Lite and their embedder as one script.

`make setup` copies it once from `vl-convert-python` (the extra `charts`, 88 MB) to page/assets, and from then on
nothing needs that package. Git holds no code of others.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

BUNDLE = Path(__file__).parent / "assets" / "charts.bundle"


class MissingChartLibrary(Exception):
    """There is neither the bundle nor the package that carries it. The message says how to get one of them."""


def script() -> str:
    """The library as JavaScript."""
    return BUNDLE.read_text(encoding="utf-8") if BUNDLE.is_file() else _from_package()


def check() -> None:
    """Raises MissingChartLibrary before a run begins rather than when it publishes."""
    if not BUNDLE.is_file():
        _from_package()


def write() -> None:
    """Copy the library from the installed package, also over an older copy."""
    fresh = BUNDLE.with_name(f".{BUNDLE.name}.new")
    fresh.write_text(_from_package(), encoding="utf-8")
    os.replace(fresh, BUNDLE)


def _from_package() -> str:
    try:
        package = import_module("vl_convert")
    except ModuleNotFoundError as error:
        raise MissingChartLibrary(
            f"the page needs the chart library {BUNDLE}; `make setup` writes it,"
            " or install the extra `charts` (pip install 'stayhouse[charts]')"
        ) from error
    return str(package.javascript_bundle())
