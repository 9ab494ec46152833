"""The licence platform's P-256 key pair for development: made once under var/, used by the adapter and the sandbox."""

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.rating.development import place


def platform_keys(var_dir: Path) -> tuple[Path, Path]:
    """Paths of (private, public) PEM; both exist afterwards, the same ones for every process."""
    private, public = var_dir / "dev" / "licence-platform.pem", var_dir / "dev" / "licence-platform.pub.pem"
    if not private.exists():
        form, bare = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        place(private, ec.generate_private_key(ec.SECP256R1()).private_bytes(serialization.Encoding.PEM, form, bare))
    if not public.exists():
        key = serialization.load_pem_private_key(private.read_bytes(), password=None)
        info = serialization.PublicFormat.SubjectPublicKeyInfo
        place(public, key.public_key().public_bytes(serialization.Encoding.PEM, info))
    return private, public
