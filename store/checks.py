"""Records of what other registers said: a lawyer's licence, differences with our register. Known as store.records.X."""

from dataclasses import dataclass
from datetime import date, datetime

from conf.terms import CheckOutcome, DifferenceState, LicenceStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class LicenceCheck:
    """What looking up a lawyer's licence found, beside what the lawyer wrote; facts for the reviewer, no decision.

    The holder's name stays masked: what counts is whether it is the name of the account.
    """

    outcome: CheckOutcome
    source: str = ""  # which register answered
    checked_at: datetime | None = None
    is_same_name: bool = False
    is_same_firm: bool = False
    is_in_force: bool = False  # its state and its term
    holder_masked: str = ""
    firm: str = ""  # as the register has it
    status: LicenceStatus | None = None
    valid_until: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One registration item that another register has otherwise. Settling it changes nothing in our register."""

    id: str  # follows from code, item and both texts: the same difference is one row however often it is seen
    uscc: str
    company_name: str
    item: str
    ours: str
    theirs: str
    first_seen_at: datetime
    seen_at: datetime
    state: DifferenceState
    settled_by: str = ""  # "staff:<id>", or "system" when it was no longer there
    settled_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """When a company was last compared, and what came of it."""

    uscc: str
    company_name: str
    at: datetime
    outcome: str  # "compared" | "not_found"
    differing: int  # items that differ, settled ones included
    open: int  # of them still to be looked at
