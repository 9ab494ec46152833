"""Text messages by template, through one or two vendors; routing.py is what flows see."""

import re
from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr

from adapters.base import Line
from conf.errors import ProviderRejected
from conf.settings import Settings
from conf.texts import text_by_template

#: A mobile number of the mainland, the only ones our messages go to.
MOBILE = re.compile(r"1[3-9][0-9]{9}")


class SmsProvider(Protocol):
    @property
    def line(self) -> Line: ...

    async def send(self, *, phone: str, template: str, values: dict[str, str], reference: str) -> str:
        """Send; returns the vendor's message number. The same `reference` again is one message at the vendor.

        Raises ProviderRejected (number or template refused, final) or ProviderUnavailable (again later).
        """
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class SmsAccess:
    """What every vendor gives: address, account, key; and the signature that stands in front of our texts."""

    url: str
    app_id: str
    app_key: SecretStr
    signature: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SmsTaken:
    """Which vendor took a message, its number there, and in how many parts it goes."""

    vendor: str
    number: str
    parts: int = 1  # messages the network sends for it, and the vendor charges


def first_access(settings: Settings) -> SmsAccess:
    return SmsAccess(
        url=settings.sms_url,
        app_id=settings.sms_app_id,
        app_key=settings.sms_app_key,
        signature=settings.sms_signature,
    )


def second_access(settings: Settings) -> SmsAccess:
    return SmsAccess(
        url=settings.sms2_url,
        app_id=settings.sms2_app_id,
        app_key=settings.sms2_app_key,
        signature=settings.sms_signature,
    )


def whole_text(template: str, values: dict[str, str], signature: str) -> str:
    """For a vendor that knows no templates: the approved text with its values, behind the signature.

    Raises ProviderRejected when there is no such template or the values are not the ones it has places for.
    """
    known = text_by_template(template)
    if known is None:
        raise ProviderRejected("sms", "template unknown")
    if known.sms_names != set(values):
        raise ProviderRejected("sms", "values do not fit the template")
    return known.sms_text(values, signature=signature)
