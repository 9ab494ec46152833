"""Government users: units, their people, cases, looks and batch look-ups. Called by the government flows."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from conf.errors import Conflict, NotFound
from conf.terms import BatchStatus, CaseCheck, OrganKind
from store.blobs import Blobs
from store.connection import Base, Row, Tx
from store.encode import changes_to_bson, from_bson, text, to_bson
from store.records import Secret, Staff
from store.records.government import BatchLookup, OrganCase, OrganView, Unit, UnitScope, UnitUser
from store.staff import StaffRegister


class UnitUsers(StaffRegister):
    """People of units, kept as our own people are, in a collection of their own: neither can sign in as the other."""

    collection, kind = "unit_users", UnitUser

    async def add(self, user: UnitUser, tx: Tx) -> None:
        """Raises Conflict when the login is taken."""
        try:
            await self._staff.insert_one(to_bson(user), session=tx)
        except DuplicateKeyError:
            raise Conflict(f"the login {user.login} is taken; choose another") from None

    async def of_unit(self, unit_id: str) -> tuple[UnitUser, ...]:
        rows = await self._staff.find({"unit_id": text(unit_id)}).sort("login", ASCENDING).to_list()
        return tuple(from_bson(UnitUser, row) for row in rows)

    async def user(self, id: str) -> UnitUser | None:
        return cast("UnitUser | None", await self.by_id(id))

    async def shut(self, id: str, *, tx: Tx) -> None:
        """Out at once; only an approved reset opens the account again. Raises NotFound."""
        values = {"disabled": True, "link_digest": "", "link_until": None}
        await self._changed({"_id": text(id)}, {"$set": values}, tx)

    async def reset(self, id: str, totp_secret: str, *, tx: Tx | None = None) -> Staff:
        """As our own people's, and the account is open again. Raises NotFound."""
        await self._changed({"_id": text(id)}, {"$set": {"disabled": False}}, tx)
        return await super().reset(id, totp_secret, tx=tx)


class Units:
    """Units by id; a unified code names one unit."""

    def __init__(self, base: Base) -> None:
        self._units = base["units"]

    async def add(self, unit: Unit, tx: Tx) -> None:
        """Keep a new unit. Raises Conflict when one with this unified code is there."""
        try:
            await self._units.insert_one(to_bson(unit), session=tx)
        except DuplicateKeyError:
            raise Conflict("a unit with this unified code is there already") from None

    async def change(self, id: str, tx: Tx, *, name: str, contact: Secret, phone: Secret, networks: str) -> None:
        """What one person may change; what a unit may see is `set_access`. Raises NotFound."""
        await self._set(id, {"name": name, "contact": contact, "phone": phone, "networks": networks}, tx)

    async def shut(self, id: str, tx: Tx) -> None:
        """Nobody of the unit gets in any more, at once; only an approved change opens it again. Raises NotFound."""
        await self._set(id, {"disabled": True}, tx)

    async def set_access(self, id: str, kind: OrganKind, scope: UnitScope | None, tx: Tx) -> None:
        """What an approved change brings: the unit is open, as this kind of organ, for this scope. Raises NotFound."""
        await self._set(id, {"kind": kind, "scope": scope, "disabled": False}, tx)

    async def _set(self, id: str, changes: Row, tx: Tx) -> None:
        done = await self._units.update_one({"_id": text(id)}, {"$set": changes_to_bson(Unit, changes)}, session=tx)
        if not done.matched_count:
            raise NotFound(id)

    async def by_id(self, id: str, tx: Tx | None = None) -> Unit | None:
        row = await self._units.find_one({"_id": text(id)}, session=tx)
        return None if row is None else from_bson(Unit, row)

    async def by_uscc(self, uscc: str, tx: Tx | None = None) -> Unit | None:
        row = await self._units.find_one({"uscc": text(uscc)}, session=tx)
        return None if row is None else from_bson(Unit, row)

    async def listed(self) -> tuple[Unit, ...]:
        rows = await self._units.find().sort("name", ASCENDING).limit(500).to_list()
        return tuple(from_bson(Unit, row) for row in rows)


