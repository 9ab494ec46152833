"""From a permitted order to its sealed copy; called by background work, resumable at any point by any process.

Everything about a copy follows from its order: number, verification code, issue time, content. A try cut off by a crash
leaves at most an unnamed file, and the next one makes the same copy again. Record, state, evidence and messages are
written together in one transaction, or not at all.
"""

import asyncio
import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from cryptography.hazmat.primitives import serialization

from adapters.pdf.jobs import compose, digests_of
from adapters.pdf.plan import Composed, CopyPlan, Scan
from adapters.seal import Sealed, SealPlace
from adapters.seal.picture import seal_picture
from adapters.seal.sm2 import sm3
from conf.clock import Clock, beijing, utc_now
from conf.errors import Conflict, IntegrityFault, ProviderRejected
from conf.keys import Keys
from conf.logs import get_log
from conf.settings import Settings
from conf.terms import AuditTag, Channel, CopyStatus, Notice, OrderStatus
from conf.tuning import tuned
from handlers.flows.notices import queue
from handlers.flows.ordering import record_move
from handlers.flows.seals import current_seal
from store.ids import SIGNS, copy_no_of
from store.records import Company, Copy, CopyIssue, CopyPage, Order, SealVersion, Secret

if TYPE_CHECKING:
    from adapters.assembly import Adapters
    from adapters.seal.sm2 import Sm2Keys
    from store import Store

log = get_log("sealing")

#: On the certificate sheet, over the place of the signature (views/pages/print/certificate.html).
SEAL_PLACE = SealPlace(page=1, x_mm=138, y_mm=206)
TITLE = "企业登记档案查询证明"
CODE_LENGTH = 20

_COMPOSE_SECONDS = 60
_READS_AT_ONCE = 8


