"""The simulated identity platform: sign-in page with the sample people, token interfaces, raising a level, sign-out."""

import hmac
import secrets
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from adapters.sandbox import notices
from adapters.sandbox.faulty import FaultyHandler, SandboxHandler
from adapters.sandbox.people import SamplePerson, sample_people, sample_person
from conf.terms import AccountKind, IdentityLevel

BASE = "/tyrz/pscp/sso/connect/page/oauth2"
CODE_SECONDS = 300
COOKIE = "sandbox_person"  # the platform's own session
CALLBACK_PATH = "/signin/callback"
PAPER_CODES = {"身份证": "10", "统一社会信用代码": "49", "组织机构代码证": "50", "营业执照": "51"}


class Authorize(FaultyHandler):
    """The page a visitor is sent to: choose who to be; with `level`, prove more and be raised to it."""

    system = "identity"

    async def get(self) -> None:
        problem = self._problem()
        if problem:
            self.set_status(400)
            self.render("problem.html", problem=problem)
            return
        wanted = self.text("level")
        current = {person.key: person for person in sample_people()}.get(self.get_cookie(COOKIE, ""))
        if wanted and current:
            self.render("raise.html", person=current, level=self._level(current), wanted=wanted, query=self._query())
            return
        people = [(person, self._level(person)) for person in sample_people()]
        self.render("signin.html", people=people, query=self._query())

    async def post(self) -> None:
        problem = self._problem()
        if problem:
            self.set_status(400)
            self.render("problem.html", problem=problem)
            return
        try:
            person = sample_person(self.text("person"))
        except KeyError:
            self.set_status(400)
            self.render("problem.html", problem="没有这个样例人员")
            return
        wanted = self.text("level")
        if self.text("prove") == "yes" and wanted in IdentityLevel.__members__:
            self.state.levels[person.key] = max(self._level(person), IdentityLevel[wanted])
        self.set_cookie(COOKIE, person.key, path="/tyrz", httponly=True, samesite="Lax")
        self.redirect(self._back_with_code(person))

    def _problem(self) -> str:
        """Why the request of the client is refused, or ""."""
        if self.text("client_id") != self.state.settings.identity_client_id:
            return "client_id 未登记"
        if self.text("redirect_uri") != self.state.settings.base_url.rstrip("/") + CALLBACK_PATH:
            return "redirect_uri 与登记的不一致"
        shape = (self.text("service"), self.text("response_type"), self.text("scope"))
        return "" if shape == ("initService", "code", "all") else "service、response_type 或 scope 不正确"

    def _level(self, person: SamplePerson) -> IdentityLevel:
        return self.state.levels.get(person.key, person.level)

    def _query(self) -> dict[str, str]:
        names = ("service", "response_type", "scope", "client_id", "redirect_uri", "state", "level")
        return {name: self.text(name) for name in names}

    def _back_with_code(self, person: SamplePerson) -> str:
        code = secrets.token_urlsafe(16)
        self.state.codes[code] = {
            "person": person.key,
            "redirect_uri": self.text("redirect_uri"),
            "until": time.monotonic() + CODE_SECONDS,
        }
        query = {"code": code} | ({"state": self.text("state")} if self.text("state") else {})
        return f"{self.text('redirect_uri')}?{urlencode(query)}"


class AccessToken(FaultyHandler):
    """Code → token, once. Errors come with status 200, as the real platform does."""

    system = "identity"

    async def get(self) -> None:
        s = self.state.settings
        known = hmac.compare_digest(self.text("client_secret"), s.identity_client_secret.get_secret_value())
        if self.text("client_id") != s.identity_client_id or not known:
            await self.answer({"errcode": "invalid_client", "msg": "客户端不存在或密钥错误"})
            return
        code = self.state.codes.pop(self.text("code"), None)
        if self.text("grant_type") != "authorization_code" or code is None or code["until"] < time.monotonic():
            await self.answer({"errcode": "invalid_grant", "msg": "授权码无效或已使用"})
            return
        if code["redirect_uri"] != self.text("redirect_uri"):
            await self.answer({"errcode": "redirect_uri_mismatch", "msg": "回调地址不一致"})
            return
        token = secrets.token_urlsafe(24)
        self.state.tokens[token] = code["person"]
        await self.answer({"access_token": token, "token_type": "bearer", "expires_in": 7200})

    post = get


