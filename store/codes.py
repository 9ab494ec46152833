"""One-time codes sent by SMS: one a purpose and session, five tries, used once; what may still be sent to whom.

Only a keyed digest of a code is kept. A code's row also says until when the check it proved holds. Called by
flows/codes.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from pymongo import ReturnDocument

from conf.clock import beijing
from store.connection import Base, Row, Tx
from store.encode import from_bson, text, to_bson
from store.records import record

LIVES = timedelta(minutes=5)
TRIES = 5
PAUSE = timedelta(seconds=60)
KEPT = timedelta(days=1)


@record
class OneTimeCode:
    """A code sent by SMS. `id` is "<purpose>:<session id>"; the code itself is nowhere, its digest only in the row."""

    id: str
    account_id: str
    reference: str  # ours, sent along with the message
    tries: int
    sent_at: datetime
    until: datetime
    used_at: datetime | None = None
    holds_until: datetime | None = None  # what it proved holds until then

    def is_live(self, now: datetime) -> bool:
        """Whether it may still be typed in."""
        return self.used_at is None and self.tries < TRIES and now < self.until


class Codes:
    """Codes by "<purpose>:<session id>"; counts of what was sent, by number, account and address, a Beijing day."""

    def __init__(self, base: Base) -> None:
        self._codes, self._counts = base["codes"], base["code_counts"]
        self._vault = base.vault

    async def reserve(self, number: str, caps: Mapping[str, int], now: datetime, tx: Tx) -> tuple[str, int]:
        """Count one sending: ("", 0), or nothing is counted and it says what stands against it.

        `number` is the blind index of the telephone number; `caps` are the most sendings a Beijing day by whose they
        are ("number:…", "account:…", "address:…") or in an hour ("hour:…"). Against it: ("pause", seconds to wait) or
        (kind of cap, 0).
        """
        last = await self._counts.find_one({"_id": _key("pause", number)}, session=tx)
        if last and last["until"] > now:
            return "pause", max(1, -int((now - last["until"]).total_seconds() // 1))
        for whose, most in caps.items():
            row = await self._counts.find_one({"_id": _key(whose, _window(whose, now))}, session=tx)
            if row and row["count"] >= most:
                return whose.partition(":")[0], 0
        for whose in caps:
            await self._count(_key(whose, _window(whose, now)), {"$inc": {"count": 1}}, now, tx)
        await self._count(_key("pause", number), {"$set": {"until": now + PAUSE}}, now, tx)
        return "", 0

    async def give_back(self, number: str, caps: Mapping[str, int], now: datetime, tx: Tx) -> None:
        """The sending of `now` does not count after all, and the next need not wait."""
        for whose in caps:
            await self._count(_key(whose, _window(whose, now)), {"$inc": {"count": -1}}, now, tx)
        await self._count(_key("pause", number), {"$set": {"until": now}}, now, tx)

    async def keep(self, code: OneTimeCode, plain: str, tx: Tx) -> None:
        """Keep a code that was sent; the one before it, and what it proved, is over."""
        row = to_bson(code) | {"digest": self._digest(code.id, plain), "drop_at": code.sent_at + KEPT}
        await self._codes.replace_one({"_id": row["_id"]}, row, upsert=True, session=tx)

    async def standing(self, id: str) -> OneTimeCode | None:
        """The newest code of a purpose and session, whatever became of it."""
        row = await self._codes.find_one({"_id": text(id)})
        return from_bson(OneTimeCode, row) if row else None

    async def attempt(self, id: str, plain: str, now: datetime) -> tuple[OneTimeCode | None, bool]:
        """Count a try and say whether it was right; (None, False) when there is no code to try (any more).

        The try is counted before the look, so that parallel guesses cannot be more than five.
        """
        live: Row = {"_id": text(id), "used_at": None, "tries": {"$lt": TRIES}, "until": {"$gt": now}}
        row = await self._codes.find_one_and_update(live, {"$inc": {"tries": 1}}, return_document=ReturnDocument.AFTER)
        if row is None:
            return None, False
        return from_bson(OneTimeCode, row), hmac.compare_digest(row["digest"], self._digest(row["_id"], plain))

    async def spend(self, code: OneTimeCode, now: datetime, holds_until: datetime, tx: Tx) -> bool:
        """Use a code up; True for exactly one caller. What it proves holds until `holds_until`."""
        mine = {"_id": code.id, "reference": code.reference, "used_at": None}
        used = {"$set": {"used_at": now, "holds_until": holds_until}}
        return (await self._codes.update_one(mine, used, session=tx)).matched_count == 1

    async def _count(self, key: str, change: Row, now: datetime, tx: Tx) -> None:
        kept = {"$max": {"drop_at": now + 2 * KEPT}}
        await self._counts.update_one({"_id": key}, change | kept, upsert=True, session=tx)

    def _digest(self, id: str, plain: str) -> str:
        return self._vault.code_digest(f"{id}\0{plain}")


def _window(whose: str, now: datetime) -> str:
    return f"{beijing(now):%Y-%m-%d %H}" if whose.startswith("hour:") else f"{beijing(now):%Y-%m-%d}"


def _key(whose: str, more: str) -> str:
    return hashlib.sha256(f"{whose}\n{more}".encode()).hexdigest()
