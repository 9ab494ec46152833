"""Who is calling: session, account, staff and terminal behind the cookies of one request; used by the base handler."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from conf.terms import Channel
from store.records import Account, Session, Staff, Terminal
from store.records.government import UnitUser
from store.sessions import new_token, session_id

__all__ = ["NOBODY", "Terminals", "Visit", "find_visit", "new_token", "session_id"]

#: A session is marked as seen at most this often, so that reading pages writes little.
TOUCH_EVERY = timedelta(seconds=10)
TERMINAL_KEPT = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Visit:
    """What the cookies of one request stand for."""

    session: Session | None = None
    account: Account | None = None
    staff: Staff | None = None
    user: UnitUser | None = None  # of a unit on the government network


NOBODY = Visit()


async def find_visit(app: Any, token: str) -> Visit:
    """Session and the account or staff behind it; of a session past its limits the store says it is not there."""
    session = await app.sessions.load(session_id(token))
    if session is None:
        return NOBODY
    now = app.clock()
    if now - session.seen_at >= TOUCH_EVERY:
        await app.sessions.touch(session.id, now)
    account = await app.store.accounts.by_id(session.account_id) if session.account_id else None
    if account is not None and is_over(session, account):
        await app.sessions.drop(session.id)
        return NOBODY
    if session.channel is Channel.GOVERNMENT:  # the id names a unit's user: such a session opens nothing of ours
        user = await app.store.unit_users.user(session.staff_id) if session.staff_id else None
        return Visit(session, None, None, None if user is None or user.disabled else user)
    person = await app.store.staff.by_id(session.staff_id) if session.staff_id else None
    return Visit(session, account, None if person is None or is_out(person) else person)


def is_out(person: Staff) -> bool:
    """Disabled, or with credentials that were voided: running sessions are worth nothing from this moment."""
    return person.disabled or not person.password_hash


def is_over(session: Session, account: Account) -> bool:
    """The platform said that this person signed out there after the session began."""
    return account.signed_out_at is not None and session.created_at < account.signed_out_at


class Terminals:
    """Registered kiosk machines by the key in their cookie; remembered for a minute, one database call each."""

    def __init__(self, store: Any, clock: Any) -> None:
        self._store, self._clock = store, clock
        self._known: dict[str, tuple[datetime, Terminal | None]] = {}

    async def by_key(self, key: str) -> Terminal | None:
        digest, now = session_id(key), self._clock()
        until, terminal = self._known.get(digest, (now, None))
        if until <= now:
            terminal = await self._store.terminals.by_key(key)
            if len(self._known) > 1000:
                self._known.clear()
            self._known[digest] = (now + TERMINAL_KEPT, terminal)
        return None if terminal is None or terminal.retired else terminal

    def forget(self) -> None:
        """Ask the database again: a machine was just enrolled."""
        self._known.clear()
