"""What an auditor may ask, as it stands in form and address, made into a question for the store."""

import re
from datetime import datetime, timedelta
from typing import Any

from conf.clock import moment_given
from conf.errors import Invalid
from conf.terms import AuditTag, Channel
from store.records.audit import AuditQuery

#: Names and longest values of what may be asked.
NAMES = {"who": 500, "uscc": 18, "no": 30, "tag": 60, "outcome": 30, "channel": 20, "since": 16, "until": 16}
_ORDER = re.compile(r"THC?(\d{8}-[0-9A-Z]{6})")
_USCC = re.compile(r"[0-9A-Z]{18}")
_KEYED = re.compile(r"[0-9a-f]{64}(,[0-9a-f]{64}){0,9}")
_OUTCOME = re.compile(r"[a-z_]{1,30}")


def address_of(handler: Any) -> dict[str, str]:
    """What was given, by name, without what is empty."""
    found = {name: handler.text(name, max=longest) for name, longest in NAMES.items()}
    return {name: value for name, value in found.items() if value}


def query_of(given: dict[str, str]) -> AuditQuery:
    """The question. Raises Invalid naming every field that cannot be meant. Times are Beijing, both ends included."""
    errors: dict[str, str] = {}
    uscc, no = given.get("uscc", "").upper(), given.get("no", "").upper()
    order = _ORDER.fullmatch(no)
    tag, channel = given.get("tag", ""), given.get("channel", "")
    if uscc and not _USCC.fullmatch(uscc):
        errors["uscc"] = "统一社会信用代码是 18 位，请核对。"
    if no and order is None:
        errors["no"] = "请输入申请编号（TH 开头）或复制件编号（THC 开头）。"
    if tag and tag not in set(AuditTag):
        errors["tag"] = "没有这个种类。"
    if channel and channel not in set(Channel):
        errors["channel"] = "没有这个渠道。"
    if (who := given.get("who", "")) and not _KEYED.fullmatch(who):
        errors["person"] = "人员代号无效，请重新输入证件号码或登录名。"
    if (outcome := given.get("outcome", "")) and not _OUTCOME.fullmatch(outcome):
        errors["outcome"] = "没有这个结果。"
    since, until = (_moment(given.get(name, ""), name, errors) for name in ("since", "until"))
    if since and until and until < since:
        errors["until"] = "结束时间早于开始时间。"
    if errors:
        raise Invalid(errors)
    return AuditQuery(
        who=tuple(who.split(",")) if who else (), uscc=uscc, order_no=f"TH{order[1]}" if order else "",
        tag=AuditTag(tag) if tag else None, outcome=outcome, channel=Channel(channel) if channel else None,
        since=since, until=until and until + timedelta(minutes=1),
    )  # fmt: skip


def _moment(text: str, name: str, errors: dict[str, str]) -> datetime | None:
    """`2026-11-21T10:05` on the wall clock of Beijing."""
    if not text:
        return None
    try:
        return moment_given(text)
    except ValueError:
        errors[name] = "请按“年-月-日 时:分”填写时间。"
        return None
