"""A second SMS vendor, which takes whole texts in signed forms; chosen by `sms2_provider = textline`.

The interface is described in docs/protocols/sms-textline.md.
"""

import hashlib
import secrets
from typing import Any, Unpack
from urllib.parse import urlencode

from adapters.base import Opening, WebProvider
from adapters.sms import MOBILE, SmsAccess, second_access, whole_text
from conf.clock import beijing
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.settings import Settings

SYSTEM = "sms2"
TAKEN, REPEATED = 0, 17
#: Results no repeat will mend.
FINAL = {3: "number invalid", 4: "number refuses messages", 5: "text refused"}
AGAIN = {1: "signature refused", 2: "clock refused", 8: "busy", 9: "no balance"}


class TextlineSms(WebProvider):
    """SmsProvider over POST `{url}/v2/submit`."""

    def __init__(self, settings: Settings, *, access: SmsAccess | None = None, **how: Unpack[Opening]) -> None:
        super().__init__(SYSTEM, settings, **how)
        self._access = access or second_access(settings)
        self._url = f"{self._access.url.rstrip('/')}/v2/submit"

    async def send(self, *, phone: str, template: str, values: dict[str, str], reference: str) -> str:
        """Send one message; the vendor's number comes back, the same one for the same `reference`."""
        if not MOBILE.fullmatch(phone):
            raise ProviderRejected(SYSTEM, "number invalid")
        text = whole_text(template, values, self._access.signature)
        content = urlencode(self._signed(phone, text, reference)).encode()
        typed = {"Content-Type": "application/x-www-form-urlencoded"}
        async with self.line.call("send", reference):
            reply = await self.line.send("POST", self._url, reference=reference, content=content, headers=typed)
            return _message_number(reply.json())

    def _signed(self, phone: str, text: str, reference: str) -> dict[str, str]:
        """The form; sign = hex SHA-256 over account, time, nonce, number, text and key."""
        moment, nonce = beijing(self._clock()).strftime("%Y%m%d%H%M%S"), secrets.token_hex(8)
        key = self._access.app_key.get_secret_value()
        signed = "|".join((self._access.app_id, moment, nonce, phone, text, key))
        return {
            "account": self._access.app_id,
            "ts": moment,
            "nonce": nonce,
            "phone": phone,
            "content": text,
            "outid": reference,
            "sign": hashlib.sha256(signed.encode()).hexdigest(),
        }


def _message_number(answer: dict[str, Any]) -> str:
    """The vendor's message number, or the fault its result stands for."""
    result = int(answer["result"])
    if result in FINAL:
        raise ProviderRejected(SYSTEM, FINAL[result])
    if result not in (TAKEN, REPEATED):
        raise ProviderUnavailable(SYSTEM, AGAIN.get(result, "unknown result"), in_doubt=False)
    number = answer["sid"]
    if not isinstance(number, str) or not number:
        raise TypeError("sid")
    return number


Vendor = TextlineSms
