"""Context of the check by SMS before a copy is handed out; made by handlers/copy_check.py."""

from dataclasses import field
from datetime import datetime

from store.records import Order
from views.contexts import Context, context
from views.filters import minute

#: What became of the wish for a code, by handlers/flows/codes.Sending: kind of notice, title, what to do.
TO_L3 = "提升到 L3（刷脸）后直接领取"
SAID = {
    "in_doubt": (
        "warning",
        "短信平台没有及时答复",
        "验证码可能仍会送达，收到后可以照常填写；也可以重新获取。这次不计入次数。",
    ),
    "away": (
        "warning",
        "短信平台暂时没有响应",
        "验证码没有发出，这次不计入次数。请稍后重新获取，您的复制件不受影响。",
    ),
    "refused": (
        "danger",
        "这个手机号收不到验证码",
        f"号码无效或已拒收短信。请在统一身份认证平台更换手机号后重新登录，或{TO_L3}。",
    ),
    "hour": ("danger", "一小时内发往这个手机号的验证码已达上限", f"请一小时后再试，或{TO_L3}。"),
    "number": ("danger", "今天发往这个手机号的验证码已达上限", f"请明天再试，或{TO_L3}。"),
    "account": ("danger", "您的账号今天获取的验证码已达上限", f"请明天再试，或{TO_L3}。"),
    "address": ("danger", "这个网络今天获取的验证码已达上限", f"请换一个网络或明天再试，或{TO_L3}。"),
}
SENT = "请在 5 分钟内填写。没有收到的，60 秒后可以重新获取。"
WRONG = {
    "spent": "这个验证码已经填错 5 次，不能再用，请重新获取。",
    "over": "这个验证码已经失效（超过 5 分钟、用过，或已重新获取），请重新获取。",
}


@context
class CopyCheck(Context):
    """`number` is masked and empty when the account has none; `holds_until` is set once the check is passed."""

    template = "pages/copy_check.html"
    order: Order
    number: str
    sending: str = ""
    wait: int = 0
    sent_at: datetime | None = None  # of a code that may still be typed in
    holds_until: datetime | None = None
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def notice(self) -> tuple[str, str, str] | None:
        if self.sending == "pause":
            return "warning", f"请等 {self.wait} 秒再重新获取", "刚才已经发送过一次，请先查看手机短信。"
        if self.sent_at and not self.sending and not self.errors:
            return "success", f"验证码已于 {minute(self.sent_at)} 发送", SENT
        return SAID.get(self.sending)

    @property
    def is_sent(self) -> bool:
        return self.sent_at is not None

    @property
    def is_passed(self) -> bool:
        return self.holds_until is not None

    @property
    def holds(self) -> str:
        return minute(self.holds_until) if self.holds_until else ""
