"""Changes that wait for a second person, and what was answered. Called by flows/approving."""

from datetime import datetime

from pymongo import DESCENDING, ReturnDocument

from conf.errors import Conflict, NotFound
from conf.terms import ProposalKind, ProposalStatus
from store.connection import Base, Tx
from store.encode import from_bson, text, to_bson
from store.records.office import Answer, Proposal


class Proposals:
    """Proposals by id; one open proposal about one thing of one kind."""

    def __init__(self, base: Base) -> None:
        self._proposals = base["proposals"]

    async def add(self, proposal: Proposal, tx: Tx) -> None:
        """Keep a new one. Raises Conflict when one of this kind about the same thing is open."""
        same = {"kind": proposal.kind.value, "about": text(proposal.about), "status": ProposalStatus.OPEN.value}
        if await self._proposals.find_one(same, {"_id": 1}, session=tx):
            raise Conflict("a proposal about this is open already")
        await self._proposals.insert_one(to_bson(proposal), session=tx)

    async def by_id(self, id: str) -> Proposal:
        """Raises NotFound."""
        row = await self._proposals.find_one({"_id": text(id)})
        if row is None:
            raise NotFound(id)
        return from_bson(Proposal, row)

    async def open_about(self, kind: ProposalKind, about: str) -> Proposal | None:
        """The open one of this kind about this thing, if there is one."""
        same = {"kind": kind.value, "about": text(about), "status": ProposalStatus.OPEN.value}
        row = await self._proposals.find_one(same)
        return from_bson(Proposal, row) if row else None

    async def answer(
        self, id: str, answer: Answer, *, status: ProposalStatus, expect: int, at: datetime, tx: Tx
    ) -> Proposal:
        """Add an answer while it is open and has had `expect` answers. Raises Conflict when it moved on meanwhile."""
        given: dict[str, object] = {"status": status.value}
        if status is not ProposalStatus.OPEN:
            given["ended_at"] = at
        guard = {"_id": text(id), "status": ProposalStatus.OPEN.value, "answers": {"$size": expect}}
        row = await self._proposals.find_one_and_update(
            guard,
            {"$set": given, "$push": {"answers": to_bson(answer)}},
            return_document=ReturnDocument.AFTER,
            session=tx,
        )
        if row is None:
            raise Conflict("this proposal was answered meanwhile")
        return from_bson(Proposal, row)

    async def listed(self, status: ProposalStatus | None = None, *, limit: int = 50) -> tuple[Proposal, ...]:
        """The newest first; of any status when none is named."""
        wanted = {"status": status.value} if status else {"status": {"$ne": ProposalStatus.OPEN.value}}
        rows = await self._proposals.find(wanted).sort("proposed_at", DESCENDING).limit(limit).to_list()
        return tuple(from_bson(Proposal, row) for row in rows)
