"""Contexts of the access table for people: rules in words, versions, the draft with its trial run."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from conf.access import AccessTable, Rule, Scope, When
from store.records.tuned import RuleDraft, RuleSet
from views.contexts import Context, context
from views.filters import label, minute

SCOPES = {Scope.DOSSIER: "整卷影像档案", Scope.DOCUMENT: "单份材料", Scope.EXTRACT: "机读档案"}
OUTCOMES = {
    "permit": ("直接提供", "success"), "review": ("人工审核", "warning"), "refuse": ("不提供", "danger"),
}  # fmt: skip
CONDITIONS = {
    "account": "账号", "relations": "与企业的关系", "level_from": "实名等级不低于", "level_below": "实名等级低于",
    "statuses": "企业状态", "locked": "档案锁定", "purposes": "用途", "lawyer": "律师承诺", "flags": "页面标注",
    "concerned": "材料涉及本人", "granted": "已获许可", "granted_under": "许可依据的规则", "elsewhere": "属于其他企业",
    "organs": "机关单位", "reach": "机关案件和查档范围", "in_category": "材料属于机关查档范围",
}  # fmt: skip
WORDS = {
    "anonymous": "未登录", "natural": "个人", "legal": "法人", "company": "企业自身", "head": "法定代表人等",
    "interested": "股东、董监高", "none": "无", "incomplete": "未填齐", "complete": "已填齐",
    "organ": "机关", "named": "规则列明", "other": "规则未列明", "closed": "案件未开立或已结束",
    "over": "案件已过期", "outside": "超出查档范围", "open": "在查档范围内",
}  # fmt: skip


class Changed(Protocol):
    """handlers/flows/rules.Difference, as the page needs it."""

    @property
    def order_no(self) -> str: ...
    @property
    def before(self) -> str: ...
    @property
    def after(self) -> str: ...
    @property
    def rule_before(self) -> str: ...
    @property
    def rule_after(self) -> str: ...
    @property
    def papers(self) -> int: ...


class Tried(Protocol):
    """handlers/flows/rules.TryOut, likewise."""

    @property
    def since(self) -> datetime: ...
    @property
    def tried(self) -> int: ...
    @property
    def differences(self) -> Sequence[Changed]: ...
    @property
    def is_cut(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class _Tables:
    """How a table is shown, shared by its pages."""

    def groups(self, table: AccessTable) -> tuple[tuple[str, tuple[Rule, ...]], ...]:
        return tuple((name, table.of(scope)) for scope, name in SCOPES.items())

    def outcome(self, value: str) -> tuple[str, str]:
        return OUTCOMES[value]

    def conditions(self, when: When) -> str:
        said = (f"{CONDITIONS[name]}：{_told(value)}" for name, value in when.given.items())
        return "；".join(said) or "任何情形"


WORDING = _Tables()


def _told(value: object) -> str:
    if isinstance(value, tuple):
        return "、".join(_told(each) for each in value)
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int):
        return f"L{int(value)}"
    text = str(value)
    return WORDS.get(text) or _label(value) or text


def _label(value: object) -> str:
    try:
        return str(label(value))
    except (KeyError, TypeError, ValueError):
        return ""


@context
class RulesPage(Context):
    """The rules that count now, and every version."""

    template = "pages/staff_rules.html"
    table: AccessTable
    sets: tuple[RuleSet, ...]
    draft: RuleDraft | None
    now: datetime
    wording: _Tables = WORDING

    @property
    def versions(self) -> tuple[tuple[str, str, str, str], ...]:
        """(version, from when, who, how it stands)."""
        return tuple(
            (
                each.id,
                minute(each.effective_at) if each.effective_at else "随软件安装",
                "、".join(filter(None, (each.proposed_by, *each.approved_by))) or "—",
                self._stands(each),
            )
            for each in self.sets
        )

    def _stands(self, each: RuleSet) -> str:
        if each.id == self.table.version:
            return "现行"
        return "待生效" if each.effective_at and each.effective_at > self.now else "已不用于新申请"


@context
class RulesVersion(Context):
    """One version, as it was or is."""

    template = "pages/staff_rules_version.html"
    table: AccessTable
    kept: RuleSet
    wording: _Tables = WORDING


@context
class RulesDraft(Context):
    """The draft's text with its faults by line, what it changes, the trial run, and the form that asks to publish."""

    template = "pages/staff_rules_draft.html"
    draft: RuleDraft | None
    text: str
    changed: tuple[str, ...]
    faults: tuple[tuple[int, str], ...] = ()
    tried: Tried | None = None
    effective: str = ""
    reason: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    wording: _Tables = WORDING
