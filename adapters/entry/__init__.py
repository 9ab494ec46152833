"""Doors of other systems: who comes out of 穗好办 or 粤商通, and how a case stands for the portal. Called by flows.

Handlers reach it through flows/entering and flows/progress only.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from conf.terms import AccountKind, EntryPoint, IdentityLevel, OrderStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class AppIdentity:
    """Whom a one-time ticket stands for. Missing values are empty, never `-1`.

    `useridcode` is the provincial identity's subject, empty when the app's user is not bound to it; `external_id` is
    the app's own number of the user and means nothing outside that app.
    """

    app: EntryPoint
    external_id: str
    useridcode: str
    kind: AccountKind
    name: str = field(repr=False)
    id_type: str
    id_number: str = field(repr=False)
    level: IdentityLevel
    phone: str = field(default="", repr=False)


class EntryProvider(Protocol):
    async def exchange(self, app: EntryPoint, ticket: str) -> AppIdentity:
        """One-time ticket → identity, asked on the server.

        Raises ProviderRejected (`TICKET_REFUSED` reasons below: forged, used, expired, another app's, not verified) or
        ProviderUnavailable.
        """
        ...


#: Reasons of a final refusal, whichever app gave it.
TICKET_UNKNOWN = "ticket unknown or used"
TICKET_EXPIRED = "ticket expired"
TICKET_OF_ANOTHER = "ticket of another app"
NOT_VERIFIED = "account not verified"
TICKET_REFUSED = frozenset({TICKET_UNKNOWN, TICKET_EXPIRED, TICKET_OF_ANOTHER, NOT_VERIFIED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """One step of a case that began at another system's door; no name, no company, no paper.

    `subject` is the visitor's number, by which the portal shows the case to its owner: that of `provider` (the
    provincial identity, or the app whose user is not bound to it).
    """

    order_no: str
    entry: EntryPoint
    task_code: str
    provider: str
    subject: str
    status: OrderStatus
    at: datetime


class ProgressProvider(Protocol):
    async def report(self, progress: Progress) -> None:
        """Tell the portal one step; a repeat of (order_no, status) is recognised there.

        Raises ProviderRejected (task unknown, step out of order) or ProviderUnavailable.
        """
        ...
