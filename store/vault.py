"""Field encryption: every personal value goes in as a Secret and comes out only through `reveal`.

AES-256-GCM with a random nonce and the key's id in front, so keys can be changed without rewriting; an HMAC blind
index for looking a value up without reading it; a keyed hash for who and where in the audit.
"""

import hmac
import secrets
import unicodedata
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from conf.errors import IntegrityFault
from conf.keys import Keys
from store.records import Secret

_NONCE = 12
_FILE = b"\0file"  # what is encrypted: a file is never taken for a value


class Vault:
    """Encrypts, compares and reveals with the keys of one deployment."""

    def __init__(self, keys: Keys) -> None:
        self._ciphers = {name: AESGCM(key) for name, key in keys.fields.items()}
        self._current = keys.field_current
        self._blind_key, self._person_key = keys.blind, keys.person

    def conceal(self, plain: str, mask: str) -> Secret:
        """Encrypt `plain`; `mask` is what a screen may show of it (conf/masks.py)."""
        nonce, name = secrets.token_bytes(_NONCE), self._current.encode()
        blind = self.blind(plain)
        sealed = self._ciphers[self._current].encrypt(nonce, plain.encode(), name + b"\0" + blind.encode())
        return Secret(blind=blind, masked=mask, token=bytes([len(name)]) + name + nonce + sealed)

    def reveal(self, secret: Secret) -> str:
        """The plain value. Raises IntegrityFault when the token was altered, moved or its key is gone."""
        token = secret.token
        length = token[0] if token else 0
        name, rest = token[1 : 1 + length], token[1 + length :]
        cipher = self._ciphers.get(name.decode(errors="replace"))
        if cipher is None:
            raise IntegrityFault("a stored value was encrypted with a key that is not in EQICHA_KEYS_FILE")
        try:
            return cipher.decrypt(rest[:_NONCE], rest[_NONCE:], name + b"\0" + secret.blind.encode()).decode()
        except InvalidTag:
            raise IntegrityFault("a stored value does not match its seal") from None

    def conceal_bytes(self, content: bytes) -> bytes:
        """Encrypt a file; what comes out is read by `reveal_bytes` alone."""
        nonce, name = secrets.token_bytes(_NONCE), self._current.encode()
        sealed = self._ciphers[self._current].encrypt(nonce, content, name + _FILE)
        return bytes([len(name)]) + name + nonce + sealed

    def reveal_bytes(self, token: bytes) -> bytes:
        """The file. Raises IntegrityFault as `reveal` does."""
        length = token[0] if token else 0
        name, rest = token[1 : 1 + length], token[1 + length :]
        cipher = self._ciphers.get(name.decode(errors="replace"))
        if cipher is None:
            raise IntegrityFault("a stored file was encrypted with a key that is not in EQICHA_KEYS_FILE")
        try:
            return cipher.decrypt(rest[:_NONCE], rest[_NONCE:], name + _FILE)
        except InvalidTag:
            raise IntegrityFault("a stored file does not match its seal") from None

    def blind(self, plain: str) -> str:
        """Equal for equal values (width, case and spaces aside), and nothing else can be read from it."""
        return self._keyed(self._blind_key, "".join(unicodedata.normalize("NFKC", plain).split()).upper())

    def person_key(self, text: str) -> str:
        """Keyed hash for the audit's `who` and `address`; another key than the blind index, so they do not join."""
        return self._keyed(self._person_key, text) if text else ""

    def code_digest(self, text: str) -> str:
        """Keyed hash of a one-time code with what it is for; apart from the other uses of the key by its beginning."""
        return self._keyed(self._person_key, f"one-time-code\0{text}")

    @staticmethod
    def _keyed(key: bytes, text: str) -> str:
        return hmac.new(key, text.encode(), sha256).hexdigest()
