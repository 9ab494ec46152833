"""Cases of a unit: the list, a new one with its letter, one with its companies and batch look-ups, closing it."""

import contextlib

from tornado.web import stream_request_body

from conf.errors import Conflict, Invalid
from handlers.flows import organ_cases
from handlers.flows.organ_cases import LARGEST, CaseForm
from handlers.government import ID, GovernmentHandler, UploadHandler
from handlers.guards import government
from views.contexts import government as contexts

NEW = "登记案件"


class CaseList(GovernmentHandler):
    """`/gov/cases`"""

    @government
    async def get(self) -> None:
        assert self.unit is not None  # by the guard
        cases = await self.store.organ_cases.of_unit(self.unit.id)
        self.show(contexts.GovCases(title="案件", cases=cases))


class NewCase(GovernmentHandler):
    """`/gov/cases/new`: purpose, number and letter, asked once a case."""

    @government
    def get(self) -> None:
        self.show(contexts.GovNewCase(title=NEW))


@stream_request_body
class SendCase(UploadHandler):
    """`/gov/cases/new/file`: the form with the letter."""

    file_field, largest, most_read = "letter", LARGEST, 4 * LARGEST

    @government
    async def post(self) -> None:
        assert self.user is not None  # by the guard
        assert self.unit is not None
        fields = self.fields
        filled = {name: fields.get(name, "") for name in ("purpose", "no", "letter_no", "letter_on")}
        try:
            form = CaseForm(**filled, letter=self.whole().file)
            case = await organ_cases.open_case(
                self.store, self.adapters.workshop, form, user=self.user, unit=self.unit, now=self.clock(),
                trace=self.audit_context(),
            )  # fmt: skip
        except Invalid as fault:
            self.show(contexts.GovNewCase(title=NEW, filled=filled, errors=fault.fields), status=422)
            return
        self.go(f"/gov/cases/{case.id}")


class OneCase(GovernmentHandler):
    """`/gov/cases/{id}`"""

    @government
    async def get(self, id: str) -> None:
        visitor = await self.visitor_for(id)
        batches = await self.store.batches.of_case(id)
        views = await self.store.organ_cases.views(id, limit=30)
        self.show(contexts.GovCase(title=f"案件 {visitor.case.no}", case=visitor.case, batches=batches, views=views))


class CloseCase(GovernmentHandler):
    """`/gov/cases/{id}/close`"""

    @government
    async def post(self, id: str) -> None:
        visitor = await self.visitor_for(id)
        with contextlib.suppress(Conflict):  # closed meanwhile: the page shows it
            await organ_cases.close_case(self.store, visitor.case, now=visitor.now, trace=visitor.trace)
        self.go(f"/gov/cases/{id}")


ROUTES = [
    (r"/gov/cases", CaseList),
    (r"/gov/cases/new", NewCase),
    (r"/gov/cases/new/file", SendCase),
    (rf"/gov/cases/{ID}", OneCase),
    (rf"/gov/cases/{ID}/close", CloseCase),
]
