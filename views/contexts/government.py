"""Contexts of the government network: cases, looking things up for a case, batch look-ups."""

from dataclasses import field
from datetime import datetime

from store.records import Company, Decision, Hit
from store.records.government import BatchLookup, OrganCase, OrganView
from views.contexts import Context, context
from views.contexts.dossiers import FilingPart
from views.contexts.extract import Group, groups_of, items_of
from views.contexts.search import Results
from views.filters import day, minute

WHAT = {"dossier": "影像目录", "document": "材料", "page": "影像", "extract": "机读档案", "batch": "批量查询"}


def facts_of(case: OrganCase) -> tuple[tuple[str, str], ...]:
    """A case as a list for people."""
    rows = [
        ("查询单位", case.unit_name),
        ("登记人", case.user_name),
        ("案号", case.no),
        ("查询目的", case.purpose),
        ("公函", f"{case.letter.no}（{day(case.letter.dated)}，{len(case.letter.pages)} 页）"),
        ("登记时间", minute(case.opened_at)),
    ]
    if case.closed_at:
        rows.append(("办结时间", minute(case.closed_at)))
    return tuple(rows)


@context
class GovCases(Context):
    """The unit's cases, open ones first."""

    template = "pages/gov_cases.html"
    cases: tuple[OrganCase, ...]


@context
class GovNewCase(Context):
    """Purpose, number and letter of a new case."""

    template = "pages/gov_new_case.html"
    filled: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


@context
class GovCase(Context):
    """One case: what it is for, where to look things up, its batch look-ups, what was looked at last."""

    template = "pages/gov_case.html"
    case: OrganCase
    batches: tuple[BatchLookup, ...]
    views: tuple[OrganView, ...]

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        return facts_of(self.case)

    def what(self, view: OrganView) -> str:
        return WHAT[view.what]


@context
class GovResults(Context):
    """Companies found for a case."""

    template = "pages/gov_results.html"
    case: OrganCase
    q: str
    hits: tuple[Hit, ...]
    problem: str
    more: str

    @property
    def says(self) -> str:
        return Results(q=self.q, hits=self.hits, problem=self.problem, more=self.more).says


@context
class GovDossier(Context):
    """What the dossier of a company holds for this case."""

    template = "pages/gov_dossier.html"
    case: OrganCase
    company: Company
    decision: Decision
    filings: tuple[FilingPart, ...]

    @property
    def is_open(self) -> bool:
        return self.decision.outcome == "permit"


@context
class GovExtract(Context):
    """The extract of a company for this case, or why it is shut."""

    template = "pages/gov_extract.html"
    case: OrganCase
    company: Company
    decision: Decision
    made_at: datetime
    true_until: datetime
    watermark: str

    @property
    def is_open(self) -> bool:
        return self.decision.outcome == "permit"

    @property
    def items(self) -> tuple[tuple[str, str], ...]:
        return items_of(self.company)

    @property
    def groups(self) -> tuple[Group, ...]:
        return groups_of(self.company)


@context
class GovShut(Context):
    """A paper that is not open: which rule, on what ground, and what would change it."""

    template = "pages/gov_shut.html"
    case: OrganCase
    decision: Decision


@context
class GovBatch(Context):
    """The list of a batch look-up to send in; `bad` are (line number, its words, why)."""

    template = "pages/gov_batch.html"
    case: OrganCase
    bad: tuple[tuple[int, str, str], ...] = ()
    errors: dict[str, str] = field(default_factory=dict)
