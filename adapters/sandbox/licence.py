"""The simulated electronic business licence platform: the page a scan opens, and its signed call afterwards.

Here one chooses a sample enterprise instead of opening an app. The call is repeated until it is answered.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import jwt

from adapters.licence.development import platform_keys
from adapters.sandbox import calling
from adapters.sandbox.faulty import FaultyHandler
from adapters.sandbox.people import sample_people
from adapters.sandbox.state import SandboxState
from conf.terms import AccountKind

OPERATOR = "邝思远"  # fictional: who operates for an enterprise that people.json names nobody for
LIFE = 120  # seconds a signed call is good for
TRIES, PAUSE = 3, 0.5
MOST = 6


class Authorise(FaultyHandler):
    """The page behind the QR code, and its two answers."""

    system = "licence"

    async def get(self) -> None:
        problem = self._problem()
        if problem:
            self.set_status(400)
            await self.answer(self.render_string("problem.html", problem=problem), "text/html; charset=utf-8")
            return
        query = {name: self.text(name) for name in ("client_id", "ticket", "until")}
        rows = tuple(enterprises(self.state))
        page = self.render_string("licence.html", enterprises=rows, query=query)
        await self.answer(page, "text/html; charset=utf-8")

    async def post(self) -> None:
        ticket, uscc = self.text("ticket"), self.text("uscc")
        chosen = {row["uscc"]: row for row in enterprises(self.state)}.get(uscc)
        problem = self._problem() or ("" if chosen or not uscc else "没有这张电子营业执照")
        taken = not problem and await tell(self.state, ticket, chosen)
        says = problem or ("" if taken else "“天河 e企查”没有接收，请稍后再试")
        code = code_of(self.state, ticket) if chosen and taken else ""
        page = self.render_string("licence_done.html", says=says, enterprise=chosen, code=code)
        await self.answer(page, "text/html; charset=utf-8")

    def _problem(self) -> str:
        until = self.text("until")
        if self.text("client_id") != self.state.settings.licence_client_id or not self.text("ticket"):
            return "二维码不是登记在册的应用生成的"
        is_over = not until.isdecimal() or self.state.clock().timestamp() >= int(until)
        return "二维码已经过期，请刷新后重新扫描" if is_over else ""


def enterprises(state: SandboxState) -> Iterator[dict[str, str]]:
    """Whose licences the sample app holds: those of people.json, then the first of the sample registry."""
    known = {one.uscc: one for one in reversed(sample_people()) if one.kind is AccountKind.LEGAL}  # the first is main
    yield from ({"uscc": one.uscc, "name": one.name, "operator": one.operator_name} for one in known.values())
    others = [(uscc, row["qymc"]) for uscc, row in list(state.registry.items())[:MOST] if uscc not in known]
    yield from ({"uscc": uscc, "name": name, "operator": OPERATOR} for uscc, name in others)


async def tell(state: SandboxState, ticket: str, chosen: dict[str, str] | None) -> bool:
    """Send the platform's word until it is taken; the same ticket has the same number for ever."""
    url = state.settings.base_url.rstrip("/") + "/callbacks/licence"

    def signed(now: datetime) -> tuple[dict[str, str], bytes]:
        body = json.dumps({"token": token(state, ticket, chosen, now=now)}).encode()
        return {"Content-Type": "application/json"}, body

    for _ in range(TRIES):
        if await calling.attempt(state, "licence", url, signed):
            state.record("licence", ticket[:12], uscc=chosen["uscc"] if chosen else "", result="taken")
            return True
        await asyncio.sleep(PAUSE)
    return False


def token(
    state: SandboxState, ticket: str, chosen: dict[str, str] | None, *, now: datetime | None = None, **changes: Any
) -> str:
    """The signed word: who authorised what; `changes` let a test tell something else."""
    s, second = state.settings, int((now or state.clock()).timestamp())
    said: dict[str, Any] = {
        "iss": s.licence_issuer,
        "aud": s.licence_client_id,
        "iat": second,
        "exp": second + LIFE,
        "jti": state.scans.setdefault(ticket, f"EL{time.time_ns():020d}"),
        "nonce": ticket,
        "result": "authorised" if chosen else "declined",
    }
    if chosen:
        said |= {"sub": chosen["uscc"], "entname": chosen["name"], "operator": chosen["operator"]}
        said["code"] = code_of(state, ticket)
    return jwt.encode(said | changes, platform_keys(s.var_dir)[0].read_bytes(), algorithm="ES256")


def code_of(state: SandboxState, ticket: str) -> str:
    """What the app shows to whoever authorised, and nobody else knows; the same for the same ticket."""
    return state.scan_codes.setdefault(ticket, f"{secrets.randbelow(10**6):06d}")


ROUTES = [(r"/licence/authorise", Authorise)]
