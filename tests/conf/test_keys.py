"""Keys: made once in development, refused where they do not belong."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conf.keys import load_keys
from conf.settings import SettingsError, load_settings


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
