"""What is counted, how a count is keyed, and days as Beijing has them. The store, flows and pages of numbers call it.

A measure is counted by cells: texts of one term per dimension (DIMENSIONS), joined by "~". A term never holds a dot
or a dollar sign, because a cell is a field name in the store.
"""

import re
from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from conf.clock import BEIJING, beijing

Cells = Mapping[str, int]


class Measure(StrEnum):
    QUERIES = "queries"  # dossiers listed, extracts opened
    ORDERS = "orders"
    CATEGORIES = "categories"  # papers ordered, by their kind
    STEPS = "steps"  # every move of an order
    REFUSALS = "refusals"  # by rule
    ACCOUNTS = "accounts"  # seen for the first time
    RATINGS = "ratings"
    FOLLOWED = "followed"  # low ratings called back, in time or late
    DOWNLOADS = "downloads"  # each hand-out of a copy
    PAPER = "paper"  # pages of a copy when it was first handed out: not printed, or printed at a kiosk
    WAITS = "waits"  # submission to copy, a histogram
    ANSWERS = "answers"  # answers to visitors, a histogram


#: The terms a cell of each measure is made of, in order.
DIMENSIONS: dict[Measure, tuple[str, ...]] = {
    Measure.QUERIES: ("channel", "kind", "outcome", "what"),
    Measure.ORDERS: ("channel", "kind", "outcome"),
    Measure.CATEGORIES: ("channel", "kind", "outcome", "category"),
    Measure.STEPS: ("status",),
    Measure.REFUSALS: ("scope", "rule"),
    Measure.ACCOUNTS: ("kind",),
    Measure.RATINGS: ("satisfaction", "turn"),
    Measure.FOLLOWED: ("followed",),
    Measure.DOWNLOADS: ("channel", "how"),
    Measure.PAPER: ("how",),
    Measure.WAITS: ("way", "seconds"),
    Measure.ANSWERS: ("page", "end", "seconds"),
}

#: Upper bounds in seconds; what is longer than the last stands under "more".
WAIT_BOUNDS = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1800, 3600, 7200, 14400, 28800,
               86400, 172800, 259200, 432000, 604800, 1209600, 2592000)  # fmt: skip
ANSWER_BOUNDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30)
MORE = "more"
_LONGEST_TERM = 40
_NO_TERM = re.compile(r"[.$~\0]")


def cell(*terms: str) -> str:
    """Terms as one cell; what a field name cannot hold is replaced (a dot by a colon), what is empty is "-"."""
    return "~".join(_NO_TERM.sub(lambda sign: ":" if sign[0] == "." else "_", term)[:_LONGEST_TERM] or "-"
                    for term in terms)  # fmt: skip


def summed(cells: Cells, measure: Measure, dimension: str, **only: str) -> dict[str, int]:
    """Counts of one dimension, over the cells whose other terms are as `only` says (those it does not have pass)."""
    names = DIMENSIONS[measure]
    place, found = names.index(dimension), dict[str, int]()
    for key, count in cells.items():
        terms = key.split("~")
        if all(terms[names.index(name)] == term for name, term in only.items() if term and name in names):
            found[terms[place]] = found.get(terms[place], 0) + count
    return found


def total(cells: Cells, measure: Measure, **only: str) -> int:
    """The sum over the cells that are as `only` says."""
    return sum(summed(cells, measure, DIMENSIONS[measure][0], **only).values())


def bound(seconds: float, bounds: tuple[float, ...]) -> str:
    """The term of a duration: the least bound it does not pass; hundredths written without a dot ("0_05")."""
    place = bisect_left(bounds, seconds)
    return _term(bounds[place]) if place < len(bounds) else MORE


def quantile(cells: Mapping[str, int], share: float, bounds: tuple[float, ...]) -> float | None:
    """The duration in seconds that `share` of the counted stay within, straight between bounds; None when none is.

    Durations past the last bound count as it.
    """
    counts = [cells.get(_term(each), 0) for each in bounds] + [cells.get(MORE, 0)]
    wanted, before, low = share * sum(counts), 0, 0.0
    if not sum(counts):
        return None
    for count, high in zip(counts, (*bounds, bounds[-1]), strict=True):
        if count and before + count >= wanted:
            return low + (high - low) * (wanted - before) / count
        before, low = before + count, float(high)
    return float(bounds[-1])


def within(cells: Mapping[str, int], limit: float, bounds: tuple[float, ...]) -> float | None:
    """The share of counted durations of at most `limit` seconds, which must be one of the bounds."""
    everything = sum(cells.values())
    good = sum(cells.get(_term(each), 0) for each in bounds if each <= limit)
    return good / everything if everything else None


def day_of(moment: datetime) -> date:
    """The day in Beijing."""
    return beijing(moment).date()


def hours_of(day: date) -> tuple[datetime, datetime]:
    """The moments between which it is `day` in Beijing: from the first, before the second (UTC)."""
    start = datetime.combine(day, time(), BEIJING).astimezone(UTC)
    return start, start + timedelta(days=1)


def periods_of(day: date) -> tuple[str, str, str]:
    """The day, its month and its year, each as buckets name them."""
    return f"d|{day.isoformat()}", f"m|{day:%Y-%m}", f"y|{day:%Y}"


def segments(first: date, last: date, coarsest: str) -> list[tuple[str, date, date]]:
    """The days from `first` to `last` as few whole years, months and days: (grain, first day, last day) each."""
    if first > last:
        return []
    if coarsest == "d":
        return [("d", first, last)]
    finer = "m" if coarsest == "y" else "d"
    start = first if first == _start(first, coarsest) else _end(first, coarsest) + timedelta(days=1)
    end = last if last == _end(last, coarsest) else _start(last, coarsest) - timedelta(days=1)
    if start > end:
        return segments(first, last, finer)
    before = segments(first, start - timedelta(days=1), finer)
    return [*before, (coarsest, start, end), *segments(end + timedelta(days=1), last, finer)]


def merge(parts: Iterable[Cells]) -> dict[str, int]:
    """The cells of several parts added up."""
    found = dict[str, int]()
    for part in parts:
        for key, count in part.items():
            found[key] = found.get(key, 0) + count
    return found


def _term(seconds: float) -> str:
    return f"{seconds:g}".replace(".", "_")


def _start(day: date, grain: str) -> date:
    return day.replace(month=1, day=1) if grain == "y" else day.replace(day=1)


def _end(day: date, grain: str) -> date:
    return day.replace(month=12, day=31) if grain == "y" else day.replace(day=monthrange(day.year, day.month)[1])


def projected(cells: Cells, measure: Measure, dimensions: tuple[str, ...]) -> dict[str, int]:
    """Counts by some of the dimensions only."""
    places, found = [DIMENSIONS[measure].index(name) for name in dimensions], dict[str, int]()
    for key, count in cells.items():
        terms = key.split("~")
        kept = "~".join(terms[place] for place in places)
        found[kept] = found.get(kept, 0) + count
    return found
