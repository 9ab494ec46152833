"""What the proofs of the audit are made of, as pure functions: leaf, ties, texts that are signed. For audit_*.py."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from store.merkle import leaf_hash
from store.vault import Vault

ORIGIN = "eqicha.tianhe/audit"
#: What a leaf covers beside the id: all of an event but its position, which the tree itself gives.
EVIDENCE = ("at", "who", "role", "channel", "request_id", "address", "subject", "outcome", "tag", "fields")


def leaf_of(row: Mapping[str, Any]) -> str:
    """Leaf hash (hex) of a stored event: SHA-256(0x00 ‖ canonical JSON of all evidence fields and the id)."""
    return leaf_hash(canonical(row).encode()).hex()


def canonical(row: Mapping[str, Any]) -> str:
    """The JSON a leaf covers: names sorted, no spaces, the time in UTC to the millisecond."""
    body = {name: row[name] for name in EVIDENCE} | {"id": row["_id"]}
    body["at"] = body["at"].astimezone(UTC).isoformat(timespec="milliseconds")
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def tie_of(vault: Vault, leaf: str) -> str:
    """Keyed hash an event carries from its writing on."""
    return vault.person_key(f"audit-event:{leaf}")


def placed_tie(vault: Vault, tie: str, position: int) -> str:
    """Keyed hash an event carries once it has a position, over that and the tie it was written with."""
    return vault.person_key(f"audit-place:{position}:{tie}")


def signed_text(size: int, root: str, at: datetime) -> bytes:
    """What a checkpoint's signature covers: origin, size, root (hex), time (ISO, UTC), one a line."""
    return f"{ORIGIN}\n{size}\n{root}\n{at.astimezone(UTC).isoformat(timespec='milliseconds')}\n".encode()


def key_id_of(public: bytes) -> str:
    """Names a public signing key: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def trim_text(size: int, peaks: Sequence[str], *, checkpoint_at: datetime, at: datetime) -> bytes:
    """What a trim's signature covers: origin, size, peaks (hex), the checkpoint's time and the trim's, one a line."""
    times = (each.astimezone(UTC).isoformat(timespec="milliseconds") for each in (checkpoint_at, at))
    return "\n".join([f"{ORIGIN}/trim", str(size), ",".join(peaks), *times, ""]).encode()
