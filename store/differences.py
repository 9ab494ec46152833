"""Where other registers differ from ours: kept for staff, never applied. Called by flows/comparing."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pymongo import DESCENDING

from conf.terms import DifferenceState
from store.checks import Comparison, Difference
from store.connection import Base, Tx
from store.encode import from_bson, text, to_bson

OPEN, SETTLED = DifferenceState.OPEN.value, DifferenceState.SETTLED.value
SYSTEM = "system"
GONE = "再次比对时已经没有这处不同"


class Differences:
    """Differences by id, the last comparison by code."""

    def __init__(self, base: Base) -> None:
        self._rows, self._comparisons = base["differences"], base["comparisons"]

    async def note(self, comparison: Comparison, found: Iterable[Difference], tx: Tx) -> int:
        """Keep what one comparison found; how many differences of this company are open now.

        New ones are opened, known ones marked as seen, those not found any more settled by the system. What staff
        settled stays settled while both texts stay the same.
        """
        seen = tuple(found)
        for difference in seen:
            await self._see(difference, tx)
        gone = {"uscc": comparison.uscc, "state": OPEN, "_id": {"$nin": [each.id for each in seen]}}
        await self._rows.update_many(gone, {"$set": _settled(SYSTEM, GONE, comparison.at)}, session=tx)
        open_now = await self._rows.count_documents({"uscc": comparison.uscc, "state": OPEN}, session=tx)
        row = to_bson(comparison, key="uscc") | {"open": open_now}
        await self._comparisons.replace_one({"_id": comparison.uscc}, row, upsert=True, session=tx)
        return open_now

    async def settle(self, id: str, *, by: str, reason: str, at: datetime, tx: Tx) -> Difference | None:
        """Mark an open difference as dealt with; None when it is not open (any more)."""
        open_one = {"_id": text(id), "state": OPEN}
        row = await self._rows.find_one_and_update(open_one, {"$set": _settled(by, reason, at)}, session=tx)
        if row is None:
            return None
        await self._comparisons.update_one({"_id": row["uscc"]}, {"$inc": {"open": -1}}, session=tx)
        return from_bson(Difference, row)

    async def of_company(self, uscc: str) -> tuple[Difference, ...]:
        """All that was ever found about one company: open ones first, the latest first."""
        rows = await self._rows.find({"uscc": text(uscc)}).sort([("state", 1), ("seen_at", DESCENDING)]).to_list()
        return tuple(from_bson(Difference, row) for row in rows)

    async def last(self, uscc: str) -> Comparison | None:
        """The last comparison of one company; None when there was none."""
        row = await self._comparisons.find_one({"_id": text(uscc)})
        return from_bson(Comparison, row, key="uscc") if row else None

    async def with_open(self, limit: int = 100) -> tuple[Comparison, ...]:
        """Companies with open differences, the latest compared first."""
        found = self._comparisons.find({"open": {"$gt": 0}}).sort("at", DESCENDING).limit(limit)
        return tuple(from_bson(Comparison, row, key="uscc") for row in await found.to_list())

    async def _see(self, difference: Difference, tx: Tx) -> None:
        row: dict[str, Any] = to_bson(difference)
        key, seen_at = {"_id": row.pop("_id")}, row.pop("seen_at")
        await self._rows.update_one(key, {"$setOnInsert": row, "$set": {"seen_at": seen_at}}, upsert=True, session=tx)
        back = {"state": OPEN, "settled_by": "", "settled_at": None, "reason": ""}
        await self._rows.update_one(key | {"state": SETTLED, "settled_by": SYSTEM}, {"$set": back}, session=tx)


def _settled(by: str, reason: str, at: datetime) -> dict[str, Any]:
    return {"state": SETTLED, "settled_by": text(by), "reason": text(reason), "settled_at": at}
