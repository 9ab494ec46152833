"""The one way out: every adapter's call runs through a Line, every HTTP call through a Web line.

A line gives one deadline, a bounded number of calls at once, one log event, one metric and one circuit breaker per
call, and lets nothing out but ProviderRejected (final) and ProviderUnavailable (again later). `open_web` and
`open_line` make one by the settings.
"""

import asyncio
import json
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import uuid4

import httpx
import structlog

from adapters.breaker import Breaker
from adapters.trust import trusted
from conf.clock import Clock, utc_now
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.logs import get_log
from conf.settings import Settings

#: Called once per call with (system, outcome, seconds); outcome is "ok", "rejected" or "unavailable".
Observe = Callable[[str, str, float], None]

log = get_log("adapters")

#: No answer of ours needs more; whatever is larger is not an answer but an attack or a mistake.
MAX_ANSWER_BYTES = 1 << 20
#: A line that fetches files may be opened for more, but never for more than this.
MAX_FILE_BYTES = 128 << 20
REFERENCE_HEADER = "X-Request-Reference"
REQUEST_ID_HEADER = "X-Request-Id"

#: What a vendor's broken answer makes our parsing raise: a fault of the answer, not of ours.
GARBLED = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError)


def observe_nothing(_system: str, _outcome: str, _seconds: float) -> None:
    """The metrics hook of those who measure nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LineState:
    """How a line stands: breaker, calls under way, when it last worked and what it last failed of (aware UTC)."""

    system: str
    is_open: bool
    under_way: int
    worked_at: datetime | None
    failed_at: datetime | None
    fault: str


class Line:
    """One outside system: `async with line.call("send", reference)` wraps everything one use of it does."""

    def __init__(
        self,
        system: str,
        *,
        total_seconds: float,
        breaker: Breaker | None = None,
        observe: Observe = observe_nothing,
        at_once: int = 8,
    ) -> None:
        self.system, self.total_seconds = system, total_seconds
        self.breaker, self._observe = breaker or Breaker(), observe
        self._turns, self._under_way = asyncio.Semaphore(at_once), 0
        self._worked_at: datetime | None = None
        self._failed_at: datetime | None = None
        self._fault = ""

    def state(self) -> LineState:
        """For `check`, the staff page and the metrics; asks nothing of the other side."""
        return LineState(
            system=self.system,
            is_open=self.breaker.is_open,
            under_way=self._under_way,
            worked_at=self._worked_at,
            failed_at=self._failed_at,
            fault=self._fault,
        )

    @asynccontextmanager
    async def call(self, action: str, reference: str = "") -> AsyncIterator[None]:
        """Deadline, breaker, log and metric around one use. Raises only the two provider errors (and cancellation).

        `reference` is ours (an order or message number), never a person's.
        """
        if not self.breaker.admits():
            self._note(action, reference, "unavailable", 0.0, "circuit open")
            raise ProviderUnavailable(self.system, "circuit open", in_doubt=False)
        started = time.monotonic()
        try:
            with _only_provider_errors(self.system):
                async with asyncio.timeout(self.total_seconds), self._turns:
                    self._under_way += 1
                    try:
                        yield
                    finally:
                        self._under_way -= 1
        except ProviderRejected as fault:  # the system works; it said no
            self._answered()
            self._note(action, reference, "rejected", time.monotonic() - started, fault.reason)
            raise
        except ProviderUnavailable as fault:
            self._missed(fault.reason)
            self._note(action, reference, "unavailable", time.monotonic() - started, fault.reason)
            raise
        self._answered()
        self._note(action, reference, "ok", time.monotonic() - started, "")

    def _answered(self) -> None:
        self._worked_at = utc_now()
        if self.breaker.is_open:
            log.info("breaker_closed", system=self.system)
        self.breaker.succeeded()

    def _missed(self, reason: str) -> None:
        self._failed_at, self._fault = utc_now(), reason
        was_open = self.breaker.is_open
        self.breaker.failed()
        if self.breaker.is_open and not was_open:
            log.error("breaker_opened", system=self.system, rest_seconds=self.breaker.rest_seconds)

    def _note(self, action: str, reference: str, outcome: str, seconds: float, reason: str) -> None:
        self._observe(self.system, outcome, seconds)
        write = log.info if outcome == "ok" else log.warning
        write(
            "outside_call", system=self.system, action=action, reference=reference, outcome=outcome,
            milliseconds=round(seconds * 1000, 1), reason=reason,
        )  # fmt: skip


@contextmanager
def _only_provider_errors(system: str) -> Iterator[None]:
    try:
        yield
    except (ProviderRejected, ProviderUnavailable):
        raise
    except (httpx.ConnectError, httpx.ConnectTimeout) as fault:  # nothing was sent
        raise ProviderUnavailable(system, f"no connection: {type(fault).__name__}", in_doubt=False) from None
    except (TimeoutError, httpx.TimeoutException):  # before OSError, whose subclass TimeoutError is
        raise ProviderUnavailable(system, "no answer in time") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as fault:
        raise ProviderUnavailable(system, f"no connection: {type(fault).__name__}") from None
    except GARBLED as fault:
        raise ProviderUnavailable(system, f"garbled answer: {type(fault).__name__}") from None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back over HTTP: status, media type in lower case, body unpacked and within the size limit."""

    status: int
    media_type: str
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; raises ValueError for anything else, which a line reports as garbled."""
        value = json.loads(self.body.decode("utf-8"))
        if not isinstance(value, dict):
            raise TypeError("not an object")
        return value


class Web(Line):
    """A line over HTTP: no redirects, no proxies or credentials from the environment, answers up to `most_bytes`."""

    def __init__(
        self,
        system: str,
        *,
        connect_seconds: float,
        total_seconds: float,
        transport: httpx.AsyncBaseTransport | None = None,
        most_bytes: int = MAX_ANSWER_BYTES,
        **line: Any,
    ) -> None:
        """`most_bytes`: the largest answer any call of this line may ask for, at most MAX_FILE_BYTES."""
        if not 0 < most_bytes <= MAX_FILE_BYTES:
            raise ValueError(f"a line takes answers of 1 to {MAX_FILE_BYTES} bytes")
        super().__init__(system, total_seconds=total_seconds, **line)
        self.most_bytes = most_bytes
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(total_seconds, connect=connect_seconds),
            follow_redirects=False,
            trust_env=False,
            transport=transport,
            verify=trusted(),
            limits=httpx.Limits(max_connections=50, max_keepalive_connections=10),
            headers={"User-Agent": "eqicha", "Accept-Encoding": "identity"},
        )

    async def send(
        self,
        method: str,
        url: str,
        *,
        reference: str = "",
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        most_bytes: int = MAX_ANSWER_BYTES,
    ) -> Answer:
        """One request inside `call`. Any status but 200 is ProviderUnavailable: a vendor's no stands in the body.

        `most_bytes` of this answer are taken, never more than the line was opened for.
        """
        named = {**(headers or {}), REQUEST_ID_HEADER: _request_id()}
        if reference:
            named[REFERENCE_HEADER] = reference
        async with self._client.stream(method, url, params=params, content=content, headers=named) as reply:
            if reply.status_code != 200:
                raise ProviderUnavailable(self.system, f"HTTP {reply.status_code}")
            body = await self._body(reply, min(most_bytes, self.most_bytes))
        kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Answer(status=reply.status_code, media_type=kind, body=body)

    async def post_json(
        self, url: str, payload: Mapping[str, Any], *, reference: str = "", headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """POST an object as UTF-8 JSON, read an object back."""
        content = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        typed = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
        return (await self.send("POST", url, reference=reference, content=content, headers=typed)).json()

    async def close(self) -> None:
        """Close the kept connections."""
        await self._client.aclose()

    async def _body(self, reply: httpx.Response, most_bytes: int) -> bytes:
        """Read raw bytes up to the limit, then unpack up to the limit: a small bomb never grows in memory."""
        raw = bytearray()
        async for chunk in reply.aiter_raw():
            raw += chunk
            if len(raw) > most_bytes:
                raise ProviderUnavailable(self.system, "answer too large")
        encoding = reply.headers.get("content-encoding", "identity").strip().lower()
        if encoding in ("", "identity"):
            return bytes(raw)
        if encoding not in ("gzip", "deflate"):  # we asked for none
            raise ProviderUnavailable(self.system, "answer in an encoding not asked for")
        return unpack(self.system, bytes(raw), most_bytes)


def open_line(system: str, settings: Settings, *, observe: Observe = observe_nothing) -> Line:
    """A line with the time-outs, breaker and bound the settings give this system."""
    return Line(system, total_seconds=settings.times_of(system)[1], **_bounds(settings), observe=observe)


def open_web(
    system: str,
    settings: Settings,
    *,
    observe: Observe = observe_nothing,
    transport: httpx.AsyncBaseTransport | None = None,
    requests: int = 1,
    most_bytes: int = MAX_ANSWER_BYTES,
) -> Web:
    """The same over HTTP. `requests`: how many of them one call may make, each with the system's time.

    `most_bytes`: the largest answer of this line, for those that fetch files.
    """
    connect, total = settings.times_of(system)
    return Web(
        system,
        connect_seconds=connect,
        total_seconds=requests * total,
        transport=transport,
        observe=observe,
        most_bytes=most_bytes,
        **_bounds(settings),
    )


class Opening(TypedDict, total=False):
    """What whoever opens an adapter may say beside the settings."""

    clock: Clock
    observe: Observe
    transport: httpx.AsyncBaseTransport | None


class WebProvider:
    """What adapters over one HTTP line have in common: settings, clock, the line as the settings have it, its end.

    `requests`: as of `open_web`.
    """

    def __init__(self, system: str, settings: Settings, *, requests: int = 1, **how: Unpack[Opening]) -> None:
        self._settings, self._clock = settings, how.get("clock", utc_now)
        observe, transport = how.get("observe", observe_nothing), how.get("transport")
        self.line = open_web(system, settings, observe=observe, transport=transport, requests=requests)

    async def close(self) -> None:
        """Close the kept connections."""
        await self.line.close()


def _bounds(settings: Settings) -> dict[str, Any]:
    breaker = Breaker(threshold=settings.outside_failures, rest_seconds=settings.outside_rest_seconds)
    return {"breaker": breaker, "at_once": settings.outside_at_once}


def _request_id() -> str:
    """The visitor's request this call belongs to, or one of its own for background work."""
    return str(structlog.contextvars.get_contextvars().get("request_id") or uuid4().hex[:16])


def unpack(system: str, packed: bytes, limit: int = MAX_ANSWER_BYTES) -> bytes:
    """gzip or zlib bytes → plain bytes, never producing more than `limit` (+1) of them."""
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        plain = stream.decompress(packed, limit + 1)
    except zlib.error:
        raise ProviderUnavailable(system, "garbled answer: bad compression") from None
    if len(plain) > limit:
        raise ProviderUnavailable(system, "answer too large")
    return plain
