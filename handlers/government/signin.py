"""The door of units' users: sign-in in two steps, what a one-time link opens, and what everybody keeps of their own."""

from typing import cast

from conf.errors import NotFound
from handlers.government import GovernmentHandler, is_within
from handlers.guards import government, government_gate
from store.records import Staff
from store.records.government import UnitUser


class Front(GovernmentHandler):
    """`/gov`"""

    @government_gate
    def get(self) -> None:
        self.go("/gov/cases")


class SigninPassword(GovernmentHandler):
    """`/gov/signin`"""

    @government_gate
    def get(self) -> None:
        self.show_signin()

    @government_gate
    async def post(self) -> None:
        await self.take_password()


class SigninCode(GovernmentHandler):
    """`/gov/signin/code`: only after the password; a unit that is shut or elsewhere gets the same refusal."""

    @government_gate
    def get(self) -> None:
        self.show_code()

    @government_gate
    async def post(self) -> None:
        await self.take_code()

    async def is_welcome(self, person_id: str) -> bool:
        user = await self.store.unit_users.user(person_id)
        unit = await self.store.units.by_id(user.unit_id) if user else None
        return unit is not None and not unit.disabled and is_within(unit, self.request.remote_ip or "")


class Enrol(GovernmentHandler):
    """`/gov/enrol/{token}`: password and authenticator set by the person, on their unit's network; the codes once."""

    @government_gate
    async def get(self, token: str) -> None:
        await self.show_enrolment(token)

    @government_gate
    async def post(self, token: str) -> None:
        await self.enrol(token)

    async def invited(self, token: str) -> Staff:
        person = cast("UnitUser", await super().invited(token))
        unit = await self.store.units.by_id(person.unit_id)
        if unit is None or not is_within(unit, self.request.remote_ip or ""):
            raise NotFound("no such link")
        return person


class ChangePassword(GovernmentHandler):
    """`/gov/password`: whenever one likes; at once when it is too old."""

    @government
    def get(self) -> None:
        self.show_password()

    @government
    async def post(self) -> None:
        await self.change_password()


class OwnSessions(GovernmentHandler):
    """`/gov/sessions`: where one is signed in; end one, or all."""

    @government
    async def get(self) -> None:
        await self.show_sessions()

    @government
    async def post(self) -> None:
        await self.end_own_session()


class OwnRecovery(GovernmentHandler):
    """`/gov/recovery`: how many codes are left; new ones, shown in this answer and never again."""

    @government
    def get(self) -> None:
        self.show_recovery()

    @government
    async def post(self) -> None:
        await self.renew_recovery()


class Signout(GovernmentHandler):
    """`/gov/signout`"""

    @government
    async def post(self) -> None:
        await self.sign_out()


ROUTES = [
    (r"/gov", Front),
    (r"/gov/signin", SigninPassword),
    (r"/gov/signin/code", SigninCode),
    (r"/gov/enrol/([A-Za-z0-9_-]{1,400})", Enrol),
    (r"/gov/password", ChangePassword),
    (r"/gov/sessions", OwnSessions),
    (r"/gov/recovery", OwnRecovery),
    (r"/gov/signout", Signout),
]
