"""Sign-in of units' users in two steps (password, one-time code), the change of a password, and sign-out."""

from datetime import timedelta
from typing import Any

from conf.errors import Conflict, Invalid, SignInNeeded, TooMany
from conf.terms import AuditTag, Channel, IdentityLevel
from handlers.flows import staffing
from handlers.flows.units import UNITS
from handlers.government import GovernmentHandler, is_within
from handlers.guards import government, government_gate
from handlers.visit import new_token, session_id
from store.records import Session
from views.contexts import government as contexts

PENDING = "government_pending"
PENDING_FOR = timedelta(minutes=5)
#: Tries in a quarter of an hour, right or wrong: of one login from one address, and of one address.
TRIES, TRIES_OF_ADDRESS, WINDOW = 10, 40, 900
TITLE, CODE_TITLE, PASSWORD_TITLE = "政务网查档登录", "输入一次性密码", "修改口令"


class Front(GovernmentHandler):
    """`/gov`"""

    @government_gate
    def get(self) -> None:
        self.go("/gov/cases")


class SigninPassword(GovernmentHandler):
    """`/gov/signin`"""

    @government_gate
    def get(self) -> None:
        self.show(contexts.GovSignin(title=TITLE))

    @government_gate
    async def post(self) -> None:
        login, password = self.text("login", max=64), self.get_argument("password", "", strip=False)
        try:
            await self._count_try(login)
            person = await staffing.check_password(
                self.store,
                login=login,
                password=password,
                now=self.clock(),
                trace=self.audit_context(),
                door=UNITS,
            )
        except Invalid as fault:
            self._again(login, fault.fields["login"], 422)
        except TooMany as fault:
            self.set_header("Retry-After", str(fault.retry_after))
            self._again(login, staffing.REFUSED, 429)
        else:
            await open_session(self, values={PENDING: person.id}, lasts=PENDING_FOR)
            self.go("/gov/signin/code")

    async def _count_try(self, login: str) -> None:
        address = self.request.remote_ip
        seconds = await self.limits.hit(f"unit:{address}", TRIES_OF_ADDRESS, WINDOW)
        seconds = seconds or await self.limits.hit(f"unit:{address}:{login}", TRIES, WINDOW)
        if seconds:
            raise TooMany(seconds)

    def _again(self, login: str, error: str, status: int) -> None:
        self.show(contexts.GovSignin(title=TITLE, login=login, error=error), status=status)


class SigninCode(GovernmentHandler):
    """`/gov/signin/code`: only after the password; a unit that is shut or elsewhere gets the same refusal."""

    @government_gate
    def get(self) -> None:
        self._pending()
        self.show(contexts.GovCode(title=CODE_TITLE))

    @government_gate
    async def post(self) -> None:
        pending = self._pending()
        try:
            if not await self._is_unit_open(pending):
                raise Invalid({"login": staffing.REFUSED})
            person = await staffing.check_code(
                self.store,
                pending,
                code=self.text("code", max=12),
                now=self.clock(),
                trace=self.audit_context(),
                door=UNITS,
            )
        except (Invalid, Conflict):  # Conflict: the same code, used in this very moment
            self.show(contexts.GovCode(title=CODE_TITLE, error=staffing.REFUSED), status=422)
            return
        await end_session(self)
        await open_session(self, user_id=person.id, lasts=timedelta(hours=self.conf.session_hours))
        self.go("/gov/password" if person.must_change else "/gov/cases")

    async def _is_unit_open(self, user_id: str) -> bool:
        user = await self.store.unit_users.user(user_id)
        unit = await self.store.units.by_id(user.unit_id) if user else None
        return unit is not None and not unit.disabled and is_within(unit, self.request.remote_ip or "")

    def _pending(self) -> str:
        if self.session is None or PENDING not in self.session.values:
            raise SignInNeeded(IdentityLevel.L0)
        return str(self.session.values[PENDING])


class ChangePassword(GovernmentHandler):
    """`/gov/password`: the first password is changed at once; later whenever one likes."""

    @government
    def get(self) -> None:
        self.show(contexts.GovPassword(title=PASSWORD_TITLE))

    @government
    async def post(self) -> None:
        assert self.user is not None  # by the guard
        old, new, again = (self.get_argument(name, "", strip=False) for name in ("old", "new", "again"))
        try:
            await staffing.change_password(
                self.store,
                self.user,
                old=old,
                new=new,
                again=again,
                now=self.clock(),
                trace=self.audit_context(),
                door=UNITS,
            )
        except Invalid as fault:
            self.show(contexts.GovPassword(title=PASSWORD_TITLE, errors=fault.fields), status=422)
            return
        await self.sessions.drop_of(staff_id=self.user.id)
        await open_session(self, user_id=self.user.id, lasts=timedelta(hours=self.conf.session_hours))
        self.go("/gov/cases")


class Signout(GovernmentHandler):
    """`/gov/signout`"""

    @government
    async def post(self) -> None:
        assert self.user is not None  # by the guard
        await self.store.audit.append(
            tag=AuditTag.GOVERNMENT_SIGNED_OUT,
            subject=self.user.id,
            outcome="done",
            fields={},
            **self.audit_context(),
        )
        await end_session(self)
        self.clear_visit_cookie("government")
        self.go("/gov/signin")


async def open_session(
    handler: GovernmentHandler, *, lasts: timedelta, user_id: str = "", values: dict[str, Any] | None = None
) -> None:
    """A new session under a new id; on this channel it opens nothing outside the area."""
    token, now = new_token(), handler.clock()
    session = Session(
        id=session_id(token), account_id="", staff_id=user_id, channel=Channel.GOVERNMENT, terminal_id="",
        created_at=now, seen_at=now, expires_at=now + lasts, values=values or {},
    )  # fmt: skip
    await handler.sessions.create(session)
    handler.set_visit_cookie("government", token)


async def end_session(handler: GovernmentHandler) -> None:
    """Drop the session this request came with."""
    if handler.session is not None:
        await handler.sessions.drop(handler.session.id)


ROUTES = [
    (r"/gov", Front),
    (r"/gov/signin", SigninPassword),
    (r"/gov/signin/code", SigninCode),
    (r"/gov/password", ChangePassword),
    (r"/gov/signout", Signout),
]
