"""The simulated sharing platform: checks the gateway's headers, answers from the sample registry, a few items altered.

What it knows of companies is handed in (`state.registry`, by code); which items differ follows from the code alone.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from adapters.sandbox.faulty import FaultyHandler
from adapters.sandbox.people import sample_people
from adapters.sandbox.state import SandboxState

SKEW = 180
_NONCE = re.compile(r"[A-Za-z0-9_-]{8,64}")
Record = dict[str, str]
#: Licences besides those of people.json: the same lawyer with another firm, a licence that ended.
MOVED_FIRM, ENDED = "14401202610000025", "14401202610000033"
OTHER_FIRM = "广东别例律师事务所（虚构）"


class Query(FaultyHandler):
    """POST /sharing: one question; which one stands in `x-tif-serviceId`."""

    system = "sharing"

    async def post(self) -> None:
        await self.answer(self._answered())

    def _answered(self) -> dict[str, Any]:
        if not self._is_signed():
            return {"code": "401", "msg": "签名校验失败", "data": None}
        service = self.request.headers.get("x-tif-serviceId", "")
        look_up = _services(self.state).get(service)
        if look_up is None:
            return {"code": "403", "msg": "未授权的服务", "data": None}
        try:
            body = json.loads(self.request.body)
            requester, query = body["requester"], dict(body["query"])
            case = str(requester["caseNo"])
        except (ValueError, KeyError, TypeError):
            return {"code": "422", "msg": "报文无法解读", "data": None}
        if not case or requester.get("unit") != self.state.settings.sharing_unit or len(query) != 1:
            return {"code": "422", "msg": "须写明使用单位、办件编号和一个查询条件", "data": None}
        asked = str(next(iter(query.values())))
        self.state.record("sharing", f"{service}:{asked}:{case}", caseNo=case)
        found = look_up(asked)
        code, words = ("0", "成功") if found else ("404", "无此记录")
        return {"code": code, "msg": words, "data": found}

    def _is_signed(self) -> bool:
        """SHA-256 over time, token, nonce, time; a nonce counts once, a clock may be three minutes off."""
        s, sent = self.state.settings, self.request.headers
        moment, nonce = sent.get("x-tif-timestamp", ""), sent.get("x-tif-nonce", "")
        if not re.fullmatch(r"\d{10}", moment) or not _NONCE.fullmatch(nonce) or nonce in self.state.nonces:
            return False
        text = moment + s.sharing_token.get_secret_value() + nonce + moment
        right = hmac.compare_digest(hashlib.sha256(text.encode()).hexdigest(), sent.get("x-tif-signature", "").lower())
        is_fresh = abs(self.now().timestamp() - int(moment)) <= SKEW
        self.state.nonces.add(nonce)
        return right and is_fresh and sent.get("x-tif-paasid") == s.sharing_paas_id


def _services(state: SandboxState) -> dict[str, Callable[[str], Record | None]]:
    s = state.settings
    return {
        s.sharing_company_service: lambda uscc: company_of(state.registry, uscc),
        s.sharing_business_service: lambda uscc: business_licence_of(state.registry, uscc),
        s.sharing_lawyer_service: lawyer_licence_of,
    }


def company_of(registry: Mapping[str, Mapping[str, str]], uscc: str) -> Record | None:
    """The registration items as this platform has them; for one code in four one item differs, by its digest."""
    known = registry.get(uscc)
    if known is None:
        return None
    record = dict(known) | {"tyshxydm": uscc, "gxsj": "2026-11-01 03:00:00"}
    digest = hashlib.sha256(uscc.encode()).digest()
    alter = ALTERED.get(digest[0] % 12)
    return record | alter(record) if alter else record


#: What differs, for 3 of 12 remainders of the code's digest.
ALTERED: dict[int, Callable[[Record], Record]] = {
    0: lambda record: {"zs": f"{record.get('zs', '')}自编之二"},
    4: lambda record: {"fddbr": "样例新任"},
    8: lambda record: {"zczb": "8888万元人民币"},
}


def business_licence_of(registry: Mapping[str, Mapping[str, str]], uscc: str) -> Record | None:
    """The business licence goes with the registration."""
    record = company_of(registry, uscc)
    if record is None:
        return None
    status = {"吊销": "吊销", "歇业": "歇业"}.get(record["djzt"], "有效" if record["djzt"] == "存续" else "注销")
    return {
        "tyshxydm": uscc, "czr": record["qymc"], "zyjg": "", "zzzt": status, "yxqz": record.get("yyqxz", ""),
    }  # fmt: skip


def lawyer_licence_of(number: str) -> Record | None:
    """Licences of the sample lawyers, and two that tell another story."""
    known = {person.licence_no: person for person in sample_people() if person.licence_no}
    lawyer = next(iter(known.values()))
    rows = {one.licence_no: (one.name, one.firm, "正常执业") for one in known.values()}
    rows |= {MOVED_FIRM: (lawyer.name, OTHER_FIRM, "正常执业"), ENDED: (lawyer.name, lawyer.firm, "注销")}
    if number not in rows:
        return None
    name, firm, status = rows[number]
    return {"zyzh": number, "czr": name, "zyjg": firm, "zzzt": status, "yxqz": "2027-05-31"}


ROUTES = [(r"/sharing", Query)]
