"""Finding a company: a text or code in, one ordered batch of hits out, by a bounded read of `name_search`.

The order of the result is the order of the index: gram keys sort by place (whole text, beginning, trade name, inside),
and under a key rows stand by rank. So a batch is one index scan over the few keys of the query, cut off after 21 rows,
without a sort. Of the pairs inside the query the rarest is the one scanned; the gram table knows it.
"""

import base64
import binascii
from dataclasses import dataclass

import pymongo
from pymongo.errors import PyMongoError

from conf import han
from conf.errors import Invalid
from store import names
from store.connection import Base, Row
from store.grams import GramTable
from store.names import BEGINNING, CODE, EXACT, INSIDE, PREFIX, TRADE_NAME, WORDS, Query
from store.records import HitBatch

BATCH = 20
FEW = 300  # so few candidates are all read and put in order here
BROAD = 5000  # more companies than this: the visitor is told how to narrow the search
MILLISECONDS = 400  # server time one scan may take; a scan over common words that never meet ends here

Position = tuple[int, int]  # place and rank of the last hit shown
Found = list[tuple[int, int, Row]]
_START: Position = (-1, -1)
_END = 1 << 62
_INDEX = [("g", pymongo.ASCENDING), ("r", pymongo.ASCENDING)]
_NAMES_ONLY = {"g": 0, "b": 0, "c": 0, "o": 0}
_WITH_CODES = {"g": 0, "b": 0}


@dataclass(frozen=True, slots=True)
class Scan:
    """One index scan: a key for each place, in order, and the condition rows under them must meet."""

    keys: dict[int, str]
    wanted: Row


class NameSearch:
    """Searches the collection `name_search`."""

    def __init__(self, base: Base) -> None:
        self._rows = base["name_search"]
        self.table = GramTable(self._rows)

    async def find(self, q: str, after: str) -> HitBatch:
        """One batch for the question as typed; `after` is the cursor of the batch before."""
        query, position = names.read_query(q), _position(after)
        if len(query.text) < 2 and not han.is_rare(query.text or " "):
            return HitBatch(hits=(), after="", problem="too_short", persons_searched=False)
        self.table.keep_fresh()
        try:
            found, count = await self._found(query, position)
        except PyMongoError as fault:
            if not fault.timeout:
                raise
            return HitBatch(hits=(), after="", problem="too_broad", persons_searched=False)
        return _batch(query, found[: BATCH + 1], "too_broad" if count > BROAD and len(found) > BATCH else "")

    def grew(self, rows: int) -> None:
        self.table.grew(rows)

    async def refresh(self) -> None:
        await self.table.refresh()

    async def stop(self) -> None:
        await self.table.stop()

    async def _found(self, query: Query, position: Position) -> tuple[Found, int]:
        """Matches behind `position` in order, one more than a batch if there are, and at most how many there may be."""
        inside = self.table.rarest([key for word in query.words for key in names.grams(word)])
        code = self.table.rarest(names.code_grams(query.text)) if query.codes else ""
        count = self.table.count(inside) + (self.table.count(code) if code else 0)
        short = len(query.text) <= BEGINNING and len(query.words) == 1  # one scan answers it anyway
        if not short and count <= FEW and self.table.total:
            found = await self.few(query, position, [inside, *filter(None, [code])])
            if found is not None:
                return found, count
        return await self.walk(query, position, _scans(query, self.table, inside, code)), count

    async def few(self, query: Query, position: Position, keys: list[str]) -> Found | None:
        """All matches under the rarest keys, put in order here; None when they are more than the table promised."""
        wanted = {"g": {"$in": [_exact(query), *keys]}, **_condition(query, WORDS if len(query.words) > 1 else INSIDE)}
        limit = FEW * 2
        rows = await self._read(query, wanted, limit)
        return _in_order(rows, query, position) if len(rows) < limit else None

    async def walk(self, query: Query, position: Position, scans: list[Scan]) -> Found:
        """Scan after scan until a batch and one row more are found; mostly the first is enough."""
        found: Found = []
        if position == _START and len(scans) > 2:
            found, scans = await self._begun(query, scans)
        for scan in scans:
            if max(scan.keys) >= position[0] and len(found) <= BATCH:
                found += await self._scanned(query, position, scan, BATCH + 1 - len(found))
        return found

    async def _begun(self, query: Query, scans: list[Scan]) -> tuple[Found, list[Scan]]:
        """A long text begins few names: all places in one read, in the order of the keys.

        The keys hold only the head of the text, so a row may stand under the key of a better place than its own. What
        was found, and the scans still to be made: all of them, when more names begin so than fit a batch, or when such
        a row belongs behind the last one read.
        """
        prefix, trade, inside, *rest = scans
        keys = [key for scan in (prefix, trade, inside) for key in scan.keys.values()]
        wanted = _matches(INSIDE, query) + (_matches(CODE, query) if query.codes else [])
        rows = await self._read(query, {"g": {"$in": keys}, "$or": [*wanted, *_matches(EXACT, query)]}, BATCH + 1)
        found = _in_order(rows, query, _START)
        if len(rows) <= BATCH:
            return found, rest
        is_early = any(place >= INSIDE and rank > rows[-1]["r"] for place, rank, _ in found)
        return ([], scans) if is_early or _begins(rows[-1], query) else (found, [])

    async def _scanned(self, query: Query, position: Position, scan: Scan, limit: int) -> Found:
        """The rows of one scan behind the position; a row already shown, or due to another scan, is not read again."""
        place, rank = position
        rows: list[Row] = []
        if place in scan.keys:
            shown = [*_up_to(place - 1, query), *({**one, "r": {"$lte": rank}} for one in _matches(place, query))]
            rows = await self._read(query, _but(scan.wanted, shown), limit, within=(scan.keys[place], rank + 1))
        later = [key for at, key in scan.keys.items() if at > place]
        if later and len(rows) < limit:
            first = min(at for at in scan.keys if at > place)
            shown = _up_to(first - 1, query) if first > EXACT else []
            rows += await self._read(query, _but({"g": {"$in": later}, **scan.wanted}, shown), limit - len(rows))
        return _in_order(rows, query, position)

    async def _read(self, query: Query, wanted: Row, limit: int, within: tuple[str, int] | None = None) -> list[Row]:
        """Rows in index order. MongoDB yields an index scan in the index's order, and a row once, at its first key."""
        cursor = self._rows.find(wanted, _WITH_CODES if query.codes else _NAMES_ONLY, hint=_INDEX, limit=-limit)
        cursor = cursor.batch_size(limit).max_time_ms(MILLISECONDS)
        if within:
            key, rank = within
            cursor = cursor.min([("g", key), ("r", rank)]).max([("g", key), ("r", _END)])
        return await cursor.to_list()


