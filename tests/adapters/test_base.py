"""The one way out: what adapters/base.py lets through, and what it turns every fault into."""

import asyncio
import gzip
import ssl
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from structlog.testing import capture_logs

from adapters.base import MAX_ANSWER_BYTES, MAX_FILE_BYTES, Web
from adapters.breaker import Breaker
from conf.errors import ProviderRejected, ProviderUnavailable
from tests.outside import Run

Vendor = Callable[[httpx.Request], httpx.Response]


def a_web(vendor: Vendor, **more: object) -> Web:
    return Web(
        "sms", connect_seconds=0.2, total_seconds=0.5, transport=httpx.MockTransport(vendor), **more  # type: ignore[arg-type]
    )  # fmt: skip


def reply(status: int = 200, body: bytes = b"{}", headers: dict[str, str] | None = None) -> httpx.Response:
    """An answer that comes over the wire in pieces, as real ones do."""

    async def chunks() -> AsyncIterator[bytes]:
        yield body

    return httpx.Response(status, headers=headers, content=chunks())


async def asked(web: Web, reference: str = "TH1.sms") -> object:
    async with web.call("send", reference):
        return await web.post_json("http://vendor.example/send", {"a": 1}, reference=reference)


def unavailable(run: Run, vendor: Vendor) -> str:
    with pytest.raises(ProviderUnavailable) as raised:
        run(asked(a_web(vendor)))
    return raised.value.reason


