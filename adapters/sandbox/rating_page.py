"""The simulated platform's own rating page: reads the page jump, takes one rating and one more, tells the service.

Written from docs/protocols/rating.md, "Page jump" and "What the platform tells us".
"""

import base64
import hashlib
import hmac
import json
import secrets
from datetime import datetime
from urllib.parse import parse_qsl

from adapters.sandbox import calling
from adapters.sandbox.faulty import FaultyHandler
from adapters.sandbox.state import SandboxState
from conf.clock import beijing

LEVELS = {"5": "非常满意", "4": "满意", "3": "基本满意", "2": "不满意", "1": "非常不满意"}
#: A few of the platform's tags; the first digit is the level.
TAGS = {
    "513": "可以全程网上办理",
    "412": "可以使用自助机办理",
    "309": "在承诺的时间内办结",
    "209": "未在承诺时间内办结",
    "110": "无理由超过法定办理时间",
}
NEEDED = (
    "key",
    "evaluateChannel",
    "projNo",
    "projName",
    "serviceCode",
    "applicantName",
    "applicantCardNumber",
    "version",
)


class RatingPage(FaultyHandler):
    """GET: the form for one case. POST: keep the rating, tell the service, thank the visitor."""

    system = "rating"

    async def get(self) -> None:
        await self._show(self._case())

    async def post(self) -> None:
        case = self._case()
        problem = self._take(case) if case else ""
        await self._show(case, problem=problem, thanks=bool(case) and not problem)

    async def _show(self, case: dict[str, str], *, problem: str = "", thanks: bool = False) -> None:
        if not case:
            self.set_status(400)
            page = self.render_string("problem.html", problem="跳转参数无法解读，或与登记的不一致")
        else:
            back = f"{self.state.settings.base_url.rstrip('/')}/orders/{case['projNo']}/rating"
            facts = {
                "number": self._given(case) + 1,
                "case": case,
                "levels": LEVELS,
                "tags": TAGS,
                "param": self.text("param"),
                "back": back,
            }
            page = self.render_string("rating.html", **facts, problem=problem, thanks=thanks)
        await self.answer(page, "text/html; charset=utf-8")

    def _case(self) -> dict[str, str]:
        """The parameter list, {} when it will not do."""
        try:
            once = base64.b64decode(self.text("param"), validate=True)
            pairs = dict(parse_qsl(base64.b64decode(once, validate=True).decode(), keep_blank_values=True))
        except ValueError:
            return {}
        s = self.state.settings
        is_ours = pairs.get("key") == s.rating_app_mark and pairs.get("serviceCode") == s.rating_task_code
        return pairs if is_ours and all(pairs.get(name) for name in NEEDED) else {}

    def _given(self, case: dict[str, str]) -> int:
        return sum(row.get("projectNo") == case["projNo"] for row in self.state.received["rating"])

    def _take(self, case: dict[str, str]) -> str:
        """Keep the rating and tell it; words for the visitor when it will not do."""
        level, words = self.text("satisfaction"), self.text("writingEvaluation").strip()
        tags = [code for code in self.get_arguments("evalDetail") if code in TAGS and code[0] == level]
        if level not in LEVELS:
            return "请选择满意程度"
        if level in "12" and not (tags or words):
            return "差评须勾选详情或填写文字评价"
        number = int(self.text("assessNumber")) if self.text("assessNumber") in ("1", "2") else 0
        if number and number <= self._given(case):
            return ""  # the same form once more: the answer to the first was lost
        if number != self._given(case) + 1:
            return "这个办件已经评价过两次"
        record = {
            "projectNo": case["projNo"],
            "assessNumber": str(number),
            "satisfaction": level,
            "evalDetail": ",".join(tags),
            "writingEvaluation": words,
            "assessTime": beijing(self.state.clock()).strftime("%Y-%m-%d %H:%M:%S"),
            "pf": case["evaluateChannel"],
        }
        self.state.record("rating", f"{case['projNo']}.{number}", **record, userName=case["applicantName"])
        later(self.state, record)
        return ""


def later(state: SandboxState, record: dict[str, str]) -> None:
    """Tell the service by and by, until it answers 00."""
    body = json.dumps({"evaluate": [record]}, ensure_ascii=False).encode()
    calling.later(state, "rating", lambda now: (_headers(state, body, now), body), taken="code=00")


def _headers(state: SandboxState, body: bytes, now: datetime) -> dict[str, str]:
    s, nonce = state.settings, secrets.token_hex(16)
    moment = str(int(now.timestamp()))
    text = f"{s.rating_app_mark}\n{moment}\n{nonce}\n{hashlib.sha256(body).hexdigest()}"
    right = hmac.new(s.rating_app_word.get_secret_value().encode(), text.encode(), "sha256").hexdigest()
    return {
        "Content-Type": "application/json",
        "X-App-Mark": s.rating_app_mark,
        "X-Timestamp": moment,
        "X-Nonce": nonce,
        "X-Signature": right,
    }


ROUTES = [(r"/hcp/page", RatingPage)]
