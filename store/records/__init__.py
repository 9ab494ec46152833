"""Frozen records that go in and out of the store; no raw dict or ObjectId leaves the room."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar, dataclass_transform

from conf.terms import (
    AccountKind,
    AuditFault,
    AuditTag,
    Channel,
    CompanyStatus,
    CopyStatus,
    DocumentFlag,
    EntryPoint,
    FilingKind,
    FollowUpResult,
    FollowUpStatus,
    FollowUpStep,
    IdentityLevel,
    InboxStatus,
    OrderStatus,
    OutboxKind,
    OutboxStatus,
    Outcome,
    PersonRole,
    PurposeCode,
    Satisfaction,
    SealStatus,
    StaffRole,
)
from store.checks import Comparison as Comparison
from store.checks import Difference as Difference
from store.checks import LicenceCheck as LicenceCheck
from store.review_records import AnswerFile as AnswerFile
from store.review_records import Question as Question
from store.review_records import Review as Review
from store.secret import Secret as Secret

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def record(cls: type[_T]) -> type[_T]:
    """A frozen record with named fields only."""
    return dataclass(frozen=True, kw_only=True, slots=True)(cls)


# -- the registry


@record
class FormerName:
    name: str
    since: date | None
    until: date | None


@record
class Person:
    """A person or body named in the register. Names are public record; `id_number` and `address` are not."""

    name: str
    role: PersonRole
    id_type: str  # "身份证", "护照", "统一社会信用代码" …
    id_number: Secret | None
    is_body: bool = False  # a company or other body, not a natural person
    title: str = ""  # 执行董事、总经理 …
    address: Secret | None = None  # home address
    amount: str = ""  # capital subscribed, as the register prints it
    share: str = ""  # per cent


@record
class Change:
    item: str
    before: str
    after: str
    approved_on: date


@record
class Company:
    """One registered subject, key `uscc` (GB 32100-2015). Money and scope are texts as registered."""

    uscc: str
    reg_no: str  # 15-digit registration number (GS15-2006), may be empty
    old_reg_nos: tuple[str, ...]
    name: str
    former_names: tuple[FormerName, ...]
    entity_type: str
    status: CompanyStatus
    legal_representative: str
    capital: str
    established_on: date
    approved_on: date
    term_from: date | None
    term_to: date | None
    ended_on: date | None  # cancelled, revoked, annulled or moved out on
    domicile: str
    street_code: str  # nine digits, 440106001 …
    street: str
    scope: str
    registry: str
    moved_to: str  # receiving registry when moved out
    industry: str
    parent_uscc: str  # of a branch
    persons: tuple[Person, ...]
    changes: tuple[Change, ...]
    locked: bool
    lock_ground: str
    filing_count: int  # filings approved so far, scanned or not
    last_filed_on: date | None
    updated_at: datetime | None = None


@record
class Hit:
    """One line of a search result. `matched` says which text matched, `spans` where (start, end) in it."""

    uscc: str
    name: str
    status: CompanyStatus
    legal_representative: str
    street: str
    established_on: date | None
    kind: str  # "name" | "former_name" | "code" | "person"
    matched: str
    spans: tuple[tuple[int, int], ...]
    tier: int  # 0 exact, 1 prefix, 2 start of trade name, 3 substring, 4 all words


@record
class HitBatch:
    """A slice of hits; `after` is the opaque cursor of the next slice, empty at the end.

    `problem` is "" or one of "too_short", "too_broad" (hits may stand beside it: the best of very many);
    `persons_searched` tells the audit a person's name was asked.
    """

    hits: tuple[Hit, ...]
    after: str
    problem: str
    persons_searched: bool


# -- the dossier


@record
class Page:
    id: str
    document_id: str
    number: int  # from 1 within the document
    sha256: str  # of the scan as stored
    media_type: str  # image/jpeg, image/png, image/tiff
    size: int  # bytes
    width: int
    height: int
    dpi: int


@record
class Document:
    id: str
    filing_id: str
    uscc: str
    kind: str  # 申请书, 章程, 股东会决议, 房屋租赁合同 …
    title: str
    dated: date | None
    flags: frozenset[DocumentFlag]
    page_count: int  # 0 while not scanned
    catalogued_pages: int  # pages the catalogue says the paper has


@record
class Filing:
    id: str
    uscc: str
    kind: FilingKind
    number: int  # place in the dossier, from 1 by date
    business_no: str
    title: str
    approved_on: date
    documents: tuple[Document, ...]


@record
class Dossier:
    uscc: str
    filings: tuple[Filing, ...]

    @property
    def documents(self) -> tuple[Document, ...]:
        return tuple(document for filing in self.filings for document in filing.documents)


# -- visitors


@record
class Account:
    """A visitor known by the provincial platform: (`provider`, `subject`) is the key, never name or phone."""

    id: str
    provider: str
    subject: str  # useridcode
    kind: AccountKind
    name: str
    id_type: str
    id_number: Secret
    level: IdentityLevel
    phone: Secret | None
    mail: Secret | None
    uscc: str  # of a legal account (idcardtype 49), else ""
    operator_name: str  # 经办人 of a legal account
    created_at: datetime
    signed_in_at: datetime
    parent_subject: str = ""  # useridcode of the main account, with a sub-account
    signed_out_at: datetime | None = None  # told by the platform; sessions begun before are over


@record
class Link:
    """A user of another app and the account of ours they are; `id` is "<provider>:<external id>". It never moves."""

    id: str
    provider: str
    external_id: str
    account_id: str
    created_at: datetime


@record
class Entry:
    """Through which door of another system a visit came, and for which of that system's tasks."""

    point: EntryPoint
    task_code: str


