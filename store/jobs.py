"""Jobs that are due once a day or month, done by one of several processes. Called by background and the inspection."""

from datetime import datetime, timedelta

from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from store.connection import Base
from store.encode import from_bson, text
from store.records.keeping import JobRun


class Jobs:
    """One record a job, of its last turn. A process that dies loses the turn when its lease is over."""

    def __init__(self, base: Base) -> None:
        self._jobs, self._clock = base["jobs"], base.clock

    async def begin(self, name: str, period: str, owner: str, seconds: float) -> bool:
        """Take the turn of this period; False when it was taken, or was done. A turn that failed may be taken again."""
        now = self._clock()
        row = await self._jobs.find_one({"_id": text(name)})
        if row and row["period"] == period and row["done_at"]:  # the usual answer, without a write
            return False
        free = {
            "_id": text(name),
            "$and": [
                {"$or": [{"period": {"$lt": text(period)}}, {"period": period, "done_at": None}]},
                {"$or": [{"until": {"$lte": now}}, {"owner": text(owner)}]},
            ],
        }
        taken = {"period": period, "owner": owner, "until": now + timedelta(seconds=seconds), "done_at": None}
        fresh = {"fault": "", "failed_at": None}
        try:
            await self._jobs.update_one(free, {"$set": taken, "$setOnInsert": fresh}, upsert=True)
        except DuplicateKeyError:  # it is there and not free
            return False
        return True

    async def done(self, name: str, period: str, owner: str) -> None:
        """The turn is over and well."""
        ended = {"done_at": self._clock(), "fault": "", "failed_at": None}
        await self._jobs.update_one({"_id": name, "period": period, "owner": owner}, {"$set": ended})

    async def failed(self, name: str, period: str, owner: str, fault: str, *, again_at: datetime) -> None:
        """The turn failed; anybody may take it from `again_at` on."""
        ended = {"fault": fault[:200], "failed_at": self._clock(), "until": again_at, "owner": ""}
        await self._jobs.update_one({"_id": name, "period": period, "owner": owner}, {"$set": ended})

    async def all(self) -> tuple[JobRun, ...]:
        """The last turn of every job, by name."""
        rows = await self._jobs.find({}).sort("_id", ASCENDING).to_list()
        return tuple(from_bson(JobRun, row, key="name") for row in rows)
