"""The simulated SMS gateway: checks signature, template and number, counts parts, recognises repeats."""

import hashlib
import hmac
import json
import re
import string
from collections.abc import Mapping
from typing import Any

from adapters.sandbox import receipts
from adapters.sandbox.faulty import FaultyHandler, SandboxHandler
from conf.texts import file_texts

FRESH_SECONDS = 300
ONE_PART, LONG_PART = 70, 67  # UCS-2 units in one message, and in each of several
#: Numbers that behave: the platform of a tester's dreams.
BLACKLISTED, OVER_LIMIT, BUSY = "19999999901", "19999999902", "19999999903"


def approved_templates(added: Mapping[str, str]) -> dict[str, str]:
    """Template id → text as approved by the platform: those of the start, and what was registered since."""
    return {text.template: text.sms for text in file_texts()} | dict(added)


def parts_of(text: str) -> int:
    """How many messages the network sends for `text`."""
    units = len(text.encode("utf-16-be")) // 2
    return 1 if units <= ONE_PART else -(-units // LONG_PART)


class SendSms(FaultyHandler):
    """POST /sms/send (docs/protocols/sms.md)."""

    system = "sms"

    async def post(self) -> None:
        refusal = self._sender_refused()
        await self.answer(refusal or self._taken())

    def _sender_refused(self) -> dict[str, Any] | None:
        head, s = self.request.headers, self.state.settings
        moment, nonce = head.get("X-Timestamp", ""), head.get("X-Nonce", "")
        digest = hashlib.sha256(self.request.body).hexdigest()
        text = f"{head.get('X-App-Id', '')}\n{moment}\n{nonce}\n{digest}".encode()
        right = hmac.new(s.sms_app_key.get_secret_value().encode(), text, "sha256").hexdigest()
        if head.get("X-App-Id") != s.sms_app_id or not hmac.compare_digest(right, head.get("X-Signature", "")):
            return _said("1001", "签名错误")
        age = abs(self.now().timestamp() - int(moment)) if moment.isdigit() else FRESH_SECONDS + 1
        if age > FRESH_SECONDS or not nonce or nonce in self.state.nonces:
            return _said("1010", "时间戳或随机数无效")
        self.state.nonces.add(nonce)
        return None

    def _taken(self) -> dict[str, Any]:
        """Check the message itself and keep it."""
        message = json.loads(self.request.body)
        phone, reference = message["mobile"], message["extRef"]
        template = approved_templates(self.state.templates).get(message["templateId"])
        if template is None:
            return _said("1002", "模板不存在")
        if not re.fullmatch(r"1[3-9]\d{9}", phone):
            return _said("1003", "号码无效")
        special = {BLACKLISTED: ("1004", "用户退订"), OVER_LIMIT: ("1005", "超过日限"), BUSY: ("1099", "系统忙")}
        if phone in special:
            return _said(*special[phone])
        wanted = set(string.Template(template).get_identifiers())
        if wanted != set(message["params"]):
            return _said("1008", "参数与模板不符")
        text = f"【{message['signName']}】{string.Template(template).substitute(message['params'])}"
        known = any(row["key"] == reference for row in self.state.received["sms"])
        row = self.state.record(
            "sms", reference, phone=phone, template=message["templateId"], text=text, parts=parts_of(text)
        )
        receipts.later(self.state, row["number"], reference)
        code, words = ("1009", "重复提交，已受理过") if known else ("0", "成功")
        return _said(code, words, msgId=row["number"], parts=row["parts"])


class Templates(SandboxHandler):
    """The platform's own desk: GET lists the approved templates; POST (a form: template, text) has one approved.

    What the service changes in its own texts is unknown here until somebody registers it, as at a real platform.
    """

    async def get(self) -> None:
        self.write({"templates": approved_templates(self.state.templates)})

    async def post(self) -> None:
        number, text = self.text("template"), self.text("text")
        if not re.fullmatch(r"[A-Z0-9-]{4,32}", number) or not text or not string.Template(text).is_valid():
            self.set_status(400)
            self.write({"error": "template: 4 to 32 of A-Z 0-9 -; text: with places like ${order_no}"})
            return
        self.state.templates[number] = text
        self.redirect("/")


def _said(code: str, words: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "msg": words, **more}


ROUTES = [(r"/sms/send", SendSms), (r"/sms/templates", Templates)]
