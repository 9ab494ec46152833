"""Versions of the access table as text, and the one draft. Called by flows/rules and store/live."""

from datetime import datetime
from typing import Any

from pymongo import DESCENDING
from pymongo.errors import DuplicateKeyError

from conf.errors import Conflict
from store.connection import Base, Tx
from store.encode import from_bson, text, to_bson
from store.records import Decision
from store.records.tuned import RuleDraft, RuleSet

DRAFT = "draft"


class RuleSets:
    """A version is written once and never changed: decisions name it for ever."""

    def __init__(self, base: Base) -> None:
        self._sets, self._drafts, self._orders = base["rule_sets"], base["rule_drafts"], base["orders"]

    async def add(self, made: RuleSet, tx: Tx | None = None) -> None:
        """Raises Conflict when the version is there."""
        try:
            await self._sets.insert_one(to_bson(made), session=tx)
        except DuplicateKeyError:
            raise Conflict(f"rule version {made.id} is there already") from None

    async def by_version(self, version: str) -> RuleSet | None:
        row = await self._sets.find_one({"_id": text(version)})
        return None if row is None else from_bson(RuleSet, row)

    async def all(self) -> tuple[RuleSet, ...]:
        """The newest first."""
        rows = await self._sets.find().sort("kept_at", DESCENDING).to_list()
        return tuple(from_bson(RuleSet, row) for row in rows)

    async def draft(self, tx: Tx | None = None) -> RuleDraft | None:
        row = await self._drafts.find_one({"_id": DRAFT}, session=tx)
        return None if row is None else from_bson(RuleDraft, row)

    async def save_draft(self, draft: RuleDraft, tx: Tx) -> None:
        """Keep it in the place of the revision before. Raises Conflict when somebody else saved meanwhile."""
        if draft.revision == 1:
            try:
                await self._drafts.insert_one(to_bson(draft), session=tx)
            except DuplicateKeyError:
                raise Conflict("somebody else began a draft meanwhile") from None
            return
        guard = {"_id": DRAFT, "revision": draft.revision - 1}
        if not (await self._drafts.replace_one(guard, to_bson(draft), session=tx)).matched_count:
            raise Conflict("somebody else saved the draft meanwhile")

    async def decided_since(self, day: str, *, limit: int) -> list[tuple[str, Decision]]:
        """(order number, its decision) of orders numbered from `TH<yyyymmdd>` of that day on, the newest first."""
        wanted: dict[str, Any] = {"_id": {"$gte": f"TH{text(day)}", "$lt": "TI"}}
        rows = await self._orders.find(wanted, {"decision": 1}).sort("_id", DESCENDING).limit(limit).to_list()
        return [(row["_id"], from_bson(Decision, row["decision"], key="")) for row in rows]


def file_set(version: str, body: str, now: datetime) -> RuleSet:
    """The version that came with the software."""
    return RuleSet(
        id=version, text=body, kept_at=now, effective_at=None, proposed_by="", approved_by=(), proposal_id=""
    )
