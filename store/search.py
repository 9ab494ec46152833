"""Finding a company: a text or code in, one ordered batch of hits out, by one bounded read of `name_search`.

Three ways give the same order (tier, then rank), and the gram table picks the cheapest:
- few candidates: all rows of the rarest gram that match, tiered here;
- the query is one gram: a walk along its keys in index order, which is the order of the result (store/names.py);
- else: the tiers, each from its own gram in rank order, in one round trip.
"""

import base64
import binascii
from typing import Any

import pymongo
from pymongo.errors import PyMongoError

from conf import han
from conf.errors import Invalid
from store.connection import Base, Row
from store.grams import GramTable
from store.names import (
    EXACT,
    INSIDE,
    PREFIX,
    TRADE_NAME,
    WORDS,
    Query,
    code_grams,
    grams,
    hit_of,
    read_query,
    tier_of,
)
from store.records import HitBatch

BATCH = 20
FEW = 300  # candidates examined to answer from the rarest gram alone
EXAMINED = 4000  # rows one tier may examine
BROAD = 2000  # more companies than this: the visitor is told how to narrow the search
SECONDS = 1.5

Position = tuple[int, int]  # tier and rank of the last hit shown
Found = list[tuple[int, int, Row]]
_START: Position = (-1, -1)
_SLIM = {"g": 0}


class NameSearch:
    """Searches the collection `name_search`."""

    def __init__(self, base: Base) -> None:
        self._rows = base["name_search"]
        self.table = GramTable(self._rows)

    async def find(self, q: str, after: str) -> HitBatch:
        """One batch for the question as typed; `after` is the cursor of the batch before."""
        query, position = read_query(q), _position(after)
        if len(query.text) < 2 and not han.is_rare(query.text or " "):
            return HitBatch(hits=(), after="", problem="too_short", persons_searched=False)
        self.table.keep_fresh()
        try:
            with pymongo.timeout(SECONDS):
                found, problem = await self._found(query, position)
        except PyMongoError as fault:
            if not fault.timeout:
                raise
            return HitBatch(hits=(), after="", problem="too_broad", persons_searched=False)
        return _batch(query, found, problem)

    def grew(self, rows: int) -> None:
        self.table.grew(rows)

    async def refresh(self) -> None:
        await self.table.refresh()

    async def stop(self) -> None:
        await self.table.stop()

    async def _found(self, query: Query, position: Position) -> tuple[Found, str]:
        """Matches behind `position` in order, at least one more than a batch if there are, and the problem met."""
        if _is_one_gram(query):
            many = self.table.count(query.text) > BROAD
            return await self.walk(query, position), "too_broad" if many else ""
        names, codes, count = self._drivers(query)
        if self.table.is_loaded and count <= FEW:
            found = await self.few(query, position, names, codes)
            if found is not None:
                return found, ""
        return await self.tiers(query, position)

    def _drivers(self, query: Query) -> tuple[str, str, int]:
        """The rarest gram of the words and of the code ("" when there is none), and about how many rows they have."""
        pieces = [piece for word in query.words for piece in grams(word)] or grams(query.text)
        name, count = self.table.rarest(pieces)
        if not query.codes:
            return name, "", count
        code, of_code = self.table.rarest(code_grams(query.text))
        return name, code, count + of_code

    async def few(self, query: Query, position: Position, name: str, code: str) -> Found | None:
        """All matches among the rows of the rarest grams; None when they are more than the table promised."""
        keys = [query.text + "=", *_any_place(name), *(_any_place(code) if code else ())]
        matches: list[Row] = [{"g": query.text + "="}, {"t": {"$regex": _pattern(query)}}]
        if code:
            matches.append({"c": {"$regex": query.text}})
        wanted: Row = {"g": {"$in": keys}, "$or": matches}
        limit = FEW * 2
        cursor = self._rows.find(wanted, _SLIM, hint="grams_by_rank", limit=-limit, batch_size=limit)
        rows = await cursor.to_list()
        if len(rows) == limit:
            return None
        return _in_order(rows, query, position)

    async def walk(self, query: Query, position: Position) -> Found:
        """Walk along the keys of the one gram that is the query.

        MongoDB yields an index scan in index order and each row once, at its first key; so the rows come tier by
        tier without a sort. Behind a cursor, rows already shown stand again at later keys and are left out.
        """
        tier, last = position
        text = query.text
        start = [("g", text + "=ABC"[max(tier, 0)]), ("r", last + 1)]
        shown = _shown(query, position)
        wanted: Row = {"$nor": shown} if shown else {}
        cursor = self._rows.find(wanted, _SLIM, hint=[("g", 1), ("r", 1)], limit=-(BATCH + 1))
        rows = await cursor.min(start).max([("g", text + "D"), ("r", 0)]).to_list()
        return _in_order(rows, query, position)

    async def tiers(self, query: Query, position: Position) -> tuple[Found, str]:
        """The best of every tier, each in rank order from its own rarest gram, in one round trip."""
        stages, cut = [], False
        for tier in range(max(position[0], EXACT), (WORDS if len(query.words) > 1 else INSIDE) + 1):
            keys, count = self._keys_of(tier, query)
            cut = cut or count > EXAMINED
            stages.append(
                _tier_stages(tier, query, position, keys, bounded=count > EXAMINED or not self.table.is_loaded)
            )
        pipeline = stages[0] + [{"$unionWith": {"coll": self._rows.name, "pipeline": stage}} for stage in stages[1:]]
        rows = await (await self._rows.aggregate(pipeline, batchSize=1000)).to_list()
        found = _in_order(list({row["_id"]: row for row in rows}.values()), query, position)
        return found, "too_broad" if cut and len(found) <= BATCH else ""

    def _keys_of(self, tier: int, query: Query) -> tuple[list[str], int]:
        """Gram keys that every row of the tier has one of, and about how many rows that is."""
        if tier == EXACT:
            return [query.text + "="], 1
        pieces = grams(query.text) if tier < WORDS else [one for word in query.words for one in grams(word)]
        options = [self._any_place_counted(pieces)]
        if tier in (PREFIX, TRADE_NAME):
            first = query.text[:2] + "-AB"[tier]
            options.append(([first], self.table.count(query.text[:2], "-AB"[tier])))
        keys, count = min(options, key=lambda option: option[1])
        if query.codes and tier in (PREFIX, INSIDE):
            more, of_code = self._any_place_counted(code_grams(query.text))
            keys, count = keys + more, count + of_code
        return keys, count

    def _any_place_counted(self, pieces: list[str]) -> tuple[list[str], int]:
        piece, count = self.table.rarest(pieces)
        return _any_place(piece), count