@record
class Grant:
    """A permission that ends: a reviewed request opened these documents of one company to one account."""

    id: str
    account_id: str
    uscc: str
    document_ids: frozenset[str]
    order_no: str
    rule_id: str
    until: datetime


@record
class LawyerClaim:
    licence_no: str  # 17 digits
    firm: str
    case_summary: str
    promised: bool  # 承诺书 ticked


@record
class Purpose:
    code: PurposeCode
    statement: str = ""
    lawyer: LawyerClaim | None = None


@record
class DocumentDecision:
    document_id: str
    outcome: Outcome
    rule_id: str


@record
class Decision:
    """Why something is open or shut. `facts` holds every input used, so `replay(decision)` gives the same answer.

    `ground` quotes the law, `says` is the plain sentence a visitor reads, `remedy` what would change it.
    """

    outcome: Outcome
    rule_id: str
    rule_version: str
    ground: str
    says: str
    remedy: str
    facts: dict[str, Any]
    documents: tuple[DocumentDecision, ...]
    decided_at: datetime

    def of(self, document_id: str) -> DocumentDecision | None:
        return next((d for d in self.documents if d.document_id == document_id), None)


@record
class Session:
    """Server-side session; the cookie holds a random token whose SHA-256 is `id`."""

    id: str
    account_id: str  # "" before sign-in
    staff_id: str  # on the channel `government` the id of a unit's user, who is none of our people
    channel: Channel
    terminal_id: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime  # absolute limit
    values: dict[str, Any]  # small: return address, pending OAuth states …


# -- orders and copies


@record
class OrderItem:
    document_id: str
    filing_id: str
    filing_title: str
    document_title: str
    page_count: int
    kind: str = ""  # 申请书, 章程 …; empty on orders of before it was kept


@record
class Step:
    status: OrderStatus
    at: datetime
    by: str  # "visitor", "worker", "staff:<id>"
    note: str = ""


