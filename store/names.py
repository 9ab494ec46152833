"""The slim rows of name search: what a row holds, how a query matches it, how a hit line is made of it.

A row stands for one company: `_id` uscc · `g` gram keys · `r` rank (active first, shorter name first, then by code) ·
`n` name · `f` former names · `s` status · `l` legal representative (`p` comparable, where different) · `d` street ·
`e` established on · `t` comparable names, `k` where the trade name starts in each, `b` the names from there on ("" when
at the very start) · `c` comparable codes, `o` the codes as printed.

A gram key is a place and a piece of text: `0` a whole text, `1` the beginning of a name, `2` the beginning of a trade
name, `3` anywhere in a name, `5` anywhere in a code. Keys sort by place first, so an index scan over the keys of one
query, place by place, meets the companies in the order of the result and each only once, at its best place.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from conf import han
from conf.terms import CompanyStatus
from store.connection import Row
from store.records import Company, Hit

EXACT, PREFIX, TRADE_NAME, INSIDE, WORDS, CODE, NONE = range(7)  # places, in the order of the result
BEGINNING = 6  # beginnings of this many characters are kept as keys
CODE_PART = 4  # least characters of a code that are searched
_LONGEST_QUERY = 80
_STATUS = {status.value: status for status in CompanyStatus}


@dataclass(frozen=True, slots=True)
class Query:
    """A question in comparable form. `text` is all words joined; `codes` says that parts of codes are meant too."""

    text: str
    words: tuple[str, ...]
    codes: bool


def read_query(q: str) -> Query:
    """The question as typed, made comparable."""
    text = han.plain_query(q[:_LONGEST_QUERY])
    words = han.words(q[:_LONGEST_QUERY])
    if len(words) < 2 or not any(map(grams, words)) or not all(word in text for word in words):
        words = (text,)  # one word, or words that say nothing by themselves
    is_code = len(words) == 1 and len(text) >= CODE_PART and (text.isascii() or "字" in text)
    return Query(text=text, words=words, codes=is_code)


def search_row(company: Company) -> Row:
    """The row of a company."""
    names = [company.name, *(former.name for former in company.former_names)]
    codes = [code for code in (company.uscc, company.reg_no, *company.old_reg_nos) if code]
    texts = [han.plain(name) for name in names]
    starts = [han.trade_name_start(text) for text in texts]
    row: Row = {
        "_id": company.uscc,
        "r": rank(company, texts[0]),
        "n": company.name,
        "s": company.status.value,
        "l": company.legal_representative,
        "d": company.street,
        "e": company.established_on.isoformat(),
        "t": texts,
        "k": starts,
        "b": [text[start:] if start else "" for text, start in zip(texts, starts, strict=True)],
        "c": [han.plain(code) for code in codes],
        "o": codes,
    }
    if company.former_names:
        row["f"] = names[1:]
    person = han.plain(company.legal_representative)
    if person != company.legal_representative:
        row["p"] = person
    row["g"] = sorted(set(_keys(row)))
    return row


def rank(company: Company, plain_name: str) -> int:
    """Order within a tier: active companies first, then shorter names, then by code; unique to the company."""
    inactive = company.status is not CompanyStatus.ACTIVE
    return inactive << 61 | min(len(plain_name), 511) << 52 | int(company.uscc[8:18], 36)


def grams(text: str) -> list[str]:
    """Keys a name that contains `text` surely has: pairs of characters, rare characters alone."""
    pairs = [f"{INSIDE}{text[at : at + 2]}" for at in range(len(text) - 1)]
    return pairs + [f"{INSIDE}{char}" for char in text if han.is_rare(char)]


def code_grams(text: str) -> list[str]:
    """Keys a code that contains `text` surely has."""
    return [f"{CODE}{text[at : at + CODE_PART]}" for at in range(len(text) - CODE_PART + 1)]


def _keys(row: Row) -> Iterator[str]:
    for text, tail in zip(row["t"], row["b"], strict=True):
        yield f"{EXACT}{text}"
        yield from _beginnings(PREFIX, text)
        yield from _beginnings(TRADE_NAME, tail)
        yield from grams(text)
    for code in row["c"]:
        yield f"{EXACT}{code}"
        yield from code_grams(code)
    if row["l"]:
        yield f"{EXACT}{row.get('p', row['l'])}"


def _beginnings(place: int, text: str) -> Iterator[str]:
    if text and han.is_rare(text[0]):
        yield f"{place}{text[0]}"
    for size in range(2, min(len(text), BEGINNING) + 1):
        yield f"{place}{text[:size]}"


def place_of(row: Row, query: Query) -> int:
    """The best place in which the row answers the query; NONE when it does not. `c` is only needed for codes."""
    text, names = query.text, row["t"]
    codes = row["c"] if query.codes else ()
    if text in names or text in codes or row.get("p", row["l"]) == text:
        return EXACT
    best = NONE
    for name, start in zip(names, row["k"], strict=True):
        at = name.find(text)
        if at == 0:
            return PREFIX
        if at > 0:
            best = min(best, TRADE_NAME if name.startswith(text, start) else INSIDE)
    if best != NONE:
        return best
    if len(query.words) > 1 and any(all(word in name for word in query.words) for name in names):
        return WORDS
    return CODE if any(text in code for code in codes) else NONE


def hit_of(row: Row, query: Query, place: int) -> Hit:
    """The line of a result, with the text that matched best and where."""
    kind, matched, marked = _matched(row, query, place)
    return Hit(
        uscc=row["_id"],
        name=row["n"],
        status=_STATUS[row["s"]],
        legal_representative=row["l"],
        street=row["d"],
        established_on=date.fromisoformat(row["e"]),
        kind=kind,
        matched=matched,
        spans=marked,
        tier=INSIDE if place == CODE else place,
    )


def _matched(row: Row, query: Query, place: int) -> tuple[str, str, tuple[tuple[int, int], ...]]:
    for number, name in enumerate(row["t"]):
        start = row["k"][number]
        if _answers(name, start, query, place):
            shown = row["f"][number - 1] if number else row["n"]
            needles = query.words if place == WORDS else (query.text,)
            return ("former_name" if number else "name"), shown, spans(shown, needles, start * (place == TRADE_NAME))
    for code, shown in zip(row["c"], row["o"], strict=True) if query.codes else ():
        if query.text in code and (place == CODE or code == query.text):
            return "code", shown, spans(shown, (query.text,))
    return "person", row["l"], ((0, len(row["l"])),)


def _answers(name: str, start: int, query: Query, place: int) -> bool:
    if place == EXACT:
        return name == query.text
    if place == PREFIX:
        return name.startswith(query.text)
    if place == TRADE_NAME:
        return name.startswith(query.text, start)
    if place == INSIDE:
        return query.text in name
    return place == WORDS and all(word in name for word in query.words)


def spans(shown: str, needles: tuple[str, ...], skip: int = 0) -> tuple[tuple[int, int], ...]:
    """Where the needles (comparable form) stand in the text as shown: (start, end) pairs, in order, not overlapping."""
    found = []
    for needle in needles:
        start = shown.find(needle, skip)  # mostly the text is shown as it is compared
        if start >= 0:
            found.append((start, start + len(needle)))
            continue
        folded, at = han.places(shown)
        start = folded.find(needle, skip)
        if start >= 0:
            found.append((at[start], at[start + len(needle) - 1] + 1))
    return _merged(sorted(found)) if len(found) > 1 else tuple(found)


def _merged(pairs: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged = [pairs[0]]
    for start, end in pairs[1:]:
        if start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
