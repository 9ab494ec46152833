"""The provincial gateway's `x-tif-*` signature, written once and used both ways: on our calls out and on calls in.

signature = hex(SHA-256(timestamp + token + nonce + timestamp)), timestamp in whole seconds. The gateway's own rules on
clock and nonce are kept here: a caller's clock may differ by `skew` seconds, and a nonce counts once (the caller of
`check` spends it in the store). Described in docs/protocols/tif.md.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

ID, TIMESTAMP, NONCE, SIGNATURE = "x-tif-paasid", "x-tif-timestamp", "x-tif-nonce", "x-tif-signature"
_NONCE = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
_SECONDS = re.compile(r"[0-9]{10}", re.ASCII)


class SignatureRefused(Exception):
    """Why a signed call is not taken: "unsigned", "unknown", "clock", "nonce" or "signature"."""

    def __init__(self, ground: str) -> None:
        super().__init__(ground)
        self.ground = ground


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """Who signed, and the nonce that must be spent now."""

    id: str
    nonce: str


def signature(token: str, *, timestamp: str, nonce: str) -> str:
    """Lower-case hex, as sent; read in either case."""
    return hashlib.sha256(f"{timestamp}{token}{nonce}{timestamp}".encode()).hexdigest()


def sign(id: str, token: str, *, now: datetime, nonce: str = "") -> dict[str, str]:
    """The four headers of one call; each call gets a nonce of its own."""
    timestamp, nonce = str(int(now.timestamp())), nonce or secrets.token_hex(16)
    return {ID: id, TIMESTAMP: timestamp, NONCE: nonce, SIGNATURE: signature(token, timestamp=timestamp, nonce=nonce)}


def check(headers: Mapping[str, str], tokens: Mapping[str, str], *, now: datetime, skew: int) -> Signed:
    """Whose call it is; raises SignatureRefused. `tokens` by id; `skew` in seconds. Header names in any case.

    Every ground but "unsigned" and "clock" takes the same work, so that nothing is learnt from the time it takes.
    """
    sent = {name.lower(): value for name, value in headers.items()}
    id, timestamp, nonce = sent.get(ID, ""), sent.get(TIMESTAMP, ""), sent.get(NONCE, "")
    if not _NONCE.fullmatch(nonce) or not _SECONDS.fullmatch(timestamp):
        raise SignatureRefused("unsigned")
    if abs(now.timestamp() - int(timestamp)) > skew:
        raise SignatureRefused("clock")
    wanted = signature(tokens.get(id, secrets.token_hex(16)), timestamp=timestamp, nonce=nonce)
    matches = hmac.compare_digest(wanted.encode(), sent.get(SIGNATURE, "").lower().encode())
    if id not in tokens:
        raise SignatureRefused("unknown")
    if not matches:
        raise SignatureRefused("signature")
    return Signed(id=id, nonce=nonce)
