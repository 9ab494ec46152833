"""Who looked into a company's dossier, told to the company itself: kind of inquirer, purpose, time, pages; no name.

Made from the audit alone, so it cannot say anything else than the evidence. Viewing and copies say who looks in our
terms (`inquirer_of`); the page is handlers/lookers.py. Ground: 个人信息保护法 Art. 44 lets those concerned know; organs
with a secret to keep stay unnamed for a time, or for good (settings).
"""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from conf.access import RULES, AccessTable, RuleVersionGone, table_of
from conf.clock import BEIJING, beijing
from conf.errors import NotFound, SignInNeeded
from conf.settings import Settings
from conf.terms import AuditTag, Inquirer, Outcome, PageSize, PersonRole, PurposeCode
from handlers.flows.access import decide, needed_level
from handlers.flows.staffing import OUR_PEOPLE
from store import Store
from store.records import Account, AuditEvent, Company, Decision, Purpose

LOOKS = (AuditTag.PAGE_VIEWED, AuditTag.DOSSIER_LISTED, AuditTag.COPY_DOWNLOADED, AuditTag.GOVERNMENT_VIEWED)
#: The audit's roles of an officer of another department on the government network.
ORGAN_ROLES = ("organ", "unit")
#: Looks of one person belong to one visit while less than this passes between two.
APART = timedelta(minutes=30)
#: Events read for one page of the list.
BATCH = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """One inquirer's looks within one sitting; `inquirer` and `purpose` are None where the evidence is too old."""

    inquirer: Inquirer | None
    purpose: str  # a PurposeCode's value, or "" when not recorded
    begun_at: datetime
    ended_at: datetime
    pages: int  # different pages opened on screen
    copied: int  # pages of copies taken


@dataclass(frozen=True, kw_only=True, slots=True)
class Looks:
    """Visits, newest first; `before` is the day whose earlier days come next, None at the end."""

    company: Company
    visits: tuple[Visit, ...]
    before: date | None


def inquirer_under(decision: Decision, role: str, **more: Any) -> Inquirer:
    """The same, by the groups of the table the decision was made by: a published one may name other groups."""
    try:
        rules = table_of(decision.rule_version)
    except RuleVersionGone:  # of a very old order; the file's table is the nearest there is
        rules = RULES
    return inquirer_of(decision.facts | more, role, rules=rules)


def inquirer_of(facts: Mapping[str, Any], role: str, *, rules: AccessTable) -> Inquirer:
    """What the inquirer is to the company, from the facts of the decision and the audit's role."""
    if role in ORGAN_ROLES:
        return Inquirer.ORGAN
    if role == "staff":
        return Inquirer.STAFF
    if facts["is_company"]:
        return Inquirer.COMPANY
    groups = rules.relations_of(PersonRole(name) for name in facts["roles"])
    if "head" in groups:
        return Inquirer.HEAD
    if "interested" in groups:
        return Inquirer.INTERESTED
    is_lawyer = facts["purpose"] == PurposeCode.LEGAL_SERVICE or any("lawyer" in g["rule"] for g in facts["grants"])
    return Inquirer.LAWYER if is_lawyer else Inquirer.OTHER


def may_see_lookers(account: Account | None, company: Company, now: datetime) -> Decision | None:
    """The decision that opens the company's own dossier to this account as a whole; None when there is none."""
    decision = decide(account, company, (), Purpose(code=PurposeCode.OWN_AFFAIRS), now)
    return decision if decision.outcome is Outcome.PERMIT else None


