"""Inspection reports as stored, and what only the database can say for one. Called by flows/inspecting and its page."""

from pymongo import DESCENDING
from pymongo.errors import OperationFailure, PyMongoError

from conf.errors import NotFound
from store.connection import Base, Row, Tx
from store.encode import from_bson, text, to_bson
from store.records.keeping import Inspection


class Inspections:
    """Reports by id and by time."""

    def __init__(self, base: Base) -> None:
        self._base, self._inspections = base, base["inspections"]

    async def add(self, inspection: Inspection, tx: Tx | None = None) -> None:
        await self._inspections.insert_one(to_bson(inspection), session=tx)

    async def by_id(self, id: str) -> Inspection:
        """Raises NotFound."""
        found = await self._inspections.find_one({"_id": text(id)})
        if found is None:
            raise NotFound(id)
        return from_bson(Inspection, found)

    async def recent(self, limit: int = 24) -> tuple[Inspection, ...]:
        """The last reports, the youngest first."""
        rows = await self._inspections.find({}).sort("made_at", DESCENDING).limit(limit).to_list()
        return tuple(from_bson(Inspection, row) for row in rows)

    async def database_size(self) -> Row:
        """Bytes: `data`, `storage`, `indexes`, and of the disk it stands on `disk_used`, `disk_total` (0: not told)."""
        stats = await self._base.db.command("dbStats")
        names = {"data": "dataSize", "storage": "storageSize", "indexes": "indexSize"}
        names |= {"disk_used": "fsUsedSize", "disk_total": "fsTotalSize", "documents": "objects"}
        return {name: int(stats.get(theirs, 0)) for name, theirs in names.items()}

    async def members(self) -> tuple[tuple[str, str, float], ...] | None:
        """(host, state, seconds behind the primary) of each replica; None when we may not see that."""
        try:
            status = await self._base.client.admin.command("replSetGetStatus")
        except OperationFailure:  # the role clusterMonitor is not ours
            return None
        except PyMongoError:
            return ()
        newest = max((each["optimeDate"] for each in status["members"] if each.get("optimeDate")), default=None)
        return tuple(
            (
                str(each["name"]),
                str(each["stateStr"]),
                (newest - each["optimeDate"]).total_seconds() if newest and each.get("optimeDate") else 0.0,
            )
            for each in status["members"]
        )
