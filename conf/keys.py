"""Key material: field encryption, blind index, keyed hashes, cookies, audit and page-claim signing.

A production deployment brings its own files (EQICHA_KEYS_FILE, EQICHA_CLAIM_KEY_FILE). In development both are made
at first start under var/, marked as development keys, and refused by production mode.
"""

import base64
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from conf.settings import Settings, SettingsError


@dataclass(frozen=True, kw_only=True)
class Keys:
    """All keys of one deployment. `fields` maps key ids to 32-byte AES keys; `field_current` encrypts anew."""

    fields: dict[str, bytes] = field(repr=False)
    field_current: str
    blind: bytes = field(repr=False)
    person: bytes = field(repr=False)
    cookie: bytes = field(repr=False)
    audit: Ed25519PrivateKey = field(repr=False)
    claim: Ed25519PrivateKey = field(repr=False)
    is_development: bool
    audit_retired: tuple[Ed25519PublicKey, ...] = ()  # what they signed before stays good


def load_keys(settings: Settings) -> Keys:
    """Read or, in development only, make the keys. Raises SettingsError naming each file that will not do."""
    development = settings.var_dir / "dev"
    unset = Path("")
    keys_file = settings.keys_file if settings.keys_file != unset else development / "keys.json"
    claim_file = settings.claim_key_file if settings.claim_key_file != unset else development / "claim.pem"
    if not settings.is_production:
        if settings.keys_file == unset:
            _make(keys_file, _fresh_keys)
        if settings.claim_key_file == unset:
            _make(claim_file, _fresh_claim)
    try:
        raw = json.loads(keys_file.read_text(encoding="utf-8"))
        claim = serialization.load_pem_private_key(claim_file.read_bytes(), password=None)
        keys = Keys(
            fields={name: _bytes(value) for name, value in raw["fields"].items()},
            field_current=raw["field_current"],
            blind=_bytes(raw["blind"]),
            person=_bytes(raw["person"]),
            cookie=_bytes(raw["cookie"]),
            audit=Ed25519PrivateKey.from_private_bytes(_bytes(raw["audit"])),
            claim=claim,  # type: ignore[arg-type]
            is_development=bool(raw.get("development")),
            audit_retired=tuple(
                Ed25519PrivateKey.from_private_bytes(_bytes(value)).public_key()
                for value in raw.get("audit_retired", [])
            ),
        )
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise SettingsError([f"EQICHA_KEYS_FILE / EQICHA_CLAIM_KEY_FILE: {type(fault).__name__} {fault}"]) from None
    faults = []
    if not isinstance(claim, Ed25519PrivateKey):
        faults.append("EQICHA_CLAIM_KEY_FILE: not an Ed25519 key")
    if keys.field_current not in keys.fields or any(len(key) != 32 for key in keys.fields.values()):
        faults.append("EQICHA_KEYS_FILE: field keys must be 32 bytes and field_current must name one of them")
    if settings.is_production and keys.is_development:
        faults.append("EQICHA_KEYS_FILE: development keys are refused in production")
    if faults:
        raise SettingsError(faults)
    return keys


def load_backup_key(settings: Settings, keys: Keys) -> bytes:
    """Master key of backups: 32 bytes of the file set for it, else derived from keys that are never rotated.

    Raises SettingsError when the file will not do.
    """
    if settings.backup_key_file == Path(""):
        return keys.blind + keys.person
    try:
        key = _bytes(settings.backup_key_file.read_text(encoding="utf-8").strip())
    except (OSError, ValueError) as fault:
        raise SettingsError([f"EQICHA_BACKUP_KEY_FILE: {type(fault).__name__} {fault}"]) from None
    if len(key) != 32:
        raise SettingsError(["EQICHA_BACKUP_KEY_FILE: base64 of 32 bytes is needed (openssl rand -base64 32)"])
    return key


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _fresh_keys() -> bytes:
    def fresh() -> str:
        return base64.b64encode(secrets.token_bytes(32)).decode()

    body = {"development": True, "fields": {"k1": fresh()}, "field_current": "k1"}
    body |= {name: fresh() for name in ("blind", "person", "cookie", "audit")}
    return json.dumps(body, indent=1).encode()


def _fresh_claim() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _make(path: Path, content: Callable[[], bytes]) -> None:
    """Write once, readable by the owner only; two processes starting together end with one and the same file."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{secrets.token_hex(8)}")
    draft.touch(mode=0o600)
    draft.write_bytes(content())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
