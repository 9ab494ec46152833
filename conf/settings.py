"""The one typed list of settings. Everything a deployment may set stands here and nowhere else.

Values come from `EQICHA_*` in the environment or from a file named by `EQICHA_SETTINGS_FILE` (KEY=value lines).
`load_settings` raises `SettingsError` with every fault at once; an unknown `EQICHA_` name is a fault too.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from conf.terms import Channel, EntryPoint

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "EQICHA_"
#: Addresses that may not lead to the sandbox in production.


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
    accel_dir: Path = Field(
        Path(""), description="folder on tmpfs page pictures are handed to nginx in (X-Accel-Redirect); empty: not so"
    )
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
    retention_cases_days: int = Field(1827, ge=1096, description="closed, checked cases of organs go after this long")
    retention_work_days: int = Field(
        1096, ge=183, description="tasks, loans, notices, settled differences, messages of no order go this long after"
    )
    retention_accounts_days: int = Field(
        1096, ge=183, description="accounts nobody signed in to go after this long, never before the audit's term"
    )
    retention_inbox_days: int = Field(365, ge=30, description="what counterparts told us is removed after this long")
    retention_audit_days: int = Field(1096, ge=183, description="audit events are removed after this long")

    # -- visitors
    session_idle_minutes: int = Field(30, ge=1, description="a visitor's session ends after this idle time")
    session_hours: int = Field(8, ge=1, description="a visitor's session ends at the latest after this time")
    kiosk_idle_seconds: int = Field(60, ge=15, description="a kiosk session is wiped after this idle time")
    staff_idle_minutes: int = Field(15, ge=1, description="a staff session ends after this idle time")
    staff_password_days: int = Field(90, ge=0, description="days until a staff password must be changed; 0: never")
    staff_password_history: int = Field(5, ge=1, le=24, description="so many last staff passwords may not come again")
    staff_link_hours: int = Field(24, ge=1, le=168, description="a link for setting up staff credentials is good for")
    government_networks: str = Field(
        "127.0.0.0/8,::1/128", description="the government network: whoever is not on it finds no /gov address"
    )
    government_check_days: int = Field(5, ge=1, description="working days until looks of organs are checked afterwards")
    staff_networks: str = Field("127.0.0.0/8,::1/128", description="networks staff may sign in from")
    search_per_minute: int = Field(120, ge=1, description="searches per address and minute")
    verify_per_minute: int = Field(20, ge=1, description="verifications per address and minute")
    order_per_hour: int = Field(30, ge=1, description="orders per account and hour")
    looker_delay_days: int = Field(90, ge=0, description="a company is told of an organ's look after so many days")
    looker_silent_organs: bool = Field(True, description="a company is never told of an organ's look")
    image_per_minute: int = Field(600, ge=1, description="page images per session and minute")

    # -- copies
    copy_valid_days: int = Field(90, ge=1, description="a copy can be verified as valid for this long")
    copy_download_days: int = Field(7, ge=1, description="a copy can be downloaded for this long")
    copy_max_pages: int = Field(500, ge=1, description="most pages in one copy")
    review_days: int = Field(3, ge=1, description="working days promised for a review")
    review_warn_days: int = Field(1, ge=0, description="working days before the end of a review when a warning shows")
    review_claim_minutes: int = Field(
        30, ge=1, description="a reviewer's claim on an order lapses after so many minutes"
    )
    review_answer_days: int = Field(5, ge=1, description="working days a visitor has to answer a reviewer's question")
    task_page_days: int = Field(5, ge=1, description="working days to deal with a report of a bad page")
    task_scan_days: int = Field(10, ge=1, description="working days to scan a paper somebody asked for")
    task_per_day: int = Field(20, ge=1, description="reports and requests for scans per account and day")
    paper_keep_years: int = Field(20, ge=20, description="papers are kept this long after their company has ended")
    paper_loan_days: int = Field(10, ge=1, description="working days papers are lent for")
    paper_extension_days: int = Field(5, ge=1, description="working days a loan of papers is extended by, once")
    lawyer_grant_days: int = Field(30, ge=1, description="a lawyer's permission ends after this many days")
    copy_recheck: Literal["none", "sms"] = Field(
        "none", description="before a copy is handed out: nothing more, or a code sent by SMS (level L3 needs none)"
    )
    pdf_engine: Literal["weasyprint", "wkhtmltopdf"] = Field("weasyprint", description="engine for HTML to PDF")
    claim_key_file: Path = Field(Path(""), description="Ed25519 key (PEM) signing page claims; empty: made under var/")

    # -- e-seal platform
    seal_provider: Literal["local", "platform"] = Field("local", description="our own key, or the e-seal platform")
    seal_id: str = Field("TH-ARCHIVE-1", description="which seal of the register (and of the platform) copies carry")
    seal_url: str = Field("http://127.0.0.1:8090/eseal", description="e-seal platform address")
    seal_app_id: str = Field("eqicha-dev", description="application id (x-tif-paasid) at the e-seal platform")
    seal_app_key: SecretStr = Field(SecretStr("eqicha-dev-seal-key"), description="token signing e-seal requests")
    seal_sm2_key_file: Path = Field(
        Path(""), description="PEM, SM2 private key signing each copy's digests (and older public keys); empty: none"
    )
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
    identity_notice_id: str = Field("tyrz-dev", description="x-tif id the platform signs its sign-out notices with")
    identity_notice_token: SecretStr = Field(SecretStr("eqicha-dev-notice"), description="token of those signatures")

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
    code_per_hour: int = Field(5, ge=1, description="one-time codes sent to one telephone number an hour")
    code_per_number: int = Field(10, ge=1, description="one-time codes sent to one telephone number a day")
    code_per_account: int = Field(10, ge=1, description="one-time codes sent for one account a day")
    code_per_address: int = Field(200, ge=1, description="one-time codes sent at the request of one address a day")
    mail_host: str = Field("127.0.0.1", description="SMTP server; empty switches mail off")
    mail_port: int = Field(8025, ge=1, le=65535, description="port of the SMTP server")
    mail_tls: Literal["none", "starttls", "tls"] = Field("none", description="transport security of SMTP")
    mail_ca_file: Path = Field(Path(""), description="PEM of the CA of the SMTP server; empty: the system's own")
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
    rating_style: Literal["push", "redirect"] = Field(
        "push", description="push: our own form, reported; redirect: the platform's page, which reports to us"
    )
    rating_page_url: str = Field("http://127.0.0.1:8090/hcp/page", description="the platform's page (redirect style)")
    rating_channels: str = Field(
        "pc=1,mobile=2,kiosk=5,staff=5,shb=2,yst=2",
        description="the platform's channel codes (`pf`); `default=7` gives default ratings one of their own",
    )
    rating_default_days: int = Field(0, ge=0, le=365, description="days until an unrated copy counts as fair; 0: never")
    rating_contact_days: int = Field(1, ge=1, description="working days to speak with who gave a low rating")
    rating_rectify_days: int = Field(5, ge=1, description="working days to put right what a low rating says")
    rating_callback_days: int = Field(15, ge=1, description="working days to call back who gave a low rating")

    # -- entries of other systems (portal, 穗好办, 粤商通)
    entry_shb_url: str = Field("http://127.0.0.1:8090/shb", description="穗好办: address where tickets are exchanged")
    entry_shb_id: str = Field("eqicha-dev-shb", description="穗好办: application id")
    entry_shb_key: SecretStr = Field(SecretStr("eqicha-dev-shb-key"), description="穗好办: key signing our calls")
    entry_shb_tasks: str = Field(
        "EQC-SHB-01", description="穗好办: task codes accepted, the usual one first; empty: shut"
    )
    entry_yst_url: str = Field("http://127.0.0.1:8090/yst", description="粤商通: address where tickets are exchanged")
    entry_yst_id: str = Field("eqicha-dev-yst", description="粤商通: application id")
    entry_yst_key: SecretStr = Field(SecretStr("eqicha-dev-yst-key"), description="粤商通: key signing our calls")
    entry_yst_tasks: str = Field(
        "EQC-YST-01", description="粤商通: task codes accepted, the usual one first; empty: shut"
    )
    entry_portal_tasks: str = Field(
        "11440106000000000X4440000000001", description="service portal: task codes (sxbm) accepted, comma-separated"
    )
    entry_per_minute: int = Field(60, ge=1, description="arrivals with a ticket or task code per address and minute")
    progress_url: str = Field("http://127.0.0.1:8090/portal", description="service portal: where progress is told")
    progress_id: str = Field("eqicha-dev", description="service portal: application id")
    progress_key: SecretStr = Field(SecretStr("eqicha-dev-portal-key"), description="service portal: key signing calls")

    # -- municipal sharing platform, electronic business licence
    sharing_url: str = Field("http://127.0.0.1:8090/sharing", description="sharing platform behind the gateway")
    sharing_paas_id: str = Field("eqicha-dev", description="x-tif-paasid given by the gateway")
    sharing_token: SecretStr = Field(SecretStr("eqicha-dev-sharing-token"), description="token signing gateway calls")
    sharing_unit: str = Field("11440106000000000X", description="unified code of the unit that asks (使用单位)")
    sharing_company_service: str = Field("gz-scjg-qyjbxx", description="x-tif-serviceId: registration items")
    sharing_business_service: str = Field("gz-scjg-yyzz", description="x-tif-serviceId: business licence")
    sharing_lawyer_service: str = Field("gz-sfj-lszyz", description="x-tif-serviceId: lawyer's practising licence")
    licence_url: str = Field("http://127.0.0.1:8090/licence", description="electronic licence platform; goes into QRs")
    licence_issuer: str = Field("https://licence.sandbox.example", description="iss of the platform's signed calls")
    licence_client_id: str = Field("eqicha-dev", description="client id given by the platform; aud of its calls")
    licence_key_file: Path = Field(
        Path(""), description="PEM, the licence platform's public key (P-256, Ed25519); empty: development key in var/"
    )
    licence_minutes: int = Field(5, ge=1, le=15, description="a QR code for signing in with a licence lives this long")

    # -- outside calls
    outside_connect_seconds: float = Field(1.5, gt=0, description="connect time-out of outside calls")
    outside_total_seconds: float = Field(2.8, gt=0, description="total time-out of outside calls a visitor waits for")
    outside_times: str = Field("seal=2/30", description="time-outs of single systems, `sms=1/2.5,seal=2/20`")
    outside_at_once: int = Field(8, ge=1, le=200, description="calls under way at one outside system at most")
    outside_failures: int = Field(5, ge=1, description="failures in a row that open a system's circuit breaker")
    outside_rest_seconds: float = Field(10, gt=0, description="how long an open breaker rests before one trial call")
    callback_skew_seconds: int = Field(180, ge=10, le=900, description="how far a caller's clock may differ from ours")

    @field_validator("outside_times")
    @classmethod
    def _times_can_be_read(cls, value: str) -> str:
        _times(value)
        return value

    @field_validator("rating_channels")
    @classmethod
    def _channels_can_be_read(cls, value: str) -> str:
        _channels(value)
        return value

    @property
    def rating_channel_codes(self) -> dict[str, str]:
        """Code by channel name, and by "default" where default ratings have one of their own."""
        return _channels(self.rating_channels)

    def times_of(self, system: str) -> tuple[float, float]:
        """(connect, total) seconds allowed to a call of this outside system."""
        own = _times(self.outside_times).get(system)
        return own or (self.outside_connect_seconds, self.outside_total_seconds)

    def tasks_of(self, entry: EntryPoint) -> tuple[str, ...]:
        """The task codes this entry may bring, the usual one first."""
        text = {
            EntryPoint.SHB: self.entry_shb_tasks,
            EntryPoint.YST: self.entry_yst_tasks,
            EntryPoint.PORTAL: self.entry_portal_tasks,
        }[entry]
        return tuple(filter(None, (code.strip() for code in text.split(","))))

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


def _channels(text: str) -> dict[str, str]:
    """`pc=1,mobile=2,kiosk=5` → code by name; ValueError says what is wrong with it."""
    found: dict[str, str] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, _, code = (each.strip() for each in part.partition("="))
        if name not in (*Channel, "default"):
            raise ValueError(f"{part!r}: no such channel; there are {', '.join(Channel)} and default")
        if name in found:
            raise ValueError(f"{part!r}: {name} is given twice")
        if not (code.isascii() and code.isdecimal() and len(code) <= 2):
            raise ValueError(f"write {part!r} as channel=code, the code one or two digits")
        found[name] = code
    if missing := [name for name in ("pc", "mobile", "kiosk") if name not in found]:
        raise ValueError(f"no code for {', '.join(missing)}")
    return found


def load_settings(**overrides: object) -> Settings:
    """Read all settings; raises SettingsError listing every fault at once."""
    from conf.safety import unsafe  # it names Settings itself

    values = _from_file() | _from_environment()
    known = set(Settings.model_fields)
    faults = [f"{PREFIX}{name.upper()}: no such setting" for name in sorted(set(values) - known)]
    values = {name: value for name, value in values.items() if name in known} | overrides
    try:
        settings = Settings.model_construct(**Settings.model_validate(values).__dict__)
    except ValidationError as fault:
        faults += [f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg']}" for e in fault.errors()]
        raise SettingsError(faults) from None
    faults += unsafe(settings)
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
