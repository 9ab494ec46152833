"""Signing out at the platform's side: its notices to `/callbacks/identity`, signed by the gateway's `x-tif-*` headers.

The interface is described in docs/protocols/identity.md.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from adapters import tif
from adapters.base import GARBLED
from adapters.callbacks import Call, CallbackEvent, CallbackRefused
from adapters.identity.tyrz_account import PROVIDER

SIGNED_OUT = "logout"
LONGEST = 64  # signs of a notice's number and of a useridcode, twice that
_BEIJING = ZoneInfo("Asia/Shanghai")
#: The platform tells whole seconds: a session begun within the second it names had begun before the sign-out.
_RESOLUTION = timedelta(seconds=1)


class SignOutNotices:
    """CallbackReader of the identity platform. Values: {"provider", "subject"}, the account's key there."""

    def __init__(self, id: str, token: str) -> None:
        self._tokens = {id: token}

    def read(self, headers: Mapping[str, str], body: bytes, *, now: datetime, skew: int) -> Call:
        """Raises CallbackRefused for a call that is unsigned, stale, forged or garbled."""
        try:
            signed = tif.check(headers, self._tokens, now=now, skew=skew)
        except tif.SignatureRefused as fault:
            raise CallbackRefused(fault.ground) from None
        sent = {name.lower(): value for name, value in headers.items()}
        sent_at = datetime.fromtimestamp(int(sent[tif.TIMESTAMP]), UTC)
        try:
            return Call(events=_events(json.loads(body), sent_at, now), nonce=signed.nonce)
        except (*GARBLED, OverflowError):
            raise CallbackRefused("garbled") from None

    def answer(self, *, taken: bool) -> Mapping[str, Any]:
        """The platform repeats whatever is not answered 0."""
        return {"errcode": 0, "errmsg": "ok"} if taken else {"errcode": 1, "errmsg": "refused"}


def _events(notice: Mapping[str, Any], sent_at: datetime, now: datetime) -> tuple[CallbackEvent, ...]:
    """The moment is told by the sender's clock and kept by ours: `now` is ours at the sender's `sent_at`.

    A moment after the sending is refused: it would shut out sessions that have yet to begin.
    """
    if notice["event"] != SIGNED_OUT:
        return ()  # the platform may come to tell other things; they are none of ours
    number, subject = notice["noticeId"], notice["useridcode"]
    for text, most in ((number, LONGEST), (subject, 2 * LONGEST)):
        if not isinstance(text, str) or not 1 <= len(text) <= most or not text.isascii() or not text.isprintable():
            raise ValueError("notice")
    told = datetime.strptime(str(notice["time"]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=_BEIJING).astimezone(UTC)
    if told > sent_at + _RESOLUTION:
        raise ValueError("time")
    values, at = {"provider": PROVIDER, "subject": subject}, now - (sent_at - told) + _RESOLUTION
    return (CallbackEvent(key=number, subject="", happened_at=at, values=values),)
