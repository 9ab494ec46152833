"""Keys: made once in development, refused where they do not belong."""

import base64
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from conf.keys import load_keys
from conf.settings import SettingsError, load_settings
from handlers.flows.evidence import is_signed, signer
from store.audit_leaf import signed_text
from store.records import Checkpoint


def test_development_keys_are_made_once_even_by_two_starting_together(tmp_path: Path) -> None:
    settings = load_settings(var_dir=tmp_path)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: load_keys(settings), range(16)))
    assert len({keys.blind for keys in made}) == 1
    assert len({keys.claim.public_key().public_bytes_raw() for keys in made}) == 1
    for path in (tmp_path / "dev").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_damaged_keys_file_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "keys.json"
    bad.write_text(json.dumps({"fields": {"k1": "c2hvcnQ="}}), encoding="utf-8")
    with pytest.raises(SettingsError, match="EQICHA_KEYS_FILE"):
        load_keys(load_settings(var_dir=tmp_path, keys_file=bad))


def test_keys_never_show_when_printed(tmp_path: Path) -> None:
    keys = load_keys(load_settings(var_dir=tmp_path))
    assert "b'" not in repr(keys)


def test_a_retired_audit_key_goes_on_vouching_and_signs_nothing_new(tmp_path: Path) -> None:
    settings = load_settings(var_dir=tmp_path)
    old = load_keys(settings)
    checkpoint = Checkpoint(size=3, root="ab", at=datetime(2026, 11, 21, tzinfo=UTC), key_id="", signature="")
    signature = old.audit.sign(signed_text(checkpoint.size, checkpoint.root, checkpoint.at))
    checkpoint = replace(checkpoint, signature=base64.b64encode(signature).decode())
    file = tmp_path / "dev" / "keys.json"
    raw = json.loads(file.read_text())
    fresh = base64.b64encode(b"n" * 32).decode()
    file.write_text(json.dumps(raw | {"audit": fresh}))
    assert not is_signed(checkpoint, load_keys(settings)), "a key that was thrown away vouches for nothing"
    file.write_text(json.dumps(raw | {"audit": fresh, "audit_retired": [raw["audit"]]}))
    keys = load_keys(settings)
    assert is_signed(checkpoint, keys)
    assert signer(keys)(b"text")[1] == Ed25519PrivateKey.from_private_bytes(b"n" * 32).sign(b"text")
