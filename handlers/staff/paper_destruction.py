"""Destruction lists: written, sent for two approvals, carried out before witnesses, printed."""

from conf.clock import beijing
from conf.errors import Conflict, Invalid
from conf.rights import Action
from handlers.flows import paper_destruction
from handlers.guards import staff
from handlers.staff import StaffHandler
from store.records.paper import Destruction
from views.contexts import paper_destruction as contexts

ID = r"([A-Za-z0-9_.-]{1,80})"
#: Faults that belong to no field are said on top of the page.
WHOLE = ("list", "right", "after", "reason")


class DestructionList(StaffHandler):
    """`/staff/paper/destructions`"""

    @staff(Action.PAPER_DESTROY)
    async def get(self) -> None:
        await self._page()

    @staff(Action.PAPER_DESTROY)
    async def post(self) -> None:
        assert self.staff is not None  # by the guard
        reason, now, trace = self.text("reason", max=500), self.clock(), self.audit_context()
        try:
            made = await paper_destruction.begin(self.store, self.conf, reason, by=self.staff, now=now, trace=trace)
        except Invalid as fault:
            await self._page(status=422, errors=fault.fields)
        else:
            self.go(f"/staff/paper/destructions/{made.id}")

    async def _page(self, *, status: int = 200, errors: dict[str, str] | None = None) -> None:
        page = contexts.Destructions(
            title="销毁清单",
            destructions=await self.store.paper.destructions(),
            years=self.conf.paper_keep_years,
            reason=self.text("reason", max=500),
            errors=errors or {},
        )
        self.show(page, status=status)


class DestructionHandler(StaffHandler):
    """What the pages of one list share."""

    async def show_list(self, no: str, *, status: int = 200, errors: dict[str, str] | None = None) -> None:
        assert self.staff is not None  # by the guard
        errors, now = errors or {}, self.clock()
        destruction = await self.store.paper.one(Destruction, no)
        proposal = await self.store.proposals.by_id(destruction.proposal_id) if destruction.proposal_id else None
        is_draft = destruction.status == "draft"
        people = [one for one in await self.store.staff.listed() if not one.disabled and one.id != self.staff.id]
        page = contexts.DestructionPage(
            title=f"销毁清单 {no}",
            destruction=destruction,
            proposal=proposal,
            candidates=await paper_destruction.candidates(self.store, self.conf, now) if is_draft else (),
            people=tuple((one.id, one.name) for one in people),
            today=beijing(now).date(),
            values={name: self.text(name, max=60) for name in ("barcode", "on", "witness_1", "witness_2")},
            problem=next((errors[name] for name in WHOLE if name in errors), ""),
            errors={name: words for name, words in errors.items() if name not in WHOLE},
        )
        self.show(page, status=status)


class OneDestruction(DestructionHandler):
    """`/staff/paper/destructions/{no}`"""

    @staff(Action.PAPER_DESTROY)
    async def get(self, no: str) -> None:
        await self.show_list(no)


class DestructionStep(DestructionHandler):
    """`/staff/paper/destructions/{no}/{step}`: one step, then the list again."""

    @staff(Action.PAPER_DESTROY)
    async def post(self, no: str, step: str) -> None:
        try:
            await self._do(no, step)
        except Invalid as fault:
            await self.show_list(no, status=422, errors=fault.fields)
        except Conflict as fault:
            await self.show_list(no, status=409, errors={"list": str(fault)})
        else:
            self.go(f"/staff/paper/destructions/{no}")

    async def _do(self, no: str, step: str) -> None:
        assert self.staff is not None  # by the guard
        store, by, now, trace = self.store, self.staff, self.clock(), self.audit_context()
        barcode = self.text("barcode", max=60)
        if step == "add":
            await paper_destruction.put_on(store, no, barcode, by=by, now=now, trace=trace)
        elif step == "drop":
            await paper_destruction.take_off(store, no, barcode, by=by, now=now, trace=trace)
        elif step == "propose":
            await paper_destruction.propose(store, no, by=by, now=now, trace=trace)
        elif step == "reopen":
            await paper_destruction.reopen(store, no, by=by, now=now, trace=trace)
        else:
            on, witnesses = self.text("on", max=20), [self.text(f"witness_{n}", max=80) for n in (1, 2)]
            await paper_destruction.execute(store, no, on, witnesses, by=by, now=now, trace=trace)


class Sheet(StaffHandler):
    """`/staff/paper/destructions/{no}/sheet`: to print and sign."""

    @staff(Action.PAPER_DESTROY)
    async def get(self, no: str) -> None:
        destruction = await self.store.paper.one(Destruction, no)
        proposal = await self.store.proposals.by_id(destruction.proposal_id) if destruction.proposal_id else None
        page = contexts.DestructionSheet(
            title=f"档案销毁清单 {no}",
            destruction=destruction,
            proposed_by=proposal.proposed_name if proposal else "",
            printed_at=self.clock(),
        )
        self.show(page)


ROUTES = [
    (r"/staff/paper/destructions", DestructionList),
    (rf"/staff/paper/destructions/{ID}", OneDestruction),
    (rf"/staff/paper/destructions/{ID}/(add|drop|propose|reopen|execute)", DestructionStep),
    (rf"/staff/paper/destructions/{ID}/sheet", Sheet),
]
