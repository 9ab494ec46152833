"""The municipal sharing platform: what other departments' registers say about a company or a licence, in our terms."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from conf.terms import CompanyStatus, LicenceKind, LicenceStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedCompany:
    """Current registration items as shared; texts as registered, an item the source does not have is empty or None."""

    uscc: str
    name: str
    reg_no: str
    entity_type: str
    status: CompanyStatus | None
    legal_representative: str
    capital: str
    established_on: date | None
    term_to: date | None
    domicile: str
    scope: str
    registry: str
    updated_at: datetime | None  # when the source last changed it, aware UTC


@dataclass(frozen=True, kw_only=True, slots=True)
class Licence:
    """One licence as its register has it now. `holder` is a person's name for a lawyer's: it is not kept in clear."""

    kind: LicenceKind
    number: str
    holder: str
    firm: str  # law firm; empty with a business licence
    status: LicenceStatus
    valid_until: date | None  # None: without end


class SharingProvider(Protocol):
    """Reads only. None means that the source has no such record: an answer, not a fault."""

    async def company(self, uscc: str, *, reference: str) -> SharedCompany | None:
        """`reference` is our case number; the platform keeps it with every call."""
        ...

    async def licence(self, kind: LicenceKind, number: str, *, reference: str) -> Licence | None:
        """`number`: unified code for a business licence, 17 digits for a lawyer's."""
        ...
