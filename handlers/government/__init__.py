"""Pages of other departments, on the government network (政务网) only: a sign-in, session and cookie of their own."""

from dataclasses import replace
from functools import cached_property
from typing import Any

from conf.errors import NotFound, SignInNeeded
from conf.terms import Channel
from handlers.doors import DoorHandler
from handlers.flows.organ_cases import case_of
from handlers.flows.organ_viewing import OrganVisitor
from handlers.flows.staffing import UNITS
from handlers.guards import within
from handlers.streamed import StreamedForm
from handlers.uploads import Upload
from store.records import Staff
from store.records.government import OrganCase, Unit, UnitUser
from views.contexts import Frame

PLACES = (
    ("案件", "/gov/cases"), ("登记案件", "/gov/cases/new"), ("修改口令", "/gov/password"),
    ("我的会话", "/gov/sessions"), ("恢复码", "/gov/recovery"),
)  # fmt: skip
ID = r"([0-9a-f]{30})"


class GovernmentHandler(DoorHandler):
    """Base of every page of the area, the sign-in pages included."""

    own_cookie = "government"
    door, door_channel = UNITS, Channel.GOVERNMENT
    signin_title = "政务网查档登录"
    signin_note = "仅限已登记的机关单位用户在政务网内使用，登录和每次查看均有记录。忘记口令请联系登记机关。"
    unit: Unit | None = None

    async def prepare(self) -> None:
        """From any other network there is nothing here, and the answer is that of an address that is not ours."""
        if not self.is_on_network:
            raise NotFound("not for this network")
        await super().prepare()
        user = self.visit.user
        if user is None:
            return
        unit = await self.store.units.by_id(user.unit_id)
        if unit is None or unit.disabled or not is_within(unit, self.request.remote_ip or ""):
            return
        self.unit = unit
        if self.needs_password:
            self.go("/gov/password")

    def check_xsrf_cookie(self) -> None:
        """Elsewhere not even a missing form token may answer otherwise than what is not there."""
        if not self.is_on_network:
            raise NotFound("not for this network")
        super().check_xsrf_cookie()

    @property
    def is_on_network(self) -> bool:
        return within(self.request.remote_ip or "", self.conf.government_networks)

    @property
    def user(self) -> UnitUser | None:
        """Who is signed in: of a unit that is open, from its part of the network."""
        return self.visit.user if self.unit is not None else None

    @property
    def holder(self) -> Staff | None:
        return self.user

    def first_page(self, person: Staff) -> str:
        return "/gov/cases"

    @cached_property
    def channel(self) -> Channel:
        return Channel.GOVERNMENT if self.is_on_network else super().channel

    def audit_context(self) -> dict[str, Any]:
        who = self.store.vault.person_key(self.user.id) if self.user else ""
        known = {"who": who, "role": "unit"} if self.user else {}
        return super().audit_context() | known

    def frame(self) -> Frame:
        """The layout names unit and person."""
        made = super().frame()
        if self.user is None or self.unit is None:
            return made
        return replace(made, staff=f"{self.unit.name} {self.user.name}", places=PLACES)

    def ask_to_sign_in(self, fault: SignInNeeded) -> None:
        self.go("/gov/signin")

    async def visitor_for(self, case_id: str) -> OrganVisitor:
        """The caller at work on a case of their unit. Raises NotFound for another's."""
        assert self.user is not None  # by the guard
        case = await case_of(self.store, case_id, self.user)
        return self.visitor_of(case)

    def visitor_of(self, case: OrganCase) -> OrganVisitor:
        assert self.user is not None  # by the guard
        assert self.unit is not None
        return OrganVisitor(user=self.user, unit=self.unit, case=case, now=self.clock(), trace=self.audit_context())


class UploadHandler(StreamedForm, GovernmentHandler):
    """A page whose form brings one file. Nothing of the body is kept for somebody who is not signed in."""

    most_parts = 8

    async def prepare(self) -> None:
        """Elsewhere the body is read to its end as at any address, and the guard says that there is nothing here: an
        answer before it would close the connection, which tells.
        """
        if self.request.method == "POST" and not self.is_on_network:
            return
        await super().prepare()

    async def opened(self) -> Upload | None:
        if self.user is None:  # signed out meanwhile: the guard says so, which can be read once the body is over
            return None
        return await super().opened()


def is_within(unit: Unit, address: str) -> bool:
    """Whether the address is in the unit's own part of the government network."""
    return not unit.networks or within(address, unit.networks)
