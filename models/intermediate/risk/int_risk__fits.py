"""Models of churn, learned from what was known of customers at month ends and tested on later months.

The risk that is published is additive: each precursor counts by its band, so that reasons are exact and SQL computes
the score. Its penalties follow from the data (MacKay's evidence), one for the known bands of a precursor and one for
not known: what has no signal is shrunk to nothing. Two yardsticks show what the precursors could tell: boosted trees
(scikit-learn), which find bands and interactions themselves, and Cox's model (lifelines), which learns from how long
customers stayed.
"""

from __future__ import annotations

import hashlib
import warnings
from importlib import import_module, util
from types import CodeType, FunctionType, SimpleNamespace

import duckdb
import numpy as np
import pandas as pd
from scipy import sparse

HORIZONS = ("short", "medium", "long")
LARGEST_FIT = 60_000
"""Observations of one fit; of more all churns count, and a sample of the others with its weight."""
LARGEST_TEST = 100_000
LARGEST_CURVE = 10_000
"""Observations of one fit of the survival model: half of them churns at most."""
YARDSTICKS = {"boosting": "sklearn", "survival": "lifelines"}
GROUPS = 20
"""Groups of customers that the jackknife leaves out in turn: month ends of one customer are not independent."""
BLOCK_MONTHS = 3
SMALLEST_PART = 20
"""Churns from which on a quarter or a segment has measures of its own."""
SMALLEST_PENALTY, LARGEST_PENALTY = 1e-2, 1e6
NO_SIGNAL = 1e4
"""From this penalty on, weights are shrunk to nothing."""
Z95 = 1.959963984540054
COLUMNS = (
    "record_kind", "horizon_code", "model_code", "code", "order_number", "estimate", "ci_lo", "ci_hi", "count_num",
    "count_den", "note", "dimension_name", "dimension_value",
)  # fmt: skip
ALL = ("all", "all")


def model(dbt, session):
    dbt.config(materialized="table")
    frame = dbt.ref("int_risk__frame").df()
    precursors = dbt.ref("precursors").df()
    bands = dbt.ref("precursor_bands").df()
    norms = dbt.ref("dim_segment_policy").df()
    policy = dbt.ref("int_risk__settings").df().iloc[0]
    digest = digest_of(_closed(frame), precursors, bands, norms, policy.to_frame())
    before = _before(dbt, session)
    if before is not None and digest in set(before["note"]):
        return before
    records = fits(frame, precursors, bands, norms, policy)
    return pd.concat([records, _records([("source", "all", "none", "digest", 0, *[None] * 5, digest)])])


def _before(dbt, session):
    """The rows of the last run; None in a first one and on engines other than DuckDB, whose sessions read no tables."""
    if not hasattr(session, "table"):
        return None
    try:
        return session.table(str(dbt.this)).df()
    except duckdb.CatalogException:
        return None


def digest_of(*tables):
    """Changes with whatever the fits depend on: the rows, this code and the library that may be missing."""
    found = hashlib.sha256()
    for table in tables:
        hashes = pd.util.hash_pandas_object(table.astype(str), index=False)
        found.update(repr((list(table.columns), np.sort(hashes.to_numpy()).tolist())).encode())
    code = {name: _text(thing.__code__) for name, thing in globals().items() if isinstance(thing, FunctionType)}
    constants = {name: value for name, value in globals().items() if name.isupper() and name != "MEASURES"}
    missing = [_is_missing(library) for library in YARDSTICKS.values()]
    found.update(repr((sorted(code.items()), sorted(constants.items()), missing)).encode())
    return found.hexdigest()


def _is_missing(library):
    """Looks for a library without loading it."""
    return util.find_spec(library) is None


def _text(code):
    """What a function does, wherever its file lies."""
    inner = [_text(part) if isinstance(part, CodeType) else repr(part) for part in code.co_consts]
    return repr((code.co_code, code.co_names, inner))


def _closed(frame):
    """Observations of months that are over, in an order of their own, with churns up to the last month that is tested.

    Later ones are known of some windows only, and would be a new source for the models in each run.
    """
    closed = frame[~frame["is_current"].astype(bool)].copy()
    churned, observed = pd.to_datetime(closed["churned_date"]), pd.to_datetime(closed["observed_date"])
    closed["churned_date"] = churned.where(churned <= observed[closed["is_churned_short"].notna()].max())
    return closed.sort_values(["observed_date", "customer_id"]).reset_index(drop=True)


