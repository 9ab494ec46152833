"""The audit's sequencer: gives waiting events their positions and extends the tree. Called by store/audit.py.

No transaction spans the events and the tree, because one left open by a killed process would hold everyone up until
the server ends it (a minute). Instead one record says what is to be done before it is done: first the batch is written
into the tree's record (one guarded update), then the events get their positions in order, then the tree moves on (one
guarded update). Every step may be repeated by anyone, so whoever comes next finishes what a dead process began.
"""

import asyncio
from dataclasses import dataclass

from pymongo import ASCENDING, DESCENDING, UpdateOne
from pymongo.errors import DuplicateKeyError

from store.audit_leaf import placed_tie
from store.connection import Base, Row
from store.leases import Leases
from store.merkle import Frontier

BATCH = 500
#: Seconds between looking and taking: an event whose transaction commits in between keeps its place by time.
SETTLE = 0.05
LEASE_SECONDS = 10
#: Batches of one call, so that a long queue is worked off without holding the lease for ever.
_ROUNDS = 10
TREE = "audit"


@dataclass(frozen=True, slots=True)
class Tree:
    """The tree as stored: its frontier, and the batch on its way in (event ids in order, frontier when it is in)."""

    frontier: Frontier
    batch: tuple[str, ...]
    next_peaks: tuple[bytes, ...]


class Sequencer:
    """Works under a lease so that processes do not get into each other's way; being right does not depend on it."""

    def __init__(self, base: Base) -> None:
        self._events, self._trees, self._vault = base["audit_events"], base["audit_trees"], base.vault
        self._leases = Leases(base)

    async def run(self, owner: str) -> int:
        """Place what waits now, in order of writing; how many events were placed."""
        tree = await self.tree()
        newest = await self._events.find_one({"waiting": True}, {"_id": 1}, sort=[("_id", DESCENDING)])
        if newest is None and not tree.batch:
            return 0
        if not await self._leases.take("audit-sequencer", owner, LEASE_SECONDS):
            return 0
        await asyncio.sleep(SETTLE)
        placed = await self.finish(tree)
        for _ in range(_ROUNDS if newest else 0):
            count = await self.step(newest["_id"])  # type: ignore[index]
            placed += count
            if count < BATCH:
                break
        return placed

    async def tree(self) -> Tree:
        """What is stored now."""
        return tree_of(await self._trees.find_one({"_id": TREE}))

    async def step(self, newest: str) -> int:
        """One batch of events up to id `newest`: announce, place, move on. 0 when another was quicker."""
        tree = await self.tree()
        if tree.batch:
            return await self.finish(tree)
        waiting = self._events.find({"waiting": True, "_id": {"$lte": newest}}, {"leaf": 1})
        rows = await waiting.sort("_id", ASCENDING).limit(BATCH).to_list()
        if not rows:
            return 0
        grown = tree.frontier.extend(bytes.fromhex(row["leaf"]) for row in rows)
        announced = Tree(tree.frontier, tuple(row["_id"] for row in rows), grown.peaks)
        return await self.finish(announced) if await self._announce(announced) else 0

    async def finish(self, tree: Tree) -> int:
        """Place the announced batch, as far as that has not happened, and move the tree on."""
        if not tree.batch:
            return 0
        size = tree.frontier.size
        rows = {row["_id"]: row async for row in self._events.find({"_id": {"$in": list(tree.batch)}}, {"tie": 1})}
        moves = [self._move(rows[id], size + n) for n, id in enumerate(tree.batch) if id in rows]
        await self._events.bulk_write(moves, ordered=True)  # in order: a reader never sees a gap
        moved = {"size": size + len(tree.batch), "peaks": _texts(tree.next_peaks), "batch": [], "next_peaks": []}
        await self._trees.update_one({"_id": TREE, "size": size, "batch": list(tree.batch)}, {"$set": moved})
        return len(tree.batch)

    async def _announce(self, tree: Tree) -> bool:
        still = {"_id": TREE, "size": tree.frontier.size, "batch": []}
        batch = {"batch": list(tree.batch), "next_peaks": _texts(tree.next_peaks)}
        if tree.frontier.size:
            return (await self._trees.update_one(still, {"$set": batch})).matched_count == 1
        try:
            await self._trees.update_one(still, {"$set": batch, "$setOnInsert": {"peaks": []}}, upsert=True)
        except DuplicateKeyError:  # another process announced the very first batch
            return False
        return True

    def _move(self, row: Row, position: int) -> UpdateOne:
        placed = {"position": position, "tie": placed_tie(self._vault, row["tie"], position)}
        return UpdateOne({"_id": row["_id"], "waiting": True}, {"$set": placed, "$unset": {"waiting": ""}})


def tree_of(row: Row | None) -> Tree:
    """The tree as its stored row says; None is the empty one."""
    if row is None:
        return Tree(Frontier(), (), ())
    return Tree(Frontier(row["size"], _hashes(row["peaks"])), tuple(row["batch"]), _hashes(row["next_peaks"]))


def _hashes(texts: list[str]) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(text) for text in texts)


def _texts(hashes: tuple[bytes, ...]) -> list[str]:
    return [one.hex() for one in hashes]
