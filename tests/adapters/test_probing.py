"""`eqicha.py check` and the counterparts: reached or not, clock, certificate, breaker of the running service."""

import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from adapters.probing import probes
from conf.errors import ProviderUnavailable
from conf.settings import load_settings
from handlers.flows import checking
from tests.outside import Run, run, runner

__all__ = ["run", "runner"]

Open = Callable[..., int]


@pytest.fixture
def listening(run: Run) -> Iterator[Open]:
    """Opens a server that answers with the given headers and text; returns its port."""
    servers = []

    def opened(*, headers: dict[str, str] | None = None, text: str = "", tls: ssl.SSLContext | None = None) -> int:
        class Page(RequestHandler):
            def get(self) -> None:
                for name, value in (headers or {}).items():
                    self.set_header(name, value)
                self.finish(text)

        async def serve() -> int:
            (socket,) = bind_sockets(0, "127.0.0.1")
            server = HTTPServer(Application([(".*", Page)]), ssl_options=tls)
            server.add_sockets([socket])
            servers.append(server)
            return int(socket.getsockname()[1])

        port: int = run(serve())
        return port

    yield opened
    for server in servers:
        server.stop()
        run(server.close_all_connections())


def asked(run: Run, url: str, verify: Any = True) -> str:
    line: str = run(probes(load_settings(sms_url=url, mail_host=""), verify=verify)["sms"]())
    return line


def test_a_counterpart_that_answers_tells_its_clock(run: Run, listening: Open) -> None:
    line = asked(run, f"http://127.0.0.1:{listening()}/sms")
    assert "answers, clock" in line
    assert "no TLS" in line


def test_a_clock_that_is_off_is_named_with_its_seconds(run: Run, listening: Open) -> None:
    port = listening(headers={"Date": format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)})
    with pytest.raises(ProviderUnavailable, match=r"clock differs by \+3[56]\d\d s"):
        asked(run, f"http://127.0.0.1:{port}/sms")


def test_nothing_there_is_said_in_one_line(run: Run) -> None:
    with pytest.raises(ProviderUnavailable, match=r"nothing answers at http://127\.0\.0\.1:9"):
        asked(run, "http://127.0.0.1:9/sms")


@pytest.mark.parametrize(("days", "is_well"), [(90, True), (5, False)])
def test_a_certificate_near_its_end_is_for_an_operator_to_act_on(
    run: Run, listening: Open, tmp_path: Path, days: int, is_well: bool
) -> None:
    server, trusting = certificate(tmp_path, days)
    url = f"https://127.0.0.1:{listening(tls=server)}/sms"
    if is_well:
        assert f"certificate {days - 1} days left" in asked(run, url, trusting)
    else:
        with pytest.raises(ProviderUnavailable, match=f"certificate ends in {days - 1} days"):
            asked(run, url, trusting)


def test_an_untrusted_certificate_is_no_answer(run: Run, listening: Open, tmp_path: Path) -> None:
    server, _ = certificate(tmp_path, 90)
    with pytest.raises(ProviderUnavailable, match="nothing answers"):
        asked(run, f"https://127.0.0.1:{listening(tls=server)}/sms")


@pytest.mark.parametrize(("value", "says"), [("0.0", "calls go out to sms"), ("1.0", "no calls go out to sms")])
def test_an_open_breaker_of_the_running_service_is_told(run: Run, listening: Open, value: str, says: str) -> None:
    port = listening(text=f'# TYPE eqicha_breaker_open gauge\neqicha_breaker_open{{system="sms"}} {value}\n')
    settings = load_settings(port=port, mail_host="")
    finding = run(checking._examine_one("breakers", probes(settings)["breakers"]))
    assert finding.is_well == (value == "0.0")
    assert says in finding.says


def certificate(folder: Path, days: int) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """(server's, client's) contexts of a certificate for 127.0.0.1 that ends in `days`."""
    import ipaddress

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fictional counterpart")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days) - timedelta(minutes=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))
