"""The simulated 穗好办, 粤商通 (tickets) and service portal (progress of cases), by docs/protocols/entry.md."""

import hashlib
import hmac
import json
import secrets
from typing import Any
from urllib.parse import urlencode

from adapters.sandbox.faulty import FaultyHandler, SandboxHandler
from adapters.sandbox.people import SamplePerson, sample_people, sample_person
from conf.terms import AccountKind, EntryPoint

TICKET_SECONDS, SKEW_SECONDS = 60, 300
APPS = {"shb": "穗好办", "yst": "粤商通"}
PAPER_CODES = {"身份证": "10", "统一社会信用代码": "49", "组织机构代码证": "50", "营业执照": "51"}
#: state → what the portal shows, and from which states a case may come to it ("" is a new case).
STATES = {
    "1": ("已受理", ("",)),
    "2": ("准予提供", ("1",)),
    "3": ("已办结", ("2",)),
    "4": ("不予提供", ("1",)),
    "5": ("办理终止", ("1", "2")),
    "6": ("领取期已过", ("3",)),
}


class Signed(FaultyHandler):
    """A call with `x-tif-*` headers: signature, clock and nonce are checked before anything else."""

    def access(self) -> tuple[str, str]:
        """(id, key) of the one client registered at the system this call is for."""
        s = self.state.settings
        id, key = {
            "shb": (s.entry_shb_id, s.entry_shb_key),
            "yst": (s.entry_yst_id, s.entry_yst_key),
            "portal": (s.progress_id, s.progress_key),
        }[self.system]
        return id, key.get_secret_value()

    def problem(self) -> str:
        """Why the call is not believed, or ""."""
        sent = self.request.headers
        moment, nonce = sent.get("x-tif-timestamp", ""), sent.get("x-tif-nonce", "")
        id, key = self.access()
        if not moment.isdecimal() or abs(self.now().timestamp() - int(moment)) > SKEW_SECONDS:
            return "时间戳偏差过大"
        wanted = hashlib.sha256(f"{moment}{key}{nonce}{moment}".encode()).hexdigest()
        if not hmac.compare_digest(wanted, sent.get("x-tif-signature", "").lower()) or sent.get("x-tif-paasid") != id:
            return "签名不正确"
        if nonce in self.state.nonces:
            return "nonce 重复"
        self.state.nonces.add(nonce)
        return ""

    def body(self) -> dict[str, Any]:
        """The JSON object sent, empty when it is none."""
        try:
            found = json.loads(self.request.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


class Apps(SandboxHandler):
    """The page a tester starts from: every sample person in either app, and the portal's link."""

    async def get(self) -> None:
        settings = self.state.settings
        task = settings.tasks_of(EntryPoint.PORTAL)[0]
        portal = f"{settings.base_url.rstrip('/')}/enter/portal?{urlencode({'sxbm': task, 'to': '/'})}"
        self.render("apps.html", apps=APPS, people=sample_people(), portal=portal, cases=self.state.portal_cases)


class Open(SandboxHandler):
    """GET /apps/open?app=&person=&to=&bound=: what the app does when its user taps the service: issue and open."""

    async def get(self) -> None:
        app = self.text("app")
        try:
            person = sample_person(self.text("person"))
        except KeyError:
            person = None
        if app not in APPS or person is None:
            self.set_status(400)
            self.render("problem.html", problem="没有这个应用或样例人员")
            return
        ticket = self.issue(app, person)
        query = urlencode({"ticket": ticket, "to": self.text("to") or "/"})
        self.redirect(f"{self.state.settings.base_url.rstrip('/')}/enter/{app}?{query}")

    def issue(self, app: str, person: SamplePerson) -> str:
        """A ticket for one use by one service."""
        ticket = secrets.token_urlsafe(32)
        self.state.tickets[ticket] = {
            "app": app,
            "person": person.key,
            "bound": self.text("bound") != "no",
            "at": self.state.clock(),
        }
        return ticket


class Exchange(Signed):
    """POST /shb|yst/ticket/exchange: ticket → user, once, within a minute, by the service it was issued for."""

    async def prepare(self) -> None:
        self.system = self.request.path.split("/")[1]
        await super().prepare()

    async def post(self) -> None:
        if problem := self.problem():
            await self.answer({"code": "4010", "msg": problem})
            return
        sent = self.body()
        ticket = str(sent.get("ticket", ""))
        known = self.state.tickets.get(ticket)
        if known is None:
            await self.answer({"code": "4001", "msg": "ticket 不存在或已使用"})
            return
        if known["app"] != self.system or sent.get("appId") != self.access()[0]:
            await self.answer({"code": "4003", "msg": "ticket 不是签发给该应用的"})
            return
        del self.state.tickets[ticket]  # whatever the answer: it was used
        if (self.now() - known["at"]).total_seconds() > TICKET_SECONDS:
            await self.answer({"code": "4002", "msg": "ticket 已过期"})
            return
        person = sample_person(known["person"])
        user = user_of(self.system, person, is_bound=known["bound"])
        self.state.record(self.system, hashlib.sha256(ticket.encode()).hexdigest()[:16], person=person.name)
        issued = int(known["at"].timestamp())
        data = {"appId": self.access()[0], "issuedAt": issued, "expiresIn": TICKET_SECONDS, "user": user}
        await self.answer({"code": "0", "msg": "成功", "data": data})


class ReportProgress(Signed):
    """POST /portal/progress: one step of a case; steps out of order and other users' cases are refused."""

    system = "portal"

    async def post(self) -> None:
        problem = self.problem()
        code, says = ("10", problem) if problem else self._take(self.body())
        await self.answer({"code": code, "msg": says})

    def _take(self, sent: dict[str, Any]) -> tuple[str, str]:
        names = ("projectNo", "taskCode", "source", "userSource", "userCode", "state", "stateTime", "detailUrl")
        if not all(isinstance(sent.get(name), str) and sent[name] for name in names) or set(sent) - set(names):
            return "24", "字段缺失或多余"
        if sent["state"] not in STATES or sent["source"] not in set(EntryPoint):
            return "24", "状态或来源不在代码表内"
        if sent["taskCode"] not in self.state.settings.tasks_of(EntryPoint(sent["source"])):
            return "21", "事项编码不存在"
        case = self.state.portal_cases.get(sent["projectNo"])
        if case and case["userCode"] != sent["userCode"]:
            return "23", "办件属于其他用户"
        told = case["states"] if case else []
        if sent["state"] in told:
            self.state.record("portal", f"{sent['projectNo']}.{sent['state']}")
            return "1", "该状态已接收"
        name, before = STATES[sent["state"]]
        if (told[-1] if told else "") not in before:
            return "22", "状态顺序不正确"
        if case is None:
            case = self.state.portal_cases[sent["projectNo"]] = {**sent, "states": []}
        case["states"].append(sent["state"])
        case["stateName"] = name
        self.state.record("portal", f"{sent['projectNo']}.{sent['state']}", stateName=name, **sent)
        return "0", "成功"


def user_of(app: str, person: SamplePerson, *, is_bound: bool) -> dict[str, Any]:
    """The user as an app describes it; not bound: the app knows no useridcode."""
    return {
        "externalId": external_id(app, person),
        "useridcode": person.subject if is_bound else "-1",
        "usertype": "2" if person.kind is AccountKind.LEGAL else "1",
        "cn": person.name,
        "idcardtype": PAPER_CODES.get(person.id_type, "80"),
        "idcardnumber": person.id_number,
        "creditable_level_of_account": person.level.name,
        "telephonenumber": person.phone,
    }


def external_id(app: str, person: SamplePerson) -> str:
    """The app's own number of a user; another one in each app."""
    return f"{app}-{hashlib.sha256(f'{app}:{person.key}'.encode()).hexdigest()[:16]}"


ROUTES = [
    (r"/apps", Apps),
    (r"/apps/open", Open),
    (r"/(?:shb|yst)/ticket/exchange", Exchange),
    (r"/portal/progress", ReportProgress),
]
