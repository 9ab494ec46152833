"""Settings: every fault at once, nothing unknown, nothing unsafe in production."""

from pathlib import Path

import pytest

from conf.settings import Settings, SettingsError, load_settings


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("EQICHA_"):
            monkeypatch.delenv(name)


def test_every_fault_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQICHA_PORT", "many")
    monkeypatch.setenv("EQICHA_PROT", "8000")
    monkeypatch.setenv("EQICHA_MODE", "test")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    text = str(caught.value)
    assert "EQICHA_PORT" in text
    assert "EQICHA_PROT: no such setting" in text
    assert "EQICHA_MODE" in text


def test_a_file_gives_values_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "settings"
    path.write_text("# ours\nEQICHA_PORT=8100\nEQICHA_LOG_LEVEL=warning\n", encoding="utf-8")
    monkeypatch.setenv("EQICHA_SETTINGS_FILE", str(path))
    monkeypatch.setenv("EQICHA_PORT", "8200")
    settings = load_settings()
    assert (settings.port, settings.log_level) == (8200, "warning")


def test_production_refuses_what_is_unsafe() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(mode="production")
    faults = "\n".join(caught.value.faults)
    for name in ("BASE_URL", "KEYS_FILE", "CLAIM_KEY_FILE", "SEAL_PKCS12_FILE", "MONGO_URL", "IDENTITY_URL", "SMS_URL",
                 "TSA_URL", "IDENTITY_CLIENT_SECRET", "SMS_APP_KEY", "RATING_APP_WORD",
                 "ENTRY_SHB_URL", "ENTRY_SHB_KEY", "ENTRY_YST_URL", "ENTRY_YST_KEY",
                 "PROGRESS_URL", "PROGRESS_KEY", "IDENTITY_NOTICE_TOKEN", "SHARING_URL", "SHARING_TOKEN",
                 "LICENCE_URL", "LICENCE_KEY_FILE"):  # fmt: skip
        assert f"EQICHA_{name}" in faults, name


def test_production_sends_no_mail_in_clear_to_another_machine() -> None:
    def faults(**mail: str) -> str:
        with pytest.raises(SettingsError) as caught:
            load_settings(mode="production", **mail)
        return "\n".join(caught.value.faults)

    assert "EQICHA_MAIL_TLS" in faults(mail_host="post.example")
    assert "EQICHA_MAIL_TLS" not in faults(mail_host="post.example", mail_tls="starttls")
    assert "EQICHA_MAIL_TLS" not in faults(mail_host="")


def test_every_setting_says_what_it_means() -> None:
    silent = [name for name, field in Settings.model_fields.items() if len(field.description or "") < 10]
    assert not silent, f"give these settings a description in conf/settings.py: {silent}"


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    settings = load_settings(sms_app_key="s3cr3t-in-here")
    assert "s3cr3t-in-here" not in repr(settings)


def test_production_sends_documents_to_a_real_platform_only() -> None:
    def faults(**more: object) -> str:
        with pytest.raises(SettingsError) as caught:
            load_settings(mode="production", seal_provider="platform", **more)
        return "\n".join(caught.value.faults)

    assert "EQICHA_SEAL_URL" in faults()
    assert "EQICHA_SEAL_APP_KEY" in faults()
    assert "EQICHA_SEAL_PKCS12_FILE" not in faults(), "the platform holds the key"
    assert "EQICHA_SEAL_URL" in faults(seal_url="http://seal.example/api")
    good = faults(seal_url="https://seal.example/api", seal_app_key="a-key-of-our-own")
    assert "EQICHA_SEAL_URL" not in good
    assert "EQICHA_SEAL_APP_KEY" not in good
