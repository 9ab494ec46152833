"""How often something may be tried: fixed windows in MongoDB, shared by all processes. Called by handlers and flows."""

import hashlib
import math
from datetime import UTC, datetime, timedelta

from pymongo import ReturnDocument, WriteConcern
from pymongo.errors import DuplicateKeyError

from store.connection import Base


class Limits:
    """Counts by key and window. A count lost in a crash does no harm, so one node's word is enough here."""

    def __init__(self, base: Base) -> None:
        self._limits = base.db.get_collection("limits", write_concern=WriteConcern(w=1, j=False))
        self._clock = base.clock

    async def hit(self, key: str, limit: int, seconds: int) -> int:
        """Count one try of `key`: 0 up to `limit` in this window of `seconds`, beyond it the seconds to its end.

        The key is kept as a digest: it may hold a network address.
        """
        now = self._clock()
        window, left = divmod(now.timestamp(), seconds)
        name = hashlib.sha256(f"{key}\n{seconds}\n{int(window)}".encode()).hexdigest()
        ends = datetime.fromtimestamp((window + 1) * seconds, UTC)
        count = await self._count(name, ends + timedelta(seconds=60))
        return 0 if count <= limit else max(1, math.ceil(seconds - left))

    async def _count(self, name: str, expires_at: datetime) -> int:
        change = {"$inc": {"count": 1}, "$setOnInsert": {"expires_at": expires_at}}
        for _ in range(3):
            try:
                found = await self._limits.find_one_and_update(
                    {"_id": name}, change, upsert=True, return_document=ReturnDocument.AFTER
                )
            except DuplicateKeyError:  # two first tries at once: the second finds the record
                continue
            return int(found["count"]) if found else 0
        raise RuntimeError("a limit's record can neither be found nor made")
