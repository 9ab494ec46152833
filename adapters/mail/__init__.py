"""Mail over SMTP."""

from typing import Protocol


class MailProvider(Protocol):
    async def send(self, *, to: str, subject: str, text: str, reference: str) -> str:
        """Send; `reference` becomes the Message-ID, so a repeat is recognised. Errors as SmsProvider.send."""
        ...
