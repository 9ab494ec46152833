"""Text messages by template, through one or two vendors; routing.py is what flows see."""

from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr

from adapters.base import Line
from conf.settings import Settings


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
