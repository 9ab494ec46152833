"""The rating platform's SM2 key pair for development: made once under var/, used by the adapter and the sandbox."""

import contextlib
import os
from pathlib import Path

from tongsuopy.crypto import serialization
from tongsuopy.crypto.asymciphers import ec


def platform_keys(var_dir: Path) -> tuple[Path, Path]:
    """Paths of (private, public) PEM; both exist afterwards, the same ones for every process."""
    private, public = var_dir / "dev" / "rating-platform.pem", var_dir / "dev" / "rating-platform.pub.pem"
    if not private.exists():
        key = ec.generate_private_key(ec.SM2())
        place(
            private,
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )
    if not public.exists():
        key = serialization.load_pem_private_key(private.read_bytes(), password=None)
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        place(public, key.public_key().public_bytes(serialization.Encoding.PEM, form))
    return private, public


def place(path: Path, content: bytes) -> None:
    """Whole or not at all, and never over another process's file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_bytes(content)
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
