"""Signing in and one's own account, the same at both doors: our people's, and that of units' users.

The pages stand in handlers/staff and handlers/government, where the guards are; what they do stands here once.
"""

import ipaddress
from datetime import timedelta
from typing import ClassVar

from conf.errors import Conflict, Invalid, SignInNeeded, TooMany
from conf.terms import Channel, IdentityLevel
from handlers.base import BaseHandler
from handlers.flows import enrolling, recovery, staffing
from handlers.flows.staffing import Door
from handlers.visit import new_token, session_id
from store.records import Session, Staff
from views.contexts import doors as contexts

NETWORK = "network"
#: Time between the password and the code.
PENDING_FOR = timedelta(minutes=5)
#: Tries in a quarter of an hour, right or wrong: of one login from one address, and of one address.
TRIES, TRIES_OF_ADDRESS, WINDOW = 10, 40, 900


class DoorHandler(BaseHandler):
    """Base of every page behind one of the doors, the sign-in pages included."""

    door: ClassVar[Door]
    door_channel: ClassVar[Channel]
    signin_title: ClassVar[str]
    signin_note: ClassVar[str]

    @property
    def holder(self) -> Staff | None:
        """Who is signed in at this door; nobody, until an area says how it knows."""
        return None

    def first_page(self, person: Staff) -> str:
        """Where work begins."""
        return self.door.area

    async def is_welcome(self, person_id: str) -> bool:
        """Whether this person may come in here and now, whatever their code."""
        return True

    def at(self, path: str) -> str:
        return self.door.area + path

    @property
    def needs_password(self) -> bool:
        """Whether nothing is open to them but the change of a password that was given out, or is too old."""
        if self.holder is None or self.request.path in open_with_first_password(self.door):
            return False
        return self.holder.must_change or staffing.is_expired(self.holder, self.conf.staff_password_days, self.clock())

    # the two steps

    def show_signin(self, *, login: str = "", error: str = "", status: int = 200) -> None:
        page = contexts.Signin(
            title=self.signin_title, area=self.door.area, note=self.signin_note, login=login, error=error
        )
        self.show(page, status=status)

    async def take_password(self) -> None:
        login, password = self.text("login", max=64), self.get_argument("password", "", strip=False)
        try:
            await self._count_try(login)
            person = await staffing.check_password(
                self.store, login=login, password=password, now=self.clock(), trace=self.audit_context(),
                door=self.door,
            )  # fmt: skip
        except Invalid as fault:
            self.show_signin(login=login, error=fault.fields["login"], status=422)
        except TooMany as fault:
            self.set_header("Retry-After", str(fault.retry_after))
            self.show_signin(login=login, error=staffing.REFUSED, status=429)
        else:
            await self._open_session(values={pending_key(self.door): person.id}, lasts=PENDING_FOR)
            self.go(self.at("/signin/code"))

    def show_code(self) -> None:
        self._pending()
        self.show(contexts.Code(title="输入一次性密码", area=self.door.area))

    async def take_code(self) -> None:
        pending = self._pending()
        try:
            if not await self.is_welcome(pending):
                raise Invalid({"login": staffing.REFUSED})
            person = await staffing.check_code(
                self.store, pending, code=self.text("code", max=20), now=self.clock(), trace=self.audit_context(),
                door=self.door,
            )  # fmt: skip
        except (Invalid, Conflict):  # Conflict: the same code, used in this very moment
            page = contexts.Code(title="输入一次性密码", area=self.door.area, error=staffing.REFUSED)
            self.show(page, status=422)
            return
        await self.end_session()
        await self._open_session(person_id=person.id, lasts=timedelta(hours=self.conf.session_hours))
        self.go(self.at("/password") if person.must_change else self.first_page(person))

    # one's own account

    def show_password(self) -> None:
        self.show(contexts.Password(title="修改口令", area=self.door.area))

    async def change_password(self) -> None:
        assert self.holder is not None  # by the guard
        old, new, again = (self.get_argument(name, "", strip=False) for name in ("old", "new", "again"))
        try:
            await staffing.change_password(
                self.store, self.holder, old=old, new=new, again=again, now=self.clock(), trace=self.audit_context(),
                door=self.door, history=self.conf.staff_password_history,
            )  # fmt: skip
        except Invalid as fault:
            self.show(contexts.Password(title="修改口令", area=self.door.area, errors=fault.fields), status=422)
            return
        await self.sessions.drop_of(staff_id=self.holder.id)
        await self._open_session(person_id=self.holder.id, lasts=timedelta(hours=self.conf.session_hours))
        self.go(self.first_page(self.holder))

    async def sign_out(self) -> None:
        assert self.holder is not None  # by the guard
        await self.store.audit.append(
            tag=self.door.signed_out, subject=self.holder.id, outcome="done", fields={}, **self.audit_context()
        )
        await self.end_session()
        self.clear_visit_cookie(self.own_cookie)
        self.go(self.at("/signin"))

    async def show_sessions(self) -> None:
        assert self.holder is not None  # by the guard
        assert self.session is not None
        found = await self.sessions.list_of(self.holder.id)
        page = contexts.OwnSessions(title="我的会话", area=self.door.area, sessions=found, current=self.session.id)
        self.show(page)

    async def end_own_session(self) -> None:
        assert self.holder is not None  # by the guard
        await enrolling.end_session(
            self.store, self.sessions, self.holder, self.text("session", max=64), door=self.door, now=self.clock(),
            trace=self.audit_context(),
        )  # fmt: skip
        self.go(self.at("/sessions"))

    def show_recovery(self, errors: dict[str, str] | None = None, *, status: int = 200) -> None:
        assert self.holder is not None  # by the guard
        page = contexts.Recovery(
            title="恢复码", area=self.door.area, left=len(self.holder.recovery), errors=errors or {}
        )
        self.show(page, status=status)

    async def renew_recovery(self) -> None:
        assert self.holder is not None  # by the guard
        is_right = await staffing.is_password(self.holder, self.get_argument("password", "", strip=False))
        try:
            codes = await recovery.renew(
                self.store, self.holder, door=self.door, password_is_right=is_right, now=self.clock(),
                trace=self.audit_context(),
            )  # fmt: skip
        except Invalid as fault:
            self.show_recovery(fault.fields, status=422)
        else:
            home = self.first_page(self.holder)
            self.show(contexts.RecoveryCodes(title="新的恢复码", codes=codes, next=("我已保管好", home)))

    # what a one-time link opens

    async def show_enrolment(self, token: str) -> None:
        self._show_enrolment(await self.invited(token), token)

    def _show_enrolment(
        self, person: Staff, token: str, errors: dict[str, str] | None = None, *, status: int = 200
    ) -> None:
        address, key = enrolling.authenticator(self.store, person, self.door)
        page = contexts.Enrol(
            title="开通账号", area=self.door.area, token=token, login=person.login, address=address, key=key,
            errors=errors or {},
        )  # fmt: skip
        self.show(page, status=status)

    async def enrol(self, token: str) -> None:
        person = await self.invited(token)
        new, again = (self.get_argument(name, "", strip=False) for name in ("new", "again"))
        try:
            codes = await enrolling.enrol(
                self.store, self.conf, person, token, new=new, again=again, code=self.text("code", max=20),
                door=self.door, now=self.clock(), trace=self.audit_context(),
            )  # fmt: skip
        except Invalid as fault:
            self._show_enrolment(person, token, fault.fields, status=422)
        else:
            await self.sessions.drop_of(staff_id=person.id)  # begun with what the link made void
            page = contexts.RecoveryCodes(title="账号已开通", codes=codes, next=("去登录", self.at("/signin")))
            self.show(page)

    async def invited(self, token: str) -> Staff:
        return await enrolling.whose_link(self.store, token, door=self.door, now=self.clock())

    # sessions

    async def end_session(self) -> None:
        """Drop the session this request came with."""
        if self.session is not None:
            await self.sessions.drop(self.session.id)

    async def _open_session(
        self, *, lasts: timedelta, person_id: str = "", values: dict[str, str] | None = None
    ) -> None:
        """A new session under a new id, of this door's channel; the old token is worth nothing any more."""
        token, now = new_token(), self.clock()
        session = Session(
            id=session_id(token), account_id="", staff_id=person_id, channel=self.door_channel, terminal_id="",
            created_at=now, seen_at=now, expires_at=now + lasts,
            values={**(values or {}), NETWORK: network_of(self.request.remote_ip or "")},
        )  # fmt: skip
        await self.sessions.create(session)
        self.set_visit_cookie(self.own_cookie, token)

    async def _count_try(self, login: str) -> None:
        address, role = self.request.remote_ip, self.door.role
        seconds = await self.limits.hit(f"{role}:{address}", TRIES_OF_ADDRESS, WINDOW)
        seconds = seconds or await self.limits.hit(f"{role}:{address}:{login}", TRIES, WINDOW)
        if seconds:
            raise TooMany(seconds)

    def _pending(self) -> str:
        if self.session is None or pending_key(self.door) not in self.session.values:
            raise SignInNeeded(IdentityLevel.L0)
        return str(self.session.values[pending_key(self.door)])


def pending_key(door: Door) -> str:
    """Under which a session keeps who gave the right password and owes the code; never the other door's."""
    return f"{door.role}_pending"


def open_with_first_password(door: Door) -> tuple[str, ...]:
    """What is open to those who still have the password they were given."""
    return tuple(door.area + path for path in ("/password", "/signout", "/signin", "/signin/code"))


def network_of(address: str) -> str:
    """The network of an address (/24, /48), as the list of sessions names it; "" when it is none."""
    try:
        place = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network(f"{place}/{24 if place.version == 4 else 48}", strict=False))