def fits(frame, precursors, bands, norms, policy):
    """Everything that the marts of the domain read, one record per row."""
    codes = sorted(
        code for code, scored in zip(precursors["precursor_code"], precursors["is_scored"], strict=True) if scored
    )
    frame = _closed(frame)
    data = _prepared(frame, codes, bands, norms, policy)
    return _records([record for horizon in HORIZONS for record in _horizon(horizon, frame, data, policy)])


def _records(rows):
    """The rows as a table; those that name no dimension are about all observations."""
    whole = len(COLUMNS) - len(ALL)
    result = pd.DataFrame([row if len(row) > whole else (*row, *ALL) for row in rows], columns=list(COLUMNS))
    text = ("record_kind", "horizon_code", "model_code", "code", "note", "dimension_name", "dimension_value")
    return result.astype(dict.fromkeys(text, "str") | {name: "float64" for name in COLUMNS if name not in text})


# ---------------------------------------------------------------- what is learned from


def band_orders(values, code, bands):
    """The band of each value; 0 for a value that is not known."""
    own = bands[bands["precursor_code"] == code].sort_values("band_order")
    starts = own["value_from"].astype("float64").fillna(-np.inf).to_numpy()
    orders = own["band_order"].astype("int64").to_numpy()
    values = np.asarray(values, dtype="float64")
    place = np.clip(np.searchsorted(starts, values, side="right") - 1, 0, len(starts) - 1)
    return np.where(np.isnan(values), 0, orders[place])


def _prepared(frame, codes, bands, norms, policy):
    """The frame as arrays: the number of each precursor's band, raw values, groups of customers."""
    raw = {code: pd.to_numeric(frame[code], errors="coerce").to_numpy(dtype="float64") for code in codes}
    place, columns = np.zeros((len(frame), len(codes)), dtype="int64"), []
    for number, code in enumerate(codes):
        seen, place[:, number] = np.unique(band_orders(raw[code], code, bands), return_inverse=True)
        place[:, number] += len(columns)
        columns += [(code, int(order)) for order in seen]
    customer, names = pd.factorize(frame["customer_id"].astype(str))
    hashed = pd.util.hash_array(np.asarray(names, dtype=object)).astype("uint64")
    draw = pd.util.hash_array(
        (frame["customer_id"].astype(str) + frame["observed_date"].astype(str)).to_numpy(dtype=object)
    ).astype("uint64")
    allowed = frame["segment_code"].map(dict(zip(norms["segment_code"], norms["risk_after_days"], strict=True)))
    observed = pd.to_datetime(frame["observed_date"])
    return SimpleNamespace(
        place=place,
        columns=columns,
        raw=np.column_stack([raw[code] for code in codes]) if codes else np.zeros((len(frame), 0)),
        limits=_limits(frame, allowed.to_numpy(dtype="float64"), policy),
        segment=frame["segment_code"].to_numpy(dtype=str),
        group=(hashed % np.uint64(GROUPS)).astype("int64")[customer],
        customer=customer,
        day=observed.to_numpy().astype("datetime64[D]"),
        churned_after=(pd.to_datetime(frame["churned_date"]) - observed).dt.days.to_numpy("float64"),
        draw=draw.astype("float64") / 2.0**64,
        distinct=1.0,
    )


def _limits(frame, risk_after_days, policy):
    """How many limits of the policy a customer has passed: the rules of thumb as a score."""

    def known(code):
        return pd.to_numeric(frame[code], errors="coerce").to_numpy(dtype="float64")

    passed = (
        known("inactive_days") > risk_after_days,
        known("usage_level_pct") <= 100 * float(policy["usage_decline_ratio"]),
        known("nps_score") <= float(policy["surprise_low_nps_score"]),
        known("complaints_count") > 0,
        known("failing_payments_count") > 0,
    )
    return np.sum(passed, axis=0)


# ---------------------------------------------------------------- one window


