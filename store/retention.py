"""What the retention job removes when its term is over: ended orders with their messages, files of expired copies.

Called by handlers/flows/retention.py, which writes the audit event of each batch in the same transaction.
"""

from datetime import datetime

from pymongo import ASCENDING

from conf.terms import OrderStatus
from store.connection import Base, Tx
from store.encode import from_bson
from store.records import Copy

#: States an order never leaves.
ENDED = (OrderStatus.REFUSED, OrderStatus.FAILED, OrderStatus.EXPIRED)


class Retention:
    """Asks what is due, and removes it."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._orders, self._copies = base["orders"], base["copies"]

    async def ended_orders(self, before: datetime, batch: int) -> tuple[str, ...]:
        """Numbers of orders that ended before that moment, the oldest first."""
        asked = {
            "status": {"$in": [status.value for status in ENDED]},
            "created_at": {"$lt": before},
            "updated_at": {"$lt": before},
        }
        rows = await self._orders.find(asked, {"_id": 1}).sort("created_at", ASCENDING).limit(batch).to_list()
        return tuple(row["_id"] for row in rows)

    async def remove_orders(self, numbers: tuple[str, ...], tx: Tx) -> int:
        """Remove orders with their messages and ratings; how many orders. What proves their copies is kept."""
        of_them = {"order_no": {"$in": list(numbers)}}
        for name in ("outbox", "ratings", "followups"):
            await self._base[name].delete_many(of_them, session=tx)
        return (await self._orders.delete_many({"_id": {"$in": list(numbers)}}, session=tx)).deleted_count

    async def remove_grants(self, before: datetime, tx: Tx) -> int:
        """Permissions that were over before that moment."""
        return (await self._base["grants"].delete_many({"until": {"$lt": before}}, session=tx)).deleted_count

    async def expired_copies(self, before: datetime, batch: int) -> tuple[Copy, ...]:
        """Copies whose validity ended before that moment and whose file is still here."""
        asked = {"file_removed_at": None, "valid_until": {"$lt": before}}
        rows = await self._copies.find(asked).sort("valid_until", ASCENDING).limit(batch).to_list()
        return tuple(from_bson(Copy, row, key="no") for row in rows)

    async def let_go(self, copies: tuple[Copy, ...], now: datetime, tx: Tx) -> None:
        """Note on the records that their files are gone; the records go on answering who verifies a copy."""
        numbers = {"_id": {"$in": [copy.no for copy in copies]}}
        await self._copies.update_many(numbers, {"$set": {"file_removed_at": now}}, session=tx)

    async def remove_files(self, copies: tuple[Copy, ...]) -> None:
        """Remove the files; what a crash leaves of them the sweep of orphans takes."""
        files, chunks = self._base["copy_files.files"], self._base["copy_files.chunks"]
        async for row in files.find({"filename": {"$in": [copy.sha256 for copy in copies]}}, {"_id": 1}):
            await files.delete_one({"_id": row["_id"]})
            await chunks.delete_many({"files_id": row["_id"]})
