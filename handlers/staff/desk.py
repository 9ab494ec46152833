"""The first page of work, who may do what, and changes that wait for a second person."""

from conf.errors import Conflict, Invalid
from conf.terms import ProposalStatus
from handlers.flows import approving
from handlers.flows.effects import EFFECTS
from handlers.guards import staff
from handlers.staff import StaffHandler
from views.contexts.desk import Desk, ProposalPage, Proposals, Rights

OUTDATED = "这项变更依据的内容已经改动，现在不能生效。请不批准，或请提出人撤回后重新提交。"
PROPOSAL = r"([A-Za-z0-9_.-]{1,80})"
#: Whoever may propose or approve anything; what exactly, the flow says.
TAKING_PART = tuple(sorted({action for effect in EFFECTS.values() for action in (effect.propose, effect.approve)}))


class DeskHome(StaffHandler):
    """`/staff`: what there is to do, by the rights of who looks."""

    @staff()
    def get(self) -> None:
        self.show(Desk(title="工作台"))


class RightsPage(StaffHandler):
    """`/staff/rights`: every role, what it may do, and why."""

    @staff()
    def get(self) -> None:
        self.show(Rights(title="角色与权限"))


class ProposalList(StaffHandler):
    """`/staff/proposals`"""

    @staff(*TAKING_PART)
    async def get(self) -> None:
        open_ones = await self.store.proposals.listed(ProposalStatus.OPEN)
        ended = await self.store.proposals.listed(limit=30)
        names = {kind: effect.name for kind, effect in EFFECTS.items()}
        self.show(Proposals(title="变更审批", open=open_ones, ended=ended, names=names))


class OneProposal(StaffHandler):
    """`/staff/proposals/{id}`: what changes, from what to what; approve, decline, or take back one's own."""

    @staff(*TAKING_PART)
    async def get(self, id: str) -> None:
        await self._page(id, {})

    @staff(*TAKING_PART)
    async def post(self, id: str) -> None:
        assert self.staff is not None  # by the guard
        given, now, trace = self.text("answer", max=10), self.clock(), self.audit_context()
        note = self.text("note", max=500)
        try:
            if given == "withdraw":
                await approving.withdraw(self.store, id, by=self.staff, now=now, trace=trace)
            else:
                yes = given == "yes"
                await approving.answer(self.store, id, is_yes=yes, note=note, by=self.staff, now=now, trace=trace)
        except Invalid as fault:
            await self._page(id, fault.fields, status=422)
            return
        except Conflict:  # settled meanwhile: the page shows how; or it cannot take effect any more
            if (await self.store.proposals.by_id(id)).status is ProposalStatus.OPEN:
                await self._page(id, {"note": OUTDATED}, status=409)
                return
        self.go(f"/staff/proposals/{id}")

    async def _page(self, id: str, errors: dict[str, str], *, status: int = 200) -> None:
        assert self.staff is not None  # by the guard
        proposal = await self.store.proposals.by_id(id)
        page = ProposalPage(
            title=proposal.title, proposal=proposal, kind=EFFECTS[proposal.kind].name,
            is_mine=proposal.proposed_by == self.staff.id, hindrance=approving.refusal(proposal, self.staff),
            errors=errors,
        )  # fmt: skip
        self.show(page, status=status)


ROUTES = [
    (r"/staff", DeskHome),
    (r"/staff/rights", RightsPage),
    (r"/staff/proposals", ProposalList),
    (rf"/staff/proposals/{PROPOSAL}", OneProposal),
]
