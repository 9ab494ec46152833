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
#: Beginnings of the faults adapters report, in words for people; the first that fits. Others are shown as they are.
FAULTS = {
    "template unknown": "短信平台没有这个模板编号，请先在平台登记模板，再重发",
    "values do not fit the template": "参数与短信平台登记的模板不符，请核对模板文本，再重发",
    "number invalid": "号码不正确",
    "number refuses messages": "对方已退订短信",
    "text refused": "短信平台不接受这段文字",
    "signature refused": "对方不认可我们的签名，请核对密钥",
    "daily limit of the number": "超过这个号码的每日上限",
    "no balance": "短信平台余额不足",
    "clock or nonce refused": "与对方的时间不一致，请核对时钟",
    "busy": "对方系统繁忙",
    "no answer in time": "对方没有按时答复",
    "no connection": "连接不上",
    "nothing answers": "连接不上",
    "garbled answer": "对方的答复读不懂",
    "answer too large": "对方的答复过长",
    "HTTP ": "对方系统出错",
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
    may_resend: bool = True

    def system(self, line: Any) -> str:
        return SYSTEMS.get(line.system, line.system)

    def kind(self, message: OutboxMessage) -> str:
        return KINDS[message.kind]

    def end(self, message: OutboxMessage) -> str:
        return ENDS[message.status]

    def fault(self, text: str) -> str:
        """A fault in words, with what the adapter said."""
        words = next((words for known, words in FAULTS.items() if text.startswith(known)), "")
        return f"{words}（{text}）" if words else text

    def recipient(self, message: OutboxMessage) -> str:
        return message.recipient.masked if message.recipient else ""
