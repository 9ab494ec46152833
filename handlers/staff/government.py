"""Units of the government network as our people keep them: the list, one unit, its access, its users."""

from typing import Any

from conf.errors import Conflict, Invalid
from conf.rights import Action
from handlers.flows import enrolling, unit_users, units
from handlers.flows.staffing import UNITS
from handlers.flows.units import AccessForm, UnitForm
from handlers.guards import staff
from handlers.staff import StaffHandler
from store.records.government import Unit, UnitUser
from views.contexts import government_desk as contexts

ID = r"([0-9a-f]{30})"
LIST = "/staff/government"
WAITING = "这个单位已有一项查档范围变更等待批准，请先处理。"
LOGIN_WAITING = "这个登录名已有一项新增等待批准，请先处理。"
RESET_WAITING = "这个用户已有一项变更等待批准，请先处理。"


class UnitList(StaffHandler):
    """`/staff/government`"""

    @staff(Action.GOVERNMENT_KEEP)
    async def get(self) -> None:
        await self._page({})

    @staff(Action.GOVERNMENT_KEEP)
    async def post(self) -> None:
        form = form_of(self)
        try:
            unit = await units.add_unit(self.store, form, now=self.clock(), trace=self.audit_context())
        except Invalid as fault:
            await self._page(fault.fields, filled=filled(form), status=422)
            return
        self.go(f"{LIST}/{unit.id}")

    async def _page(self, errors: dict[str, str], *, filled: dict[str, str] | None = None, status: int = 200) -> None:
        found = await self.store.units.listed()
        page = contexts.Units(title="机关单位", units=found, now=self.clock(), filled=filled or {}, errors=errors)
        self.show(page, status=status)


class UnitHandler(StaffHandler):
    """What the pages of one unit share."""

    async def show_unit(
        self,
        unit: Unit,
        *,
        errors: dict[str, str] | None = None,
        filled: dict[str, Any] | None = None,
        status: int = 200,
    ) -> None:
        reveal = self.store.vault.reveal
        page = contexts.OneUnit(
            title=unit.name,
            unit=unit,
            users=await self.store.unit_users.of_unit(unit.id),
            contact=reveal(unit.contact),
            phone=reveal(unit.phone),
            now=self.clock(),
            filled=filled or {},
            errors=errors or {},
        )
        self.show(page, status=status)


class OneUnit(UnitHandler):
    """`/staff/government/{id}`: name, contact, networks; shutting it takes effect at once."""

    @staff(Action.GOVERNMENT_KEEP)
    async def get(self, id: str) -> None:
        await self.show_unit(await units.unit_of(self.store, id))

    @staff(Action.GOVERNMENT_KEEP)
    async def post(self, id: str) -> None:
        unit = await units.unit_of(self.store, id)
        now, trace = self.clock(), self.audit_context()
        if self.text("do", max=10) == "shut":
            await units.shut_unit(self.store, unit, now=now, trace=trace)
            self.go(f"{LIST}/{id}")
            return
        form = form_of(self)
        try:
            await units.change_unit(self.store, unit, form, now=now, trace=trace)
        except Invalid as fault:
            await self.show_unit(unit, errors=fault.fields, filled=filled(form), status=422)
            return
        self.go(f"{LIST}/{id}")


class UnitAccess(UnitHandler):
    """`/staff/government/{id}/access`: what the unit may see, proposed; another person decides."""

    @staff(Action.GOVERNMENT_KEEP)
    async def post(self, id: str) -> None:
        assert self.staff is not None  # by the guard
        unit = await units.unit_of(self.store, id)
        names = {"kind": 30, "reach": 10, "usccs": 60_000, "document_kinds": 2000, "until": 10, "reason": 500}
        given = {name: self.text(name, max=most) for name, most in names.items()}
        form = AccessForm(**given, filing_kinds=self.texts("filing_kinds"))
        try:
            made = await units.propose_access(
                self.store, unit, form, by=self.staff, now=self.clock(), trace=self.audit_context()
            )
        except Invalid as fault:
            again = given | {"filing_kinds": form.filing_kinds}
            await self.show_unit(unit, errors=fault.fields, filled=again, status=422)
        except Conflict:
            await self.show_unit(unit, errors={"reach": WAITING}, filled=given, status=409)
        else:
            self.go(f"/staff/proposals/{made.id}")


