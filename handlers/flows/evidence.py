"""Keeping the audit provable: signed checkpoints to a file, the log and the database, and the check of all of them.

Background calls `keep_checkpoint` every few seconds; `eqicha.py verify-audit` calls `verify_audit`. The file
`var/checkpoints/audit.jsonl` (one JSON line a checkpoint, only ever appended) is what a thief of the database cannot
change: copy it, or ship the log, to another host.
"""

import asyncio
import base64
import fcntl
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from cryptography.exceptions import InvalidSignature

from conf.clock import Clock, utc_now
from conf.keys import Keys
from conf.logs import get_log
from conf.terms import AuditFault
from store import Store
from store.audit_check import Progress
from store.audit_leaf import key_id_of, signed_text, trim_text
from store.records import AuditReport, Checkpoint
from store.records.keeping import AuditTrim

log = get_log("evidence")

EVERY = timedelta(seconds=55)  # asked once a minute, a checkpoint a minute is due each time
EVERY_EVENTS = 1000
SKEW = timedelta(seconds=5)  # clocks of several hosts may differ by less


async def keep_checkpoint(store: Store, keys: Keys, var_dir: Path, *, clock: Clock = utc_now) -> Checkpoint | None:
    """Sign the tree when a minute or 1,000 events have passed since the last time; None when nothing is due."""
    latest = await store.audit.latest_checkpoint()
    size = (await store.audit.frontier()).size
    grown = size - (latest.size if latest else 0)
    if grown < 0:
        log.error("audit_shrunk", size=size, signed_size=latest.size if latest else 0, advice="run verify-audit")
        return None
    if latest and grown < EVERY_EVENTS and clock() - latest.at < EVERY:
        return None
    made = await store.audit.checkpoint(signer(keys))
    if made is not None:
        await asyncio.to_thread(write_checkpoint, checkpoint_file(var_dir), made)
        log.info("audit_checkpoint", size=made.size, root=made.root, key_id=made.key_id, signature=made.signature)
        await store.audit_proofs.fill(made.size)
    return made


async def verify_audit(store: Store, keys: Keys, var_dir: Path, *, progress: Progress | None = None) -> AuditReport:
    """Recompute the whole audit and compare it with every checkpoint in the file and in the database.

    A fault of an event goes before a fault of a checkpoint; `first_bad` is the first bad position. `progress` is told
    (events recomputed, events there must be); others have their turn all along.
    """
    in_file, unreadable = await asyncio.to_thread(read_checkpoints, checkpoint_file(var_dir))
    in_store, trims = await store.audit.checkpoints(), await store.audit.trims.all()
    signed = await asyncio.to_thread(_signed, (*in_file, *in_store), keys)
    lawful = tuple(trim for trim in trims if is_signed_trim(trim, keys))
    report = await store.audit.verify(tuple(signed), lawful, progress=progress)
    if not report.ok and await store.audit.trims.last() != (trims[-1] if trims else None):
        return await verify_audit(store, keys, var_dir, progress=progress)  # retention went on while this looked
    found = (AuditFault.UNREADABLE, unreadable) if unreadable else _checkpoint_problem(in_file, in_store, signed)
    if trims and trims[-1] not in lawful:
        found = AuditFault.TRIM, f"the trim to {trims[-1].size} is not signed by our key"
    if report.ok and found:
        return replace(report, ok=False, fault=found[0], problem=found[1])
    return report


def _signed(checkpoints: Sequence[Checkpoint], keys: Keys) -> set[Checkpoint]:
    """Those our key signed; each looked at once."""
    return {checkpoint for checkpoint in set(checkpoints) if is_signed(checkpoint, keys)}


def is_signed_trim(trim: AuditTrim, keys: Keys) -> bool:
    """Whether our audit key signed exactly this trim."""
    text = trim_text(trim.size, trim.peaks, checkpoint_at=trim.checkpoint_at, at=trim.at)
    return _is_ours(text, trim.signature, keys)


def is_signed(checkpoint: Checkpoint, keys: Keys) -> bool:
    """Whether our audit key signed exactly this size, root and time."""
    return _is_ours(signed_text(checkpoint.size, checkpoint.root, checkpoint.at), checkpoint.signature, keys)


def signer(keys: Keys) -> Callable[[bytes], tuple[str, bytes]]:
    """Signs a text with the audit key: (key id, signature)."""
    key_id = key_id_of(keys.audit.public_key().public_bytes_raw())
    return lambda text: (key_id, keys.audit.sign(text))


def _is_ours(text: bytes, signature: str, keys: Keys) -> bool:
    for key in (keys.audit.public_key(), *keys.audit_retired):
        try:
            key.verify(base64.b64decode(signature, validate=True), text)
        except (InvalidSignature, ValueError):
            continue
        return True
    return False


def checkpoint_file(var_dir: Path) -> Path:
    """Where the checkpoints of this host stand."""
    return var_dir / "checkpoints" / "audit.jsonl"


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Append one line and flush it to disk; several processes may share the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(
        {
            "size": checkpoint.size,
            "root": checkpoint.root,
            "at": checkpoint.at.isoformat(timespec="milliseconds"),
            "key_id": checkpoint.key_id,
            "signature": checkpoint.signature,
        }
    )
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0, os.SEEK_END)
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":  # a line cut off by a crash stays as it is, and alone
                line = "\n" + line
        file.write(line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_checkpoints(path: Path, *, tail: int = 0) -> tuple[tuple[Checkpoint, ...], str]:
    """All checkpoints of a file in its order, and what cannot be read in it (empty when nothing).

    With `tail`, only the whole lines among the last so many bytes.
    """
    if not path.is_file():
        return (), ""
    found, problem = [], ""
    lines = _lines(path, tail)
    for number, line in enumerate(lines, 1):
        try:
            raw = json.loads(line)
            found.append(Checkpoint(**raw | {"at": datetime.fromisoformat(raw["at"])}))
        except (ValueError, TypeError, KeyError):
            problem = problem or f"line {number} of {path.name} is not a checkpoint: cut off in a crash, or changed"
    return tuple(found), problem


def _lines(path: Path, tail: int) -> list[str]:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        is_cut = 0 < tail < size
        file.seek(size - tail if is_cut else 0)
        lines = file.read().decode("utf-8", "replace").splitlines()
    return lines[1:] if is_cut else lines


def _checkpoint_problem(
    in_file: Sequence[Checkpoint], in_store: Sequence[Checkpoint], signed: set[Checkpoint]
) -> tuple[AuditFault, str] | None:
    """The first thing wrong with the checkpoints themselves."""
    for where, checkpoints in (("file", in_file), ("database", in_store)):
        for checkpoint in checkpoints:
            if checkpoint not in signed:
                problem = f"the checkpoint of size {checkpoint.size} in the {where} is not signed by our key"
                return AuditFault.UNSIGNED, problem
        for smaller, larger in pairwise(sorted(checkpoints, key=lambda checkpoint: checkpoint.size)):
            if smaller.at > larger.at + SKEW:
                problem = f"the log was set back: size {smaller.size} in the {where} was signed after {larger.size}"
                return AuditFault.SET_BACK, problem
    dropped = {checkpoint.size for checkpoint in in_file} - {checkpoint.size for checkpoint in in_store}
    if dropped:
        problem = f"the checkpoint of size {min(dropped)} stands in the file but not in the database"
        return AuditFault.DROPPED, problem
    return None
