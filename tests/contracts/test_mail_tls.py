"""Mail to a real SMTP server over TLS, begun by STARTTLS or from the first byte; who it is is checked before a word."""

import asyncio
import ssl
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.mail.smtp import SmtpMail
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.settings import SettingsError, load_settings
from tests.outside import Run

USER, PASSWORD = "eqicha", "fictional-post-password"
NAME = "localhost"


@dataclass
class Authority:
    """A certificate authority of one test."""

    folder: Path
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def name(self) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Fictional Test CA")])

    @property
    def file(self) -> Path:
        path = self.folder / "ca.pem"
        made = self._certificate(self.name, self.key.public_key(), extension=x509.BasicConstraints(True, None))
        path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return path

    def server(self, host: str = NAME, *, days: int = 1) -> ssl.SSLContext:
        """A server's TLS with a certificate for `host` that ends in `days` days."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        made = self._certificate(name, key.public_key(), extension=names, days=days)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = self.folder / f"{host}.pem"
        path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _certificate(self, name: x509.Name, key: Any, *, extension: Any, days: int = 1) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=30))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        )
        return builder.sign(self.key, hashes.SHA256())


@dataclass
class Post:
    """A post office: what it took, and what anybody tried to sign in with."""

    taken: list[bytes] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Envelope) -> str:
        self.taken.append(bytes(envelope.content or b""))
        return "250 2.0.0 kept"

    def authenticate(self, _server: SMTP, _session: Any, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.tried.append(data.password.decode())
        return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def sent(run: Run, authority: Authority, var_dir: Path) -> Callable[..., Post]:
    """Sends one mail to a post office of the given kind; the post office comes back, or the adapter's fault."""

    def send(tls: str, context: ssl.SSLContext | None, *, needs_user: bool = False, **changes: Any) -> Post:
        settings = load_settings(
            var_dir=var_dir, mail_host=NAME, mail_tls=tls, **{"mail_ca_file": authority.file} | changes
        )
        return run(_sent(settings, tls, context, needs_user=needs_user))

    return send


async def _sent(settings: Any, tls: str, context: ssl.SSLContext | None, *, needs_user: bool) -> Post:
    post = Post()

    def office() -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it does not see that TLS was there from the first byte
            return SMTP(
                post,
                hostname=NAME,
                loop=asyncio.get_running_loop(),
                tls_context=context if tls == "starttls" else None,
                require_starttls=bool(context) and tls == "starttls",
                authenticator=post.authenticate,
                auth_required=needs_user,
                auth_require_tls=tls == "starttls",
            )

    server = await asyncio.get_running_loop().create_server(
        office, "127.0.0.1", 0, ssl=context if tls == "tls" else None
    )
    mail = SmtpMail(settings.model_copy(update={"mail_port": server.sockets[0].getsockname()[1]}))
    try:
        await mail.send(to="visitor@example.com", subject="已办好", text="单号 TH1\n", reference="TH1.mail")
    except (ProviderRejected, ProviderUnavailable) as fault:
        fault.add_note(f"taken={len(post.taken)} tried={post.tried}")
        raise
    finally:
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.05)  # what was cut off closes on the server's side too
    return post


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_mail_goes_over_tls(sent: Callable[..., Post], authority: Authority, tls: str) -> None:
    (message,) = sent(tls, authority.server()).taken
    assert b"Message-ID: <TH1.mail@eqicha.example>" in message


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_the_post_office_that_asks_for_a_user_gets_ours(
    sent: Callable[..., Post], authority: Authority, tls: str
) -> None:
    post = sent(tls, authority.server(), needs_user=True, mail_user=USER, mail_password=PASSWORD)
    assert len(post.taken) == 1
    assert set(post.tried) == {PASSWORD}


@pytest.mark.parametrize("tls", ["starttls", "tls"])
@pytest.mark.parametrize("user", [{"mail_user": USER, "mail_password": "wrong"}, {}])
def test_a_wrong_password_or_none_is_ours_to_mend_and_the_mail_waits(
    sent: Callable[..., Post], authority: Authority, tls: str, user: dict[str, str]
) -> None:
    with pytest.raises(ProviderUnavailable) as caught:
        sent(tls, authority.server(), needs_user=True, **user)
    assert "taken=0" in caught.value.__notes__[0]


def another(authority: Authority, tmp_path: Path) -> ssl.SSLContext:
    folder = tmp_path / "another"
    folder.mkdir()
    return Authority(folder).server()


@pytest.mark.parametrize("tls", ["starttls", "tls"])
@pytest.mark.parametrize("fault", ["another name", "out of date", "another authority"])
def test_a_certificate_that_proves_nobody_gets_neither_mail_nor_password(
    sent: Callable[..., Post], authority: Authority, tmp_path: Path, tls: str, fault: str
) -> None:
    context = {
        "another name": lambda: authority.server("post.example"),
        "out of date": lambda: authority.server(days=-1),
        "another authority": lambda: another(authority, tmp_path),
    }[fault]()
    with pytest.raises(ProviderUnavailable) as caught:
        sent(tls, context, needs_user=True, mail_user=USER, mail_password=PASSWORD)
    assert caught.value.__notes__ == ["taken=0 tried=[]"]


def test_a_post_office_without_tls_is_not_spoken_to_in_clear(sent: Callable[..., Post]) -> None:
    with pytest.raises(ProviderUnavailable) as caught:
        sent("starttls", None, mail_user=USER, mail_password=PASSWORD)
    assert caught.value.__notes__ == ["taken=0 tried=[]"]


def test_a_private_authority_is_trusted_for_mail_only_when_it_is_named(
    sent: Callable[..., Post], authority: Authority
) -> None:
    with pytest.raises(ProviderUnavailable):
        sent("tls", authority.server(), mail_ca_file=Path(""))


def test_an_authority_that_cannot_be_read_is_told_at_the_start(var_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.pem").write_text("no certificate")
    for name in ("missing.pem", "broken.pem"):
        with pytest.raises(SettingsError, match="EQICHA_MAIL_CA_FILE"):
            SmtpMail(load_settings(var_dir=var_dir, mail_tls="tls", mail_ca_file=tmp_path / name))
