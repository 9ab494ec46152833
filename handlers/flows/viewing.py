"""Looking into a dossier: its catalogue, one paper's pages, one page's picture. Called by dossiers, pageviews, extract.

Whatever a visitor may not see raises the same NotFound as what does not exist. A picture leaves the store only after
its audit event is written, and only with the visitor's watermark burned in.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from adapters.imaging.render import render
from adapters.imaging.watermark import watermark
from conf import masks
from conf.clock import beijing
from conf.errors import IntegrityFault, NotFound
from conf.logs import get_log
from conf.terms import PURPOSES, AccountKind, AuditTag, Outcome, PageSize, PurposeCode
from handlers.flows import counting
from handlers.flows.access import decide, decide_extract
from handlers.flows.lookers import inquirer_under
from store import Store
from store.records import Account, Company, Decision, Document, Dossier, Grant, Page, Purpose

log = get_log("flows")

#: Who asks, by which way: `BaseHandler.audit_context()`.
Trace = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """Who looks, when, by which way, and the purposes chosen on this visit by company code."""

    account: Account
    purposes: Mapping[str, PurposeCode]
    now: datetime
    trace: Trace


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalogue:
    """A dossier as this visitor may see it; `decision` holds the outcome of every paper."""

    company: Company
    dossier: Dossier
    decision: Decision
    purpose: PurposeCode


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenDocument:
    """A paper this visitor may look at, with all its pages in order."""

    company: Company
    document: Document
    pages: tuple[Page, ...]
    purpose: PurposeCode


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """Bytes to send: a JPEG with the watermark, or the notice that this scan is damaged (`is_damaged`)."""

    content: bytes
    media_type: str
    is_damaged: bool = False


async def list_dossier(store: Store, uscc: str, visitor: Visitor) -> Catalogue:
    """The dossier of `uscc` with a decision on every paper; recorded. Raises NotFound for no such company.

    Four database calls besides the audit event.
    """
    company, dossier, grants = await asyncio.gather(
        store.companies.by_uscc(uscc), store.dossiers.of(uscc), store.accounts.grants(visitor.account.id, uscc)
    )
    if company is None:
        raise NotFound
    dossier = dossier or Dossier(uscc=uscc, filings=())
    decision, purpose = _decided(company, dossier.documents, grants, visitor)
    said = _who_and_why(decision, purpose, visitor)
    await _record_look(store, AuditTag.DOSSIER_LISTED, counting.DOSSIER, uscc, decision, visitor, said)
    return Catalogue(company=company, dossier=dossier, decision=decision, purpose=purpose)


async def open_document(store: Store, uscc: str, document_id: str, visitor: Visitor) -> OpenDocument:
    """The paper and its pages. Raises NotFound when absent, of another company, shut to this visitor or not scanned."""
    document, pages = await asyncio.gather(store.dossiers.document(document_id), store.dossiers.pages(document_id))
    if document is None or document.uscc != uscc or not pages:
        raise NotFound
    company, _, purpose = await _permitted(store, document, visitor)
    return OpenDocument(company=company, document=document, pages=pages, purpose=purpose)


async def open_image(store: Store, workshop: Any, page_id: str, size: PageSize, visitor: Visitor) -> Picture:
    """One page's picture for this visitor, decided anew and recorded before a byte is read.

    Raises NotFound as `open_document` does. A scan that no longer matches its digest gives the notice of damage.
    """
    page = await store.dossiers.page(page_id)
    document = await store.dossiers.document(page.document_id) if page else None
    if page is None or document is None:
        raise NotFound
    try:
        company, decision, purpose = await _permitted(store, document, visitor)
    except NotFound:
        fields = {"size": str(size), "rule": "refused", "uscc": document.uscc}
        await _record(store, AuditTag.PAGE_VIEWED, page_id, Outcome.REFUSE, fields, visitor)
        raise
    rule = decision.documents[0].rule_id
    seen = _who_and_why(decision, purpose, visitor)
    fields = {"size": str(size), "rule": rule, "uscc": company.uscc, **seen}
    await _record(store, AuditTag.PAGE_VIEWED, page_id, Outcome.PERMIT, fields, visitor)
    return await picture(store, workshop, page, size, lines=watermark_lines(visitor, purpose))


async def review_image(
    store: Store, workshop: Any, page: Page, size: PageSize, *, uscc: str, lines: tuple[str, ...], now: datetime,
    trace: Trace,
) -> Picture:  # fmt: skip
    """One page of this company for a reviewer who must decide on it, with `lines` burned in; recorded before a byte
    is read.
    """
    fields = {"size": str(size), "rule": "staff.review", "uscc": uscc}
    outcome = str(Outcome.PERMIT)
    await store.audit.append(tag=AuditTag.PAGE_VIEWED, subject=page.id, outcome=outcome, fields=fields, at=now, **trace)
    return await picture(store, workshop, page, size, lines=lines)


async def picture(store: Store, workshop: Any, page: Page, size: PageSize, *, lines: tuple[str, ...]) -> Picture:
    """A page with `lines` burned in; its evidence is written already. Never raises for a damaged scan."""
    try:
        scan = await _rendition(store, workshop, page, size)
        content = await workshop.run(watermark, scan, lines)
    except (IntegrityFault, NotFound) as fault:
        log.error("scan_damaged", page_id=page.id, size=str(size), fault=type(fault).__name__)
        return Picture(content=DAMAGED, media_type="image/svg+xml; charset=utf-8", is_damaged=True)
    return Picture(content=content, media_type="image/jpeg")


async def read_extract(store: Store, uscc: str, visitor: Visitor) -> tuple[Company, Decision]:
    """The company and whether its extract is open to this visitor; recorded either way. Raises NotFound."""
    company = await store.companies.by_uscc(uscc)
    if company is None:
        raise NotFound
    decision = decide_extract(visitor.account, company, visitor.now)
    await _record_look(store, AuditTag.EXTRACT_VIEWED, counting.EXTRACT_SCOPE, uscc, decision, visitor)
    return company, decision


def watermark_lines(visitor: Visitor, purpose: PurposeCode) -> tuple[str, ...]:
    """What is burned into a page: a person masked or a body by its public name, purpose, Beijing time to the minute."""
    account = visitor.account
    name = account.name if account.kind is AccountKind.LEGAL else masks.name(account.name)
    return (f"{name} · 仅供{PURPOSES[purpose]}查阅", f"{beijing(visitor.now):%Y-%m-%d %H:%M} 天河e企查 不作凭证")


def usual_purpose(decision: Decision) -> PurposeCode:
    """The purpose assumed while none was chosen, from what the visitor is to the company or was permitted as."""
    if any("lawyer" in grant["rule"] for grant in decision.facts["grants"]):
        return PurposeCode.LEGAL_SERVICE
    if decision.rule_id == "dossier.interested":
        return PurposeCode.SHAREHOLDER_RIGHTS
    return PurposeCode.OWN_AFFAIRS


def _decided(
    company: Company, documents: tuple[Document, ...], grants: tuple[Grant, ...], visitor: Visitor
) -> tuple[Decision, PurposeCode]:
    chosen = visitor.purposes.get(company.uscc)
    purpose = Purpose(code=chosen or PurposeCode.OWN_AFFAIRS)
    decision = decide(visitor.account, company, documents, purpose, visitor.now, grants=grants)
    return decision, chosen or usual_purpose(decision)


async def _permitted(store: Store, document: Document, visitor: Visitor) -> tuple[Company, Decision, PurposeCode]:
    company, grants = await asyncio.gather(
        store.companies.by_uscc(document.uscc), store.accounts.grants(visitor.account.id, document.uscc)
    )
    if company is None:
        raise NotFound
    decision, purpose = _decided(company, (document,), grants, visitor)
    if decision.outcome is not Outcome.PERMIT:
        raise NotFound
    return company, decision, purpose


def _who_and_why(decision: Decision, purpose: PurposeCode, visitor: Visitor) -> dict[str, str]:
    """What the company itself may later learn of this look."""
    inquirer = inquirer_under(decision, str(visitor.trace.get("role", "")), purpose=str(purpose))
    return {"inquirer": str(inquirer), "purpose": str(purpose)}


async def _rendition(store: Store, workshop: Any, page: Page, size: PageSize) -> bytes:
    """The size made at import; made again from the scan where it is missing."""
    try:
        return await store.scans.get_size(page.sha256, size)
    except NotFound:
        sizes = await workshop.run(render, await store.scans.get(page.sha256))
        content: bytes = getattr(sizes, str(size))
        await store.scans.put_size(page.sha256, size, content)
        return content


async def _record_look(
    store: Store,
    tag: AuditTag,
    what: str,
    uscc: str,
    decision: Decision,
    visitor: Visitor,
    said: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """The event of a look at a company, and its count, in one transaction; `said`: further fields of the event."""

    async def work(tx: Any) -> None:
        await _record(store, tag, uscc, decision.outcome, {"rule": decision.rule_id, **said}, visitor, tx)
        channel = visitor.trace["channel"]
        await counting.looked_up(store, what, decision, uscc=uscc, channel=channel, at=visitor.now, tx=tx)

    await store.atomically(work)


async def _record(
    store: Store,
    tag: AuditTag,
    subject: str,
    outcome: Outcome,
    fields: dict[str, Any],
    visitor: Visitor,
    tx: Any = None,
) -> None:
    await store.audit.append(
        tag=tag, subject=subject, outcome=str(outcome), fields=fields, at=visitor.now, tx=tx, **visitor.trace
    )


#: Sent in place of a page whose bytes no longer match their digest; A4 upright, presentation attributes only (CSP).
DAMAGED = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="1240" height="1754" viewBox="0 0 1240 1754">'
    '<rect width="1240" height="1754" fill="#fff"/>'
    '<rect x="40" y="40" width="1160" height="1674" fill="none" stroke="#b3261e" stroke-width="4"/>'
    '<g font-family="sans-serif" text-anchor="middle">'
    '<text x="620" y="820" font-size="72" fill="#b3261e">此页影像损坏</text>'
    '<text x="620" y="920" font-size="40" fill="#333">工作人员已收到通知，其他页不受影响</text>'
    "</g></svg>"
).encode()
