"""Text messages by template."""

from typing import Protocol


class SmsProvider(Protocol):
    async def send(self, *, phone: str, template: str, values: dict[str, str], reference: str) -> str:
        """Send; returns the vendor's message number. The same `reference` again is one message at the vendor.

        Raises ProviderRejected (number or template refused, final) or ProviderUnavailable (again later).
        """
        ...
