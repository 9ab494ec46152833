"""Contexts of the staff pages about companies: finding one, its lock, its move elsewhere, flags of its papers."""

from dataclasses import field
from datetime import datetime, timedelta

from conf.terms import DocumentFlag
from store.records import Company, Document, Dossier, HitBatch
from store.records.office import Proposal
from store.records.work import MoveOut
from views.contexts import Context, context
from views.contexts.terms import last_day
from views.filters import day

#: A warning stands this long before the three months are over.
WARN_DAYS = 14
FLAGS = (
    (DocumentFlag.INTERNAL.value, "内部材料，不公开"),
    (DocumentFlag.SENSITIVE.value, "含敏感信息，只对相关的人开放"),
)


def handover(move: MoveOut, now: datetime) -> tuple[str, str]:
    """How the three months stand: words with a sign, and the colour of the tag."""
    if move.handed_on is not None:
        return f"✓ {day(move.handed_on)}已移交", "success"
    due = day(last_day(move.due_at))
    if now >= move.due_at:
        return f"⚠ 已超期，应于{due}前移交", "danger"
    is_soon = now >= move.due_at - timedelta(days=WARN_DAYS)
    return (f"⏰ 快到期，{due}前移交", "warning") if is_soon else (f"{due}前移交", "neutral")


@context
class StaffCompanies(Context):
    """Finding a company, and the paper dossiers that must go to another registry."""

    template = "pages/staff_companies.html"
    q: str
    found: HitBatch | None
    moves: tuple[MoveOut, ...]
    ended: tuple[MoveOut, ...]
    now: datetime

    def handover(self, move: MoveOut) -> tuple[str, str]:
        return handover(move, self.now)


@context
class StaffCompany(Context):
    """One company with what may be done about its dossier."""

    template = "pages/staff_company.html"
    company: Company
    dossier: Dossier | None
    move: MoveOut | None
    proposal: Proposal | None  # a lock or unlock that waits for a second person
    grounds: dict[str, str]
    may_keep: bool
    may_flag: bool
    now: datetime
    problem: str = ""
    done: bool = False
    sent: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        company = self.company
        return (
            ("统一社会信用代码", company.uscc),
            ("登记机关", company.registry),
            ("成立日期", day(company.established_on)),
            ("档案锁定", f"已锁定，{company.lock_ground}" if company.locked else "未锁定"),
        )

    @property
    def ground_options(self) -> tuple[tuple[str, str], ...]:
        return (("", "请选择"), *self.grounds.items())

    @property
    def flag_options(self) -> tuple[tuple[str, str], ...]:
        return FLAGS

    @property
    def documents(self) -> tuple[Document, ...]:
        return self.dossier.documents if self.dossier else ()

    def flags(self, document: Document) -> str:
        return "、".join(name for flag, name in FLAGS if flag in document.flags) or "公开范围内"

    @property
    def handover(self) -> tuple[str, str]:
        return handover(self.move, self.now) if self.move else ("", "")
