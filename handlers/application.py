"""The Tornado application and its life: built from the parts eqicha.py hands in, served, drained on SIGTERM."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import weakref
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from tornado import httputil
from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError, RequestHandler, StaticFileHandler

from conf.clock import Clock, utc_now
from conf.errors import EqichaError, NotFound
from conf.keys import Keys
from conf.logs import get_log
from conf.settings import ROOT, Settings
from handlers.base import BaseHandler
from handlers.guards import public
from handlers.headers import cookie_name, standing_headers
from handlers.limits import Windows
from handlers.metrics import Metrics
from handlers.ops import QUIET
from handlers.pictures import HandOver
from handlers.routes import all_routes
from handlers.traffic import Traffic
from handlers.visit import Terminals
from handlers.watchdog import Watchdog
from views.render import warm

log = get_log("web")
SLOW = 1.0  # seconds from which a request is flagged
PROBE_EVERY = 1.0
#: Turns of so many seconds without a request before the connections left are closed; a proxy's may be connected and
#: not yet read.
TURN, STILL, STILL_BEHIND_PROXY = 0.02, 3, 25
#: Per connection; see docs/decisions for why each is what it is.
SERVER_LIMITS: dict[str, Any] = {
    "idle_connection_timeout": 30,
    "body_timeout": 60,
    "max_header_size": 16 * 1024,
    "max_body_size": 1 << 20,
    "decompress_request": False,
}


class Missing(BaseHandler):
    """Any address that is not ours."""

    @public
    def get(self) -> None:
        raise NotFound("no such address")

    post = put = patch = delete = get

    def check_xsrf_cookie(self) -> None:
        """Nothing can be done here, so a missing form token is no reason to answer otherwise than 404."""


class Static(StaticFileHandler):
    """Our own style, script and pictures, with the standing headers."""

    def initialize(self, path: Any, default_filename: str | None = None, route: str = "") -> None:  # type: ignore[override]
        super().initialize(path, default_filename)
        self.route = route

    def set_default_headers(self) -> None:
        for name, value in self.application.standing_headers:  # type: ignore[attr-defined]
            self.set_header(name, value)
        self.clear_header("Server")

    async def get(self, path: str, include_body: bool = True) -> None:
        """A name with NUL is no file's name; the system would refuse it as a breakdown."""
        if "\0" in path:
            raise HTTPError(404)
        await super().get(path, include_body)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{status_code}\n")


class Service(Application):
    """The application with everything a handler may reach."""

    def __init__(self, store: Any, adapters: Any, settings: Settings, **parts: Any) -> None:
        self.conf, self.store, self.adapters = settings, store, adapters
        self.keys: Keys = parts["keys"]
        self.clock: Clock = parts["clock"]
        self.background = parts["background"]
        self.sessions = parts["sessions"] or store.sessions
        self.limits = parts["limits"] or store.limits
        self.parts: dict[str, Any] = parts["more"]
        self.searches: Windows = Windows()
        self.metrics: Metrics = parts["metrics"] or Metrics()
        self.traffic = Traffic(store, self.clock)
        self.terminals = Terminals(store, self.clock)
        self.hand_over = HandOver(settings.accel_dir) if settings.accel_dir != Path("") else None
        self.standing_headers = tuple(standing_headers(settings).items())
        self._cookies = {
            p: cookie_name(settings, p) for p in ("session", "staff", "government", "terminal", "type", "keys", "back")
        }
        self.is_draining, self.is_database_up = False, True
        self.answering: weakref.WeakSet[RequestHandler] = weakref.WeakSet()
        super().__init__(**_tornado_settings(settings, self.keys, self))
        names = "|".join(re.escape(name.strip()) for name in settings.hosts.split(",") if name.strip())
        self.add_handlers(rf"({names})", [*all_routes(), _static_route()])

    def cookie(self, purpose: str) -> str:
        """Name of one of our cookies in this deployment."""
        return self._cookies[purpose]

    def readiness(self) -> dict[str, bool]:
        """What `/readyz` says; nothing is asked for it."""
        return {"serving": not self.is_draining, "database": self.is_database_up}

    def log_request(self, handler: RequestHandler) -> None:
        """One line and one count per answered request; by route pattern, so that no code or name is in either."""
        if isinstance(handler, QUIET):
            return
        route, status = getattr(handler, "route", "") or "(none)", handler.get_status()
        seconds, method = handler.request.request_time(), handler.request.method or ""
        self.metrics.count(method=method, route=route, status=status, seconds=seconds)
        if isinstance(handler, Static) and status < 400:
            return
        say = log.error if status >= 500 else log.info
        fields: dict[str, Any] = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
        if isinstance(handler, BaseHandler):
            fields |= {"request_id": handler.request_id, "channel": handler.channel.value}
        say("request", **fields)
        self.traffic.seen(route=route, status=status, seconds=seconds, visitor=_visitor(handler))
        if seconds > SLOW:
            log.warning("request_slow", **fields)


