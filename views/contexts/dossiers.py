"""Contexts of the dossier page and the viewer; made by handlers/dossiers.py and handlers/pageviews.py."""

from dataclasses import dataclass, field
from datetime import date

from conf.access import NextStep, Rule, Scope, table_of
from conf.terms import DocumentFlag, FilingKind, IdentityLevel, Outcome, PageSize, PurposeCode, TaskKind
from store.records import Company, Decision, Document, Dossier, Filing, Page
from store.records.work import Task
from views.contexts import Context, context
from views.contexts.tasks import FAULTS, told
from views.filters import label

#: Steps of the viewer's zoom in per cent of the width of its frame; "100" fits.
ZOOM_STEPS = (100, 125, 150, 200, 300)


@dataclass(frozen=True, kw_only=True, slots=True)
class Paper:
    """One line of the catalogue. `state`: open | order (after review) | locked | unscanned."""

    id: str
    name: str
    dated: date | None
    page_count: int
    state: str
    why: str = ""
    remedy: str = ""
    address: str = ""

    @property
    def is_choosable(self) -> bool:
        return self.state in ("open", "order")


@dataclass(frozen=True, kw_only=True, slots=True)
class FilingPart:
    """One registration event with the papers this visitor is told of."""

    id: str
    kind: FilingKind
    title: str
    approved_on: date
    papers: tuple[Paper, ...]

    @property
    def name(self) -> str:
        return self.title or label(self.kind)

    @property
    def page_count(self) -> int:
        return sum(paper.page_count for paper in self.papers)

    @property
    def is_choosable(self) -> bool:
        """Offered whole when that saves ticking; the order leaves out by itself what stays shut."""
        return self.choosable_count > 1

    @property
    def choosable_count(self) -> int:
        return sum(paper.is_choosable for paper in self.papers)


@context
class DossierPage(Context):
    """The catalogue, or why there is none for this visitor and what to do next."""

    template = "pages/dossier.html"
    company: Company
    decision: Decision
    step: NextStep
    needed_level: IdentityLevel | None
    filings: tuple[FilingPart, ...]
    purpose: PurposeCode
    tasks: tuple[Task, ...] = ()  # the visitor's own about this dossier, newest first

    def scan_of(self, document_id: str) -> tuple[str, str]:
        """How the visitor's request to scan this paper stands, and its colour; ("", "") when there is none."""
        asked = (task for task in self.tasks if task.kind is TaskKind.SCAN and task.document_id == document_id)
        task = next(asked, None)
        return (f"补扫申请{told(task)[0]}", told(task)[1]) if task else ("", "")

    def may_ask_scan(self, document_id: str) -> bool:
        return not any(
            task.is_open and task.kind is TaskKind.SCAN and task.document_id == document_id for task in self.tasks
        )

    @property
    def purpose_options(self) -> tuple[tuple[str, str], ...]:
        return tuple((str(code), label(code)) for code in PurposeCode)

    @property
    def is_choosable(self) -> bool:
        return any(paper.is_choosable for filing in self.filings for paper in filing.papers)

    @property
    def paper_count(self) -> int:
        return sum(len(filing.papers) for filing in self.filings)

    @property
    def page_count(self) -> int:
        return sum(filing.page_count for filing in self.filings)

    @property
    def is_shut(self) -> bool:
        return not self.filings and self.decision.outcome is Outcome.REFUSE

    @property
    def may_be_lawyer(self) -> bool:
        """A person with no part in the company, who may still act for somebody as a lawyer."""
        return self.is_shut and self.decision.rule_id == "dossier.other" and self.decision.facts["account"] == "natural"


@context
class Viewer(Context):
    """One page of one paper, its neighbours and its size on screen."""

    template = "pages/viewer.html"
    company: Company
    document: Document
    pages: tuple[Page, ...]
    number: int
    zoom: int
    purpose: PurposeCode
    watermark: str
    reported: str = ""  # number of the report just made
    fault: str = ""
    words: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def faults(self) -> tuple[tuple[str, str], ...]:
        return (("", "请选择"), *((fault.value, says) for fault, says in FAULTS.items()))

    @property
    def page(self) -> Page:
        return self.pages[self.number - 1]

    @property
    def size(self) -> PageSize:
        """Enlarged, the full scan is sent, else the size made for the screen."""
        return PageSize.FULL if self.zoom > 150 else PageSize.VIEW

    @property
    def wider(self) -> int | None:
        return next((step for step in ZOOM_STEPS if step > self.zoom), None)

    @property
    def narrower(self) -> int | None:
        return next((step for step in reversed(ZOOM_STEPS) if step < self.zoom), None)

    @property
    def base(self) -> str:
        """Where this company's pages begin."""
        return f"/companies/{self.company.uscc}"

    @property
    def dossier(self) -> str:
        return f"{self.base}/dossier"

    @property
    def crumbs(self) -> tuple[tuple[str, str], ...]:
        """(name, address) of the way back."""
        return ((self.company.name, self.base), ("影像档案", self.dossier), (self.document.title, ""))

    @property
    def order(self) -> str:
        """Where a copy of the paper is asked for; "" where there is none to be had."""
        return f"{self.base}/order?document={self.document.id}"

    def picture(self, page: Page, size: str) -> str:
        return f"/pages/{page.id}/{size}.jpg"

    def address(self, number: int, zoom: int = 100) -> str:
        base = f"{self.base}/documents/{self.document.id}/pages/{number}"
        return base if zoom == 100 else f"{base}?zoom={zoom}"

    def alt(self, number: int) -> str:
        return f"《{self.document.title}》第 {number} 页，共 {len(self.pages)} 页（扫描影像，带查阅水印）"


