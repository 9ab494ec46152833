"""Who holds shares in whom, as the register says; store/investment.py gives it to its page."""

from datetime import date, datetime

from store.records import record


@record
class Side:
    """One side of a holding. A body outside this register has a name and perhaps no more."""

    name: str
    uscc: str = ""
    street_code: str = ""
    street: str = ""
    industry: str = ""

    @property
    def is_local(self) -> bool:
        return bool(self.uscc)


@record
class Holding:
    """A company or other body holds shares in a company of this register."""

    investor: Side
    investee: Side
    amount: str  # as registered
    share: str
    since: date  # the day the investee was established
    as_of: datetime | None  # when this entry of the register was last written
