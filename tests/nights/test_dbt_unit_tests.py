"""dbt's own unit tests: the edges of every rule, run on the models as they stand (a night leaves them out)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from nights.conftest import Company

pytestmark = pytest.mark.slow


def test_every_dbt_unit_test_passes(small_company, dbt_session, tmp_path):
    settings = replace(dbt_session.settings, raw=small_company, warehouse=tmp_path / "stayhouse.duckdb")
    company = Company(settings, dbt_session)
    company.night(date(2025, 6, 30))
    results = dbt_session.unit_tests()
    assert len(results) >= 51
    assert {str(result.status) for result in results} == {"pass"}
