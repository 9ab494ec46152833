"""What was changed while the service ran: every version of every tuned value. Called by flows/tuning and store/live."""

from dataclasses import replace
from datetime import datetime

from pymongo import DESCENDING

from conf.errors import Conflict
from store.connection import Base, Tx
from store.encode import from_bson, text, to_bson
from store.records.office import Proposal
from store.records.tuned import Tuned


class TunedValues:
    """Versions by what they are of; exactly one of each is current."""

    def __init__(self, base: Base) -> None:
        self._tuned = base["tuned"]

    async def put(self, proposal: Proposal, *, at: datetime, tx: Tx) -> Tuned:
        """The approved proposal as the next version. Raises Conflict when what it changes is otherwise by now."""
        last = await self._tuned.find_one({"what": text(proposal.about), "is_current": True}, session=tx)
        before = from_bson(Tuned, last) if last else None
        if before is not None and before.after != dict(proposal.before):
            raise Conflict("this was changed meanwhile; propose it anew")
        version = before.version + 1 if before else 1
        made = Tuned(
            id=f"{proposal.about}.{version}", what=proposal.about, version=version, before=proposal.before,
            after=proposal.after, reason=proposal.reason, proposed_by=proposal.proposed_name,
            approved_by="、".join(answer.name for answer in proposal.answers if answer.is_yes),
            proposal_id=proposal.id, at=at, is_current=True,
        )  # fmt: skip
        if before is not None:
            await self._tuned.replace_one({"_id": before.id}, to_bson(replace(before, is_current=False)), session=tx)
        await self._tuned.insert_one(to_bson(made), session=tx)
        return made

    async def current(self) -> tuple[Tuned, ...]:
        """What counts now, one row a thing."""
        return tuple(from_bson(Tuned, row) for row in await self._tuned.find({"is_current": True}).to_list())

    async def history(self, prefix: str, *, limit: int = 50) -> tuple[Tuned, ...]:
        """Versions of everything whose name begins so, the newest first."""
        wanted = {"what": {"$gte": text(prefix), "$lt": text(prefix) + "\uffff"}}
        rows = await self._tuned.find(wanted).sort("at", DESCENDING).limit(limit).to_list()
        return tuple(from_bson(Tuned, row) for row in rows)
