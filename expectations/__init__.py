"""Expectations: what must hold of the raw tables before dbt reads them, and of the marts before they are published.

`registry` names the gates, `runner.validate` evaluates them inside the warehouse. Great Expectations takes seconds to
import, so only the modules that build or run suites import it; `registry`, `reports` and `row_rules` do not.
"""
