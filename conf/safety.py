"""What production refuses of the settings; read by conf/settings.load_settings, which lists every fault at once."""

from collections.abc import Iterator
from pathlib import Path

from conf.settings import PREFIX, Settings

#: Must be files of one's own.
FILES = (
    "keys_file", "claim_key_file", "seal_ca_file", "seal_crl_file", "seal_picture_file", "rating_platform_key_file",
    "licence_key_file",
)  # fmt: skip
#: Must lead to the real system, not to the sandbox.
URLS = ("identity_url", "identity_logout_url", "sms_url", "rating_url", "tsa_url", "sharing_url", "licence_url")
#: Must not be what a trial set uses.
WORDS = ("identity_client_secret", "identity_notice_token", "sms_app_key", "rating_app_word", "sharing_token")
SANDBOX, DEVELOPMENT = ("127.0.0.1", "localhost"), "eqicha-dev"


def unsafe(s: Settings) -> list[str]:
    """One line a fault: plain HTTP, sandbox counterparts, development keys, weak database addresses."""
    return (
        [*_own(s), *_counterparts(s), *_seal(s), *_rating_page(s), *_entries(s), *_mail(s), *_database(s)]
        if (s.is_production)
        else []
    )


def _own(s: Settings) -> Iterator[str]:
    if not s.is_secure:
        yield "EQICHA_BASE_URL: production needs https://"
    if s.log_format != "json":
        yield "EQICHA_LOG_FORMAT: production needs json"
    if s.accel_dir != Path("") and not s.trusted_proxy:
        yield "EQICHA_ACCEL_DIR: without nginx in front (EQICHA_TRUSTED_PROXY) nobody would send what is handed over"
    for name in FILES:
        if getattr(s, name) == Path(""):
            yield f"{PREFIX}{name.upper()}: production needs a file of its own, development keys are refused"


def _counterparts(s: Settings) -> Iterator[str]:
    for name in URLS:
        if _is_sandbox(getattr(s, name)):
            yield f"{PREFIX}{name.upper()}: the sandbox is refused in production"
    for name in WORDS:
        if _is_development(s, name):
            yield f"{PREFIX}{name.upper()}: the development value is refused in production"
    if s.sms2_provider and (_is_sandbox(s.sms2_url) or _is_development(s, "sms2_app_key")):
        yield "EQICHA_SMS2_URL: the sandbox and its key are refused in production"


def _seal(s: Settings) -> Iterator[str]:
    """A key of our own, or the e-seal platform over TLS: the PDFs themselves go there."""
    if s.seal_provider == "local":
        if s.seal_pkcs12_file == Path("") and s.seal_pkcs11_module == Path(""):
            yield "EQICHA_SEAL_PKCS12_FILE: production needs a seal key (or EQICHA_SEAL_PKCS11_MODULE)"
        return
    if not s.seal_url.startswith("https://") or _is_sandbox(s.seal_url):
        yield "EQICHA_SEAL_URL: production needs the platform's own https:// address"
    if _is_development(s, "seal_app_key"):
        yield "EQICHA_SEAL_APP_KEY: the development value is refused in production"


def _rating_page(s: Settings) -> Iterator[str]:
    """In the redirect style names and numbers stand in the address of the platform's page."""
    is_safe = s.rating_page_url.startswith("https://") and not _is_sandbox(s.rating_page_url)
    if s.rating_style == "redirect" and not is_safe:
        yield "EQICHA_RATING_PAGE_URL: names and numbers pass in it, production needs https:// and no sandbox"


def _entries(s: Settings) -> Iterator[str]:
    """Of the entries that are open, and of telling the portal."""
    used = [name for name, tasks in {"entry_shb": s.entry_shb_tasks, "entry_yst": s.entry_yst_tasks}.items() if tasks]
    used += ["progress"] if used or s.entry_portal_tasks else []
    for name in used:
        if not getattr(s, f"{name}_url").startswith("https://"):
            yield f"{PREFIX}{name.upper()}_URL: production needs the system's own https:// address"
        if _is_development(s, f"{name}_key"):
            yield f"{PREFIX}{name.upper()}_KEY: the development value is refused in production"


def _mail(s: Settings) -> Iterator[str]:
    if s.mail_host not in ("", *SANDBOX) and s.mail_tls == "none":
        yield "EQICHA_MAIL_TLS: production sends mail in clear to no other machine"


def _database(s: Settings) -> Iterator[str]:
    if not s.mongo_url:
        yield "EQICHA_MONGO_URL: production needs its own replica set"
    elif "replicaSet=" not in s.mongo_url:
        yield "EQICHA_MONGO_URL: name the replica set (replicaSet=…); a standalone database is refused"


def _is_sandbox(url: str) -> bool:
    return any(host in url for host in SANDBOX)


def _is_development(s: Settings, name: str) -> bool:
    return DEVELOPMENT in getattr(s, name).get_secret_value()
