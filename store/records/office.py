"""Records of the back office; store/records/__init__.py holds those of the service itself."""

from datetime import datetime
from typing import Any

from conf.terms import ProposalKind, ProposalStatus
from store.records import record


@record
class Answer:
    """One person's answer to a proposal."""

    staff_id: str
    name: str
    at: datetime
    is_yes: bool
    note: str


@record
class Proposal:
    """A change that takes effect only when another person (or two) has approved it.

    `before` and `after` are what the page shows and what takes effect; nothing personal stands in them in clear.
    """

    id: str
    kind: ProposalKind
    about: str  # what it changes: a staff id, a uscc, a setting …
    title: str
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str
    proposed_by: str
    proposed_name: str
    proposed_at: datetime
    status: ProposalStatus
    needed: int  # how many must approve
    answers: tuple[Answer, ...]
    ended_at: datetime | None
