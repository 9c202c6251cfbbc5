"""A run repeats neither the policy nor the views while nothing that they are made of has changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from nights.conftest import LAST

pytestmark = pytest.mark.slow


def made(company) -> Counter:
    """Seeds and views that a run makes; the marts among the views are of every run."""
    results = company.session.build(LAST, with_tests=False)
    return Counter(
        node.resource_type if node.resource_type == "seed" else node.config.materialized
        for node in (result.node for result in results)
        if node.resource_type == "seed" or (node.config.materialized == "view" and "marts" not in node.fqn)
    )


def test_a_run_makes_views_again_only_when_their_time_zone_has_changed(straight, company, monkeypatch):
    """Views skipped for good would keep the business days of the time zone that the company had before."""
    repeated = company(straight.settings.raw, straight)
    repeated.session.settings = repeated.settings
    assert made(repeated) == {}
    # Taken back afterwards: later companies of this process begin with the settings of the session.
    monkeypatch.setattr(repeated.session, "settings", replace(repeated.settings, business_timezone="Asia/Tokyo"))
    again = made(repeated)
    assert again["view"] > 20
    assert again["seed"] == 0
