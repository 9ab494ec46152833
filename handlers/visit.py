"""Who is calling: session, account, staff and terminal behind the cookies of one request; used by the base handler."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from conf.settings import Settings
from conf.terms import Channel
from store.records import Account, Session, Staff, Terminal

#: A session is marked as seen at most this often, so that reading pages writes little.
TOUCH_EVERY = timedelta(seconds=20)
TERMINAL_KEPT = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Visit:
    """What the cookies of one request stand for."""

    session: Session | None = None
    account: Account | None = None
    staff: Staff | None = None


NOBODY = Visit()


def new_token() -> str:
    """A fresh session token: 256 bits, goes into the cookie and nowhere else."""
    return secrets.token_urlsafe(32)


def session_id(token: str) -> str:
    """What the store keeps of a token: its SHA-256, so that a stolen database opens no session."""
    return hashlib.sha256(token.encode()).hexdigest()


def idle_limit(session: Session, settings: Settings) -> timedelta:
    """How long this session may stay untouched."""
    if session.staff_id:
        return timedelta(minutes=settings.staff_idle_minutes)
    if session.channel is Channel.KIOSK and session.account_id:  # before, the visitor may be at the platform's pages
        return timedelta(seconds=settings.kiosk_idle_seconds)
    return timedelta(minutes=settings.session_idle_minutes)


def is_over(session: Session, now: datetime, settings: Settings) -> bool:
    """Past its absolute limit, or idle too long."""
    return now >= session.expires_at or now - session.seen_at >= idle_limit(session, settings)


async def find_visit(app: Any, token: str) -> Visit:
    """Session and the account or staff behind it; an ended session is dropped, and nobody is there."""
    session = await app.sessions.load(session_id(token))
    if session is None:
        return NOBODY
    now = app.clock()
    if is_over(session, now, app.conf):
        await app.sessions.drop(session.id)
        return NOBODY
    if now - session.seen_at >= min(TOUCH_EVERY, idle_limit(session, app.conf) / 4):
        await app.sessions.touch(session.id, now)
    account = await app.store.accounts.by_id(session.account_id) if session.account_id else None
    person = await app.store.staff.by_id(session.staff_id) if session.staff_id else None
    return Visit(session, account, None if person is None or person.disabled else person)


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
