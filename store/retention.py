"""What the retention job removes when its term is over; the terms stand in store/retention_terms.py.

Called by handlers/flows/retention.py, which writes the audit event of each batch in the same transaction.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING

from conf.terms import OrderStatus
from store.blobs import Blobs
from store.connection import Base, Row, Tx
from store.encode import from_bson
from store.records import Copy
from store.retention_terms import FILES, KEPT, Keep

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

    async def due(self, name: str, before: datetime, *, after: Any = None, batch: int = 100) -> list[Any]:
        """Ids of that collection's rows whose term is over, in order, from the one after `after` on.

        What another record still names is among them: `remove` leaves it.
        """
        asked: Row = {"$and": [_over(KEPT[name], before), {"_id": {"$gt": after}} if after is not None else {}]}
        rows = await self._base[name].find(asked, {"_id": 1}).sort("_id", ASCENDING).limit(batch).to_list()
        return [row["_id"] for row in rows]

    async def remove(self, name: str, ids: Sequence[Any], before: datetime, tx: Tx) -> int:
        """Remove those of `ids` that are over their term and that nothing names, with what goes along; how many."""
        keep = KEPT[name]
        still = {"$and": [{"_id": {"$in": list(ids)}}, _over(keep, before)]}
        mine = {"_id": 1} | {reference.mine: 1 for reference in keep.unless}
        rows = await self._base[name].find(still, mine, session=tx).to_list()
        for reference in keep.unless:
            asked = {reference.field: {"$in": [row[reference.mine] for row in rows]}, **(reference.only or {})}
            named = set(await self._base[reference.collection].distinct(reference.field, asked, session=tx))
            rows = [row for row in rows if row[reference.mine] not in named]
        gone = [row["_id"] for row in rows]
        if name == "organ_cases":
            await self._strip_batches(gone, tx)
        for collection, field in keep.along:
            await self._base[collection].delete_many({field: {"$in": gone}}, session=tx)
        return (await self._base[name].delete_many({"_id": {"$in": gone}}, session=tx)).deleted_count

    async def _strip_batches(self, cases: list[Any], tx: Tx) -> None:
        """What is left of their look-ups answers who verifies the file, and says nothing of whom it was about."""
        bare: Row = {"case_no": "", "user_id": "", "unit_name": "", "usccs": [], "note": "", "decided_name": ""}
        batches = self._base["batch_lookups"]
        await batches.update_many({"case_id": {"$in": cases}}, {"$set": bare | {"file_gone": True}}, session=tx)

    async def clear_links(self, now: datetime) -> int:
        """Forget the digests of set-up links nobody used in time; how many. Nothing can be done with them any more."""
        over, bare = {"link_until": {"$lt": now}}, {"$set": {"link_digest": "", "link_until": None}}
        return sum(
            [(await self._base[name].update_many(over, bare)).modified_count for name in ("staff", "unit_users")]
        )

    async def sweep(self, older_than: datetime) -> int:
        """Remove letters, answers and batch results no record names any more; how many files (store/blobs.py)."""
        return sum([await Blobs(self._base, bucket).sweep(older_than, self._naming(bucket)) for bucket in FILES])

    def _naming(self, bucket: str) -> Callable[[str], Awaitable[bool]]:
        files = FILES[bucket]

        async def is_named(sha256: str) -> bool:
            asked = {"$or": [{field: sha256} for field in files.fields], **(files.only or {})}
            return await self._base[files.collection].find_one(asked, {"_id": 1}) is not None

        return is_named

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


def _over(keep: Keep, before: datetime) -> Row:
    if keep.due is None:
        raise ValueError("this collection has no term of its own")
    return keep.due(before)
