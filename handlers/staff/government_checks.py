"""The after-check of what organs looked at, case by case with its letter, and batch look-ups that wait for approval."""

from conf.errors import Conflict, Invalid, NotFound
from conf.rights import Action
from handlers import pictures
from handlers.flows import batches, organ_cases
from handlers.guards import staff
from handlers.staff import StaffHandler
from store.records.government import BatchLookup, OrganCase
from views.contexts import government_desk as contexts

ID = r"([0-9a-f]{30})"
NUMBER = r"(ZWP\d{8}-[0-9A-Z]{6})"
MEANWHILE = "刚刚已有同事处理，请看下面的结果。"


class CheckList(StaffHandler):
    """`/staff/government/checks`: overdue first; `?view=done` those checked."""

    @staff(Action.GOVERNMENT_CHECK)
    async def get(self) -> None:
        is_done = self.text("view", max=10) == "done"
        page = contexts.Checks(
            title="机关查档核查",
            cases=await self.store.organ_cases.to_check(is_done=is_done),
            batches=await self.store.batches.waiting(),
            is_done=is_done,
            now=self.clock(),
        )
        self.show(page)


class OneCheck(StaffHandler):
    """`/staff/government/checks/{case}`"""

    @staff(Action.GOVERNMENT_CHECK)
    async def get(self, id: str) -> None:
        await self._page(await self._case(id))

    @staff(Action.GOVERNMENT_CHECK)
    async def post(self, id: str) -> None:
        assert self.staff is not None  # by the guard
        case = await self._case(id)
        check, text = self.text("check", max=20), self.text("text", max=2000)
        try:
            await organ_cases.check_case(
                self.store, case, check=check, text=text, by=self.staff, now=self.clock(), trace=self.audit_context()
            )
        except Invalid as fault:
            await self._page(case, errors=fault.fields, chosen=check, text=text, status=422)
        except Conflict:
            await self._page(await self._case(id), problem=MEANWHILE, status=409)
        else:
            self.go("/staff/government/checks")

    async def _case(self, id: str) -> OrganCase:
        case = await self.store.organ_cases.by_id(id)
        if case is None or case.looked_at is None:
            raise NotFound(id)
        return case

    async def _page(
        self,
        case: OrganCase,
        *,
        errors: dict[str, str] | None = None,
        chosen: str = "",
        text: str = "",
        problem: str = "",
        status: int = 200,
    ) -> None:
        views = await self.store.organ_cases.views(case.id)
        page = contexts.OneCheck(
            title=f"核查 {case.no}", case=case, views=views, people=await self._people(case), errors=errors or {},
            chosen=chosen, text=text, problem=problem, now=self.clock(),
        )  # fmt: skip
        self.show(page, status=status)

    async def _people(self, case: OrganCase) -> dict[str, str]:
        return {user.id: user.name for user in await self.store.unit_users.of_unit(case.unit_id)}


class LetterPage(StaffHandler):
    """`/staff/government/checks/{case}/letter/{n}.jpg`: a picture made of it, never the file that was handed in."""

    @staff(Action.GOVERNMENT_CHECK)
    async def get(self, id: str, number: str) -> None:
        case = await self.store.organ_cases.by_id(id)
        if case is None:
            raise NotFound(id)
        content = await organ_cases.letter_page(
            self.store, case, int(number), now=self.clock(), trace=self.audit_context()
        )
        await pictures.send(self, content, "image/jpeg")


class OneBatch(StaffHandler):
    """`/staff/government/batches/{no}`: what is asked for which case; approve or decline."""

    @staff(Action.GOVERNMENT_CHECK)
    async def get(self, no: str) -> None:
        await self._page(await self._batch(no))

    @staff(Action.GOVERNMENT_CHECK)
    async def post(self, no: str) -> None:
        assert self.staff is not None  # by the guard
        batch, note = await self._batch(no), self.text("note", max=1000)
        is_yes = self.text("answer", max=10) == "yes"
        try:
            await batches.decide(
                self.store, batch, is_yes=is_yes, note=note, by=self.staff, now=self.clock(), trace=self.audit_context()
            )
        except Invalid as fault:
            await self._page(batch, errors=fault.fields, note=note, status=422)
        except Conflict:
            await self._page(await self._batch(no), problem=MEANWHILE, status=409)
        else:
            self.wake()
            self.go(f"/staff/government/batches/{no}")

    def wake(self) -> None:
        """The answer is made by background work, at once where this process does it."""
        if self.application.background is not None:
            self.application.background.wake()

    async def _batch(self, no: str) -> BatchLookup:
        batch = await self.store.batches.by_id(no)
        if batch is None:
            raise NotFound(no)
        return batch

    async def _page(
        self,
        batch: BatchLookup,
        *,
        errors: dict[str, str] | None = None,
        note: str = "",
        problem: str = "",
        status: int = 200,
    ) -> None:
        case = await self.store.organ_cases.by_id(batch.case_id)
        if case is None:
            raise NotFound(batch.case_id)
        names = await self.store.companies.names_of(batch.usccs)
        page = contexts.OneBatch(
            title=f"批量查询 {batch.id}", batch=batch, case=case, names=names, errors=errors or {}, note=note,
            problem=problem,
        )  # fmt: skip
        self.show(page, status=status)


ROUTES = [
    (r"/staff/government/checks", CheckList),
    (rf"/staff/government/checks/{ID}", OneCheck),
    (rf"/staff/government/checks/{ID}/letter/([0-9]{{1,5}})\.jpg", LetterPage),
    (rf"/staff/government/batches/{NUMBER}", OneBatch),
]
