"""One-time tickets of 穗好办 and 粤商通, exchanged on the server.

The interface is described in docs/protocols/entry.md; both apps speak it, each with its own address, id and key.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from adapters import tif
from adapters.base import Observe, Web, observe_nothing, open_web
from adapters.entry import NOT_VERIFIED, TICKET_EXPIRED, TICKET_OF_ANOTHER, TICKET_UNKNOWN, AppIdentity
from adapters.identity.tyrz_account import ID_TYPES, LEGAL, NATURAL, flat, level_of
from conf.clock import Clock, utc_now
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.settings import Settings
from conf.terms import AccountKind, EntryPoint

#: A ticket lives this long; the app refuses an older one, and so do we when an app is lax.
TICKET_SECONDS = 60
#: What a ticket looks like; anything else is forged and not worth a call.
TICKET = re.compile(r"[A-Za-z0-9_-]{20,200}", re.ASCII)
EXTERNAL_ID = re.compile(r"[A-Za-z0-9_.@-]{1,128}", re.ASCII)

TAKEN = "0"
FINAL_CODES = {
    "4001": TICKET_UNKNOWN,
    "4002": TICKET_EXPIRED,
    "4003": TICKET_OF_ANOTHER,
    "4004": NOT_VERIFIED,
}
#: Ours to mend, or theirs: the visitor is asked to sign in otherwise meanwhile.
AGAIN_CODES = {"4010": "signature refused", "5000": "busy"}


@dataclass(frozen=True, kw_only=True, slots=True)
class _App:
    """How one app is reached."""

    url: str
    id: str
    key: str
    line: Web


class AppTickets:
    """EntryProvider over POST `{entry_<app>_url}/ticket/exchange`."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock = utc_now,
        observe: Observe = observe_nothing,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._clock, self._skew = clock, settings.callback_skew_seconds

        def app(url: str, id: str, key: str, system: str) -> _App:
            line = open_web(system, settings, observe=observe, transport=transport)
            return _App(url=f"{url.rstrip('/')}/ticket/exchange", id=id, key=key, line=line)

        s = settings
        self._apps = {
            EntryPoint.SHB: app(s.entry_shb_url, s.entry_shb_id, s.entry_shb_key.get_secret_value(), "shb"),
            EntryPoint.YST: app(s.entry_yst_url, s.entry_yst_id, s.entry_yst_key.get_secret_value(), "yst"),
        }

    @property
    def lines(self) -> tuple[Web, ...]:
        """The line to each app."""
        return tuple(app.line for app in self._apps.values())

    async def exchange(self, app: EntryPoint, ticket: str) -> AppIdentity:
        """One ticket → whom it stands for; asked once, never repeated: the app forgets a ticket it answered for."""
        other = self._apps[app]
        if not TICKET.fullmatch(ticket):
            raise ProviderRejected(app.value, TICKET_UNKNOWN)
        async with other.line.call("exchange"):
            signed = tif.sign(other.id, other.key, now=self._clock())
            answer = await other.line.post_json(other.url, {"appId": other.id, "ticket": ticket}, headers=signed)
            _judge(app, answer)
            return self._identity(app, answer["data"])

    async def close(self) -> None:
        """Close the kept connections."""
        for line in self.lines:
            await line.close()

    def _identity(self, app: EntryPoint, data: Mapping[str, Any]) -> AppIdentity:
        """Raises ProviderRejected for what may not be believed; KeyError, TypeError, ValueError for a broken answer."""
        if str(data["appId"]) != self._apps[app].id:
            raise ProviderRejected(app.value, TICKET_OF_ANOTHER)
        issued = datetime.fromtimestamp(int(data["issuedAt"]), UTC)
        if abs((self._clock() - issued).total_seconds()) > TICKET_SECONDS + self._skew:
            raise ProviderRejected(app.value, TICKET_EXPIRED)
        user = flat(data["user"])
        external_id, id_number = user["externalId"], user.get("idcardnumber", "").upper()
        if not EXTERNAL_ID.fullmatch(external_id):
            raise ValueError("externalId")
        if not id_number or not user.get("cn"):
            raise ProviderRejected(app.value, NOT_VERIFIED)
        return AppIdentity(
            app=app,
            external_id=external_id,
            useridcode=user.get("useridcode", ""),
            kind={NATURAL: AccountKind.NATURAL, LEGAL: AccountKind.LEGAL}[user["usertype"]],
            name=user["cn"],
            id_type=ID_TYPES.get(user.get("idcardtype", ""), "其他"),
            id_number=id_number,
            level=level_of(user),
            phone=user.get("telephonenumber", ""),
        )


def _judge(app: EntryPoint, answer: Mapping[str, Any]) -> None:
    """Nothing when the ticket was taken; else the fault its code stands for."""
    code = str(answer["code"])
    if code in FINAL_CODES:
        raise ProviderRejected(app.value, FINAL_CODES[code])
    if code != TAKEN:
        raise ProviderUnavailable(app.value, AGAIN_CODES.get(code, "unknown code"))
