"""The linter of SQL renders models with stand-ins for some macros; these take what the macros take."""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping

from conventions.lints import Project

from stayhouse.contract import REPO_ROOT

SIGNATURE = re.compile(r"\{%-?\s*macro\s+(?P<name>\w+)\((?P<parameters>[^)]*)\)")
# A function of Python that the shapes of exports are rendered with.
NOT_MACROS_OF_THE_PROJECT = {"export"}


def parameters_of(code: str) -> list[str]:
    """Names of a macro's parameters, without their defaults."""
    found = SIGNATURE.search(code)
    assert found, f"no macro in {code!r}"
    return [parameter.split("=")[0].strip() for parameter in found["parameters"].split(",") if parameter.strip()]


def other_parameters(stand_ins: Mapping[str, str], macros: Mapping[str, str]) -> list[str]:
    return [
        f"{name}: takes {parameters_of(code)}, the macro {parameters_of(macros[name])}"
        if name in macros
        else f"{name}: no macro has this name"
        for name, code in stand_ins.items()
        if name not in macros or parameters_of(code) != parameters_of(macros[name])
    ]


def test_stand_ins_take_what_the_macros_take(project: Project) -> None:
    """A new parameter of `changed_keys` failed only in CI: the linter's stand-in did not know it."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(REPO_ROOT / ".sqlfluff")
    stand_ins = dict(config["sqlfluff:templater:jinja:macros"])
    macros = {macro["name"]: macro["macro_sql"] for macro in project.macros.values()}
    assert stand_ins.keys() >= NOT_MACROS_OF_THE_PROJECT | {"changed_keys"}
    checked = {name: code for name, code in stand_ins.items() if name not in NOT_MACROS_OF_THE_PROJECT}
    assert other_parameters(checked, macros) == []


def test_another_parameter_and_a_lost_macro_are_caught() -> None:
    macros = {"m": "{% macro m(a, b='x') %}{% endmacro %}", "n": "{% macro n() %}{% endmacro %}"}
    stand_ins = {"m": "{%- macro m(a) %}{% endmacro %}", "n": "{% macro n() %}", "o": "{% macro o() %}"}
    assert other_parameters(stand_ins, macros) == ["m: takes ['a'], the macro ['a', 'b']", "o: no macro has this name"]
