"""What must reach outside systems, written with the state it tells of, claimed by a worker. Called by flows/notices.

Messages of one order go out in order: while an earlier one waits, even for its next try, the later ones stay. A message
delivered, rejected or given up holds up nobody. `next_at` is when a message may be claimed: the end of a lease, or the
next try; `place` (hidden) keeps the order of writing.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING, ReturnDocument

from conf.terms import OutboxKind, OutboxStatus
from store.connection import Base, Row, Tx
from store.encode import from_bson, text, to_bson
from store.ids import sortable_id
from store.records import OutboxMessage, Secret

WAITING = OutboxStatus.WAITING.value


def new_message(
    kind: OutboxKind,
    reference: str,
    *,
    now: datetime,
    order_no: str = "",
    body: dict[str, Any] | None = None,
    recipient: Secret | None = None,
    next_at: datetime | None = None,
) -> OutboxMessage:
    """A message that waits, to be tried from `next_at` (now) on; `reference` is what it is recognised by outside."""
    return OutboxMessage(
        id=sortable_id(now),
        kind=kind,
        reference=reference,
        order_no=order_no,
        body=body or {},
        recipient=recipient,
        status=OutboxStatus.WAITING,
        attempts=0,
        next_at=next_at or now,
        created_at=now,
        done_at=None,
        fault="",
    )


class Outbox:
    """Messages by id; `reference` is unique and travels along, so that a repeat is recognised outside."""

    def __init__(self, base: Base) -> None:
        self._outbox, self._clock = base["outbox"], base.clock

    async def put(self, message: OutboxMessage, tx: Tx | None = None) -> None:
        """Keep a message to be sent; the same reference again changes nothing."""
        row = to_bson(message) | {"place": sortable_id(self._clock()), "lease_owner": ""}
        key = {"reference": row.pop("reference")}
        await self._outbox.update_one(key, {"$setOnInsert": row}, upsert=True, session=tx)

    async def claim(
        self, owner: str, lease_seconds: float, kinds: Collection[OutboxKind] | None = None
    ) -> OutboxMessage | None:
        """Take the longest-due message whose turn it is; None when there is none. Counts one attempt."""
        due: Row = {"status": WAITING, "next_at": {"$lte": self._clock()}}
        if kinds is not None:
            due["kind"] = {"$in": [OutboxKind(kind).value for kind in kinds]}
        while True:
            row = await self._outbox.find_one(due, sort=[("next_at", ASCENDING), ("place", ASCENDING)])
            if row is None:
                return None
            ahead = await self._ahead_of(row)
            if ahead is not None:
                await self._put_behind(row, ahead)
            elif taken := await self._take(row, owner, lease_seconds):
                return from_bson(OutboxMessage, taken)

    async def done(self, id: str, owner: str, *, vendor: str = "", vendor_no: str = "") -> bool:
        """Delivered: true whoever holds the lease by now, because it did arrive."""
        taken = {"vendor": text(vendor), "vendor_no": text(vendor_no)}
        return await self._end({"_id": text(id)}, OutboxStatus.DELIVERED, "", taken)

    async def reject(self, id: str, owner: str, fault: str) -> bool:
        """The other side refused it for good. False when another holds it by now."""
        return await self._end({"_id": text(id), "lease_owner": owner}, OutboxStatus.REJECTED, fault)

    async def give_up(self, id: str, owner: str, fault: str) -> bool:
        """Tried often enough. False when another holds it by now."""
        return await self._end({"_id": text(id), "lease_owner": owner}, OutboxStatus.GAVE_UP, fault)

    async def retry(self, id: str, owner: str, at: datetime, fault: str, *, vendor: str = "") -> bool:
        """Try again at `at`, with `vendor` when that one may hold the message. False when another holds it by now."""
        mine = {"_id": text(id), "lease_owner": owner, "status": WAITING}
        kept: Row = {"next_at": at, "fault": fault, "lease_owner": ""} | ({"vendor": text(vendor)} if vendor else {})
        done = await self._outbox.update_one(mine, {"$set": kept})
        return done.matched_count == 1

    async def resend(self, id: str, tx: Tx | None = None) -> OutboxMessage | None:
        """Send a message again that was rejected or given up, or now one that waits for its next try.

        None when it is in no such state: delivered, never tried yet, or under way.
        """
        if waiting := await self._at_once(id, tx):
            return waiting
        ended = {"_id": text(id), "status": {"$in": [OutboxStatus.REJECTED.value, OutboxStatus.GAVE_UP.value]}}
        now = self._clock()
        anew = {"status": WAITING, "next_at": now, "created_at": now, "done_at": None, "lease_owner": ""}
        row = await self._outbox.find_one_and_update(
            ended, {"$set": anew | {"attempts": 0}}, return_document=ReturnDocument.AFTER, session=tx
        )
        return from_bson(OutboxMessage, row) if row else None

    async def is_known(self, id: str) -> bool:
        """Whether there is such a message, in whatever state."""
        return await self._outbox.find_one({"_id": text(id)}, {"_id": 1}) is not None

    async def _at_once(self, id: str, tx: Tx | None) -> OutboxMessage | None:
        """A message tried before and waiting is due now; how long it has waited and its tries stay."""
        waits = {"_id": text(id), "status": WAITING, "attempts": {"$gte": 1}, "lease_owner": ""}
        row = await self._outbox.find_one_and_update(
            waits, {"$set": {"next_at": self._clock()}}, return_document=ReturnDocument.AFTER, session=tx
        )
        return from_bson(OutboxMessage, row) if row else None

    async def note_receipt(self, reference: str, receipt: str, at: datetime, tx: Tx) -> bool:
        """What became of a delivered message, by our reference; an older word never replaces a newer one.

        False when there is no such message.
        """
        mine: Row = {"reference": text(reference)}
        newer = {"$or": [{"receipt_at": None}, {"receipt_at": {"$lt": at}}]}
        done = await self._outbox.update_one(
            mine | newer, {"$set": {"receipt": text(receipt), "receipt_at": at}}, session=tx
        )
        return bool(done.matched_count) or await self._outbox.find_one(mine, {"_id": 1}, session=tx) is not None

    async def listed(
        self, statuses: Collection[OutboxStatus], *, kinds: Collection[OutboxKind] = (), limit: int = 50
    ) -> tuple[OutboxMessage, ...]:
        """For staff: the newest messages in these states; what waits longest stands first."""
        wanted: Row = {"status": {"$in": [OutboxStatus(status).value for status in statuses]}}
        if kinds:
            wanted["kind"] = {"$in": [OutboxKind(kind).value for kind in kinds]}
        order = [("created_at", ASCENDING)] if set(statuses) == {OutboxStatus.WAITING} else [("done_at", DESCENDING)]
        rows = await self._outbox.find(wanted).sort(order).limit(limit).to_list()
        return tuple(from_bson(OutboxMessage, row) for row in rows)

    async def unreceived(self, *, limit: int = 50) -> tuple[OutboxMessage, ...]:
        """For staff: messages a provider took and whose delivery it later reported as failed, the newest first."""
        failed = {"receipt": "failed", "status": OutboxStatus.DELIVERED.value}
        rows = await self._outbox.find(failed).sort("receipt_at", DESCENDING).limit(limit).to_list()
        return tuple(from_bson(OutboxMessage, row) for row in rows)

    async def ages(self) -> dict[OutboxKind, float]:
        """Seconds the longest-waiting message of each kind has been waiting."""
        grouped = {"$group": {"_id": "$kind", "since": {"$min": "$created_at"}}}
        rows = await (await self._outbox.aggregate([{"$match": {"status": WAITING}}, grouped])).to_list()
        now = self._clock()
        return {OutboxKind(row["_id"]): max(0.0, (now - row["since"]).total_seconds()) for row in rows}

    async def recent(self, order_no: str) -> tuple[OutboxMessage, ...]:
        """All messages of an order in the order of writing, for staff."""
        rows = await self._outbox.find({"order_no": text(order_no)}).sort("place", ASCENDING).to_list()
        return tuple(from_bson(OutboxMessage, row) for row in rows)

    async def _ahead_of(self, row: Row) -> Row | None:
        """The earlier message of the same order and kind that still waits; an SMS never holds a mail back."""
        if not row["order_no"]:
            return None
        earlier = {
            "order_no": row["order_no"],
            "kind": row["kind"],
            "status": WAITING,
            "place": {"$lt": row["place"]},
        }
        return await self._outbox.find_one(earlier, sort=[("place", ASCENDING)])

    async def _put_behind(self, row: Row, ahead: Row) -> None:
        """Look again when the one ahead may be tried, not at every claim; `_end` calls it up sooner."""
        at = max(ahead["next_at"], self._clock() + timedelta(seconds=1))
        await self._outbox.update_one(
            {"_id": row["_id"], "status": WAITING, "next_at": row["next_at"]}, {"$set": {"next_at": at}}
        )
        if not await self._outbox.find_one({"_id": ahead["_id"], "status": WAITING}, {"_id": 1}):
            await self._call_up(row["order_no"], row["kind"])  # it ended between our two looks

    async def _take(self, row: Row, owner: str, lease_seconds: float) -> Row | None:
        held: dict[str, Any] = {"lease_owner": owner, "next_at": self._clock() + timedelta(seconds=lease_seconds)}
        return await self._outbox.find_one_and_update(
            {"_id": row["_id"], "status": WAITING, "next_at": row["next_at"]},
            {"$set": held, "$inc": {"attempts": 1}},
            return_document=ReturnDocument.AFTER,
        )

    async def _end(self, whose: Row, status: OutboxStatus, fault: str, taken: Row | None = None) -> bool:
        ended = {"status": status.value, "done_at": self._clock(), "fault": fault, "lease_owner": "", **(taken or {})}
        row = await self._outbox.find_one_and_update(whose | {"status": WAITING}, {"$set": ended})
        if row is None:
            return False
        if row["order_no"]:
            await self._call_up(row["order_no"], row["kind"])
        return True

    async def _call_up(self, order_no: str, kind: str) -> None:
        """The next of this order on this way may go now. None of them is held: none could be claimed before."""
        waiting = {"order_no": order_no, "kind": kind, "status": WAITING, "lease_owner": ""}
        await self._outbox.update_many(waiting, {"$set": {"next_at": self._clock()}})
