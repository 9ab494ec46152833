"""Counts kept as things happen, by Beijing day, and read as sums. Called by the flows of numbers and their pages.

A flow writes a tally in the transaction of what it counts: a row of its own, so that no two orders ever wait for one
another's counter. `fold` (one process at a time) moves tallies into buckets: a day's, its month's and its year's.
A sum is buckets and tallies not folded yet, read in one snapshot, so it is exact at any moment.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING, UpdateOne

from conf.clock import BEIJING
from conf.measures import Cells, Measure, day_of, merge, periods_of, segments
from store.connection import Base, Row, Tx, atomically
from store.encode import from_bson, to_bson
from store.leases import Leases
from store.most_looked import most_looked
from store.records.numbers import Figures, Part, Recount, TopCompany, Watched

_BATCH = 500
_LEASE = 30
_FIRST_DAY = date(2000, 1, 1)  # no count is older


class Numbers:
    """Tallies, buckets, look-ups by company, minutes served, recounts."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._tallies, self._buckets = base["tallies"], base["buckets"]
        self._companies, self._served, self._recounts = base["company_buckets"], base["served"], base["recounts"]

    async def add(self, at: datetime, counts: Mapping[Measure, Cells], *, uscc: str = "", tx: Tx | None = None) -> None:
        """Count what happened at `at`; `uscc` when a company was looked up. Same transaction as what is counted."""
        row = {"day": day_of(at).isoformat(), "n": {str(m): dict(cells) for m, cells in counts.items()}, "uscc": uscc}
        await self._tallies.insert_one(row, session=tx)

    async def fold(self, owner: str) -> int:
        """Move waiting tallies into the buckets; how many. Any process may call it, one at a time does the work."""
        if await self._tallies.find_one({}, {"_id": 1}) is None:
            return 0
        if not await Leases(self._base).take("fold", owner, _LEASE):
            return 0
        return await atomically(self._base.client, self._fold)

    async def _fold(self, tx: Tx) -> int:
        rows = await self._tallies.find({}, session=tx).sort("_id", ASCENDING).limit(_BATCH).to_list()
        if not rows:
            return 0
        if writes := _increments(rows):
            await self._buckets.bulk_write(writes, session=tx, ordered=False)
        if looks := _looks(rows):
            await self._companies.bulk_write(looks, session=tx, ordered=False)
        await self._tallies.delete_many({"_id": {"$in": [row["_id"] for row in rows]}}, session=tx)
        return len(rows)

    async def read(
        self, first: date, last: date, *, grain: str = "d", measures: Iterable[Measure] = tuple(Measure)
    ) -> Figures:
        """Counts from `first` to `last`, a part a day ("d") or a month ("m"), at one moment. Two database calls."""
        wanted, before = tuple(measures), first - timedelta(days=1)
        spans = [(measure, *span) for measure in wanted for span in segments(first, last, grain)]
        spans += [(Measure.ACCOUNTS, *span) for span in segments(_FIRST_DAY, before, "y")]
        asked = {"$or": [{"_id": {"$gte": _id(m, g, a), "$lte": _id(m, g, b)}} for m, g, a, b in spans]}

        async def work(tx: Tx) -> tuple[list[Row], list[Row]]:
            kept = await self._buckets.find(asked, session=tx).to_list()
            waiting = await self._tallies.find({"day": {"$lte": last.isoformat()}}, {"uscc": 0}, session=tx).to_list()
            return kept, waiting

        kept, waiting = await atomically(self._base.client, work)
        found = [_read(row) for row in kept]
        found += [
            (m, "d", date.fromisoformat(row["day"]), cells)
            for row in waiting
            for m, cells in row["n"].items()
            if m in set(wanted) | {Measure.ACCOUNTS}
        ]
        known = merge(cells for m, _, day, cells in found if m == Measure.ACCOUNTS and day < first)
        parts = _parts([each for each in found if each[2] >= first], first, last, grain)
        return Figures(first=first, last=last, grain=grain, parts=parts, before=known)

    async def top_companies(self, first: date, last: date, limit: int = 10) -> tuple[TopCompany, ...]:
        """The companies looked up most, with their names. Two or three database calls."""
        periods = sorted({period for span in segments(first, last, "y") for period in _within(span)})
        rows = await most_looked(self._companies, periods, limit)
        asked = {"_id": {"$in": [row["uscc"] for row in rows]}}
        names = {row["_id"]: row["name"] for row in await self._base["companies"].find(asked, {"name": 1}).to_list()}
        return tuple(
            TopCompany(uscc=row["uscc"], name=str(names.get(row["uscc"], row["uscc"])), count=row["n"]) for row in rows
        )

    async def looks_of(self, day: date) -> dict[str, int]:
        """Look-ups of that day by company, folded or not, at one moment."""

        async def work(tx: Tx) -> list[Row]:
            asked = {"period": _period("d", day)}
            kept = await self._companies.find(asked, {"uscc": 1, "n": 1}, session=tx).to_list()
            waiting = {"day": day.isoformat(), "uscc": {"$ne": ""}}
            return kept + await self._tallies.find(waiting, {"uscc": 1}, session=tx).to_list()

        return merge({row["uscc"]: row.get("n", 1)} for row in await atomically(self._base.client, work))

    async def served(self, minute: datetime, visitors: int) -> None:
        """This minute answers were given or could have been, to so many visitors; processes may say so at once."""
        local = minute.astimezone(BEIJING)
        place = f"{local:%H%M}"
        day: Row = {"_id": local.date().isoformat()}
        await self._served.update_one(day, {"$max": {"peak": visitors}}, upsert=True)
        await self._served.update_one(
            day | {"minutes": {"$ne": place}}, {"$push": {"minutes": place}, "$inc": {"count": 1}}
        )

    async def watched(self, first: date, last: date) -> Watched:
        """How these days were served. Two database calls."""
        days = {"_id": {"$gte": first.isoformat(), "$lte": last.isoformat()}}
        rows = await self._served.find(days, {"count": 1, "peak": 1}).to_list()
        oldest = await self._served.find_one({}, {"minutes": {"$slice": 1}}, sort=[("_id", ASCENDING)])
        since = None
        if oldest and oldest.get("minutes"):
            since = datetime.strptime(f"{oldest['_id']} {oldest['minutes'][0]}", "%Y-%m-%d %H%M").replace(
                tzinfo=BEIJING
            )
        return Watched(
            minutes=sum(row.get("count", 0) for row in rows),
            since=since,
            peak=max((row["peak"] for row in rows), default=0),
        )

    async def keep_recount(self, recount: Recount) -> None:
        """Keep what a recount found; a later one of the same day takes its place."""
        row = to_bson(recount, key="day")
        await self._recounts.replace_one({"_id": row["_id"]}, row, upsert=True)

    async def recounts(self, limit: int = 10) -> tuple[Recount, ...]:
        """The latest days counted anew, newest first."""
        rows = await self._recounts.find({}).sort("_id", DESCENDING).limit(limit).to_list()
        return tuple(from_bson(Recount, row, key="day") for row in rows)


