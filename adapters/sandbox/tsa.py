"""The simulated time-stamp authority: RFC 3161 over HTTP, signed with the development TSA key."""

from datetime import datetime
from functools import cached_property

from asn1crypto import core, tsp
from asn1crypto import x509 as asn1_x509
from asn1crypto.keys import PrivateKeyInfo
from cryptography.hazmat.primitives import serialization
from pyhanko.sign.timestamps import DummyTimeStamper

from adapters.sandbox.faulty import FaultyHandler
from adapters.sandbox.state import SandboxState
from adapters.seal.pki import development_tsa

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
DIGESTS = frozenset({"sha256", "sha384", "sha512"})


class Authority:
    """Signs time-stamp tokens. The stamper is pyHanko's, made for a TSA of one's own."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state

    @cached_property
    def _stamper(self) -> DummyTimeStamper:
        key, certificate = development_tsa(self._state.settings.var_dir)
        der = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        public = certificate.public_bytes(serialization.Encoding.DER)
        return DummyTimeStamper(asn1_x509.Certificate.load(public), PrivateKeyInfo.load(der))

    def reply(self, query: bytes, now: datetime) -> bytes:
        """TimeStampReq → TimeStampResp, both DER; a request we cannot take is answered `rejection`."""
        try:
            request = tsp.TimeStampReq.load(query, strict=True)
            algorithm = request["message_imprint"]["hash_algorithm"]["algorithm"].native
            digest = request["message_imprint"]["hashed_message"].native
        except ValueError:
            return _rejection("bad_data_format")
        if algorithm not in DIGESTS:
            return _rejection("bad_alg")
        self._stamper.fixed_dt = now
        self._state.record("tsa", digest.hex(), algorithm=algorithm)
        return bytes(self._stamper.request_tsa_response(request).dump())


class _Rejection(core.Sequence):
    """TimeStampResp without its optional token (RFC 3161 §2.4.2), which asn1crypto's own class cannot leave out."""

    _fields = [("status", tsp.PKIStatusInfo)]  # noqa: RUF012  (asn1crypto reads this very attribute)


def _rejection(reason: str) -> bytes:
    return bytes(_Rejection({"status": {"status": "rejection", "fail_info": {reason}}}).dump())


class TimeStamp(FaultyHandler):
    """POST /tsa (docs/protocols/tsa.md)."""

    system = "tsa"

    async def post(self) -> None:
        if self.request.headers.get("Content-Type", "") != QUERY:
            self.set_status(415)
            await self.finish("application/timestamp-query only")
            return
        authority: Authority = self.settings["authority"]
        await self.answer(authority.reply(self.request.body, self.now()), REPLY)


ROUTES = [(r"/tsa", TimeStamp)]
