"""The backlog of improvements, votes of customers on ideas, and the figures by which employees are evaluated.

Planted: items that nobody asked for, an item that waits for more than half a year, votes that are changed, withdrawn or
the author's own, and an index of surveys that reaches most employees in the middle of the period.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stayhouse.demonstration.saas.landing import Code, Column, Flag, Landing, Number, Ready, numbered
from stayhouse.demonstration.saas.population import Population, office_moment
from stayhouse.demonstration.saas.scope import DAY, HOUR, NEVER, NEVER_DAY, Scope, between, chance
from stayhouse.demonstration.saas.staff import Staff

SOURCES = ("survey", "ticket", "idea", "signal", "internal")
IDEA, INTERNAL = 2, 4
DECISIONS = ("accepted", "rejected")
KPIS = ("nps", "csi", "sales_plan", "answers_in_time")
HAS_INDEX = (0.35, 0.7)
"""Share of the employees with an index of surveys among their figures, before and after the change."""
CHANGED = 0.6
"""Share of the period after which more employees have an index."""
VOTERS = 0.05
VOTES_AGAINST, CHANGES_VOTE, WITHDRAWS = 0.12, 0.1, 0.1

# Title, topic, source, created (share of the period), days from the first insight to the item, then to the decision,
# the start and the shipment; -1 for what does not happen. Nobody wrote about dark colours, which policy does not know.
ITEMS: tuple[tuple[str, str | None, int, float, int, int, int, int], ...] = (
    ("Import that keeps every field", "import", 1, 0.18, 20, 12, 9, 45),
    ("Templates for shops in the editor", "editor", 0, 0.22, 35, 20, 10, 60),
    ("Invoices in one place", "billing", 1, 0.25, 12, 8, 5, 30),
    ("Warmer sending addresses", "delivery", 3, 0.30, 25, 10, 4, 35),
    ("Dark colours", "dark_colours", 4, 0.30, -1, 40, 15, 50),
    ("Shop connection in one step", "integration", 0, 0.33, 40, 210, 12, 40),
    ("Small plan for small lists", "price", 0, 0.36, 60, 25, -1, -1),
    ("Automation with conditions", "automation", IDEA, 0.35, 15, 14, 20, 75),
    ("Reports by mail", "reports", IDEA, 0.40, 10, 18, 14, 40),
    ("Undo in the editor", "editor", IDEA, 0.42, 5, 9, 6, 25),
    ("Voice for mailings", "editor", IDEA, 0.45, 3, 30, -1, -1),
    ("Bill by year", "billing", IDEA, 0.50, 8, 21, 30, 30),
    ("Import from a spreadsheet", "import", IDEA, 0.55, 14, 7, 7, 40),
    ("Warnings before a mailing fails", "delivery", 3, 0.58, 18, 15, 10, 30),
    ("Two owners of an account", "account", 1, 0.60, 22, 30, 20, -1),
    ("Reports that compare months", "reports", IDEA, 0.66, 6, 25, 12, -1),
    ("Automation by birthday", "automation", IDEA, 0.70, 9, 28, -1, -1),
    ("Cheaper text messages", "price", IDEA, 0.74, 11, -1, -1, -1),
    ("Connection to till systems", "integration", 0, 0.80, 45, -1, -1, -1),
    ("Saved filters", None, 4, 0.85, -1, -1, -1, -1),
)
REJECTED = {"Small plan for small lists", "Voice for mailings"}


@dataclass
class Voice:
    """What is planted; moments as in `scope`."""

    items: dict[str, np.ndarray]
    votes: dict[str, np.ndarray]
    """All votes, changed ones too."""
    author: np.ndarray
    """By item: position of the customer; -1 for none."""
    kpis: dict[str, np.ndarray]


def write_voice(landing: Landing, people: Population, staff: Staff) -> Voice:
    """All three tables."""
    scope = people.scope
    rng = scope.rng("voice")
    items, author = _items(rng, people)
    votes = _votes(rng, people, items, author)
    kpis = _kpis(rng, scope, staff)
    _write_items(landing, items, author)
    landing.write(
        "idea_votes",
        {
            "item_id": Number(votes["item"] + 1, prefix="b", width=4),
            "customer_id": Number(votes["customer"] + 1, prefix="c", width=7),
            "voted_at": landing.moment(votes["at"]),
            "vote": Ready(pa.array(votes["vote"].astype("int32"))),
            "source_system": Code(np.zeros(len(votes["at"]), dtype="int8"), words=("ideas",)),
        },
        [votes["at"] + 60],
    )
    landing.write(
        "employee_kpis",
        {
            "employee_id": Number(kpis["employee"] + 1, prefix="m", width=3),
            "kpi_code": Code(kpis["kpi"], words=KPIS),
            "weight_pct": Ready(pa.array(kpis["weight"])),
            "valid_from": landing.day(kpis["since"], is_planned=True),
            "valid_to": landing.day(kpis["until"], is_planned=True),
            "source_system": Code(np.zeros(len(kpis["kpi"]), dtype="int8"), words=("hr",)),
        },
        [np.maximum(kpis["since"], 0) * DAY + 7 * HOUR],
    )
    return Voice(items, votes, author, kpis)


def _items(rng: np.random.Generator, people: Population) -> tuple[dict[str, np.ndarray], np.ndarray]:
    scope = people.scope
    size = len(ITEMS)
    source = np.array([item[2] for item in ITEMS])
    days = np.array([item[4:] for item in ITEMS], dtype="int64")
    created = office_moment(rng, (np.array([item[3] for item in ITEMS]) * scope.days).astype("int64"), scope)

    def later(moment: np.ndarray, wait: np.ndarray) -> np.ndarray:
        return np.where((wait >= 0) & (moment < NEVER), moment + wait * DAY, NEVER)

    decided = later(created, days[:, 1])
    started = later(decided, days[:, 2])
    shipped = later(started, days[:, 3])
    detected = np.where(days[:, 0] >= 0, created - days[:, 0] * DAY, NEVER)
    is_idea = source == IDEA
    published = np.where(is_idea, created + 2 * DAY, NEVER)
    there = np.flatnonzero((people.registered < scope.days * DAY * 0.2) & ~people.is_a("test", "deleted"))
    author = np.where(is_idea, there[rng.integers(0, len(there), size)], -1)
    return {
        "source": source, "detected": detected, "created": created, "published": published, "decided": decided,
        "started": started, "shipped": shipped,
        "is_rejected": np.array([item[0] in REJECTED for item in ITEMS]),
    }, author  # fmt: skip


def _votes(
    rng: np.random.Generator, people: Population, items: dict[str, np.ndarray], author: np.ndarray
) -> dict[str, np.ndarray]:
    """First votes, changed votes, withdrawn ones, and one of every author for the own idea."""
    scope = people.scope
    found: list[tuple[np.ndarray, ...]] = []
    for item in np.flatnonzero(items["published"] < scope.end):
        published = items["published"][item]
        there = (people.registered < published) & ~people.is_a("deleted")
        voters = np.flatnonzero(there & chance(rng, people.size, VOTERS))
        voters = np.union1d(voters, author[[item]])
        size = len(voters)
        first = published + between(rng, HOUR, 40 * DAY, size)
        vote = np.where(chance(rng, size, VOTES_AGAINST), -1, 1)
        found.append((np.full(size, item), voters, first, vote))
        again = np.flatnonzero(chance(rng, size, CHANGES_VOTE))
        later = first[again] + between(rng, HOUR, 30 * DAY, len(again))
        found.append((np.full(len(again), item), voters[again], later, -vote[again]))
        gone = np.flatnonzero(chance(rng, size, WITHDRAWS))
        last = first[gone] + 31 * DAY
        found.append((np.full(len(gone), item), voters[gone], last, np.zeros(len(gone), dtype="int64")))
    columns = [np.concatenate([part[place] for part in found]) for place in range(4)]
    order = np.lexsort((columns[1], columns[2]))
    order = order[columns[2][order] + 60 <= scope.end]
    return {name: column[order] for name, column in zip(("item", "customer", "at", "vote"), columns, strict=True)}


def _kpis(rng: np.random.Generator, scope: Scope, staff: Staff) -> dict[str, np.ndarray]:
    """One or two figures of each employee: an index of surveys for some from the first day, for more later."""
    size = len(staff.team)
    changed = int(scope.days * CHANGED)
    luck = rng.random(size)
    everyone = np.arange(size)
    since = np.where(luck < HAS_INDEX[0], 0, changed)
    indexed = everyone[luck < HAS_INDEX[1]]
    own = np.where(staff.team == 0, KPIS.index("sales_plan"), KPIS.index("answers_in_time"))
    index = np.where(chance(rng, size, 0.7), KPIS.index("nps"), KPIS.index("csi"))
    begins = np.maximum(staff.hired, since)
    return {
        "employee": np.concatenate([everyone, indexed]),
        "kpi": np.concatenate([own, index[indexed]]).astype("int8"),
        "weight": np.concatenate([np.full(size, 70.0), np.full(len(indexed), 30.0)]),
        "since": np.concatenate([np.maximum(staff.hired, 0), begins[indexed]]),
        "until": np.full(size + len(indexed), NEVER_DAY),
    }


def _write_items(landing: Landing, items: dict[str, np.ndarray], author: np.ndarray) -> None:
    size = len(ITEMS)
    decision = np.where(items["is_rejected"], DECISIONS.index("rejected"), DECISIONS.index("accepted"))
    columns: dict[str, Column] = {
        "item_id": Number(landing.take_numbers("backlog_items", size), prefix="b", width=4),
        "title": Ready(pa.array([item[0] for item in ITEMS])),
        "topic_code": Ready(pa.array([item[1] for item in ITEMS], type=pa.string())),
        "source_type": Code(items["source"].astype("int8"), words=SOURCES),
        "submitted_by_customer_id": Number(np.where(author >= 0, author + 1, -1), prefix="c", width=7),
        "is_public_idea": Flag((items["source"] == IDEA).astype("int8")),
        "detected_at": landing.moment(items["detected"]),
        "created_at": landing.moment(items["created"]),
        "published_at": landing.moment(items["published"]),
        "decision": Code(decision, items["decided"], words=DECISIONS),
        "decided_at": landing.moment(items["decided"]),
        "started_at": landing.moment(items["started"]),
        "shipped_at": landing.moment(items["shipped"]),
        "source_system": Code(np.zeros(size, dtype="int8"), words=("ideas",)),
    }
    names = ("created", "published", "decided", "started", "shipped")
    landing.write("backlog_items", columns, [np.where(items[name] < NEVER, items[name] + 60, NEVER) for name in names])


def write_truth(truth: Path, people: Population, staff: Staff, voice: Voice) -> dict[str, int]:
    """Days and votes of each item, and employees with an index, at the end of the data. Returns how many of each."""
    scope = people.scope
    items, votes = voice.items, voice.votes
    known = np.flatnonzero(items["created"] + 60 <= scope.end)

    def days(name: str) -> pa.Array:
        """From the creation; NULL for what has not happened."""
        has = items[name][known] <= scope.end
        return pa.array((items[name] - items["created"])[known] // DAY, mask=~has)

    current = dict(
        zip(zip(votes["item"].tolist(), votes["customer"].tolist(), strict=True), votes["vote"].tolist(), strict=True)
    )
    is_test = people.is_a("test")
    counted = {key: vote for key, vote in current.items() if key[1] != voice.author[key[0]] and not is_test[key[1]]}
    pq.write_table(
        pa.table({
            "item_id": numbered("b", 4, known + 1),
            "topic_code": pa.array([ITEMS[item][1] for item in known], type=pa.string()),
            "decision_days": days("decided"),
            "started_days": days("started"),
            "shipped_days": days("shipped"),
            "votes_for": pa.array([sum(v == 1 for k, v in counted.items() if k[0] == item) for item in known]),
            "votes_against": pa.array([sum(v == -1 for k, v in counted.items() if k[0] == item) for item in known]),
        }),
        truth / "backlog_items.parquet", compression="zstd",
    )  # fmt: skip
    there = (staff.hired < scope.days) & (staff.left >= scope.days)
    index = np.isin(voice.kpis["kpi"], [KPIS.index("nps"), KPIS.index("csi")]) & (voice.kpis["since"] < scope.days)
    indexed = there & np.isin(np.arange(len(there)), voice.kpis["employee"][index])
    employed = {"employees": int(there.sum()), "employees_with_index": int(indexed.sum())}
    (truth / "employee_kpis.json").write_text(json.dumps(employed, indent=2, sort_keys=True) + "\n")
    shipped = items["shipped"] <= scope.end
    return {
        "backlog_items": len(known), "backlog_items_shipped": int(shipped.sum()), "idea_votes": len(votes["at"]),
    } | employed  # fmt: skip
