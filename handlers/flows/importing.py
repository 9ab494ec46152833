"""`eqicha.py import PATH`: an intake package, folder or zip, into the registry; format: docs/intake.md."""

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Any

from conf.clock import Clock, utc_now
from conf.errors import WorkFault
from conf.logs import get_log
from conf.terms import AuditTag, Channel
from handlers.flows.intake.manifest import Manifest, read_manifest
from handlers.flows.intake.package import root_of, unpack
from handlers.flows.intake.report import IntakeReport, Refusal
from handlers.flows.intake.sources import PackageSource
from handlers.flows.intake.storing import Progress, Storing
from store import Store
from store.ids import sortable_id

log = get_log("intake")
_UNPACK_SECONDS = 1800
_MANIFEST_SECONDS = 300


async def import_package(
    store: Store, adapters: Any, path: Path, *, clock: Clock = utc_now, progress: Progress | None = None
) -> IntakeReport:
    """Take the package at `path` in; run again it resumes, and skips what is stored. `progress` counts documents.

    Bad rows and files are named in the report with line and reason; the rest goes in. One audit event closes it.
    """
    report = IntakeReport()
    scratch = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="eqicha-intake-"))
    try:
        root = await _open(adapters, path, scratch, report)
        if root is not None:
            manifest = await _manifest(adapters, root, report)
            source = PackageSource(root, adapters.workshop)
            ahead = adapters.workshop.processes + 2
            storing = Storing(store, source, clock=clock, report=report, ahead=ahead)
            await storing.all(manifest, progress or (lambda done, total: None))
    finally:
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
    await close_batch(store, report, subject=path.name)
    return report


async def close_batch(store: Store, report: IntakeReport, *, subject: str) -> None:
    """The audit event of a finished import and one log line; the samples end with it too."""
    fields = {"accepted": report.accepted, "refused": len(report.refusals), "pages": report.pages}
    await store.audit.append(
        tag=AuditTag.INTAKE_IMPORTED,
        who="",
        role="system",
        channel=Channel.COMMAND,
        request_id=sortable_id(utc_now()),
        address="",
        subject=subject[:200],
        outcome="partly" if report.refusals else "accepted",
        fields=fields,
    )
    log.info("intake_finished", skipped=report.skipped, **fields)


async def _open(adapters: Any, path: Path, scratch: Path, report: IntakeReport) -> Path | None:
    """The package's folder; a zip is unpacked in a child. None when there is nothing to read, with the reason noted."""
    if await asyncio.to_thread(path.is_dir):
        return path
    if not await asyncio.to_thread(path.is_file):
        report.refuse(0, path.name, "没有这个文件夹或压缩包，请检查路径")
        return None
    try:
        refused: list[Refusal] = await adapters.workshop.run(
            unpack, str(path), str(scratch), seconds=_UNPACK_SECONDS, pool="intake"
        )
    except WorkFault as fault:
        refused = [Refusal(row=0, subject=path.name, reason=fault.reason)]
    report.refusals += refused
    return None if any(one.subject == path.name for one in refused) else root_of(scratch)


async def _manifest(adapters: Any, root: Path, report: IntakeReport) -> Manifest:
    try:
        manifest: Manifest = await adapters.workshop.run(
            read_manifest, str(root / "manifest.jsonl"), seconds=_MANIFEST_SECONDS, pool="intake"
        )
    except WorkFault as fault:
        report.refuse(0, "manifest.jsonl", fault.reason)
        return Manifest()
    report.refusals += manifest.refused
    return manifest
