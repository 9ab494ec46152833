"""Checked rows → the store's records, with ids that are the same at every import; `storing.py` calls it."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from conf import masks
from handlers.flows.intake.rows import CompanyRow, DocumentRow, FilingRow, PersonRow
from handlers.flows.intake.taking import TakenPage
from store.records import Change, Company, Document, Filing, FormerName, Page, Person, Secret


def filing_id(uscc: str, business_no: str) -> str:
    """The filing's id: 32 hex signs from company and business number."""
    return _hash("filing", uscc, business_no)


def document_id(uscc: str, business_no: str, number: int) -> str:
    """The document's id, from its filing and its number there."""
    return _hash("document", uscc, business_no, str(number))


def page_id(document: str, number: int, digest: str, index: int) -> str:
    """A page's id tells which page of which file it came from, so an import run again knows what is there already."""
    return _hash("page", document, str(number), digest, str(index))


def company_record(row: CompanyRow, *, vault: Any, now: datetime, before: Company | None) -> Company:
    """The company as the row says. Counts the row leaves out are taken from what is stored (`before`)."""
    filing_count = row.filing_count if row.filing_count is not None else before.filing_count if before else 0
    same = {"name", "uscc", "reg_no", "old_reg_nos", "entity_type", "status", "legal_representative", "capital"}
    same |= {"established_on", "term_from", "term_to", "ended_on", "domicile", "street_code", "street", "scope"}
    same |= {"registry", "moved_to", "industry", "parent_uscc", "locked", "lock_ground"}
    return Company(
        **{name: getattr(row, name) for name in same},
        approved_on=row.approved_on or row.established_on,
        former_names=tuple(FormerName(**one.model_dump()) for one in row.former_names),
        persons=tuple(_person(one, vault) for one in row.persons),
        changes=tuple(Change(**one.model_dump()) for one in row.changes),
        filing_count=filing_count,
        last_filed_on=row.last_filed_on or (before.last_filed_on if before else None),
        updated_at=now,
    )


def is_same_company(one: Company, other: Company | None) -> bool:
    """Equal in everything a row can say; encrypted values are compared by their blind index."""
    return other is not None and _comparable(one) == _comparable(other)


def filing_record(row: FilingRow, *, number: int, documents: tuple[Document, ...]) -> Filing:
    return Filing(
        id=filing_id(row.uscc, row.business_no),
        uscc=row.uscc,
        kind=row.event,
        number=number,
        business_no=row.business_no,
        title=row.title,
        approved_on=row.approved_on,
        documents=documents,
    )


def document_record(row: DocumentRow, *, pages: int) -> Document:
    """`pages` were scanned; the catalogue's count is the row's, or the same where it says nothing."""
    return Document(
        id=document_id(row.uscc, row.business_no, row.number),
        filing_id=filing_id(row.uscc, row.business_no),
        uscc=row.uscc,
        kind=row.type,
        title=row.title,
        dated=row.dated,
        flags=row.flags,
        page_count=pages,
        catalogued_pages=row.pages or pages,
    )


def page_record(document: str, number: int, page: TakenPage, *, digest: str, index: int, sha: str) -> Page:
    """Page `number` of the document, found as page `index` (from 0) of the file `digest`, stored under `sha`."""
    return Page(
        id=page_id(document, number, digest, index),
        document_id=document,
        number=number,
        sha256=sha,
        media_type=page.scan.media_type,
        size=len(page.scan.content),
        width=page.scan.width,
        height=page.scan.height,
        dpi=page.scan.dpi,
    )


def holds_files(pages: Sequence[Page], document: str, digests: Sequence[str]) -> bool:
    """Whether the stored pages are exactly those of these files, in this order."""
    at = 0
    for digest in digests:
        start = at
        while at < len(pages) and pages[at].id == page_id(document, at + 1, digest, at - start):
            at += 1
        if at == start:
            return False
    return at == len(pages)


def _person(row: PersonRow, vault: Any) -> Person:
    plain = row.model_dump(exclude={"id_number", "address"})
    number = vault.conceal(row.id_number, masks.id_number(row.id_number)) if row.id_number else None
    address = vault.conceal(row.address, masks.address(row.address)) if row.address else None
    return Person(**plain, id_number=number, address=address)


def _comparable(company: Company) -> Company:
    persons = tuple(
        dataclasses.replace(one, id_number=_without_token(one.id_number), address=_without_token(one.address))
        for one in company.persons
    )
    return dataclasses.replace(company, persons=persons, updated_at=None)


def _without_token(secret: Secret | None) -> Secret | None:
    return dataclasses.replace(secret, token=b"") if secret else None


def _hash(*parts: str) -> str:
    return sha256("\x1f".join(parts).encode()).hexdigest()[:32]
