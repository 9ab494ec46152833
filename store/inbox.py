"""What counterparts told us, each event once, and the nonces of signed calls. Called by flows/callbacks."""

from collections.abc import Collection
from datetime import datetime

from pymongo import ASCENDING

from conf.terms import InboxStatus
from store.connection import Base, Tx
from store.encode import from_bson, text, to_bson
from store.records import InboxEvent


class Inbox:
    """Events by "<system>:<key>". An event is taken in the transaction that applies it."""

    def __init__(self, base: Base) -> None:
        self._inbox, self._nonces = base["inbox"], base["nonces"]

    async def take(self, event: InboxEvent, tx: Tx) -> bool:
        """Keep an event; False when it was taken before. Of two at the same moment the transaction lets one through."""
        row = to_bson(event)
        key = {"_id": row.pop("_id")}
        done = await self._inbox.update_one(key, {"$setOnInsert": row}, upsert=True, session=tx)
        return done.upserted_id is not None

    async def known(self, ids: Collection[str]) -> frozenset[str]:
        """Which of these events were taken before."""
        rows = await self._inbox.find({"_id": {"$in": [text(id) for id in ids]}}, {"_id": 1}).to_list()
        return frozenset(row["_id"] for row in rows)

    async def waiting(self, limit: int = 100) -> tuple[InboxEvent, ...]:
        """Events whose subject was not there yet, the oldest first."""
        found = self._inbox.find({"status": InboxStatus.WAITING.value}).sort("received_at", ASCENDING).limit(limit)
        return tuple(from_bson(InboxEvent, row) for row in await found.to_list())

    async def settle(self, id: str, status: InboxStatus, tx: Tx | None = None) -> bool:
        """Move a waiting event on; False when another process did."""
        waiting = {"_id": text(id), "status": InboxStatus.WAITING.value}
        done = await self._inbox.update_one(waiting, {"$set": {"status": status.value}}, session=tx)
        return done.matched_count == 1

    async def of_subject(self, subject: str) -> tuple[InboxEvent, ...]:
        """All that was told about one reference of ours, in the order it came."""
        rows = await self._inbox.find({"subject": text(subject)}).sort("received_at", ASCENDING).to_list()
        return tuple(from_bson(InboxEvent, row) for row in rows)

    async def spend_nonce(self, system: str, nonce: str, until: datetime, tx: Tx) -> bool:
        """Use up a caller's nonce; False when it was used before. It is forgotten at `until`."""
        key, row = {"_id": f"{text(system)}:{text(nonce)}"}, {"expires_at": until}
        done = await self._nonces.update_one(key, {"$setOnInsert": row}, upsert=True, session=tx)
        return done.upserted_id is not None
