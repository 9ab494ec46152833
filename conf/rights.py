"""Who of our people may do what: actions by name, roles as sets of them, and which roles no one person holds together.

等保二级 (GB/T 22239) 访问控制 and 安全管理: least right, administrators kept apart. Read by guards, by flows that let a
second person approve, and by the page that shows it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from conf.terms import StaffRole


class Action(StrEnum):
    """Something a person at work may do; a page or a button asks for exactly one."""

    ORDERS_REVIEW = "orders:review"
    COPIES_KEEP = "copies:keep"
    COMPANIES_KEEP = "companies:keep"
    PAGES_FLAG = "pages:flag"
    TASKS_WORK = "tasks:work"
    PAPER_KEEP = "paper:keep"
    PAPER_DESTROY = "paper:destroy"
    DIFFERENCES_SETTLE = "differences:settle"
    RATINGS_FOLLOW = "ratings:follow"
    GOVERNMENT_CHECK = "government:check"
    NOTICES_WRITE = "notices:write"
    OUTBOX_SEE = "outbox:see"
    OUTBOX_RESEND = "outbox:resend"
    NUMBERS_READ = "numbers:read"
    ACCOUNTS_KEEP = "accounts:keep"
    ACCOUNTS_APPROVE = "accounts:approve"
    GOVERNMENT_KEEP = "government:keep"
    SEALS_KEEP = "seals:keep"
    SETTINGS_KEEP = "settings:keep"
    SETTINGS_APPROVE = "settings:approve"
    RULES_DRAFT = "rules:draft"
    RULES_PUBLISH = "rules:publish"
    SYSTEM_SEE = "system:see"
    SYSTEM_INSPECT = "system:inspect"
    SESSIONS_END = "sessions:end"
    AUDIT_READ = "audit:read"


#: What each action lets a person do, as the rights page says it.
ACTIONS: dict[Action, str] = {
    Action.ORDERS_REVIEW: "审核查询申请",
    Action.COPIES_KEEP: "查找、撤回复制件",
    Action.COMPANIES_KEEP: "锁定、解锁企业档案，登记迁出",
    Action.PAGES_FLAG: "标注不公开和敏感页面",
    Action.TASKS_WORK: "处理补扫、坏页等任务",
    Action.PAPER_KEEP: "管理纸质档案的移交、上架和借阅",
    Action.PAPER_DESTROY: "提出和批准纸质档案销毁清单",
    Action.DIFFERENCES_SETTLE: "处理与共享平台的数据差异",
    Action.RATINGS_FOLLOW: "跟进差评",
    Action.GOVERNMENT_CHECK: "核查机关查档，审批批量查询",
    Action.NOTICES_WRITE: "发布首页公告",
    Action.OUTBOX_SEE: "查看对接系统和消息",
    Action.OUTBOX_RESEND: "重发消息",
    Action.NUMBERS_READ: "查看统计和绩效报告",
    Action.ACCOUNTS_KEEP: "提出人员账号和角色的变更",
    Action.ACCOUNTS_APPROVE: "批准人员账号和角色的变更",
    Action.GOVERNMENT_KEEP: "管理机关单位账号和查档范围",
    Action.SEALS_KEEP: "管理印章和签发人登记",
    Action.SETTINGS_KEEP: "提出运行参数、文本和节假日的变更",
    Action.SETTINGS_APPROVE: "批准运行参数、文本、机关查档范围和机关用户的变更",
    Action.RULES_DRAFT: "起草查档规则并试算",
    Action.RULES_PUBLISH: "批准发布查档规则",
    Action.SYSTEM_SEE: "查看运行巡检报告",
    Action.SYSTEM_INSPECT: "立即运行巡检",
    Action.SESSIONS_END: "结束他人的登录会话",
    Action.AUDIT_READ: "查阅、核验和导出审计记录",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """A set of actions with its name and why it is cut so."""

    name: str
    why: str
    actions: frozenset[Action]


ROLES: dict[StaffRole, Role] = {
    StaffRole.REVIEWER: Role(
        name="审核员",
        why="决定需要人工审核的申请，并对办理结果负责。",
        actions=frozenset({
            Action.ORDERS_REVIEW, Action.COPIES_KEEP, Action.COMPANIES_KEEP, Action.TASKS_WORK, Action.RATINGS_FOLLOW,
            Action.GOVERNMENT_CHECK, Action.DIFFERENCES_SETTLE, Action.OUTBOX_SEE, Action.OUTBOX_RESEND,
            Action.RULES_DRAFT, Action.RULES_PUBLISH, Action.PAPER_DESTROY,
        }),
    ),
    StaffRole.ARCHIVIST: Role(
        name="档案管理员",
        why="保管纸质和电子档案，保证内容完整、可用。",
        actions=frozenset({
            Action.ORDERS_REVIEW, Action.COPIES_KEEP, Action.COMPANIES_KEEP, Action.PAGES_FLAG, Action.TASKS_WORK,
            Action.PAPER_KEEP, Action.PAPER_DESTROY, Action.DIFFERENCES_SETTLE, Action.RATINGS_FOLLOW,
            Action.NOTICES_WRITE, Action.OUTBOX_SEE, Action.OUTBOX_RESEND, Action.RULES_DRAFT,
        }),
    ),
    StaffRole.STATISTICS: Role(
        name="统计员",
        why="只看汇总数字，看不到任何人的档案或申请。",
        actions=frozenset({Action.NUMBERS_READ}),
    ),
    StaffRole.SYSTEM_ADMIN: Role(
        name="系统管理员",
        why="管理账号、参数和运行状态；不能查看或更改审计，也不能自己批准自己提出的变更。",
        actions=frozenset({
            Action.ACCOUNTS_KEEP, Action.GOVERNMENT_KEEP, Action.SEALS_KEEP, Action.SETTINGS_KEEP, Action.SYSTEM_SEE,
            Action.SYSTEM_INSPECT, Action.SESSIONS_END, Action.OUTBOX_SEE, Action.OUTBOX_RESEND,
        }),
    ),
    StaffRole.SECURITY_ADMIN: Role(
        name="安全管理员",
        why="批准账号、权限、参数和查档规则的变更；自己不提出变更。",
        actions=frozenset({
            Action.ACCOUNTS_APPROVE, Action.SETTINGS_APPROVE, Action.RULES_PUBLISH, Action.SESSIONS_END,
            Action.SYSTEM_SEE,
        }),
    ),
    StaffRole.AUDITOR: Role(
        name="审计员",
        why="查阅并核验全部审计记录；不能更改任何内容。",
        actions=frozenset({Action.AUDIT_READ, Action.NUMBERS_READ}),
    ),
}  # fmt: skip

#: The three administrators; whoever is one of them holds no other role at all.
ADMINISTRATORS = frozenset({StaffRole.SYSTEM_ADMIN, StaffRole.SECURITY_ADMIN, StaffRole.AUDITOR})
APART = "系统管理员、安全管理员、审计员须由不同的人担任，也不能兼任其他角色（等保要求三员分立）。"


#: Without a working one of each nobody could make, approve or restore any account: the last one keeps the role.
INDISPENSABLE = (StaffRole.SYSTEM_ADMIN, StaffRole.SECURITY_ADMIN)


def last_one(role: StaffRole) -> str:
    """Why the last one who holds `role` keeps it, and what to do first."""
    name = ROLES[role].name
    return (
        f"这是最后一位可以工作的{name}，现在停用、变更角色或重置登录凭证，就没有人能管理账号了。"
        f"请先新增另一位{name}，待其本人开通并能登录后，再办理这一项。"
    )


def may(roles: Collection[StaffRole], action: Action) -> bool:
    """Whether somebody with these roles may do it."""
    return any(action in ROLES[role].actions for role in roles)


def actions_of(roles: Collection[StaffRole]) -> frozenset[Action]:
    """Everything somebody with these roles may do."""
    return frozenset().union(*(ROLES[role].actions for role in roles))


def is_apart(roles: Collection[StaffRole]) -> bool:
    """False when one person would hold roles that must be kept apart."""
    return len(set(roles)) <= 1 or not ADMINISTRATORS & set(roles)
