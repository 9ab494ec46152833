"""The district's SMS platform: approved templates over signed JSON. Chosen by `sms_provider = gateway`.

The interface is described in docs/protocols/sms.md.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any, Unpack

from adapters.base import Opening, WebProvider
from adapters.sms import MOBILE, SmsAccess, first_access
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.settings import Settings

SYSTEM = "sms"
SENT, KNOWN_ALREADY = "0", "1009"

#: Refusals no repeat will mend. Everything else (busy, quota, balance, signature, clock) is tried again later:
#: a wrong key is mended by us, and the messages must still be there then.
FINAL_CODES = {
    "1002": "template unknown",
    "1003": "number invalid",
    "1004": "number refuses messages",
    "1007": "text refused",
    "1008": "values do not fit the template",
}
AGAIN_CODES = {
    "1001": "signature refused",
    "1005": "daily limit of the number",
    "1006": "no balance",
    "1010": "clock or nonce refused",
    "1099": "busy",
}


class GatewaySms(WebProvider):
    """SmsProvider over POST `{sms_url}/send`."""

    def __init__(self, settings: Settings, *, access: SmsAccess | None = None, **how: Unpack[Opening]) -> None:
        super().__init__(SYSTEM, settings, **how)
        self._access = access or first_access(settings)
        self._url = f"{self._access.url.rstrip('/')}/send"

    async def send(self, *, phone: str, template: str, values: dict[str, str], reference: str) -> str:
        """Send one message; the vendor's number comes back, the same one for the same `reference`."""
        if not MOBILE.fullmatch(phone):
            raise ProviderRejected(SYSTEM, "number invalid")
        message = {
            "mobile": phone,
            "templateId": template,
            "params": values,
            "signName": self._access.signature,
            "extRef": reference,
        }
        content = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
        async with self.line.call("send", reference):
            reply = await self.line.send(
                "POST", self._url, reference=reference, content=content, headers=self._signed(content)
            )
            return _message_number(reply.json())

    def _signed(self, content: bytes) -> dict[str, str]:
        """Headers that prove the sender: HMAC-SHA256 over id, second, nonce and the body's digest."""
        moment, nonce = str(int(self._clock().timestamp())), secrets.token_hex(16)
        digest = hashlib.sha256(content).hexdigest()
        text = "\n".join((self._access.app_id, moment, nonce, digest))
        key = self._access.app_key.get_secret_value().encode()
        return {
            "Content-Type": "application/json; charset=utf-8",
            "X-App-Id": self._access.app_id,
            "X-Timestamp": moment,
            "X-Nonce": nonce,
            "X-Signature": hmac.new(key, text.encode(), hashlib.sha256).hexdigest(),
        }


def _message_number(answer: Mapping[str, Any]) -> str:
    """The vendor's message number, or the fault its code stands for."""
    code = str(answer["code"])
    if code in FINAL_CODES:
        raise ProviderRejected(SYSTEM, FINAL_CODES[code])
    if code not in (SENT, KNOWN_ALREADY):
        raise ProviderUnavailable(SYSTEM, AGAIN_CODES.get(code, "unknown code"))
    number = answer["msgId"]
    if not isinstance(number, str) or not number:
        raise TypeError("msgId")
    return number