def _horizon(horizon, frame, data, policy):
    outcome = frame[f"is_churned_{horizon}"]
    known = outcome.notna().to_numpy()
    churned = outcome.where(known, False).astype(bool).to_numpy()
    window = np.timedelta64(int(policy[f"risk_horizon_{horizon}_days"]) + int(policy["churn_grace_days"]), "D")
    # A churn lies in the windows of as many month ends as fit into one: so much less do these tell together.
    data.distinct = float(policy["risk_horizon_short_days"]) / float(policy[f"risk_horizon_{horizon}_days"])
    learned = known & (data.day > _months_before(data.day[known], int(policy["risk_training_months"])))
    churns = len(np.unique(data.customer[learned & churned]))
    base = float(churned[learned].mean()) if learned.any() else None
    if churns < int(policy["risk_min_churns"]):
        return [("status", horizon, "none", "chosen", 0, base, None, None, churns, int(learned.sum()), "few_churns")]
    tested = _predictions(data, churned, known, window, policy)
    if tested is None:
        return [("status", horizon, "none", "chosen", 0, base, None, None, churns, int(learned.sum()), "not_tested")]
    records, auc = _measured(horizon, tested)
    chosen = "additive" if auc["additive"][1] > 50 else "base"
    note = "" if chosen == "additive" else "no_better_than_usual"
    records.append(("status", horizon, chosen, "chosen", 0, base, None, None, churns, int(learned.sum()), note))
    intercept, weights, _ = _fit(data, churned, learned)
    shares = np.bincount(data.place[learned].ravel(), minlength=len(data.columns)) / learned.sum()
    centred, centre = _centred(weights, shares, data.columns)
    records.append(("term", horizon, "additive", "intercept", 0, intercept + centre, None, None, None, None, ""))
    for (code, order), weight, share in zip(data.columns, centred, shares, strict=True):
        count = round(share * int(learned.sum()))
        records.append(("term", horizon, "additive", code, order, round(float(weight), 9), None, None, None, count, ""))
    return records


def _months_before(days, months):
    """The day so many months before the last of some days."""
    if not len(days):
        return np.datetime64("9999-12-31")
    return np.datetime64((pd.Timestamp(days.max()) - pd.DateOffset(months=months)).date())


def _centred(weights, shares, columns):
    """Weights less the mean of the precursor's known bands, and the sum of these means: an average customer with all
    values known has no reasons."""
    centred, centre = np.array(weights, dtype="float64"), 0.0
    for code in {code for code, _ in columns}:
        own = [place for place, column in enumerate(columns) if column[0] == code]
        known = [place for place in own if columns[place][1] > 0] or own
        mean = float(np.sum(centred[known] * shares[known]) / max(np.sum(shares[known]), 1e-12))
        centred[own] -= mean
        centre += mean
    return centred, centre


