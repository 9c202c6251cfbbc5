"""Stands in for the macros of dbt when sqlfluff renders a model without dbt: the right shape, in DuckDB words."""

from __future__ import annotations


def type_string() -> str:
    return "varchar"


def type_int() -> str:
    return "integer"


def datediff(first_date: str, second_date: str, datepart: str) -> str:
    return f"datediff('{datepart}', {first_date}, {second_date})"


def dateadd(datepart: str, interval: object, from_date_or_timestamp: str) -> str:
    return f"date_add({from_date_or_timestamp}, {interval})"


def date_trunc(datepart: str, date: str) -> str:
    return f"date_trunc('{datepart}', {date})"


def position(substring_text: str, string_text: str) -> str:
    return f"position({substring_text} in {string_text})"


def generate_series(upper_bound: int) -> str:
    return f"select {upper_bound} as generated_number"


def split_part(string_text: str, delimiter_text: str, part_number: int) -> str:
    return f"split_part({string_text}, {delimiter_text}, {part_number})"


def hash(field: str) -> str:
    return f"md5({field})"
