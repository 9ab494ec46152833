"""The e-seal: signs a finished PDF with the archive's seal and checks one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class SealPlace:
    """Where the visible seal stands: page from 1, millimetres from the top left corner."""

    page: int
    x_mm: float
    y_mm: float
    w_mm: float = 40
    h_mm: float = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class KeywordPlace:
    """On the middle of a word of the text, moved right by `dx_mm` and down by `dy_mm`."""

    text: str
    which: Literal["first", "last"] = "last"
    dx_mm: float = 0
    dy_mm: float = 0
    w_mm: float = 40
    h_mm: float = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class SeamPlace:
    """Across the edges (骑缝): cut into one upright strip a page, on the right edge of each, `y_mm` from the top."""

    y_mm: float = 130
    w_mm: float = 40
    h_mm: float = 40


Place = SealPlace | KeywordPlace | SeamPlace


@dataclass(frozen=True, kw_only=True, slots=True)
class SealOffer:
    """A seal the provider can apply. `certificate` is DER, `fingerprint` its SHA-256 in hex; times are aware UTC."""

    seal_id: str
    name: str
    signer: str  # common name of the certificate
    certificate: bytes
    fingerprint: str
    cert_sn: str
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Sealed:
    pdf: bytes
    sha256: str
    signed_at: datetime
    cert_sn: str  # hex
    signer: str
    fingerprint: str = ""  # of the certificate, SHA-256 in hex


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
    fingerprint: str = ""  # of the certificate, SHA-256 in hex


class SealProvider(Protocol):
    async def seals(self) -> tuple[SealOffer, ...]:
        """The seals that can be applied. Raises as `sign`."""
        ...

    async def sign(self, pdf: bytes, *, place: Place, reason: str, biz_no: str, certificate: str = "") -> Sealed:
        """PAdES B-LTA, certified against changes. Idempotent on `biz_no`.

        `certificate`: the fingerprint the seal must have; a file sealed by another is never returned.
        Raises ProviderUnavailable (key, time-stamp or platform away: again later) or ProviderRejected.
        """
        ...

    async def check(self, pdf: bytes) -> SealCheck: ...

    async def ready(self) -> str:
        """One line for `eqicha.py check`: certificate subject, serial and days left; raises when unusable."""
        ...
