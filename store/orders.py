"""Orders: made once, moved only by guarded updates, claimed by workers under a lease. Called by the ordering flows.

The record is the queue. Beside the fields of `Order` a stored order keeps `lease_owner`, `free_at` (end of the lease,
or time of the next try), once there is a copy `expires_at` (written by store/copies.py), and from the download to the
first rating `unrated_since`.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from conf.errors import Conflict, NotFound
from conf.terms import ORDER_MOVES, CheckOutcome, OrderStatus
from store.connection import Base, Row, Tx
from store.encode import changes_to_bson, from_bson, text, to_bson
from store.records import LicenceCheck, Order, Step

#: What a move may change beside the status; everything else about an order is fixed when it is made.
CHANGEABLE = frozenset(
    {"due_at", "copy_no", "refusal", "fault", "document_ids_permitted", "page_count", "decision", "refusal_id"}
)
#: States in which an order waits for us, not for the visitor.
OURS = (OrderStatus.SUBMITTED, OrderStatus.UNDER_REVIEW, OrderStatus.PERMITTED, OrderStatus.SEALING)
WITH_COPY = (OrderStatus.READY, OrderStatus.DOWNLOADED, OrderStatus.RATED)


class Orders:
    """Orders by number."""

    def __init__(self, base: Base) -> None:
        self._orders, self._clock = base["orders"], base.clock

    async def create(self, order: Order, tx: Tx | None = None) -> Order:
        """Store a new order and return it; the same request again returns the order it made (another `no`).

        Raises Conflict when the request key was used with another body, or (within `tx`) is being used this moment.
        """
        known = await self.by_request_key(order.account_id, order.request_key, tx=tx)
        if known is None:
            row = to_bson(order, key="no") | {"lease_owner": "", "free_at": order.created_at}
            try:
                await self._orders.insert_one(row, session=tx)
                return order
            except DuplicateKeyError:
                known = None if tx else await self.by_request_key(order.account_id, order.request_key)
        if known is None or known.request_digest != order.request_digest:
            raise Conflict("the request key has been used for another order")
        return known

    async def by_no(self, no: str, tx: Tx | None = None) -> Order | None:
        return _order(await self._orders.find_one({"_id": text(no)}, session=tx))

    async def by_request_key(self, account_id: str, key: str, tx: Tx | None = None) -> Order | None:
        asked = {"account_id": text(account_id), "request_key": text(key)}
        return _order(await self._orders.find_one(asked, session=tx))

    async def of_account(self, account_id: str, after: str = "", batch: int = 20) -> tuple[tuple[Order, ...], str]:
        """A visitor's orders, newest first, and the cursor of the next batch (empty at the end)."""
        return await self._batch({"account_id": text(account_id)}, after, batch, DESCENDING)

    async def waiting_for_review(self, after: str = "", batch: int = 20) -> tuple[tuple[Order, ...], str]:
        """Orders a member of staff must decide, oldest first, and the cursor of the next batch."""
        return await self._batch({"status": OrderStatus.UNDER_REVIEW.value}, after, batch, ASCENDING)

    async def advance(
        self,
        no: str,
        expect: OrderStatus,
        to: OrderStatus,
        by: str,
        *,
        note: str = "",
        version: int | None = None,
        reviewer: str = "",
        tx: Tx | None = None,
        **changes: Any,
    ) -> Order:
        """Move along ORDER_MOVES if the order still stands at `expect` (and `version`, when given).

        `reviewer`: a staff id; then nobody else may have the order claimed.

        Appends to the history. Raises NotFound, or Conflict when it moved on meanwhile or there is no such move.
        """
        if to not in ORDER_MOVES[expect]:
            raise Conflict(f"an order does not move from {expect} to {to}")
        if set(changes) - CHANGEABLE:
            raise TypeError(f"a move does not change {', '.join(sorted(set(changes) - CHANGEABLE))}")
        now = self._clock()
        values = changes_to_bson(Order, changes) | {"status": to.value, "updated_at": now}
        if to is OrderStatus.PERMITTED:
            values["attempts"] = 0  # from here they count the tries at sealing
        if to is OrderStatus.DOWNLOADED:
            values["unrated_since"] = now
        step = to_bson(Step(status=to, at=now, by=by, note=note))
        guard: Row = {"_id": text(no), "status": expect.value}
        guard |= {} if version is None else {"version": version}
        guard |= free_for(reviewer, now) if reviewer else {}
        moved = await self._orders.find_one_and_update(
            guard,
            {"$set": values, "$push": {"history": step}, "$inc": {"version": 1}},
            return_document=ReturnDocument.AFTER,
            session=tx,
        )
        if moved is None:
            raise await self._why_not(no, expect, tx)
        return from_bson(Order, moved, key="no")

    async def note_licence(self, no: str, check: LicenceCheck, tx: Tx | None = None) -> bool:
        """Keep what the licence register said, once: False when something was kept already, or there is no such order.

        Says nothing about the order's state, so it needs no version and moves nothing.
        """
        unchecked = {"_id": text(no), "licence.outcome": CheckOutcome.UNCHECKED.value}
        done = await self._orders.update_one(
            unchecked, {"$set": changes_to_bson(Order, {"licence": check})}, session=tx
        )
        return done.matched_count == 1

    async def claim(self, statuses: Collection[OrderStatus], owner: str, lease_seconds: float) -> Order | None:
        """Take the oldest order in these states that nobody holds and whose time has come; None when there is none."""
        now = self._clock()
        free = {"status": {"$in": [OrderStatus(status).value for status in statuses]}, "free_at": {"$lte": now}}
        held = {"lease_owner": owner, "free_at": now + timedelta(seconds=lease_seconds)}
        return _order(
            await self._orders.find_one_and_update(
                free,
                {"$set": held, "$inc": {"attempts": 1}},
                sort=[("created_at", ASCENDING), ("_id", ASCENDING)],
                return_document=ReturnDocument.AFTER,
            )
        )

    async def release(self, no: str, owner: str, *, fault: str = "", retry_at: datetime | None = None) -> bool:
        """Give a claimed order back, to be tried again from `retry_at`; False when another holds it by now."""
        values: Row = {"lease_owner": "", "free_at": retry_at or self._clock()}
        if fault:
            values["fault"] = fault
        done = await self._orders.update_one({"_id": text(no), "lease_owner": owner}, {"$set": values})
        return done.matched_count == 1

    async def queue_ages(self) -> dict[OrderStatus, float]:
        """Seconds the longest-waiting order has stood in each state that waits for us."""
        waiting = {"$match": {"status": {"$in": [status.value for status in OURS]}}}
        grouped = {"$group": {"_id": "$status", "since": {"$min": "$updated_at"}}}
        now = self._clock()
        rows = await (await self._orders.aggregate([waiting, grouped])).to_list()
        return {OrderStatus(row["_id"]): max(0.0, (now - row["since"]).total_seconds()) for row in rows}

    async def due_to_expire(self, now: datetime, batch: int = 50) -> tuple[Order, ...]:
        """Orders whose copy may no longer be downloaded and that do not say so yet."""
        over = {"status": {"$in": [status.value for status in WITH_COPY]}, "expires_at": {"$lte": now}}
        rows = await self._orders.find(over).sort("expires_at", ASCENDING).limit(batch).to_list()
        return tuple(from_bson(Order, row, key="no") for row in rows)

    async def due_for_default(self, before: datetime, batch: int = 50) -> tuple[Order, ...]:
        """Orders handed out until `before` that nobody has rated, the longest waiting first."""
        asked = {"unrated_since": {"$lte": before}}
        rows = await self._orders.find(asked).sort("unrated_since", ASCENDING).limit(batch).to_list()
        return tuple(from_bson(Order, row, key="no") for row in rows)

    async def note_rated(self, no: str, tx: Tx) -> None:
        """A rating is there, so no default one is due; written in the transaction that keeps the rating."""
        await self._orders.update_one({"_id": text(no)}, {"$unset": {"unrated_since": ""}}, session=tx)

    async def _batch(self, asked: Row, after: str, batch: int, way: int) -> tuple[tuple[Order, ...], str]:
        if after:
            asked = asked | _beyond(after, "$lt" if way == DESCENDING else "$gt")
        found = self._orders.find(asked).sort([("created_at", way), ("_id", way)]).limit(batch + 1)
        orders = tuple(from_bson(Order, row, key="no") for row in await found.to_list())
        is_last = len(orders) <= batch
        return orders[:batch], "" if is_last else _cursor(orders[batch - 1])

    async def _why_not(self, no: str, expect: OrderStatus, tx: Tx | None) -> Exception:
        found = await self._orders.find_one({"_id": no}, {"status": 1}, session=tx)
        if found is None:
            return NotFound(no)
        return Conflict(f"order {no} is {found['status']}, not {expect}")


def free_for(reviewer: str, now: datetime) -> Row:
    """Filter of orders nobody but `reviewer` has claimed."""
    mine = {"review.holder": {"$in": ["", None, text(reviewer)]}}
    return {"$or": [mine, {"review.held_until": {"$lte": now}}]}


def _order(row: Row | None) -> Order | None:
    return None if row is None else from_bson(Order, row, key="no")


def _cursor(order: Order) -> str:
    return f"{int(order.created_at.timestamp() * 1000)}~{order.no}"


def _beyond(after: str, sign: str) -> Row:
    """Filter of what follows a cursor; a cursor nobody gave out follows everything, so the batch is empty."""
    milliseconds, _, no = text(after).partition("~")
    if not milliseconds.isdecimal() or len(milliseconds) > 14:
        return {"_id": ""}
    at = datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    return {"$or": [{"created_at": {sign: at}}, {"created_at": at, "_id": {sign: no}}]}
