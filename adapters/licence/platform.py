"""The electronic business licence platform: the address in the QR code, and its signed word that somebody authorised.

The interface is described in docs/protocols/licence.md. JWTs are read by PyJWT; the clock is the caller's.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.types import Options

from adapters.base import GARBLED
from adapters.callbacks import Call, CallbackEvent, CallbackRefused
from adapters.licence import scan_id
from adapters.licence.development import platform_keys
from conf import masks
from conf.codes import is_uscc
from conf.settings import Settings

SYSTEM = "licence"
AUTHORISED, DECLINED = "authorised", "declined"
#: A call says when it was made and is good for at most this long; a longer life is a mistake of the sender.
LONGEST_LIFE = 600  # seconds
LONGEST_NAME = 200
_NEEDED = ("iss", "aud", "iat", "exp", "jti", "nonce")
_TICKET = re.compile(r"[A-Za-z0-9_-]{32,64}", re.ASCII)
_CODE = re.compile(r"[0-9]{6}", re.ASCII)
_NUMBER = re.compile(r"[A-Za-z0-9_.-]{8,64}", re.ASCII)
#: Times are checked by the clock given, not by the machine's.
_OPTIONS: Options = {
    "require": list(_NEEDED), "strict_aud": True, "verify_exp": False, "verify_iat": False, "verify_nbf": False,
}  # fmt: skip


class LicencePlatform:
    """LicenceProvider, and CallbackReader of the platform's calls; OSError or ValueError for a key that will not do.

    Values of an event: {"result", "uscc", "company", "operator", "code"}; the operator's name is masked at once. `code`
    is what the app shows to whoever authorised, to be typed in here; "" when the platform shows none.
    """

    def __init__(self, settings: Settings) -> None:
        key_file = settings.licence_key_file
        path = platform_keys(settings.var_dir)[1] if key_file == Path("") else key_file
        self._key, self._algorithm = _known(load_pem_public_key(path.read_bytes()))
        self._settings = settings

    def scan_address(self, ticket: str, *, until: datetime) -> str:
        """`{base}/authorise?…`; nothing of the visitor is in it."""
        s = self._settings
        query = {"client_id": s.licence_client_id, "ticket": ticket, "until": str(int(until.timestamp()))}
        return f"{s.licence_url.rstrip('/')}/authorise?{urlencode(query)}"

    def read(self, headers: Mapping[str, str], body: bytes, *, now: datetime, skew: int) -> Call:
        """`{"token": JWT}`. Raises CallbackRefused; algorithm, issuer, audience and times are ours to demand."""
        claims = self._claims(body)
        _check_times(claims, now, skew)
        try:
            event = _event(claims)
        except GARBLED:
            raise CallbackRefused("garbled") from None
        return Call(events=(event,), nonce=event.key)

    def answer(self, *, taken: bool) -> Mapping[str, Any]:
        """The platform repeats whatever is not answered 0."""
        return {"code": "0", "msg": "ok"} if taken else {"code": "1", "msg": "refused"}

    def _claims(self, body: bytes) -> dict[str, Any]:
        try:
            token = json.loads(body)["token"]
        except GARBLED:
            raise CallbackRefused("unsigned") from None
        if not isinstance(token, str):
            raise CallbackRefused("unsigned")
        s = self._settings
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key,
                algorithms=[self._algorithm],  # what the token says of itself chooses nothing
                issuer=s.licence_issuer,
                audience=s.licence_client_id,
                options=_OPTIONS,
            )
        except (jwt.InvalidIssuerError, jwt.InvalidAudienceError):
            raise CallbackRefused("unknown") from None
        except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError):
            raise CallbackRefused("signature") from None
        except (jwt.PyJWTError, *GARBLED):
            raise CallbackRefused("garbled") from None
        return claims


def _known(key: Any) -> tuple[Ed25519PublicKey | EllipticCurvePublicKey, str]:
    """The key and the one algorithm it signs with; ValueError for any other kind of key."""
    if isinstance(key, Ed25519PublicKey):
        return key, "EdDSA"
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key, "ES256"
    raise ValueError("the licence platform's key must be P-256 or Ed25519")


def _check_times(claims: Mapping[str, Any], now: datetime, skew: int) -> None:
    made, ends = claims["iat"], claims["exp"]
    if type(made) is not int or type(ends) is not int or not 0 < ends - made <= LONGEST_LIFE:
        raise CallbackRefused("garbled")
    if not made - skew <= now.timestamp() <= ends + skew:
        raise CallbackRefused("clock")


def _event(claims: Mapping[str, Any]) -> CallbackEvent:
    ticket, number, result = claims["nonce"], claims["jti"], claims["result"]
    if not _TICKET.fullmatch(ticket) or not _NUMBER.fullmatch(number) or result not in (AUTHORISED, DECLINED):
        raise ValueError("event")
    values = {"result": result}
    if result == AUTHORISED:
        uscc, company, operator = claims["sub"], claims["entname"], claims["operator"]
        if not is_uscc(uscc) or not 1 <= len(company) <= LONGEST_NAME or not 1 <= len(operator) <= LONGEST_NAME:
            raise ValueError("enterprise")
        code = claims.get("code", "")
        if code and not _CODE.fullmatch(code):
            raise ValueError("code")
        values |= {"uscc": uscc, "company": str(company), "operator": masks.name(operator), "code": str(code)}
    happened = datetime.fromtimestamp(claims["iat"], UTC)
    return CallbackEvent(key=number, subject=scan_id(ticket), happened_at=happened, values=values)
