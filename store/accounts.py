"""Visitors as the provincial platform knows them, and what was opened to them for a time. Called by the flows."""

from collections.abc import Callable
from datetime import datetime

from pymongo import ReturnDocument

from conf import masks
from conf.terms import AccountKind, IdentityLevel
from store.connection import Base, Row, Tx
from store.encode import from_bson, text, to_bson
from store.ids import sortable_id
from store.records import Account, Grant, Secret


class Accounts:
    """Accounts by id; (`provider`, `subject`) is their key outside. Numbers and addresses are kept encrypted."""

    def __init__(self, base: Base) -> None:
        self._accounts, self._grants = base["accounts"], base["grants"]
        self._clock, self._vault = base.clock, base.vault

    async def by_id(self, id: str, tx: Tx | None = None) -> Account | None:
        found = await self._accounts.find_one({"_id": text(id)}, session=tx)
        return None if found is None else from_bson(Account, found)

    async def ids_by_number(self, id_number: str, limit: int = 5) -> tuple[str, ...]:
        """Ids of the accounts with exactly this identity number (one a provider); compared without reading any."""
        found = self._accounts.find({"id_number.b": self._vault.blind(id_number)}, {"_id": 1}).limit(limit)
        return tuple([row["_id"] async for row in found])

    async def remember(
        self,
        *,
        provider: str,
        subject: str,
        kind: AccountKind,
        name: str,
        id_type: str,
        id_number: str,
        level: IdentityLevel,
        phone: str | None = "",
        mail: str | None = "",
        operator_name: str | None = "",
        parent_subject: str | None = None,
        tx: Tx | None = None,
    ) -> Account:
        """Make the account at its first sign-in; at any later one write down what the platform says now.

        None means that this time nothing was said about it: what is known stays.
        """
        now = self._clock()
        fresh = Account(
            id=sortable_id(now),
            provider=text(provider),
            subject=text(subject),
            kind=kind,
            name=name,
            id_type=id_type,
            id_number=self._vault.conceal(id_number, masks.id_number(id_number)),
            level=level,
            phone=self._kept(phone, masks.phone),
            mail=self._kept(mail, masks.mail),
            uscc=id_number.upper() if kind is AccountKind.LEGAL and len(id_number) == 18 else "",
            operator_name=operator_name or "",
            created_at=now,
            signed_in_at=now,
            parent_subject=parent_subject or "",
        )
        values = to_bson(fresh)
        del values["signed_out_at"]  # signing in again does not bring back the sessions that ended
        said = {"phone": phone, "mail": mail, "operator_name": operator_name, "parent_subject": parent_subject}
        unsaid = [name for name, value in said.items() if value is None]
        first = {name: values.pop(name) for name in ("_id", "provider", "subject", "created_at", *unsaid)}
        key = {name: first.pop(name) for name in ("provider", "subject")}
        kept = await self._accounts.find_one_and_update(
            key,
            {"$set": values, "$setOnInsert": first},
            upsert=True,
            return_document=ReturnDocument.AFTER,
            session=tx,
        )
        assert kept is not None  # upserted
        return from_bson(Account, kept)

    async def sign_out(self, provider: str, subject: str, at: datetime, tx: Tx | None = None) -> Account | None:
        """Every session begun before `at` is over; a later moment told before stays. None for somebody unknown."""
        key = {"provider": text(provider), "subject": text(subject)}
        found = await self._accounts.find_one_and_update(
            key, {"$max": {"signed_out_at": at}}, return_document=ReturnDocument.AFTER, session=tx
        )
        return None if found is None else from_bson(Account, found)

    async def grants(self, account_id: str, uscc: str) -> tuple[Grant, ...]:
        """What is open to the account in this company's dossier now; permissions past their time are left out."""
        asked: Row = {"account_id": text(account_id), "uscc": text(uscc), "until": {"$gt": self._clock()}}
        return tuple(from_bson(Grant, row) for row in await self._grants.find(asked).to_list())

    async def grant(self, grant: Grant, tx: Tx | None = None) -> None:
        """Keep a permission; the same id again changes nothing."""
        row = to_bson(grant)
        await self._grants.update_one({"_id": row.pop("_id")}, {"$setOnInsert": row}, upsert=True, session=tx)

    def _kept(self, plain: str | None, mask: Callable[[str], str]) -> Secret | None:
        return self._vault.conceal(plain, mask(plain)) if plain else None
