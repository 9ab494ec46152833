"""The simulated 好差评 platform: decrypts every record, checks sender, order and content, recognises repeats."""

import hmac
import json
import re
from datetime import datetime, timedelta
from typing import Any

from tongsuopy.backends.tongsuo.backend import backend
from tongsuopy.crypto.serialization import load_pem_private_key

from adapters.rating.development import platform_keys
from adapters.sandbox.faulty import FaultyHandler
from conf.clock import BEIJING

FRESH = timedelta(minutes=5)
CASE_FIELDS = frozenset({"projectNo", "taskCode", "taskName", "deptCode", "areaCode", "proStatus", "acceptDate"})
SERVICE_FIELDS = frozenset({"projectNo", "serviceNumber", "pf", "serviceTime"})
RATING_FIELDS = frozenset(
    {"projectNo", "serviceNumber", "satisfaction", "assessTime", "assessNumber", "pf", "userName"}
)
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


class Refused(Exception):
    """A record the platform does not take: code and words."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code, self.words = code, words


class Push(FaultyHandler):
    """POST /hcp/{case|service|evaluate}: one envelope with encrypted records of that kind."""

    system = "rating"

    async def post(self, kind: str) -> None:
        code, words = "00", "成功"
        try:
            body = json.loads(self.request.body)["txnBodyCom"]
            self._check_sender(body)
            for sealed in body["params"][kind]:
                if not self._take(kind, self._opened_record(sealed)):
                    code, words = "12", "重复推送，已受理过"
        except Refused as refusal:
            code, words = refusal.code, refusal.words
        except (ValueError, KeyError, TypeError):
            code, words = "02", "报文无法解读"
        await self.answer({"txnBodyCom": {"code": code, "msg": words}, "txnCommCom": {}})

    def _check_sender(self, body: dict[str, Any]) -> None:
        s, moment = self.state.settings, str(body["time"])
        right = moment + s.rating_app_mark + s.rating_app_word.get_secret_value()
        said = self._opened(body["sign"]).decode()
        sent = datetime.strptime(moment, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
        same = hmac.compare_digest(right.encode(), said.encode()) and body["appMark"] == s.rating_app_mark
        if not same or abs(self.now() - sent) > FRESH:
            raise Refused("01", "sign 校验失败")

    def _take(self, kind: str, record: dict[str, str]) -> bool:
        """Keep one record; False when it was known. Raises Refused."""
        if kind == "case":
            return self._case(record)
        if kind == "service":
            return self._service(record)
        return self._evaluate(record)

    def _case(self, record: dict[str, str]) -> bool:
        _need(record, CASE_FIELDS)
        if record["taskCode"] != self.state.settings.rating_task_code:
            raise Refused("11", "事项编码不存在")
        known = record["projectNo"] in self.state.cases
        self.state.cases[record["projectNo"]] = record
        return not known

    def _service(self, record: dict[str, str]) -> bool:
        _need(record, SERVICE_FIELDS)
        if record["projectNo"] not in self.state.cases:
            raise Refused("13", "办件尚未推送")
        key = (record["projectNo"], record["serviceNumber"])
        known = key in self.state.services
        self.state.services[key] = record
        return not known

    def _evaluate(self, record: dict[str, str]) -> bool:
        _need(record, RATING_FIELDS)
        if (record["projectNo"], record["serviceNumber"]) not in self.state.services:
            raise Refused("13", "服务尚未推送")
        if record["satisfaction"] not in "12345" or not _TIME.fullmatch(record["assessTime"]):
            raise Refused("10", "满意度或时间不合规范")
        if record["satisfaction"] in "12" and not (record.get("evalDetail") or record.get("writingEvaluation")):
            raise Refused("14", "差评须勾选详情或填写文字评价")
        key = f"{record['projectNo']}.{record['assessNumber']}"
        known = any(row["key"] == key for row in self.state.received["rating"])
        self.state.record("rating", key, **{name: record.get(name, "") for name in sorted(record)})
        return not known

    def _opened_record(self, sealed: str) -> dict[str, str]:
        record = json.loads(self._opened(sealed))
        if not isinstance(record, dict):
            raise Refused("02", "报文无法解读")
        return record

    def _opened(self, sealed: str) -> bytes:
        return opened(platform_keys(self.state.settings.var_dir)[0].read_bytes(), bytes.fromhex(sealed))


def opened(private_pem: bytes, sealed: bytes) -> bytes:
    """SM2-decrypt with the platform's private key. Raises ValueError when it was not encrypted to it, or altered."""
    key: Any = load_pem_private_key(private_pem, password=None)
    lib, ffi = backend._lib, backend._ffi
    context = ffi.gc(lib.EVP_PKEY_CTX_new(key._evp_pkey, ffi.NULL), lib.EVP_PKEY_CTX_free)
    size, plain = ffi.new("size_t *", len(sealed)), ffi.new("unsigned char[]", len(sealed))
    is_open = lib.EVP_PKEY_decrypt_init(context) == 1 and (
        lib.EVP_PKEY_decrypt(context, plain, size, sealed, len(sealed)) == 1
    )
    if not is_open:
        backend._consume_errors()
        raise ValueError("not encrypted to this platform")
    return bytes(ffi.buffer(plain)[: size[0]])


def _need(record: dict[str, str], names: frozenset[str]) -> None:
    missing = sorted(name for name in names if not record.get(name))
    if missing:
        raise Refused("10", f"缺少字段：{'、'.join(missing)}")


ROUTES = [(r"/hcp/(case|service|evaluate)", Push)]
