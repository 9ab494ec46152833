"""Papers on the shelves: volumes, places, handover lists, loans, destruction lists. Called by flows/paper_*.

Every change names the version (or the state) it was decided upon; when the row has moved on, Conflict is raised and
nothing is written. A volume's state is the one lock: what is lent or listed is not kept, so nobody has it twice.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.errors import BulkWriteError, DuplicateKeyError

from conf.errors import Conflict, NotFound
from conf.terms import CompanyStatus, HandoverStatus, VolumeState
from store.connection import Base, Row, Tx
from store.encode import changes_to_bson, from_bson, text, to_bson, whole
from store.records.paper import Destruction, Handover, Loan, Location, PaperCompany, PaperStep, Volume

T = TypeVar("T", Volume, Handover, Loan, Destruction)
MOVED_ON = "已经有人先处理了，请刷新页面后再试。"


class Paper:
    """The five collections of the paper side. Lists are answered newest first, places in the order of the shelves."""

    def __init__(self, base: Base) -> None:
        self._volumes, self._places = base["paper_volumes"], base["paper_locations"]
        self._handovers, self._loans = base["paper_handovers"], base["paper_loans"]
        self._destructions = base["paper_destructions"]
        self._companies, self._filings = base["companies"], base["filings"]
        self._rooms = {
            Volume: self._volumes, Handover: self._handovers, Loan: self._loans, Destruction: self._destructions,
        }  # fmt: skip

    # -- what all of them have

    async def add(self, thing: Volume | Handover | Loan | Destruction, tx: Tx) -> None:
        """Keep a new one. Raises Conflict when its number is taken."""
        try:
            await self._rooms[type(thing)].insert_one(to_bson(thing), session=tx)
        except DuplicateKeyError:
            raise Conflict("这个编号已经用过，请换一个。") from None

    async def one(self, kind: type[T], id: str) -> T:
        """Raises NotFound."""
        row = await self._rooms[kind].find_one({"_id": text(id)})
        if row is None:
            raise NotFound(id)
        return from_bson(kind, row)

    async def change(self, thing: T, step: PaperStep, tx: Tx, **changes: Any) -> T:
        """Write a step onto the row as it was read. Raises Conflict when it has moved on meanwhile."""
        row = await self._rooms[type(thing)].find_one_and_update(
            {"_id": thing.id, "version": whole(thing.version)},
            {"$set": changes_to_bson(type(thing), changes), "$push": {"history": to_bson(step)}, "$inc": {"version": 1}}
            if changes
            else {"$push": {"history": to_bson(step)}, "$inc": {"version": 1}},
            return_document=ReturnDocument.AFTER,
            session=tx,
        )
        if row is None:
            raise Conflict(MOVED_ON)
        return from_bson(type(thing), row)

    # -- volumes

    async def volume(self, id: str) -> Volume | None:
        row = await self._volumes.find_one({"_id": text(id)})
        return from_bson(Volume, row) if row else None

    async def volumes(self, ids: Collection[str]) -> tuple[Volume, ...]:
        """Those of these barcodes there are, by barcode."""
        return await self._found({"_id": {"$in": [text(id) for id in ids]}}, 500)

    async def volumes_of_list(self, handover_no: str) -> tuple[Volume, ...]:
        """Everything announced by a handover list, by barcode."""
        return await self._found({"handover_no": text(handover_no)}, 500)

    async def volumes_of(self, usccs: Collection[str], limit: int = 50) -> tuple[Volume, ...]:
        """Volumes in which papers of these companies lie."""
        return await self._found({"parts.uscc": {"$in": [text(uscc) for uscc in usccs]}}, limit)

    async def volumes_at(self, location: str) -> tuple[Volume, ...]:
        return await self._found({"location": text(location), "state": {"$ne": VolumeState.DESTROYED.value}}, 200)

    async def unplaced(self, limit: int = 50) -> tuple[Volume, ...]:
        """Kept, and not put away yet."""
        return await self._found({"location": "", "state": VolumeState.KEPT.value}, limit)

    async def of_ended(self, before: date, limit: int = 50) -> tuple[Volume, ...]:
        """Volumes kept in which papers of a company lie that was cancelled or annulled before that day.

        Longest ago first; what else the term asks is the flow's to judge. Walks companies that ended, not the shelves.
        """
        gone = [CompanyStatus.CANCELLED.value, CompanyStatus.ANNULLED.value]
        kept: list[Row] = [{"$match": {"state": VolumeState.KEPT.value}}]
        stages: list[Row] = [
            {"$match": {"ended_on": {"$gt": "", "$lt": before.isoformat()}, "status": {"$in": gone}}},
            {"$sort": {"ended_on": ASCENDING}},
            {"$project": {"_id": 1}},
            {
                "$lookup": {
                    "from": "paper_volumes", "localField": "_id", "foreignField": "parts.uscc", "pipeline": kept,
                    "as": "volume",
                }
            },
            {"$unwind": "$volume"},
            {"$replaceWith": "$volume"},
            {"$limit": limit * 4},  # a box of several such companies comes once for each
        ]  # fmt: skip
        rows = await (await self._companies.aggregate(stages, maxTimeMS=10_000, batchSize=limit * 4 + 1)).to_list()
        found = {row["_id"]: row for row in rows}
        return tuple(from_bson(Volume, row) for row in list(found.values())[:limit])

    async def move_all(
        self, ids: Sequence[str], expect: VolumeState, to: VolumeState, step: PaperStep, tx: Tx, **changes: Any
    ) -> None:
        """Move all of them or none: Conflict unless every one stands at `expect`."""
        values = changes_to_bson(Volume, {**changes, "state": to})
        done = await self._volumes.update_many(
            {"_id": {"$in": list(ids)}, "state": expect.value},
            {"$set": values, "$push": {"history": to_bson(step)}, "$inc": {"version": 1}},
            session=tx,
        )
        if done.matched_count != len(ids):
            raise Conflict(MOVED_ON)

    async def forget(self, volume: Volume, tx: Tx) -> None:
        """Take a volume off a draft again, as if it had never been written. Raises Conflict when it moved on."""
        mine = {"_id": volume.id, "version": whole(volume.version), "state": VolumeState.ANNOUNCED.value}
        if not (await self._volumes.delete_one(mine, session=tx)).deleted_count:
            raise Conflict(MOVED_ON)

    async def _found(self, asked: Row, limit: int) -> tuple[Volume, ...]:
        rows = await self._volumes.find(asked).sort("_id", ASCENDING).limit(limit).to_list()
        return tuple(from_bson(Volume, row) for row in rows)

    # -- what the register says of whose papers they are

    async def companies(self, usccs: Collection[str], tx: Tx | None = None) -> dict[str, PaperCompany]:
        """By code; a company the register does not have is absent."""
        asked = {"_id": {"$in": [text(uscc) for uscc in usccs]}}
        fields = {"name": 1, "status": 1, "ended_on": 1, "locked": 1}
        rows = await self._companies.find(asked, fields, session=tx).to_list()
        return {str(row["_id"]): from_bson(PaperCompany, row, key="uscc") for row in rows}

    async def filing_numbers(self, usccs: Collection[str]) -> dict[str, tuple[int, ...]]:
        """Numbers of the filings the dossiers hold, by code."""
        asked = {"uscc": {"$in": [text(uscc) for uscc in usccs]}}
        found: dict[str, list[int]] = {}
        async for row in self._filings.find(asked, {"uscc": 1, "number": 1}).sort("number", ASCENDING):
            found.setdefault(row["uscc"], []).append(row["number"])
        return {uscc: tuple(numbers) for uscc, numbers in found.items()}

    # -- places

    async def add_places(self, places: Sequence[Location], tx: Tx) -> None:
        """Raises Conflict when one of them is there already; then none is added."""
        try:
            await self._places.insert_many([to_bson(place) for place in places], session=tx)
        except BulkWriteError:
            raise Conflict("其中有的位置已经建立过，没有新建。") from None

    async def place(self, id: str) -> Location | None:
        row = await self._places.find_one({"_id": text(id)})
        return from_bson(Location, row) if row else None

    async def places(self, start: str = "", limit: int = 100) -> tuple[Location, ...]:
        """Places in order of their codes, those that begin with `start`."""
        beyond = {"_id": {"$gte": text(start), "$lt": text(start) + "\uffff"}} if start else {}
        rows = await self._places.find(beyond).sort("_id", ASCENDING).limit(limit).to_list()
        return tuple(from_bson(Location, row) for row in rows)

    # -- lists and loans

    async def touch(self, handover: str, expect: HandoverStatus, tx: Tx, *, volumes: int = 0) -> None:
        """Note that a volume of this list changes, so that the list cannot move on beside it; Conflict when it did."""
        mine = {"_id": text(handover), "status": expect.value}
        done = await self._handovers.update_one(mine, {"$inc": {"version": 1, "volumes": volumes}}, session=tx)
        if not done.matched_count:
            raise Conflict(MOVED_ON)

    async def handovers(self, limit: int = 50) -> tuple[Handover, ...]:
        """Those not closed first, then the newest."""
        rows = await self._handovers.find().sort("made_at", DESCENDING).limit(limit).to_list()
        found = tuple(from_bson(Handover, row) for row in rows)
        return tuple(sorted(found, key=lambda one: one.status is HandoverStatus.CLOSED))

    async def loans_out(self, limit: int = 100) -> tuple[Loan, ...]:
        """What is lent, the longest due first."""
        return await self._lent({"is_out": True}, "due_at", ASCENDING, limit)

    async def loans_back(self, limit: int = 20) -> tuple[Loan, ...]:
        """What came back, the last first."""
        return await self._lent({"is_out": False}, "returned_at", DESCENDING, limit)

    async def loans_to_remind(self, now: datetime, today: date, limit: int = 20) -> tuple[Loan, ...]:
        """Overdue ones with a mail address whose holder was not written to today."""
        asked = {"is_out": True, "due_at": {"$lte": now}, "mail": {"$ne": None}}
        return await self._lent(asked | {"reminded_on": {"$ne": today.isoformat()}}, "due_at", ASCENDING, limit)

    async def _lent(self, asked: Row, by: str, order: int, limit: int) -> tuple[Loan, ...]:
        rows = await self._loans.find(asked).sort(by, order).limit(limit).to_list()
        return tuple(from_bson(Loan, row) for row in rows)

    async def destructions(self, limit: int = 50) -> tuple[Destruction, ...]:
        rows = await self._destructions.find().sort("made_at", DESCENDING).limit(limit).to_list()
        return tuple(from_bson(Destruction, row) for row in rows)
