"""Records of government users (政务网): units with their users and scope, cases, what was looked at, batch look-ups."""

from dataclasses import field
from datetime import date, datetime

from conf.terms import BatchStatus, CaseCheck, FilingKind, OrganKind, Outcome
from store.records import CopyPage, Secret, Staff, record


@record
class UnitScope:
    """What a unit may look at: approved by a second person. Empty kinds mean every kind; `until` is the last day."""

    all_companies: bool
    usccs: tuple[str, ...]
    filing_kinds: tuple[FilingKind, ...]
    document_kinds: tuple[str, ...]
    until: date


@record
class Unit:
    """A department with users of its own. `networks`: its part of the government network, "" for all of it.

    Without a `scope` an organ the rules name sees everything, any other nothing (conf/access.toml). A new unit is
    `disabled` until a second person approved its kind and scope.
    """

    id: str
    name: str
    uscc: str
    kind: OrganKind
    contact: Secret
    phone: Secret
    networks: str
    scope: UnitScope | None
    disabled: bool
    created_at: datetime


@record
class UnitUser(Staff):
    """A person of a unit who signs in; password, lock and one-time code as with our own people, but no role of ours."""

    unit_id: str


@record
class Letter:
    """The official letter (公函) of a case as it was handed in; `pages` are digests of its pages made viewable."""

    no: str
    dated: date
    sha256: str
    media_type: str
    pages: tuple[str, ...]


@record
class OrganCase:
    """What a unit looks things up for. `due_at` is the term of the after-check, counted from the first look."""

    id: str
    unit_id: str
    unit_name: str
    user_id: str
    user_name: str
    no: str  # the unit's own case number, once a unit
    purpose: str
    letter: Letter
    opened_at: datetime
    closed_at: datetime | None
    looked_at: datetime | None  # the first look; nothing to check before
    due_at: datetime | None
    check: CaseCheck
    checked_by: str
    checked_name: str
    checked_at: datetime | None
    check_text: str


@record
class OrganView:
    """One look of a unit, refused ones too: what, under which rule of which version, on what ground."""

    id: str
    case_id: str
    unit_id: str
    user_id: str
    what: str  # "dossier", "document", "page", "extract", "batch"
    uscc: str
    company_name: str
    subject: str  # company code, paper or page
    title: str
    outcome: Outcome
    rule_id: str
    rule_version: str
    ground: str
    at: datetime


@record
class BatchLookup:
    """Up to 200 companies for one case: asked by a user, approved by one of our people, answered by one sealed file."""

    id: str  # ZWP20261121-7K3M9Q
    case_id: str
    case_no: str
    unit_id: str
    unit_name: str
    user_id: str
    usccs: tuple[str, ...]
    status: BatchStatus
    created_at: datetime
    decided_by: str
    decided_name: str
    decided_at: datetime | None
    note: str
    sha256: str  # of the sealed file, "" before
    size: int
    cert_sn: str
    ready_at: datetime | None
    attempts: int
    fault: str
    free_at: datetime  # nobody else may work on it before
    owner: str = field(default="")
    unit_kind: OrganKind = OrganKind.OTHER  # all a stranger who verifies the file is told of the unit
    companies: int = 0  # how many are in the sealed file
    code: Secret | None = None  # verification code printed on the first page; set with the file
    pages: tuple[CopyPage, ...] = ()  # likewise; their digests say which page of a changed file is not ours
    file_gone: bool = False  # retention removed file and list with the case; the rest goes on answering