def _predictions(data, churned, known, window, policy):
    """What each model foresaw of months that it had not seen: learned only from outcomes known before them."""
    months = np.unique(data.day[known].astype("datetime64[M]"))[-int(policy["risk_test_months"]) :]
    parts, fit = [], None
    for begin in range(0, len(months), BLOCK_MONTHS):
        block = known & np.isin(data.day.astype("datetime64[M]"), months[begin : begin + BLOCK_MONTHS])
        past = known & (data.day + window <= data.day[block].min())
        past &= data.day > _months_before(data.day[past], int(policy["risk_training_months"]))
        if len(np.unique(data.customer[past & churned])) < int(policy["risk_min_churns"]):
            continue
        rows = np.flatnonzero(block)
        if len(rows) > LARGEST_TEST / 4:
            rows = rows[np.argsort(data.draw[rows], kind="stable")[: LARGEST_TEST // 4]]
        fit = _fit(data, churned, past, fit)
        foreseen = {
            "base": np.full(len(rows), churned[past].mean()),
            "limits": _by_count(data.limits, churned, past, rows),
            "additive": _chance(fit[0] + fit[1][data.place[rows]].sum(axis=1)),
            "boosting": _boosted(data, churned, past, rows),
            "survival": _survived(data, data.day[block].min(), rows, fit, window, policy),
        }
        parts.append((rows, foreseen))
    if not parts or not any(churned[rows].any() for rows, _ in parts):
        return None
    rows = np.concatenate([part[0] for part in parts])
    names = [name for name in parts[0][1] if all(part[1][name] is not None for part in parts)]
    foreseen = {name: np.concatenate([part[1][name] for part in parts]) for name in names}
    months = [np.full(len(tested), data.day[tested].min().astype("datetime64[M]")) for tested, _ in parts]
    return churned[rows], data.group[rows], foreseen, {
        "segment": data.segment[rows], "tested_quarter": np.concatenate(months).astype(str),
    }  # fmt: skip


def _line(churned, logit):
    """Intercept and slope of the logistic line of what happened on foreseen log-odds; NaN where none is found."""
    line = np.array([0.0, 1.0])
    if not churned.any() or logit.std() < 1e-6:
        return line
    for _ in range(30):
        foreseen = _chance(line[0] + line[1] * logit)
        spread, error = foreseen * (1 - foreseen), churned - foreseen
        cross = (spread * logit).sum()
        step = np.linalg.solve(
            [[spread.sum(), cross], [cross, (spread * logit**2).sum()]], [error.sum(), (error * logit).sum()]
        )
        line = line + step * min(1.0, 4.0 / max(np.max(np.abs(step)), 1e-12))
        if np.max(np.abs(step)) < 1e-9:
            return line
    return np.full(2, np.nan)


# ---------------------------------------------------------------- models


def _chance(logit):
    return 1.0 / (1.0 + np.exp(-np.clip(logit, -30, 30)))


def _sampled(churned, rows, draw):
    """Rows of a fit and their weights: all churns, and of the others as many as there is room for."""
    rows = np.flatnonzero(rows)
    if len(rows) <= LARGEST_FIT:
        return rows, np.ones(len(rows))
    stayed = rows[~churned[rows]]
    room = LARGEST_FIT - int(churned[rows].sum())
    kept = np.sort(stayed[np.argsort(draw[stayed], kind="stable")[:room]])
    rows = np.concatenate([rows[churned[rows]], kept])
    return rows, np.where(churned[rows], 1.0, len(stayed) / len(kept))


def _fit(data, churned, past, start=None):
    """Intercept and a weight per band, the most likely ones; penalties by the evidence of the data.

    `start`, an earlier result, only saves steps.
    """
    rows, share = _sampled(churned, past, data.draw)
    share = share * data.distinct
    # That a source was not recorded says something of a customer, and nothing of the precursors that come from it.
    kinds = [(code, order == 0) for code, order in data.columns]
    places = [np.flatnonzero([one == kind for one in kinds]) for kind in dict.fromkeys(kinds)]
    mean = np.average(churned[rows], weights=share)
    intercept, weights, penalty = start or (float(np.log(mean / (1 - mean))), np.zeros(len(kinds)), np.ones(len(kinds)))
    found = np.append(intercept, weights)
    design = _membership(data.place[rows], len(kinds))
    seen = design, design.T.tocsr(), churned[rows].astype("float64"), share
    for _ in range(15):
        found, hessian = _most_likely(*seen, np.append(0.0, penalty), found, steps=1)
        variance = np.diag(np.linalg.inv(hessian))[1:]
        before = penalty.copy()
        for own in places:
            effective = float(np.clip(len(own) - np.sum(penalty[own] * variance[own]), 1e-6, len(own)))
            strength = max(np.sum(found[1 + own] ** 2), 1e-12)
            penalty[own] = np.clip(effective / strength, SMALLEST_PENALTY, LARGEST_PENALTY)
        # Weights that have been shrunk to nothing may still shrink: it changes no risk.
        moved = np.abs(np.log(penalty / before))[penalty < NO_SIGNAL]
        if not len(moved) or moved.max() < 0.1:
            break
    found, _ = _most_likely(*seen, np.append(0.0, penalty), found, steps=50)
    return float(found[0]), found[1:], penalty


def _membership(place, size):
    """A row per observation, with 1 in the first column and in that of its band of each precursor."""
    count, precursors = place.shape
    ones = np.column_stack([np.zeros(count, dtype=place.dtype), 1 + place])
    starts = np.arange(count + 1) * (precursors + 1)
    return sparse.csr_matrix((np.ones(ones.size), ones.ravel(), starts), (count, 1 + size))


def _most_likely(design, columns, target, share, penalty, weights, steps):
    """Weights of a logistic model after so many of Newton's steps at most, and the second derivatives before the last.

    `columns` is the design with its columns as rows, which takes as long to make as a step.
    A step that goes too far is halved: bare steps can go back and forth for ever where most of a rare band churn.
    """

    def loss(weights):
        logit = design @ weights
        # A product of two long vectors would wake the threads of linear algebra, which cost more than the sum.
        return np.sum(share * (np.logaddexp(0.0, logit) - target * logit)) + 0.5 * np.sum(penalty * weights**2)

    for _ in range(steps):
        chance = _chance(design @ weights)
        gradient = columns @ (share * (target - chance)) - penalty * weights
        spread = share * chance * (1 - chance)
        weighed = np.repeat(spread, design.indptr[1]), design.indices, design.indptr
        hessian = (columns @ sparse.csr_matrix(weighed, design.shape)).toarray() + np.diag(penalty)
        step = np.linalg.solve(hessian, gradient)
        step *= min(1.0, 4.0 / max(np.max(np.abs(step)), 1e-12))
        before = loss(weights)
        while loss(weights + step) > before and np.max(np.abs(step)) > 1e-8:
            step /= 2
        weights = weights + step
        if np.max(np.abs(step)) < 1e-8:
            break
    return weights, hessian


def _by_count(limits, churned, past, rows):
    """The share that churned among those who had passed as many limits, drawn towards the share of all."""
    base = churned[past].mean()
    chances = np.array([
        (churned[past & (limits == number)].sum() + 10 * base) / ((past & (limits == number)).sum() + 10)
        for number in range(int(limits.max()) + 1)
    ])  # fmt: skip
    return chances[limits[rows]]


def _boosted(data, churned, past, rows):
    if _is_missing(YARDSTICKS["boosting"]):
        return None
    ensemble = import_module("sklearn.ensemble")
    learned, share = _sampled(churned, past, data.draw)
    trees = ensemble.HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=120, max_leaf_nodes=8, min_samples_leaf=40, l2_regularization=5.0,
        early_stopping=False, random_state=0,
    )  # fmt: skip
    trees.fit(data.raw[learned], churned[learned], sample_weight=share)
    return trees.predict_proba(data.raw[rows])[:, 1]


def _survived(data, first, rows, fit, window, policy):
    """One less the curve of Cox's model at the end of the window, learned from what was known on the first tested day.

    It also learns from windows that were open on that day. Bands, penalties and first guess come from the additive fit.
    """
    if _is_missing(YARDSTICKS["survival"]):
        return None
    grace = int(policy["churn_grace_days"])
    days = int(window.astype("int64")) - grace
    seen = (first - data.day).astype("int64") - grace
    past = (seen > 0) & (data.day > _months_before(data.day[seen > 0], int(policy["risk_training_months"])))
    seen = np.minimum(seen, days)
    churned = data.churned_after <= seen
    learned, share = _drawn(churned, past, data.draw)
    _, weights, penalty = fit
    table, tested = (_indicators(data.place[own], len(penalty)) for own in (learned, rows))
    spread = table.std(ddof=1).to_numpy()
    # The time goes into pairs of bands, so those without signal are left out; one precursor stays in any case.
    used = (spread > 0) & (penalty <= max(NO_SIGNAL, penalty.min()))
    table, tested = table.loc[:, used].copy(), tested.loc[:, used]
    table["lasted"] = np.where(churned, data.churned_after, seen)[learned]
    table["churned"], table["share"] = churned[learned], share * data.distinct
    # The library multiplies penalties by the rows and takes columns by their spread.
    lifelines = import_module(YARDSTICKS["survival"])
    model = lifelines.CoxPHFitter(penalizer=penalty[used] / spread[used] ** 2 / len(table))
    with warnings.catch_warnings():
        # Of standard errors with weights, which nothing reads, and of rare bands, which are penalised.
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message="Newton-Raphson failed")
        try:
            model.fit(
                table, "lasted", "churned", weights_col="share", batch_mode=True, initial_point=(weights * spread)[used]
            )
        except (lifelines.exceptions.ConvergenceError, lifelines.exceptions.ConvergenceWarning):
            return None
    return 1.0 - model.predict_survival_function(tested, times=[days]).to_numpy()[0]


