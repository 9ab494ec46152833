"""The detached SM2 signature: standard vectors, OpenSSL agrees, and no other statement passes for the signed one."""

import base64
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tongsuopy.crypto import serialization
from tongsuopy.crypto.asymciphers import ec

from adapters.seal.sm2 import Sm2Keys, load_sm2, sm3, statement
from conf.settings import SettingsError, load_settings

COPY: dict[str, Any] = {"copy_no": "THC20261121-7K3M9Q", "sha256": "ab" * 32}


def pem_of(key: Any) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))


def public_pem(key: Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(key.public_key().public_bytes(serialization.Encoding.PEM, form))


def new_key() -> Any:
    return ec.generate_private_key(ec.SM2())


def test_sm3_gives_the_digests_printed_in_the_standard() -> None:
    """GB/T 32905-2016, annex A."""
    assert sm3(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert sm3(b"abcd" * 16) == "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"


def test_what_is_signed_holds_and_nothing_else_does() -> None:
    keys = Sm2Keys(pem_of(new_key()))
    signed = keys.sign(**COPY, sm3=sm3(b"file"))
    assert keys.holds(signed, **COPY) is True
    assert keys.holds(signed, **COPY | {"copy_no": "THC20261121-222222"}) is False
    assert keys.holds(signed, **COPY | {"sha256": "ac" * 32}) is False
    assert keys.holds(replace(signed, sm3=sm3(b"other")), **COPY) is False
    for spoilt in ("", "AAAA", "no base64!", signed.signature[:-8] + "AAAAAAA="):
        assert keys.holds(replace(signed, signature=spoilt), **COPY) is False


def test_openssl_verifies_the_signature(tmp_path: Path) -> None:
    """Another implementation: SM2 with SM3 and the default user id of GB/T 32918."""
    key = new_key()
    signed = Sm2Keys(pem_of(key)).sign(**COPY, sm3=sm3(b"file"))
    (tmp_path / "key.pem").write_bytes(public_pem(key))
    (tmp_path / "signature").write_bytes(base64.b64decode(signed.signature))
    (tmp_path / "said").write_bytes(statement(**COPY, sm3=signed.sm3))
    command = ["openssl", "dgst", "-sm3", "-sigopt", "distid:1234567812345678", "-verify", "key.pem"]
    done = subprocess.run(
        [*command, "-signature", "signature", "said"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "Verified OK" in done.stdout, done.stderr


def test_after_a_change_of_key_the_old_signatures_are_still_known() -> None:
    old, new = new_key(), new_key()
    signed = Sm2Keys(pem_of(old)).sign(**COPY, sm3=sm3(b"file"))
    assert Sm2Keys(pem_of(new) + public_pem(old)).holds(signed, **COPY) is True
    assert Sm2Keys(pem_of(new)).holds(signed, **COPY) is None


def test_a_file_that_will_not_do_is_named(tmp_path: Path) -> None:
    p256 = subprocess.run(
        ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        capture_output=True,
        check=True,
    ).stdout
    for content in (b"", b"garbage", public_pem(new_key()), pem_of(new_key()) * 2, p256):
        (tmp_path / "key.pem").write_bytes(content)
        with pytest.raises(SettingsError, match="EQICHA_SEAL_SM2_KEY_FILE"):
            load_sm2(load_settings(seal_sm2_key_file=tmp_path / "key.pem"))
    with pytest.raises(SettingsError, match="cannot be read"):
        load_sm2(load_settings(seal_sm2_key_file=tmp_path / "none.pem"))
    assert load_sm2(load_settings()) is None
