"""The simulated mail server: keeps every message, recognises a Message-ID it has seen."""

import asyncio
import contextlib
import logging
from email import message_from_bytes, policy
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from adapters.sandbox.state import SandboxState

logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd tells every command otherwise

#: A tester's address that no post office knows.
UNKNOWN_ADDRESS = "nobody@example.com"
ANSWERS = {
    "500": "451 4.3.0 local error in processing",
    "html": "<html>not SMTP</html>",
    "garbage": "\x01\x02 ??? \x7f",
    "huge": "250 " + "9" * (2 << 20),
    "bomb": "250 " + "9" * (2 << 20),
    "redirect": "251 user not local; will forward",
}


class _Faulty(SMTP):
    """One connection; its fault is drawn when it opens."""

    fault = ""

    def __init__(self, state: SandboxState) -> None:
        super().__init__(_Post(state), hostname="sandbox.example", loop=asyncio.get_running_loop(), ident="sandbox")
        self.state = state

    def connection_made(self, transport: Any) -> None:
        self.state.calls["mail"] += 1
        self.fault = self.state.faults.take("mail")
        if self.fault == "refuse":
            transport.abort()
            return
        super().connection_made(transport)


class _Post:
    """aiosmtpd's handler: decides what is answered to RCPT and DATA."""

    def __init__(self, state: SandboxState) -> None:
        self.state = state

    async def handle_RCPT(
        self, server: _Faulty, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address == UNKNOWN_ADDRESS:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: _Faulty, _session: Session, envelope: Envelope) -> str:
        fault = server.fault
        if fault == "hang":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.state.stopping.wait(), 300)
        if fault in ANSWERS and fault != "redirect":
            return ANSWERS[fault]
        self._keep(envelope)
        if fault == "slow":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.state.stopping.wait(), self.state.slow_seconds)
        if fault in {"lost", "truncated"}:
            transport: Any = server.transport
            transport.abort()
        return ANSWERS.get(fault, "250 2.0.0 kept")

    def _keep(self, envelope: Envelope) -> None:
        content: Any = envelope.content
        message: Any = message_from_bytes(content or b"", policy=policy.default)
        self.state.record(
            "mail",
            str(message["Message-ID"]),
            to=list(envelope.rcpt_tos),
            subject=str(message["Subject"]),
            text=message.get_body(("plain",)).get_content(),
        )


async def open_smtp(state: SandboxState, port: int) -> tuple[asyncio.Server, int]:
    """Listen on loopback; returns the server and its port (0 asks for a free one)."""
    server = await asyncio.get_running_loop().create_server(lambda: _Faulty(state), "127.0.0.1", port)
    return server, int(server.sockets[0].getsockname()[1])
