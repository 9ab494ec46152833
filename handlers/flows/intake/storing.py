"""Storing checked rows: companies, then filings, then documents page by page; the import and the samples share it.

Scan bytes go in first; the rows that make them visible follow in one transaction a document, so that a stop at any
moment leaves whole documents or none.
"""

import asyncio
import dataclasses
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

from conf.clock import Clock
from conf.terms import PageSize
from handlers.flows.intake.manifest import Manifest
from handlers.flows.intake.records import (
    company_record,
    document_id,
    document_record,
    filing_id,
    filing_record,
    holds_files,
    is_same_company,
    page_record,
)
from handlers.flows.intake.report import IntakeReport, RowRefused
from handlers.flows.intake.rows import MOST_DOCUMENTS, DocumentRow, FilingRow
from handlers.flows.intake.sources import Source
from handlers.flows.intake.taking import TakenPage
from store.records import Company, Document, Filing, Page

Progress = Callable[[int, int], None]
#: Companies written in one go.
_BATCH = 200


class Storing:
    """One import under way. `ahead` documents are read at a time while their rows are stored in order."""

    def __init__(self, store: Any, source: Source, *, clock: Clock, report: IntakeReport, ahead: int = 4) -> None:
        self.store, self.source, self.clock, self.report, self.ahead = store, source, clock, report, ahead

    async def all(self, manifest: Manifest, progress: Progress) -> None:
        """Store everything the manifest holds; what cannot be stored is refused in the report."""
        await self.companies(manifest)
        await self.filings(manifest)
        await self.documents(manifest, progress)

    # -- companies

    async def companies(self, manifest: Manifest) -> None:
        rows = list(manifest.companies.values())
        is_empty = not await self.store.companies.count()
        for start in range(0, len(rows), _BATCH):
            fresh = []
            for row in rows[start : start + _BATCH]:
                before = None if is_empty else await self.store.companies.by_uscc(row.uscc)
                company = company_record(row, vault=self.store.vault, now=self.clock(), before=before)
                if is_same_company(company, before):
                    self.report.skipped += 1
                else:
                    fresh.append(company)
            if fresh:
                await self.store.companies.put_many(fresh)
                self.report.companies += len(fresh)

    # -- filings

    async def filings(self, manifest: Manifest) -> None:
        by_company: dict[str, dict[int, FilingRow]] = defaultdict(dict)
        for number, row in manifest.filings.items():
            by_company[row.uscc][number] = row
        for uscc, rows in by_company.items():
            company = await self.store.companies.by_uscc(uscc)
            if company is None:
                for number, row in rows.items():
                    self.report.refuse(number, _about(row), "所属企业未入库，请先改正或补上该企业的 company 行")
            else:
                await self._filings_of(company, list(rows.values()))

    async def _filings_of(self, company: Company, rows: list[FilingRow]) -> None:
        """All filings of a company in order of date; numbers of those stored before move up where one comes between."""
        dossier = await self.store.dossiers.of(company.uscc)
        before = {filing.id: filing for filing in (dossier.filings if dossier else ())}
        wanted = dict(before)
        for row in rows:
            old = before.get(filing_id(row.uscc, row.business_no))
            filing = filing_record(row, number=0, documents=old.documents if old else ())
            wanted[filing.id] = filing
        ordered = sorted(wanted.values(), key=lambda one: (one.approved_on, one.business_no))
        numbered = [dataclasses.replace(one, number=place) for place, one in enumerate(ordered, start=1)]
        changed = [one for one in numbered if one != before.get(one.id)]
        counted = dataclasses.replace(
            company,
            filing_count=max(company.filing_count, len(numbered)),
            last_filed_on=max(filter(None, (company.last_filed_on, numbered[-1].approved_on))),
        )
        if changed or counted != company:
            await self.store.atomically(lambda tx: self._put_filings(changed, counted, tx))
        named = {filing_id(row.uscc, row.business_no) for row in rows}
        fresh = len(named & {one.id for one in changed})
        self.report.filings += fresh
        self.report.skipped += len(named) - fresh

    async def _put_filings(self, filings: Iterable[Filing], company: Company, tx: Any) -> None:
        for filing in filings:
            await self.store.dossiers.put_filing(filing, tx)
        await self.store.companies.put(company, tx)

    # -- documents

    async def documents(self, manifest: Manifest, progress: Progress) -> None:
        """Read up to `ahead` documents at once, store their rows one after the other."""
        rows = deque(sorted(manifest.documents.items(), key=lambda one: (one[1].uscc, one[1].business_no, one[0])))
        total, done = len(rows), 0
        under_way: deque[tuple[int, DocumentRow, asyncio.Task[tuple[Page, ...] | None]]] = deque()
        try:
            while rows or under_way:
                while rows and len(under_way) < self.ahead:
                    number, row = rows.popleft()
                    under_way.append((number, row, asyncio.create_task(self._read(row))))
                number, row, task = under_way.popleft()
                try:
                    await self._keep(row, await task)
                except RowRefused as refused:
                    self.report.refuse(number, _about(row), refused.reason)
                done += 1
                progress(done, total)
        finally:
            for _, _, task in under_way:
                task.cancel()
            await asyncio.gather(*(task for _, _, task in under_way), return_exceptions=True)

    async def _read(self, row: DocumentRow) -> tuple[Page, ...] | None:
        """The document's pages with their bytes stored; None when exactly these files are stored already."""
        document = document_id(row.uscc, row.business_no, row.number)
        await self._filing(row)
        stored = await self.store.dossiers.pages(document)
        if stored:
            digests = await self.source.digests(row)
            if holds_files(stored, document, digests):
                return None
            raise RowRefused("已入库的扫描件与本次提交的不同，不作覆盖；如需更正，请与档案管理人员联系")
        await self.source.digests(row)
        pages: list[Page] = []
        async for digest, index, taken in self.source.pages(row):
            sha = await self._keep_scan(taken)
            pages.append(page_record(document, len(pages) + 1, taken, digest=digest, index=index, sha=sha))
        if row.pages and row.files and row.pages != len(pages):
            raise RowRefused(f"目录登记 {row.pages} 页，实际扫描 {len(pages)} 页，请核对后重新提交")
        return tuple(pages)

    async def _filing(self, row: DocumentRow) -> Filing:
        dossier = await self.store.dossiers.of(row.uscc)
        wanted = filing_id(row.uscc, row.business_no)
        for filing in dossier.filings if dossier else ():
            if filing.id == wanted:
                return filing
        raise RowRefused("所属登记业务（filing）未入库，请先改正或补上该行")

    async def _keep_scan(self, taken: TakenPage) -> str:
        sha: str = await self.store.scans.put(taken.scan.content, taken.scan.media_type)
        sizes = (
            (PageSize.THUMB, taken.sizes.thumb),
            (PageSize.VIEW, taken.sizes.view),
            (PageSize.FULL, taken.sizes.full),
        )
        await asyncio.gather(*(self.store.scans.put_size(sha, size, content) for size, content in sizes))
        return sha

    async def _keep(self, row: DocumentRow, pages: tuple[Page, ...] | None) -> None:
        """The document and its pages in one transaction; nothing is written where all is there already."""
        filing = await self._filing(row)
        old = {one.id: one for one in filing.documents}
        identity = document_id(row.uscc, row.business_no, row.number)
        count = len(pages) if pages is not None else old[identity].page_count
        document = document_record(row, pages=count)
        if not pages and old.get(identity) == document:
            self.report.skipped += 1
            return
        whole = dataclasses.replace(filing, documents=_in_order(row, {**old, identity: document}))
        await self.store.atomically(lambda tx: self._put_document(whole, pages or (), tx))
        self.report.documents += 1
        self.report.pages += len(pages or ())

    async def _put_document(self, filing: Filing, pages: tuple[Page, ...], tx: Any) -> None:
        await self.store.dossiers.put_filing(filing, tx)
        if pages:
            await self.store.dossiers.put_pages(pages, tx)


def _in_order(row: DocumentRow, documents: dict[str, Document]) -> tuple[Document, ...]:
    """Documents of one filing by the numbers their ids were made from."""
    ids = (document_id(row.uscc, row.business_no, number) for number in range(1, MOST_DOCUMENTS))
    return tuple(documents[one] for one in ids if one in documents)


def _about(row: FilingRow | DocumentRow) -> str:
    number = f" {row.number}" if isinstance(row, DocumentRow) else ""
    return f"{row.kind} {row.uscc} {row.business_no}{number}"
