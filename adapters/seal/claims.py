"""Page claims: a few signed bytes in each page's QR code, so that a printed page can be checked without asking us.

Layout (big endian), then Ed25519 over all of it, then base64url without padding:
version 1 · key id 4 · number length 1 · copy number · page 2 · pages 2 · digest of the page image 16 · issue day 2.
The issue day counts days of Beijing time since 1970-01-01. Called by the copy composer and by verification.
"""

import base64
import hashlib
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

VERSION = 1
PATH = "/p/"
LONGEST = 172  # characters of a claim; a QR of version 8 or 9 takes it with its address

_EPOCH = date(1970, 1, 1)
_DIGEST = 16
_NUMBER = re.compile(r"[A-Z0-9-]{8,30}", re.ASCII)
_TAIL = struct.Struct(f">HH{_DIGEST}sH")
_ALPHABET = re.compile(r"[A-Za-z0-9_-]{80,172}", re.ASCII)


class ClaimRefused(ValueError):
    """The text is no claim of ours: malformed, of another key, or changed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """What one page says of itself. `digest` is the first 16 bytes, hex, of SHA-256 over the scan's stored bytes."""

    copy_no: str
    page: int
    pages: int
    digest: str
    issued_on: date


def sign_claim(claim: Claim, key: Ed25519PrivateKey) -> str:
    """The claim as base64url text of at most 172 characters."""
    number = claim.copy_no.encode("ascii")
    if not _NUMBER.fullmatch(claim.copy_no) or not 1 <= claim.page <= claim.pages <= 0xFFFF:
        raise ValueError("copy number or page out of range")
    body = struct.pack(">B4sB", VERSION, _key_id(key.public_key()), len(number)) + number
    body += _TAIL.pack(claim.page, claim.pages, bytes.fromhex(claim.digest)[:_DIGEST], (claim.issued_on - _EPOCH).days)
    return base64.urlsafe_b64encode(body + key.sign(body)).rstrip(b"=").decode()


def read_claim(text: str, keys: Iterable[Ed25519PublicKey]) -> Claim:
    """Parse and check a claim; accepts an address ending in /p/<claim> as well. Raises ClaimRefused.

    Strict: only the one spelling that `sign_claim` writes is taken, so any changed character is refused.
    """
    text = text.strip().rpartition(PATH)[2]
    if not _ALPHABET.fullmatch(text):
        raise ClaimRefused("not a page claim")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise ClaimRefused("not a page claim") from None
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != text:
        raise ClaimRefused("not spelled as it was signed")
    body, signature = raw[:-64], raw[-64:]
    _check(body, signature, {_key_id(key): key for key in keys})
    return _parse(body)


def claim_digest(content: bytes) -> str:
    """Digest a claim carries for these bytes: 32 hex characters."""
    return hashlib.sha256(content).hexdigest()[: _DIGEST * 2]


def public_keys(keys: Iterable[Ed25519PublicKey]) -> dict[str, list[dict[str, str]]]:
    """Public keys as a JWK set (RFC 8037), so that anyone may check a page off-line."""
    return {
        "keys": [
            {"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": _key_id(key).hex(), "x": _text(_raw(key))}
            for key in keys
        ]
    }


def _check(body: bytes, signature: bytes, known: dict[bytes, Ed25519PublicKey]) -> None:
    if len(body) < 6 + _TAIL.size or body[0] != VERSION or len(body) != 6 + body[5] + _TAIL.size:
        raise ClaimRefused("not a page claim of a version we know")
    key = known.get(body[1:5])
    if key is None:
        raise ClaimRefused("signed with a key we do not know")
    try:
        key.verify(signature, body)
    except InvalidSignature:
        raise ClaimRefused("the signature does not match") from None


def _parse(body: bytes) -> Claim:
    length = body[5]
    page, pages, digest, day = _TAIL.unpack(body[6 + length :])
    number = body[6 : 6 + length].decode("ascii", "replace")
    if not _NUMBER.fullmatch(number) or not 1 <= page <= pages:
        raise ClaimRefused("values out of range")
    return Claim(copy_no=number, page=page, pages=pages, digest=digest.hex(), issued_on=_EPOCH + timedelta(days=day))


def _key_id(key: Ed25519PublicKey) -> bytes:
    return hashlib.sha256(_raw(key)).digest()[:4]


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
