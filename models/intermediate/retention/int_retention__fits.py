"""Shifted beta-geometric model of contracts: each customer's own chance of churn is drawn from Beta(alpha, beta).

Fader and Hardie (2007), "How to project customer retention". The chance of churn in month t of customers who came that
far is alpha / (alpha + beta + t - 1), so that censored and late-seen contracts only need the counts per month.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import minimize

SMALLEST = 1e-3
"""Below it some customers churn at once or never, which so few counts cannot show."""
LARGEST_SUM = 1e4
"""Beyond it the chances of churn spread by less than a hundredth of their mean's root: a negligible difference."""

EXACT = {"xatol": 1e-9, "fatol": 1e-15, "maxiter": 4000}


def fit(period, at_risk, left):
    """(alpha, beta, hazard) of greatest likelihood.

    Where customers do not differ, or more churn the older they are, alpha and beta run to infinity and the model is
    a plain geometric one: then only the monthly hazard is given. All None when the counts show nothing.
    """
    period, at_risk, left = (np.asarray(column, dtype=float) for column in (period, at_risk, left))
    seen = at_risk > 0
    period, at_risk, left = period[seen], at_risk[seen], left[seen]
    if len(period) < 2 or left.sum() == 0 or (left == at_risk).all():
        return None, None, None

    def loss(logs):
        alpha, beta = np.exp(logs)
        total = alpha + beta + period - 1
        return (
            -np.sum(left * np.log(alpha / total) + (at_risk - left) * np.log((total - alpha) / total)) / at_risk.sum()
        )

    # The likelihood has a ridge along equal means, so it is climbed from several places. By a method without linear
    # algebra: for two numbers the threads of that cost a hundred times more than the sums.
    mean, bounds = left.sum() / at_risk.sum(), [(np.log(1e-4), np.log(1e6))] * 2
    climbs = (
        minimize(loss, np.log([mean * size, (1 - mean) * size]), method="Nelder-Mead", bounds=bounds, options=EXACT)
        for size in (1.0, 10.0, 100.0)
    )
    found = min(climbs, key=lambda climb: climb.fun)
    alpha, beta = np.exp(found.x)
    if min(alpha, beta) < SMALLEST or alpha + beta > LARGEST_SUM:
        return None, None, round(float(left.sum() / at_risk.sum()), 9)
    return round(float(alpha), 6), round(float(beta), 6), None


def model(dbt, session):
    dbt.config(materialized="table")
    counts = dbt.ref("int_retention__risk_sets").df().sort_values(["dimension_name", "dimension_value", "period_order"])
    months = counts[(counts["period_grain_code"] == "contract_month") & (counts["period_order"] > 0)]
    rows = [
        (*value, *fit(cell["period_order"], cell["at_risk_count"], cell["churned_count"]))
        for value, cell in months.groupby(["dimension_name", "dimension_value"])
    ]
    fits = pd.DataFrame(rows, columns=["dimension_name", "dimension_value", "alpha", "beta", "hazard"])
    text, number = ("dimension_name", "dimension_value"), ("alpha", "beta", "hazard")
    return fits.astype(dict.fromkeys(text, "str") | dict.fromkeys(number, "float64"))