@record
class Order:
    no: str  # TH20261121-7K3M9Q
    account_id: str
    request_key: str  # idempotency key, unique per account
    request_digest: str  # of the body, so that the same key with another body is told apart
    uscc: str
    company_name: str
    requester_masked: str
    items: tuple[OrderItem, ...]
    with_extract: bool
    page_count: int
    purpose: Purpose
    consent_version: str
    channel: Channel
    decision: Decision
    status: OrderStatus
    history: tuple[Step, ...]
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None  # promised end of review
    copy_no: str  # THC20261121-7K3M9Q once sealing began
    refusal: str
    fault: str  # last fault while sealing, for staff
    attempts: int
    version: int
    document_ids_permitted: frozenset[str]
    entry: Entry | None = None  # None: the visitor came by themselves
    licence: LicenceCheck | None = None  # of a lawyer: what the licence register said
    operator: Secret | None = None  # 经办人 of a legal account, as the platform named them when the order was placed
    by_sub_account: bool = False
    review: Review = field(default_factory=Review)
    refusal_id: str = ""  # which reason of conf/refusals.toml


@record
class CopyIssue:
    """What is settled about a copy before it is made; printed on its sheets. `code` is plain, 20 characters."""

    no: str
    order_no: str
    code: str = field(repr=False)
    issued_at: datetime
    valid_until: datetime
    filing_number: int
    filed_on: date | None
    base_url: str
    is_sample: bool  # made by a development seal: without legal effect, and says so
    signatory: str = ""  # title and name of who signs on that day; "": nobody is registered


@record
class CopyPage:
    """One page of a sealed copy. `digest` is SHA-256 of the scan's bytes (hex), empty on sheets we made."""

    number: int
    kind: str  # "certificate" | "extract" | "scan"
    document_id: str
    document_title: str
    original_page: int
    digest: str
    content_digest: str  # SHA-256 over the page's objects in the finished PDF; tells which page was altered


@record
class Copy:
    no: str
    order_no: str
    account_id: str
    uscc: str
    company_name: str
    issued_at: datetime
    valid_until: datetime
    download_until: datetime
    code: Secret  # verification code, 20 characters
    status: CopyStatus
    withdrawn_reason: str
    sha256: str  # of the sealed file
    size: int
    pages: tuple[CopyPage, ...]
    cert_sn: str
    signer: str
    filing_number: int  # complete up to filing N …
    filed_on: date | None  # … of date D
    file_removed_at: datetime | None = None  # retention removed the file; this record goes on answering
    seal_id: str = ""  # which seal of the register it carries …
    seal_version: int = 0  # … and which version of it
    sm3: str = ""  # of the sealed file; set with the SM2 signature over both digests
    sm2_signature: str = ""
    sm2_key: str = ""


@record
class SealStep:
    """One thing that happened to a seal: `what` is "added" or "retired", `by` who did it."""

    at: datetime
    what: str
    by: str
    note: str


@record
class SealVersion:
    """A seal with one certificate, for the time it may be used. A new certificate is a new version; none is deleted."""

    id: str  # "<seal_id>.<version>"
    seal_id: str
    version: int  # from 1
    name: str
    signer: str  # common name of the certificate
    fingerprint: str  # of the certificate, SHA-256 in hex
    cert_sn: str
    valid_from: datetime
    valid_until: datetime
    status: SealStatus
    entered_by: str
    history: tuple[SealStep, ...]


@record
class Rating:
    order_no: str
    number: int  # 1, or 2 for the follow-up
    satisfaction: Satisfaction
    tags: tuple[str, ...]
    text: str
    channel: Channel
    at: datetime
    is_default: bool = False  # nobody said it: the time for rating was over


@record
class RatingTally:
    """Orders rated in a span of time: by their visitors, of these not low, and by default only."""

    active: int
    good: int
    by_default: int


@record
class FollowUpEntry:
    step: FollowUpStep
    at: datetime
    by: str  # "visitor", "staff:<id>"
    text: str
    result: FollowUpResult | None = None


