"""The slim rows of name search: what a row holds, how a query matches it, how a hit line is made of it.

A row stands for one company: `_id` uscc · `g` gram keys · `r` rank (active first, shorter name first, then by code) ·
`n` name · `f` former names · `s` status · `l` legal representative (`p`
comparable, where different) · `d` street · `e` established on · `t` comparable
names, `b` the same from the trade name on ("" where nothing stands in front), `c` comparable codes, `o` the codes as
printed. A gram key is a piece of text and the class of its place: `=` all of it, `A` at the beginning, `B` at the
beginning of the trade name, `C` elsewhere. Keys sort `=` < A < B < C, so a walk along the keys of one gram in index
order meets the companies in the order of the result. Text pieces are lower case and hold letters and digits only,
so class marks and the `#` before pieces of codes cannot be mistaken for text.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from conf import han
from conf.terms import CompanyStatus
from store.connection import Row
from store.records import Company, Hit

EXACT, PREFIX, TRADE_NAME, INSIDE, WORDS, NONE = range(6)
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
    is_code = len(text) >= CODE_PART and (text.isascii() or "字第" in text or any(char.isdigit() for char in text))
    return Query(text=text, words=words, codes=is_code)


def search_row(company: Company) -> Row:
    """The row of a company."""
    names = [company.name, *(former.name for former in company.former_names)]
    codes = [code for code in (company.uscc, company.reg_no, *company.old_reg_nos) if code]
    texts = [han.plain(name) for name in names]
    tails = [text[start:] if (start := han.trade_name_start(text)) else "" for text in texts]
    row: Row = {
        "_id": company.uscc,
        "r": rank(company, texts[0]),
        "n": company.name,
        "s": company.status.value,
        "l": company.legal_representative,
        "d": company.street,
        "e": company.established_on.isoformat(),
        "t": texts,
        "b": tails,
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
    """Pieces a name is found by: its pairs of characters, and rare characters alone."""
    return [text[at : at + 2] for at in range(len(text) - 1)] + [char for char in text if han.is_rare(char)]


def code_grams(text: str) -> list[str]:
    """Pieces a code is found by."""
    return ["#" + text[at : at + CODE_PART] for at in range(len(text) - CODE_PART + 1)]


def _keys(row: Row) -> Iterator[str]:
    for text, tail in zip(row["t"], row["b"], strict=True):
        yield text + "="
        start = len(text) - len(tail) if tail else 0
        for size in (1, 2):
            for at in range(len(text) - size + 1):
                piece = text[at : at + size]
                if size == 2 or han.is_rare(piece):
                    yield piece + ("A" if at == 0 else "B" if at == start else "C")
    for code in row["c"]:
        yield code + "="
        for at, piece in enumerate(code_grams(code)):
            yield piece + ("C" if at else "A")
    if row["l"]:
        yield row.get("p", row["l"]) + "="


def tier_of(row: Row, query: Query) -> int:
    """The best tier in which the row answers the query; NONE when it does not."""
    text, names, codes = query.text, row["t"], row["c"]
    if text in names or text in codes or row.get("p", row["l"]) == text:
        return EXACT
    best = NONE
    for place, name in enumerate(names):
        at = name.find(text)
        if at == 0:
            return PREFIX
        if at > 0:
            best = min(best, TRADE_NAME if row["b"][place].startswith(text) else INSIDE)
    if query.codes:
        best = min([best, *(INSIDE if at else PREFIX for code in codes if (at := code.find(text)) >= 0)])
    if best == NONE and len(query.words) > 1 and any(all(word in name for word in query.words) for name in names):
        return WORDS
    return best


def hit_of(row: Row, query: Query, tier: int) -> Hit:
    """The line of a result, with the text that matched best and where."""
    kind, matched, spans = _matched(row, query, tier)
    return Hit(
        uscc=row["_id"],
        name=row["n"],
        status=_STATUS[row["s"]],
        legal_representative=row["l"],
        street=row["d"],
        established_on=date.fromisoformat(row["e"]),
        kind=kind,
        matched=matched,
        spans=spans,
        tier=tier,
    )


def _matched(row: Row, query: Query, tier: int) -> tuple[str, str, tuple[tuple[int, int], ...]]:
    for place, name in enumerate(row["t"]):
        if _answers(name, row["b"][place], query, tier):
            shown = row["f"][place - 1] if place else row["n"]
            needles = query.words if tier == WORDS else (query.text,)
            skip = len(name) - len(row["b"][place]) if tier == TRADE_NAME else 0
            return ("former_name" if place else "name"), shown, spans(shown, needles, skip)
    for place, code in enumerate(row["c"]):
        if _answers(code, "", query, tier):
            shown = row["o"][place]
            return "code", shown, spans(shown, (query.text,))
    return "person", row["l"], ((0, len(row["l"])),)


def _answers(text: str, tail: str, query: Query, tier: int) -> bool:
    if tier == EXACT:
        return text == query.text
    if tier == PREFIX:
        return text.startswith(query.text)
    if tier == TRADE_NAME:
        return tail.startswith(query.text)
    if tier == INSIDE:
        return query.text in text
    return all(word in text for word in query.words)


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