class Sheets(Protocol):
    """Our own sheets as HTML and the watermark's words; views/sheets.py, handed in by the front door."""

    def certificate(self, order: Order, company: Company, issue: CopyIssue) -> str: ...

    def extract(self, company: Company, issue: CopyIssue) -> str: ...

    def watermark(self, order: Order, issue: CopyIssue) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What sealing works with: made once by the front door, the same for every order."""

    store: "Store"
    adapters: "Adapters"
    settings: Settings
    keys: Keys
    sheets: Sheets
    clock: Clock = utc_now


async def seal_order(bench: Bench, order: Order) -> Order:
    """Take a claimed order from permitted (or a sealing cut off) to ready; returns it as it then stands.

    Raises ProviderUnavailable or WorkFault when seal, time-stamp or a child failed: the order waits and is tried
    again. A final refusal of the seal makes the order failed, with a notice. Conflict: another process was first.
    """
    if order.status == OrderStatus.PERMITTED:
        order = await _begin(bench, order)
    seal = await current_seal(bench.store, bench.adapters, bench.settings, now=bench.clock())
    company, scans = await _gather(bench.store, order)
    issue = await _issue(bench, order, company)
    composed = await _compose(bench, order, company, issue, scans=scans)
    del scans
    try:
        sealed = await bench.adapters.seal.sign(
            composed.pdf,
            place=SEAL_PLACE,
            reason=f"{TITLE} {issue.no}",
            biz_no=issue.no,
            certificate=seal.fingerprint,
        )
    except ProviderRejected as fault:
        return await _fail(bench, order, fault.reason)
    return await _finish(bench, order, issue, composed, sealed=sealed, seal=seal)


def verification_code(keys: Keys, order_no: str) -> str:
    """20 of 31 signs (99 bits), always the same for one order or batch: a keyed hash nobody else can compute."""
    number = int.from_bytes(hmac.digest(keys.blind, b"eqicha copy code\0" + order_no.encode(), hashlib.sha256))
    code = ""
    for _ in range(CODE_LENGTH):
        number, place = divmod(number, len(SIGNS))
        code += SIGNS[place]
    return code


def raw_claim_key(keys: Keys) -> bytes:
    """The key that signs page claims, as a child process takes it."""
    return keys.claim.private_bytes(
        serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
    )


def concealed_code(store: "Store", code: str) -> Secret:
    """The code as it is kept: four signs readable."""
    return store.vault.conceal(code, code[:4] + "*" * (CODE_LENGTH - 4))


async def _begin(bench: Bench, order: Order) -> Order:
    store, number = bench.store, copy_no_of(order.no)

    async def work(tx: Any) -> Order:
        moved = await store.orders.advance(
            order.no, OrderStatus.PERMITTED, OrderStatus.SEALING, "worker", copy_no=number, tx=tx
        )
        await record_move(store, order, OrderStatus.SEALING, at=bench.clock(), tx=tx)
        return moved

    return await store.atomically(work)


async def _gather(store: "Store", order: Order) -> tuple[Company, tuple[Scan, ...]]:
    """The company and every permitted scan, each verified against its digest."""
    company = await store.companies.by_uscc(order.uscc)
    if company is None:
        raise IntegrityFault(f"the company of order {order.no} is not in the register")
    turns = asyncio.Semaphore(_READS_AT_ONCE)

    async def read(sha256: str) -> bytes:
        async with turns:
            return await store.scans.get(sha256)

    wanted = []
    for item in order.items:
        if item.document_id in order.document_ids_permitted:
            pages = await store.dossiers.pages(item.document_id)
            wanted += [(item, page) for page in sorted(pages, key=lambda page: page.number)]
    contents = await asyncio.gather(*(read(page.sha256) for _, page in wanted))
    return company, tuple(
        Scan(
            content=content,
            document_id=item.document_id,
            document_title=item.document_title,
            original_page=page.number,
            digest=page.sha256,
        )
        for (item, page), content in zip(wanted, contents, strict=True)
    )


async def _issue(bench: Bench, order: Order, company: Company) -> CopyIssue:
    begun = next(step.at for step in order.history if step.status == OrderStatus.SEALING)
    signatory = await bench.store.signatories.on(beijing(begun).date())
    return CopyIssue(
        no=copy_no_of(order.no),
        order_no=order.no,
        code=verification_code(bench.keys, order.no),
        issued_at=begun,
        valid_until=begun + timedelta(days=tuned(bench.settings).copy_valid_days),
        filing_number=company.filing_count,
        filed_on=company.last_filed_on,
        base_url=bench.settings.base_url,
        is_sample=not bench.settings.is_production,
        signatory=f"{signatory.title} {signatory.name}" if signatory else "",
    )


async def _compose(
    bench: Bench, order: Order, company: Company, issue: CopyIssue, *, scans: tuple[Scan, ...]
) -> Composed:
    pdf = bench.adapters.pdf
    certificate = await pdf.render(bench.sheets.certificate(order, company, issue))
    extract = await pdf.render(bench.sheets.extract(company, issue)) if order.with_extract else b""
    plan = CopyPlan(
        copy_no=issue.no,
        order_no=order.no,
        title=TITLE,
        certificate=certificate,
        extract=extract,
        scans=scans,
        watermark=bench.sheets.watermark(order, issue),
        issued_at=issue.issued_at,
        base_url=issue.base_url,
        seal_picture=str(seal_picture(bench.settings)),
        claim_key=raw_claim_key(bench.keys),
    )
    return await bench.adapters.workshop.run(compose, plan, seconds=_COMPOSE_SECONDS, pool="large")


async def _finish(
    bench: Bench, order: Order, issue: CopyIssue, composed: Composed, *, sealed: Sealed, seal: SealVersion
) -> Order:
    store, now = bench.store, bench.clock()
    digests = await bench.adapters.workshop.run(digests_of, sealed.pdf, seconds=_COMPOSE_SECONDS, pool="large")
    copy = _copy(bench, order, issue, sealed, pages=pages_of(composed, digests), seal=seal)
    copy = await asyncio.to_thread(_signed, copy, sealed.pdf, bench.adapters.sm2)
    if await store.copies.put_file(sealed.pdf) != copy.sha256:
        raise IntegrityFault(f"copy {copy.no} was not stored as it was sealed")

    async def work(tx: Any) -> Order:
        await store.copies.create(copy, tx)
        moved = await store.orders.advance(order.no, OrderStatus.SEALING, OrderStatus.READY, "worker", tx=tx, fault="")
        await _record(bench, copy, now=now, tx=tx)
        await record_move(store, order, OrderStatus.READY, at=now, tx=tx)
        await queue(store, moved, Notice.COPY_READY, now=now, tx=tx, until=copy.download_until)
        return moved

    moved = await store.atomically(work)
    log.info("order_ready", order_no=order.no, copy_no=copy.no, pages=len(copy.pages), size=copy.size)
    return moved


async def _record(bench: Bench, copy: Copy, *, now: datetime, tx: Any) -> None:
    await bench.store.audit.append(
        tag=AuditTag.COPY_SEALED,
        who="",
        role="system",
        channel=Channel.WORKER,
        request_id="",
        address="",
        subject=copy.no,
        outcome="done",
        fields={
            "order_no": copy.order_no,
            "sha256": copy.sha256,
            "pages": len(copy.pages),
            "cert_sn": copy.cert_sn,
        },
        at=now,
        tx=tx,
    )


async def _fail(bench: Bench, order: Order, reason: str) -> Order:
    """The seal platform refused for good: the order ends, the visitor is told, staff see the reason."""
    store, now = bench.store, bench.clock()

    async def work(tx: Any) -> Order:
        moved = await store.orders.advance(
            order.no, OrderStatus.SEALING, OrderStatus.FAILED, "worker", tx=tx, fault=reason[:200]
        )
        await record_move(store, order, OrderStatus.FAILED, at=now, tx=tx)
        await queue(store, moved, Notice.ORDER_FAILED, now=now, tx=tx)
        return moved

    log.error("order_failed", order_no=order.no, reason=reason[:200])
    return await store.atomically(work)


def _signed(copy: Copy, pdf: bytes, keys: "Sm2Keys | None") -> Copy:
    """With the detached SM2 signature over its digests, where the deployment has a key for it."""
    if keys is None:
        return copy
    made = keys.sign(copy_no=copy.no, sha256=copy.sha256, sm3=sm3(pdf))
    return replace(copy, sm3=made.sm3, sm2_signature=made.signature, sm2_key=made.key_id)


def _copy(
    bench: Bench,
    order: Order,
    issue: CopyIssue,
    sealed: Sealed,
    *,
    pages: tuple[CopyPage, ...],
    seal: SealVersion,
) -> Copy:
    return Copy(
        no=issue.no,
        order_no=order.no,
        account_id=order.account_id,
        uscc=order.uscc,
        company_name=order.company_name,
        issued_at=issue.issued_at,
        valid_until=issue.valid_until,
        download_until=bench.clock() + timedelta(days=tuned(bench.settings).copy_download_days),
        code=concealed_code(bench.store, issue.code),
        status=CopyStatus.VALID,
        withdrawn_reason="",
        sha256=sealed.sha256,
        size=len(sealed.pdf),
        pages=pages,
        cert_sn=sealed.cert_sn,
        signer=sealed.signer,
        filing_number=issue.filing_number,
        filed_on=issue.filed_on,
        seal_id=seal.seal_id,
        seal_version=seal.version,
    )


def pages_of(composed: Composed, digests: tuple[str, ...]) -> tuple[CopyPage, ...]:
    """The pages as they are kept: as composed, with the digests read from the sealed file. Raises Conflict."""
    if len(digests) != len(composed.pages):
        raise Conflict("the sealed file has not the pages that were composed")
    return tuple(
        CopyPage(
            number=page.number,
            kind=page.kind,
            document_id=page.document_id,
            document_title=page.document_title,
            original_page=page.original_page,
            digest=page.digest,
            content_digest=digest,
        )
        for page, digest in zip(composed.pages, digests, strict=True)
    )
