"""Contexts of our people's pages about government users: units, the after-check, batch look-ups to approve."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from conf.access import rules_at
from conf.terms import BatchStatus, CaseCheck, FilingKind, OrganKind
from store.records.government import BatchLookup, OrganCase, OrganView, Unit, UnitUser
from views.contexts import Context, context
from views.contexts.accounts import credential_rows, state_of
from views.contexts.government import WHAT, facts_of
from views.filters import day, label, minute

KINDS = tuple((kind.value, label(kind)) for kind in OrganKind)
FILING_KINDS = tuple((kind.value, label(kind)) for kind in FilingKind)
REACHES = (
    ("rules", "按规则", "只限规则列明的国家机关：凭公函即时查看，事后核查"),
    ("all", "全部企业", "在截止日以前"),
    ("listed", "列出的企业", "在截止日以前"),
)


def reach_of(unit: Unit, now: datetime) -> str:
    """What a unit may see, in a sentence."""
    if unit.disabled:
        return "未启用，等待批准查档范围"
    scope = unit.scope
    if scope is None:
        return "按规则即时查看，事后核查" if unit.kind in rules_at(now).organs.named else "没有查档范围"
    companies = "全部企业" if scope.all_companies else f"{len(scope.usccs)} 家企业"
    filings = "、".join(label(kind) for kind in scope.filing_kinds) or "全部登记业务"
    papers = "、".join(scope.document_kinds) or "全部材料"
    return f"{companies}，{filings}，{papers}，至 {day(scope.until)}"


@context
class Units(Context):
    """Every unit, and the form of a new one."""

    template = "pages/staff_government.html"
    units: tuple[Unit, ...]
    now: datetime
    filled: Mapping[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    kinds: tuple[tuple[str, str], ...] = KINDS

    def reach(self, unit: Unit) -> str:
        return reach_of(unit, self.now)


@context
class OneUnit(Context):
    """A unit: contact, access, users."""

    template = "pages/staff_unit.html"
    unit: Unit
    users: tuple[UnitUser, ...]
    contact: str
    phone: str
    now: datetime
    filled: Mapping[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    kinds: tuple[tuple[str, str], ...] = KINDS
    filing_kinds: tuple[tuple[str, str], ...] = FILING_KINDS
    reaches: tuple[tuple[str, str, str], ...] = REACHES

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        return (
            ("统一社会信用代码", self.unit.uscc),
            ("机关类别", label(self.unit.kind)),
            ("查档范围", reach_of(self.unit, self.now)),
        )

    def value(self, name: str, kept: str = "") -> str:
        """What was just filled in, else what is kept."""
        return str(self.filled.get(name, kept))

    def state(self, user: UnitUser) -> tuple[str, str]:
        return state_of(user, self.now)


@context
class OneUnitUser(Context):
    """A user of a unit: how the account stands, and what may be done about it."""

    template = "pages/staff_unit_user.html"
    unit: Unit
    user: UnitUser
    now: datetime
    hours: int
    link: str = ""
    reason: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> tuple[str, str]:
        return state_of(self.user, self.now)

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        return (("登录名", self.user.login), *credential_rows(self.user))


@context
class Checks(Context):
    """Cases to check, overdue first, and batch look-ups to approve."""

    template = "pages/staff_government_checks.html"
    cases: tuple[OrganCase, ...]
    batches: tuple[BatchLookup, ...]
    is_done: bool
    now: datetime

    def is_late(self, case: OrganCase) -> bool:
        return case.check is CaseCheck.PENDING and case.due_at is not None and self.now >= case.due_at


@context
class OneCheck(Context):
    """A case with its letter and every look; the two answers while it waits."""

    template = "pages/staff_government_check.html"
    case: OrganCase
    views: tuple[OrganView, ...]
    people: Mapping[str, str]
    errors: dict[str, str]
    chosen: str
    text: str
    problem: str
    now: datetime

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        case = self.case
        rows = [*facts_of(case), ("首次查看", minute(case.looked_at))]
        if case.check is CaseCheck.PENDING:
            rows.append(("核查期限", minute(case.due_at)))
        else:
            rows += [("核查结果", label(case.check)), ("核查人", f"{case.checked_name}，{minute(case.checked_at)}")]
            rows.append(("核查意见", case.check_text or "无"))
        return tuple(rows)

    @property
    def is_open(self) -> bool:
        return self.case.check is CaseCheck.PENDING

    def what(self, view: OrganView) -> str:
        return WHAT[view.what]


@context
class OneBatch(Context):
    """A batch look-up: which companies for which case; the two answers while it waits."""

    template = "pages/staff_government_batch.html"
    batch: BatchLookup
    case: OrganCase
    names: Mapping[str, str]
    errors: dict[str, str]
    note: str
    problem: str

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        rows = [*facts_of(self.case), ("提交时间", minute(self.batch.created_at))]
        if self.batch.decided_at:
            rows.append(
                ("审批", f"{self.batch.decided_name}，{minute(self.batch.decided_at)} {self.batch.note}".strip())
            )
        if self.batch.sha256:
            rows.append(("结果文件 SHA-256", self.batch.sha256))
        return tuple(rows)

    @property
    def is_open(self) -> bool:
        return self.batch.status is BatchStatus.WAITING
