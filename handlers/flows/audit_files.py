"""The file that proves one audit event to somebody outside, and the check of such a file without any database.

handlers/staff/audit.py hands it out, `eqicha.py verify-proof FILE` checks it; the check is described in
docs/operating.md so that anybody can write their own from RFC 6962 and RFC 8032 alone.
"""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from conf.keys import Keys
from store.audit_leaf import ORIGIN, key_id_of, signed_text
from store.merkle import leaf_hash, verify_inclusion
from store.records.audit import AuditProof

FORMAT = "eqicha-audit-proof-1"
LARGEST_FILE = 1_000_000

HOW = (
    "1. leaf = SHA-256(0x00 || content as UTF-8). "
    "2. From leaf, position, size and path (RFC 9162 section 2.1.3.2, SHA-256, nodes SHA-256(0x01 || left || right)) "
    "compute the root; it must equal root. "
    "3. The signature (Ed25519, RFC 8032) must fit public_key over the text: origin, size, root, at, one a line, "
    "each line ended by a line feed. "
    "4. public_key must be the one the registry publishes at /.well-known/eqicha-audit-key.json."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProofAnswer:
    """What checking a proof file found: `lines` are for people."""

    is_valid: bool
    lines: tuple[str, ...]


def published_key(keys: Keys) -> dict[str, str]:
    """The audit's public key as it is published: raw Ed25519 key in base64, and its id."""
    raw = keys.audit.public_key().public_bytes_raw()
    return {"origin": ORIGIN, "key_id": key_id_of(raw), "public_key": base64.b64encode(raw).decode()}


def proof_file(proof: AuditProof, keys: Keys) -> dict[str, Any]:
    """The proof as a JSON object that needs nothing else but the published key to be checked."""
    checkpoint = proof.checkpoint
    return {
        "format": FORMAT,
        "how": HOW,
        **published_key(keys),
        "content": proof.content,
        "position": proof.event.position,
        "path": list(proof.path),
        "size": checkpoint.size,
        "root": checkpoint.root,
        "at": checkpoint.at.isoformat(timespec="milliseconds"),
        "signed_by": checkpoint.key_id,
        "signature": checkpoint.signature,
    }


def verify_proof(text: bytes, public_key: str) -> ProofAnswer:
    """Check a proof file against the registry's public key (base64). Says every step, stops at the first that fails."""
    try:
        raw = json.loads(text)
        steps = _steps(raw, base64.b64decode(public_key, validate=True))
    except (ValueError, TypeError, KeyError, AttributeError):
        return ProofAnswer(is_valid=False, lines=("FAIL  the file is not an audit proof, or was cut off",))
    lines = []
    for is_right, says in steps:
        lines.append(f"{'ok  ' if is_right else 'FAIL'}  {says}")
        if not is_right:
            return ProofAnswer(is_valid=False, lines=tuple(lines))
    event = json.loads(raw["content"])
    lines.append(f"      event {event['id']}: {event['tag']} of {event['subject']}, {event['outcome']}, {event['at']}")
    return ProofAnswer(is_valid=True, lines=tuple(lines))


def _steps(raw: dict[str, Any], key: bytes) -> list[tuple[bool, str]]:
    """(holds, in words) of each step, in order."""
    size, root, position = int(raw["size"]), bytes.fromhex(raw["root"]), int(raw["position"])
    path = [bytes.fromhex(each) for each in raw["path"]]
    stands = verify_inclusion(leaf_hash(raw["content"].encode()), position, size=size, proof=path, root=root)
    text = signed_text(size, root.hex(), datetime.fromisoformat(raw["at"]))
    return [
        (raw["format"] == FORMAT and raw["origin"] == ORIGIN, f"a proof of the audit {ORIGIN}"),
        (stands, f"the event stands at position {position} of the tree of {size} events"),
        (base64.b64decode(raw["public_key"]) == key, f"it names the registry's key {key_id_of(key)}"),
        (_fits(key, raw["signature"], text), f"that tree was signed by the key at {raw['at']}"),
    ]


def _fits(key: bytes, signature: str, text: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(signature, validate=True), text)
    except InvalidSignature:
        return False
    return True
