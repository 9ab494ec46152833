"""The national 好差评 platform: case, service, rating, in that order. Chosen by `rating_provider = national`.

The interface is described in docs/protocols/rating.md.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Unpack

from adapters.base import Opening, WebProvider
from adapters.rating import RatingReport
from adapters.rating.development import platform_keys
from adapters.rating.norms import NATIONAL, NATIONAL_CASE, CaseKind, channel_code
from adapters.rating.sm2 import Sm2Recipient
from conf.clock import beijing
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.settings import Settings

SYSTEM = "rating"
AREA_CODE, AREA_NAME = "440106000000", "广州市天河区"
DEPARTMENT = "广州市天河区企业登记档案查询"
PUSHES = 3  # a report is three posts one after the other, and nobody waits for it
PERSON, BODY = "1", "2"
DONE = "3"  # proStatus 已办结
#: GB/T 39046 paper codes: 111 citizen's identity card, 001 unified social credit code.
PERSON_PAPER, BODY_PAPER = "111", "001"
OUR_SOURCE = "440"  # dataSource, three digits, given by the platform

TAKEN, KNOWN_ALREADY = "00", "12"
FINAL_CODES = {
    "10": "record refused",
    "11": "task unknown",
    "14": "low rating without a reason",
}
AGAIN_CODES = {
    "01": "signature refused",
    "02": "record unreadable",
    "13": "case or service not there yet",
    "99": "busy",
}


class NationalRating(WebProvider):
    """RatingProvider over three POSTs; each is recognised by its own key, so a repeat of all three is harmless."""

    def __init__(self, settings: Settings, **how: Unpack[Opening]) -> None:
        """Reads the platform's public key; raises OSError or ValueError when it will not do."""
        key_file = settings.rating_platform_key_file
        path = platform_keys(settings.var_dir)[1] if key_file == Path("") else key_file
        self._platform = Sm2Recipient(path.read_bytes())
        super().__init__(SYSTEM, settings, requests=PUSHES, **how)

    async def report(self, rating: RatingReport) -> None:
        """Push the case, its service and the rating within one deadline."""
        reference = f"{rating.order_no}.{rating.number}"
        async with self.line.call("report", reference):
            await self._push("case", reference, self._case(rating))
            await self._push("service", reference, self._service(rating))
            await self._push("evaluate", reference, self._rating(rating))

    async def _push(self, kind: str, reference: str, fields: Mapping[str, str]) -> None:
        """One envelope: the proof of who we are, and the record, both readable by the platform only."""
        s, moment = self._settings, beijing(self._clock()).strftime("%Y%m%d%H%M%S")
        proof = moment + s.rating_app_mark + s.rating_app_word.get_secret_value()
        body = {
            "sign": self._sealed(proof),
            "params": {kind: [self._sealed(json.dumps(fields, ensure_ascii=False))]},
            "time": moment,
            "appMark": s.rating_app_mark,
        }
        url = f"{s.rating_url.rstrip('/')}/{kind}"
        answer = await self.line.post_json(url, {"txnBodyCom": body, "txnCommCom": {}}, reference=reference)
        _judge(answer)

    def _sealed(self, text: str) -> str:
        return self._platform.encrypt(text.encode()).hex()

    def _case(self, r: RatingReport) -> dict[str, str]:
        s = self._settings
        return {
            "areaCode": AREA_CODE,
            "areaName": AREA_NAME,
            "deptCode": s.rating_dept_code,
            "taskCode": s.rating_task_code,
            "taskHandleItem": s.rating_task_code,
            "taskName": r.task_name,
            "subMatter": BODY if r.visitor_is_body else PERSON,
            "projectNo": r.order_no,
            "projectName": f"{r.company_name} {r.task_name}",
            "proStatus": DONE,
            "proDepart": DEPARTMENT,
            "proManager": DEPARTMENT,
            "acceptDate": _time(r.accepted_at),
            "resultDate": _time(r.finished_at),
            "promiseTime": NATIONAL_CASE[CaseKind.ON_THE_SPOT if r.is_on_the_spot else CaseKind.PROMISED],
            "dataSource": OUR_SOURCE,
        } | _visitor(r)

    def _service(self, r: RatingReport) -> dict[str, str]:
        return {
            "areaCode": AREA_CODE,
            "taskCode": self._settings.rating_task_code,
            "projectNo": r.order_no,
            "serviceNumber": str(r.number),
            "serviceName": r.task_name,
            "serviceTime": _time(r.finished_at),
            "pf": self._channel(r),
            "dataSource": OUR_SOURCE,
        } | _visitor(r)

    def _channel(self, r: RatingReport) -> str:
        return channel_code(self._settings.rating_channel_codes, r.channel, is_default=r.is_default)

    def _rating(self, r: RatingReport) -> dict[str, str]:
        return {
            "areaCode": AREA_CODE,
            "deptCode": self._settings.rating_dept_code,
            "taskCode": self._settings.rating_task_code,
            "projectNo": r.order_no,
            "serviceNumber": str(r.number),
            "pf": self._channel(r),
            "satisfaction": NATIONAL[r.satisfaction],
            "evalDetail": ",".join(r.tags),
            "writingEvaluation": r.text,
            "assessTime": _time(r.rated_at),
            "assessNumber": str(r.number),
            "isdefault": "1" if r.is_default else "0",
            "appStatus": "1",
            "dataSource": OUR_SOURCE,
        } | _visitor(r)


def _visitor(r: RatingReport) -> dict[str, str]:
    """Who was served; the platform asks for the name and number on every record (real-name rating)."""
    return {
        "userProp": BODY if r.visitor_is_body else PERSON,
        "userName": r.visitor_name,
        "userPageType": BODY_PAPER if r.visitor_is_body else PERSON_PAPER,
        "certKeyGOV" if r.visitor_is_body else "certKey": r.id_number,
    }


def _time(moment: datetime) -> str:
    return beijing(moment).strftime("%Y-%m-%d %H:%M:%S")


def _judge(answer: Mapping[str, Any]) -> None:
    """Nothing when the platform took the record or has it already; else the fault its code stands for."""
    code = str(answer["txnBodyCom"]["code"])
    if code in FINAL_CODES:
        raise ProviderRejected(SYSTEM, FINAL_CODES[code])
    if code not in (TAKEN, KNOWN_ALREADY):
        raise ProviderUnavailable(SYSTEM, AGAIN_CODES.get(code, "unknown code"))
