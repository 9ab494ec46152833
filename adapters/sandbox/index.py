"""The sandbox's own pages: what was received, fault switches; the same as JSON for tests."""

import json
from typing import Any

from adapters.sandbox.faulty import SandboxHandler
from adapters.sandbox.people import sample_people
from adapters.sandbox.sms import approved_templates
from adapters.sandbox.state import SYSTEMS, faults_of

#: What a newcomer reads instead of field names; fields without a word here are shown by name.
WORDS = {
    "key": "编号",
    "at": "时间",
    "phone": "手机号",
    "to": "收件人",
    "subject": "主题",
    "text": "内容",
    "template": "模板",
    "parts": "计费条数",
    "person": "人员",
    "notice": "通知",
    "level": "实名等级",
    "algorithm": "摘要算法",
    "seal_id": "印章编号",
    "sha256": "文件摘要",
    "satisfaction": "满意度代码",
    "evalDetail": "评价标签",
    "writingEvaluation": "文字评价",
    "userName": "评价人",
    "projectNo": "办件编号",
    "assessTime": "评价时间",
    "assessNumber": "第几次评价",
    "pf": "渠道代码",
    "stateName": "办件状态",
    "stateTime": "状态时间",
    "source": "来源",
    "taskCode": "事项编码",
    "caseNo": "办件编号",
    "uscc": "企业代码",
    "result": "结果",
}


def shown(value: Any) -> str:
    """A kept value as a person reads it."""
    return "、".join(map(str, value)) if isinstance(value, list) else str(value).strip()


class Index(SandboxHandler):
    """The first page: switches, everything received, the sample people."""

    async def get(self) -> None:
        self.render(
            "index.html",
            systems=SYSTEMS,
            faults_of=faults_of,
            faults=self.state.faults.shown(),
            received=self.state.received,
            people=sample_people(),
            base_url=self.state.settings.base_url,
            labels=WORDS,
            shown=shown,
            templates=approved_templates(self.state.templates),
        )


class FaultSwitch(SandboxHandler):
    """POST /faults: a form (system, fault, times) or JSON {"sms": "slow", "rating": {"fault": "lost", "times": 1}}."""

    async def get(self) -> None:
        self.write(self.state.faults.shown())

    async def post(self) -> None:
        is_json = self.request.headers.get("Content-Type", "").startswith("application/json")
        try:
            for system, fault, times in self._wishes(is_json):
                self.state.faults.switch(system, fault, times)
        except (KeyError, ValueError, TypeError, AttributeError):
            self.set_status(400)
            known = {name: list(faults_of(name)) for name in SYSTEMS}
            self.write({"error": "unknown system, or a fault it cannot have", "faults": known})
            return
        if is_json:
            self.write(self.state.faults.shown())
        else:
            self.redirect("/")

    def _wishes(self, is_json: bool) -> list[tuple[str, str, int | None]]:
        if not is_json:
            times = self.text("times")
            return [(self.text("system"), self.text("fault"), int(times) if times else None)]
        wishes: dict[str, Any] = json.loads(self.request.body)
        split = {name: wish if isinstance(wish, dict) else {"fault": wish} for name, wish in wishes.items()}
        return [(name, wish.get("fault") or "", wish.get("times")) for name, wish in split.items()]


class Received(SandboxHandler):
    """GET /sandbox/received?system=sms: what that system kept; without `system`, all of it."""

    async def get(self) -> None:
        system = self.text("system")
        chosen = {system: self.state.received.get(system, [])} if system else self.state.received
        calls = {name: self.state.calls[name] for name in SYSTEMS}
        self.write({"system": system, "items": chosen.get(system, []), "received": chosen, "calls": calls})


class Forget(SandboxHandler):
    """POST /sandbox/forget: as freshly started."""

    async def post(self) -> None:
        self.state.forget()
        self.redirect("/")


ROUTES = [
    (r"/", Index),
    (r"/faults", FaultSwitch),
    (r"/sandbox/received", Received),
    (r"/sandbox/forget", Forget),
]