def test_our_reference_travels_with_the_call_and_the_answer_comes_back(run: Run) -> None:
    seen: list[httpx.Request] = []

    def vendor(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return reply(body='{"ok":"是"}'.encode())

    assert run(asked(a_web(vendor))) == {"ok": "是"}
    assert seen[0].headers["X-Request-Reference"] == "TH1.sms"
    assert seen[0].headers["Accept-Encoding"] == "identity"


def test_a_redirect_is_not_followed(run: Run) -> None:
    seen: list[str] = []

    def vendor(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.host)
        return reply(302, headers={"Location": "http://inside.example/"})

    assert unavailable(run, vendor) == "HTTP 302"
    assert seen == ["vendor.example"]


@pytest.mark.parametrize("status", [201, 204, 400, 401, 404, 429, 500, 502, 503])
def test_any_status_but_200_means_again_later(run: Run, status: int) -> None:
    assert unavailable(run, lambda _: reply(status)) == f"HTTP {status}"


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[1]", b"null", b'"text"', b"\xff\xfe{}", b'{"a":', b"[" * 100_000, b"1" * 5000],
    ids=["empty", "html", "list", "null", "text", "not-utf8", "cut", "deep", "long-number"],
)
def test_what_is_not_a_json_object_means_again_later(run: Run, body: bytes) -> None:
    assert "garbled" in unavailable(run, lambda _: reply(200, body))


def test_an_answer_without_end_is_cut_off(run: Run) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65536
            yield bytes(65536)

    assert unavailable(run, lambda _: httpx.Response(200, content=endless())) == "answer too large"
    assert sent <= MAX_ANSWER_BYTES + 2 * 65536


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_packed_answer_is_read_but_a_bomb_is_not_unpacked(
    run: Run, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    assert run(asked(a_web(lambda _: reply(200, pack(b'{"a":1}'), {"Content-Encoding": encoding})))) == {"a": 1}
    bomb = pack(bytes(MAX_ANSWER_BYTES * 64))
    assert len(bomb) < MAX_ANSWER_BYTES
    tracemalloc.start()
    assert unavailable(run, lambda _: reply(200, bomb, {"Content-Encoding": encoding})) == "answer too large"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MAX_ANSWER_BYTES * 8


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip"])
def test_a_packing_we_cannot_undo_means_again_later(run: Run, encoding: str) -> None:
    assert unavailable(run, lambda _: reply(200, b'{"a":1}', {"Content-Encoding": encoding}))


def test_a_slow_answer_ends_at_the_deadline(run: Run) -> None:
    async def drip() -> AsyncIterator[bytes]:
        while True:  # each byte arrives within the read time-out: only the total one ends it
            await asyncio.sleep(0.05)
            yield b" "

    assert unavailable(run, lambda _: httpx.Response(200, content=drip())) == "no answer in time"


def test_a_refused_connection_means_again_later(run: Run) -> None:
    def vendor(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    assert unavailable(run, vendor) == "no connection: ConnectError"


def test_a_cancelled_call_is_no_fault_of_the_vendor(run: Run) -> None:
    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        raise AssertionError

    web = a_web(hang, breaker=Breaker(threshold=1))  # type: ignore[arg-type]

    async def left() -> None:
        task = asyncio.create_task(asked(web))
        await asyncio.sleep(0.01)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        run(left())
    assert not web.breaker.is_open


def test_each_call_is_one_log_event_and_one_metric_without_address_or_payload(run: Run) -> None:
    counted: list[tuple[str, str]] = []
    web = a_web(lambda _: reply(), observe=lambda system, outcome, _s: counted.append((system, outcome)))
    with capture_logs() as lines:
        run(asked(web, "TH1.copy_ready.sms"))
    assert counted == [("sms", "ok")]
    assert [line["event"] for line in lines] == ["outside_call"]
    assert lines[0]["reference"] == "TH1.copy_ready.sms"
    assert "vendor.example" not in str(lines)


def test_the_circuit_opens_after_repeated_failures_and_closes_by_one_good_trial(run: Run) -> None:
    now, healthy, calls = [0.0], [False], [0]

    def vendor(_: httpx.Request) -> httpx.Response:
        calls[0] += 1
        return reply(200 if healthy[0] else 500)

    web = a_web(vendor, breaker=Breaker(threshold=3, rest_seconds=10, monotonic=lambda: now[0]))
    reasons = []
    for _ in range(5):
        with pytest.raises(ProviderUnavailable) as raised:
            run(asked(web))
        reasons.append(raised.value.reason)
    assert reasons == ["HTTP 500"] * 3 + ["circuit open"] * 2
    assert calls == [3]

    now[0] = 10.0  # rested: one trial, which fails
    for reason in ("HTTP 500", "circuit open"):
        with pytest.raises(ProviderUnavailable, match=reason):
            run(asked(web))
    assert calls == [4]

    now[0], healthy[0] = 20.0, True
    assert run(asked(web)) == {}
    assert run(asked(web)) == {}


def test_a_refusal_shows_that_the_system_works(run: Run) -> None:
    web = a_web(lambda _: reply(), breaker=Breaker(threshold=1))

    async def refused() -> None:
        async with web.call("send"):
            raise ProviderRejected("sms", "number invalid")

    for _ in range(3):
        with pytest.raises(ProviderRejected):
            run(refused())
    assert not web.breaker.is_open


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's TLS with a certificate nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=2), now + timedelta(days=2))
    file = folder / "server.pem"
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *form)
        + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_a_certificate_nobody_vouches_for_is_not_spoken_to(run: Run, tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def vendor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1))
        writer.close()

    async def attempt() -> None:
        server = await asyncio.start_server(vendor, "127.0.0.1", 0, ssl=self_signed(tmp_path))
        port = server.sockets[0].getsockname()[1]
        web = Web("sms", connect_seconds=0.5, total_seconds=1)
        try:
            async with web.call("send"):
                await web.send("GET", f"https://localhost:{port}/")
        finally:
            await web.close()
            server.close()

    with pytest.raises(ProviderUnavailable, match="no connection"):
        run(attempt())
    assert heard == []


def test_a_line_that_fetches_files_takes_what_it_was_opened_for_and_a_call_what_it_asks_for(run: Run) -> None:
    body = bytes(3 << 20)

    async def fetched(most_bytes: int) -> int:
        web = a_web(lambda _: reply(body=body), most_bytes=4 << 20)
        async with web.call("fetch"):
            return len((await web.send("GET", "http://vendor.example/file", most_bytes=most_bytes)).body)

    assert run(fetched(3 << 20)) == len(body)
    for less in (MAX_ANSWER_BYTES, (3 << 20) - 1):
        with pytest.raises(ProviderUnavailable, match="too large"):
            run(fetched(less))
    body = bytes(5 << 20)
    with pytest.raises(ProviderUnavailable, match="too large"):
        run(fetched(64 << 20))
    for wrong in (0, -1, MAX_FILE_BYTES + 1):
        with pytest.raises(ValueError, match="answers of"):
            a_web(lambda _: reply(), most_bytes=wrong)
