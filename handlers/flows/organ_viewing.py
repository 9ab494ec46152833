"""A unit's looks for a case: catalogue, papers, pages, extract. Called by the pages of the government network.

The access table decides as it does for visitors, every look and every refusal is kept with rule, version and ground,
and a picture leaves the store only after its evidence is written, with unit, person and case burned in.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from conf.access import Scope, table_of
from conf.clock import beijing
from conf.errors import Forbidden, NotFound
from conf.settings import Settings
from conf.terms import AuditTag, FilingKind, Inquirer, Outcome, PageSize
from conf.workdays import end_of_term
from handlers.flows import counting
from handlers.flows.access import decide_organ
from handlers.flows.viewing import Picture, picture
from store import Store
from store.ids import sortable_id
from store.records import Company, Decision, Document, Dossier, HitBatch, Page
from store.records.government import OrganCase, OrganView, Unit, UnitUser

Trace = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganVisitor:
    """Which user of which unit looks, for which case, when, by which way."""

    user: UnitUser
    unit: Unit
    case: OrganCase
    now: datetime
    trace: Trace

    @property
    def watermark(self) -> tuple[str, ...]:
        """What is burned into every page: unit, person, case number, Beijing time to the minute."""
        return (
            f"{self.unit.name} {self.user.name}",
            f"案号 {self.case.no}",
            f"{beijing(self.now):%Y-%m-%d %H:%M} 天河e企查 仅供本案查阅",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganCatalogue:
    """A dossier as this unit may see it; `decision` holds the outcome of every paper."""

    company: Company
    dossier: Dossier
    decision: Decision


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganPaper:
    """A paper that is open to the unit, with its pages in order."""

    company: Company
    document: Document
    pages: tuple[Page, ...]


async def search(store: Store, q: str, after: str, visitor: OrganVisitor) -> HitBatch:
    """Companies by name, code or person. Every question of a unit is on record, its words as a keyed hash."""
    batch = await store.companies.search(q, after)
    fields = {
        "unit": visitor.unit.id, "case": visitor.case.no, "query": store.vault.person_key(q), "hits": len(batch.hits),
    }  # fmt: skip
    await store.audit.append(
        tag=AuditTag.GOVERNMENT_SEARCHED, subject=visitor.case.id, outcome="answered", fields=fields, at=visitor.now,
        **visitor.trace,
    )  # fmt: skip
    return batch


async def list_dossier(store: Store, settings: Settings, uscc: str, visitor: OrganVisitor) -> OrganCatalogue:
    """The catalogue with a decision on every paper; recorded. Raises NotFound."""
    company, dossier = await _read(store, uscc)
    decision = _decided(visitor, company, dossier, dossier.documents)
    look = look_of(visitor, company, decision, what="dossier", outcome=decision.outcome, title="影像档案")
    await record(store, settings, visitor, [look])
    return OrganCatalogue(company=company, dossier=dossier, decision=decision)


async def read_extract(store: Store, settings: Settings, uscc: str, visitor: OrganVisitor) -> tuple[Company, Decision]:
    """The company and whether its extract is open; recorded either way. Raises NotFound."""
    company = await store.companies.by_uscc(uscc)
    if company is None:
        raise NotFound
    decision = decide_extract_of(visitor, company)
    look = look_of(visitor, company, decision, what="extract", outcome=decision.outcome, title="机读档案")
    await record(store, settings, visitor, [look])
    return company, decision


def decide_extract_of(visitor: OrganVisitor, company: Company) -> Decision:
    """The rule on a company's extract for this unit and case."""
    return decide_organ(visitor.unit, visitor.case, company, (), visitor.now, filing_kinds={}, scope=Scope.EXTRACT)


async def open_document(
    store: Store, settings: Settings, uscc: str, document_id: str, visitor: OrganVisitor
) -> OrganPaper:
    """The paper and its pages; recorded. Raises NotFound when absent, Forbidden with the decision when shut."""
    (company, dossier), pages = await asyncio.gather(_read(store, uscc), store.dossiers.pages(document_id))
    document = next((each for each in dossier.documents if each.id == document_id), None)
    if document is None or not pages:
        raise NotFound
    await _permitted(store, settings, visitor, company, dossier, document=document, page=None)
    return OrganPaper(company=company, document=document, pages=pages)


