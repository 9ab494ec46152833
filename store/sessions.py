"""Server-side sessions in MongoDB, one a cookie; adapters/cache/sessions.py keeps them in Redis in the same way.

The cookie holds a random token; only its SHA-256 is stored, so a stolen database opens nobody's session.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from conf.settings import Settings
from conf.terms import Channel
from store.connection import Base
from store.encode import from_bson, text, to_bson
from store.records import Session

#: However often the caller asks: no second mark of a session as seen within this time.
TOUCH_LEAST = timedelta(seconds=5)


def new_token() -> str:
    """256 random bits for the cookie; store `session_id` of it, never the token."""
    return secrets.token_urlsafe(32)


def session_id(token: str) -> str:
    """What a session is stored under: SHA-256 of the cookie's token, hex."""
    return hashlib.sha256(token.encode()).hexdigest()


class SessionRules:
    """How long a session may rest (staff, a kiosk's visitor, any other visitor) and what follows from it."""

    def __init__(self, settings: Settings) -> None:
        self._staff = timedelta(minutes=settings.staff_idle_minutes)
        self._kiosk = timedelta(seconds=settings.kiosk_idle_seconds)
        self._visitor = timedelta(minutes=settings.session_idle_minutes)

    def idle(self, session: Session) -> timedelta:
        if session.staff_id:
            return self._staff
        # before sign-in nothing personal is there, and the visitor is busy on the identity platform's own page
        return self._kiosk if session.channel is Channel.KIOSK and session.account_id else self._visitor

    def is_alive(self, session: Session, now: datetime) -> bool:
        """Within both limits: the absolute one (`expires_at`) and the idle one."""
        return now < session.expires_at and now - session.seen_at < self.idle(session)


class Sessions:
    """Sessions by id; a TTL index clears what is past its absolute limit."""

    def __init__(self, base: Base) -> None:
        self._sessions, self._clock = base["sessions"], base.clock
        self._rules = SessionRules(base.settings)

    async def create(self, session: Session) -> None:
        await self._sessions.insert_one(to_bson(session))

    async def load(self, id: str) -> Session | None:
        """The session when it is within its limits; one past them is dropped at once."""
        found = await self._sessions.find_one({"_id": text(id)})
        if found is None:
            return None
        session = from_bson(Session, found)
        if self._rules.is_alive(session, self._clock()):
            return session
        await self.drop(session.id)
        return None

    async def save(self, session: Session) -> bool:
        """Keep changed values; False when the session has ended meanwhile (it is not brought back)."""
        row = to_bson(session)
        kept = {name: row[name] for name in row.keys() - {"_id", "seen_at"}}  # a save never undoes a touch
        return (await self._sessions.update_one({"_id": row["_id"]}, {"$set": kept})).matched_count == 1

    async def touch(self, id: str, seen_at: datetime) -> None:
        """Mark as seen; writes nothing within 5 s of the last mark. Its caller decides when a mark is due."""
        stale = {"_id": text(id), "seen_at": {"$lte": seen_at - TOUCH_LEAST}}
        await self._sessions.update_one(stale, {"$set": {"seen_at": seen_at}})

    async def drop(self, id: str) -> bool:
        """End one session; True for exactly one caller, so that a session is traded for another only once."""
        return (await self._sessions.delete_one({"_id": text(id)})).deleted_count == 1

    async def drop_of(self, account_id: str = "", staff_id: str = "") -> int:
        """End every session of an account or of a member of staff; how many there were."""
        if not account_id and not staff_id:
            return 0
        whose = {"account_id": text(account_id)} if account_id else {"staff_id": text(staff_id)}
        return (await self._sessions.delete_many(whose)).deleted_count

    async def list_of(self, staff_id: str) -> tuple[Session, ...]:
        """The living sessions of a member of staff, the one seen last first."""
        if not staff_id:
            return ()
        now = self._clock()
        found = [from_bson(Session, row) for row in await self._sessions.find({"staff_id": text(staff_id)}).to_list()]
        alive = [session for session in found if self._rules.is_alive(session, now)]
        return tuple(sorted(alive, key=lambda session: session.seen_at, reverse=True))

    async def drop_account(self, account_id: str, *, before: datetime) -> int:
        """End the sessions of an account that began before a moment; how many there were."""
        older = {"account_id": text(account_id), "created_at": {"$lt": before}}
        return (await self._sessions.delete_many(older)).deleted_count if account_id else 0
