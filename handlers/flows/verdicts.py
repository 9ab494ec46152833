"""The answer to a verification as flows give it and the verify pages show it."""

from dataclasses import dataclass
from datetime import datetime

from conf.terms import OrganKind, VerifyResult


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """The answer in plain words and the facts a visitor may see.

    Facts are empty unless the visitor proved to hold the copy: its code, its file, a signed page. `altered_pages` are
    page numbers of the copy; `page` is the page a QR code belongs to, 0 otherwise. `seal`: which seal of the register
    the copy carries; `national`: what the SM2 signature over its digests says, empty when it has none.
    """

    result: VerifyResult
    says: str
    copy_no: str = ""
    company_name: str = ""
    issued_at: datetime | None = None
    valid_until: datetime | None = None
    page_count: int = 0
    signer: str = ""
    altered_pages: tuple[int, ...] = ()
    page: int = 0
    seal: str = ""
    national: str = ""
    unit_kind: OrganKind | None = None  # of a batch look-up
    companies: int = 0  # likewise: how many it is about, never which
