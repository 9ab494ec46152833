"""The sandbox's calls to us, signed wrongly, twice, late, an hour off: taken once, or refused and sent again."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from adapters.callbacks import CallbackEvent, CallbackReader, CallbackRefused
from adapters.sandbox import calling
from adapters.sandbox.server import Sandbox
from adapters.sms import first_access
from adapters.sms.receipts import GatewayReceipts
from conf.settings import Settings
from tests.outside import Outside, Run


class Listener:
    """An address that reads calls as our own does and keeps what they told."""

    def __init__(self, reader: CallbackReader) -> None:
        self.reader, self.told, self.refused = reader, list[CallbackEvent](), list[str]()
        self.nonces: set[str] = set()

    def hear(self, headers: Any, body: bytes) -> bool:
        try:
            call = self.reader.read(headers, body, now=datetime.now(UTC), skew=180)
            if call.nonce in self.nonces:
                raise CallbackRefused("nonce")
        except CallbackRefused as refused:
            self.refused.append(refused.ground)
            return False
        self.nonces.add(call.nonce)
        self.told += call.events
        return True


@pytest.fixture
def listener(
    run: Run, sandbox: Sandbox, sandbox_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Listener]:
    """Heard at a real address; the sandbox hurries."""
    heard = Listener(GatewayReceipts(first_access(sandbox_settings)))

    class Door(RequestHandler):
        def post(self) -> None:
            self.write(heard.reader.answer(taken=heard.hear(self.request.headers, self.request.body)))

    async def opened() -> HTTPServer:
        (socket,) = bind_sockets(0, "127.0.0.1")
        server = HTTPServer(Application([("/callbacks/sms", Door)]))
        server.add_sockets([socket])
        sandbox.state.callbacks_to = f"http://127.0.0.1:{socket.getsockname()[1]}/callbacks"
        return server

    monkeypatch.setattr(calling, "PAUSES", (0.05,) * 60)
    sandbox.state.late_seconds = 0.5
    server = run(opened())
    yield heard
    server.stop()
    run(server.close_all_connections())


async def sent(outside: Outside) -> None:
    values = {"order_no": "TH1", "until": "11月28日10:00"}
    await outside.sms.send(phone="19900000001", template="TH-EQC-001", values=values, reference="TH1.sms")


async def quiet(sandbox: Sandbox) -> None:
    """Until nothing is under way any more."""
    while sandbox.state.tasks:
        for task in tuple(sandbox.state.tasks):
            await task


@pytest.mark.parametrize(
    ("fault", "refused"), [("forged", ["signature", "signature"]), ("clock", ["clock", "clock"]), ("late", [])]
)
def test_what_is_wrong_is_refused_and_the_right_call_taken(
    run: Run, sandbox: Sandbox, outside: Outside, listener: Listener, fault: str, refused: list[str]
) -> None:
    async def told() -> None:
        await sent(outside)
        sandbox.state.faults.switch("sms", fault, times=2)
        await quiet(sandbox)

    run(told())
    assert listener.refused == refused
    assert [event.subject for event in listener.told] == ["TH1.sms"]


def test_news_told_three_times_has_one_key_and_a_replayed_call_is_no_news(
    run: Run, sandbox: Sandbox, outside: Outside, listener: Listener
) -> None:
    async def told() -> None:
        await sent(outside)
        sandbox.state.faults.switch("sms", "twice", times=1)
        await quiet(sandbox)

    run(told())
    assert listener.refused == ["nonce"]
    assert len(listener.told) == 2
    assert len({event.key for event in listener.told}) == 1
