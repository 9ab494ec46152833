"""Contexts of the reviewers' pages: the queue with its filters, one request with all about it, one page of a paper."""

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from conf.access import rule_named
from conf.refusals import all_refusals
from conf.terms import AccountKind, IdentityLevel, OrderStatus, PersonRole, PurposeCode
from store.records import Account, Company, Document, Order, Page
from views.contexts import Context, context
from views.contexts.licence_checks import WORDS, rows_of
from views.contexts.terms import last_day
from views.filters import label, minute

CLAIM = {"none": "未填写", "incomplete": "未填齐", "complete": "已填齐"}
KINDS = (("", "全部申请人"), ("natural", "个人"), ("legal", "企业（法人账号）"))
DUES = (("", "全部期限"), ("overdue", "已超期"), ("soon", "快到期"), ("later", "期限未到"), ("asked", "等申请人补充"))
HOLDERS = (("", "不论谁在办"), ("mine", "我认领的"), ("nobody", "无人认领"), ("others", "同事认领的"))


def standing(order: Order, now: datetime, soon: datetime) -> tuple[str, str]:
    """How the term stands, as a word with a sign (colour is never alone) and the colour of its tag."""
    if order.review.waits(now):
        return f"⏸ 等申请人补充，{minute(last_day(order.review.waits_until))}截止", "info"
    if order.due_at is None:
        return "无期限", "neutral"
    if now >= order.due_at:
        return f"⚠ 已超期，应于{minute(last_day(order.due_at))}前答复", "danger"
    due = minute(last_day(order.due_at)).split()[0]
    return (f"⏰ 快到期，{due}前答复", "warning") if order.due_at <= soon else (f"{due}前答复", "neutral")


@context
class StaffOrders(Context):
    """What waits, oldest first, narrowed by the filters in `sought` (field → value as sent)."""

    template = "pages/staff_orders.html"
    fragment = "batch"
    orders: tuple[Order, ...]
    after: str
    is_first: bool
    now: datetime
    soon: datetime
    me: str
    sought: dict[str, str]
    rules: tuple[str, ...]
    done: str = ""  # number of the order just dealt with

    kinds = KINDS
    dues = DUES
    holders = HOLDERS

    @property
    def purposes(self) -> tuple[tuple[str, str], ...]:
        return (("", "全部用途"), *((code.value, label(code)) for code in PurposeCode))

    @property
    def rule_options(self) -> tuple[tuple[str, str], ...]:
        return (("", "全部规则"), *((rule, rule_name(rule)) for rule in self.rules))

    @property
    def is_narrowed(self) -> bool:
        return any(self.sought.values())

    @property
    def more(self) -> str:
        """Address of the next batch under the same filters."""
        kept = {name: value for name, value in self.sought.items() if value}
        return "/staff/orders?" + urlencode(kept | {"after": self.after})

    def standing(self, order: Order) -> tuple[str, str]:
        return standing(order, self.now, self.soon)

    def holder(self, order: Order) -> tuple[str, str]:
        """Who has it, and the colour; ("", "") when nobody has."""
        held = order.review.held_by(self.now)
        if not held:
            return "", ""
        return ("我认领的", "success") if held == self.me else (f"{order.review.holder_name}在办", "info")


def rule_name(rule_id: str) -> str:
    """A rule as staff call it; of a version that is gone, its id."""
    rule = rule_named(rule_id)
    return f"{rule.who}（{rule_id}）" if rule else rule_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """The answer given: by whom, when, which, and the reason."""

    name: str
    at: datetime
    status: OrderStatus
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A question to the visitor with its answer in clear."""

    number: int
    name: str
    at: datetime
    until: datetime
    text: str
    answered_at: datetime | None
    answer: str
    files: tuple[tuple[str, str, int], ...]  # (sha256, kind, pages)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One thing known, where it is from, and when it was so."""

    name: str
    value: str
    source: str
    at: str


