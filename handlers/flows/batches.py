"""Batch look-ups of units: asked, approved by one of our people, answered by one sealed file. Resumable at any point.

Called by the pages of the government network, the checkers' pages and background work. Everything in a result follows
from the look-up itself; a try cut off by a crash leaves at most an unnamed file, and record, looks and evidence are one
transaction, so a look-up is answered once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from adapters.pdf.jobs import compose, digests_of, join
from adapters.pdf.plan import Composed, CopyPlan
from adapters.seal import Sealed, SealPlace
from adapters.seal.picture import seal_picture
from conf.clock import Clock, utc_now
from conf.errors import Conflict, EqichaError, IntegrityFault, Invalid, NotFound, ProviderRejected
from conf.keys import Keys
from conf.logs import get_log
from conf.settings import Settings
from conf.terms import AuditTag, BatchStatus, CaseCheck, Channel, Outcome
from handlers.flows import counting
from handlers.flows.batch_lists import BadLine, read_list
from handlers.flows.ordering import Trace
from handlers.flows.organ_viewing import OrganVisitor, decide_extract_of, look_of, note_looks
from handlers.flows.sealing import concealed_code, pages_of, raw_claim_key, verification_code
from handlers.flows.seals import current_seal
from store.ids import new_batch_no
from store.records import Company, CopyPage, Decision, Staff
from store.records.government import BatchLookup, OrganCase

if TYPE_CHECKING:
    from adapters.assembly import Adapters
    from store import Store

log = get_log("batches")

LEASE_SECONDS = 600
#: So many companies are drawn by one child at a time.
CHUNK = 20
SEAL_PLACE = SealPlace(page=1, x_mm=146, y_mm=212)
LONGEST_NOTE = 200
TITLE = "批量查询结果"
CASE_OVER = "这一案件在提交之后已经办结或被提出异议，不能批准，请不批准并写明理由。"
ASKER_OUT = "申请的单位或人员在提交之后已被停用，不能批准，请不批准并写明理由。"
OBJECTED = "事后核查对本案提出了异议，查清以前不能下载查询结果，请与登记机关联系。"
_JOIN_SECONDS = 60
_COMPOSE_SECONDS = 300
_LONGEST_REST = timedelta(minutes=10)

Answer = tuple[Company, Decision]


class BatchSheets(Protocol):
    """The sheets of a result as HTML; views/batch_sheets.py, handed in by the front door."""

    def cover(
        self, batch: BatchLookup, case: OrganCase, answers: Sequence[Answer], person: str, *, code: str, address: str
    ) -> str: ...

    def extracts(self, batch: BatchLookup, case: OrganCase, companies: Sequence[Company], person: str) -> str: ...

    def watermark(self, batch: BatchLookup) -> str: ...


@dataclass(frozen=True, kw_only=True)
class BatchBench:
    """What answering works with: made once by the front door."""

    store: "Store"
    adapters: "Adapters"
    settings: Settings
    keys: Keys
    sheets: BatchSheets
    clock: Clock = utc_now


async def ask(store: "Store", content: bytes, visitor: OrganVisitor) -> tuple[BatchLookup | None, list[BadLine]]:
    """Keep a look-up that waits for a second person; or nothing, and every line that cannot be taken. Raises Invalid.

    The same list sent twice while it waits is one look-up.
    """
    if visitor.case.closed_at is not None:
        raise Invalid({"list": "这一案件已经办结，不能再批量查询。"})
    companies, bad = await read_list(store, content, visitor)
    if bad:
        return None, bad
    usccs = tuple(company.uscc for company in companies)
    for known in await store.batches.of_case(visitor.case.id):
        if known.status is BatchStatus.WAITING and known.usccs == usccs:
            return known, []
    now, case = visitor.now, visitor.case
    batch = BatchLookup(
        id=new_batch_no(now), case_id=case.id, case_no=case.no, unit_id=visitor.unit.id, unit_name=visitor.unit.name,
        user_id=visitor.user.id, usccs=usccs, status=BatchStatus.WAITING, created_at=now, decided_by="",
        decided_name="", decided_at=None, note="", sha256="", size=0, cert_sn="", ready_at=None, attempts=0, fault="",
        free_at=now, unit_kind=visitor.unit.kind,
    )  # fmt: skip

    async def work(tx: Any) -> BatchLookup:
        await store.batches.add(batch, tx)
        await _event(store, AuditTag.GOVERNMENT_BATCH_ASKED, batch, now, visitor.trace, tx, companies=len(usccs))
        return batch

    return await store.atomically(work), []


async def decide(
    store: "Store", batch: BatchLookup, *, is_yes: bool, note: str, by: Staff, now: datetime, trace: Trace
) -> BatchLookup:
    """Approve or decline. Raises Invalid (no reason given), Conflict when it was decided meanwhile."""
    note = note.strip()
    if len(note) > LONGEST_NOTE or (not is_yes and len(note) < 2):
        raise Invalid({"note": f"不批准时请填写理由，2 至 {LONGEST_NOTE} 字。"})
    if is_yes and (fault := await _hindrance(store, batch)):
        raise Invalid({"note": fault})
    status = BatchStatus.APPROVED if is_yes else BatchStatus.DECLINED

    async def work(tx: Any) -> BatchLookup:
        moved = await store.batches.move(
            batch.id, BatchStatus.WAITING, tx, status=status, decided_by=by.id, decided_name=by.name, decided_at=now,
            note=note, free_at=now,
        )  # fmt: skip
        await _event(store, AuditTag.GOVERNMENT_BATCH_DECIDED, batch, now, trace, tx, answer=status.value)
        return moved

    return await store.atomically(work)


async def _hindrance(store: "Store", batch: BatchLookup) -> str:
    """What changed since it was asked so that nobody may be answered any more; "" when nothing did."""
    case, unit = await store.organ_cases.by_id(batch.case_id), await store.units.by_id(batch.unit_id)
    user = await store.unit_users.user(batch.user_id)
    if case is None or case.closed_at is not None:
        return CASE_OVER
    return "" if unit and not unit.disabled and user and not user.disabled else ASKER_OUT


async def fetch(store: "Store", batch: BatchLookup, case: OrganCase, *, now: datetime, trace: Trace) -> bytes:
    """The sealed file; every download is on record before a byte leaves.

    Raises NotFound while there is none, Conflict while an objection of the after-check stands against the case.
    """
    if batch.status is not BatchStatus.READY:
        raise NotFound(batch.id)
    if case.check is CaseCheck.OBJECTION:
        raise Conflict(OBJECTED)
    content = await store.batches.file(batch.sha256)

    async def work(tx: Any) -> None:
        await _event(store, AuditTag.GOVERNMENT_BATCH_FETCHED, batch, now, trace, tx, sha256=batch.sha256)
        await counting.batch_fetched(store, at=now, tx=tx)

    await store.atomically(work)
    return content


async def answer_next(bench: BatchBench, owner: str) -> bool:
    """Take one approved look-up to its sealed file; whether there was one. A fault puts it back for later."""
    batch = await bench.store.batches.claim(owner, LEASE_SECONDS)
    if batch is None:
        return False
    try:
        await answer(bench, batch)
    except Conflict:
        log.info("batch_moved_meanwhile", batch=batch.id)
    except Exception as fault:  # one bad look-up must not hold up the ones behind it
        trace = None if isinstance(fault, EqichaError) else fault
        log.warning("batch_put_back", batch=batch.id, fault=type(fault).__name__, exc_info=trace)
        rest = min(_LONGEST_REST, timedelta(seconds=2 ** min(batch.attempts, 10)))
        reason = f"{type(fault).__name__}: {fault}"[:200]
        await bench.store.batches.release(batch.id, owner, fault=reason, retry_at=bench.clock() + rest)
    return True


async def answer(bench: BatchBench, batch: BatchLookup) -> BatchLookup:
    """Draw, seal and keep the result of an approved look-up.

    Raises ProviderUnavailable or WorkFault (tried again), Conflict when another process was first; a final refusal of
    the seal makes it failed.
    """
    store, visitor = bench.store, await _visitor(bench, batch)
    answers = [(company, decide_extract_of(visitor, company)) for company in await _companies(store, batch)]
    composed = await _draw(bench, batch, visitor, answers)
    seal = await current_seal(store, bench.adapters, bench.settings, now=bench.clock())
    try:
        sealed = await bench.adapters.seal.sign(
            composed.pdf,
            place=SEAL_PLACE,
            reason=f"批量查询结果 {batch.id}",
            biz_no=batch.id,
            certificate=seal.fingerprint,
        )
    except ProviderRejected as fault:
        return await _fail(bench, batch, fault.reason)
    if await store.batches.put_file(sealed.pdf) != sealed.sha256:
        raise IntegrityFault(f"the result of {batch.id} was not stored as it was sealed")
    digests = await bench.adapters.workshop.run(digests_of, sealed.pdf, seconds=_COMPOSE_SECONDS, pool="large")
    return await _finish(bench, batch, visitor, answers, sealed=sealed, pages=pages_of(composed, digests))


async def _finish(
    bench: BatchBench,
    batch: BatchLookup,
    visitor: OrganVisitor,
    answers: Sequence[Answer],
    *,
    sealed: Sealed,
    pages: tuple[CopyPage, ...],
) -> BatchLookup:
    store, now = bench.store, bench.clock()
    code = concealed_code(store, verification_code(bench.keys, batch.id))
    looks = [
        look_of(visitor, company, told, what="batch", outcome=told.outcome, title=f"批量查询 {batch.id}")
        for company, told in answers
    ]

    async def work(tx: Any) -> BatchLookup:
        moved = await store.batches.move(
            batch.id, BatchStatus.APPROVED, tx, status=BatchStatus.READY, sha256=sealed.sha256, size=len(sealed.pdf),
            cert_sn=sealed.cert_sn, ready_at=now, fault="", owner="", companies=len(answers), code=code, pages=pages,
        )  # fmt: skip
        await note_looks(store, bench.settings, visitor.case, looks, trace=visitor.trace, tx=tx)
        await _event(
            store, AuditTag.GOVERNMENT_BATCH_SEALED, batch, now, visitor.trace, tx, companies=len(answers),
            sha256=sealed.sha256, cert_sn=sealed.cert_sn,
        )  # fmt: skip
        return moved

    moved = await store.atomically(work)
    log.info("batch_ready", batch=batch.id, companies=len(answers), size=len(sealed.pdf))
    return moved


async def _fail(bench: BatchBench, batch: BatchLookup, reason: str) -> BatchLookup:
    async def work(tx: Any) -> BatchLookup:
        return await bench.store.batches.move(
            batch.id, BatchStatus.APPROVED, tx, status=BatchStatus.FAILED, fault=reason[:200], owner=""
        )

    log.error("batch_failed", batch=batch.id, reason=reason[:200])
    return await bench.store.atomically(work)


async def _draw(bench: BatchBench, batch: BatchLookup, visitor: OrganVisitor, answers: Sequence[Answer]) -> Composed:
    """Cover and extracts as one PDF, each page with its number and signed code as on a certified copy.

    The same bytes however often it is drawn from the same register: all times are that of the approval.
    """
    sheets, engine, person = bench.sheets, bench.adapters.pdf, visitor.user.name
    open_ones = [company for company, told in answers if told.outcome is Outcome.PERMIT]
    code = verification_code(bench.keys, batch.id)
    address = f"{bench.settings.base_url}/verify"
    cover = sheets.cover(batch, visitor.case, answers, person, code=code, address=address)
    parts = []
    for at in range(0, len(open_ones), CHUNK):
        chunk = open_ones[at : at + CHUNK]
        parts.append(await engine.render(sheets.extracts(batch, visitor.case, chunk, person)))
    run = bench.adapters.workshop.run
    extracts = await run(join, tuple(parts), TITLE, seconds=_JOIN_SECONDS, pool="large") if parts else b""
    plan = CopyPlan(
        copy_no=batch.id, order_no=batch.id, title=TITLE, certificate=await engine.render(cover), extract=extracts,
        scans=(), watermark=sheets.watermark(batch), issued_at=visitor.now,
        base_url=bench.settings.base_url, seal_picture=str(seal_picture(bench.settings)),
        claim_key=raw_claim_key(bench.keys), paper=TITLE,
    )  # fmt: skip
    composed: Composed = await run(compose, plan, seconds=_COMPOSE_SECONDS, pool="large")
    return composed


async def _visitor(bench: BatchBench, batch: BatchLookup) -> OrganVisitor:
    """Who asked, at the moment it was approved: a try begun again draws the same file."""
    store = bench.store
    case, unit = await store.organ_cases.by_id(batch.case_id), await store.units.by_id(batch.unit_id)
    user = await store.unit_users.user(batch.user_id)
    if case is None or unit is None or user is None or batch.decided_at is None:
        raise IntegrityFault(f"what {batch.id} was asked for is not on record")
    trace = {
        "who": store.vault.person_key(user.id), "role": "unit", "channel": Channel.WORKER, "request_id": "",
        "address": "",
    }  # fmt: skip
    return OrganVisitor(user=user, unit=unit, case=case, now=batch.decided_at, trace=trace)


async def _companies(store: "Store", batch: BatchLookup) -> list[Company]:
    found = await store.companies.by_usccs(batch.usccs)
    return [found[uscc] for uscc in batch.usccs if uscc in found]


async def _event(
    store: "Store", tag: AuditTag, batch: BatchLookup, at: datetime, trace: Trace, tx: Any, **more: Any
) -> None:
    fields = {"unit": batch.unit_id, "case": batch.case_no, **more}
    await store.audit.append(tag=tag, subject=batch.id, outcome="done", fields=fields, at=at, tx=tx, **trace)