class NewUnitUser(UnitHandler):
    """`/staff/government/{id}/users`: a user, proposed; another person decides."""

    @staff(Action.GOVERNMENT_KEEP)
    async def post(self, id: str) -> None:
        assert self.staff is not None  # by the guard
        unit = await units.unit_of(self.store, id)
        given = {name: self.text(name, max=500) for name in ("login", "user_name", "user_reason")}
        try:
            made = await unit_users.propose_new(
                self.store, unit, login=given["login"], name=given["user_name"], reason=given["user_reason"],
                by=self.staff, now=self.clock(), trace=self.audit_context(),
            )  # fmt: skip
        except Invalid as fault:
            named = {"name": "user_name", "reason": "user_reason"}
            errors = {named.get(field, field): why for field, why in fault.fields.items()}
            await self.show_unit(unit, errors=errors, filled=given, status=422)
        except Conflict:
            await self.show_unit(unit, errors={"login": LOGIN_WAITING}, filled=given, status=409)
        else:
            self.go(f"/staff/proposals/{made.id}")


class OneUnitUser(StaffHandler):
    """`/staff/government/{id}/users/{id}`: shut at once; reset or reopened by proposal; the link once it is open."""

    @staff(Action.GOVERNMENT_KEEP)
    async def get(self, id: str, user_id: str) -> None:
        await self._page(id, user_id)

    @staff(Action.GOVERNMENT_KEEP)
    async def post(self, id: str, user_id: str) -> None:
        asked = self.text("do", max=10)
        if asked == "reset":
            await self._reset(id, user_id)
        elif asked == "link":
            await self._link(id, user_id)
        else:
            if asked == "shut":
                await self._shut(id, user_id)
            self.go(f"{LIST}/{id}/users/{user_id}")

    async def _reset(self, id: str, user_id: str) -> None:
        assert self.staff is not None  # by the guard
        unit, user = await self._of(id, user_id)
        try:
            made = await unit_users.propose_reset(
                self.store, unit, user, reason=self.text("reason", max=500), by=self.staff, now=self.clock(),
                trace=self.audit_context(),
            )  # fmt: skip
        except Invalid as fault:
            await self._page(id, user_id, errors=fault.fields, status=422)
        except Conflict:
            await self._page(id, user_id, errors={"reason": RESET_WAITING}, status=409)
        else:
            self.go(f"/staff/proposals/{made.id}")

    async def _link(self, id: str, user_id: str) -> None:
        _, user = await self._of(id, user_id)
        try:
            token = await enrolling.issue_link(
                self.store, user, self.conf, door=UNITS, now=self.clock(), trace=self.audit_context()
            )
        except Conflict:
            await self._page(id, user_id, errors={"link": enrolling.NO_LINK_NEEDED}, status=409)
        else:
            await self._page(id, user_id, link=f"{self.conf.base_url}{UNITS.area}/enrol/{token}")

    async def _shut(self, id: str, user_id: str) -> None:
        _, user = await self._of(id, user_id)
        await unit_users.shut(self.store, user, now=self.clock(), trace=self.audit_context())
        await self.sessions.drop_of(staff_id=user.id)

    async def _of(self, id: str, user_id: str) -> tuple[Unit, UnitUser]:
        unit = await units.unit_of(self.store, id)
        return unit, await unit_users.user_of(self.store, unit, user_id)

    async def _page(
        self, id: str, user_id: str, *, errors: dict[str, str] | None = None, link: str = "", status: int = 200
    ) -> None:
        unit, user = await self._of(id, user_id)
        page = contexts.OneUnitUser(
            title=user.name, unit=unit, user=user, now=self.clock(), hours=self.conf.staff_link_hours, link=link,
            reason=self.text("reason", max=500), errors=errors or {},
        )  # fmt: skip
        self.show(page, status=status)


def form_of(handler: StaffHandler) -> UnitForm:
    """A unit as it was filled in."""
    names = {"name": 120, "uscc": 40, "kind": 30, "contact": 80, "phone": 40, "networks": 400}
    given = {name: handler.text(name, max=most) for name, most in names.items()}
    return UnitForm(**(given | {"uscc": given["uscc"].upper()}))


def filled(form: UnitForm) -> dict[str, str]:
    """What the page shows again."""
    return {name: getattr(form, name) for name in UnitForm.__slots__}


ROUTES = [
    (r"/staff/government", UnitList),
    (rf"/staff/government/{ID}", OneUnit),
    (rf"/staff/government/{ID}/access", UnitAccess),
    (rf"/staff/government/{ID}/users", NewUnitUser),
    (rf"/staff/government/{ID}/users/{ID}", OneUnitUser),
]
