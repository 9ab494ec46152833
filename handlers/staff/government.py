"""Units of the government network as our people keep them: the list, one unit, its access, its users."""

from typing import Any

from conf.errors import Conflict, Invalid, NotFound
from conf.rights import Action
from handlers.flows import units
from handlers.flows.units import AccessForm, NewUser, UnitForm
from handlers.guards import staff
from handlers.staff import StaffHandler
from store.records.government import Unit, UnitUser
from views.contexts import government_desk as contexts

ID = r"([0-9a-f]{30})"
LIST = "/staff/government"
WAITING = "这个单位已有一项查档范围变更等待批准，请先处理。"


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
        made: NewUser | None = None,
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
            shown_once=(made.login, made.name, made.password, made.totp_uri) if made else (),
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
    """`/staff/government/{id}/users`: the first password is shown on the answer, once."""

    @staff(Action.GOVERNMENT_KEEP)
    async def post(self, id: str) -> None:
        unit = await units.unit_of(self.store, id)
        login, name = self.text("login", max=64), self.text("user_name", max=80)
        try:
            made = await units.add_user(
                self.store, unit, login=login, name=name, now=self.clock(), trace=self.audit_context()
            )
        except Invalid as fault:
            errors = {("user_name" if field == "name" else field): why for field, why in fault.fields.items()}
            await self.show_unit(unit, errors=errors, filled={"login": login, "user_name": name}, status=422)
            return
        await self.show_unit(unit, made=made)


class OneUnitUser(UnitHandler):
    """`/staff/government/{id}/users/{id}`: shut, open, or a first password anew."""

    @staff(Action.GOVERNMENT_KEEP)
    async def post(self, id: str, user_id: str) -> None:
        unit, user = await units.unit_of(self.store, id), await self._user(id, user_id)
        asked, now, trace = self.text("do", max=10), self.clock(), self.audit_context()
        if asked == "renew":
            made = await units.renew_user(self.store, user, now=now, trace=trace)
            await self.sessions.drop_of(staff_id=user.id)
            await self.show_unit(unit, made=made)
            return
        if asked in ("shut", "open"):
            await units.shut_user(self.store, user, disabled=asked == "shut", now=now, trace=trace)
            await self.sessions.drop_of(staff_id=user.id)
        self.go(f"{LIST}/{id}")

    async def _user(self, unit_id: str, user_id: str) -> UnitUser:
        user = await self.store.unit_users.user(user_id)
        if user is None or user.unit_id != unit_id:
            raise NotFound(user_id)
        return user


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
