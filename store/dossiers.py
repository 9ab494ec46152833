"""Dossiers: a company's filings with their documents, and the pages of each. Read by the viewer, written by intake."""

from collections.abc import Sequence

import pymongo
from pymongo import ReplaceOne

from conf.errors import Conflict
from conf.terms import DocumentFlag
from store.connection import READ_SECONDS, Base, Row, Tx
from store.encode import from_bson, text, to_bson
from store.records import Document, Dossier, Filing, Page


class Dossiers:
    """Collections `filings` (documents inside) and `pages`."""

    def __init__(self, base: Base) -> None:
        self._filings, self._pages = base["filings"], base["pages"]

    async def of(self, uscc: str) -> Dossier | None:
        """All filings of the company by number, with their documents, in one read; None when it has none."""
        with pymongo.timeout(READ_SECONDS):
            rows = await self._filings.find({"uscc": text(uscc, "uscc")}).sort("number").to_list()
        return Dossier(uscc=uscc, filings=tuple(from_bson(Filing, row) for row in rows)) if rows else None

    async def document(self, document_id: str) -> Document | None:
        wanted = {"documents.id": text(document_id, "document")}
        with pymongo.timeout(READ_SECONDS):
            row = await self._filings.find_one(wanted, {"documents.$": 1})
        return from_bson(Document, row["documents"][0], key="") if row else None

    async def pages(self, document_id: str) -> tuple[Page, ...]:
        """The document's pages by number."""
        with pymongo.timeout(READ_SECONDS):
            rows = await self._pages.find({"document_id": text(document_id, "document")}).sort("number").to_list()
        return tuple(from_bson(Page, row) for row in rows)

    async def page(self, page_id: str) -> Page | None:
        with pymongo.timeout(READ_SECONDS):
            row = await self._pages.find_one({"_id": text(page_id, "page")})
        return from_bson(Page, row) if row else None

    async def put_filing(self, filing: Filing, tx: Tx | None = None) -> None:
        """Write the filing with its documents, in place of an earlier one with the same id."""
        await self._filings.replace_one({"_id": filing.id}, to_bson(filing), upsert=True, session=tx)

    async def set_flags(
        self, document_id: str, *, before: frozenset[DocumentFlag], after: frozenset[DocumentFlag], tx: Tx
    ) -> None:
        """Other flags for one document. Raises Conflict when they are no longer `before`."""
        was, flags = (sorted(flag.value for flag in each) for each in (before, after))
        there = {"documents": {"$elemMatch": {"id": text(document_id, "document"), "flags": was}}}
        done = await self._filings.update_one(there, {"$set": {"documents.$.flags": flags}}, session=tx)
        if not done.matched_count:
            raise Conflict("这份材料的标注刚刚被同事改动，请看最新的标注。")

    async def put_pages(self, pages: Sequence[Page], tx: Tx | None = None) -> None:
        """Write the pages, in place of earlier ones with the same ids. Their scans must be in the store already."""
        rows: list[ReplaceOne[Row]] = [ReplaceOne({"_id": page.id}, to_bson(page), upsert=True) for page in pages]
        if rows:
            await self._pages.bulk_write(rows, session=tx)
