"""The form in which personal values are kept; known to everybody as store.records.Secret."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """A personal value kept encrypted: AES-GCM token for reading, HMAC blind index for comparing.

    `masked` is what a screen may show. The plain value is had only through `store.vault.reveal(secret)`.
    """

    blind: str
    masked: str
    token: bytes = field(repr=False)
