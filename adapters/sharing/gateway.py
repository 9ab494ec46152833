"""The sharing platform behind the provincial gateway: one POST a question. Opened by adapters/assembly.py.

The interface is described in docs/protocols/sharing.md; the gateway's signature in adapters/tif.py.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Unpack

from adapters import tif
from adapters.base import Opening, WebProvider
from adapters.sharing import Licence, SharedCompany
from conf.clock import BEIJING
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.settings import Settings
from conf.terms import CompanyStatus, LicenceKind, LicenceStatus

SYSTEM = "sharing"
SERVICE = "x-tif-serviceId"

FOUND, NO_RECORD = "0", "404"
FINAL_CODES = {"422": "question refused"}
AGAIN_CODES = {"401": "signature refused", "403": "service not granted", "429": "quota used up", "500": "busy"}

#: 登记状态 and 证照状态 in the source's words.
STATUSES = {
    "存续": CompanyStatus.ACTIVE,
    "在业": CompanyStatus.ACTIVE,
    "在营（开业）": CompanyStatus.ACTIVE,
    "吊销": CompanyStatus.REVOKED,
    "吊销，未注销": CompanyStatus.REVOKED,
    "注销": CompanyStatus.CANCELLED,
    "撤销": CompanyStatus.ANNULLED,
    "迁出": CompanyStatus.MOVED_OUT,
    "歇业": CompanyStatus.SUSPENDED,
}
LICENCE_STATUSES = {
    "有效": LicenceStatus.IN_FORCE,
    "正常执业": LicenceStatus.IN_FORCE,
    "停止执业": LicenceStatus.SUSPENDED,
    "歇业": LicenceStatus.SUSPENDED,
    "注销": LicenceStatus.ENDED,
    "吊销": LicenceStatus.ENDED,
}


class GatewaySharing(WebProvider):
    """SharingProvider over the gateway; questions change nothing there, so any of them may be asked again."""

    def __init__(self, settings: Settings, **how: Unpack[Opening]) -> None:
        super().__init__(SYSTEM, settings, **how)

    async def company(self, uscc: str, *, reference: str) -> SharedCompany | None:
        """Registration items of one subject, or None."""
        async with self.line.call("company", reference):
            data = await self._ask(self._settings.sharing_company_service, {"tyshxydm": uscc}, reference)
            return _company(data, uscc) if data is not None else None

    async def licence(self, kind: LicenceKind, number: str, *, reference: str) -> Licence | None:
        """One licence, or None."""
        s = self._settings
        service, field = {
            LicenceKind.BUSINESS: (s.sharing_business_service, "tyshxydm"),
            LicenceKind.LAWYER: (s.sharing_lawyer_service, "zyzh"),
        }[kind]
        async with self.line.call("licence", reference):
            data = await self._ask(service, {field: number}, reference)
            return _licence(data, kind, number, field) if data is not None else None

    async def _ask(self, service: str, query: Mapping[str, str], reference: str) -> Mapping[str, Any] | None:
        """The record, None when there is none; any other code is the fault it stands for."""
        s = self._settings
        body = {
            "requester": {"unit": s.sharing_unit, "matter": s.rating_task_code, "caseNo": reference},
            "query": dict(query),
        }
        signed = tif.sign(s.sharing_paas_id, s.sharing_token.get_secret_value(), now=self._clock())
        answer = await self.line.post_json(
            s.sharing_url, body, reference=reference, headers={**signed, SERVICE: service}
        )
        code = str(answer["code"])
        if code == NO_RECORD:
            return None
        if code in FINAL_CODES:
            raise ProviderRejected(SYSTEM, FINAL_CODES[code])
        if code != FOUND:
            raise ProviderUnavailable(SYSTEM, AGAIN_CODES.get(code, "unknown code"))
        data = answer["data"]
        if not isinstance(data, Mapping):
            raise TypeError("no record")
        return data


def _company(data: Mapping[str, Any], uscc: str) -> SharedCompany:
    if _text(data, "tyshxydm") != uscc:
        raise ValueError("another company's record")
    if not _text(data, "qymc"):
        raise ValueError("no name")
    return SharedCompany(
        uscc=uscc,
        name=_text(data, "qymc"),
        reg_no=_text(data, "zch"),
        entity_type=_text(data, "qylx"),
        status=STATUSES.get(_text(data, "djzt")),
        legal_representative=_text(data, "fddbr"),
        capital=_text(data, "zczb"),
        established_on=_day(data, "clrq"),
        term_to=_day(data, "yyqxz"),
        domicile=_text(data, "zs"),
        scope=_text(data, "jyfw"),
        registry=_text(data, "djjg"),
        updated_at=_moment(data, "gxsj"),
    )


def _licence(data: Mapping[str, Any], kind: LicenceKind, number: str, field: str) -> Licence:
    if _text(data, field) != number:
        raise ValueError("another licence")
    return Licence(
        kind=kind,
        number=number,
        holder=_text(data, "czr"),
        firm=_text(data, "zyjg"),
        status=LICENCE_STATUSES[_text(data, "zzzt")],
        valid_until=_day(data, "yxqz"),
    )


def _text(data: Mapping[str, Any], name: str) -> str:
    """A field as text, without the blanks around it; absent and null are empty, any other shape is garbled."""
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > 20_000:
        raise TypeError(name)
    return value.strip()


def _day(data: Mapping[str, Any], name: str) -> date | None:
    text = _text(data, name)
    return date.fromisoformat(text) if text else None


def _moment(data: Mapping[str, Any], name: str) -> datetime | None:
    text = _text(data, name)
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING) if text else None
