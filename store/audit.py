"""Evidence: events written with what they tell of, put in one order by a leased sequencer, kept in a Merkle tree.

Every flow appends; background and handlers/flows/evidence.py sequence, checkpoint and verify (store/audit_check.py).
A stored event carries, beside the fields of AuditEvent, `waiting` until it has a position, and `tie`: a keyed hash,
first over its leaf, then over its position and that. Whoever changes the database without the keys cannot make a tie,
so an event edited, forged or moved is named exactly; whoever has the keys is caught by the checkpoints outside.
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.errors import DuplicateKeyError

from conf.terms import AUDIT_FIELDS, AUDIT_MORE_FIELDS, AuditTag, Channel
from store.audit_check import Progress, verify
from store.audit_leaf import leaf_of, signed_text, tie_of
from store.audit_sequence import Sequencer
from store.audit_trim import Trims, checkpoint_before
from store.connection import Base, Tx
from store.encode import from_bson, to_bson
from store.ids import sortable_id
from store.merkle import Frontier
from store.records import AuditEvent, AuditReport, Checkpoint
from store.records.keeping import AuditTrim
from store.vault import Vault

#: Field values that name a person are kept as keyed hashes only.
_KEYED_FIELDS = frozenset({"query"})
_KEYED = re.compile(r"[0-9a-f]{64}")

Sign = Callable[[bytes], tuple[str, bytes]]


class Audit:
    """The events, the tree's frontier and the checkpoints."""

    def __init__(self, base: Base) -> None:
        self._base, self._clock, self._vault = base, base.clock, base.vault
        self._events, self._checkpoints = base["audit_events"], base["audit_checkpoints"]
        self._sequencer = Sequencer(base)
        self.trims = Trims(base)

    async def append(
        self,
        *,
        tag: AuditTag,
        who: str,
        role: str,
        channel: Channel,
        request_id: str,
        address: str,
        subject: str,
        outcome: str,
        fields: Mapping[str, Any],
        at: datetime | None = None,
        tx: Tx | None = None,
    ) -> AuditEvent:
        """Write one event, in the caller's transaction when there is one; it has no position yet.

        `who` and `address` come in clear or already keyed, and are kept keyed. Raises ValueError when the fields are
        not those of the tag (AUDIT_FIELDS, besides them only AUDIT_MORE_FIELDS) or hold anything but texts, whole
        numbers, yes/no, or lists of them.
        """
        now = self._clock()
        event = AuditEvent(
            id=sortable_id(now),
            position=None,
            tag=AuditTag(tag),
            at=_to_milliseconds(at or now),
            who=_keyed(self._vault, who),
            role=role,
            channel=Channel(channel),
            request_id=request_id,
            address=_keyed(self._vault, address),
            subject=subject,
            outcome=outcome,
            fields=_checked(self._vault, AuditTag(tag), fields),
            leaf="",
        )
        row = to_bson(event)
        row["leaf"] = leaf = leaf_of(row)
        await self._events.insert_one(row | {"waiting": True, "tie": tie_of(self._vault, leaf)}, session=tx)
        return replace(event, leaf=leaf)

    async def sequence(self, owner: str) -> int:
        """Give positions to waiting events, in order of writing, and extend the tree; how many were placed.

        Any process may call it, at any time: one at a time does the work, under a lease.
        """
        return await self._sequencer.run(owner)

    async def checkpoint(self, sign: Sign) -> Checkpoint | None:
        """Sign the tree as it stands and keep that; None when it has not grown. `sign(text) -> (key id, signature)`."""
        frontier = await self.frontier()
        latest = await self.latest_checkpoint()
        if frontier.size == (latest.size if latest else 0):
            return None
        now = self._clock()
        key_id, signature = sign(signed_text(frontier.size, frontier.root.hex(), now))
        made = Checkpoint(
            size=frontier.size,
            root=frontier.root.hex(),
            at=now,
            key_id=key_id,
            signature=base64.b64encode(signature).decode(),
        )
        try:
            await self._checkpoints.insert_one(to_bson(made, key="size"))
        except DuplicateKeyError:  # another process signed the same size
            return None
        return made

    async def latest_checkpoint(self) -> Checkpoint | None:
        found = await self._checkpoints.find_one({}, sort=[("_id", DESCENDING)])
        return None if found is None else from_bson(Checkpoint, found, key="size")

    async def newest_checkpoints(self, count: int) -> tuple[Checkpoint, ...]:
        """The largest checkpoints kept here, largest first."""
        rows = await self._checkpoints.find({}).sort("_id", DESCENDING).limit(count).to_list()
        return tuple(from_bson(Checkpoint, row, key="size") for row in rows)

    async def checkpoints(self) -> tuple[Checkpoint, ...]:
        """All checkpoints kept here, by size."""
        rows = await self._checkpoints.find({}).sort("_id", ASCENDING).to_list()
        return tuple(from_bson(Checkpoint, row, key="size") for row in rows)

    async def frontier(self) -> Frontier:
        """The tree's size and peaks as the sequencer left them."""
        return (await self._sequencer.tree()).frontier

    async def checkpoint_before(self, moment: datetime) -> Checkpoint | None:
        """The largest checkpoint signed at that moment or earlier; every event below its size is older than it."""
        return await checkpoint_before(self._base, moment)

    async def verify(
        self,
        checkpoints: tuple[Checkpoint, ...],
        trims: tuple[AuditTrim, ...] = (),
        *,
        progress: Progress | None = None,
    ) -> AuditReport:
        """Recompute every leaf, place and root against these checkpoints and trims, whose signatures are right."""
        return await verify(self._base, checkpoints, trims, progress=progress)

    async def events(self, from_position: int = 0, batch: int = 100) -> tuple[AuditEvent, ...]:
        """Events from a position on, in order."""
        rows = self._events.find({"position": {"$gte": from_position}}).sort("position", ASCENDING).limit(batch)
        return tuple(from_bson(AuditEvent, row) for row in await rows.to_list())

    async def oldest_unsequenced_age(self) -> float:
        """Seconds the first waiting event has been waiting; more than 10 is an alarm."""
        first = await self._events.find_one({"waiting": True}, {"at": 1}, sort=[("_id", ASCENDING)])
        return 0.0 if first is None else max(0.0, (self._clock() - first["at"]).total_seconds())


def _to_milliseconds(at: datetime) -> datetime:
    """What MongoDB keeps, so that the leaf can be computed again from the stored event."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _keyed(vault: Vault, value: str) -> str:
    return value if _KEYED.fullmatch(value) else vault.person_key(value)


def _checked(vault: Vault, tag: AuditTag, fields: Mapping[str, Any]) -> dict[str, Any]:
    if set(fields) - AUDIT_MORE_FIELDS.get(tag, frozenset()) != AUDIT_FIELDS[tag]:
        wanted = ", ".join(sorted(AUDIT_FIELDS[tag])) or "none"
        raise ValueError(f"{tag} takes the fields {wanted}; it was given {', '.join(sorted(fields)) or 'none'}")
    for name, value in fields.items():
        parts = value if isinstance(value, list | tuple) else [value]
        if not all(part is None or type(part) in (str, int, bool) for part in parts):
            raise ValueError(f"{tag}: {name} must be a text, whole number, yes/no or a list of them")
    kept = {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
    return kept | {name: _keyed(vault, str(kept[name])) for name in _KEYED_FIELDS & set(kept)}
