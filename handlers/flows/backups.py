"""Backups as an operator asks for them: made, verified, restored, each told of in the audit. For eqicha.py only."""

import asyncio
import os
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from conf.clock import Clock, utc_now
from conf.errors import BackupRefused, EqichaError, IntegrityFault, NotFound
from conf.keys import Keys, load_backup_key
from conf.logs import get_log
from conf.settings import Settings
from conf.terms import AuditTag, Channel
from handlers.flows.evidence import (
    checkpoint_file,
    is_signed,
    is_signed_trim,
    read_checkpoints,
    verify_audit,
    write_checkpoint,
)
from store import Store, Tx
from store.backup.checking import Proof
from store.backups import Written
from store.ids import sortable_id
from store.records.keeping import BackupMade, Manifest

log = get_log("backups")

Progress = Callable[[int, int], None]
TRACE: Mapping[str, Any] = {
    "who": "command",
    "role": "system",
    "channel": Channel.COMMAND,
    "request_id": "",
    "address": "",
}


@dataclass(frozen=True, kw_only=True)
class Proven:
    """What verifying came to: problems in plain lines, none when all is well."""

    files: int
    events: int
    problems: tuple[str, ...]
    written: Written | None = None


async def make_backup(
    store: Store, settings: Settings, keys: Keys, to: Path, *, progress: Progress, clock: Clock = utc_now
) -> tuple[Path, Written]:
    """Back the database up to a file, or to one named by the time in a folder; (where, what). Raises BackupRefused."""
    path = _place(to, f"eqicha-{settings.mongo_database}-{clock():%Y%m%dT%H%M%SZ}.backup")
    owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    begun = time.monotonic()
    written = await store.backups.write(path, load_backup_key(settings, keys), owner=owner, progress=progress)
    manifest = written.manifest
    made = BackupMade(
        id=sortable_id(manifest.made_at),
        name=path.name,
        made_at=manifest.made_at,
        seconds=round(time.monotonic() - begun, 3),
        size=written.size,
        documents=manifest.documents,
        audit_size=manifest.audit_size,
        digest=written.digest,
        verified_at=None,
    )

    async def work(tx: Tx) -> None:
        await store.backups.remember(made, tx)
        await _tell(store, AuditTag.BACKUP_MADE, path.name, _sums(written), tx=tx)

    await store.atomically(work)
    log.info("backup_made", file=path.name, size=made.size, documents=made.documents, seconds=made.seconds)
    return path, written


def _place(to: Path, name: str) -> Path:
    path = to / name if to.is_dir() else to
    if not path.parent.is_dir():
        raise BackupRefused(f"no folder at {path.parent}; make it first")
    if path.exists():
        raise BackupRefused(f"{path} is there already; choose another name")
    return path


async def verify_file(
    store: Store | None, settings: Settings, keys: Keys, path: Path, *, progress: Progress, clock: Clock = utc_now
) -> Proven:
    """Prove a backup file: every frame, the manifest, digests of scans and copies, the audit's tree and signatures.

    With a store the proof is noted there. Raises BackupRefused for a file that is not whole.
    """
    from store.backups import Backups
    from store.vault import Vault

    proof = Proof(Vault(keys), partial(is_signed, keys=keys), partial(is_signed_trim, keys=keys))
    written = await Backups.check(path, load_backup_key(settings, keys), proof=proof, progress=progress)
    problems = await asyncio.to_thread(proof.finish)
    damaged = tuple(f"{digest} was damaged in the database already" for digest in written.manifest.damaged)
    if store is not None and not problems:

        async def work(tx: Tx) -> None:
            await store.backups.proven(written.digest, clock(), tx)
            await _tell(store, AuditTag.BACKUP_VERIFIED, path.name, {"digest": written.digest}, tx=tx)

        await store.atomically(work)
    return Proven(files=proof.files, events=proof.events, problems=problems + damaged, written=written)


async def verify_database(store: Store, settings: Settings, keys: Keys, *, progress: Progress) -> Proven:
    """Prove what stands in the database: digests of all scans, viewing sizes and copies, and the audit."""
    files, problems = 0, []
    async for name, digest, total in store.backups.digests():
        files += 1
        progress(files, total)
        try:
            await store.backups.read(name, digest)
        except (IntegrityFault, NotFound) as fault:
            log.error("scan_damaged", bucket=name, sha256=digest)
            problems.append(str(fault))
    async for missing in store.backups.missing_files():
        problems.append(f"{missing} is named by a record but not there")
    report = await verify_audit(store, keys, settings.var_dir)
    if not report.ok:
        at = "" if report.first_bad is None else f" at position {report.first_bad}"
        problems.append(f"audit{at}: {report.problem}")
    return Proven(files=files, events=report.size, problems=tuple(problems))


async def restore(
    store: Store,
    settings: Settings,
    keys: Keys,
    path: Path,
    *,
    progress: Progress,
    accept_loss: bool = False,
    clock: Clock = utc_now,
) -> Written:
    """Bring a backup into an empty database, proven before and after. Raises BackupRefused; then nothing was kept.

    Where this host's checkpoints vouch for more than the backup holds, that is given up only with `accept_loss`; they
    stay beside the new file as evidence of it.
    """
    in_file, _ = await asyncio.to_thread(read_checkpoints, checkpoint_file(settings.var_dir))
    vouched = max((checkpoint.size for checkpoint in in_file), default=0)

    def agree(manifest: Manifest) -> None:
        if vouched > manifest.audit_size and not accept_loss:
            raise BackupRefused(
                f"checkpoints under {settings.var_dir} vouch for {vouched} audit events, the backup holds "
                f"{manifest.audit_size}: say --accept-loss to give the rest up, or for a drill set EQICHA_VAR_DIR anew"
            )

    written = await store.backups.restore(path, load_backup_key(settings, keys), progress=progress, agree=agree)
    signed = await asyncio.to_thread(_put_aside, settings.var_dir, f"{clock():%Y%m%dT%H%M%SZ}")
    for checkpoint in await store.audit.checkpoints():
        await asyncio.to_thread(write_checkpoint, checkpoint_file(settings.var_dir), checkpoint)
    fields = _sums(written) | {"signed_size": signed}
    await _tell(store, AuditTag.BACKUP_RESTORED, path.name, fields)
    report = await verify_audit(store, keys, settings.var_dir)
    if not report.ok:
        raise EqichaError(f"restored, but the audit in the backup does not hold: {report.problem}")
    log.warning("backup_restored", file=path.name, documents=written.manifest.documents, signed_size=signed)
    return written


def _put_aside(var_dir: Path, stamp: str) -> int:
    """Keep this host's checkpoints under another name; the largest size they vouch for."""
    path = checkpoint_file(var_dir)
    found, _ = read_checkpoints(path)
    if path.exists():
        path.rename(path.with_name(f"audit.until-{stamp}.jsonl"))
    return max((checkpoint.size for checkpoint in found), default=0)


def _sums(written: Written) -> dict[str, Any]:
    manifest = written.manifest
    return {"digest": written.digest, "documents": manifest.documents, "audit_size": manifest.audit_size}


async def _tell(store: Store, tag: AuditTag, subject: str, fields: dict[str, Any], *, tx: Tx | None = None) -> None:
    await store.audit.append(tag=tag, subject=subject, outcome="done", fields=fields, tx=tx, **TRACE)
