"""A real nginx with docs/examples/nginx.conf in front of processes of a trial set, as the guide says, on free ports."""

import os
import re
import shutil
import ssl
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from setup.mongod import free_port

EXAMPLES = Path(__file__).resolve().parent.parent / "docs" / "examples"
NAME = "eqicha.example"


class Front:
    """nginx under one folder: `start(ports)`, `reload()`, `stop()`; `client()` speaks TLS to it under our name."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.plain_port = folder, free_port(), free_port()
        self.pictures = folder / "pictures"
        self.url = f"https://{NAME}:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, ports: list[int], *, staff_network: str = "127.0.0.0/8") -> "Front":
        self.folder.mkdir(parents=True, exist_ok=True)
        self.pictures.mkdir(exist_ok=True)
        for name in ("away.html", "too-large.html"):
            shutil.copy(EXAMPLES / name, self.folder)
        self._certificate()
        self.configure(ports, staff_network=staff_network)
        self._process = subprocess.Popen([*self._program(), "-g", "daemon off;"], stderr=subprocess.DEVNULL)
        self._wait()
        return self

    def configure(self, ports: list[int], *, staff_network: str = "127.0.0.0/8") -> None:
        """The example with its <names> filled in and free ports; nothing else is touched."""
        text = (EXAMPLES / "nginx.conf").read_text(encoding="utf-8")
        servers = "\n".join(f"    server 127.0.0.1:{port} max_fails=0;" for port in ports)
        text = re.sub(r"(    server 127\.0\.0\.1:\d+ [^\n]*\n)+", servers + "\n", text)
        for name, value in {
            "<eqicha.example>": NAME,
            "<fullchain.pem>": str(self.folder / "certificate.pem"),
            "<key.pem>": str(self.folder / "key.pem"),
            "<error.log>": str(self.folder / "error.log"),
            "</run/eqicha-pictures>": str(self.pictures),
            "</etc/nginx/eqicha>": str(self.folder),
            "<10.0.0.0/8>": staff_network,
        }.items():
            assert name in text, name
            text = text.replace(name, value)
        text = re.sub(r"listen 80\b", f"listen 127.0.0.1:{self.plain_port}", text)
        text = re.sub(r"listen 443\b", f"listen 127.0.0.1:{self.port}", text)
        assert not re.search(r"<[^>]+>", re.sub(r"#.*", "", text)), "a name was not filled in"
        (self.folder / "site.conf").write_text(text, encoding="utf-8")
        user = "user root;" if os.geteuid() == 0 else ""  # else its workers could not enter the test's folder
        scratch = "".join(
            f"{kind}_temp_path {self.folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (self.folder / "nginx.conf").write_text(
            f"{user}\npid {self.folder}/pid;\nworker_processes 1;\nevents {{ worker_connections 512; }}\n"
            f"http {{\n{scratch}types {{ text/html html; }}\ninclude {self.folder}/site.conf;\n}}\n",
            encoding="utf-8",
        )
        subprocess.run([*self._program(), "-t", "-q"], check=True, timeout=20)

    def reload(self) -> None:
        subprocess.run([*self._program(), "-s", "reload"], check=True, timeout=20)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)

    def client(self, *, address: str = "127.0.0.1") -> httpx.Client:
        """A visitor at `address` (loopback) who knows the certificate and asks for our name."""
        trust = ssl.create_default_context(cafile=str(self.folder / "certificate.pem"))
        transport = _Named(verify=trust, local_address=address)
        return httpx.Client(base_url=self.url, transport=transport, timeout=20, follow_redirects=True)

    def errors(self) -> str:
        return (self.folder / "error.log").read_text(encoding="utf-8")

    def _program(self) -> list[str]:
        found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        assert found, "nginx is missing: setup/install.sh test"
        return [found, "-e", str(self.folder / "error.log"), "-c", str(self.folder / "nginx.conf")]

    def _certificate(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )  # fmt: skip
        (self.folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
        plain = serialization.NoEncryption()
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        (self.folder / "key.pem").write_bytes(pem)

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                httpx.get(f"http://127.0.0.1:{self.plain_port}/", headers={"Host": NAME}, timeout=2)
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"nginx did not answer:\n{self.errors()}")


class _Named(httpx.HTTPTransport):
    """Our name leads to loopback, as a line in /etc/hosts would; certificate and SNI are those of the name."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != NAME:
            return super().handle_request(request)
        asked = httpx.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1"),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions | {"sni_hostname": NAME},
        )
        return super().handle_request(asked)
