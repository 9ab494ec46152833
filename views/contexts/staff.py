"""Contexts of our own people's pages: two-step sign-in, orders under review, one order to decide."""

from dataclasses import dataclass, field
from datetime import datetime

from conf.terms import AccountKind, CopyStatus, IdentityLevel, OrderStatus, PersonRole
from store.records import Copy, Order
from views.contexts import Context, context
from views.contexts.licence_checks import WORDS, rows_of
from views.contexts.orders import last_day
from views.filters import label, minute

CLAIM = {"none": "未填写", "incomplete": "未填齐", "complete": "已填齐"}


@context
class StaffSignin(Context):
    """First step: login and password."""

    template = "pages/staff_signin.html"
    login: str = ""
    error: str = ""


@context
class StaffCode(Context):
    """Second step: the one-time code."""

    template = "pages/staff_code.html"
    error: str = ""


@context
class StaffPassword(Context):
    """Change of one's own password."""

    template = "pages/staff_password.html"
    errors: dict[str, str] = field(default_factory=dict)


@context
class StaffOrders(Context):
    """Orders under review, oldest first."""

    template = "pages/staff_orders.html"
    fragment = "batch"
    orders: tuple[Order, ...]
    after: str
    is_first: bool
    now: datetime

    def is_late(self, order: Order) -> bool:
        return order.due_at is not None and self.now >= order.due_at

    def until(self, order: Order) -> datetime | None:
        return last_day(order.due_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """The answer given: by whom, when, which, and the reason."""

    name: str
    at: datetime
    status: OrderStatus
    note: str


@context
class StaffOrder(Context):
    """One order: who asks, on what ground, for what; and, while it is under review, the two answers."""

    template = "pages/staff_order.html"
    order: Order
    decided: Decided | None
    now: datetime
    operator: str = ""  # 经办人 in full: reviewers must know who acts for a body
    reason: str = ""
    refusal: str = ""
    chosen: frozenset[str] = frozenset()
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return self.order.status == OrderStatus.UNDER_REVIEW

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
        due = minute(last_day(order.due_at))
        rows = [
            ("企业", f"{order.company_name}（{order.uscc}）"),
            ("申请人", order.requester_masked),
            *((("经办人", self.operator + ("（子账号）" if order.by_sub_account else "")),) if self.operator else ()),
            ("提交时间", minute(order.created_at)),
            ("答复期限", f"{due}{'（已超期）' if order.due_at and self.now >= order.due_at else ''}"),
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
    def found(self) -> tuple[tuple[str, str], ...]:
        """What the rules found: the facts used, in words."""
        facts, decision = self.order.decision.facts, self.order.decision
        roles = "、".join(label(PersonRole(role)) for role in facts.get("roles", ()))
        return (
            ("账号", "法人账号" if facts.get("account") == AccountKind.LEGAL else "个人账号"),
            ("实名等级", IdentityLevel(facts.get("level", 0)).name),
            ("与企业的关系", roles or ("企业自身" if facts.get("is_company") else "登记中没有")),
            ("档案锁定", "是" if facts.get("locked") else "否"),
            ("律师承诺书", CLAIM.get(facts.get("lawyer", "none"), "—")),
            ("规则", f"{decision.rule_id}（{decision.rule_version} 版）"),
            ("依据", decision.ground),
            ("系统意见", decision.says),
        )


@context
class StaffCopy(Context):
    """A copy looked up by its number, and its withdrawal."""

    template = "pages/staff_copy.html"
    no: str = ""
    copy: Copy | None = None
    errors: dict[str, str] = field(default_factory=dict)
    reason: str = ""

    @property
    def is_withdrawable(self) -> bool:
        return self.copy is not None and self.copy.status == CopyStatus.VALID

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        copy = self.copy
        if copy is None:
            return ()
        withdrawn = copy.status == CopyStatus.WITHDRAWN
        return (
            ("复制件编号", copy.no),
            ("申请编号", copy.order_no),
            ("企业", f"{copy.company_name}（{copy.uscc}）"),
            ("出具时间", minute(copy.issued_at)),
            ("核验有效期至", minute(copy.valid_until)),
            ("页数", f"{len(copy.pages)} 页"),
            ("状态", f"已撤回：{copy.withdrawn_reason}" if withdrawn else "有效"),
        )
