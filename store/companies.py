"""The register of companies: by code, by search, by whom they belong to; intake writes here."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pymongo
from pymongo import ReplaceOne

from conf.errors import NotFound
from conf.han import plain
from conf.terms import AccountKind
from store.connection import READ_SECONDS, Base, Row, Tx, atomically
from store.encode import from_bson, text, to_bson
from store.names import search_row
from store.records import Account, Company, HitBatch
from store.search import NameSearch

_BULK = 1000
_OWNED_AT_MOST = 50


class Companies:
    """Collection `companies`, key uscc, and with it the slim `name_search`, written together."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._rows = base["companies"]
        self._names = base["name_search"]
        self._search = NameSearch(base)

    async def search(self, q: str, after: str = "") -> HitBatch:
        """The best 20 hits for `q`, or the 20 behind the cursor `after`. Raises Invalid when `after` is not ours."""
        return await self._search.find(text(q, "q"), text(after, "after"))

    async def by_uscc(self, uscc: str) -> Company | None:
        with pymongo.timeout(READ_SECONDS):
            row = await self._rows.find_one({"_id": text(uscc, "uscc")})
        return from_bson(Company, row, key="uscc") if row else None

    async def by_usccs(self, usccs: Sequence[str]) -> dict[str, Company]:
        """Those of these codes that are there, by code; one call for some hundred."""
        asked = {"_id": {"$in": [text(uscc, "uscc") for uscc in usccs]}}
        rows = await self._rows.find(asked).batch_size(_BULK).to_list()
        return {row["_id"]: from_bson(Company, row, key="uscc") for row in rows}

    async def names_of(self, usccs: Sequence[str]) -> dict[str, str]:
        """Names by code of those that are there; one call."""
        asked = {"_id": {"$in": [text(uscc, "uscc") for uscc in usccs]}}
        rows = await self._rows.find(asked, {"name": 1}).to_list()
        return {row["_id"]: row["name"] for row in rows}

    async def owned_by(self, account: Account) -> tuple[Company, ...]:
        """Companies whose register names this account, or whose own code it signed in with; at most 50, by name.

        A natural person must have both name and number as registered (实施细则 Art. 60; access matrix, domain 1.2).
        """
        marks = [account.id_number.blind] + ([self._base.vault.blind(account.uscc)] if account.uscc else [])
        with pymongo.timeout(READ_SECONDS):
            rows = await self._rows.find({"own": {"$in": marks}}).limit(_OWNED_AT_MOST * 2).to_list()
        found = (from_bson(Company, row, key="uscc") for row in rows)
        owned = sorted((one for one in found if _names(one, account, set(marks))), key=lambda one: one.name)
        return tuple(owned[:_OWNED_AT_MOST])

    async def count(self) -> int:
        return await self._rows.estimated_document_count()

    async def put(self, company: Company, tx: Tx | None = None) -> None:
        """Write the company and its search row in one transaction; the same company again changes nothing else."""
        row, hit_row = self._row(company), search_row(company)

        async def write(within: Tx) -> None:
            await self._rows.replace_one({"_id": company.uscc}, row, upsert=True, session=within)
            await self._names.replace_one({"_id": company.uscc}, hit_row, upsert=True, session=within)

        if tx is None:
            await atomically(self._base.client, write)
        else:
            await write(tx)
        self._search.grew(1)

    async def put_many(self, companies: Iterable[Company]) -> None:
        """Write many, fast and not in one transaction; after a crash the same call again completes it."""
        batch: list[Company] = []
        for company in companies:
            batch.append(company)
            if len(batch) == _BULK:
                await self._put_batch(batch)
                batch = []
        if batch:
            await self._put_batch(batch)

    async def lock(self, uscc: str, ground: str, tx: Tx | None = None) -> None:
        """Lock the dossier for `ground` (review always), or unlock it when `ground` is empty."""
        change = {"locked": bool(text(ground)), "lock_ground": ground, "updated_at": self._base.clock()}
        done = await self._rows.update_one({"_id": text(uscc, "uscc")}, {"$set": change}, session=tx)
        if not done.matched_count:
            raise NotFound(f"no company {uscc}")

    async def rebuild_search(self) -> int:
        """Write every search row anew and drop those without a company; returns how many there are."""
        batch: list[Company] = []
        async for row in self._rows.find({}):
            batch.append(from_bson(Company, row, key="uscc"))
            if len(batch) == _BULK:
                await self._write_names(batch)
                batch = []
        await self._write_names(batch)
        await self._drop_orphans()
        await self._search.refresh()
        return await self.count()

    async def refresh_search(self) -> None:
        """Count the grams anew; the store does so by itself in the background, a bulk import may ask for it."""
        await self._search.refresh()

    async def stop(self) -> None:
        await self._search.stop()

    async def _put_batch(self, batch: list[Company]) -> None:
        rows = [ReplaceOne({"_id": one.uscc}, self._row(one), upsert=True) for one in batch]
        await self._rows.bulk_write(rows, ordered=False)
        await self._write_names(batch)
        self._search.grew(len(batch))

    async def _write_names(self, batch: list[Company]) -> None:
        if batch:
            rows = [ReplaceOne({"_id": one.uscc}, search_row(one), upsert=True) for one in batch]
            await self._names.bulk_write(rows, ordered=False)

    async def _drop_orphans(self) -> None:
        batch: list[str] = []
        async for row in self._names.find({}, {"_id": 1}):
            batch.append(row["_id"])
            if len(batch) == _BULK:
                await self._drop_without_company(batch)
                batch = []
        await self._drop_without_company(batch)

    async def _drop_without_company(self, codes: list[str]) -> None:
        there = {row["_id"] async for row in self._rows.find({"_id": {"$in": codes}}, {"_id": 1})}
        gone = [code for code in codes if code not in there]
        if gone:
            await self._names.delete_many({"_id": {"$in": gone}})

    def _row(self, company: Company) -> Row:
        row = to_bson(replace(company, updated_at=company.updated_at or self._base.clock()), key="uscc")
        named = {person.id_number.blind for person in company.persons if person.id_number}
        row["own"] = sorted(named | {self._base.vault.blind(company.uscc)})
        return row


def _names(company: Company, account: Account, marks: set[str]) -> bool:
    if account.uscc and company.uscc == account.uscc:
        return True
    natural = account.kind is AccountKind.NATURAL
    return any(
        person.id_number is not None
        and person.id_number.blind in marks
        and (not natural or plain(person.name) == plain(account.name))
        for person in company.persons
    )