class Cases:
    """Cases of units with their letters, and every look that was taken for one."""

    def __init__(self, base: Base) -> None:
        self._cases, self._views = base["organ_cases"], base["organ_views"]
        self._letters = Blobs(base, "letters")

    async def put_letter(self, content: bytes, media_type: str) -> str:
        """Keep a letter, or a page of it; returns its SHA-256. Never within a transaction."""
        return await self._letters.put(content, media_type=media_type)

    async def letter(self, sha256: str) -> bytes:
        """Raises NotFound or IntegrityFault."""
        return await self._letters.get(sha256)

    async def add(self, case: OrganCase, tx: Tx) -> None:
        """Raises Conflict when the unit has a case of this number."""
        try:
            await self._cases.insert_one(to_bson(case), session=tx)
        except DuplicateKeyError:
            raise Conflict("this unit has a case of that number") from None

    async def by_id(self, id: str, tx: Tx | None = None) -> OrganCase | None:
        row = await self._cases.find_one({"_id": text(id)}, session=tx)
        return None if row is None else from_bson(OrganCase, row)

    async def of_unit(self, unit_id: str) -> tuple[OrganCase, ...]:
        """Open ones first, the newest in front."""
        order = [("closed_at", ASCENDING), ("opened_at", DESCENDING)]
        rows = await self._cases.find({"unit_id": text(unit_id)}).sort(order).limit(200).to_list()
        return tuple(from_bson(OrganCase, row) for row in rows)

    async def change(self, id: str, guard: Row, changes: Row, tx: Tx) -> OrganCase:
        """Change named fields while `guard` holds. Raises Conflict when it no longer does."""
        asked = {"_id": text(id), **changes_to_bson(OrganCase, guard)}
        row = await self._cases.find_one_and_update(
            asked,
            {"$set": changes_to_bson(OrganCase, changes)},
            return_document=ReturnDocument.AFTER,
            session=tx,
        )
        if row is None:
            raise Conflict("this case has moved on")
        return from_bson(OrganCase, row)

    async def to_check(self, *, is_done: bool = False, limit: int = 100) -> tuple[OrganCase, ...]:
        """Cases that were looked at: those to check by term, so the overdue ones stand in front; or the checked."""
        if is_done:
            asked: Row = {"check": {"$ne": CaseCheck.PENDING.value}}
            rows = await self._cases.find(asked).sort("checked_at", DESCENDING).limit(limit).to_list()
        else:
            asked = {"check": CaseCheck.PENDING.value, "due_at": {"$ne": None}}
            rows = await self._cases.find(asked).sort("due_at", ASCENDING).limit(limit).to_list()
        return tuple(from_bson(OrganCase, row) for row in rows)

    async def add_views(self, views: Sequence[OrganView], tx: Tx) -> None:
        await self._views.insert_many([to_bson(view) for view in views], session=tx)

    async def note_look(self, id: str, *, at: datetime, due_at: datetime, tx: Tx) -> None:
        """The first look starts the term of the check; after that nothing is written."""
        await self._cases.update_one(
            {"_id": text(id), "looked_at": None}, {"$set": {"looked_at": at, "due_at": due_at}}, session=tx
        )

    async def views(self, case_id: str, *, limit: int = 500) -> tuple[OrganView, ...]:
        """What was looked at for a case, the latest first."""
        rows = await self._views.find({"case_id": text(case_id)}).sort("_id", DESCENDING).limit(limit).to_list()
        return tuple(from_bson(OrganView, row) for row in rows)


class Batches:
    """Batch look-ups by number; the record is the queue, a worker holds it by a lease."""

    def __init__(self, base: Base) -> None:
        self._batches, self._clock, self._vault = base["batch_lookups"], base.clock, base.vault
        self._blobs = Blobs(base, "batch_files")

    async def add(self, batch: BatchLookup, tx: Tx) -> None:
        await self._batches.insert_one(to_bson(batch), session=tx)

    async def by_id(self, id: str) -> BatchLookup | None:
        row = await self._batches.find_one({"_id": text(id)})
        return None if row is None else from_bson(BatchLookup, row)

    async def by_code(self, plain_code: str) -> BatchLookup | None:
        """The look-up whose sealed file carries this verification code."""
        return await self._sealed({"code.b": self._vault.blind(text(plain_code))})

    async def by_sha256(self, sha256: str) -> BatchLookup | None:
        """The look-up answered by the file with this digest."""
        return await self._sealed({"sha256": text(sha256)})

    async def sealed(self, id: str) -> BatchLookup | None:
        """The look-up of that number, when its file has been sealed."""
        return await self._sealed({"_id": text(id)})

    async def _sealed(self, asked: Row) -> BatchLookup | None:
        row = await self._batches.find_one(asked | {"status": BatchStatus.READY.value})
        return None if row is None else from_bson(BatchLookup, row)

    async def of_case(self, case_id: str) -> tuple[BatchLookup, ...]:
        return await self._listed({"case_id": text(case_id)})

    async def waiting(self) -> tuple[BatchLookup, ...]:
        """Those a second person has to decide."""
        return await self._listed({"status": BatchStatus.WAITING.value})

    async def move(self, id: str, expect: BatchStatus, tx: Tx, **changes: Any) -> BatchLookup:
        """Change while it stands at `expect`. Raises Conflict when it moved on."""
        row = await self._batches.find_one_and_update(
            {"_id": text(id), "status": expect.value},
            {"$set": changes_to_bson(BatchLookup, changes)},
            return_document=ReturnDocument.AFTER,
            session=tx,
        )
        if row is None:
            raise Conflict("this batch look-up was decided meanwhile")
        return from_bson(BatchLookup, row)

    async def claim(self, owner: str, lease_seconds: float) -> BatchLookup | None:
        """Take the oldest approved one nobody works on and whose time has come."""
        now = self._clock()
        row = await self._batches.find_one_and_update(
            {"status": BatchStatus.APPROVED.value, "free_at": {"$lte": now}},
            {"$set": {"owner": owner, "free_at": now + timedelta(seconds=lease_seconds)}, "$inc": {"attempts": 1}},
            sort=[("created_at", ASCENDING)],
            return_document=ReturnDocument.AFTER,
        )
        return None if row is None else from_bson(BatchLookup, row)

    async def release(self, id: str, owner: str, *, fault: str, retry_at: datetime) -> None:
        """Give it back to be tried again; nothing happens when another holds it by now."""
        values = {"owner": "", "fault": fault, "free_at": retry_at}
        await self._batches.update_one({"_id": text(id), "owner": owner}, {"$set": values})

    async def put_file(self, pdf: bytes) -> str:
        """Keep a sealed result; returns its SHA-256. Never within a transaction."""
        return await self._blobs.put(pdf, media_type="application/pdf")

    async def file(self, sha256: str) -> bytes:
        """Raises NotFound or IntegrityFault."""
        return await self._blobs.get(sha256)

    async def _listed(self, asked: Row) -> tuple[BatchLookup, ...]:
        rows = await self._batches.find(asked).sort("created_at", DESCENDING).limit(100).to_list()
        return tuple(from_bson(BatchLookup, row) for row in rows)