def _batch(query: Query, found: Found, problem: str) -> HitBatch:
    hits = tuple(hit_of(row, query, tier) for tier, _, row in found[:BATCH])
    after = ""
    if len(found) > BATCH:
        tier, rank, _ = found[BATCH - 1]
        after = base64.urlsafe_b64encode(f"{tier}.{rank}".encode()).decode().rstrip("=")
    persons = any(hit.kind == "person" for hit in hits) or (not hits and han.looks_like_person(query.text))
    return HitBatch(hits=hits, after=after, problem=problem, persons_searched=persons)


def _position(after: str) -> Position:
    if not after:
        return _START
    try:
        tier, rank = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)).decode("ascii").split(".")
        position = int(tier), int(rank)
    except (ValueError, binascii.Error):
        raise Invalid({"after": "翻页位置已失效，请重新查询。"}) from None
    if not (EXACT <= position[0] <= WORDS and 0 <= position[1] < 1 << 62):
        raise Invalid({"after": "翻页位置已失效，请重新查询。"})
    return position


def _in_order(rows: list[Row], query: Query, position: Position) -> Found:
    found = [(tier_of(row, query), row["r"], row) for row in rows]
    found.sort(key=lambda one: one[:2])
    return [one for one in found if one[:2] > position and one[0] <= WORDS]


def _is_one_gram(query: Query) -> bool:
    return len(query.words) == 1 and len(query.text) <= 2 and not query.codes


def _any_place(piece: str) -> list[str]:
    return [piece + "A", piece + "C"] if piece[0] == "#" else [piece + "A", piece + "B", piece + "C"]


def _pattern(query: Query) -> str:
    """The names that match, as a regular expression; comparable text has no special characters in it."""
    if len(query.words) <= 1:
        return query.text
    return "^" + "".join(f"(?=.*{word})" for word in query.words)


def _matches(tier: int, query: Query) -> list[Row]:
    """Conditions any of which puts a row into the tier or a better one."""
    text, codes = query.text, query.codes
    if tier == EXACT:
        return [{"g": text + "="}]
    if tier == PREFIX:
        return [{"t": {"$regex": "^" + text}}, *([{"c": {"$regex": "^" + text}}] if codes else [])]
    if tier == TRADE_NAME:
        return [{"b": {"$regex": "^" + text}}]
    if tier == INSIDE:
        return [{"t": {"$regex": text}}, *([{"c": {"$regex": text}}] if codes else [])]
    return [{"t": {"$regex": _pattern(query)}}]


def _shown(query: Query, position: Position) -> list[Row]:
    """Conditions of the rows in front of the cursor: better tiers, and the same tier up to its rank."""
    tier, last = position
    before: list[Row] = [one for better in range(EXACT, tier) for one in _matches(better, query)]
    return before + [{**one, "r": {"$lte": last}} for one in _matches(tier, query)] if tier >= EXACT else []


def _tier_stages(tier: int, query: Query, position: Position, keys: list[str], *, bounded: bool) -> list[Row]:
    """Pipeline of one tier: rows of its keys in rank order, those that match and were not shown, one batch and one."""
    behind: dict[str, Any] = {"r": {"$gt": position[1]}} if tier == position[0] else {}
    conditions: list[Row] = [{"$or": _matches(tier, query)}]
    shown = _shown(query, position)
    if shown:
        conditions.append({"$nor": shown})
    by_key: Row = {"g": {"$in": keys} if len(keys) > 1 else keys[0], **behind}
    tail: list[Row] = [{"$limit": BATCH + 1}, {"$project": _SLIM}]
    if not bounded:
        return [{"$match": {**by_key, "$and": conditions}}, {"$sort": {"r": 1}}, *tail]
    return [{"$match": by_key}, {"$sort": {"r": 1}}, {"$limit": EXAMINED}, {"$match": {"$and": conditions}}, *tail]
