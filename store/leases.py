"""Named leases: of several identical processes one at a time does a job. Called by background and the sequencer."""

from datetime import timedelta

from pymongo.errors import DuplicateKeyError

from store.connection import Base


class Leases:
    """One record a name: who holds it and until when. A holder that dies loses it when the time is over."""

    def __init__(self, base: Base) -> None:
        self._leases, self._clock = base["leases"], base.clock

    async def take(self, name: str, owner: str, seconds: float) -> bool:
        """Take or prolong the lease; False while another holds it."""
        now = self._clock()
        free = {"_id": name, "$or": [{"owner": owner}, {"until": {"$lte": now}}]}
        held = {"$set": {"owner": owner, "until": now + timedelta(seconds=seconds)}}
        try:
            await self._leases.update_one(free, held, upsert=True)
        except DuplicateKeyError:  # the name exists and is not free
            return False
        return True

    async def drop(self, name: str, owner: str) -> None:
        """Give the lease back early; nothing happens when another holds it by now."""
        await self._leases.delete_one({"_id": name, "owner": owner})

    async def is_held(self, name: str) -> bool:
        """Whether anybody holds the lease now."""
        return await self._leases.find_one({"_id": name, "until": {"$gt": self._clock()}}, {"_id": 1}) is not None
