"""The auditor's work: searching the audit, exporting a result, proving one event, having the whole checked.

Called by handlers/staff/audit.py. Whatever an auditor does is itself on record. A person is searched by number or
sign-in name, which is turned into keyed hashes at once and neither kept nor logged.
"""

import asyncio
import contextvars
import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from conf.clock import Clock
from conf.errors import Conflict, IntegrityFault, NotFound
from conf.keys import Keys
from conf.logs import get_log
from conf.terms import AuditTag
from handlers.flows.evidence import verify_audit
from store import Store
from store.records import AuditEvent, AuditReport
from store.records.audit import AuditBatch, AuditCheck, AuditProof, AuditQuery

log = get_log("evidence")

#: Most events of one export; what is cut says so.
EXPORT_ROWS = 10_000
_EXPORT_BATCH = 1_000
#: How often a running check writes down how far it is.
TOLD_EVERY = timedelta(seconds=1)

Trace = Mapping[str, Any]
Describe = Callable[[AuditEvent], Sequence[str]]


async def keys_of_person(store: Store, entered: str) -> tuple[str, ...]:
    """The keyed hashes somebody appears under: by exact identity number, staff sign-in name, or account id.

    Always at least the hash of what was entered, so a search for somebody unknown finds nothing rather than all.
    """
    accounts = await store.accounts.ids_by_number(entered)
    person = await store.staff.by_login(entered)
    ids = [*accounts, *([person.id] if person else []), entered]
    return tuple(store.vault.person_key(id) for id in dict.fromkeys(ids))


async def search(store: Store, query: AuditQuery, *, after: str = "", trace: Trace) -> AuditBatch:
    """One batch of what is asked, newest first; that it was asked is recorded."""
    found = await store.audit_search.find(query, after=after)
    fields = {"criteria": criteria_of(query), "rows": len(found.events)}
    await store.audit.append(tag=AuditTag.AUDIT_SEARCHED, subject=_about(query), outcome="done", fields=fields, **trace)
    return found


async def look_at(store: Store, id: str, *, trace: Trace) -> AuditEvent:
    """One event, looked at on record. Raises NotFound."""
    event = await store.audit_search.by_id(id)
    if event is None:
        raise NotFound(id)
    fields = {"criteria": ["event"], "rows": 1}
    await store.audit.append(tag=AuditTag.AUDIT_SEARCHED, subject=id, outcome="done", fields=fields, **trace)
    return event


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """A result as a file: CSV in UTF-8 with a byte order mark; `is_cut` when there was more."""

    content: bytes
    rows: int
    is_cut: bool


async def export(store: Store, query: AuditQuery, *, heads: Sequence[str], describe: Describe, trace: Trace) -> Export:
    """All events asked for, at most EXPORT_ROWS, as a table with these heads; recorded before a byte leaves."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(heads)
    rows, after = 0, ""
    while rows < EXPORT_ROWS:
        batch = min(_EXPORT_BATCH, EXPORT_ROWS - rows)
        found = await store.audit_search.find(query, after=after, batch=batch)
        table.writerows([guarded(value) for value in describe(event)] for event in found.events)
        rows, after = rows + len(found.events), found.after
        if not after:
            break
    if after:
        table.writerow([f"结果超过 {EXPORT_ROWS} 条，这里只有最新的 {EXPORT_ROWS} 条。请缩小时间范围后再次导出。"])
    fields = {"criteria": criteria_of(query), "rows": rows}
    outcome = "partly" if after else "done"
    await store.audit.append(
        tag=AuditTag.AUDIT_EXPORTED, subject=_about(query), outcome=outcome, fields=fields, **trace
    )
    return Export(content=text.getvalue().encode("utf-8-sig"), rows=rows, is_cut=bool(after))


def guarded(value: str) -> str:
    """A cell no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else value


def criteria_of(query: AuditQuery) -> list[str]:
    """What was asked, as `name:value`; of a person only that one was asked for (the hash is the subject)."""
    given = {
        "uscc": query.uscc, "order": query.order_no, "tag": query.tag, "outcome": query.outcome,
        "channel": query.channel, "since": query.since and query.since.isoformat(),
        "until": query.until and query.until.isoformat(),
    }  # fmt: skip
    return [*(["person"] if query.who else []), *(f"{name}:{value}" for name, value in given.items() if value)]


