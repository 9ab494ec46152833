"""The daily retention job: nothing is kept longer than its term, nothing goes earlier, and the audit tells of it.

Terms are the settings retention_*. The audit's beginning is removed here and nowhere else, never before 183 days
(网络安全法 Art. 21); the tree can be proven afterwards (store/audit_trim.py). Background runs it once a day.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from conf.errors import Conflict, IntegrityFault
from conf.keys import Keys
from conf.logs import get_log
from conf.settings import Settings
from conf.terms import AuditTag, Channel
from handlers.flows.evidence import is_signed, signer
from store import Store, Tx
from store.records.keeping import AuditTrim
from store.retention_terms import KEPT, How

log = get_log("retention")

_BATCH = 100
#: A file no record names may belong to a form that is being taken in at this moment.
_UNCLAIMED = timedelta(hours=1)
#: Batches of one day: what is over in the first days of a long-running service is spread over several.
_ROUNDS = 500
TRACE: dict[str, Any] = {
    "who": "worker",
    "role": "system",
    "channel": Channel.WORKER,
    "request_id": "",
    "address": "",
}


@dataclass(frozen=True, kw_only=True)
class Removed:
    """What one run removed."""

    orders: int
    grants: int
    files: int
    events: int
    records: int = 0  # of every collection with a term in store/retention_terms.py
    unnamed: int = 0  # files whose last record went


async def keep_terms(store: Store, settings: Settings, keys: Keys, *, now: datetime) -> Removed:
    """Remove everything whose term is over. Raises Conflict while a backup is being read, IntegrityFault when the
    audit's beginning is not what was signed: then it stays, for whoever looks into it.
    """
    if await store.backups.is_running():
        raise Conflict("a backup is being read: nothing is removed meanwhile")
    removed = Removed(
        orders=await _orders(store, now - timedelta(days=settings.retention_orders_days)),
        grants=await _grants(store, now - timedelta(days=settings.retention_orders_days)),
        files=await _files(store, now - timedelta(days=settings.retention_copies_days), now=now),
        records=await _by_term(store, settings, now),
        unnamed=await store.retention.sweep(now - _UNCLAIMED),
        events=await _audit(store, keys, now - timedelta(days=settings.retention_audit_days)),
    )
    await store.retention.clear_links(now)
    log.info("retention_done", **asdict(removed))
    return removed


async def _by_term(store: Store, settings: Settings, now: datetime) -> int:
    """Every collection with a term of its own, in the order of the table."""
    removed = 0
    for name, keep in KEPT.items():
        if keep.how is How.BY_TERM:
            days = max(getattr(settings, setting) for setting in keep.setting)
            removed += await _records(store, name, now - timedelta(days=days))
    return removed


async def _records(store: Store, name: str, before: datetime) -> int:
    removed, after = 0, None
    for _ in range(_ROUNDS):
        ids = await store.retention.due(name, before, after=after, batch=_BATCH)
        if not ids:
            break

        async def work(tx: Tx, ids: Any = ids) -> int:
            count = await store.retention.remove(name, ids, before, tx)
            if count:
                await _tell(store, name, count, before, tx)
            return count

        removed, after = removed + await store.atomically(work), ids[-1]
    return removed


async def _orders(store: Store, before: datetime) -> int:
    removed = 0
    for _ in range(_ROUNDS):
        numbers = await store.retention.ended_orders(before, _BATCH)
        if not numbers:
            break

        async def work(tx: Tx, numbers: tuple[str, ...] = numbers) -> int:
            count = await store.retention.remove_orders(numbers, tx)
            await _tell(store, "orders", count, before, tx)
            return count

        removed += await store.atomically(work)
    return removed


async def _grants(store: Store, before: datetime) -> int:
    async def work(tx: Tx) -> int:
        count = await store.retention.remove_grants(before, tx)
        if count:
            await _tell(store, "grants", count, before, tx)
        return count

    return await store.atomically(work)


async def _files(store: Store, before: datetime, *, now: datetime) -> int:
    removed = 0
    for _ in range(_ROUNDS):
        copies = await store.retention.expired_copies(before, _BATCH)
        if not copies:
            break

        async def work(tx: Tx, copies: Any = copies) -> None:
            await store.retention.let_go(copies, now, tx)
            await _tell(store, "copy_files", len(copies), before, tx)

        await store.atomically(work)
        await store.retention.remove_files(copies)
        removed += len(copies)
    return removed


async def _audit(store: Store, keys: Keys, before: datetime) -> int:
    checkpoint = await store.audit.checkpoint_before(before)
    if checkpoint is not None:
        if not is_signed(checkpoint, keys):
            raise IntegrityFault(f"the checkpoint of size {checkpoint.size} is not signed by our key: run verify-audit")

        async def tell(trim: AuditTrim, tx: Tx) -> None:
            fields = {"size": trim.size, "root": trim.root, "before": before.isoformat(timespec="seconds")}
            await store.audit.append(
                tag=AuditTag.AUDIT_TRIMMED, subject="audit", outcome="done", fields=fields, tx=tx, **TRACE
            )

        made = await store.audit.trims.trim(checkpoint, sign=signer(keys), tell=tell)
        if made is not None:
            log.info("audit_trimmed", size=made.size, root=made.root, key_id=made.key_id, signature=made.signature)
    return await store.audit.trims.finish()


async def _tell(store: Store, kind: str, count: int, before: datetime, tx: Tx) -> None:
    fields = {"kind": kind, "count": count, "before": before.isoformat(timespec="seconds")}
    await store.audit.append(
        tag=AuditTag.RETENTION_APPLIED, subject=kind, outcome="done", fields=fields, tx=tx, **TRACE
    )
