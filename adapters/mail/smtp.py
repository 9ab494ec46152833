"""Mail over SMTP by aiosmtplib. An empty `mail_host` switches mail off."""

import contextlib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import aiosmtplib

from adapters.base import Observe, observe_nothing, open_line
from conf.clock import Clock, utc_now
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.settings import Settings, SettingsError

SYSTEM = "mail"
FINAL = range(500, 600)  # RFC 5321 §4.2.1: 5yz is a permanent negative answer
#: 5yz answers that speak of us (authentication, policy, commands), not of this message: the post office may be mended.
OURS_TO_MEND = frozenset({500, 501, 502, 503, 504, 530, 534, 535, 538})


class SmtpMail:
    """MailProvider; one connection a message, all steps within one deadline."""

    def __init__(self, settings: Settings, *, clock: Clock = utc_now, observe: Observe = observe_nothing) -> None:
        self._settings, self._clock = settings, clock
        self._tls = _tls(settings)
        self.line = open_line(SYSTEM, settings, observe=observe)

    async def send(self, *, to: str, subject: str, text: str, reference: str) -> str:
        """Send plain text; returns the Message-ID, which is made from `reference` and so the same each time."""
        if not self._settings.mail_host:
            raise ProviderRejected(SYSTEM, "mail is switched off (EQICHA_MAIL_HOST is empty)")
        message = self._message(to, subject, text, reference)
        async with self.line.call("send", reference):
            await self._deliver(message)
        return str(message["Message-ID"])

    async def close(self) -> None:
        """Nothing stays open between messages."""

    def _message(self, to: str, subject: str, text: str, reference: str) -> EmailMessage:
        message = EmailMessage()
        try:
            message["To"] = Address(addr_spec=to)
            message["Subject"] = subject
            message["From"] = self._settings.mail_from
            message["Message-ID"] = f"<{reference}@{self._settings.mail_from.partition('@')[2]}>"
        except (ValueError, IndexError):  # line breaks, no domain, not an address
            raise ProviderRejected(SYSTEM, "address or subject refused") from None
        message["Date"] = format_datetime(self._clock())
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
        message.set_content(text)
        return message

    async def _deliver(self, message: EmailMessage) -> None:
        client = self._client()
        try:
            await client.connect()
            await client.send_message(message)
            with contextlib.suppress(aiosmtplib.SMTPException):  # it has the message: how it says goodbye is all one
                await client.quit()
        except aiosmtplib.SMTPRecipientsRefused as fault:
            raise _fault_of(max(refusal.code for refusal in fault.recipients)) from None
        except aiosmtplib.SMTPResponseException as fault:
            raise _fault_of(fault.code) from None
        except aiosmtplib.SMTPException as fault:
            raise ProviderUnavailable(SYSTEM, f"no connection: {type(fault).__name__}") from None
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        s = self._settings
        return aiosmtplib.SMTP(
            hostname=s.mail_host,
            port=s.mail_port,
            use_tls=s.mail_tls == "tls",
            start_tls=s.mail_tls == "starttls",
            tls_context=self._tls,
            username=s.mail_user or None,
            password=s.mail_password.get_secret_value() or None,
            timeout=s.outside_total_seconds,
        )


def _tls(settings: Settings) -> ssl.SSLContext | None:
    """Name and certificate of the server are checked, TLS 1.2 or later. Raises SettingsError for a CA file unread."""
    if settings.mail_tls == "none":
        return None
    try:
        context = ssl.create_default_context(
            cafile=settings.mail_ca_file if settings.mail_ca_file != Path("") else None
        )
    except (OSError, ssl.SSLError) as fault:
        raise SettingsError([f"EQICHA_MAIL_CA_FILE: {fault}"]) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _fault_of(code: int) -> Exception:
    if code in FINAL and code not in OURS_TO_MEND:
        return ProviderRejected(SYSTEM, f"SMTP {code}")
    return ProviderUnavailable(SYSTEM, f"SMTP {code}")
