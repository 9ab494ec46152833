"""Proofs that one event stands in a signed tree, at any size of the log. Called by handlers/flows/auditing.py.

Roots of complete blocks of 1,024 leaves are kept once worked out, so a proof reads two blocks and the list of roots.
Nothing rests on the kept roots: a proof is only given when it leads to the root the checkpoint signs.
"""

import asyncio

from pymongo import ASCENDING, DESCENDING

from conf.errors import IntegrityFault
from store.audit_leaf import canonical
from store.connection import Base, Row
from store.encode import from_bson
from store.merkle import Frontier, inclusion_proof, leaf_hash, tree_root, verify_inclusion
from store.records import AuditEvent, Checkpoint
from store.records.audit import AuditProof

BLOCK = 1024
#: So many blocks are worked out at most while a page waits, and by one turn of the background.
BLOCKS_ON_DEMAND, BLOCKS_AT_ONCE = 2, 200


class AuditProofs:
    """Inclusion proofs over the stored leaves, and the block roots that make them quick."""

    def __init__(self, base: Base) -> None:
        self._events, self._blocks = base["audit_events"], base["audit_blocks"]
        self._checkpoints, self._trims = base["audit_checkpoints"], base["audit_trims"]

    async def signing(self, position: int) -> Checkpoint | None:
        """The smallest checkpoint whose tree holds the position; None while nothing has been signed since."""
        found = await self._checkpoints.find_one({"_id": {"$gt": position}}, sort=[("_id", ASCENDING)])
        return None if found is None else from_bson(Checkpoint, found, key="size")

    async def prove(self, id: str, checkpoint: Checkpoint) -> AuditProof | None:
        """The proof of event `id` in the tree of `checkpoint`; None while it has no place in it, or blocks are missing.

        Raises IntegrityFault when what is stored does not lead to the signed root: the log or the checkpoint was
        changed, which the check of the whole audit tells more about.
        """
        row = await self._events.find_one({"_id": id})
        if row is None or row["position"] is None or row["position"] >= checkpoint.size:
            return None
        if not await self.fill(checkpoint.size, at_most=BLOCKS_ON_DEMAND):
            return None
        position, content = int(row["position"]), canonical(row)
        leaf, path = await self._path(position, checkpoint.size)
        root = bytes.fromhex(checkpoint.root)
        holds = verify_inclusion(leaf, position, size=checkpoint.size, proof=path, root=root)
        if not holds or leaf_hash(content.encode()) != leaf:
            raise IntegrityFault(f"event {id} does not lead to the root signed at {checkpoint.size}")
        event = from_bson(AuditEvent, row)
        return AuditProof(event=event, content=content, checkpoint=checkpoint, path=tuple(p.hex() for p in path))

    async def fill(self, size: int, *, at_most: int = BLOCKS_AT_ONCE) -> bool:
        """Work out the roots of complete blocks below `size`, so many at a time; whether all are there now."""
        newest = await self._blocks.find_one({}, {"_id": 1}, sort=[("_id", DESCENDING)])
        first, complete = (newest["_id"] + 1 if newest else 0), size // BLOCK
        for number in range(first, min(complete, first + at_most)):
            root = await asyncio.to_thread(tree_root, await self.leaves_of_block(number, BLOCK))
            await self._blocks.update_one({"_id": number}, {"$setOnInsert": {"root": root.hex()}}, upsert=True)
        return complete <= first + at_most

    async def forget(self) -> None:
        """Drop the kept roots: they are worked out anew when next needed. Those before the last trim cannot be."""
        trim = await self._trims.find_one({}, {"_id": 1}, sort=[("_id", DESCENDING)])
        await self._blocks.delete_many({"_id": {"$gte": trim["_id"] // BLOCK}} if trim else {})

    async def _path(self, position: int, size: int) -> tuple[bytes, tuple[bytes, ...]]:
        number, inside = divmod(position, BLOCK)
        own = await self.leaves_of_block(number, min(BLOCK, size - number * BLOCK))
        if inside >= len(own):
            raise IntegrityFault(f"leaf {position} is not where it was")
        return own[inside], (*inclusion_proof(own, inside), *await self._above(number, size))

    async def _above(self, number: int, size: int) -> tuple[bytes, ...]:
        """The path from a block's root to the tree's: blocks are aligned, so their roots are leaves of the rest."""
        rows: list[Row] = await self._blocks.find({"_id": {"$lt": size // BLOCK}}).sort("_id", ASCENDING).to_list()
        roots = [bytes.fromhex(row["root"]) for row in rows]
        if [row["_id"] for row in rows] != list(range(size // BLOCK)):
            raise IntegrityFault("block roots of the audit are missing")
        if size % BLOCK:
            roots.append(Frontier().extend(await self.leaves_of_block(size // BLOCK, size % BLOCK)).root)
        return await asyncio.to_thread(inclusion_proof, roots, number)

    async def leaves_of_block(self, number: int, count: int) -> list[bytes]:
        """The first `count` leaves of a block; those the retention job removed are kept by its last trim."""
        kept = await self._kept(number)
        within = {"$gte": number * BLOCK, "$lt": number * BLOCK + count}
        found = self._events.find({"position": within}, {"leaf": 1, "position": 1}).sort("position", ASCENDING)
        rows = [row for row in await found.to_list() if row["position"] >= number * BLOCK + len(kept)]
        return (kept + [bytes.fromhex(row["leaf"]) for row in rows])[:count]

    async def _kept(self, number: int) -> list[bytes]:
        trim = await self._trims.find_one({}, sort=[("_id", DESCENDING)])
        if trim is None or trim["_id"] // BLOCK != number:
            return []
        return [bytes.fromhex(leaf) for leaf in trim["tail"]]
