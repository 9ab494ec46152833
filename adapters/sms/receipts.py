"""Delivery receipts of the SMS platform: its calls to `/callbacks/sms`, signed as ours are to it.

The interface is described in docs/protocols/sms.md.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from adapters.base import GARBLED
from adapters.callbacks import Call, CallbackEvent, CallbackRefused
from adapters.sms import SmsAccess

ARRIVED, FAILED = "arrived", "failed"
_BEIJING = ZoneInfo("Asia/Shanghai")
_DELIVERED = "DELIVRD"  # as CMPP status reports spell it; any other word is a failure


class GatewayReceipts:
    """CallbackReader of the gateway. Values: {"receipt": "arrived" | "failed"}; no number is kept."""

    def __init__(self, access: SmsAccess) -> None:
        self._access = access

    def read(self, headers: Mapping[str, str], body: bytes, *, now: datetime, skew: int) -> Call:
        """Raises CallbackRefused for a call that is unsigned, stale, forged or garbled."""
        sent = {name.lower(): value for name, value in headers.items()}
        moment, nonce = sent.get("x-timestamp", ""), sent.get("x-nonce", "")
        if not moment.isdecimal() or not moment.isascii() or not 8 <= len(nonce) <= 64:
            raise CallbackRefused("unsigned")
        if abs(now.timestamp() - int(moment)) > skew:
            raise CallbackRefused("clock")
        if not self._is_signed(sent, moment, nonce, body):
            raise CallbackRefused("signature")
        try:
            return Call(events=tuple(_event(row) for row in json.loads(body)["receipts"][:500]), nonce=nonce)
        except GARBLED:
            raise CallbackRefused("garbled") from None

    def answer(self, *, taken: bool) -> Mapping[str, Any]:
        """The gateway repeats whatever is not answered 0."""
        return {"code": "0", "msg": "ok"} if taken else {"code": "1", "msg": "refused"}

    def _is_signed(self, sent: Mapping[str, str], moment: str, nonce: str, body: bytes) -> bool:
        id = sent.get("x-app-id", "")
        text = "\n".join((id, moment, nonce, hashlib.sha256(body).hexdigest()))
        wanted = hmac.new(self._access.app_key.get_secret_value().encode(), text.encode(), hashlib.sha256).hexdigest()
        right = hmac.compare_digest(wanted.encode(), sent.get("x-signature", "").lower().encode())
        return right and id == self._access.app_id


def _event(row: Mapping[str, Any]) -> CallbackEvent:
    number, reference, status = str(row["msgId"]), str(row["extRef"]), str(row["status"])
    done = datetime.strptime(str(row["doneTime"]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=_BEIJING)
    if not 1 <= len(reference) <= 100 or not 1 <= len(number) <= 64:
        raise ValueError("receipt")
    word = ARRIVED if status == _DELIVERED else FAILED
    return CallbackEvent(key=f"{number}.{word}", subject=reference, happened_at=done, values={"receipt": word})