@record
class FollowUp:
    """What is done about one low rating. `next_due` is the term of the step that comes next, None when closed."""

    id: str  # "<order number>.<1 or 2>", as the rating
    order_no: str
    number: int
    satisfaction: Satisfaction
    company_name: str
    requester_masked: str
    status: FollowUpStatus
    is_open: bool
    next_due: datetime | None
    due_first_contact: datetime
    due_rectify: datetime
    due_callback: datetime
    callback_result: FollowUpResult | None
    feedback_at: datetime | None
    reopened: int
    history: tuple[FollowUpEntry, ...]
    opened_at: datetime
    version: int


# -- going out


@record
class OutboxMessage:
    """One thing that must reach an outside system: at least once, and recognised there by `reference`."""

    id: str
    kind: OutboxKind
    reference: str  # ours, sent along; unique
    order_no: str  # messages of one order and kind go out in order
    body: dict[str, Any]  # nothing personal in clear: recipients are tokens (`recipient`)
    recipient: Secret | None
    status: OutboxStatus
    attempts: int
    next_at: datetime
    created_at: datetime
    done_at: datetime | None
    fault: str
    vendor: str = ""  # which of several providers took it
    vendor_no: str = ""  # its number there
    receipt: str = ""  # what the vendor said afterwards: "" (nothing yet), "arrived" or "failed"
    receipt_at: datetime | None = None


# -- coming in


@record
class InboxEvent:
    """One thing a counterpart told us. `id` is "<system>:<its own key>", so a repeat is the same event.

    `subject` is our reference it is about; `values` hold nothing personal.
    """

    id: str
    system: str
    subject: str
    values: dict[str, Any]
    happened_at: datetime
    received_at: datetime
    status: InboxStatus


# -- staff, terminals, evidence


@record
class Staff:
    id: str
    login: str
    name: str
    roles: frozenset[StaffRole]
    password_hash: str = field(repr=False)
    totp: Secret = field(repr=False)
    disabled: bool
    must_change: bool
    failures: int
    locked_until: datetime | None
    last_totp_step: int  # a one-time code is good once
    created_at: datetime
    password_at: datetime | None = None  # when the password was set; None: as old as the account
    old_passwords: tuple[str, ...] = field(default=(), repr=False)  # argon2 hashes, newest first
    recovery: tuple[str, ...] = field(default=(), repr=False)  # keyed digests of recovery codes not used yet
    link_digest: str = field(default="", repr=False)  # SHA-256 of the one-time link's token; "" without a link
    link_until: datetime | None = None
    relied_on: int = 0  # how often a change of another's account was possible because this one still works

    @property
    def awaits_link(self) -> bool:
        """Open, and without any credential: only a one-time link sets it up."""
        return not self.password_hash and not self.disabled


@record
class Terminal:
    id: str
    name: str
    location: str
    key_digest: str = field(repr=False)  # SHA-256 of the terminal's key
    created_at: datetime
    retired: bool


@record
class AuditEvent:
    """One line of evidence. `who` is a keyed hash, never a name; `leaf` is SHA-256(0x00 ‖ canonical JSON)."""

    id: str
    position: int | None  # given by the sequencer
    tag: AuditTag
    at: datetime
    who: str
    role: str  # "visitor", "staff", "unit", "system"
    channel: Channel
    request_id: str
    address: str  # keyed hash of the network address
    subject: str  # uscc, order or copy number, page id …
    outcome: str
    fields: dict[str, Any]
    leaf: str


@record
class Checkpoint:
    """Signed state of the audit tree: `origin \\n size \\n root`, Ed25519."""

    size: int
    root: str  # hex
    at: datetime
    key_id: str
    signature: str  # base64


@record
class AuditReport:
    """What verifying the audit found: `first_bad` is a position, None when no single event is at fault."""

    ok: bool
    size: int  # events recomputed
    first_bad: int | None
    problem: str
    checkpoints: int  # checkpoints compared
    fault: AuditFault | None = None  # what `problem` is, in our terms
