"""Companies that moved to another registry, and where their paper dossiers are. Called by flows/company_keeping."""

from datetime import date

from pymongo import ASCENDING, DESCENDING
from pymongo.errors import DuplicateKeyError

from conf.errors import Conflict
from store.connection import Base, Tx
from store.encode import changes_to_bson, from_bson, text, to_bson
from store.records.work import MoveOut


class MoveOuts:
    """One row a company, key uscc."""

    def __init__(self, base: Base) -> None:
        self._rows = base["move_outs"]

    async def add(self, move: MoveOut, tx: Tx) -> None:
        """Raises Conflict when the company stands in the register already."""
        try:
            await self._rows.insert_one(to_bson(move, key="uscc"), session=tx)
        except DuplicateKeyError:
            raise Conflict("这家企业已经登记过迁出。") from None

    async def of(self, uscc: str) -> MoveOut | None:
        row = await self._rows.find_one({"_id": text(uscc)})
        return from_bson(MoveOut, row, key="uscc") if row else None

    async def hand_over(self, uscc: str, *, on: date, letter_no: str, by: str, tx: Tx) -> None:
        """The paper dossier has gone. Raises Conflict when it had gone before, or nothing is registered."""
        values = changes_to_bson(MoveOut, {"is_open": False, "handed_on": on, "letter_no": letter_no, "handed_by": by})
        done = await self._rows.update_one({"_id": text(uscc), "is_open": True}, {"$set": values}, session=tx)
        if not done.matched_count:
            raise Conflict("没有待移交的纸质档案，可能已经有同事登记。")

    async def open(self, batch: int = 100) -> tuple[MoveOut, ...]:
        """Paper dossiers still here, the most urgent first (so the overdue ones stand in front)."""
        rows = await self._rows.find({"is_open": True}).sort("due_at", ASCENDING).limit(batch).to_list()
        return tuple(from_bson(MoveOut, row, key="uscc") for row in rows)

    async def ended(self, batch: int = 20) -> tuple[MoveOut, ...]:
        """Those handed over last."""
        rows = await self._rows.find({"is_open": False}).sort("handed_on", DESCENDING).limit(batch).to_list()
        return tuple(from_bson(MoveOut, row, key="uscc") for row in rows)