def make_application(
    store: Any,
    adapters: Any,
    settings: Settings,
    *,
    keys: Keys,
    clock: Clock = utc_now,
    background: Any = None,
    sessions: Any = None,
    limits: Any = None,
    metrics: Metrics | None = None,
    **more: Any,
) -> Service:
    """The application. `sessions` and `limits` default to the store's; give the Redis ones where Redis is configured.

    `more` are callables of other rooms that a handler needs (`self.application.parts["name"]`).
    """
    httputil.set_parse_body_config(
        httputil.ParseBodyConfig(multipart=httputil.ParseMultipartConfig(enabled=False))
    )  # uploads are streamed by their own handler; nobody else takes multipart
    warm()
    parts = {"keys": keys, "clock": clock, "background": background, "sessions": sessions, "limits": limits}
    return Service(store, adapters, settings, **parts, metrics=metrics, more=more)


async def serve(app: Service, *, on_ready: Callable[[], None] | None = None) -> None:
    """Listen, work, and on SIGTERM or SIGINT drain: nothing under way is cut, then background work ends."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    server = HTTPServer(app, xheaders=app.conf.trusted_proxy, **SERVER_LIMITS)
    sockets = bind_sockets(app.conf.port, app.conf.host)
    server.add_sockets(sockets)
    watchdog, probe = Watchdog(app.metrics), asyncio.create_task(_probe(app))
    counted = asyncio.create_task(app.traffic.run())
    swept = asyncio.create_task(app.hand_over.run()) if app.hand_over else None
    watchdog.start()
    if app.background is not None:
        await _done(app.background.start())
    log.info("service_started", port=app.conf.port, pid=os.getpid())
    if on_ready:
        on_ready()
    await stopping.wait()
    await drain(app, server, sockets)
    if app.background is not None:
        await _done(app.background.stop())
    counted.cancel()
    if swept is not None:
        swept.cancel()
    await asyncio.wait((counted,), timeout=3)
    probe.cancel()
    watchdog.stop()
    log.info("service_stopped", pid=os.getpid())


async def drain(app: Service, server: HTTPServer, sockets: Iterable[socket.socket] = ()) -> None:
    """Not ready → no new connections → wait for what is under way, at most `drain_seconds` → close the rest."""
    app.is_draining = True
    log.info("service_draining", under_way=len(app.answering))
    _take_waiting(server, sockets)
    server.stop()
    clock = asyncio.get_running_loop().time
    until, quiet = clock() + app.conf.drain_seconds, 0
    enough = STILL_BEHIND_PROXY if app.conf.trusted_proxy else STILL
    while clock() < until and quiet < enough:  # turns of the loop, not time: a loop that was held has read nothing
        await asyncio.sleep(TURN)
        quiet = 0 if app.answering else quiet + 1
    await server.close_all_connections()


def _take_waiting(server: HTTPServer, sockets: Iterable[socket.socket]) -> None:
    """Take in who is connected already: closing the port would throw them out, and nginx sends no POST twice."""
    for listening in sockets:
        with contextlib.suppress(BlockingIOError, ConnectionAbortedError):
            while True:
                connection, address = listening.accept()
                connection.setblocking(False)
                server.handle_stream(IOStream(connection), address)


async def _probe(app: Service) -> None:
    while True:
        up = False
        with contextlib.suppress(EqichaError, OSError, TimeoutError, Exception):
            up = await asyncio.wait_for(app.store.ping(), 2)
        if up != app.is_database_up:
            (log.info if up else log.error)("database_up" if up else "database_down")
        app.is_database_up = up
        if up:
            with contextlib.suppress(Exception):  # the next second tries again; what is known stays
                await asyncio.wait_for(app.store.live.refresh(), 2)
        await asyncio.sleep(PROBE_EVERY)


def _visitor(handler: RequestHandler) -> str:
    """What tells visitors of one minute apart: the session, else the address."""
    session = getattr(handler, "session", None)
    return str(session.id) if session else handler.request.remote_ip or ""


async def _done(answer: Awaitable[None] | None) -> None:
    if answer is not None:
        await answer


def _tornado_settings(settings: Settings, keys: Keys, app: "Service") -> dict[str, Any]:
    return {
        "default_handler_class": Missing,
        "cookie_secret": keys.cookie,
        "xsrf_cookies": True,
        "xsrf_cookie_name": cookie_name(settings, "xsrf"),
        "xsrf_cookie_kwargs": {"secure": settings.is_secure, "httponly": True, "samesite": "Strict", "path": "/"},
        "cross_origin_protection": True,
        "serve_traceback": False,
        "log_function": Service.log_request.__get__(app),
    }


def _static_route() -> tuple[str, type, dict[str, str]]:
    return (r"/static/(.*)", Static, {"path": str(ROOT / "static"), "route": "/static/(.*)"})