def _drawn(churned, rows, draw):
    """Rows of a fit and their weights: of those who churned and of the others as many as there is room for."""
    kept = []
    for own in (np.flatnonzero(rows & churned), np.flatnonzero(rows & ~churned)):
        drawn = own[np.argsort(draw[own], kind="stable")[: LARGEST_CURVE // 2]]
        kept.append((drawn, np.full(len(drawn), len(own) / max(len(drawn), 1))))
    return tuple(np.concatenate(part) for part in zip(*kept, strict=True))


def _indicators(place, size):
    """A column per band with 1 for the observations in it."""
    bands = np.zeros((len(place), size))
    bands[np.arange(len(place))[:, None], place] = 1.0
    return pd.DataFrame(bands).rename(columns=str)


# ---------------------------------------------------------------- measures


def area(churned, chance):
    """Percent of pairs in which the one who churned had the higher risk; ties count half."""
    order = np.argsort(chance, kind="stable")
    _, first, counts = np.unique(chance[order], return_index=True, return_counts=True)
    rank = np.empty(len(chance))
    rank[order] = np.repeat(first + (counts + 1) / 2.0, counts)
    left, stayed = int(churned.sum()), int((~churned).sum())
    return 100.0 * (rank[churned].sum() - left * (left + 1) / 2.0) / (left * stayed) if left and stayed else np.nan


def precision_area(churned, chance):
    """Mean precision at the churns, in percent, customers of one risk together."""
    order = np.argsort(-chance, kind="stable")
    hits, ends = np.cumsum(churned[order]), np.flatnonzero(np.diff(chance[order], append=-1.0))
    if not churned.any():
        return np.nan
    caught = np.diff(hits[ends], prepend=0)
    return 100.0 * float(np.sum(caught * hits[ends] / (ends + 1.0)) / churned.sum())


def top_lift(churned, chance):
    """Share of churn in the tenth with the highest risk over that of all; a tie at the border counts in part."""
    size = len(chance) / 10.0
    border = np.sort(chance)[::-1][max(int(np.ceil(size)) - 1, 0)]
    above, at = chance > border, chance == border
    inside = churned[above].sum() + churned[at].sum() * (size - above.sum()) / max(at.sum(), 1)
    return float(inside / size / churned.mean()) if churned.any() else np.nan


def slope(churned, chance):
    """Slope of the logistic line of what happened on the foreseen log-odds: below 1 the risks are too extreme."""
    logit = np.log(np.clip(chance, 1e-9, 1 - 1e-9) / np.clip(1 - chance, 1e-9, 1))
    if logit.std() < 1e-6 or not churned.any():
        return np.nan
    return float(_line(churned, logit)[1])


def ratio(churned, chance):
    """Churns foreseen for one that happened."""
    return float(chance.sum() / churned.sum()) if churned.any() else np.nan


def brier(churned, chance):
    """Mean square of the error."""
    return float(np.mean((chance - churned) ** 2))


MEASURES = {
    "auc": area, "pr_auc": precision_area, "top_lift": top_lift, "calibration_slope": slope, "calibration_ratio": ratio,
    "brier": brier,
}  # fmt: skip


def _jackknifed(measure, churned, chance, group):
    """Value and 95 % interval without each group of customers in turn."""
    # Most measures sort by the risk; of what is sorted already that takes one look.
    order = np.argsort(chance, kind="stable")
    churned, chance, group = churned[order], chance[order], group[order]
    whole = measure(churned, chance)
    parts = np.array(
        [measure(churned[group != left], chance[group != left]) for left in range(GROUPS) if (group == left).any()]
    )
    parts = parts[~np.isnan(parts)]
    if np.isnan(whole) or len(parts) < GROUPS // 2:
        return (None if np.isnan(whole) else whole), None, None
    error = np.sqrt((len(parts) - 1) / len(parts) * np.sum((parts - parts.mean()) ** 2))
    return whole, whole - Z95 * error, whole + Z95 * error


def _measured(horizon, tested):
    churned, group, foreseen, dimensions = tested
    records, auc = _stability(horizon, churned, group, foreseen["additive"], dimensions), {}
    for name, chance in foreseen.items():
        for code, measure in MEASURES.items():
            value, low, high = _jackknifed(measure, churned, chance, group)
            if code == "auc":
                auc[name] = (value, low if low is not None else 0.0)
            records.append(("measure", horizon, name, code, 0, value, low, high, int(churned.sum()), len(churned), ""))
        for number, rows in enumerate(np.array_split(np.argsort(chance, kind="stable"), 10), start=1):
            records.append((
                "bin", horizon, name, "decile", number, float(chance[rows].mean()), None, None,
                int(churned[rows].sum()), len(rows), "",
            ))  # fmt: skip
    for name, library in YARDSTICKS.items():
        if name not in foreseen:
            reason = "library_missing" if _is_missing(library) else "not_converged"
            records.append(("status", horizon, name, "missing", 0, None, None, None, None, None, reason))
    return records, auc


def _stability(horizon, churned, group, chance, dimensions):
    """Whether the additive model is as good in each tested quarter and in each segment."""
    records = []
    for name, values in dimensions.items():
        for value in np.unique(values):
            own = values == value
            count = int(churned[own].sum())
            if count < SMALLEST_PART or count == own.sum():
                continue
            for code in ("auc", "calibration_ratio"):
                found = _jackknifed(MEASURES[code], churned[own], chance[own], group[own])
                records.append((
                    "measure", horizon, "additive", code, 0, *found, count, int(own.sum()), "", name, str(value),
                ))  # fmt: skip
    return records
