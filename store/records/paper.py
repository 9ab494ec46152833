"""Records of the paper side: volumes, the lists they came and go by, their places, who has borrowed them."""

from datetime import date, datetime

from conf.terms import (
    CompanyStatus,
    DestructionStatus,
    HandoverStatus,
    LoanCondition,
    VolumeCheck,
    VolumeKind,
    VolumeState,
)
from store.records import Secret, record


@record
class PaperStep:
    """One line of a history: who did what, when, and why. `by` is a staff id, `name` theirs at that time."""

    at: datetime
    by: str
    name: str
    what: str
    note: str = ""


@record
class PaperPart:
    """What of one company lies in a volume: its filings by their number in the dossier."""

    uscc: str
    company_name: str
    filings: tuple[int, ...]


@record
class PaperCompany:
    """As much of a company as decides about its papers."""

    uscc: str
    name: str
    status: CompanyStatus
    ended_on: date | None
    locked: bool


@record
class Volume:
    """A volume (卷) or box (盒) of papers; `id` is its barcode. It stays on record when the papers are gone."""

    id: str
    kind: VolumeKind
    title: str
    parts: tuple[PaperPart, ...]
    pages: int
    state: VolumeState
    handover_no: str  # the list it came with
    check: VolumeCheck | None  # found so when it came; None while not checked
    check_note: str
    location: str  # its place, also while it is lent; "" before it was put away
    loan_no: str  # of the loan it is out on
    destruction_no: str  # the list it stands on or was destroyed by
    version: int
    history: tuple[PaperStep, ...]


@record
class Location:
    """A place on the shelves; `id` is its barcode, `L-<room>-<rack>-<column>-<tier>-<place>`."""

    id: str
    room: str  # 库房
    rack: int  # 架
    column: int  # 列
    tier: int  # 层
    place: int  # 位


@record
class Handover:
    """A handover list (移交清单). One person hands over, another checks and receives; its volumes name it."""

    id: str
    unit: str  # the registry that hands over
    status: HandoverStatus
    made_at: datetime
    volumes: int
    sent_by: str
    received_by: str
    version: int
    history: tuple[PaperStep, ...]


@record
class Loan:
    """A volume lent out. Whoever has it is one of our people or somebody of a named unit."""

    id: str
    volume_id: str
    volume_title: str
    borrower: Secret
    unit: str
    mail: Secret | None
    purpose: str
    approved_by: str
    approver: str
    lent_at: datetime
    due_at: datetime  # midnight after the last day
    is_out: bool
    is_extended: bool
    returned_at: datetime | None
    condition: LoanCondition | None
    reminded_on: date | None
    version: int
    history: tuple[PaperStep, ...]


@record
class Doomed:
    """A line of a destruction list as it was when written: kept for good, whatever becomes of register or volume."""

    volume_id: str
    title: str
    companies: tuple[str, ...]
    pages: int
    ended_on: date  # when the last of its companies ended
    kept_until: date


@record
class Destruction:
    """A destruction list (销毁清单): written, approved by two others, carried out before two witnesses."""

    id: str
    status: DestructionStatus
    items: tuple[Doomed, ...]
    keep_years: int  # the term it was written by
    reason: str
    made_at: datetime
    proposal_id: str
    approvers: tuple[str, ...]
    executed_on: date | None
    executed_by: str
    witnesses: tuple[str, ...]
    version: int
    history: tuple[PaperStep, ...]
