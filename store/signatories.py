"""Whose name stands on copies' certificates, and when. Called by flows/signatories and sealing."""

from datetime import date

from pymongo import DESCENDING

from conf.errors import Conflict, NotFound
from store.connection import Base, Tx
from store.encode import from_bson, text, to_bson
from store.records.tuned import Signatory


class Signatories:
    """Rows by id; one that was ended stays on record."""

    def __init__(self, base: Base) -> None:
        self._signatories = base["signatories"]

    async def add(self, signatory: Signatory, tx: Tx) -> None:
        await self._signatories.insert_one(to_bson(signatory), session=tx)

    async def end(self, id: str, by: str, tx: Tx) -> None:
        """From now on the name stands on no new certificate. Raises Conflict when it was ended, NotFound."""
        guard = {"_id": text(id), "ended_by": ""}
        gone = await self._signatories.update_one(guard, {"$set": {"ended_by": text(by)}}, session=tx)
        if not gone.matched_count:
            if await self._signatories.find_one({"_id": guard["_id"]}, {"_id": 1}, session=tx) is None:
                raise NotFound(id)
            raise Conflict("this signatory was ended already")

    async def on(self, day: date) -> Signatory | None:
        """Who signs on that Beijing day: of several the one who began last."""
        wanted = {"first_day": {"$lte": day.isoformat()}, "last_day": {"$gte": day.isoformat()}, "ended_by": ""}
        row = await self._signatories.find_one(wanted, sort=[("first_day", DESCENDING), ("_id", DESCENDING)])
        return None if row is None else from_bson(Signatory, row)

    async def all(self) -> tuple[Signatory, ...]:
        """The newest first."""
        rows = await self._signatories.find().sort("first_day", DESCENDING).limit(100).to_list()
        return tuple(from_bson(Signatory, row) for row in rows)