def _id(measure: str, grain: str, day: date) -> str:
    return f"{measure}|{_period(grain, day)}"


def _period(grain: str, day: date) -> str:
    return {period[0]: period for period in periods_of(day)}[grain]


def _within(span: tuple[str, date, date]) -> set[str]:
    """The names of all periods of a span."""
    grain, first, last = span
    return {_period(grain, first + timedelta(days=n)) for n in range((last - first).days + 1)}


def _read(row: Row) -> tuple[str, str, date, dict[str, int]]:
    measure, grain, period = row["_id"].split("|")
    day = date.fromisoformat({"d": period, "m": f"{period}-01", "y": f"{period}-01-01"}[grain])
    return measure, grain, day, row["n"]


def _parts(found: list[tuple[str, str, date, Any]], first: date, last: date, grain: str) -> tuple[Part, ...]:
    """One part for every period of the range, those without a count too."""
    starts = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    kept: dict[date, dict[Measure, list[Any]]] = {}
    for measure, _, day, cells in found:
        start = max(day.replace(day=1), first) if grain == "m" else day
        kept.setdefault(start, {}).setdefault(Measure(measure), []).append(cells)
    if grain == "m":
        starts = [day for day in starts if day.day == 1 or day == first]
    ends = [day - timedelta(days=1) for day in starts[1:]] + [last]
    return tuple(
        Part(first=a, last=b, measures={m: merge(cells) for m, cells in kept.get(a, {}).items()})
        for a, b in zip(starts, ends, strict=True)
    )


def _increments(rows: list[Row]) -> list[UpdateOne]:
    sums: dict[str, dict[str, int]] = {}
    for row in rows:
        for period in periods_of(date.fromisoformat(row["day"])):
            for measure, cells in row["n"].items():
                into = sums.setdefault(f"{measure}|{period}", {})
                for key, count in cells.items():
                    into[f"n.{key}"] = into.get(f"n.{key}", 0) + count
    return [UpdateOne({"_id": id}, {"$inc": cells}, upsert=True) for id, cells in sums.items() if cells]


def _looks(rows: list[Row]) -> list[UpdateOne]:
    sums: dict[tuple[str, str], int] = {}
    for row in rows:
        if row["uscc"]:
            for period in periods_of(date.fromisoformat(row["day"])):
                sums[period, row["uscc"]] = sums.get((period, row["uscc"]), 0) + 1
    return [
        UpdateOne(
            {"_id": f"{period}|{uscc}"}, {"$inc": {"n": n}, "$setOnInsert": {"period": period, "uscc": uscc}},
            upsert=True,
        )
        for (period, uscc), n in sums.items()
    ]  # fmt: skip
