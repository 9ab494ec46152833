"""What visitors said about an order: once, plus one follow-up. Called by the rating flow."""

from datetime import datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from conf.errors import Conflict
from conf.terms import Satisfaction
from store.connection import Base, Tx
from store.encode import from_bson, text, to_bson
from store.records import Rating, RatingTally


class Ratings:
    """Ratings by order number and turn (1, or 2 for the follow-up)."""

    def __init__(self, base: Base) -> None:
        self._ratings = base["ratings"]

    async def add(self, rating: Rating, tx: Tx | None = None) -> None:
        """Keep a rating. Raises Conflict when this turn of this order has been rated."""
        row = to_bson(rating) | {"_id": f"{rating.order_no}-{rating.number}"}
        try:
            await self._ratings.insert_one(row, session=tx)
        except DuplicateKeyError:
            raise Conflict(f"order {rating.order_no} has rating {rating.number} already") from None

    async def of_order(self, no: str, tx: Tx | None = None) -> tuple[Rating, ...]:
        """The ratings of one order, first and follow-up."""
        rows = await self._ratings.find({"order_no": text(no)}, session=tx).sort("number", ASCENDING).to_list()
        return tuple(from_bson(Rating, row) for row in rows)

    async def tally(self, since: datetime) -> RatingTally:
        """Orders rated since then. A default rating is nobody's word and counts apart; the last word counts as good."""
        said: dict[str, Any] = {"$ne": [{"$ifNull": ["$is_default", False]}, True]}
        last = {"$max": {"$cond": [said, {"number": "$number", "level": "$satisfaction"}, None]}}
        stages: list[dict[str, Any]] = [
            {"$match": {"at": {"$gte": since}}},
            {"$group": {"_id": "$order_no", "last": last}},
        ]
        rows = await (await self._ratings.aggregate(stages)).to_list()
        levels = [row["last"]["level"] for row in rows if row["last"]]
        good = sum(level > Satisfaction.BAD for level in levels)
        return RatingTally(active=len(levels), good=good, by_default=len(rows) - len(levels))
