"""Employees with their positions, and their responsibility for customers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stayhouse.demonstration.saas.landing import Code, Landing, Number
from stayhouse.demonstration.saas.population import REGIONS, Population
from stayhouse.demonstration.saas.scope import DAY, HOUR, NEVER, NEVER_DAY, Scope, between, chance, pick

TEAMS = ("sales", "onboarding", "account", "support", "marketing", "product", "cx")
TEAM_SHARE = np.array([19, 19, 22, 24, 5, 5, 6])
SENIORITIES = ("junior", "middle", "senior", "lead")
UNITS = tuple(f"{team}-{number}" for team in TEAMS for number in (1, 2, 3))
ROLES = ("seller", "onboarding_manager", "account_manager")


@dataclass
class Staff:
    """One element per employee; number = position + 1. The first of each team leads it."""

    team: np.ndarray
    unit: np.ndarray
    region: np.ndarray
    seniority: np.ndarray
    hired: np.ndarray
    left: np.ndarray
    change: np.ndarray
    """Day on which the second version of the position begins; NEVER_DAY without one."""
    next_unit: np.ndarray
    next_region: np.ndarray
    next_seniority: np.ndarray
    abuser: int
    """Account manager who sets do-not-disturb flags to avoid calls."""

    def members(self, team: str) -> np.ndarray:
        """Positions of the team without employees who quit during the period, so that they are available on any
        day."""
        return np.flatnonzero((self.team == TEAMS.index(team)) & (self.left == NEVER_DAY) & (self.hired <= 0))

    def draw(self, rng: np.random.Generator, team: str, size: int) -> np.ndarray:
        members = self.members(team)
        return members[rng.integers(0, len(members), size)]


def hire(scope: Scope) -> Staff:
    """The whole staff: about one employee per sixty customers, 36 to 400."""
    rng = scope.rng("staff")
    size = int(np.clip(scope.customers // 60, 36, 400))
    team = np.sort(np.searchsorted(np.cumsum(TEAM_SHARE), np.arange(size) * 100 // size, side="right"))
    is_lead = np.concatenate([[True], team[1:] != team[:-1]])
    seniority = np.where(is_lead, 3, pick(rng, size, [40, 40, 20]))
    hired = -between(rng, 30, 2_500, size)
    joins = chance(rng, size, 0.12) & ~is_lead
    hired = np.where(joins, between(rng, 10, scope.days * 0.8, size), hired)
    leaves = chance(rng, size, 0.10) & ~is_lead & ~joins
    # Every team keeps at least two people for the whole period.
    nth = np.arange(size) - np.searchsorted(team, team)
    joins &= nth > 2
    hired = np.where(joins | (hired < 0), hired, -between(rng, 30, 900, size))
    leaves &= nth > 2
    left = np.where(leaves, between(rng, scope.days * 0.2, scope.days * 0.9, size), NEVER_DAY)
    changes = chance(rng, size, 0.35) & ~leaves & ~is_lead
    change = np.where(changes, np.maximum(hired, 0) + between(rng, 20, scope.days * 0.9, size), NEVER_DAY)
    change = np.where(change < scope.days, change, NEVER_DAY)
    unit = team * 3 + rng.integers(0, 3, size)
    region = rng.integers(0, len(REGIONS), size)
    kind = pick(rng, size, [60, 25, 15])
    return Staff(
        team=team,
        unit=unit,
        region=region,
        seniority=seniority,
        hired=hired,
        left=left,
        change=change,
        next_unit=np.where(kind == 1, team * 3 + (unit + 1) % 3, unit),
        next_region=np.where(kind == 2, (region + 1) % len(REGIONS), region),
        next_seniority=np.where(kind == 0, np.minimum(seniority + 1, 2), seniority),
        abuser=int(np.flatnonzero((team == TEAMS.index("account")) & ~is_lead & (left == NEVER_DAY) & (hired < 0))[0]),
    )


def write_staff(landing: Landing, staff: Staff, scope: Scope) -> None:
    """One row per employee and version of the position."""
    size = len(staff.team)
    changed = np.flatnonzero(staff.change < NEVER_DAY)
    who = np.concatenate([np.arange(size), changed])
    is_second = np.arange(len(who)) >= size
    since = np.where(is_second, staff.change[who], staff.hired[who])
    until = np.where(is_second, staff.left[who], np.minimum(staff.change[who], staff.left[who]))
    # The first of a team leads it; leads report to the lead of cx, who has no manager.
    lead_of_team = np.searchsorted(staff.team, np.arange(len(TEAMS)))
    top = lead_of_team[TEAMS.index("cx")]
    manager = np.where(np.isin(who, lead_of_team), top, lead_of_team[staff.team[who]])
    manager = np.where(who == top, -1, manager)
    leaves = staff.left[who]
    begun = since * DAY + 7 * HOUR
    ended = np.where(until < NEVER_DAY, until * DAY + 7 * HOUR, NEVER)
    landing.write(
        "employees",
        {
            "employee_id": Number(who + 1, prefix="m", width=3),
            "team": Code(staff.team[who], words=TEAMS),
            "unit": Code(np.where(is_second, staff.next_unit[who], staff.unit[who]), words=UNITS),
            "region": Code(np.where(is_second, staff.next_region[who], staff.region[who]), words=tuple(REGIONS)),
            "seniority": Code(np.where(is_second, staff.next_seniority[who], staff.seniority[who]), words=SENIORITIES),
            "manager_id": Number(np.where(manager < 0, -1, manager + 1), prefix="m", width=3),
            "hired_at": landing.day(staff.hired[who], is_planned=True),
            "left_at": landing.day(np.where(until == leaves, leaves, NEVER_DAY)),
            "valid_from": landing.day(since, is_planned=True),
            "valid_to": landing.day(until),
            "source_system": Code(np.zeros(len(who), dtype="int8"), words=("hr",)),
        },
        [begun, ended],
    )


@dataclass
class Owners:
    """Responsible employees by customer: (role, customer) -> employee, with one change per role at most."""

    employee: np.ndarray
    """-1 where nobody is."""
    since: np.ndarray
    until: np.ndarray
    change: np.ndarray
    next_employee: np.ndarray

    def on(self, role: str, customers: np.ndarray, moments: np.ndarray) -> np.ndarray:
        """Responsible employee, -1 for none."""
        row = ROLES.index(role)
        who = np.where(
            moments >= self.change[row, customers], self.next_employee[row, customers], self.employee[row, customers]
        )
        is_on = (moments >= self.since[row, customers]) & (moments < self.until[row, customers])
        return np.where(is_on, who, -1)


def assign(people: Population, staff: Staff, ended: np.ndarray) -> Owners:
    """Sellers, onboarding managers and account managers of all customers. `ended` is the day the customer churned."""
    scope, size = people.scope, people.size
    rng = scope.rng("owners")
    start = people.registered
    gone = np.where(ended < NEVER_DAY, ended * DAY, NEVER)
    activation = np.where(people.activation < 0, start + 10 * DAY, people.activation)
    usual = activation + between(rng, 0, 9, size) * DAY
    too_early = chance(rng, size, 0.08)
    handover = np.where(too_early, start + (activation - start) // 3 + DAY, usual)
    patience = start + between(rng, 60, 100, size) * DAY
    handover = np.minimum(handover, patience)
    is_nobodys = chance(rng, size, 0.10)
    pays = people.has_plan == 2

    has_seller = people.is_business & chance(rng, size, 0.7) & ~is_nobodys
    has_guide = chance(rng, size, 0.75) & ~is_nobodys
    has_account = pays & chance(rng, size, np.array([0.98, 0.8, 0.35])[people.value]) & ~is_nobodys
    has_account &= handover + DAY < gone
    since = np.stack([start + 120, start + between(rng, 1, 30, size) * HOUR, handover])
    until = np.stack([start + between(rng, 30, 70, size) * DAY, handover, np.full(size, NEVER)])
    until = np.maximum(until, since + HOUR)
    until[2] = np.maximum(np.minimum(until[2], gone), since[2] + HOUR)
    employee = np.stack([
        np.where(has_seller, staff.draw(rng, "sales", size), -1),
        np.where(has_guide, staff.draw(rng, "onboarding", size), -1),
        np.where(has_account, staff.draw(rng, "account", size), -1),
    ])  # fmt: skip
    # Employees who quit in the period own customers as well, and hand them over.
    change = np.full((3, size), NEVER)
    next_employee = np.full((3, size), -1)
    for row, team in enumerate(("sales", "onboarding", "account")):
        quitters = np.flatnonzero(
            (staff.team == ("sales", "onboarding", "account").index(team)) & (staff.left < NEVER_DAY)
        )
        if len(quitters):
            takes = chance(rng, size, 0.12) & (employee[row] >= 0)
            quitter = quitters[rng.integers(0, len(quitters), size)]
            takes &= since[row] < (staff.left[quitter] - 5) * DAY
            employee[row] = np.where(takes, quitter, employee[row])
            change[row] = np.where(takes, staff.left[quitter] * DAY + 6 * HOUR, NEVER)
        at_random = chance(rng, size, 0.14) & (change[row] == NEVER) & (employee[row] >= 0)
        change[row] = np.where(at_random, since[row] + between(rng, 30 * DAY, 400 * DAY, size), change[row])
        change[row] = np.where(change[row] < until[row] - DAY, change[row], NEVER)
        heir = staff.draw(rng, team, size)
        other = staff.draw(rng, team, size)
        heir = np.where(heir == employee[row], other, heir)
        next_employee[row] = np.where(change[row] < NEVER, heir, -1)
    return Owners(employee, since, until, change, next_employee)


def write_owners(landing: Landing, owners: Owners, people: Population, first: int, stop: int, part: int) -> None:
    """Rows of the customers [first, stop)."""
    scope = people.scope
    rng = scope.rng("owner rows", part)
    span = slice(first, stop)
    role, customer = np.nonzero(owners.employee[:, span] >= 0)
    customer += first
    second_role, second = np.nonzero(owners.change[:, span] < NEVER)
    second += first
    roles, customers = np.concatenate([role, second_role]), np.concatenate([customer, second])
    is_second = np.arange(len(roles)) >= len(role)
    change = owners.change[roles, customers]
    since = np.where(is_second, change, owners.since[roles, customers])
    until = np.where(is_second, owners.until[roles, customers], np.minimum(change, owners.until[roles, customers]))
    employee = np.where(is_second, owners.next_employee[roles, customers], owners.employee[roles, customers])
    size = len(roles)
    landing.write(
        "customer_owners",
        {
            "customer_id": Number(customers + 1, prefix="c", width=7),
            "role": Code(roles, words=ROLES),
            "employee_id": Number(employee + 1, prefix="m", width=3),
            "valid_from": landing.moment(since),
            "valid_to": landing.moment(until),
            "source_system": Code(np.zeros(size, dtype="int8"), words=("crm",)),
        },
        [since + between(rng, 30, 600, size), np.where(until < NEVER, until + between(rng, 600, 1_200, size), NEVER)],
        part,
    )
