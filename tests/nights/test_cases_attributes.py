"""Breakdowns by a free attribute of customers: a row of policy is enough, and every fact counts in the value of its day."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow

SMALL, LARGE = "attributes_small", "attributes_large"
"""The size of the customer `attributes` until 14 February 2025, and from the 15th on."""
DIMENSION = "attribute_company_size"

# A query for the sizes in which a fact counts, with its measure, and what it gives.
FACTS = {
    "early drop-off, by the registration": (
        "select dimension_value, dropped_early_den from activation.mart_early_dropoff "
        "where dimension_name = $dimension and cohort_label = 'all'",
        [(SMALL, 1)],
    ),
    "value of a cohort, by the registration and not by the payment": (
        "select dimension_value, max(revenue_to_date_amount) from retention.mart_value_cohort "
        "where dimension_name = $dimension group by dimension_value",
        [(SMALL, 50)],
    ),
    "retention, by the entry": (
        "select dimension_value, max(retained_num) from retention.mart_retention_grid "
        "where setting_code = 'registration_months_by_company_size' and dimension_name = $dimension "
        "and definition_code = 'on' group by dimension_value",
        [(SMALL, 1)],
    ),
    "churn without a warning, by the last day": (
        "select dimension_value, max(recall_den) from alerts.mart_alert_rule_report "
        "where dimension_name = $dimension group by dimension_value having max(recall_den) > 0",
        [(LARGE, 1)],
    ),
    "customers whom a rule is compared with, by the end of each month": (
        "select dimension_value, max(base_num), max(base_den) from alerts.mart_alert_rule_report "
        "where dimension_name = $dimension group by dimension_value",
        [(LARGE, 1, 1), (SMALL, 0, 1)],
    ),
    "a first tour, by its day": (
        "select distinct dimension_value, sum(members_count) from usage_health.mart_group_comparisons where "
        "dimension_name = $dimension and comparison_code = 'first_tour' and outcome_code = 'completed' group by all",
        [(SMALL, 1)],
    ),
    "adoption of a component, by the registration": (
        "select dimension_value, sum(members_count) from usage_health.mart_group_comparisons "
        "where dimension_name = $dimension and comparison_code = 'component_adoption' and component_code = 'mailings' "
        "and group_code = 'adopters' and horizon_days = 90 group by all having sum(members_count) > 0",
        [(SMALL, 1)],
    ),
    "use before a churn, by the last day": (
        "select dimension_value, outcome_num from usage_health.mart_group_comparisons where dimension_name = $dimension "
        "and comparison_code = 'use_before_churn' and component_code = 'mailings' and group_code = 'churned'",
        [(LARGE, 1)],
    ),
    "breadth of use, by the day of the snapshot": (
        "select dimension_value, outcome_num, outcome_den from usage_health.mart_group_comparisons "
        "where dimension_name = $dimension and comparison_code = 'component_breadth' and group_code = '1'",
        [(LARGE, 0, 1)],
    ),
    "attempts to reach the customer, by their day": (
        "select attribute_value, effective_num, effective_den from contacts.mart_contact_kpi "
        "where dimension_name = $dimension and contact_month = date '2025-02-01'",
        [(LARGE, 0, 1), (SMALL, 1, 1)],
    ),
    "norms of contacts, by the last day with access": (
        "select attribute_value, min(contact_month)::varchar, max(contact_month)::varchar "
        "from contacts.mart_contact_norms where dimension_name = $dimension group by all",
        [(LARGE, "2025-02-01", "2025-05-01"), (SMALL, "2025-01-01", "2025-01-01")],
    ),
    "work on a ticket, by the day of the work": (
        "select dimension_value, assigned_tickets_count, closed_tickets_count from cx.mart_agent_scorecard "
        "where dimension_name = $dimension and period_kind = 'month' and period_start_date = date '2025-02-01'",
        [(LARGE, 0, 1), (SMALL, 1, 0)],
    ),
    "an invitation, by its day": (
        "select attribute_value, invited_count from feedback.mart_survey_programme "
        "where dimension_name = $dimension and programme_month = date '2025-02-01'",
        [(SMALL, 1)],
    ),
    "a metric over facts, by the last day of a customer": (
        "select dimension_value, denominator_amount from metrics.mart_metric_values where dimension_name = $dimension "
        "and metric_code = 'surprise_churn_pct' and period_start_date = date '2025-05-01'",
        [(LARGE, 1)],
    ),
}


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_counts_in_the_value_of_its_own_day(cases, fact):
    """Guards against today's value of an attribute: the history of a segment would change with every new value."""
    sql, expected = FACTS[fact]
    found = cases("utc").rows(sql.replace("$dimension", f"'{DIMENSION}'"))
    assert sorted(row for row in found if row[0] in (SMALL, LARGE)) == expected