async def open_image(
    store: Store, settings: Settings, workshop: Any, page_id: str, size: PageSize, *, visitor: OrganVisitor
) -> Picture:
    """One page's picture, decided anew and recorded before a byte is read. Raises as `open_document`."""
    page = await store.dossiers.page(page_id)
    document = await store.dossiers.document(page.document_id) if page else None
    if page is None or document is None:
        raise NotFound
    company, dossier = await _read(store, document.uscc)
    await _permitted(store, settings, visitor, company, dossier, document=document, page=page)
    return await picture(store, workshop, page, size, lines=visitor.watermark)


def look_of(
    visitor: OrganVisitor,
    company: Company,
    decision: Decision,
    *,
    what: str,
    outcome: Outcome,
    title: str,
    subject: str = "",
    rule_id: str = "",
) -> OrganView:
    """One look as it is kept; version and ground are those of the table that decided. `rule_id`: of a single paper."""
    named, version = rule_id or decision.rule_id, decision.rule_version
    return OrganView(
        id=sortable_id(visitor.now), case_id=visitor.case.id, unit_id=visitor.unit.id, user_id=visitor.user.id,
        what=what, uscc=company.uscc, company_name=company.name, subject=subject or company.uscc, title=title,
        outcome=outcome, rule_id=named, rule_version=version, ground=table_of(version).by_id(named).ground,
        at=visitor.now,
    )  # fmt: skip


async def record(store: Store, settings: Settings, visitor: OrganVisitor, looks: Sequence[OrganView]) -> None:
    """Looks and their evidence in one transaction; the first one starts the term of the after-check."""

    async def work(tx: Any) -> None:
        await note_looks(store, settings, visitor.case, looks, trace=visitor.trace, tx=tx)

    await store.atomically(work)


async def note_looks(
    store: Store, settings: Settings, case: OrganCase, looks: Sequence[OrganView], *, trace: Trace, tx: Any
) -> None:
    """The same in a transaction that is under way."""
    await store.organ_cases.add_views(looks, tx)
    if case.looked_at is None:
        due_at = end_of_term(looks[0].at, settings.government_check_days)
        await store.organ_cases.note_look(case.id, at=looks[0].at, due_at=due_at, tx=tx)
    for look in looks:
        fields = {
            "unit": look.unit_id, "case": case.no, "what": look.what, "rule": look.rule_id,
            "rule_version": look.rule_version, "uscc": look.uscc, "inquirer": Inquirer.ORGAN.value,
        }  # fmt: skip
        await store.audit.append(
            tag=AuditTag.GOVERNMENT_VIEWED, subject=look.subject, outcome=str(look.outcome), fields=fields, at=look.at,
            tx=tx, **trace,
        )  # fmt: skip
        await counting.organ_looked(store, look, tx=tx)


async def _permitted(
    store: Store,
    settings: Settings,
    visitor: OrganVisitor,
    company: Company,
    dossier: Dossier,
    *,
    document: Document,
    page: Page | None,
) -> None:
    decision = _decided(visitor, company, dossier, (document,))
    verdict = decision.documents[0]
    title = f"{document.title} 第 {page.number} 页" if page else document.title
    look = look_of(
        visitor, company, decision, what="page" if page else "document", outcome=verdict.outcome, title=title,
        subject=page.id if page else document.id, rule_id=verdict.rule_id,
    )  # fmt: skip
    await record(store, settings, visitor, [look])
    if verdict.outcome is not Outcome.PERMIT:
        raise Forbidden(decision)


def _decided(visitor: OrganVisitor, company: Company, dossier: Dossier, documents: Sequence[Document]) -> Decision:
    kinds: dict[str, FilingKind] = {filing.id: filing.kind for filing in dossier.filings}
    return decide_organ(visitor.unit, visitor.case, company, documents, visitor.now, filing_kinds=kinds)


async def _read(store: Store, uscc: str) -> tuple[Company, Dossier]:
    company, dossier = await asyncio.gather(store.companies.by_uscc(uscc), store.dossiers.of(uscc))
    if company is None:
        raise NotFound
    return company, dossier or Dossier(uscc=uscc, filings=())
