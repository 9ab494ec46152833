"""The development CA: made once, for its owner only, and refused in production."""

import threading
from pathlib import Path

import pytest
from cryptography import x509

from adapters.seal.pki import development_pki, development_tsa, is_development, seal_files
from conf.settings import SettingsError, load_settings


def test_processes_starting_together_end_with_one_set_of_keys(tmp_path: Path) -> None:
    found: list[bytes] = []
    start = threading.Barrier(3)

    def begin() -> None:
        start.wait()
        found.append((development_pki(tmp_path) / "ca.pem").read_bytes())

    threads = [threading.Thread(target=begin) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert len(set(found)) == 1
    assert [folder.name for folder in (tmp_path / "dev").iterdir()] == ["pki"], "drafts are cleared away"


def test_key_files_are_readable_by_their_owner_only(var_dir: Path) -> None:
    folder = development_pki(var_dir)
    assert {path.name for path in folder.iterdir()} == {"ca.pem", "crl.pem", "seal.p12", "tsa.pem", "tsa-key.pem"}
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def test_every_development_certificate_says_so(var_dir: Path) -> None:
    authority = x509.load_pem_x509_certificate((development_pki(var_dir) / "ca.pem").read_bytes())
    _, stamp = development_tsa(var_dir)
    assert is_development(authority)
    assert is_development(stamp)
    assert "测试" in authority.subject.rfc4514_string()


def test_production_refuses_the_development_ca_and_names_every_fault(var_dir: Path, tmp_path: Path) -> None:
    made = development_pki(var_dir)
    settings = load_settings(
        mode="development",
        var_dir=tmp_path,
        seal_ca_file=made / "ca.pem",
        seal_crl_file=made / "crl.pem",
        seal_pkcs12_file=made / "seal.p12",
        seal_pkcs12_passphrase="eqicha-development",
    )
    production = settings.model_copy(update={"mode": "production"})
    with pytest.raises(SettingsError) as caught:
        seal_files(production)
    assert [fault.partition(":")[0] for fault in caught.value.faults] == [
        "EQICHA_SEAL_CA_FILE",
        "EQICHA_SEAL_PKCS12_FILE",
    ]


def test_a_missing_or_wrong_file_is_named(tmp_path: Path, var_dir: Path) -> None:
    (tmp_path / "list.pem").write_text("nothing of use")
    settings = load_settings(var_dir=var_dir, seal_ca_file=tmp_path / "none.pem", seal_crl_file=tmp_path / "list.pem")
    with pytest.raises(SettingsError) as caught:
        seal_files(settings)
    assert [fault.partition(":")[0] for fault in caught.value.faults] == ["EQICHA_SEAL_CA_FILE", "EQICHA_SEAL_CRL_FILE"]
