"""Notices of the first page. Called by flows/front_notices and store/live."""

from datetime import datetime

from pymongo import DESCENDING

from conf.errors import Conflict, NotFound
from store.connection import Base, Tx
from store.encode import from_bson, text, to_bson
from store.records.tuned import FrontNotice


class FrontNotices:
    """Notices by id; one that was ended stays on record."""

    def __init__(self, base: Base) -> None:
        self._notices = base["front_notices"]

    async def add(self, notice: FrontNotice, tx: Tx) -> None:
        await self._notices.insert_one(to_bson(notice), session=tx)

    async def end(self, id: str, by: str, tx: Tx) -> None:
        """Take it off at once. Raises Conflict when it was, NotFound."""
        guard = {"_id": text(id), "ended_by": ""}
        if not (await self._notices.update_one(guard, {"$set": {"ended_by": text(by)}}, session=tx)).matched_count:
            if await self._notices.find_one({"_id": guard["_id"]}, {"_id": 1}, session=tx) is None:
                raise NotFound(id)
            raise Conflict("this notice was ended already")

    async def listed(self, *, limit: int = 50) -> tuple[FrontNotice, ...]:
        """The newest first."""
        rows = await self._notices.find().sort("at", DESCENDING).limit(limit).to_list()
        return tuple(from_bson(FrontNotice, row) for row in rows)

    async def not_over(self, now: datetime) -> tuple[FrontNotice, ...]:
        """Shown now or later."""
        rows = await self._notices.find({"ends_at": {"$gt": now}, "ended_by": ""}).sort("at", DESCENDING).to_list(20)
        return tuple(from_bson(FrontNotice, row) for row in rows)