async def who_looked(
    store: Store, settings: Settings, uscc: str, account: Account, *, now: datetime, before: date | None = None,
    trace: Mapping[str, Any],
) -> Looks:  # fmt: skip
    """The visits to the account's own company before that day (Beijing), newest first; reading them is recorded.

    Raises NotFound to everybody else, SignInNeeded to the company's own people whose account is not verified enough.
    """
    company = await store.companies.by_uscc(uscc)
    if company is None:
        raise NotFound
    decision = decide(account, company, (), Purpose(code=PurposeCode.OWN_AFFAIRS), now)
    level = needed_level(decision)
    if decision.rule_id == "dossier.own.level" and level is not None:
        raise SignInNeeded(level)
    if decision.outcome is not Outcome.PERMIT:
        raise NotFound
    until = datetime.combine(before, time(), BEIJING) if before else None
    events = await store.audit_search.of_company(uscc, LOOKS, until=until, batch=BATCH)
    kept, rest = _whole_days(events)
    visits = visits_of(event for event in kept if is_told(event, settings, now))
    await store.audit.append(
        tag=AuditTag.DOSSIER_LOOKERS_SEEN, subject=uscc, outcome="done",
        fields={"rule": decision.rule_id, "visits": len(visits)}, at=now, **trace,
    )  # fmt: skip
    return Looks(company=company, visits=visits, before=rest)


def is_told(event: AuditEvent, settings: Settings, now: datetime) -> bool:
    """Whether the company is told of this look: only what was really opened; organs late, or never."""
    must_be_open = event.tag in (AuditTag.DOSSIER_LISTED, AuditTag.GOVERNMENT_VIEWED)
    if event.role == OUR_PEOPLE.role:  # a reviewer at work on a request that is told itself: no inquiry of its own
        return False
    if event.outcome == Outcome.REFUSE or (must_be_open and event.outcome != Outcome.PERMIT):
        return False
    if event.role in ORGAN_ROLES or event.fields.get("inquirer") == Inquirer.ORGAN:
        is_ripe = event.at <= now - timedelta(days=settings.looker_delay_days)
        return is_ripe and not settings.looker_silent_organs
    return True


def visits_of(events: Iterable[AuditEvent]) -> tuple[Visit, ...]:
    """Looks joined into visits, newest first: one person, one kind, one purpose, no long pause between."""

    def sitting(event: AuditEvent) -> tuple[str, str, str]:
        return event.who, str(event.fields.get("inquirer", "")), str(event.fields.get("purpose", ""))

    visits = []
    for (_, inquirer, purpose), looks in itertools.groupby(sorted(events, key=lambda e: (sitting(e), e.at)), sitting):
        visits += [_visit(part, inquirer, purpose) for part in _parted(looks)]
    return tuple(sorted(visits, key=lambda visit: visit.begun_at, reverse=True))


def _parted(looks: Iterable[AuditEvent]) -> list[list[AuditEvent]]:
    parts: list[list[AuditEvent]] = []
    for look in looks:
        if parts and look.at - parts[-1][-1].at < APART:
            parts[-1].append(look)
        else:
            parts.append([look])
    return parts


def _visit(looks: list[AuditEvent], inquirer: str, purpose: str) -> Visit:
    opened = {look.subject for look in looks if _is_page(look)}
    copies = {look.subject: look.fields.get("pages", 0) for look in looks if look.tag is AuditTag.COPY_DOWNLOADED}
    return Visit(
        inquirer=Inquirer(inquirer) if inquirer else None, purpose=purpose, begun_at=looks[0].at,
        ended_at=looks[-1].at, pages=len(opened), copied=sum(copies.values()),
    )  # fmt: skip


def _is_page(look: AuditEvent) -> bool:
    """A page opened on screen; a unit's look says what it was."""
    if look.tag is AuditTag.GOVERNMENT_VIEWED:
        return look.fields.get("what") == "page"
    return look.tag is AuditTag.PAGE_VIEWED and look.fields.get("size") != PageSize.THUMB


def _whole_days(events: tuple[AuditEvent, ...]) -> tuple[tuple[AuditEvent, ...], date | None]:
    """A full batch may end inside a day: that day comes with the next batch, unless it is the only one."""
    if len(events) < BATCH:
        return events, None
    last = beijing(events[-1].at).date()
    kept = tuple(event for event in events if beijing(event.at).date() > last)
    return (kept, last + timedelta(days=1)) if kept else (events, last)
