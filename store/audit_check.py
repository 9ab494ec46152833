"""Verifying the audit: every event, place, tie and root recomputed from what is stored. Called by store/audit.py.

Checks run by position, so the first fault found is the first there is. Each checkpoint is compared with the root at its
size, computed from the events themselves: stronger than a consistency proof between two of them. Where the beginning
was lawfully removed (store/audit_trim.py), the tree goes on from the signed trim, which must give a signed checkpoint.
store/backup/checking.py walks the events of a backup the same way.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pymongo import ASCENDING

from conf.terms import AuditFault, AuditTag
from store.audit_leaf import EVIDENCE, leaf_of, placed_tie, tie_of
from store.audit_sequence import Sequencer, Tree
from store.connection import Base, Row
from store.merkle import Frontier
from store.records import AuditReport, Checkpoint
from store.records.keeping import AuditTrim
from store.vault import Vault

INSERTED = AuditFault.INSERTED
#: Exactly what a placed event holds; one field more or less is an edit.
KNOWN = frozenset({*EVIDENCE, "_id", "position", "leaf", "tie"})
#: So many events are recomputed (some 10 ms) before others have their turn.
STRIDE = 200
#: Told (events recomputed, events there must be) after each stride.
Progress = Callable[[int, int], Awaitable[None]]
#: Nothing younger may ever be removed (网络安全法 Art. 21: at least six months).
LEAST_TERM = timedelta(days=183)


@dataclass
class WalkFault(Exception):
    """The first thing that does not hold, and at which position."""

    first_bad: int | None
    fault: AuditFault
    problem: str


@dataclass
class Walk:
    """The tree as far as it has been recomputed, and the checkpoints still ahead, by size."""

    vault: Vault
    size: int  # what there must be at least: the frontier, or the largest checkpoint
    tree: Tree
    ahead: list[Checkpoint]
    trim: AuditTrim | None
    grown: Frontier = field(default_factory=Frontier)
    vouched: int = 0  # size of the last checkpoint that was right
    is_told: bool = False  # an event tells of the trim

    @classmethod
    def begin(
        cls, vault: Vault, tree: Tree, checkpoints: Sequence[Checkpoint], trims: Sequence[AuditTrim] = ()
    ) -> "Walk":
        """At the beginning, or where the last trim left it. Signatures were checked by the caller.

        Raises WalkFault when the trim is not one of a checkpoint whose term was over.
        """
        trim = max(trims, key=lambda each: each.size, default=None)
        grown = Frontier() if trim is None else _frontier_of(trim, checkpoints)
        ahead = sorted((each for each in checkpoints if each.size >= grown.size), key=lambda each: each.size)
        size = max([tree.frontier.size, *(each.size for each in ahead)])
        walk = cls(vault, size, tree, ahead, trim, grown, vouched=grown.size)
        walk.compare()
        return walk

    def step(self, row: Row) -> None:
        """One stored event, in order of position."""
        here, position = self.grown.size, row["position"]
        if self.trim and type(position) is int and position < self.trim.size:
            self._left_behind(row, self.trim)
            return
        if position != here or type(position) is not int:
            raise self._misplaced(position)
        self._prove(row, here)
        self.grown = self.grown.append(bytes.fromhex(row["leaf"]))
        self.compare()

    def step_waiting(self, row: Row) -> None:
        """An event without a position: a genuine one waits for the sequencer, any other was put there."""
        is_waiting = row.pop("waiting", False) is True and row["position"] is None
        if not is_waiting or event_problem(self.vault, row):
            raise WalkFault(self.grown.size, INSERTED, f"event {row['_id']} without a position was inserted or edited")
        self._listen(row)

    def compare(self) -> None:
        """The root here against every checkpoint of this size, and against the sequencer's own frontier."""
        while self.ahead and self.ahead[0].size <= self.grown.size:
            checkpoint = self.ahead.pop(0)
            if checkpoint.root != self.grown.root.hex():
                raise WalkFault(
                    self.vouched,
                    AuditFault.REWRITTEN,
                    f"the checkpoint of size {checkpoint.size} has another root: "
                    f"history between {self.vouched} and {checkpoint.size - 1} was rewritten with the keys",
                )
            self.vouched = checkpoint.size
        frontier = self.tree.frontier
        if self.grown.size == frontier.size and self.grown != frontier:
            raise WalkFault(
                None, AuditFault.OTHER_TREE, f"the stored tree of size {frontier.size} is not the tree of the events"
            )

    def end(self, now: Tree) -> None:
        """After the last placed event; `now` is the tree as it stands by then (it may have gone on meanwhile)."""
        if self.grown.size < self.size:
            raise WalkFault(
                self.grown.size, AuditFault.CUT_OFF, f"the end is cut off: {self.size} events are vouched for"
            )
        # the sequencer may be in the middle of a batch
        if self.grown.size > max(now.frontier.size + len(now.batch), self.size):
            raise WalkFault(self.size, INSERTED, "an event was inserted beyond the end")

    def end_waiting(self) -> None:
        """After the last event of all."""
        if self.trim and not self.is_told:
            raise WalkFault(None, AuditFault.TRIM, f"no event tells that the audit was trimmed to {self.trim.size}")

    def _left_behind(self, row: Row, trim: AuditTrim) -> None:
        """An event below the beginning: one the trim has yet to remove, or one that was put back."""
        position = int(row["position"])
        if trim.done_at is not None:
            raise WalkFault(position, INSERTED, f"an event was inserted below {trim.size}, where the audit begins")
        self._prove(row, position)

    def _prove(self, row: Row, position: int) -> None:
        problem = event_problem(self.vault, row)
        if problem:
            raise WalkFault(position, *problem)
        self._listen(row)

    def _listen(self, row: Row) -> None:
        if self.trim and row["tag"] == AuditTag.AUDIT_TRIMMED.value and row["fields"].get("size") == self.trim.size:
            self.is_told = True

    def _misplaced(self, position: Any) -> WalkFault:
        here = self.grown.size
        if isinstance(position, int) and position > here:
            if here < self.size:
                return WalkFault(here, AuditFault.MISSING, "the event is missing (deleted or moved)")
            return WalkFault(position, INSERTED, "an event was inserted beyond the end")
        at = int(position) if isinstance(position, int) else here
        return WalkFault(at, INSERTED, "an event was inserted: position taken")


