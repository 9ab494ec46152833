"""Staff sign-in in two steps (password, one-time code), the change of a first password, and sign-out."""

import ipaddress
from datetime import timedelta
from typing import Any

from conf.errors import Conflict, Invalid, SignInNeeded, TooMany
from conf.rights import Action, may
from conf.terms import AuditTag, Channel, IdentityLevel
from handlers.flows import staffing
from handlers.guards import public, staff
from handlers.staff import StaffHandler
from handlers.visit import new_token, session_id
from store.records import Session, Staff
from views.contexts import staff as contexts

PENDING = "staff_pending"
NETWORK = "network"
#: Time between the password and the code.
PENDING_FOR = timedelta(minutes=5)
#: Tries in a quarter of an hour, right or wrong: of one login from one address, and of one address.
TRIES, TRIES_OF_ADDRESS, WINDOW = 10, 40, 900


class SigninPassword(StaffHandler):
    """`/staff/signin`"""

    @public
    def get(self) -> None:
        self.show(contexts.StaffSignin(title="工作台登录"))

    @public
    async def post(self) -> None:
        login, password = self.text("login", max=64), self.get_argument("password", "", strip=False)
        try:
            await self._count_try(login)
            person = await staffing.check_password(
                self.store, login=login, password=password, now=self.clock(), trace=self.audit_context()
            )
        except Invalid as fault:
            self._again(login, fault.fields["login"], 422)
        except TooMany as fault:
            self.set_header("Retry-After", str(fault.retry_after))
            self._again(login, staffing.REFUSED, 429)
        else:
            await open_session(self, values={PENDING: person.id}, lasts=PENDING_FOR)
            self.go("/staff/signin/code")

    async def _count_try(self, login: str) -> None:
        address = self.request.remote_ip
        seconds = await self.limits.hit(f"staff:{address}", TRIES_OF_ADDRESS, WINDOW)
        seconds = seconds or await self.limits.hit(f"staff:{address}:{login}", TRIES, WINDOW)
        if seconds:
            raise TooMany(seconds)

    def _again(self, login: str, error: str, status: int) -> None:
        self.show(contexts.StaffSignin(title="工作台登录", login=login, error=error), status=status)


class SigninCode(StaffHandler):
    """`/staff/signin/code`: only after the password."""

    @public
    def get(self) -> None:
        self._pending()
        self.show(contexts.StaffCode(title="输入一次性密码"))

    @public
    async def post(self) -> None:
        pending = self._pending()
        try:
            person = await staffing.check_code(
                self.store, pending, code=self.text("code", max=20), now=self.clock(), trace=self.audit_context()
            )
        except (Invalid, Conflict):  # Conflict: the same code, used in this very moment
            self.show(contexts.StaffCode(title="输入一次性密码", error=staffing.REFUSED), status=422)
            return
        await end_session(self)
        await open_session(self, staff_id=person.id, lasts=timedelta(hours=self.conf.session_hours))
        self.go("/staff/password" if person.must_change else first_page(person))

    def _pending(self) -> str:
        if self.session is None or PENDING not in self.session.values:
            raise SignInNeeded(IdentityLevel.L0)
        return str(self.session.values[PENDING])


class ChangePassword(StaffHandler):
    """`/staff/password`: the first password is changed at once; later whenever one likes."""

    @staff()
    def get(self) -> None:
        self.show(contexts.StaffPassword(title="修改口令"))

    @staff()
    async def post(self) -> None:
        assert self.staff is not None  # by the guard
        old, new = (self.get_argument(name, "", strip=False) for name in ("old", "new"))
        again = self.get_argument("again", "", strip=False)
        try:
            await staffing.change_password(
                self.store, self.staff, old=old, new=new, again=again, now=self.clock(), trace=self.audit_context(),
                history=self.conf.staff_password_history,
            )  # fmt: skip
        except Invalid as fault:
            self.show(contexts.StaffPassword(title="修改口令", errors=fault.fields), status=422)
            return
        await self.sessions.drop_of(staff_id=self.staff.id)
        await open_session(self, staff_id=self.staff.id, lasts=timedelta(hours=self.conf.session_hours))
        self.go(first_page(self.staff))


class Signout(StaffHandler):
    """`/staff/signout`"""

    @staff()
    async def post(self) -> None:
        assert self.staff is not None  # by the guard
        await self.store.audit.append(
            tag=AuditTag.STAFF_SIGNED_OUT, subject=self.staff.id, outcome="done", fields={}, **self.audit_context()
        )
        await end_session(self)
        self.clear_visit_cookie("staff")
        self.go("/staff/signin")


def first_page(person: Staff) -> str:
    """Where work begins: at the queue for those who decide it, else at the desk."""
    return "/staff/orders" if may(person.roles, Action.ORDERS_REVIEW) else "/staff"


async def open_session(
    handler: StaffHandler, *, lasts: timedelta, staff_id: str = "", values: dict[str, Any] | None = None
) -> None:
    """A new session under a new id; the old token is worth nothing any more."""
    token, now = new_token(), handler.clock()
    await handler.sessions.create(
        Session(
            id=session_id(token),
            account_id="",
            staff_id=staff_id,
            channel=Channel.STAFF,
            terminal_id="",
            created_at=now,
            seen_at=now,
            expires_at=now + lasts,
            values={**(values or {}), NETWORK: network_of(handler.request.remote_ip or "")},
        )
    )
    handler.set_visit_cookie("staff", token)


def network_of(address: str) -> str:
    """The network of an address (/24, /48), as the list of sessions names it; "" when it is none."""
    try:
        place = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network(f"{place}/{24 if place.version == 4 else 48}", strict=False))


async def end_session(handler: StaffHandler) -> None:
    """Drop the session this request came with."""
    if handler.session is not None:
        await handler.sessions.drop(handler.session.id)


ROUTES = [
    (r"/staff/signin", SigninPassword),
    (r"/staff/signin/code", SigninCode),
    (r"/staff/password", ChangePassword),
    (r"/staff/signout", Signout),
]
