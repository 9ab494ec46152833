"""Certified copies: the sealed file first, its record second, one an order. Called by sealing, download and verifying.

Files stand in GridFS (`copy_files`) under the SHA-256 of their bytes; a file no record names is an orphan of a crash.
"""

from datetime import datetime

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from conf.errors import Conflict, NotFound
from conf.terms import CopyStatus
from store.blobs import Blobs
from store.connection import Base, Row, Tx
from store.encode import from_bson, text, to_bson
from store.records import Copy


class Copies:
    """Copies by number, order, verification code or digest."""

    def __init__(self, base: Base) -> None:
        self._copies, self._orders, self._vault = base["copies"], base["orders"], base.vault
        self._blobs = Blobs(base, "copy_files")

    async def put_file(self, pdf: bytes) -> str:
        """Keep a sealed file and return its SHA-256; the same bytes again are kept once. Never within a transaction."""
        return await self._blobs.put(pdf, media_type="application/pdf")

    async def create(self, copy: Copy, tx: Tx | None = None) -> None:
        """Keep the record, and with the order the end of its download time. Raises Conflict when the order has one."""
        try:
            await self._copies.insert_one(to_bson(copy, key="no"), session=tx)
        except DuplicateKeyError:
            raise Conflict(f"order {copy.order_no} has its copy already") from None
        ends = {"$set": {"expires_at": copy.download_until}}
        await self._orders.update_one({"_id": copy.order_no}, ends, session=tx)

    async def by_no(self, no: str) -> Copy | None:
        return await self._one({"_id": text(no)})

    async def by_order(self, order_no: str) -> Copy | None:
        return await self._one({"order_no": text(order_no)})

    async def by_sha256(self, sha256: str) -> Copy | None:
        return await self._one({"sha256": text(sha256)})

    async def by_code(self, plain_code: str) -> Copy | None:
        """The copy with this verification code, read with or without hyphens and spaces, in any case."""
        plain = text(plain_code).replace("-", "")
        return await self._one({"code.b": self._vault.blind(plain)})

    async def file(self, sha256: str) -> bytes:
        """The sealed bytes. Raises NotFound, or IntegrityFault when they are not what was sealed."""
        return await self._blobs.get(sha256)

    async def withdraw(self, no: str, reason: str, tx: Tx | None = None) -> Copy:
        """Declare a valid copy withdrawn. Raises NotFound, or Conflict when it has been withdrawn before."""
        gone = {"status": CopyStatus.WITHDRAWN.value, "withdrawn_reason": text(reason)}
        row = await self._copies.find_one_and_update(
            {"_id": text(no), "status": CopyStatus.VALID.value},
            {"$set": gone},
            return_document=ReturnDocument.AFTER,
            session=tx,
        )
        if row is not None:
            return from_bson(Copy, row, key="no")
        known = await self._copies.find_one({"_id": no}, {"_id": 1}, session=tx)
        raise Conflict(f"copy {no} has been withdrawn") if known else NotFound(no)

    async def sweep_orphans(self, older_than: datetime) -> int:
        """Delete files kept before `older_than` that no record names, and chunks of uploads cut off; how many files."""

        async def is_named(sha256: str) -> bool:  # retention may have died before the file went
            named = {"sha256": sha256, "file_removed_at": None}
            return await self._copies.find_one(named, {"_id": 1}) is not None

        return await self._blobs.sweep(older_than, is_named)

    async def _one(self, asked: Row) -> Copy | None:
        found = await self._copies.find_one(asked)
        return None if found is None else from_bson(Copy, found, key="no")
