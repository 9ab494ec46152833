"""The companies looked up most in several periods together, without adding up all of them. Called by store.numbers.

Each period's list is read from its top (index `most_of`). A company that stands in no list was looked up less often in
each period than the last of that period's list, so it is known how many at most all others can have: the threshold
method of Fagin, Lotem and Naor (2001). Only when that does not settle the places everything is added up.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from store.connection import Row

#: How many of each period are read at first.
DEPTH = 200


async def most_looked(companies: Any, periods: Sequence[str], limit: int, *, depth: int = DEPTH) -> list[Row]:
    """The first `limit` of `company_buckets` by their sum over `periods`: rows of `uscc` and `n`, exact, most first.

    Equal sums stand by code. One database call for one period, two for more.
    """
    if len(periods) == 1:
        return list(await companies.find({"period": periods[0]}).sort([("n", -1), ("uscc", 1)]).limit(limit).to_list())
    lists = await _lists(companies, periods, depth)
    found = _settled(lists, periods, limit, depth)
    if found is None:
        return await _added_up(companies, {"period": {"$in": list(periods)}}, limit)
    ids = [f"{period}|{uscc}" for uscc in found for period in periods]
    return await _added_up(companies, {"_id": {"$in": ids}}, limit)


async def _lists(companies: Any, periods: Sequence[str], depth: int) -> list[Row]:
    """The top of every period in one call, each an index walk."""

    def top(period: str) -> list[Row]:
        kept = {"$project": {"_id": 0, "period": 1, "uscc": 1, "n": 1}}
        return [{"$match": {"period": period}}, {"$sort": {"n": -1, "uscc": 1}}, {"$limit": depth}, kept]

    steps = top(periods[0])
    steps += [{"$unionWith": {"coll": companies.name, "pipeline": top(period)}} for period in periods[1:]]
    return list(await (await companies.aggregate(steps)).to_list())


def _settled(lists: Sequence[Row], periods: Sequence[str], limit: int, depth: int) -> list[str] | None:
    """Who can be among the first; None when somebody outside all lists could be."""
    least, longs = dict.fromkeys(periods, 0), dict.fromkeys(periods, 0)
    known: dict[str, dict[str, int]] = defaultdict(dict)
    for row in lists:  # of each period from the most on
        least[row["period"]], longs[row["period"]] = row["n"], longs[row["period"]] + 1
        known[row["uscc"]][row["period"]] = row["n"]
    unread = {period: least[period] if longs[period] == depth else 0 for period in periods}
    at_least = {uscc: sum(counts.values()) for uscc, counts in known.items()}
    most_unread = sum(unread.values())
    if len(at_least) <= limit:
        return list(at_least) if not most_unread else None
    place = sorted(at_least.values(), reverse=True)[limit - 1]
    if most_unread >= place:
        return None
    return [uscc for uscc, n in at_least.items() if n + most_unread - sum(unread[p] for p in known[uscc]) >= place]


async def _added_up(companies: Any, match: Row, limit: int) -> list[Row]:
    group = {"$group": {"_id": "$uscc", "n": {"$sum": "$n"}}}
    steps: list[Row] = [{"$match": match}, group, {"$sort": {"n": -1, "_id": 1}}, {"$limit": limit}]
    return [row | {"uscc": row["_id"]} for row in await (await companies.aggregate(steps)).to_list()]
