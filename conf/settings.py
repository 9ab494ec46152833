"""The one typed list of settings. Everything a deployment may set stands here and nowhere else.

Values come from `EQICHA_*` in the environment or from a file named by `EQICHA_SETTINGS_FILE` (KEY=value lines).
`load_settings` raises `SettingsError` with every fault at once; an unknown `EQICHA_` name is a fault too.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "EQICHA_"


class SettingsError(Exception):
    """All faults found, one line each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Settings(BaseSettings):
    """Every setting: type, default, meaning."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    # -- the service
    mode: Literal["development", "production"] = Field("development", description="production refuses unsafe values")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=1, le=65535, description="port to listen on")
    base_url: str = Field("http://127.0.0.1:8000", description="address visitors use; goes into QR codes and redirects")
    hosts: str = Field("127.0.0.1,localhost", description="comma-separated Host names answered; any other gets 404")
    trusted_proxy: bool = Field(False, description="take X-Real-IP and X-Forwarded-Proto from the proxy in front")
    var_dir: Path = Field(ROOT / "var", description="keys, caches, checkpoints and trial database; never committed")
    log_format: Literal["console", "json"] = Field("console", description="console for people, json for production")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is logged")
    drain_seconds: int = Field(25, ge=0, le=300, description="how long SIGTERM waits for requests under way")
    metrics_networks: str = Field("127.0.0.0/8,::1/128", description="networks that may read /metrics")
    worker_enabled: bool = Field(True, description="this process also does background work (sealing, messages, audit)")
    child_processes: int = Field(2, ge=1, le=64, description="child processes for PDF and image work")
    child_memory_mb: int = Field(1536, ge=256, description="address space limit of one child process, MiB")

    # -- storage
    mongo_url: str = Field("", description="MongoDB address; empty means the embedded trial database of `make run`")
    mongo_database: str = Field("eqicha", description="database name")
    redis_url: str = Field("", description="Redis for sessions and rate limits; empty keeps them in MongoDB/in process")
    keys_file: Path = Field(Path(""), description="JSON file of field, index and cookie keys; empty: made under var/")

    # -- keeping it
    backup_key_file: Path = Field(Path(""), description="base64 of 32 bytes sealing backups; empty: from keys_file")
    backup_max_hours: int = Field(26, ge=1, description="an inspection warns when the last backup is older than this")
    retention_orders_days: int = Field(1827, ge=183, description="orders that ended are removed after this long")
    retention_copies_days: int = Field(365, ge=30, description="a copy's file is removed this long after it expired")
    retention_audit_days: int = Field(1096, ge=183, description="audit events are removed after this long")

    # -- visitors
    session_idle_minutes: int = Field(30, ge=1, description="a visitor's session ends after this idle time")
    session_hours: int = Field(8, ge=1, description="a visitor's session ends at the latest after this time")
    kiosk_idle_seconds: int = Field(60, ge=15, description="a kiosk session is wiped after this idle time")
    staff_idle_minutes: int = Field(15, ge=1, description="a staff session ends after this idle time")
    staff_networks: str = Field("127.0.0.0/8,::1/128", description="networks staff may sign in from")
    search_per_minute: int = Field(120, ge=1, description="searches per address and minute")
    verify_per_minute: int = Field(20, ge=1, description="verifications per address and minute")
    order_per_hour: int = Field(30, ge=1, description="orders per account and hour")
    image_per_minute: int = Field(600, ge=1, description="page images per session and minute")

    # -- copies
    copy_valid_days: int = Field(90, ge=1, description="a copy can be verified as valid for this long")
    copy_download_days: int = Field(7, ge=1, description="a copy can be downloaded for this long")
    copy_max_pages: int = Field(500, ge=1, description="most pages in one copy")
    review_days: int = Field(3, ge=1, description="working days promised for a review")
    lawyer_grant_days: int = Field(30, ge=1, description="a lawyer's permission ends after this many days")
    pdf_engine: Literal["weasyprint", "wkhtmltopdf"] = Field("weasyprint", description="engine for HTML to PDF")
    claim_key_file: Path = Field(Path(""), description="Ed25519 key (PEM) signing page claims; empty: made under var/")

    # -- e-seal platform
    seal_provider: Literal["local"] = Field("local", description="which implementation of the seal interface")
    seal_pkcs12_file: Path = Field(Path(""), description="seal key and certificate; empty: development key under var/")
    seal_pkcs12_passphrase: SecretStr = Field(SecretStr(""), description="passphrase of the PKCS#12 file")
    seal_pkcs11_module: Path = Field(Path(""), description="PKCS#11 module (.so); used instead of PKCS#12 when set")
    seal_pkcs11_token: str = Field("", description="PKCS#11 token label")
    seal_pkcs11_key: str = Field("", description="PKCS#11 key and certificate label")
    seal_pkcs11_pin: SecretStr = Field(SecretStr(""), description="PKCS#11 user PIN")
    seal_ca_file: Path = Field(Path(""), description="PEM bundle of roots and intermediates; empty: development CA")
    seal_crl_file: Path = Field(Path(""), description="PEM or DER revocation list embedded in copies")
    seal_picture_file: Path = Field(Path(""), description="PNG of the seal; empty: drawn under var/")
    seal_name: str = Field("广州市天河区企业登记档案查询专用章", description="name on the seal")
    tsa_url: str = Field("http://127.0.0.1:8090/tsa", description="RFC 3161 time-stamp server")

    # -- unified identity (provincial OAuth2)
    identity_provider: Literal["tyrz"] = Field("tyrz", description="which implementation of the identity interface")
    identity_url: str = Field("http://127.0.0.1:8090/tyrz/pscp/sso/connect/page/oauth2", description="OAuth2 base")
    identity_logout_url: str = Field("http://127.0.0.1:8090/tyrz/_tif_sso_logout_/", description="sign-out address")
    identity_client_id: str = Field("eqicha-dev", description="client id given by the platform")
    identity_client_secret: SecretStr = Field(SecretStr("eqicha-dev-secret"), description="client secret")

    # -- messages
    sms_provider: Literal["gateway"] = Field("gateway", description="which implementation of the SMS interface")
    sms_url: str = Field("http://127.0.0.1:8090/sms", description="SMS platform address")
    sms_app_id: str = Field("eqicha-dev", description="application id at the SMS platform")
    sms_app_key: SecretStr = Field(SecretStr("eqicha-dev-sms-key"), description="key signing SMS requests")
    sms_signature: str = Field("天河e企查", description="text between 【】 in front of each message")
    sms_weight: int = Field(3, ge=1, le=100, description="share of messages sent through the first SMS vendor")
    sms2_provider: str = Field(
        "", pattern="^([a-z][a-z0-9_]{0,30})?$", description="second SMS vendor: a module of adapters/sms; empty: none"
    )
    sms2_url: str = Field("http://127.0.0.1:8090/textline", description="second SMS vendor's address")
    sms2_app_id: str = Field("eqicha-dev", description="account at the second SMS vendor")
    sms2_app_key: SecretStr = Field(SecretStr("eqicha-dev-sms2-key"), description="key signing its requests")
    sms2_weight: int = Field(1, ge=1, le=100, description="share of messages sent through the second SMS vendor")
    sms_error_share: float = Field(0.5, gt=0, le=1, description="share of failed or slow calls that leaves a vendor")
    sms_slow_seconds: float = Field(2.0, gt=0, description="a call to an SMS vendor that takes longer counts as failed")
    sms_rest_seconds: float = Field(45, gt=0, le=600, description="how long a vendor that was left is not used")
    mail_host: str = Field("127.0.0.1", description="SMTP server; empty switches mail off")
    mail_port: int = Field(8025, ge=1, le=65535, description="port of the SMTP server")
    mail_tls: Literal["none", "starttls", "tls"] = Field("none", description="transport security of SMTP")
    mail_user: str = Field("", description="user name at the SMTP server")
    mail_password: SecretStr = Field(SecretStr(""), description="password at the SMTP server")
    mail_from: str = Field("noreply@eqicha.example", description="sender address")

    # -- good/bad review (好差评)
    rating_provider: Literal["national"] = Field("national", description="which implementation of the rating interface")
    rating_url: str = Field("http://127.0.0.1:8090/hcp", description="rating platform address")
    rating_app_mark: str = Field("eqicha-dev", description="appMark given by the platform")
    rating_app_word: SecretStr = Field(SecretStr("eqicha-dev-word"), description="appWord given by the platform")
    rating_platform_key_file: Path = Field(
        Path(""), description="PEM, SM2 public key of the rating platform; empty: development key under var/"
    )
    rating_task_code: str = Field("11440106000000000X4440000000001", description="task code (事项编码)")
    rating_dept_code: str = Field("11440106000000000X", description="department's unified social credit code")

    # -- outside calls
    outside_connect_seconds: float = Field(1.5, gt=0, description="connect time-out of outside calls")
    outside_total_seconds: float = Field(2.8, gt=0, description="total time-out of outside calls a visitor waits for")
    outside_times: str = Field("", description="time-outs of single systems, `sms=1/2.5,seal=2/20` (connect/total)")
    outside_at_once: int = Field(8, ge=1, le=200, description="calls under way at one outside system at most")
    outside_failures: int = Field(5, ge=1, description="failures in a row that open a system's circuit breaker")
    outside_rest_seconds: float = Field(10, gt=0, description="how long an open breaker rests before one trial call")
    callback_skew_seconds: int = Field(180, ge=10, le=900, description="how far a caller's clock may differ from ours")

    @field_validator("outside_times")
    @classmethod
    def _times_can_be_read(cls, value: str) -> str:
        _times(value)
        return value

    def times_of(self, system: str) -> tuple[float, float]:
        """(connect, total) seconds allowed to a call of this outside system."""
        own = _times(self.outside_times).get(system)
        return own or (self.outside_connect_seconds, self.outside_total_seconds)

    @property
    def is_production(self) -> bool:
        return self.mode == "production"

    @property
    def is_secure(self) -> bool:
        """Visitors reach the service over TLS, so cookies may be Secure and `__Host-`."""
        return self.base_url.startswith("https://")


def _times(text: str) -> dict[str, tuple[float, float]]:
    """`sms=1/2.5,seal=2/20` → seconds by system; ValueError says what is wrong with it."""
    found = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        system, _, times = part.partition("=")
        connect, _, total = times.partition("/")
        try:
            seconds = float(connect), float(total)
        except ValueError:
            raise ValueError(f"write {part!r} as system=connect/total, both in seconds") from None
        if not 0 < seconds[0] <= seconds[1] <= 300:
            raise ValueError(f"{part!r}: 0 < connect <= total <= 300 seconds")
        found[system.strip()] = seconds
    return found


def load_settings(**overrides: object) -> Settings:
    """Read all settings; raises SettingsError listing every fault at once."""
    values = _from_file() | _from_environment()
    known = set(Settings.model_fields)
    faults = [f"{PREFIX}{name.upper()}: no such setting" for name in sorted(set(values) - known)]
    values = {name: value for name, value in values.items() if name in known} | overrides
    try:
        settings = Settings.model_construct(**Settings.model_validate(values).__dict__)
    except ValidationError as fault:
        faults += [f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg']}" for e in fault.errors()]
        raise SettingsError(faults) from None
    faults += _unsafe(settings)
    if faults:
        raise SettingsError(faults)
    return settings


def _from_environment() -> dict[str, object]:
    skip = {"SETTINGS_FILE"}
    return {
        name.removeprefix(PREFIX).lower(): value
        for name, value in os.environ.items()
        if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in skip and not name.startswith(PREFIX + "TEST_")
    }


def _from_file() -> dict[str, object]:
    path = os.environ.get(PREFIX + "SETTINGS_FILE")
    if not path:
        return {}
    if not Path(path).is_file():
        raise SettingsError([f"{PREFIX}SETTINGS_FILE: no file at {path}"])
    values: dict[str, object] = {}
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            name, _, value = line.partition("=")
            values[name.strip().removeprefix(PREFIX).lower()] = value.strip()
    return values


def _unsafe(s: Settings) -> list[str]:
    """What production refuses: plain HTTP, sandbox counterparts, development keys, weak database addresses."""
    if not s.is_production:
        return []
    faults = []
    if not s.is_secure:
        faults.append("EQICHA_BASE_URL: production needs https://")
    if s.log_format != "json":
        faults.append("EQICHA_LOG_FORMAT: production needs json")
    faults += [
        f"{PREFIX}{name.upper()}: production needs a file of its own, development keys are refused"
        for name in (
            "keys_file",
            "claim_key_file",
            "seal_ca_file",
            "seal_crl_file",
            "seal_picture_file",
            "rating_platform_key_file",
        )
        if getattr(s, name) == Path("")
    ]
    if s.seal_pkcs12_file == Path("") and s.seal_pkcs11_module == Path(""):
        faults.append("EQICHA_SEAL_PKCS12_FILE: production needs a seal key (or EQICHA_SEAL_PKCS11_MODULE)")
    faults += [
        f"{PREFIX}{name.upper()}: the sandbox is refused in production"
        for name in ("identity_url", "identity_logout_url", "sms_url", "rating_url", "tsa_url")
        if "127.0.0.1" in getattr(s, name) or "localhost" in getattr(s, name)
    ]
    faults += [
        f"{PREFIX}{name.upper()}: the development value is refused in production"
        for name in ("identity_client_secret", "sms_app_key", "rating_app_word")
        if "eqicha-dev" in getattr(s, name).get_secret_value()
    ]
    if s.sms2_provider and ("127.0.0.1" in s.sms2_url or "eqicha-dev" in s.sms2_app_key.get_secret_value()):
        faults.append("EQICHA_SMS2_URL: the sandbox and its key are refused in production")
    if not s.mongo_url:
        faults.append("EQICHA_MONGO_URL: production needs its own replica set")
    elif "replicaSet=" not in s.mongo_url:
        faults.append("EQICHA_MONGO_URL: name the replica set (replicaSet=…); a standalone database is refused")
    return faults
