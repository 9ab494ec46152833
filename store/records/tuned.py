"""Records of what may change while the service runs: tuned values, rule sets, front notices, signatories."""

from datetime import date, datetime
from typing import Any

from store.records import record


@record
class Tuned:
    """One version of one thing: `setting:<name>`, `text:<notice>` or `holidays`; who, when, before, after."""

    id: str  # <what>.<version>
    what: str
    version: int
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str
    proposed_by: str  # names, as pages show them
    approved_by: str
    proposal_id: str
    at: datetime
    is_current: bool


@record
class RuleSet:
    """One version of the access table as its text; published, or as it came with the software (`effective_at` None)."""

    id: str  # the version
    text: str
    kept_at: datetime
    effective_at: datetime | None
    proposed_by: str
    approved_by: tuple[str, ...]
    proposal_id: str


@record
class RuleDraft:
    """The one draft, shared by those who may draft; `revision` guards against lost changes."""

    id: str
    text: str
    revision: int
    by: str
    at: datetime


@record
class FrontNotice:
    """A notice on the first page and on kiosks, between two moments unless ended before."""

    id: str
    title: str
    text: str
    kind: str  # info | warning
    starts_at: datetime
    ends_at: datetime
    by: str
    at: datetime
    ended_by: str = ""


@record
class Signatory:
    """Whose name stands on a copy's certificate, and from which day until which day (Beijing)."""

    id: str
    name: str
    title: str
    first_day: date
    last_day: date
    proposal_id: str
    at: datetime
    ended_by: str = ""
