"""Puts the simulated systems behind one HTTP port and one SMTP port; used by `eqicha.py sandbox` and by tests."""

import asyncio
import contextlib
import pkgutil
import signal
from importlib import import_module
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

import adapters.sandbox as room
from adapters.sandbox import tsa, tyrz
from adapters.sandbox.smtp import open_smtp
from adapters.sandbox.state import SandboxState
from conf.logs import get_log
from conf.settings import Settings

log = get_log("sandbox")


class Sandbox:
    """A running sandbox. `state` is open to tests in the same process; `addresses` are settings for the service."""

    def __init__(self, settings: Settings, **state: Any) -> None:
        if settings.is_production:
            raise ValueError("the sandbox is for trial and tests: it does not run in production mode")
        self.state = SandboxState(settings=settings, **state)
        self.port = self.smtp_port = 0
        self._http: HTTPServer | None = None
        self._smtp: asyncio.Server | None = None

    async def start(self, *, port: int = 0, smtp_port: int = 0) -> "Sandbox":
        """Listen on loopback; port 0 takes a free one."""
        routes = [route for part in counterparts() for route in part.ROUTES]
        application = Application(
            [(pattern, handler, {"state": self.state}) for pattern, handler in routes],
            authority=tsa.Authority(self.state),
            log_function=lambda _handler: None,
        )
        sockets = bind_sockets(port, "127.0.0.1")
        self.port = int(sockets[0].getsockname()[1])
        self._http = HTTPServer(application)
        self._http.add_sockets(sockets)
        self._smtp, self.smtp_port = await open_smtp(self.state, smtp_port)
        return self

    async def stop(self) -> None:
        """Close both ports; answers held back by a fault end at once."""
        self.state.stopping.set()
        for task in tuple(self.state.tasks):
            task.cancel()
        if self._http:
            self._http.stop()
            await self._http.close_all_connections()
        if self._smtp:
            self._smtp.close()
            await self._smtp.wait_closed()

    @property
    def url(self) -> str:
        """Where its first page is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def addresses(self) -> dict[str, Any]:
        """The settings that lead the service here."""
        return {
            "identity_url": f"{self.url}{tyrz.BASE}",
            "identity_logout_url": f"{self.url}/tyrz/_tif_sso_logout_/",
            "sms_url": f"{self.url}/sms",
            "sms2_url": f"{self.url}/textline",
            "rating_url": f"{self.url}/hcp",
            "rating_page_url": f"{self.url}/hcp/page",
            "tsa_url": f"{self.url}/tsa",
            "entry_shb_url": f"{self.url}/shb",
            "entry_yst_url": f"{self.url}/yst",
            "progress_url": f"{self.url}/portal",
            "sharing_url": f"{self.url}/sharing",
            "licence_url": f"{self.url}/licence",
            "seal_url": f"{self.url}/eseal",
            "mail_host": "127.0.0.1",
            "mail_port": self.smtp_port,
        }


def counterparts() -> list[Any]:
    """Every module of this room that answers somewhere (has ROUTES)."""
    modules = [import_module(f"{room.__name__}.{info.name}") for info in pkgutil.iter_modules(room.__path__)]
    return [module for module in modules if hasattr(module, "ROUTES")]


async def serve(settings: Settings, *, port: int, smtp_port: int, **state: Any) -> None:
    """Run until SIGTERM or SIGINT; `state` as for Sandbox."""
    callbacks_to = settings.base_url.rstrip("/") + "/callbacks"
    sandbox = await Sandbox(settings, callbacks_to=callbacks_to, **state).start(port=port, smtp_port=smtp_port)
    log.info("sandbox_ready", url=sandbox.url, smtp_port=sandbox.smtp_port)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(ValueError):  # not the main thread
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()
    await sandbox.stop()
