"""Contexts of the desk: its sections by right, the roles readable, changes that wait for a second person."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from conf.rights import ACTIONS, APART, ROLES, Action, Role
from conf.terms import FilingKind, OrganKind, ProposalKind, ProposalStatus, StaffRole
from store.records.office import Proposal
from views.contexts import Context, context
from views.filters import label

STATUSES = {
    ProposalStatus.OPEN: ("等待批准", "warning"),
    ProposalStatus.APPROVED: ("已批准", "success"),
    ProposalStatus.DECLINED: ("未批准", "danger"),
    ProposalStatus.WITHDRAWN: ("已撤回", "neutral"),
}


@dataclass(frozen=True, slots=True)
class Section:
    """One place of work: its name, address, what it is for, and the rights of which one opens it (none: anybody)."""

    name: str
    href: str
    about: str
    actions: tuple[Action, ...] = ()

    def is_open_to(self, actions: Collection[Action]) -> bool:
        return not self.actions or any(action in actions for action in self.actions)


#: In the order of a working day; the layout's navigation and the desk's first page are made of it.
SECTIONS = (
    Section("待审核", "/staff/orders", "需要人工审核的查询申请", (Action.ORDERS_REVIEW,)),
    Section("补扫与坏页", "/staff/tasks", "访客反馈的坏页和补扫申请，按期限办理", (Action.TASKS_WORK,)),
    Section(
        "企业档案", "/staff/companies", "锁定、迁出登记，材料的不公开和敏感标注",
        (Action.COMPANIES_KEEP, Action.PAGES_FLAG),
    ),
    Section("差评回访", "/staff/ratings", "低分评价的联系、整改和回访期限", (Action.RATINGS_FOLLOW,)),
    Section("复制件", "/staff/copies", "按编号查找、撤回复制件", (Action.COPIES_KEEP,)),
    Section("登记比对", "/staff/differences", "与市共享平台登记事项的差异", (Action.DIFFERENCES_SETTLE,)),
    Section("纸质档案", "/staff/paper", "查找、移交、上架、借阅纸质档案", (Action.PAPER_KEEP,)),
    Section("销毁清单", "/staff/paper/destructions", "保管期满的纸质档案，两人批准后销毁", (Action.PAPER_DESTROY,)),
    Section("对接与消息", "/staff/outbox", "对接系统的状态，等待和未送达的消息", (Action.OUTBOX_SEE,)),
    Section("统计", "/staff/numbers", "查询、办件、评价和服务质量的数字，绩效报告", (Action.NUMBERS_READ,)),
    Section(
        "变更审批", "/staff/proposals", "需要第二个人批准的变更",
        (
            Action.ACCOUNTS_KEEP, Action.ACCOUNTS_APPROVE, Action.SETTINGS_KEEP, Action.SETTINGS_APPROVE,
            Action.RULES_DRAFT, Action.RULES_PUBLISH, Action.COMPANIES_KEEP, Action.PAPER_DESTROY,
            Action.GOVERNMENT_KEEP,
        ),
    ),
    Section(
        "人员账号", "/staff/accounts", "账号、角色、登录凭证和会话", (Action.ACCOUNTS_KEEP, Action.ACCOUNTS_APPROVE)
    ),
    Section(
        "查档规则", "/staff/rules", "谁能查什么：现行规则、草案、试算和发布", (Action.RULES_DRAFT, Action.RULES_PUBLISH)
    ),
    Section("首页公告", "/staff/notices", "首页和自助机上的公告", (Action.NOTICES_WRITE,)),
    Section("运行参数", "/staff/settings", "运行时可以更改的参数", (Action.SETTINGS_KEEP, Action.SETTINGS_APPROVE)),
    Section("消息文本", "/staff/texts", "短信和邮件的文本", (Action.SETTINGS_KEEP, Action.SETTINGS_APPROVE)),
    Section("节假日", "/staff/holidays", "放假和调休上班的日子", (Action.SETTINGS_KEEP, Action.SETTINGS_APPROVE)),
    Section("印章和签发人", "/staff/seals", "印章版本和签发人登记", (Action.SEALS_KEEP, Action.SETTINGS_APPROVE)),
    Section("机关单位", "/staff/government", "政务网单位账号、用户和查档范围", (Action.GOVERNMENT_KEEP,)),
    Section("机关查档核查", "/staff/government/checks", "机关查档事后核查，批量查询审批", (Action.GOVERNMENT_CHECK,)),
    Section("运行巡检", "/staff/system", "巡检报告、备份和定时任务", (Action.SYSTEM_SEE,)),
    Section("审计记录", "/staff/audit", "按人员、企业、申请、种类和时间查阅，导出，取得证明", (Action.AUDIT_READ,)),
    Section("审计核验", "/staff/audit/tree", "核验全部审计记录和检查点", (Action.AUDIT_READ,)),
    Section("角色与权限", "/staff/rights", "谁可以做什么，为什么"),
    Section("修改口令", "/staff/password", "更换自己的登录口令"),
    Section("我的会话", "/staff/sessions", "自己在哪里登录，结束不认识的会话"),
    Section("恢复码", "/staff/recovery", "手机不在身边时登录用的一次性代码"),
)  # fmt: skip


def sections_for(actions: Collection[Action]) -> tuple[Section, ...]:
    """What somebody with these rights can open."""
    return tuple(section for section in SECTIONS if section.is_open_to(actions))


@context
class Desk(Context):
    """The first page: everything one may open."""

    template = "pages/staff_desk.html"

    def sections(self, actions: Collection[Action]) -> tuple[Section, ...]:
        return sections_for(actions)


@context
class Rights(Context):
    """Roles and actions as a table for people."""

    template = "pages/staff_rights.html"
    apart: str = APART

    @property
    def roles(self) -> tuple[tuple[StaffRole, Role], ...]:
        return tuple(ROLES.items())

    @property
    def actions(self) -> tuple[tuple[Action, str], ...]:
        return tuple(ACTIONS.items())


@context
class Proposals(Context):
    """Open changes, and the last that were answered."""

    template = "pages/staff_proposals.html"
    open: tuple[Proposal, ...]
    ended: tuple[Proposal, ...]
    names: Mapping[ProposalKind, str]

    def status(self, proposal: Proposal) -> tuple[str, str]:
        return STATUSES[proposal.status]


@context
class ProposalPage(Context):
    """One change: what was, what is to be, who proposed and answered; the forms of who may."""

    template = "pages/staff_proposal.html"
    proposal: Proposal
    kind: str
    is_mine: bool
    hindrance: str  # which rule keeps the viewer from answering, "" when nothing does
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> tuple[str, str]:
        return STATUSES[self.proposal.status]

    @property
    def is_open(self) -> bool:
        return self.proposal.status is ProposalStatus.OPEN

    @property
    def changes(self) -> tuple[tuple[str, str, str], ...]:
        """(what, before, after) of every value that changes."""
        before, after = self.proposal.before, self.proposal.after
        names = [name for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name)]
        return tuple((NAMES.get(name, name), _shown(before.get(name)), _shown(after.get(name))) for name in names)


#: How values of proposals are called.
NAMES = {
    "roles": "角色", "login": "登录名", "name": "姓名", "credentials": "登录凭证", "value": "数值",
    "template": "短信模板编号", "sms": "短信", "subject": "邮件标题", "mail": "邮件正文",
    "free": "另外放假的日子", "working": "另外上班的日子", "version": "规则版本", "effective_at": "生效时间",
    "digest": "草案摘要（SHA-256）", "rules": "改动", "seal_id": "印章", "note": "说明", "title": "职务",
    "locked": "档案锁定", "ground": "锁定理由", "papers": "纸质档案", "volumes": "卷（盒）",
    "first_day": "起始日", "last_day": "截止日", "status": "状态", "fingerprint": "证书指纹",
    "organ": "机关类别",
    "unit": "机关单位",
    "uscc": "统一社会信用代码",
    "is_open": "启用",
    "is_limited": "限定范围",
    "all_companies": "全部企业",
    "usccs": "企业代码",
    "filing_kinds": "登记业务类别",
    "document_kinds": "材料类别",
    "until": "截止日",
}  # fmt: skip


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list | tuple):
        return "、".join(_shown(each) for each in value) or "（无）"
    if isinstance(value, str) and value in set(StaffRole):
        return ROLES[StaffRole(value)].name
    for kind in (OrganKind, FilingKind):
        if value in set(kind):
            return label(kind(value))
    return "（无）" if value in (None, "") else str(value)
