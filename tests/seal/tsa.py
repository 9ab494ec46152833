"""A small real RFC 3161 time-stamp server over HTTP, with switchable faults, for tests of the seal."""

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from asn1crypto import keys, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

from adapters.seal.pki import development_tsa


class TimeStampServer:
    """`fault` is "", "http500", "garbage", "refuse", "slow" or "clock"; `asked` counts requests."""

    def __init__(self, var_dir: Path) -> None:
        key, certificate = development_tsa(var_dir)
        self._stamper = DummyTimeStamper(
            asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER)),
            keys.PrivateKeyInfo.load(
                key.private_bytes(
                    serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            ),
        )
        self.fault, self.asked = "", 0
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                owner.asked += 1
                body = owner._answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(500 if owner.fault == "http500" else 200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/tsa"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, body: bytes) -> bytes:
        if self.fault == "garbage":
            return b"<html>maintenance</html>"
        if self.fault == "slow":
            time.sleep(2.5)
        if self.fault == "refuse":
            return tsp.TimeStampResp({"status": {"status": "rejection", "status_string": ["no"]}}).dump()
        self._stamper.fixed_dt = datetime.now(UTC) + timedelta(hours=1) if self.fault == "clock" else None
        return asyncio.run(self._stamper.async_request_tsa_response(tsp.TimeStampReq.load(body))).dump()
