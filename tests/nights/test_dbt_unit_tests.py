"""dbt's own unit tests: the edges of every rule, run on the models as they stand (a night leaves them out)."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


def test_every_dbt_unit_test_passes(straight, company):
    tested = company(straight.settings.raw, straight)
    tested.session.settings = tested.settings
    results = tested.session.unit_tests()
    assert len(results) >= 51
    assert {str(result.status) for result in results} == {"pass"}
