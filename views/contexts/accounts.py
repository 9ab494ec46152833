"""Contexts of staff accounts: the list, and one account."""

from collections.abc import Collection
from dataclasses import field
from datetime import datetime

from conf.rights import ROLES
from conf.terms import StaffRole
from store.records import Session, Staff
from views.contexts import Context, context
from views.contexts.doors import session_rows
from views.filters import minute


class _WithRoles:
    """Words for roles, shared by the pages that show them."""

    @property
    def options(self) -> tuple[tuple[str, str, str], ...]:
        return tuple((role.value, spec.name, spec.why) for role, spec in ROLES.items())

    def names(self, roles: Collection[StaffRole]) -> str:
        return "、".join(ROLES[role].name for role in sorted(roles)) or "（无，已停用）"


def state_of(person: Staff, now: datetime) -> tuple[str, str]:
    """How an account stands, in a word and its colour."""
    if person.disabled:
        return "已停用", "neutral"
    if person.awaits_link:
        return "待开通", "warning"
    if person.locked_until and now < person.locked_until:
        return "已锁定", "danger"
    return ("须改口令", "info") if person.must_change else ("正常", "success")


def credential_rows(person: Staff) -> tuple[tuple[str, str], ...]:
    """When an account was made and what it can be opened with, never the thing itself."""
    return (
        ("建立时间", minute(person.created_at)),
        ("口令设置时间", minute(person.password_at or person.created_at) if person.password_hash else "尚未设置"),
        ("恢复码", f"还有 {len(person.recovery)} 个"),
        *((("开通链接", f"有效至 {minute(person.link_until)}"),) if person.link_until else ()),
    )


@context
class Accounts(_WithRoles, Context):
    """Everybody, and the form that asks for a new account."""

    template = "pages/staff_accounts.html"
    people: tuple[Staff, ...]
    now: datetime
    may_keep: bool
    login: str = ""
    name: str = ""
    roles: tuple[str, ...] = ()
    reason: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    def state(self, person: Staff) -> tuple[str, str]:
        return state_of(person, self.now)


@context
class Account(_WithRoles, Context):
    """One account: how it stands, its sessions, and what may be done about it."""

    template = "pages/staff_account.html"
    person: Staff
    now: datetime
    may_keep: bool
    sessions: tuple[Session, ...]
    hours: int
    roles: tuple[str, ...] = ()
    reason: str = ""
    link: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> tuple[str, str]:
        return state_of(self.person, self.now)

    @property
    def is_locked(self) -> bool:
        return self.state[0] == "已锁定"

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        person = self.person
        return (
            ("登录名", person.login),
            ("角色", self.names(person.roles)),
            *credential_rows(person),
        )

    @property
    def session_rows(self) -> tuple[tuple[str, str, str, str], ...]:
        return session_rows(self.sessions)
