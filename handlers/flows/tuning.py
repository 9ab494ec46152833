"""Proposing what changes while the service runs: settings, message texts, days off. Called by the staff pages.

Each change is one proposal (flows/approving); once approved it counts in this process at once, in all within a second.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from conf.clock import day_given
from conf.errors import Invalid
from conf.live import live
from conf.settings import Settings
from conf.terms import Notice, ProposalKind
from conf.texts import text_faults, text_of
from conf.tuning import BY_NAME, tuned
from handlers.flows import approving
from handlers.flows.ordering import Trace
from store.records import Staff
from store.records.office import Proposal

if TYPE_CHECKING:
    from store import Store

MOST_DAYS = 200


async def propose_setting(
    store: "Store", settings: Settings, *, name: str, value: str, reason: str, by: Staff, now: datetime, trace: Trace
) -> Proposal:
    """Another value for a setting of the list. Raises Invalid by field, Conflict when one is waiting."""
    tunable = BY_NAME.get(name)
    if tunable is None:
        raise Invalid({"name": "这个参数不能在运行时更改。"})
    number = int(value) if value.isascii() and value.isdecimal() and len(value) <= 6 else -1
    if not tunable.least <= number <= tunable.most:
        raise Invalid({"value": f"请填写 {tunable.least} 到 {tunable.most} 之间的整数。"})
    return await approving.propose(
        store, ProposalKind.SETTING, about=f"setting:{name}", title=f"运行参数：{tunable.label}",
        before={"value": getattr(tuned(settings), name)}, after={"value": number}, reason=reason, by=by, now=now,
        trace=trace,
    )  # fmt: skip


async def propose_text(
    store: "Store", settings: Settings, *, notice: Notice, row: dict[str, str], reason: str, by: Staff,
    now: datetime, trace: Trace,
) -> Proposal:  # fmt: skip
    """Other words of one message. Raises Invalid by field, Conflict when a change of it is waiting."""
    row = {name: value.replace("\r\n", "\n").strip() for name, value in row.items()}
    if faults := text_faults(notice, row, signature=settings.sms_signature):
        raise Invalid(faults)
    return await approving.propose(
        store, ProposalKind.TEXT, about=f"text:{notice.value}", title=f"消息文本：{notice.value}",
        before=row_of(notice), after=row, reason=reason, by=by, now=now, trace=trace,
    )  # fmt: skip


def row_of(notice: Notice) -> dict[str, str]:
    """The message as it counts now, in the form it is changed in."""
    text = text_of(notice)
    return {"template": text.template, "sms": text.sms, "subject": text.subject, "mail": text.mail.strip()}


async def propose_holidays(
    store: "Store", *, free: str, working: str, reason: str, by: Staff, now: datetime, trace: Trace
) -> Proposal:
    """Other days besides those of the file, one a line each. Raises Invalid by field, Conflict."""
    faults: dict[str, str] = {}
    lists = {name: _days(text, name, faults) for name, text in (("free", free), ("working", working))}
    if both := sorted(set(lists["free"]) & set(lists["working"])):
        faults.setdefault("working", f"{both[0]} 不能既放假又上班。")
    if faults:
        raise Invalid(faults)
    after: dict[str, Any] = dict(lists)
    return await approving.propose(
        store, ProposalKind.HOLIDAYS, about="holidays", title="节假日和调休", before=days_now(), after=after,
        reason=reason, by=by, now=now, trace=trace,
    )  # fmt: skip


def days_now() -> dict[str, list[str]]:
    """The days added to the file's as they count now."""
    state = live()
    return {name: sorted(day.isoformat() for day in getattr(state, name)) for name in ("free", "working")}


def _days(text: str, name: str, faults: dict[str, str]) -> list[str]:
    found = set()
    for line in filter(None, (each.strip() for each in text.splitlines())):
        try:
            found.add(day_given(line).isoformat())
        except ValueError:
            faults[name] = f"“{line[:20]}”不是日期，请写成 2027-02-05 这样，一行一天。"
    if len(found) > MOST_DAYS:
        faults[name] = f"最多 {MOST_DAYS} 天。"
    return sorted(found)
