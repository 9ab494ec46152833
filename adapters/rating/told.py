"""Ratings given on the platform's own page: its calls to `/callbacks/rating`, signed with the shared word.

The interface is described in docs/protocols/rating.md, "What the platform tells us".
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from adapters.base import GARBLED
from adapters.callbacks import Call, CallbackEvent, CallbackRefused
from adapters.rating.norms import channel_of, from_national
from conf.settings import Settings

_BEIJING = ZoneInfo("Asia/Shanghai")
_NONCE = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
_SECONDS = re.compile(r"[0-9]{10}", re.ASCII)
_ORDER_NO = re.compile(r"[A-Z0-9-]{8,50}", re.ASCII)
_TAG = re.compile(r"[1-5][0-9]{2}", re.ASCII)
MOST, LONGEST_TEXT, MOST_TAGS = 100, 2000, 20


class RatingCalls:
    """CallbackReader of the platform. Values: number, satisfaction (ours), tags, text, channel."""

    def __init__(self, settings: Settings) -> None:
        self._mark, self._word = settings.rating_app_mark, settings.rating_app_word
        self._channels = settings.rating_channel_codes

    def read(self, headers: Mapping[str, str], body: bytes, *, now: datetime, skew: int) -> Call:
        """Raises CallbackRefused for a call that is unsigned, stale, forged or garbled."""
        sent = {name.lower(): value for name, value in headers.items()}
        moment, nonce = sent.get("x-timestamp", ""), sent.get("x-nonce", "")
        if not _SECONDS.fullmatch(moment) or not _NONCE.fullmatch(nonce):
            raise CallbackRefused("unsigned")
        if abs(now.timestamp() - int(moment)) > skew:
            raise CallbackRefused("clock")
        if not self._is_signed(sent, moment, nonce, body):
            raise CallbackRefused("signature")
        try:
            rows = json.loads(body)["evaluate"]
            return Call(events=tuple(self._event(row) for row in _few(rows)), nonce=nonce)
        except GARBLED:
            raise CallbackRefused("garbled") from None

    def answer(self, *, taken: bool) -> Mapping[str, Any]:
        """The platform repeats whatever is not answered 00."""
        code, words = ("00", "成功") if taken else ("01", "sign 校验失败")
        return {"code": code, "msg": words}

    def _is_signed(self, sent: Mapping[str, str], moment: str, nonce: str, body: bytes) -> bool:
        mark = sent.get("x-app-mark", "")
        text = "\n".join((mark, moment, nonce, hashlib.sha256(body).hexdigest()))
        wanted = hmac.new(self._word.get_secret_value().encode(), text.encode(), hashlib.sha256).hexdigest()
        right = hmac.compare_digest(wanted.encode(), sent.get("x-signature", "").lower().encode())
        return right and hmac.compare_digest(mark.encode(), self._mark.encode())

    def _event(self, row: Mapping[str, Any]) -> CallbackEvent:
        order_no, number = str(row["projectNo"]), str(row["assessNumber"])
        if not _ORDER_NO.fullmatch(order_no) or number not in ("1", "2"):
            raise ValueError("projectNo or assessNumber")
        said = datetime.strptime(str(row["assessTime"]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=_BEIJING)
        text = str(row.get("writingEvaluation", "")).strip()[:LONGEST_TEXT]
        text.encode()  # half a character pair is no text: UnicodeEncodeError is a ValueError
        if not 2000 < said.year < 2200:
            raise ValueError("assessTime")
        values = {
            "number": int(number),
            "satisfaction": int(from_national(str(row["satisfaction"]))),
            "tags": [code for code in str(row.get("evalDetail", "")).split(",") if _TAG.fullmatch(code)][:MOST_TAGS],
            "text": text,
            "channel": channel_of(self._channels, str(row.get("pf", ""))).value,
        }
        return CallbackEvent(key=f"{order_no}.{number}", subject=order_no, happened_at=said, values=values)


def _few(rows: Any) -> list[Any]:
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST:
        raise ValueError("evaluate")
    return rows
