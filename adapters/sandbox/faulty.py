"""The base of every simulated system's handlers: misbehaves as switched, otherwise answers."""

import asyncio
import contextlib
import gzip
import json
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler

from adapters.sandbox.state import CLOCK_OFF, SandboxState

PAGES = Path(__file__).parent / "pages"
HTML = "<!doctype html><html><body><h1>Nginx</h1><p>网关页面，不是接口的答复。</p></body></html>"
GARBAGE = bytes(range(128, 256)) * 8
HUGE_CHUNK, HUGE_CHUNKS = b"9" * 65536, 1 << 14  # 1 GiB, if anybody were to read it


@cache
def bomb() -> bytes:
    """64 MiB of zeros in 64 KiB."""
    return gzip.compress(bytes(64 << 20))


class SandboxHandler(RequestHandler):
    """A page or interface of the sandbox that never misbehaves."""

    state: SandboxState

    def initialize(self, state: SandboxState) -> None:
        self.state = state

    def get_template_path(self) -> str:
        return str(PAGES)

    def text(self, name: str) -> str:
        """One argument of query or form, "" when absent."""
        return self.get_argument(name, "")


class FaultyHandler(SandboxHandler):
    """A handler of `system`; faults strike before the verb (no work done) or in `answer` (work done)."""

    system = ""
    fault = ""

    def now(self) -> datetime:
        """What this system takes for the time."""
        ahead = CLOCK_OFF if self.fault == "clock" else timedelta()
        return self.state.clock() + ahead

    async def prepare(self) -> None:
        """Draw this call's fault; those that do no work strike here."""
        self.state.calls[self.system] += 1
        self.fault = self.state.faults.take(self.system)
        strike = {
            "refuse": self._drop,
            "hang": self._hang,
            "500": self._internal_error,
            "html": self._html,
            "garbage": self._garbage,
            "huge": self._huge,
            "bomb": self._bomb,
            "redirect": self._elsewhere,
        }.get(self.fault)
        if strike:
            await strike()

    async def answer(self, body: bytes | dict[str, Any], media_type: str = "application/json; charset=utf-8") -> None:
        """Send the answer, unless it is to be slow, cut or lost."""
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        if self.fault == "lost":
            await self._drop()
            return
        if self.fault == "slow":
            await self._rest(self.state.slow_seconds)
        self.set_header("Content-Type", media_type)
        if self.fault == "truncated":
            self.set_header("Content-Length", len(content))
            self.write(content[: len(content) // 2])
            await self.flush()
            await self._drop()
            return
        with contextlib.suppress(StreamClosedError):  # whoever asked may have left meanwhile
            await self.finish(content)

    async def _drop(self) -> None:
        """Cut the connection without a word."""
        self._auto_finish = False
        self._finished = True
        stream = self.request.connection.stream  # type: ignore[union-attr]
        stream.close()

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.state.stopping.wait(), seconds)

    async def _hang(self) -> None:
        await self._rest(300)
        await self._drop()

    async def _internal_error(self) -> None:
        self.set_status(500)
        await self.finish("<h1>500 Internal Server Error</h1>")

    async def _html(self) -> None:
        self.set_header("Content-Type", "text/html; charset=utf-8")
        await self.finish(HTML)

    async def _garbage(self) -> None:
        self.set_header("Content-Type", "application/json")
        await self.finish(GARBAGE)

    async def _bomb(self) -> None:
        self.set_header("Content-Type", "application/json")
        self.set_header("Content-Encoding", "gzip")
        await self.finish(bomb())

    async def _elsewhere(self) -> None:
        self.redirect("/sandbox/received?system=canary")

    async def _huge(self) -> None:
        self.set_header("Content-Type", "application/json")
        with contextlib.suppress(StreamClosedError):
            for _ in range(HUGE_CHUNKS):
                self.write(HUGE_CHUNK)
                await self.flush()
                if self.state.stopping.is_set():
                    break
            await self.finish()
            return
        self._finished = True