async def verify(
    base: Base,
    checkpoints: Sequence[Checkpoint],
    trims: Sequence[AuditTrim] = (),
    *,
    progress: Progress | None = None,
) -> AuditReport:
    """Recompute everything; the report names the first bad position. Reads in batches, at most a few MB at a time.

    Checkpoints and trims are those whose signatures are right.
    """
    sequencer, size = Sequencer(base), 0
    try:
        walk = Walk.begin(base.vault, await sequencer.tree(), checkpoints, trims)
        size = walk.grown.size
        placed = base["audit_events"].find({"position": {"$gte": 0}}).sort("position", ASCENDING).batch_size(1000)
        async for row in placed:
            walk.step(row)
            size = walk.grown.size
            if size % STRIDE == 0:
                await asyncio.sleep(0)
                if progress:
                    await progress(size, walk.size)
        walk.end(await sequencer.tree())
        async for row in base["audit_events"].find({"position": {"$not": {"$gte": 0}}}).sort("_id", ASCENDING):
            walk.step_waiting(row)
        walk.end_waiting()
    except WalkFault as fault:
        return report(size, len(checkpoints), fault)
    return report(size, len(checkpoints), None)


def report(size: int, checkpoints: int, fault: WalkFault | None) -> AuditReport:
    """The report of a walk that came to `size`."""
    return AuditReport(
        ok=fault is None,
        size=size,
        first_bad=fault.first_bad if fault else None,
        problem=fault.problem if fault else "",
        checkpoints=checkpoints,
        fault=fault.fault if fault else None,
    )


def _frontier_of(trim: AuditTrim, checkpoints: Sequence[Checkpoint]) -> Frontier:
    """The tree a trim left, when a checkpoint whose term was over vouches for it."""
    grown = Frontier(trim.size, tuple(bytes.fromhex(peak) for peak in trim.peaks))
    if len(trim.peaks) != trim.size.bit_count() or grown.root.hex() != trim.root:
        raise WalkFault(None, AuditFault.TRIM, f"the trim to {trim.size} does not give its own root: it was edited")
    vouching = [each for each in checkpoints if (each.size, each.root) == (trim.size, trim.root)]
    if not any(each.at == trim.checkpoint_at and each.at + LEAST_TERM <= trim.at for each in vouching):
        raise WalkFault(
            None, AuditFault.TRIM, f"no checkpoint of size {trim.size} whose term was over vouches for the trim"
        )
    return grown


def event_problem(vault: Vault, row: Mapping[str, Any]) -> tuple[AuditFault, str] | None:
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
