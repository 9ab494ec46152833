"""Contexts of destruction lists: all of them, one, and the sheet that is printed and signed."""

from dataclasses import field
from datetime import date, datetime

from conf.terms import DestructionStatus, ProposalStatus
from store.records.office import Proposal
from store.records.paper import Destruction, Volume
from views.contexts import Context, context

STATUSES = {
    DestructionStatus.DRAFT: ("草稿", "neutral"),
    DestructionStatus.PROPOSED: ("报批中", "warning"),
    DestructionStatus.APPROVED: ("已批准，待销毁", "info"),
    DestructionStatus.EXECUTED: ("已销毁", "success"),
}


@context
class Destructions(Context):
    """Destruction lists, newest first."""

    template = "pages/staff_paper_destructions.html"
    destructions: tuple[Destruction, ...]
    years: int
    reason: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    def status(self, destruction: Destruction) -> tuple[str, str]:
        return STATUSES[destruction.status]


@context
class DestructionPage(Context):
    """One list: what is on it, what might be, how far it is."""

    template = "pages/staff_paper_destruction.html"
    destruction: Destruction
    proposal: Proposal | None
    candidates: tuple[Volume, ...]
    people: tuple[tuple[str, str], ...]  # who may witness
    today: date
    values: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> tuple[str, str]:
        return STATUSES[self.destruction.status]

    @property
    def stage(self) -> str:
        return self.destruction.status.value

    @property
    def pages(self) -> int:
        return sum(item.pages for item in self.destruction.items)

    @property
    def is_turned_down(self) -> bool:
        """Its proposal is over without approval, so that it may be written anew."""
        over = (ProposalStatus.DECLINED, ProposalStatus.WITHDRAWN)
        return self.stage == "proposed" and self.proposal is not None and self.proposal.status in over


@context
class DestructionSheet(Context):
    """The list as it is printed and signed."""

    template = "pages/staff_paper_destruction_sheet.html"
    destruction: Destruction
    proposed_by: str
    printed_at: datetime

    @property
    def status(self) -> str:
        return STATUSES[self.destruction.status][0]

    @property
    def pages(self) -> int:
        return sum(item.pages for item in self.destruction.items)