@context
class OrganViewer(Viewer):
    """The same for a unit at work on a case."""

    case_id: str
    case_no: str

    @property
    def crumbs(self) -> tuple[tuple[str, str], ...]:
        case = (("案件", "/gov/cases"), (self.case_no, f"/gov/cases/{self.case_id}"))
        return (*case, (self.company.name, self.base), (self.document.title, ""))

    @property
    def base(self) -> str:
        return f"/gov/cases/{self.case_id}/companies/{self.company.uscc}"

    @property
    def dossier(self) -> str:
        return self.base

    @property
    def order(self) -> str:
        return ""

    def picture(self, page: Page, size: str) -> str:
        return f"/gov/cases/{self.case_id}/pages/{page.id}/{size}.jpg"


def parts_of(dossier: Dossier, decision: Decision) -> tuple[FilingPart, ...]:
    """What the visitor is told of each filing, newest first; a paper shut with the whole dossier is not even named."""
    told = _Told.of(decision)
    newest_first = sorted(dossier.filings, key=lambda filing: (filing.approved_on, filing.number), reverse=True)
    parts = (_part(filing, told) for filing in newest_first)
    return tuple(part for part in parts if part.papers)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    """What a decision lets the page tell: the rule of each paper, and how much of the shut ones may be named."""

    rules: dict[str, Rule]
    is_related: bool  # stands in the register, or is the company
    is_by_kind: bool  # a lawyer is shown kinds of paper, not titles, until a review opened one
    names_shut: bool  # no rule shuts the dossier as a whole

    @classmethod
    def of(cls, decision: Decision) -> "_Told":
        table = table_of(decision.rule_version)
        rules = {verdict.document_id: table.by_id(verdict.rule_id) for verdict in decision.documents}
        is_related = bool(decision.facts["is_company"] or decision.facts["roles"])
        is_shut = any(
            rule.scope is Scope.DOSSIER and rule.outcome is Outcome.REFUSE and rule.next is not NextStep.CLAIM
            for rule in (table.by_id(decision.rule_id), *rules.values())
        )
        by_kind = decision.facts["purpose"] == PurposeCode.LEGAL_SERVICE and not is_related
        return cls(rules=rules, is_related=is_related, is_by_kind=by_kind, names_shut=not is_shut)


def _part(filing: Filing, told: _Told) -> FilingPart:
    return FilingPart(
        id=filing.id,
        kind=filing.kind,
        title="" if told.is_by_kind else filing.title,
        approved_on=filing.approved_on,
        papers=tuple(paper for document in filing.documents if (paper := _paper(document, told))),
    )


def _paper(document: Document, told: _Told) -> Paper | None:
    rule = told.rules[document.id]
    if rule.outcome is not Outcome.PERMIT and not told.names_shut:
        return None
    if DocumentFlag.INTERNAL in document.flags:
        return _shut("登记机关内部材料", document, rule) if told.is_related else None
    name = document.kind if told.is_by_kind and rule.outcome is not Outcome.PERMIT else document.title
    if rule.outcome is Outcome.REFUSE and rule.next is not NextStep.CLAIM:
        return _shut(name, document, rule)
    return _scanned(name, document, rule)


def _shut(name: str, document: Document, rule: Rule) -> Paper:
    return Paper(
        id=document.id,
        name=name,
        dated=None if rule.id == "document.internal" else document.dated,
        page_count=document.page_count,
        state="locked",
        why=rule.says,
        remedy=rule.remedy,
    )


def _scanned(name: str, document: Document, rule: Rule) -> Paper:
    is_open = rule.outcome is Outcome.PERMIT
    state = "unscanned" if not document.page_count else "open" if is_open else "order"
    address = f"/companies/{document.uscc}/documents/{document.id}/pages/1" if state == "open" else ""
    return Paper(
        id=document.id,
        name=name,
        dated=document.dated,
        page_count=document.page_count,
        state=state,
        why="" if is_open else rule.says,
        remedy="" if is_open else rule.remedy,
        address=address,
    )