def _about(query: AuditQuery) -> str:
    return query.who[0] if query.who else query.uscc or query.order_no


# -- proofs


async def prove(store: Store, id: str, *, trace: Trace | None = None) -> AuditProof | None:
    """That the event stands in the smallest signed tree that holds it; None while no checkpoint does.

    With `trace` the proof is handed out, which is recorded. Raises NotFound, and Conflict when what is stored does
    not lead to the signed root: then the log was changed.
    """
    event = await store.audit_search.by_id(id)
    if event is None:
        raise NotFound(id)
    checkpoint = None if event.position is None else await store.audit_proofs.signing(event.position)
    if checkpoint is None:
        return None
    try:
        proof = await store.audit_proofs.prove(id, checkpoint)
    except IntegrityFault as fault:
        log.error("audit_proof_failed", event_id=id, size=checkpoint.size, advice="run verify-audit")
        await store.audit_proofs.forget()  # should only a kept root have been spoilt
        raise Conflict(str(fault)) from None
    if proof and trace is not None:
        fields = {"size": checkpoint.size}
        await store.audit.append(tag=AuditTag.AUDIT_PROVED, subject=id, outcome="done", fields=fields, **trace)
    return proof


# -- checking the whole


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspector:
    """What a check of the whole audit works with."""

    store: Store
    keys: Keys
    var_dir: Path
    clock: Clock


async def begin_check(inspector: Inspector, *, asked_by: str, trace: Trace) -> tuple[str, asyncio.Task[None] | None]:
    """Start checking the whole audit; (its id, the task to hold on to), or the running one's id and None.

    It goes on after the request, in a context of its own: the request's time limits are not its own.
    """
    store = inspector.store
    id = await store.audit_checks.take()
    if not id:
        return await _running(store), None
    size = (await store.audit.frontier()).size

    async def work(tx: Any) -> AuditCheck:
        await _record_check(store, id, outcome="started", size=size, first_bad=None, trace=trace, tx=tx)
        return await store.audit_checks.begin(id, asked_by, size, tx)

    await store.atomically(work)
    task = asyncio.create_task(_check(inspector, id, trace), context=contextvars.Context())
    return id, task


async def _running(store: Store) -> str:
    newest = await store.audit_checks.newest(1)
    return newest[0].id if newest else ""


async def _check(inspector: Inspector, id: str, trace: Trace) -> None:
    """The check itself; what goes wrong in it is logged, and shows as a check that broke off."""
    store, told_at = inspector.store, inspector.clock()

    async def progress(done: int, size: int) -> None:
        nonlocal told_at
        if inspector.clock() - told_at >= TOLD_EVERY:
            told_at = inspector.clock()
            await store.audit_checks.moved(id, done, size)

    try:
        report = await verify_audit(store, inspector.keys, inspector.var_dir, progress=progress)
        await _keep(store, id, report, trace)
    except Exception:
        log.exception("audit_check_failed", check=id)
    finally:
        await store.audit_checks.drop(id)


async def _keep(store: Store, id: str, report: AuditReport, trace: Trace) -> None:
    async def work(tx: Any) -> None:
        outcome = "whole" if report.ok else "broken"
        await _record_check(
            store, id, outcome=outcome, size=report.size, first_bad=report.first_bad, trace=trace, tx=tx
        )
        await store.audit_checks.end(id, report, tx)

    await store.atomically(work)
    if not report.ok:
        log.error("audit_broken", first_bad=report.first_bad, problem=report.problem)


async def _record_check(
    store: Store, id: str, *, outcome: str, size: int, first_bad: int | None, trace: Trace, tx: Any
) -> None:
    fields = {"size": size, "first_bad": first_bad}
    await store.audit.append(tag=AuditTag.AUDIT_CHECKED, subject=id, outcome=outcome, fields=fields, tx=tx, **trace)
