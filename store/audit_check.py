"""Verifying the audit: every event, place, tie and root recomputed from what is stored. Called by store/audit.py.

Checks run by position, so the first fault found is the first there is. Each checkpoint is compared with the root at its
size, computed from the events themselves: stronger than a consistency proof between two of them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from pymongo import ASCENDING

from conf.terms import AuditFault
from store.audit_leaf import EVIDENCE, leaf_of, placed_tie, tie_of
from store.audit_sequence import Sequencer
from store.connection import Base, Row
from store.merkle import Frontier
from store.records import AuditReport, Checkpoint
from store.vault import Vault

#: Exactly what a placed event holds; one field more or less is an edit.
KNOWN = frozenset({*EVIDENCE, "_id", "position", "leaf", "tie"})
#: So many events are recomputed (some 10 ms) before others have their turn.
STRIDE = 200
#: Told (events recomputed, events there must be) after each stride.
Progress = Callable[[int, int], Awaitable[None]]


@dataclass
class _Fault(Exception):
    first_bad: int | None
    fault: AuditFault
    problem: str


@dataclass
class _Walk:
    """The tree as far as it has been recomputed, and the checkpoints still ahead, by size."""

    vault: Vault
    size: int  # what there must be at least: the frontier, or the largest checkpoint
    frontier: Frontier
    ahead: list[Checkpoint]
    grown: Frontier = field(default_factory=Frontier)
    vouched: int = 0  # size of the last checkpoint that was right

    def step(self, row: Row) -> None:
        """One stored event, in order of position."""
        here, position = self.grown.size, row["position"]
        if position != here or type(position) is not int:
            raise self._misplaced(position)
        problem = _event_problem(self.vault, row)
        if problem:
            raise _Fault(here, *problem)
        self.grown = self.grown.append(bytes.fromhex(row["leaf"]))
        self.compare()

    def compare(self) -> None:
        """The root here against every checkpoint of this size, and against the sequencer's own frontier."""
        while self.ahead and self.ahead[0].size <= self.grown.size:
            checkpoint = self.ahead.pop(0)
            if checkpoint.root != self.grown.root.hex():
                raise _Fault(
                    self.vouched,
                    AuditFault.REWRITTEN,
                    f"the checkpoint of size {checkpoint.size} has another root: "
                    f"history between {self.vouched} and {checkpoint.size - 1} was rewritten with the keys",
                )
            self.vouched = checkpoint.size
        if self.grown.size == self.frontier.size and self.grown != self.frontier:
            problem = f"the stored tree of size {self.frontier.size} is not the tree of the events"
            raise _Fault(None, AuditFault.OTHER_TREE, problem)

    def _misplaced(self, position: Any) -> _Fault:
        here = self.grown.size
        if isinstance(position, int) and position > here:
            if here < self.size:
                return _Fault(here, AuditFault.MISSING, "the event is missing (deleted or moved)")
            return _Fault(position, AuditFault.INSERTED, "an event was inserted beyond the end")
        at = int(position) if isinstance(position, int) else here
        return _Fault(at, AuditFault.INSERTED, "an event was inserted: position taken")


async def verify(base: Base, checkpoints: tuple[Checkpoint, ...], *, progress: Progress | None = None) -> AuditReport:
    """Recompute everything; the report names the first bad position. Reads in batches, at most a few MB at a time."""
    frontier = (await Sequencer(base).tree()).frontier
    ahead = sorted(checkpoints, key=lambda checkpoint: checkpoint.size)
    walk = _Walk(base.vault, max([frontier.size, *(c.size for c in ahead)]), frontier, ahead)
    try:
        walk.compare()
        await _walk_events(base, walk, progress)
        await _check_rest(base, walk)
    except _Fault as fault:
        return _report(walk, len(checkpoints), fault)
    return _report(walk, len(checkpoints), None)


async def _walk_events(base: Base, walk: _Walk, progress: Progress | None) -> None:
    placed = base["audit_events"].find({"position": {"$gte": 0}}).sort("position", ASCENDING).batch_size(1000)
    async for row in placed:
        walk.step(row)
        if walk.grown.size % STRIDE == 0:
            await asyncio.sleep(0)
            if progress:
                await progress(walk.grown.size, walk.size)
    if walk.grown.size < walk.size:
        problem = f"the end is cut off: {walk.size} events are vouched for"
        raise _Fault(walk.grown.size, AuditFault.CUT_OFF, problem)
    now = await Sequencer(base).tree()  # the sequencer may have gone on meanwhile, and be in the middle of a batch
    if walk.grown.size > max(now.frontier.size + len(now.batch), walk.size):
        raise _Fault(walk.size, AuditFault.INSERTED, "an event was inserted beyond the end")


async def _check_rest(base: Base, walk: _Walk) -> None:
    """Events without a position: genuine ones wait for the sequencer, any other was put there."""
    async for row in base["audit_events"].find({"position": {"$not": {"$gte": 0}}}).sort("_id", ASCENDING):
        is_waiting = row.pop("waiting", False) is True and row["position"] is None
        if not is_waiting or _event_problem(base.vault, row):
            problem = f"event {row['_id']} without a position was inserted or edited"
            raise _Fault(walk.grown.size, AuditFault.INSERTED, problem)


def _event_problem(vault: Vault, row: Row) -> tuple[AuditFault, str] | None:
    """What is wrong with one event by itself; None when nothing is."""
    if set(row) != KNOWN:
        return AuditFault.EDITED, "the event was edited: it has other fields than it was written with"
    try:
        leaf = leaf_of(row)
    except (TypeError, AttributeError, ValueError):
        return AuditFault.EDITED, "the event was edited: a field has another type"
    if leaf != row["leaf"]:
        return AuditFault.EDITED, "the event was edited: its content does not give its leaf"
    tie = tie_of(vault, leaf)
    if row["position"] is not None:
        tie = placed_tie(vault, tie, row["position"])
    if tie == row["tie"]:
        return None
    return AuditFault.FORGED, "the event was not written here: forged, or moved from another position"


def _report(walk: _Walk, checkpoints: int, fault: _Fault | None) -> AuditReport:
    return AuditReport(
        ok=fault is None,
        size=walk.grown.size,
        first_bad=fault.first_bad if fault else None,
        problem=fault.problem if fault else "",
        checkpoints=checkpoints,
        fault=fault.fault if fault else None,
    )
