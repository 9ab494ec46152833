"""Proofs that one event stands in a signed tree, at any size of the log. Called by handlers/flows/auditing.py.

Roots of complete blocks of 1,024 leaves are kept once worked out, so a proof reads two blocks and the list of roots.
Nothing rests on the kept roots: a proof is only given when it leads to the root the checkpoint signs.
"""

import asyncio

from pymongo import ASCENDING, DESCENDING, UpdateOne

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
#: A reading of leaves or roots comes in one answer: 16 MB hold many more.
_ONE_ANSWER = 100_000
#: The block the last trim ended in, and those of its leaves that only the trim still has.
Tail = tuple[int, list[bytes]]


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
        tail = await self._tail()
        roots = await self._roots(checkpoint.size, tail)
        if roots is None:
            return None
        position, content = int(row["position"]), canonical(row)
        leaf, path = await self._path(position, checkpoint.size, roots, tail)
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
        await self._work_out(range(first, min(complete, first + at_most)), await self._tail())
        return complete <= first + at_most

    async def _work_out(self, numbers: range, tail: Tail) -> list[bytes]:
        """Keep the roots of these blocks."""
        roots = [await asyncio.to_thread(tree_root, await self._leaves(number, BLOCK, tail)) for number in numbers]
        if roots:
            kept = zip(numbers, roots, strict=True)
            await self._blocks.bulk_write(
                [
                    UpdateOne({"_id": number}, {"$setOnInsert": {"root": root.hex()}}, upsert=True)
                    for number, root in kept
                ]
            )
        return roots

    async def _roots(self, size: int, tail: Tail) -> list[bytes] | None:
        """Roots of the complete blocks below `size`; None while more are missing than a page may wait for."""
        complete = size // BLOCK
        found = self._blocks.find({"_id": {"$lt": complete}}).sort("_id", ASCENDING).batch_size(_ONE_ANSWER)
        rows: list[Row] = await found.to_list()
        if [row["_id"] for row in rows] != list(range(len(rows))):
            raise IntegrityFault("block roots of the audit are missing")
        if complete > len(rows) + BLOCKS_ON_DEMAND:
            return None
        missing = range(len(rows), complete)
        return [bytes.fromhex(row["root"]) for row in rows] + await self._work_out(missing, tail)

    async def forget(self) -> None:
        """Drop the kept roots: they are worked out anew when next needed. Those before the last trim cannot be."""
        trim = await self._trims.find_one({}, {"_id": 1}, sort=[("_id", DESCENDING)])
        await self._blocks.delete_many({"_id": {"$gte": trim["_id"] // BLOCK}} if trim else {})

    async def _path(self, position: int, size: int, roots: list[bytes], tail: Tail) -> tuple[bytes, tuple[bytes, ...]]:
        """The leaf at `position` and its path: within its block, then over the roots of blocks."""
        number, inside = divmod(position, BLOCK)
        own = await self._leaves(number, min(BLOCK, size - number * BLOCK), tail)
        if inside >= len(own):
            raise IntegrityFault(f"leaf {position} is not where it was")
        if size % BLOCK:
            is_last = number == size // BLOCK
            last = own if is_last else await self._leaves(size // BLOCK, size % BLOCK, tail)
            roots = [*roots, Frontier().extend(last).root]
        above = await asyncio.to_thread(inclusion_proof, roots, number)
        return own[inside], (*inclusion_proof(own, inside), *above)

    async def leaves_of_block(self, number: int, count: int) -> list[bytes]:
        """The first `count` leaves of a block; those the retention job removed are kept by its last trim."""
        return await self._leaves(number, count, await self._tail())

    async def _leaves(self, number: int, count: int, tail: Tail) -> list[bytes]:
        kept = tail[1] if tail[0] == number else []
        within = {"$gte": number * BLOCK, "$lt": number * BLOCK + count}
        found = self._events.find({"position": within}, {"leaf": 1, "position": 1}).sort("position", ASCENDING)
        rows = await found.batch_size(_ONE_ANSWER).to_list()
        placed = [bytes.fromhex(row["leaf"]) for row in rows if row["position"] >= number * BLOCK + len(kept)]
        return (kept + placed)[:count]

    async def _tail(self) -> Tail:
        trim = await self._trims.find_one({}, sort=[("_id", DESCENDING)])
        return (trim["_id"] // BLOCK, [bytes.fromhex(leaf) for leaf in trim["tail"]]) if trim else (-1, [])
