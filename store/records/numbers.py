"""Records of what is counted; store/numbers.py and store/recount.py give them to flows and pages."""

from datetime import date, datetime

from conf.measures import Measure
from store.records import record


@record
class Part:
    """What was counted in one period (a Beijing day, or the days of one month that were asked for)."""

    first: date
    last: date
    measures: dict[Measure, dict[str, int]]

    def cells(self, measure: Measure) -> dict[str, int]:
        return self.measures.get(measure, {})


@record
class Figures:
    """Counts over a range of Beijing days, period by period; `before` holds the accounts known at its start."""

    first: date
    last: date
    grain: str  # "d": a part a day, "m": a part a month
    parts: tuple[Part, ...]
    before: dict[str, int]


@record
class Watched:
    """How a range of days was served: minutes in which a process answered, and most visitors in one minute."""

    minutes: int
    since: datetime | None  # the first minute ever written down
    peak: int


@record
class Difference:
    """One count that is not what the records say."""

    measure: str
    cell: str
    kept: int
    counted: int


@record
class Recount:
    """A Beijing day counted anew from the records; any difference is an alarm."""

    day: date
    at: datetime
    differences: tuple[Difference, ...]


@record
class TopCompany:
    uscc: str
    name: str
    count: int
