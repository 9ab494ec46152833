"""Authorisations given with an electronic business licence, until the browser that asked uses them. Once each."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo import ReturnDocument

from conf.terms import ScanState
from store.connection import Base, Tx
from store.encode import from_bson, text, to_bson

#: Kept long enough to look into a complaint of the same day.
KEPT = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class LicenceScan:
    """What the platform said about one ticket of ours; its id is the ticket's SHA-256. The operator is masked."""

    id: str
    state: ScanState
    uscc: str
    company_name: str
    operator_masked: str
    authorised_at: datetime
    code: str = ""  # six digits only the phone shows; empty: the platform shows none
    tries: int = 0  # codes typed in so far


class LicenceScans:
    """Scans by the digest of their ticket; the first word about a ticket counts."""

    def __init__(self, base: Base) -> None:
        self._scans = base["licence_scans"]

    async def put(self, scan: LicenceScan, tx: Tx | None = None) -> None:
        """Keep the platform's word; any later word about the same ticket changes nothing."""
        row = to_bson(scan) | {"expires_at": scan.authorised_at + KEPT}
        await self._scans.update_one({"_id": row.pop("_id")}, {"$setOnInsert": row}, upsert=True, session=tx)

    async def by_id(self, id: str) -> LicenceScan | None:
        row = await self._scans.find_one({"_id": text(id)})
        return from_bson(LicenceScan, row) if row else None

    async def spend_try(self, id: str, *, allowed: int) -> int:
        """Count a code before it is looked at, so that no two guesses share a try; how many are left, -1 for none."""
        ready = {"_id": text(id), "state": ScanState.AUTHORISED.value, "tries": {"$lt": allowed}}
        row = await self._scans.find_one_and_update(ready, {"$inc": {"tries": 1}}, return_document=ReturnDocument.AFTER)
        return allowed - int(row["tries"]) if row else -1

    async def use(self, id: str, tx: Tx | None = None) -> bool:
        """Use up an authorisation; False when it is not there or was used."""
        ready = {"_id": text(id), "state": ScanState.AUTHORISED.value}
        done = await self._scans.update_one(ready, {"$set": {"state": ScanState.USED.value}}, session=tx)
        return done.matched_count == 1
