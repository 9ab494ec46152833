"""What a backup holds, summed and proven while it passes by. For store/backups.py.

`Sums` are counts and digests by collection: of what is read, of what is in the file, of what was restored. `Proof`
also looks into the documents: digests of scans and copies, what names them, and the audit's tree.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import bson
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from store.audit_check import Walk, WalkFault
from store.audit_sequence import tree_of
from store.backup.reading import Batch
from store.encode import from_bson
from store.merkle import Frontier
from store.records import Checkpoint
from store.records.keeping import AuditTrim, CollectionSum, Manifest
from store.vault import Vault

_DECODED: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
_FEW = 20  # problems named; more of them say no more


class Sums:
    """Counts, bytes and digests of what was given to `take`, by collection."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[int, int, Any]] = {}
        self.damaged: list[str] = []
        self.tree: dict[str, Any] = {}
        self.checkpoint: dict[str, Any] = {}

    def take(self, batch: Batch) -> None:
        count, size, digest = self._sums.get(batch.collection) or (0, 0, hashlib.sha256())
        for document in batch.documents:
            digest.update(document)
        self._sums[batch.collection] = (
            count + len(batch.documents),
            size + sum(len(document) for document in batch.documents),
            digest,
        )
        self.damaged += batch.damaged
        if batch.documents and batch.collection == "audit_trees":
            self.tree = decoded(batch.documents[-1])
        if batch.documents and batch.collection == "audit_checkpoints":
            self.checkpoint = decoded(batch.documents[-1])

    @property
    def collections(self) -> tuple[CollectionSum, ...]:
        return tuple(
            CollectionSum(name=name, count=count, size=size, digest=digest.hexdigest())
            for name, (count, size, digest) in sorted(self._sums.items())
        )

    @property
    def frontier(self) -> Frontier:
        """The audit's tree as the sequencer had left it."""
        if not self.tree:
            return Frontier()
        return Frontier(self.tree["size"], tuple(bytes.fromhex(peak) for peak in self.tree["peaks"]))

    def against(self, manifest: Manifest) -> list[str]:
        """Where these differ from what a manifest says; empty when nowhere. Empty collections need not be there."""
        ours = {each.name: each for each in self.collections if each.count}
        theirs = {each.name: each for each in manifest.collections if each.count}
        found = []
        for name in sorted({*ours, *theirs}):
            one, two = ours.get(name), theirs.get(name)
            if one != two:
                counts = f"{one.count if one else 0} documents, the manifest says {two.count if two else 0}"
                found.append(f"{name}: {counts if not (one and two and one.count == two.count) else 'other content'}")
        root = self.frontier.root.hex()
        if (self.frontier.size, root) != (manifest.audit_size, manifest.audit_root):
            found.append("the audit's tree is not the one the manifest names")
        return found


class Proof:
    """Looks into every document of a backup; `problems` says what does not hold, the first twenty of them."""

    def __init__(
        self, vault: Vault, is_signed: Callable[[Checkpoint], bool], is_signed_trim: Callable[[AuditTrim], bool]
    ) -> None:
        self._vault, self._is_signed, self._is_signed_trim = vault, is_signed, is_signed_trim
        self.problems: list[str] = []
        self.files = self.events = 0
        self._digests: dict[Any, Any] = {}
        self._wanted: dict[str, set[bytes]] = {"scans": set(), "copy_files": set()}
        self._checkpoints: list[Checkpoint] = []
        self._tree: dict[str, Any] | None = None
        self._trims: list[AuditTrim] = []
        self._walk: Walk | None = None
        self._broken = False

    def take(self, batch: Batch) -> None:
        """Documents in the order of the backup."""
        name = batch.collection
        if name.endswith(".chunks"):
            for raw in batch.documents:
                chunk = RawBSONDocument(raw)
                self._digests.setdefault(chunk["files_id"], hashlib.sha256()).update(chunk["data"])
            return
        for raw in batch.documents:
            row = decoded(raw)
            if name.endswith(".files"):
                self._file(name.removesuffix(".files"), row)
            elif name == "pages":
                self._wanted["scans"].add(bytes.fromhex(row["sha256"]))
            elif name == "copies" and not row.get("file_removed_at"):
                self._wanted["copy_files"].add(bytes.fromhex(row["sha256"]))
            elif name.startswith("audit_"):
                self._audit(name, row)

    def finish(self) -> tuple[str, ...]:
        """What is wrong, after the last document."""
        for bucket, digests in self._wanted.items():
            for digest in sorted(digests):
                self._say(f"{bucket}/{digest.hex()} is named by a record but not in the backup")
        self._step(lambda walk: walk.end(walk.tree))
        self._step(lambda walk: walk.end_waiting())
        self.events = self._walk.grown.size if self._walk else 0
        return tuple(self.problems)

    def _file(self, bucket: str, row: dict[str, Any]) -> None:
        digest = self._digests.pop(row["_id"], hashlib.sha256())
        self.files += 1
        if digest.hexdigest() != row["filename"]:
            self._say(f"{bucket}/{row['filename']} is damaged")
        self._wanted.get(bucket, set()).discard(bytes.fromhex(row["filename"]))

    def _audit(self, name: str, row: dict[str, Any]) -> None:
        if name == "audit_trees":
            self._tree = row
        elif name == "audit_trims":
            trim = from_bson(AuditTrim, row, key="size")
            if self._is_signed_trim(trim):
                self._trims.append(trim)
            else:
                self._say(f"audit: the trim to {trim.size} is not signed by our key")
        elif name == "audit_checkpoints":
            checkpoint = from_bson(Checkpoint, row, key="size")
            if self._is_signed(checkpoint):
                self._checkpoints.append(checkpoint)
            else:
                self._say(f"audit: the checkpoint of size {checkpoint.size} is not signed by our key")
        elif name == "audit_events":
            is_placed = isinstance(row["position"], int)
            self._step(lambda walk: walk.step(row) if is_placed else walk.step_waiting(row))

    def _step(self, go: Callable[[Walk], None]) -> None:
        """Go on in the audit's tree until something there does not hold."""
        if self._broken:
            return
        try:
            if self._walk is None:
                self._walk = Walk.begin(self._vault, tree_of(self._tree), self._checkpoints, self._trims)
            go(self._walk)
        except WalkFault as fault:
            self._broken = True
            at = "" if fault.first_bad is None else f" at position {fault.first_bad}"
            self._say(f"audit{at}: {fault.problem}")

    def _say(self, problem: str) -> None:
        if len(self.problems) < _FEW:
            self.problems.append(problem)


def decoded(raw: bytes) -> dict[str, Any]:
    """One stored document."""
    return bson.decode(raw, _DECODED)
