"""The simulated second SMS vendor: whole texts in signed forms; checks signature and clock, recognises repeats."""

import hashlib
import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from adapters.sandbox.faulty import FaultyHandler

BEIJING = ZoneInfo("Asia/Shanghai")
FRESH = timedelta(minutes=5)
BLACKLISTED, BUSY = "19999999901", "19999999903"


class Submit(FaultyHandler):
    """POST /textline/v2/submit (docs/protocols/sms-textline.md)."""

    system = "sms2"

    async def post(self) -> None:
        form = {name: self.get_body_argument(name, "") for name in self.request.body_arguments}
        await self.answer(self._refused(form) or self._taken(form))

    def _refused(self, form: dict[str, str]) -> dict[str, Any] | None:
        s = self.state.settings
        parts = [form.get(name, "") for name in ("account", "ts", "nonce", "phone", "content")]
        right = hashlib.sha256("|".join([*parts, s.sms2_app_key.get_secret_value()]).encode()).hexdigest()
        if form.get("account") != s.sms2_app_id or form.get("sign") != right:
            return {"result": 1, "desc": "签名错误"}
        try:
            sent = datetime.strptime(form["ts"], "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
        except ValueError:
            return {"result": 2, "desc": "时间格式错误"}
        return {"result": 2, "desc": "时间超出范围"} if abs(self.now() - sent) > FRESH else None

    def _taken(self, form: dict[str, str]) -> dict[str, Any]:
        phone, text, reference = form["phone"], form["content"], form["outid"]
        if not re.fullmatch(r"1[3-9]\d{9}", phone):
            return {"result": 3, "desc": "号码错误"}
        special = {BLACKLISTED: (4, "号码已退订"), BUSY: (8, "系统繁忙")}
        if phone in special:
            result, words = special[phone]
            return {"result": result, "desc": words}
        if not re.match(r"【[^】]{2,12}】", text):
            return {"result": 5, "desc": "缺少签名"}
        known = any(row["key"] == reference for row in self.state.received["sms2"])
        row = self.state.record("sms2", reference, phone=phone, text=text)
        return {"result": 17 if known else 0, "desc": "重复" if known else "成功", "sid": row["number"]}


ROUTES = [(r"/textline/v2/submit", Submit)]
