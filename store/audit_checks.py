"""Checks of the whole audit auditors asked for: how far each is, what it found. Called by flows/auditing.py."""

from datetime import datetime, timedelta

from pymongo import DESCENDING

from conf.terms import CheckStatus
from store.connection import Base, Tx
from store.encode import changes_to_bson, from_bson, text, to_bson
from store.ids import sortable_id
from store.leases import Leases
from store.records import AuditReport
from store.records.audit import AuditCheck

_LEASE, LEASE_SECONDS = "audit-check", 60


class AuditChecks:
    """One check runs at a time, whichever process runs it; a lease says whether its process is still alive."""

    def __init__(self, base: Base) -> None:
        self._checks, self._clock, self._leases = base["audit_checks"], base.clock, Leases(base)

    async def begin(self, id: str, asked_by: str, size: int, tx: Tx) -> AuditCheck:
        """Write down that a check runs; the caller holds the lease under the same id."""
        now = self._clock()
        made = AuditCheck(
            id=id, status=CheckStatus.RUNNING, asked_by=asked_by, started_at=now, updated_at=now, done=0, size=size
        )
        await self._checks.insert_one(to_bson(made), session=tx)
        return made

    async def take(self) -> str:
        """The id of the check that may begin now; "" while another runs."""
        id = sortable_id(self._clock())
        return id if await self._leases.take(_LEASE, id, LEASE_SECONDS) else ""

    async def moved(self, id: str, done: int, size: int) -> None:
        """It has come so far, and is alive."""
        await self._leases.take(_LEASE, id, LEASE_SECONDS)
        changes = {"done": done, "size": size, "updated_at": self._clock()}
        await self._checks.update_one({"_id": id}, {"$set": changes_to_bson(AuditCheck, changes)})

    async def end(self, id: str, report: AuditReport, tx: Tx) -> None:
        """Keep what it found."""
        changes = {
            "status": CheckStatus.WHOLE if report.ok else CheckStatus.BROKEN, "updated_at": self._clock(),
            "done": report.size, "first_bad": report.first_bad, "fault": report.fault, "problem": report.problem,
            "checkpoints": report.checkpoints,
        }  # fmt: skip
        await self._checks.update_one({"_id": id}, {"$set": changes_to_bson(AuditCheck, changes)}, session=tx)

    async def drop(self, id: str) -> None:
        """Let the next one begin."""
        await self._leases.drop(_LEASE, id)

    async def by_id(self, id: str) -> AuditCheck | None:
        found = await self._checks.find_one({"_id": text(id)})
        return None if found is None else from_bson(AuditCheck, found)

    async def newest(self, count: int = 5) -> tuple[AuditCheck, ...]:
        rows = await self._checks.find({}).sort("started_at", DESCENDING).limit(count).to_list()
        return tuple(from_bson(AuditCheck, row) for row in rows)


def is_dead(check: AuditCheck, now: datetime) -> bool:
    """Whether its process ended in the middle: nothing heard of it for longer than the lease."""
    return check.status is CheckStatus.RUNNING and now - check.updated_at > timedelta(seconds=LEASE_SECONDS)