@context
class StaffOrder(Context):
    """One order: who asks, on what ground, for what; and, while it is under review, what can be done with it."""

    template = "pages/staff_order.html"
    order: Order
    company: Company | None
    account: Account | None
    documents_now: dict[str, Document]
    roles_now: tuple[str, ...]
    earlier: tuple[Order, ...]
    decided: Decided | None
    questions: tuple[Asked, ...]
    now: datetime
    soon: datetime
    me: str
    operator: str = ""  # 经办人 in full: reviewers must know who acts for a body
    reason: str = ""
    refusal: str = ""
    reason_id: str = "other"
    question: str = ""
    done: str = ""
    problem: str = ""
    chosen: frozenset[str] = frozenset()
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def holder(self) -> str:
        """Name of a colleague who has it; "" when nobody or the viewer has."""
        held = self.order.review.held_by(self.now)
        return self.order.review.holder_name if held and held != self.me else ""

    @property
    def is_mine(self) -> bool:
        return self.order.review.held_by(self.now) == self.me

    @property
    def is_waiting(self) -> bool:
        """Under review, by whomever."""
        return self.order.status == OrderStatus.UNDER_REVIEW

    @property
    def is_open(self) -> bool:
        """The viewer may decide it."""
        return self.is_waiting and not self.holder

    @property
    def is_paused(self) -> bool:
        return self.order.review.waits(self.now)

    @property
    def standing(self) -> tuple[str, str]:
        return standing(self.order, self.now, self.soon)

    @property
    def reasons(self) -> tuple[tuple[str, str], ...]:
        return tuple((reason.id, reason.name) for reason in all_refusals())

    @property
    def documents(self) -> tuple[tuple[str, str, str], ...]:
        return tuple(
            (item.document_id, item.document_title, f"{item.filing_title} · {item.page_count} 页")
            for item in self.order.items
        )

    @property
    def asked(self) -> tuple[tuple[str, str], ...]:
        """Who asks for what."""
        order = self.order
        rows = [
            ("企业", f"{order.company_name}（{order.uscc}）"),
            ("申请人", order.requester_masked),
            *((("经办人", self.operator + ("（子账号）" if order.by_sub_account else "")),) if self.operator else ()),
            ("提交时间", minute(order.created_at)),
            ("用途", label(order.purpose.code)),
            ("用途说明", order.purpose.statement or "未填写"),
        ]
        if order.entry:
            rows.append(("来源", f"{label(order.entry.point)}（事项编码 {order.entry.task_code}）"))
        if claim := order.purpose.lawyer:
            rows += [
                ("律师执业证号", claim.licence_no),
                ("律师事务所", claim.firm),
                ("承办的法律事务", claim.case_summary),
            ]
        return tuple(rows)

    @property
    def licence(self) -> tuple[tuple[str, str], ...]:
        """What the licence register said of the lawyer; empty for everybody else."""
        return rows_of(self.order.licence) if self.order.licence else ()

    @property
    def licence_tag(self) -> tuple[str, str]:
        """The result in a word, and its colour."""
        return WORDS[self.order.licence.outcome] if self.order.licence else ("", "")

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What the visitor is in this company and what was used to decide, each with source and time."""
        known, decided = self.order.decision.facts, minute(self.order.decision.decided_at)
        register = minute(self.company.updated_at if self.company else None)
        then = roles_of(known.get("roles", ())) or ("企业自身" if known.get("is_company") else "登记中没有")
        now = roles_of(self.roles_now) or ("企业自身" if known.get("is_company") else "登记中没有")
        lock = (self.company.lock_ground or "已锁定") if self.company and self.company.locked else "未锁定"
        rows = [
            Fact(name="账号", value=_account(known), source="统一身份认证平台", at=self._signed_in),
            Fact(name="与企业的关系（申请时）", value=then, source="登记簿，姓名和证件号码均一致", at=decided),
            Fact(name="与企业的关系（现在）", value=now, source="登记簿", at=register),
            Fact(name="档案锁定", value=lock, source="登记簿", at=register),
        ]
        if self.order.purpose.lawyer:
            claim = CLAIM.get(known.get("lawyer", "none"), "—")
            rows.append(Fact(name="律师承诺书", value=claim, source="申请表", at=minute(self.order.created_at)))
        return tuple(rows)

    @property
    def found(self) -> tuple[tuple[str, str], ...]:
        """The rule that sent it here."""
        decision = self.order.decision
        return (
            ("规则", f"{rule_name(decision.rule_id)}，{decision.rule_version} 版"),
            ("依据", decision.ground),
            ("系统意见", decision.says),
        )

    @property
    def _signed_in(self) -> str:
        return minute(self.account.signed_in_at if self.account else None)

    def is_viewable(self, document_id: str) -> bool:
        """Scanned, so that its pages can be looked at from here."""
        document = self.documents_now.get(document_id)
        return self.is_waiting and document is not None and document.page_count > 0

    def page_address(self, document_id: str) -> str:
        return f"/staff/orders/{self.order.no}/documents/{document_id}/pages/1"

    def answer_address(self, sha256: str, number: int) -> str:
        return f"/staff/orders/{self.order.no}/answers/{sha256}/{number}.jpg"


def roles_of(roles: tuple[str, ...]) -> str:
    """Roles in words."""
    return "、".join(label(PersonRole(role)) for role in roles)


def _account(known: dict[str, object]) -> str:
    kind = "法人账号" if known.get("account") == AccountKind.LEGAL else "个人账号"
    return f"{kind}，实名等级 {IdentityLevel(int(str(known.get('level', 0)))).name}"


@context
class StaffPaper(Context):
    """One page of a paper that was asked for, as the reviewer sees it."""

    template = "pages/staff_order_paper.html"
    order_no: str
    document: Document
    pages: tuple[Page, ...]
    number: int
    watermark: str

    @property
    def page(self) -> Page:
        return self.pages[self.number - 1]

    @property
    def picture(self) -> str:
        return f"/staff/orders/{self.order_no}/images/{self.page.id}/view.jpg"

    def address(self, number: int) -> str:
        return f"/staff/orders/{self.order_no}/documents/{self.document.id}/pages/{number}"
