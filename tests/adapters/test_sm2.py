"""SM2 encryption to the rating platform: what we encrypt, the holder of the private key reads, and nobody else."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec as curves

from adapters.rating.development import platform_keys
from adapters.rating.sm2 import Sm2Recipient
from adapters.sandbox.rating import opened


@pytest.mark.parametrize("plain", [b"x", "天河 e企查 𠮷".encode(), bytes(range(256)) * 40])
def test_the_platform_reads_what_we_encrypted(tmp_path: Path, plain: bytes) -> None:
    private, public = platform_keys(tmp_path)
    recipient = Sm2Recipient(public.read_bytes())
    first, second = recipient.encrypt(plain), recipient.encrypt(plain)
    assert opened(private.read_bytes(), first) == opened(private.read_bytes(), second) == plain
    assert first != second
    assert plain not in first or len(plain) == 1


def test_another_key_or_an_altered_text_reads_nothing(tmp_path: Path) -> None:
    _, public = platform_keys(tmp_path / "a")
    other, _ = platform_keys(tmp_path / "b")
    sealed = Sm2Recipient(public.read_bytes()).encrypt(b"record")
    with pytest.raises(ValueError, match="not encrypted to this platform"):
        opened(other.read_bytes(), sealed)
    with pytest.raises(ValueError, match="not encrypted to this platform"):
        opened(platform_keys(tmp_path / "a")[0].read_bytes(), sealed[:-1] + bytes([sealed[-1] ^ 1]))


def test_the_development_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    private, public = platform_keys(tmp_path)
    before = (private.read_bytes(), public.read_bytes())
    assert platform_keys(tmp_path) == (private, public)
    assert (private.read_bytes(), public.read_bytes()) == before
    assert private.stat().st_mode & 0o077 == 0


def test_a_key_of_another_kind_is_refused() -> None:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    p256 = curves.generate_private_key(curves.SECP256R1()).public_key().public_bytes(serialization.Encoding.PEM, form)
    for pem in (p256, b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"):
        with pytest.raises(ValueError, match="not an SM2 public key"):
            Sm2Recipient(pem)
