"""The e-seal: signs a finished PDF with the archive's seal and checks one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class SealPlace:
    """Where the visible seal stands: page from 1, millimetres from the top left corner."""

    page: int
    x_mm: float
    y_mm: float
    w_mm: float = 40
    h_mm: float = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Sealed:
    pdf: bytes
    sha256: str
    signed_at: datetime
    cert_sn: str  # hex
    signer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SealCheck:
    """What a validator found. `intact`: nothing changed since sealing; `trusted`: chain, time-stamp, revocation."""

    sealed: bool
    intact: bool
    trusted: bool
    signer: str
    signed_at: datetime | None
    cert_sn: str
    whole_file: bool  # the signature covers the whole file and no update follows
    problem: str


class SealProvider(Protocol):
    async def sign(self, pdf: bytes, *, place: SealPlace, reason: str, biz_no: str) -> Sealed:
        """PAdES B-LTA, certified against changes. Idempotent on `biz_no`.

        Raises ProviderUnavailable (key, time-stamp or platform away: again later) or ProviderRejected.
        """
        ...

    async def check(self, pdf: bytes) -> SealCheck: ...

    async def ready(self) -> str:
        """One line for `eqicha.py check`: certificate subject, serial and days left; raises when unusable."""
        ...
