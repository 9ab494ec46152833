"""Contexts of the paper side: finding and putting away, volumes, places, labels, handover lists, loans."""

from dataclasses import dataclass, field
from datetime import date, datetime

from conf.terms import HandoverStatus, LoanCondition, VolumeCheck, VolumeKind, VolumeState
from store.records.paper import Handover, Loan, Location, PaperPart, Volume
from views.contexts import Context, context
from views.contexts.orders import last_day

KINDS = {VolumeKind.BOX: "盒", VolumeKind.VOLUME: "卷"}
STATES = {
    VolumeState.ANNOUNCED: ("待接收", "info"),
    VolumeState.MISSING: ("移交时缺失", "danger"),
    VolumeState.KEPT: ("在库", "success"),
    VolumeState.LENT: ("已借出", "warning"),
    VolumeState.LISTED: ("在销毁清单上", "warning"),
    VolumeState.DESTROYED: ("已销毁", "neutral"),
}
CHECKS = {VolumeCheck.PRESENT: "完好", VolumeCheck.MISSING: "缺失", VolumeCheck.DAMAGED: "破损"}
HANDOVER = {
    HandoverStatus.DRAFT: ("草稿", "neutral"),
    HandoverStatus.SENT: ("已移交，待核对", "warning"),
    HandoverStatus.RECEIVED: ("已接收，待办结", "info"),
    HandoverStatus.CLOSED: ("已办结", "success"),
}
CONDITIONS = {LoanCondition.GOOD: "完好", LoanCondition.DAMAGED: "破损", LoanCondition.INCOMPLETE: "缺件、缺页"}
_WORDS = {f"：{term.value}": f"：{words}" for table in (CHECKS, CONDITIONS) for term, words in table.items()}


def kind_of(volume: Volume) -> str:
    return KINDS[volume.kind]


def state_of(volume: Volume) -> tuple[str, str]:
    """(words, colour) of where it is in its life."""
    return STATES[volume.state]


def part_words(part: PaperPart) -> str:
    """`第 1–3、5 件`: the filings of one company, runs drawn together."""
    runs: list[list[int]] = []
    for number in part.filings:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return "第 " + "、".join(f"{low}–{high}" if high > low else f"{low}" for low, high in runs) + " 件"


def place_words(code: str) -> str:
    """`A1 库房 3 架 2 列 5 层 8 位` of a place's code."""
    pieces = code.split("-")
    if len(pieces) != 6:
        return code
    room, *rest = pieces[1:]
    return f"{room} 库房 " + " ".join(f"{int(n)} {name}" for n, name in zip(rest, "架列层位", strict=True))


def step_words(what: str) -> str:
    """A step of a history with the term at its end in words."""
    return next((what.removesuffix(end) + words for end, words in _WORDS.items() if what.endswith(end)), what)


class Volumes:
    """What a template may ask about volumes; mixed into the contexts that list them."""

    __slots__ = ()

    def kind(self, volume: Volume) -> str:
        return kind_of(volume)

    def state(self, volume: Volume) -> tuple[str, str]:
        return state_of(volume)

    def part(self, part: PaperPart) -> str:
        return part_words(part)

    def place(self, code: str) -> str:
        return place_words(code)

    def step(self, what: str) -> str:
        return step_words(what)

    def check(self, volume: Volume) -> str:
        return CHECKS[volume.check] if volume.check else ""


@context
class PaperHome(Volumes, Context):
    """Find where papers are; put a volume away by scanning its barcode, then the place's."""

    template = "pages/staff_paper.html"
    q: str = ""
    found: tuple[Volume, ...] = ()
    unplaced: tuple[Volume, ...] = ()
    barcode: str = ""
    location: str = ""
    placed: Volume | None = None
    problem: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def focus(self) -> str:
        """The field a scanner writes into next."""
        return "location" if self.barcode and "barcode" not in self.errors else "barcode"


@context
class VolumePage(Volumes, Context):
    """One volume: what lies in it, where it stands, its whole history."""

    template = "pages/staff_paper_volume.html"
    volume: Volume


@context
class PaperPlaces(Volumes, Context):
    """Places on the shelves; new ones are made for whole racks."""

    template = "pages/staff_paper_places.html"
    places: tuple[Location, ...]
    start: str = ""
    values: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Label:
    """A label to cut out and stick on: its code and a line for people."""

    code: str
    says: str


@context
class PaperLabels(Context):
    """Labels to print, 24 on an A4 sheet."""

    template = "pages/staff_paper_labels.html"
    labels: tuple[Label, ...]
    back: str


@context
class Handovers(Context):
    """Handover lists, those under way first."""

    template = "pages/staff_paper_handovers.html"
    handovers: tuple[Handover, ...]
    unit: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    def status(self, handover: Handover) -> tuple[str, str]:
        return HANDOVER[handover.status]


@context
class HandoverPage(Volumes, Context):
    """One list with its volumes and what can be done next."""

    template = "pages/staff_paper_handover.html"
    handover: Handover
    volumes: tuple[Volume, ...]
    is_sender: bool
    values: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> tuple[str, str]:
        return HANDOVER[self.handover.status]

    @property
    def stage(self) -> str:
        return self.handover.status.value

    @property
    def unchecked(self) -> int:
        return sum(volume.check is None for volume in self.volumes)

    @property
    def kinds(self) -> tuple[tuple[str, str], ...]:
        return tuple((kind.value, words) for kind, words in KINDS.items())

    @property
    def checks(self) -> tuple[tuple[str, str], ...]:
        return tuple((check.value, words) for check, words in CHECKS.items())


@context
class HandoverSheet(Volumes, Context):
    """The list as it is printed and signed."""

    template = "pages/staff_paper_handover_sheet.html"
    handover: Handover
    volumes: tuple[Volume, ...]
    printed_at: datetime

    @property
    def status(self) -> str:
        return HANDOVER[self.handover.status][0]

    @property
    def pages(self) -> int:
        return sum(volume.pages for volume in self.volumes)

    def done(self, what: str) -> str:
        """Who took that step, and when; "" when nobody has."""
        entry = next((entry for entry in self.handover.history if entry.what == what), None)
        return entry.name if entry else ""


@context
class Loans(Context):
    """What is lent, overdue first; a new loan."""

    template = "pages/staff_paper_loans.html"
    out: tuple[Loan, ...]
    back: tuple[Loan, ...]
    approvers: tuple[tuple[str, str], ...]
    days: int
    now: datetime
    values: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    def is_late(self, loan: Loan) -> bool:
        return loan.is_out and self.now >= loan.due_at

    def until(self, loan: Loan) -> datetime | None:
        return last_day(loan.due_at)

    @property
    def late(self) -> int:
        return sum(self.is_late(loan) for loan in self.out)


@context
class LoanPage(Context):
    """One loan: extend it, take it back, its history."""

    template = "pages/staff_paper_loan.html"
    loan: Loan
    borrower: str
    days: int
    now: datetime
    values: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_late(self) -> bool:
        return self.loan.is_out and self.now >= self.loan.due_at

    @property
    def until(self) -> datetime | None:
        return last_day(self.loan.due_at)

    @property
    def condition(self) -> str:
        return CONDITIONS[self.loan.condition] if self.loan.condition else ""

    @property
    def conditions(self) -> tuple[tuple[str, str], ...]:
        return tuple((one.value, words) for one, words in CONDITIONS.items())

    @property
    def reminded_on(self) -> date | None:
        return self.loan.reminded_on

    def step(self, what: str) -> str:
        return step_words(what)
