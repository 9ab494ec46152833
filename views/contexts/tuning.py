"""Contexts of what changes while the service runs: settings, message texts, days off, notices of the first page."""

import string
from dataclasses import field
from datetime import datetime

from conf.clock import beijing
from conf.settings import Settings
from conf.terms import Notice
from conf.texts import SAMPLE, all_texts, sms_parts
from conf.tuning import BY_NAME, TUNABLES, Tunable, tuned
from conf.workdays import days_of_file
from store.records.tuned import FrontNotice, Tuned
from views.contexts import Context, context
from views.filters import day, minute

NOTICES = {
    Notice.COPY_READY: "复制件已办好", Notice.ORDER_PERMITTED: "申请已通过审核", Notice.ORDER_REFUSED: "申请未通过审核",
    Notice.ORDER_FAILED: "复制件未能制作", Notice.ORDER_QUESTION: "申请需要补充材料",
    Notice.TASK_DONE: "档案影像事项已办结", Notice.PAPER_OVERDUE: "借阅的纸质档案已到期", Notice.CODE: "验证码",
}  # fmt: skip


def name_of(notice: Notice) -> str:
    """What a message is called on pages."""
    return NOTICES.get(notice, notice.value)


@context
class TunedSettings(Context):
    """Every setting of the list with its value now, who changed what, and the form."""

    template = "pages/staff_settings.html"
    settings: Settings
    history: tuple[Tuned, ...]
    may_keep: bool
    name: str = ""
    value: str = ""
    reason: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> tuple[tuple[Tunable, int, int], ...]:
        """(setting, value now, value at installation)."""
        now = tuned(self.settings)
        return tuple((each, getattr(now, each.name), getattr(self.settings, each.name)) for each in TUNABLES)

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        return tuple((each.name, f"{each.label}（{each.least}–{each.most} {each.unit}）") for each in TUNABLES)

    @property
    def changes(self) -> tuple[tuple[str, str, str, str, str, str], ...]:
        """(when, what, before, after, who proposed, who approved)."""
        return tuple(
            (
                minute(each.at), BY_NAME[name].label if (name := each.what.partition(":")[2]) in BY_NAME else name,
                str(each.before.get("value")), str(each.after.get("value")), each.proposed_by, each.approved_by,
            )
            for each in self.history
        )  # fmt: skip


@context
class MessageTexts(Context):
    """Every message as it goes out now."""

    template = "pages/staff_texts.html"
    signature: str
    history: tuple[Tuned, ...]

    @property
    def rows(self) -> tuple[tuple[str, str, str, str, int, bool], ...]:
        """(notice, name, template, SMS as it arrives, parts, also by mail)."""
        return tuple(
            (text.notice.value, name_of(text.notice), text.template, sms, sms_parts(sms), bool(text.mail))
            for text in all_texts()
            for sms in [f"【{self.signature}】{string.Template(text.sms).safe_substitute(SAMPLE)}"]
        )

    @property
    def changes(self) -> tuple[tuple[str, str, str, str], ...]:
        """(when, which, who proposed, who approved)."""
        return tuple(
            (minute(each.at), name_of(Notice(each.what.partition(":")[2])), each.proposed_by, each.approved_by)
            for each in self.history
        )


@context
class MessageText(Context):
    """One message: its parts, and the form that proposes others."""

    template = "pages/staff_text.html"
    notice: Notice
    row: dict[str, str]
    signature: str
    may_keep: bool
    history: tuple[Tuned, ...]
    reason: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return name_of(self.notice)

    @property
    def places(self) -> str:
        text = next(text for text in all_texts() if text.notice is self.notice)
        return "、".join(f"${{{name}}}" for name in sorted(text.sms_names)) or "（无）"

    @property
    def has_mail(self) -> bool:
        return any(text.mail for text in all_texts() if text.notice is self.notice)

    @property
    def changes(self) -> tuple[tuple[str, str, str, str], ...]:
        """(when, SMS before, who proposed, who approved)."""
        return tuple((minute(e.at), str(e.before["sms"]), e.proposed_by, e.approved_by) for e in self.history)


@context
class Holidays(Context):
    """Days off and moved working days: those of the file, and those added since."""

    template = "pages/staff_holidays.html"
    free: str
    working: str
    history: tuple[Tuned, ...]
    may_keep: bool
    now: datetime
    reason: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def of_file(self) -> tuple[tuple[str, str], ...]:
        """Coming days of the file, in words."""
        today = beijing(self.now).date()
        free, working = (sorted(each for each in days if each >= today) for days in days_of_file())
        return (("放假", "、".join(map(day, free)) or "（无）"), ("调休上班", "、".join(map(day, working)) or "（无）"))

    @property
    def changes(self) -> tuple[tuple[str, str, str, str, str], ...]:
        """(when, off, working, who proposed, who approved)."""
        return tuple(
            (
                minute(e.at), "、".join(e.after["free"]) or "（无）", "、".join(e.after["working"]) or "（无）",
                e.proposed_by, e.approved_by,
            )
            for e in self.history
        )  # fmt: skip


@context
class FrontNotices(Context):
    """Notices of the first page, and the form of a new one."""

    template = "pages/staff_notices.html"
    notices: tuple[FrontNotice, ...]
    now: datetime
    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def state(self, notice: FrontNotice) -> tuple[str, str]:
        if notice.ended_by:
            return f"已由{notice.ended_by}撤下", "neutral"
        if self.now >= notice.ends_at:
            return "已到期", "neutral"
        return ("展示中", "success") if notice.starts_at <= self.now else ("未开始", "info")

    def is_endable(self, notice: FrontNotice) -> bool:
        return not notice.ended_by and self.now < notice.ends_at
