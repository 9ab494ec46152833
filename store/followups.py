"""What is done about low ratings: one row a rating, moved only by guarded updates. Called by the follow-up flow."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from conf.errors import Conflict, NotFound
from conf.settings import Settings
from conf.terms import FollowUpStatus
from store.connection import Base, Row, Tx
from store.encode import changes_to_bson, from_bson, text, to_bson, whole
from store.records import FollowUp, FollowUpEntry

#: What a step may change beside status and history.
CHANGEABLE = frozenset(
    {"due_first_contact", "due_rectify", "due_callback", "callback_result", "feedback_at", "reopened", "next_due"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowUpTerms:
    """Working days from the rating to each step."""

    contact: int
    rectify: int
    callback: int

    @classmethod
    def of(cls, settings: Settings) -> "FollowUpTerms":
        s = settings
        return cls(contact=s.rating_contact_days, rectify=s.rating_rectify_days, callback=s.rating_callback_days)


class FollowUps:
    """Follow-ups by "<order number>.<1 or 2>". `terms` are those of the settings."""

    def __init__(self, base: Base) -> None:
        self._followups, self.terms = base["followups"], FollowUpTerms.of(base.settings)

    async def add(self, followup: FollowUp, tx: Tx) -> None:
        """Open one, in the transaction that keeps the rating. Raises Conflict when the rating has one."""
        try:
            await self._followups.insert_one(to_bson(followup), session=tx)
        except DuplicateKeyError:
            raise Conflict(f"rating {followup.id} has its follow-up already") from None

    async def by_id(self, id: str) -> FollowUp | None:
        row = await self._followups.find_one({"_id": text(id)})
        return None if row is None else from_bson(FollowUp, row)

    async def advance(
        self,
        id: str,
        expect: FollowUpStatus,
        to: FollowUpStatus,
        entry: FollowUpEntry,
        *,
        version: int,
        tx: Tx,
        **changes: Any,
    ) -> FollowUp:
        """Write a step if the row still stands at `expect` and `version`. Raises NotFound, Conflict when it moved."""
        if set(changes) - CHANGEABLE:
            raise TypeError(f"a step does not change {', '.join(sorted(set(changes) - CHANGEABLE))}")
        values = changes_to_bson(FollowUp, {**changes, "status": to, "is_open": to is not FollowUpStatus.CLOSED})
        moved = await self._followups.find_one_and_update(
            {"_id": text(id), "status": expect.value, "version": whole(version)},
            {"$set": values, "$push": {"history": to_bson(entry)}, "$inc": {"version": 1}},
            return_document=ReturnDocument.AFTER,
            session=tx,
        )
        if moved is not None:
            return from_bson(FollowUp, moved)
        known = await self._followups.find_one({"_id": id}, {"_id": 1}, session=tx)
        raise Conflict(f"follow-up {id} has moved on") if known else NotFound(id)

    async def open(self, after: str = "", batch: int = 20) -> tuple[tuple[FollowUp, ...], str]:
        """Those not closed, the most urgent first (so the overdue ones stand in front), and the next batch's cursor."""
        asked: Row = {"is_open": True} | (_beyond(after) if after else {})
        order = [("next_due", ASCENDING), ("_id", ASCENDING)]
        rows = await self._followups.find(asked).sort(order).limit(batch + 1).to_list()
        found = tuple(from_bson(FollowUp, row) for row in rows)
        return found[:batch], _cursor(found[batch - 1]) if len(found) > batch else ""

    async def closed(self, batch: int = 20) -> tuple[FollowUp, ...]:
        """Those closed last, newest first."""
        rows = await self._followups.find({"is_open": False}).sort("feedback_at", DESCENDING).limit(batch).to_list()
        return tuple(from_bson(FollowUp, row) for row in rows)

    async def overdue(self, now: datetime) -> int:
        """How many have missed the term of their next step."""
        return await self._followups.count_documents({"is_open": True, "next_due": {"$lte": now}})


def _cursor(followup: FollowUp) -> str:
    assert followup.next_due is not None  # only open ones are listed in batches
    return f"{int(followup.next_due.timestamp() * 1000)}~{followup.id}"


def _beyond(after: str) -> Row:
    """Filter of what follows a cursor; a cursor nobody gave out leaves nothing."""
    milliseconds, _, id = text(after).partition("~")
    if not (milliseconds.isascii() and milliseconds.isdecimal()) or len(milliseconds) > 14:
        return {"_id": ""}
    at = datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    return {"$or": [{"next_due": {"$gt": at}}, {"next_due": at, "_id": {"$gt": id}}]}