class TokenInfo(FaultyHandler):
    """Token → the account as the platform describes it."""

    system = "identity"

    async def get(self) -> None:
        key = self.state.tokens.get(self.text("access_token"))
        if key is None:
            await self.answer({"errcode": "invalid_token", "msg": "令牌无效"})
            return
        person = sample_person(key)
        level = self.state.levels.get(key, person.level)
        self.state.record("identity", f"{key}@L{int(level)}", person=person.name, level=level.name)
        await self.answer(account_of(person, level))


class SignOut(SandboxHandler):
    """Ends the platform's session; goes back only to the registered site."""

    async def get(self) -> None:
        self.clear_cookie(COOKIE, path="/tyrz")
        back, home = self.text("redirect_uri"), urlsplit(self.state.settings.base_url)
        ours = (urlsplit(back).scheme, urlsplit(back).netloc) == (home.scheme, home.netloc)
        self.redirect(back if ours else "/")


def account_of(person: SamplePerson, level: IdentityLevel) -> dict[str, Any]:
    """tokeninfo's answer, in the platform's words. A sub-account shows its own facts, its enterprise's in `pareobj`."""
    user = user_of(person, level)
    parent = None
    if person.parent:
        user |= {"cn": person.operator_name, "idcardtype": "-1", "idcardnumber": "-1"}
        main = sample_person(person.parent)
        user["parent_uidcode"] = main.subject
        parent = user_of(main, main.level)
        # as the real platform is at times: numbers for texts, the ways as a list, properties twice and out of order
        user["creditable_level_of_account"] = int(level)
        way = {"auth_time": "2026-01-05 09:00:00", "identity_level": level.name, "way_code": "YSS"}
        user["creditable_level_of_account_way"] = [way]
        user["extproperties"] = ["link_person_name=-1", "note=a=b", "address=-1", "note=a=b"]
    return {"userobj": user, "pareobj": parent, "user_creditable_level": level.name}


def user_of(person: SamplePerson, level: IdentityLevel) -> dict[str, Any]:
    """One account object."""
    is_body = person.kind is AccountKind.LEGAL
    user: dict[str, Any] = {
        "uid": f"uid-{person.subject}",
        "cn": person.name,
        "telephonenumber": person.phone,
        "mail": person.mail or "-1",
        "idcardtype": PAPER_CODES.get(person.id_type, "80"),
        "idcardnumber": person.id_number,
        "usertype": "2" if is_body else "1",
        "useridcode": person.subject,
        "parent_uidcode": "-1",
        "origin": "gdbs",
        "accout_type": "3",
        "area": "440106",
        "isreal": "true" if level >= IdentityLevel.L1 else "false",
        "creditable_level_of_account": level.name,
        "creditable_level_of_account_way": f"{level.name}@YSS@{person.subject}||L0@IDV@{person.subject}",
        "extproperties": [f"uversion={'2.0' if is_body else '1.0'}", "address=-1", "ent_type=-1", "note=a=b"],
    }
    if is_body:
        user["extproperties"] += [f"link_person_name={person.operator_name or -1}", "link_person_type=10"]
    return user


class SignPersonOut(SandboxHandler):
    """POST /tyrz/signout: the person signs out on the platform's own pages, and the platform tells the service."""

    async def post(self) -> None:
        try:
            person = sample_person(self.text("person"))
        except KeyError:
            self.set_status(400)
            self.render("problem.html", problem="没有这个样例人员")
            return
        for token in [token for token, key in self.state.tokens.items() if key == person.key]:
            del self.state.tokens[token]
        notices.later(self.state, person.subject)
        self.redirect("/")


ROUTES = [
    (rf"{BASE}/authorize", Authorize),
    (rf"{BASE}/access_token", AccessToken),
    (rf"{BASE}/tokeninfo", TokenInfo),
    (r"/tyrz/signout", SignPersonOut),
    (r"/tyrz/_tif_sso_logout_/", SignOut),
]
