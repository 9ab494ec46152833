"""A detached SM2 signature with SM3 over a copy's digests (GB/T 32918.2, GB/T 32905), by Tongsuo; set by a key file.

Beside the seal, not instead of it: it signs what the register says of a copy, for whoever must verify with national
algorithms. Called by sealing, by the verify pages and by `eqicha.py verify-copy`. User id is the standard's default.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes as digests
from tongsuopy.crypto import hashes
from tongsuopy.crypto.asymciphers import ec
from tongsuopy.crypto.exceptions import InvalidSignature
from tongsuopy.crypto.serialization import Encoding, PublicFormat, load_pem_private_key, load_pem_public_key

from conf.settings import Settings, SettingsError

_BLOCK = re.compile(rb"-----BEGIN ((?:EC )?PRIVATE|PUBLIC) KEY-----.+?-----END \1 KEY-----\n?", re.S)
_UNSET = Path("")


@dataclass(frozen=True, kw_only=True, slots=True)
class Detached:
    """What is kept with a copy: SM3 of the file (hex), the signature (base64 of DER), which key made it."""

    sm3: str
    signature: str
    key_id: str


def sm3(content: bytes) -> str:
    """SM3 in hex, as SHA-256 is written."""
    digest = digests.Hash(digests.SM3())
    digest.update(content)
    return digest.finalize().hex()


class Sm2Keys:
    """The key that signs, and the public keys of those that signed before it."""

    def __init__(self, pem: bytes) -> None:
        """A file with one PRIVATE KEY and any number of PUBLIC KEY blocks. Raises ValueError for anything else."""
        blocks = [(match[1], match[0]) for match in _BLOCK.finditer(pem)]
        private = [block for kind, block in blocks if kind.endswith(b"PRIVATE")]
        if len(private) != 1:
            raise ValueError("holds not exactly one private key")
        try:
            self._key: Any = load_pem_private_key(private[0], password=None)
            known = [self._key.public_key()]
            known += [load_pem_public_key(block) for kind, block in blocks if kind == b"PUBLIC"]
        except Exception as fault:  # the library raises classes of its own, some of them private
            raise ValueError(f"holds a key that cannot be read ({type(fault).__name__})") from None
        if any(getattr(getattr(key, "curve", None), "name", "") != "SM2" for key in known):
            raise ValueError("holds a key that is not SM2")
        self._known: Mapping[str, Any] = {_key_id(key): key for key in known}
        self.key_id = _key_id(known[0])

    def sign(self, *, copy_no: str, sha256: str, sm3: str) -> Detached:
        """0.1 ms. The same copy signed again gets another signature, as valid as the first."""
        signature = self._key.sign(statement(copy_no=copy_no, sha256=sha256, sm3=sm3), ec.ECDSA(hashes.SM3()))
        return Detached(sm3=sm3, signature=base64.b64encode(signature).decode(), key_id=self.key_id)

    def holds(self, signed: Detached, *, copy_no: str, sha256: str) -> bool | None:
        """Whether the signature is right; None when the key that made it is not known here."""
        key = self._known.get(signed.key_id)
        if key is None:
            return None
        said = statement(copy_no=copy_no, sha256=sha256, sm3=signed.sm3)
        try:
            key.verify(base64.b64decode(signed.signature, validate=True), said, ec.ECDSA(hashes.SM3()))
        except (InvalidSignature, ValueError):
            return False
        except Exception as fault:  # malformed DER ends in the library's own InternalError
            if type(fault).__name__ != "InternalError":
                raise
            return False
        return True


def statement(*, copy_no: str, sha256: str, sm3: str) -> bytes:
    """The bytes that are signed: four lines, so that nothing else can be taken for them."""
    return f"eqicha-copy-v1\n{copy_no}\n{sha256}\n{sm3}\n".encode()


def load_sm2(settings: Settings) -> Sm2Keys | None:
    """The keys of `seal_sm2_key_file`, or None without one. Raises SettingsError."""
    if settings.seal_sm2_key_file == _UNSET:
        return None
    try:
        return Sm2Keys(settings.seal_sm2_key_file.read_bytes())
    except OSError as fault:
        raise SettingsError([f"EQICHA_SEAL_SM2_KEY_FILE: cannot be read ({fault.strerror})"]) from None
    except ValueError as fault:
        raise SettingsError([f"EQICHA_SEAL_SM2_KEY_FILE: {fault}"]) from None


def _key_id(key: Any) -> str:
    """The first 16 hex signs of SM3 over the public key (SubjectPublicKeyInfo)."""
    return sm3(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))[:16]
