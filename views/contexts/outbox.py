"""Context of the staff page of counterparts and messages."""

from datetime import datetime
from typing import Any

from conf.terms import OutboxKind, OutboxStatus
from store.records import OutboxMessage
from views.contexts import Context, context

SYSTEMS = {
    "identity": "统一身份认证平台",
    "sms": "短信平台",
    "sms2": "第二家短信平台",
    "mail": "邮件服务器",
    "rating": "好差评平台",
    "shb": "穗好办",
    "yst": "粤商通",
    "portal": "政务服务网",
    "sharing": "市政务信息共享平台",
}
KINDS = {
    OutboxKind.SMS: "短信",
    OutboxKind.MAIL: "邮件",
    OutboxKind.RATING: "评价上报",
    OutboxKind.PROGRESS: "办件进度",
    OutboxKind.COMPARISON: "登记比对",
    OutboxKind.LICENCE: "律师执业证核验",
}
ENDS = {OutboxStatus.REJECTED: "对方拒收", OutboxStatus.GAVE_UP: "已放弃"}


@context
class Outbox(Context):
    """`lines` are LineStates of adapters/base.py; messages carry no recipient in clear."""

    template = "pages/staff_outbox.html"
    lines: tuple[Any, ...]
    waiting: tuple[OutboxMessage, ...]
    failed: tuple[OutboxMessage, ...]
    unreceived: tuple[OutboxMessage, ...]
    now: datetime

    def system(self, line: Any) -> str:
        return SYSTEMS.get(line.system, line.system)

    def kind(self, message: OutboxMessage) -> str:
        return KINDS[message.kind]

    def end(self, message: OutboxMessage) -> str:
        return ENDS[message.status]

    def recipient(self, message: OutboxMessage) -> str:
        return message.recipient.masked if message.recipient else ""
