"""Handover lists: written, sent, checked, received, closed, printed."""

from conf.errors import Conflict, Invalid
from conf.rights import Action
from handlers.flows import paper_handover
from handlers.flows.paper_handover import VolumeForm
from handlers.guards import staff
from handlers.staff import StaffHandler
from store.records.paper import Handover
from views.contexts import paper as contexts

ID = r"([A-Za-z0-9_.-]{1,80})"
FIELDS = {"barcode": 60, "kind": 10, "title": 200, "pages": 10, "parts": 4000, "check": 10, "note": 400}
#: Faults that belong to no field are said on top of the page.
WHOLE = ("list", "person")


class HandoverList(StaffHandler):
    """`/staff/paper/handovers`"""

    @staff(Action.PAPER_KEEP)
    async def get(self) -> None:
        await self._page()

    @staff(Action.PAPER_KEEP)
    async def post(self) -> None:
        assert self.staff is not None  # by the guard
        now, trace = self.clock(), self.audit_context()
        try:
            made = await paper_handover.begin(
                self.store, self.text("unit", max=200), by=self.staff, now=now, trace=trace
            )
        except Invalid as fault:
            await self._page(status=422, errors=fault.fields)
        else:
            self.go(f"/staff/paper/handovers/{made.id}")

    async def _page(self, *, status: int = 200, errors: dict[str, str] | None = None) -> None:
        found = await self.store.paper.handovers()
        unit = self.text("unit", max=200)
        page = contexts.Handovers(title="移交清单", handovers=found, unit=unit, errors=errors or {})
        self.show(page, status=status)


class HandoverHandler(StaffHandler):
    """What the pages of one list share."""

    async def show_list(self, no: str, *, status: int = 200, errors: dict[str, str] | None = None) -> None:
        assert self.staff is not None  # by the guard
        errors = errors or {}
        handover = await self.store.paper.one(Handover, no)
        page = contexts.HandoverPage(
            title=f"移交清单 {no}",
            handover=handover,
            volumes=await self.store.paper.volumes_of_list(no),
            is_sender=handover.sent_by == self.staff.id,
            values={name: self.text(name, max=most) for name, most in FIELDS.items()},
            problem=next((errors[name] for name in WHOLE if name in errors), ""),
            errors={name: words for name, words in errors.items() if name not in WHOLE},
        )
        self.show(page, status=status)


class OneHandover(HandoverHandler):
    """`/staff/paper/handovers/{no}`"""

    @staff(Action.PAPER_KEEP)
    async def get(self, no: str) -> None:
        await self.show_list(no)


class HandoverStep(HandoverHandler):
    """`/staff/paper/handovers/{no}/{step}`: one step, then the list again."""

    @staff(Action.PAPER_KEEP)
    async def post(self, no: str, step: str) -> None:
        try:
            await self._do(no, step)
        except Invalid as fault:
            await self.show_list(no, status=422, errors=fault.fields)
        except Conflict as fault:
            await self.show_list(no, status=409, errors={"list": str(fault)})
        else:
            self.go(f"/staff/paper/handovers/{no}")

    async def _do(self, no: str, step: str) -> None:
        assert self.staff is not None  # by the guard
        store, by, now, trace = self.store, self.staff, self.clock(), self.audit_context()
        typed = {name: self.text(name, max=most) for name, most in FIELDS.items()}
        barcode = typed["barcode"]
        if step == "volumes":
            form = VolumeForm(**{name: typed[name] for name in ("barcode", "kind", "title", "pages", "parts")})
            await paper_handover.add_volume(store, no, form, by=by, now=now, trace=trace)
        elif step == "drop":
            await paper_handover.drop_volume(store, no, barcode, now=now, trace=trace)
        elif step == "check":
            result, note = typed["check"], typed["note"]
            await paper_handover.check(store, no, barcode, result, note, by=by, now=now, trace=trace)
        else:
            move = {"send": paper_handover.send, "receive": paper_handover.receive, "close": paper_handover.close}[step]
            await move(store, no, by=by, now=now, trace=trace)


class Sheet(StaffHandler):
    """`/staff/paper/handovers/{no}/sheet`: to print and sign."""

    @staff(Action.PAPER_KEEP)
    async def get(self, no: str) -> None:
        handover = await self.store.paper.one(Handover, no)
        volumes = await self.store.paper.volumes_of_list(no)
        title = f"档案移交清单 {no}"
        self.show(contexts.HandoverSheet(title=title, handover=handover, volumes=volumes, printed_at=self.clock()))


ROUTES = [
    (r"/staff/paper/handovers", HandoverList),
    (rf"/staff/paper/handovers/{ID}", OneHandover),
    (rf"/staff/paper/handovers/{ID}/(volumes|drop|check|send|receive|close)", HandoverStep),
    (rf"/staff/paper/handovers/{ID}/sheet", Sheet),
]
