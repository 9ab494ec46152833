"""Removing the audit's beginning when its term is over, so that what remains can still be proven. For store/audit.py.

Only whole prefixes go, and only up to a signed checkpoint that is older than the term. A signed trim keeps the tree's
peaks at that size; they must give the checkpoint's root, or nothing is removed. The trim and the event telling of it
are written in one transaction before the first event goes; a removal cut off is finished by the next turn.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from datetime import datetime

from pymongo import ASCENDING, DESCENDING

from conf.errors import IntegrityFault
from store.audit_check import STRIDE, event_problem
from store.audit_leaf import trim_text
from store.audit_proofs import BLOCK, AuditProofs
from store.connection import Base, Tx, atomically
from store.encode import from_bson, to_bson
from store.merkle import Frontier
from store.records import Checkpoint
from store.records.keeping import AuditTrim

#: Positions removed by one statement.
_BATCH = 2_000

Sign = Callable[[bytes], tuple[str, bytes]]
Tell = Callable[[AuditTrim, Tx], Awaitable[object]]


class Trims:
    """The trims made, and the next one."""

    def __init__(self, base: Base) -> None:
        self._base, self._clock = base, base.clock
        self._events, self._trims = base["audit_events"], base["audit_trims"]
        self._proofs = AuditProofs(base)

    async def all(self) -> tuple[AuditTrim, ...]:
        """Every trim, by size."""
        rows = await self._trims.find({}).sort("_id", ASCENDING).to_list()
        return tuple(from_bson(AuditTrim, row, key="size") for row in rows)

    async def last(self) -> AuditTrim | None:
        found = await self._trims.find_one({}, sort=[("_id", DESCENDING)])
        return None if found is None else from_bson(AuditTrim, found, key="size")

    async def trim(self, checkpoint: Checkpoint, *, sign: Sign, tell: Tell) -> AuditTrim | None:
        """Remove every event below the checkpoint's size; None when the audit begins there or later already.

        `tell` writes the event in the same transaction. Raises IntegrityFault, and removes nothing, when the events
        do not give the checkpoint's root.
        """
        last = await self.last()
        if last is not None and last.size >= checkpoint.size:
            return None
        grown = await self._grow(last, checkpoint.size)
        if (grown.size, grown.root.hex()) != (checkpoint.size, checkpoint.root):
            raise IntegrityFault(f"the audit up to {checkpoint.size} is not what was signed: run verify-audit")
        while not await self._proofs.fill(checkpoint.size):  # proofs of what remains rest on the blocks before it
            pass
        tail = await self._proofs.leaves_of_block(checkpoint.size // BLOCK, checkpoint.size % BLOCK)
        made = self._signed(grown, checkpoint, sign, tail=tuple(leaf.hex() for leaf in tail))

        async def work(tx: Tx) -> None:
            await self._trims.insert_one(to_bson(made, key="size"), session=tx)
            await tell(made, tx)

        await atomically(self._base.client, work)
        return made

    async def finish(self) -> int:
        """Remove what the last trim covers, as far as it is still there; how many events went."""
        last = await self.last()
        if last is None or last.done_at is not None:
            return 0
        removed = 0
        first = await self._events.find_one({"position": {"$gte": 0}}, {"position": 1}, sort=[("position", ASCENDING)])
        start = min(first["position"], last.size) if first else last.size
        for low in range(start, last.size, _BATCH):
            below = {"position": {"$gte": low, "$lt": min(low + _BATCH, last.size)}}
            removed += (await self._events.delete_many(below)).deleted_count
        await self._trims.update_one({"_id": last.size}, {"$set": {"done_at": self._clock()}})
        return removed

    async def _grow(self, last: AuditTrim | None, size: int) -> Frontier:
        """The tree over the events up to `size`, from the last trim on."""
        grown = Frontier(last.size, tuple(bytes.fromhex(peak) for peak in last.peaks)) if last else Frontier()
        asked = {"position": {"$gte": grown.size, "$lt": size}}
        async for row in self._events.find(asked).sort("position", ASCENDING):
            if row["position"] != grown.size or event_problem(self._base.vault, row):
                break  # an event that does not hold is evidence: it stays
            grown = grown.append(bytes.fromhex(row["leaf"]))
            if not grown.size % STRIDE:
                await asyncio.sleep(0)  # this runs within a serving process
        return grown

    def _signed(self, grown: Frontier, checkpoint: Checkpoint, sign: Sign, *, tail: tuple[str, ...]) -> AuditTrim:
        peaks, now = tuple(peak.hex() for peak in grown.peaks), self._clock()
        key_id, signature = sign(trim_text(grown.size, peaks, checkpoint_at=checkpoint.at, at=now))
        return AuditTrim(
            size=grown.size,
            root=checkpoint.root,
            peaks=peaks,
            checkpoint_at=checkpoint.at,
            at=now,
            tail=tail,
            key_id=key_id,
            signature=base64.b64encode(signature).decode(),
            done_at=None,
        )


async def checkpoint_before(base: Base, moment: datetime) -> Checkpoint | None:
    """The largest checkpoint signed at that moment or earlier; every event below its size is older than it."""
    found = await base["audit_checkpoints"].find_one({"at": {"$lte": moment}}, sort=[("_id", DESCENDING)])
    return None if found is None else from_bson(Checkpoint, found, key="size")