def _scans(query: Query, table: GramTable, rarest: str, code: str) -> list[Scan]:
    """The scans that together meet every match in order; `rarest` is the rarest key of the words, `code` of a code."""
    text, several = query.text, len(query.words) > 1
    begins = {PREFIX: f"{PREFIX}{text[:BEGINNING]}", TRADE_NAME: f"{TRADE_NAME}{text[:BEGINNING]}"}
    inside = {INSIDE: table.rarest(names.grams(text)) if several else rarest}
    if code:
        inside[CODE] = code
    if len(text) <= BEGINNING:
        whole_key = len(text) <= 2 and not query.codes  # the key says it all
        scans = [Scan({EXACT: _exact(query), **begins, **inside}, {} if whole_key else _condition(query))]
    else:  # the kept beginnings are shorter than the text: each place has to be asked for by itself
        scans = [
            Scan({EXACT: _exact(query), PREFIX: begins[PREFIX]}, {"$or": _up_to(PREFIX, query)}),
            Scan({TRADE_NAME: begins[TRADE_NAME]}, {"$or": _matches(TRADE_NAME, query)}),
            Scan(inside, {"$or": _matches(INSIDE, query) + (_matches(CODE, query) if query.codes else [])}),
        ]
    if several:
        scans.append(Scan({WORDS: rarest}, {"$or": _matches(WORDS, query)}))
    return scans


def _batch(query: Query, found: Found, problem: str) -> HitBatch:
    hits = tuple(names.hit_of(row, query, place) for place, _, row in found[:BATCH])
    after = ""
    if len(found) > BATCH:
        place, rank, _ = found[BATCH - 1]
        after = base64.urlsafe_b64encode(f"{place}.{rank}".encode()).decode().rstrip("=")
    persons = any(hit.kind == "person" for hit in hits) or (not hits and han.looks_like_person(query.text))
    return HitBatch(hits=hits, after=after, problem=problem, persons_searched=persons)


def _position(after: str) -> Position:
    if not after:
        return _START
    try:
        place, rank = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)).decode("ascii").split(".")
        position = int(place), int(rank)
    except (ValueError, binascii.Error):
        raise Invalid({"after": "翻页位置已失效，请重新查询。"}) from None
    if not (EXACT <= position[0] <= CODE and 0 <= position[1] < _END):
        raise Invalid({"after": "翻页位置已失效，请重新查询。"})
    return position


def _in_order(rows: list[Row], query: Query, position: Position) -> Found:
    found = [(names.place_of(row, query), row["r"], row) for row in rows]
    found.sort(key=lambda one: one[:2])
    return [one for one in found if one[:2] > position and one[0] <= CODE]


def _begins(row: Row, query: Query) -> bool:
    """Whether the row stands under a key of the beginnings."""
    head = query.text[:BEGINNING]
    starts = zip(row["t"], row["k"], strict=True)
    return any(name.startswith(head) or name.startswith(head, start) for name, start in starts)


def _exact(query: Query) -> str:
    return f"{EXACT}{query.text}"


def _condition(query: Query, place: int = INSIDE) -> Row:
    """What every match of the query meets; with WORDS also those with the words apart."""
    return {"$or": [*_matches(place, query), {"g": _exact(query)}, *(_matches(CODE, query) if query.codes else [])]}


def _matches(place: int, query: Query) -> list[Row]:
    """Conditions that put a row into the place or a better one. Comparable text has no pattern signs in it."""
    text = query.text
    if place == EXACT:
        return [{"g": _exact(query)}]
    if place == WORDS:
        return (
            [{"t": {"$regex": "^" + "".join(f"(?=.*{word})" for word in query.words)}}] if len(query.words) > 1 else []
        )
    field = {PREFIX: "t", TRADE_NAME: "b", INSIDE: "t", CODE: "c"}[place]
    return [{field: {"$regex": "^" + text if place in (PREFIX, TRADE_NAME) else text}}]


def _up_to(place: int, query: Query) -> list[Row]:
    return [one for better in range(EXACT, place + 1) for one in _matches(better, query)]


def _but(wanted: Row, shown: list[Row]) -> Row:
    return {**wanted, "$nor": shown} if shown else wanted
