"""The seal register: every version of every seal, when each may be used, what happened to it. Called by flows/seals.

A version is written once; afterwards only its status and history change. So a copy's seal id and version always say
which certificate it carries and that it was in use then.
"""

from datetime import datetime

from pymongo import DESCENDING
from pymongo.errors import DuplicateKeyError

from conf.errors import Conflict, NotFound
from conf.terms import SealStatus
from store.connection import Base, Row, Tx
from store.encode import from_bson, text, to_bson, whole
from store.records import SealStep, SealVersion


class Seals:
    """Versions by seal and number."""

    def __init__(self, base: Base) -> None:
        self._seals = base["seals"]

    async def add(self, version: SealVersion, tx: Tx | None = None) -> None:
        """Enter a version. Raises Conflict when its number is taken."""
        try:
            await self._seals.insert_one(to_bson(version), session=tx)
        except DuplicateKeyError:
            raise Conflict(f"seal {version.seal_id} has version {version.version} already") from None

    async def retire(self, seal_id: str, version: int, step: SealStep, tx: Tx | None = None) -> SealVersion:
        """Take a version out of use for good. Raises NotFound, or Conflict when it is retired already."""
        key = {"seal_id": text(seal_id), "version": whole(version)}
        found = await self._one(key, tx)
        if found is None:
            raise NotFound(f"seal {seal_id} has no version {version}")
        gone = {"$set": {"status": SealStatus.RETIRED.value}, "$push": {"history": to_bson(step)}}
        done = await self._seals.update_one(key | {"status": SealStatus.IN_USE.value}, gone, session=tx)
        if not done.matched_count:
            raise Conflict(f"version {version} of seal {seal_id} is retired already")
        retired = await self._one(key, tx)
        assert retired is not None
        return retired

    async def valid_at(self, seal_id: str, moment: datetime) -> SealVersion | None:
        """The version to seal with at that moment: in use, within its term, the newest of several."""
        term = {"valid_from": {"$lte": moment}, "valid_until": {"$gt": moment}}
        wanted = {"seal_id": text(seal_id), "status": SealStatus.IN_USE.value, **term}
        row = await self._seals.find_one(wanted, sort=[("version", DESCENDING)])
        return None if row is None else from_bson(SealVersion, row)

    async def of(self, seal_id: str, version: int) -> SealVersion | None:
        """One version, whatever became of it: what a copy names."""
        return await self._one({"seal_id": text(seal_id), "version": whole(version)})

    async def all(self) -> tuple[SealVersion, ...]:
        """The whole register, newest versions of each seal first."""
        rows = await self._seals.find().sort([("seal_id", 1), ("version", DESCENDING)]).to_list()
        return tuple(from_bson(SealVersion, row) for row in rows)

    async def _one(self, asked: Row, tx: Tx | None = None) -> SealVersion | None:
        row = await self._seals.find_one(asked, session=tx)
        return None if row is None else from_bson(SealVersion, row)
