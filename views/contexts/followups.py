"""Contexts of the staff pages of low ratings: the list, and one with the form of its next step."""

from dataclasses import field
from datetime import datetime

from conf.rating_tags import TAGS
from conf.terms import FOLLOW_UP_MOVES, FollowUpResult, FollowUpStatus, FollowUpStep
from store.records import FollowUp, Order, Rating, RatingTally
from views.contexts import Context, context
from views.contexts.terms import last_day
from views.filters import day, label, minute

STATES = {
    FollowUpStatus.OPEN: "待联系",
    FollowUpStatus.CONTACTED: "待整改",
    FollowUpStatus.RECTIFIED: "待回访",
    FollowUpStatus.CLOSED: "已办结",
}
STEPS = {
    FollowUpStep.OPENED: "收到差评",
    FollowUpStep.CONTACTED: "联系评价人",
    FollowUpStep.RECTIFIED: "核实整改",
    FollowUpStep.CALLED_BACK: "回访",
    FollowUpStep.REOPENED: "重新办理",
}
RESULTS = {
    FollowUpResult.REACHED: "已联系上",
    FollowUpResult.UNREACHED: "未联系上",
    FollowUpResult.RECTIFIED: "已整改",
    FollowUpResult.EXPLAINED: "无法按要求办理，已说明理由和依据",
    FollowUpResult.UNFOUNDED: "经核实与事实不符",
    FollowUpResult.CONTENT: "认可处理结果",
    FollowUpResult.DISCONTENT: "不认可处理结果",
}
#: The step that comes next in each state.
NEXT = {expect: step for step, (expect, _) in FOLLOW_UP_MOVES.items()}
HINTS = {
    FollowUpStep.CONTACTED: "了解到的情况；没有联系上时写明时间和方式，期限不变。",
    FollowUpStep.RECTIFIED: "核实了什么、怎样改进；情况复杂的写明原因。",
    FollowUpStep.CALLED_BACK: "评价人对处理结果的意见。",
    FollowUpStep.REOPENED: "为什么重新办理；三个期限从现在起重新计算。",
}
TAG_NAMES = {code: text for tags in TAGS.values() for code, text in tags.items()}


@context
class FollowUps(Context):
    """Open ones, the most urgent first, or those closed last; and the figures of the last 30 days."""

    template = "pages/staff_ratings.html"
    fragment = "batch"
    followups: tuple[FollowUp, ...]
    after: str
    is_first: bool
    is_closed: bool
    overdue: int
    tally: RatingTally
    now: datetime

    def is_late(self, followup: FollowUp) -> bool:
        return followup.next_due is not None and self.now >= followup.next_due

    def state(self, followup: FollowUp) -> str:
        return STATES[followup.status]

    def due(self, followup: FollowUp) -> str:
        return f"{STEPS[NEXT[followup.status]]}：{day(last_day(followup.next_due))}前"

    def end(self, followup: FollowUp) -> str:
        return RESULTS[followup.callback_result] if followup.callback_result else ""

    @property
    def figures(self) -> tuple[tuple[str, str], ...]:
        t = self.tally
        return (
            ("主动评价", f"{t.active} 件，其中基本满意及以上 {_share(t.good, t.active)}"),
            ("默认评价", f"{t.by_default} 件，不计入满意率"),
            ("主动评价率", _share(t.active, t.active + t.by_default)),
        )


@context
class OneFollowUp(Context):
    """One low rating: what was said, the terms, what was done, and the next step."""

    template = "pages/staff_rating.html"
    followup: FollowUp
    order: Order
    ratings: tuple[Rating, ...]
    names: dict[str, str]  # of staff, by id
    phone_masked: str
    phone: str | None  # in clear, on the one answer to the one who asked for it; "" when there is none
    has_moved: bool
    now: datetime
    result: str = ""
    text: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def step(self) -> FollowUpStep:
        return NEXT[self.followup.status]

    @property
    def step_name(self) -> str:
        return STEPS[self.step]

    @property
    def hint(self) -> str:
        return f"{HINTS[self.step]}5 到 500 个字，不要写电话和证件号码。"

    @property
    def results(self) -> tuple[tuple[str, str], ...]:
        return tuple((each.value, RESULTS[each]) for each in FOLLOW_UP_MOVES[self.step][1] if each)

    @property
    def said(self) -> tuple[tuple[str, str], ...]:
        """The rating it is about, and the other one of this order if there is one."""
        rows = [
            ("企业", f"{self.order.company_name}（{self.order.uscc}）"),
            ("申请编号", self.order.no),
            ("评价人", self.order.requester_masked),
            ("联系电话", self._phone),
        ]
        for rating in self.ratings:
            name = "首次评价" if rating.number == 1 else "追加评价"
            rows.append((name, _words(rating)))
        return tuple(rows)

    @property
    def _phone(self) -> str:
        if self.phone is None:
            return self.phone_masked or "没有登记"
        return self.phone or "没有登记"

    @property
    def terms(self) -> tuple[tuple[str, str], ...]:
        """Each term with a word on how it stands."""
        f = self.followup
        order = (FollowUpStatus.OPEN, FollowUpStatus.CONTACTED, FollowUpStatus.RECTIFIED)
        done = order.index(f.status) if f.status in order else len(order)
        dues = (f.due_first_contact, f.due_rectify, f.due_callback)
        rows = [
            (STEPS[NEXT[state]], f"{day(last_day(due))}前（{self._standing(n, done, due)}）")
            for n, (state, due) in enumerate(zip(order, dues, strict=True))
        ]
        return tuple(rows) + ((("重新办理", f"{f.reopened} 次"),) if f.reopened else ())

    def _standing(self, n: int, done: int, due: datetime) -> str:
        if n < done:
            return "已完成"
        return "已超期" if self.now >= due else "未到期"

    @property
    def history(self) -> tuple[tuple[str, str, datetime, str], ...]:
        """(what, who, when, words) of each step."""
        return tuple(
            (
                "，".join(filter(None, (STEPS[entry.step], RESULTS[entry.result] if entry.result else ""))),
                "评价人" if entry.by == "visitor" else self.names.get(entry.by.removeprefix("staff:"), "同事"),
                entry.at,
                entry.text,
            )
            for entry in self.followup.history
        )


def _words(rating: Rating) -> str:
    if rating.is_default:
        return f"{label(rating.satisfaction)}（系统默认，{minute(rating.at)}）"
    reasons = "；".join([*(TAG_NAMES.get(code, code) for code in rating.tags), *filter(None, [rating.text])])
    return f"{label(rating.satisfaction)}（{minute(rating.at)}）{'：' if reasons else ''}{reasons}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "—"
