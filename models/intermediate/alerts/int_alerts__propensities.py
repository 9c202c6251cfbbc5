"""How likely a customer was to be acted on, learned from what was known at the month end before.

A logistic model over the bands of the precursors, one for each treatment. Its penalty is small and the same for every
band: what is shrunk would stay out of balance, and balance is what these weights are for.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

LARGEST_FIT = 60_000
PENALTY = 0.1
COLUMNS = {
    "treatment_code": "string", "precursor_code": "string", "band_order": "int64", "weight": "float64",
    "units_count": "int64", "treated_count": "int64",
}  # fmt: skip


def model(dbt, session):
    dbt.config(materialized="table")
    return terms(
        dbt.ref("int_alerts__action_units").df(),
        dbt.ref("int_risk__frame").df(),
        dbt.ref("precursor_bands").df(),
    )


def terms(units, frame, bands):
    """Log-odds of an average customer and of each band, one row each; none for a treatment that all or none had."""
    frame = frame[~frame["is_current"].astype(bool)].reset_index(drop=True)
    columns, places = _banded(frame, bands)
    keys = frame[["customer_id", "observed_date"]].assign(place=frame.index)
    units = units[units["method_code"] == "matched"].merge(keys, on=["customer_id", "observed_date"])
    rows = []
    for treatment, own in units.groupby("treatment_code", sort=True):
        own = _chosen(own)
        treated = own["is_treated"].to_numpy(dtype=bool)
        if treated.all() or not treated.any():
            continue
        # Only bands in which somebody is have a weight.
        seen, inside = np.unique(places[own["place"].to_numpy()], return_inverse=True)
        inside = inside.reshape(len(own), -1)
        intercept, weights = _fit(inside, treated, len(seen))
        counts = np.bincount(inside.ravel(), minlength=len(seen))
        treated_counts = np.bincount(inside[treated].ravel(), minlength=len(seen))
        rows.append((treatment, "intercept", 0, intercept, len(own), treated.sum()))
        for column, weight, *counted in zip(seen, weights, counts, treated_counts, strict=True):
            rows.append((treatment, *columns[column], round(float(weight), 9), *counted))
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _chosen(units):
    """The units of one treatment in an order of their own; of very many a sample, which is the same in each run."""
    units = units.sort_values("unit_id").reset_index(drop=True)
    if len(units) <= LARGEST_FIT:
        return units
    draw = pd.util.hash_array(units["unit_id"].to_numpy(dtype=object))
    return units.iloc[np.sort(np.argsort(draw, kind="stable")[:LARGEST_FIT])]


def _banded(frame, bands):
    """Precursor and band of each column, and the columns of each row; band 0 where a value is not known."""
    columns, places = [], []
    for code, own in bands.sort_values("band_order").groupby("precursor_code", sort=True):
        values = pd.to_numeric(frame[code], errors="coerce").to_numpy(dtype="float64")
        starts = own["value_from"].astype("float64").fillna(-np.inf).to_numpy()
        orders = own["band_order"].astype("int64").to_numpy()
        inside = np.clip(np.searchsorted(starts, values, side="right") - 1, 0, len(starts) - 1)
        seen, place = np.unique(np.where(np.isnan(values), 0, orders[inside]), return_inverse=True)
        places.append(place + len(columns))
        columns += [(code, int(order)) for order in seen]
    return columns, np.column_stack(places)


def _fit(places, treated, size):
    """Intercept and weights, by Newton's method; a step that goes too far is halved."""
    design = np.column_stack([np.zeros(len(places), dtype=places.dtype), 1 + places])
    starts = np.arange(len(places) + 1) * design.shape[1]
    design = sparse.csr_matrix((np.ones(design.size), design.ravel(), starts), (len(places), size + 1))
    columns = design.T.tocsr()
    penalty = np.append(0.0, np.full(size, PENALTY))
    weights = np.append(np.log(treated.mean() / (1 - treated.mean())), np.zeros(size))

    def loss(weights):
        logit = design @ weights
        return np.sum(np.logaddexp(0.0, logit) - treated * logit) + 0.5 * np.sum(penalty * weights**2)

    for _ in range(50):
        chance = 1.0 / (1.0 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = columns @ (treated - chance) - penalty * weights
        spread = np.repeat(chance * (1 - chance), design.indptr[1])
        weighed = sparse.csr_matrix((spread, design.indices, design.indptr), design.shape)
        step = np.linalg.solve((columns @ weighed).toarray() + np.diag(penalty), gradient)
        step *= min(1.0, 4.0 / max(np.max(np.abs(step)), 1e-12))
        before = loss(weights)
        while loss(weights + step) > before and np.max(np.abs(step)) > 1e-8:
            step /= 2
        weights = weights + step
        if np.max(np.abs(step)) < 1e-8:
            break
    return round(float(weights[0]), 9), weights[1:]
