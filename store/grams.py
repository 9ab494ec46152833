"""How often the inner gram keys occur: a table in memory that lets a search start from its rarest gram.

The table only chooses the cheaper way; a result never depends on it. It is counted on the server from a sample of
`name_search`, at the first search and again in the background when it is ten minutes old or the register grew.
"""

import asyncio
import time

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import PyMongoError

from conf.logs import get_log
from store.connection import Row

_log = get_log("store")
_SAMPLE = 30_000  # rows counted
_KEPT = 50  # keys rarer than this are not kept; they are all equally cheap
_OLD_SECONDS = 600.0
_GROWN = 0.1


class GramTable:
    """Estimated number of companies per gram key."""

    def __init__(self, rows: AsyncCollection[Row]) -> None:
        self._rows = rows
        self._counts: dict[str, int] = {}
        self.total = 0
        self._built = -_OLD_SECONDS
        self._added = 0
        self._task: asyncio.Task[None] | None = None

    def count(self, key: str) -> int:
        """About how many rows have the key; 1 when it is rare."""
        return self._counts.get(key, 1)

    def rarest(self, keys: list[str]) -> str:
        """The rarest of the keys, the first of equals."""
        return min(keys, key=self.count)

    def grew(self, rows: int) -> None:
        """Rows were written; enough of them make the table stale."""
        self._added += rows

    def keep_fresh(self) -> None:
        """Count anew in the background when the table is missing, old or outgrown. Returns at once."""
        stale = time.monotonic() - self._built > _OLD_SECONDS or self._added > _GROWN * self.total + 100
        if stale and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._refresh_quietly())

    async def refresh(self) -> None:
        """Count anew now."""
        self._added = 0
        total = await self._rows.estimated_document_count()
        rate = min(1.0, _SAMPLE / max(total, 1))
        pipeline: list[Row] = [{"$match": {"$sampleRate": rate}}] if rate < 1 else []
        pipeline += [
            {"$project": {"_id": 0, "g": 1}},
            {"$unwind": "$g"},
            {"$match": {"g": {"$gte": "3"}}},
            {"$group": {"_id": "$g", "n": {"$sum": 1}}},
            {"$match": {"n": {"$gte": max(2, int(_KEPT * rate))}}},
        ]
        counts: dict[str, int] = {}
        async for row in await self._rows.aggregate(pipeline, allowDiskUse=True, batchSize=2000):
            counts[row["_id"]] = round(row["n"] / rate)
        self._counts, self.total, self._built = counts, total, time.monotonic()
        _log.info("gram_table_counted", rows=total, keys=len(counts))

    async def stop(self) -> None:
        if self._task and not self._task.done():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _refresh_quietly(self) -> None:
        try:
            await self.refresh()
        except PyMongoError as fault:  # the old table still serves
            _log.warning("gram_table_not_counted", fault=type(fault).__name__)
            self._built = time.monotonic() - _OLD_SECONDS + 30
