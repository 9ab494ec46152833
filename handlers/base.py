"""The handler every page derives from: who calls, from where, one way to show a page and one way to fail."""

import re
import secrets
import unicodedata
from functools import cached_property
from typing import Any

import structlog
from markupsafe import Markup
from tornado.web import HTTPError, RequestHandler

from conf import masks
from conf.errors import EqichaError, Invalid, SignInNeeded, StoreUnavailable
from conf.logs import get_log
from conf.rights import actions_of
from conf.terms import APP_CHANNELS, AccountKind, Channel
from handlers import faults
from handlers.guards import VERBS, refuse_unguarded
from handlers.visit import NOBODY, find_visit
from handlers.ways import Ways
from store.records import Account, Session, Staff, Terminal
from views.contexts import Context, Frame
from views.contexts.desk import sections_for
from views.render import render, render_fragment

log = get_log("web")
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
#: Seconds a request may wait for the database: to show something, to write something, while it is known to be away.
PAGE_SECONDS, POST_SECONDS, AWAY_SECONDS = 3.0, 10.0, 0.5
LAYOUTS = {
    Channel.KIOSK: "layouts/kiosk.html",
    Channel.STAFF: "layouts/staff.html",
    Channel.SHB: "layouts/webview.html",
    Channel.YST: "layouts/webview.html",
    Channel.GOVERNMENT: "layouts/government.html",
}


class BaseHandler(Ways, RequestHandler):
    """One request. A verb carries exactly one guard of `handlers.guards`, else the class cannot be made.

    `conf` holds our Settings (`settings` is Tornado's own dictionary).
    """

    application: Any  # handlers.application.Service
    SUPPORTED_METHODS = ("GET", "HEAD", "POST", "DELETE", "PATCH", "PUT")  # type: ignore[assignment]
    #: Query parameters that may come more than once; any other repeated name is a 400.
    repeatable: frozenset[str] = frozenset()
    #: Set by handlers of our own people's pages.
    is_staff_area = False
    #: Which cookie holds the session here; one of another area opens nothing.
    own_cookie = "session"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        refuse_unguarded(cls)

    def initialize(self, route: str = "") -> None:
        self.route = route
        app = self.application
        self.conf, self.store, self.adapters, self.keys = app.conf, app.store, app.adapters, app.keys
        self.clock, self.sessions, self.limits = app.clock, app.sessions, app.limits
        app.answering.add(self)
        self.visit = NOBODY
        self.terminal: Terminal | None = None
        sent = self.request.headers.get("X-Request-ID", "") if self.conf.trusted_proxy else ""
        self.request_id = sent if _REQUEST_ID.fullmatch(sent) else secrets.token_hex(8)
        self.set_header("X-Request-ID", self.request_id)

    async def prepare(self) -> None:
        """Name the request in the log, refuse doubled parameters, find out who calls. Two reads at most."""
        structlog.contextvars.bind_contextvars(request_id=self.request_id)
        for name, values in self.request.query_arguments.items():
            if len(values) > 1 and name not in self.repeatable:
                raise HTTPError(400)
        if not self.request.cookies:
            return
        if key := self.get_cookie(self.application.cookie("terminal")):
            self.terminal = await self.application.terminals.by_key(key)
        if token := self.get_cookie(self.application.cookie(self.own_cookie)):
            self.visit = await find_visit(self.application, token)

    # -- who and where

    @property
    def session(self) -> Session | None:
        return self.visit.session

    @property
    def account(self) -> Account | None:
        return self.visit.account

    @property
    def staff(self) -> Staff | None:
        return self.visit.staff

    @cached_property
    def channel(self) -> Channel:
        """Kiosk by the terminal's cookie, staff by the area, an app by its session, phone by the browser, else PC.

        An app is believed by the session its ticket opened, never by an address or a header.
        """
        if self.terminal is not None:
            return Channel.KIOSK
        if self.is_staff_area:
            return Channel.STAFF
        if self.session is not None and self.session.channel in APP_CHANNELS:
            return self.session.channel
        headers = self.request.headers
        is_phone = headers.get("Sec-CH-UA-Mobile") == "?1" or "Mobile" in headers.get("User-Agent", "")
        return Channel.MOBILE if is_phone else Channel.PC

    def audit_context(self) -> dict[str, Any]:
        """The part of an audit event that says who and from where; persons and addresses as keyed hashes."""
        hashed = self.store.vault.person_key
        if self.staff is not None:
            who, role = self.staff.id, "staff"
        else:
            who, role = (self.account.id if self.account else "anonymous"), "visitor"
        return {
            "who": hashed(who),
            "role": role,
            "channel": self.channel,
            "request_id": self.request_id,
            "address": hashed(self.request.remote_ip or ""),
        }

    # -- what came in

    def text(self, name: str, default: str = "", max: int = 200) -> str:
        """One decoded, stripped scalar in NFC. Repeated: 400. Longer than `max`: Invalid."""
        values = self.get_arguments(name)
        if len(values) > 1:
            raise HTTPError(400)
        value = unicodedata.normalize("NFC", values[0]) if values else default
        if len(value) > max:
            raise Invalid({name: f"内容太长，最多 {max} 个字"})
        return value

    def texts(self, name: str, max_each: int = 200, max_count: int = 1000) -> tuple[str, ...]:
        """All values of a checkbox group, in order and without repeats."""
        values = tuple(dict.fromkeys(self.get_arguments(name)))
        if len(values) > max_count or any(len(value) > max_each for value in values):
            raise Invalid({name: "选择的内容太多"})
        return values

    @property
    def wants_fragment(self) -> bool:
        """Asked by htmx for a part of the page (not when it restores history)."""
        headers = self.request.headers
        return headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in headers

    # -- what goes out

    def show(self, page: Context, *, status: int = 200) -> None:
        """Answer with the page or, for htmx, with the block it names."""
        self.set_status(status)
        frame = self.frame()
        if page.fragment:
            self.set_header("Vary", "HX-Request, Cookie")
        if page.fragment and self.wants_fragment:
            self.finish(render_fragment(page, frame))
        else:
            self.finish(render(page, frame))

    def frame(self) -> Frame:
        """What the layout shows around a page on this visit."""
        channel = self.channel
        return Frame(
            layout=LAYOUTS.get(channel, "layouts/site.html"),
            channel=channel,
            path=self.request.path,
            visitor=_shown(self.account) if self.account else "",
            **(_desk_of(self.staff) if self.staff else {}),
            has_keys=self.get_cookie(self.application.cookie("keys")) != "off",
            is_large=bool(self.request.cookies) and self.get_cookie(self.application.cookie("type")) == "large",
            idle_seconds=self.conf.kiosk_idle_seconds if channel is Channel.KIOSK else 0,
            terminal=self.terminal.name if self.terminal else "",
            xsrf=self._xsrf_field,
        )

    def _xsrf_field(self) -> Markup:
        field = self.xsrf_form_html()  # Tornado's own, its token escaped
        return Markup(field)  # noqa: S704  # nosec B704

    # -- Tornado's own hooks

    async def _execute(self, transforms: Any, *args: bytes, **kwargs: bytes) -> None:
        """Nobody waits longer for the database than a page may take; hardly at all while it is known to be away."""
        seconds = PAGE_SECONDS if self.request.method in ("GET", "HEAD") else POST_SECONDS
        with self.store.within(seconds if self.application.is_database_up else AWAY_SECONDS):
            try:
                await super()._execute(transforms, *args, **kwargs)
            finally:  # an upload that was cut off is never finished; the drain is not to wait for it
                self.application.answering.discard(self)

    def _handle_request_exception(self, e: BaseException) -> None:
        named = self.store.named(e) if isinstance(e, Exception) else e
        if named is e:
            super()._handle_request_exception(e)
            return
        try:
            raise named from e
        except EqichaError as fault:  # Tornado reads the fault from where it was raised
            super()._handle_request_exception(fault)

    def set_default_headers(self) -> None:
        for name, value in self.application.standing_headers:
            self.set_header(name, value)
        self.set_header("Cache-Control", "no-store")
        self.clear_header("Server")
        if getattr(self, "request_id", ""):
            self.set_header("X-Request-ID", self.request_id)
        if self.application.is_draining:
            self.set_header("Connection", "close")

    def on_finish(self) -> None:
        self.application.answering.discard(self)

    def compute_etag(self) -> None:
        """None: pages are not stored, so nothing is gained by hashing them."""

    async def head(self, *args: str, **kwargs: str) -> None:
        """As GET; Tornado drops the body."""
        await self.get(*args, **kwargs)  # type: ignore[misc]

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        fault = kwargs.get("exc_info", (None, None))[1]
        if isinstance(fault, SignInNeeded) and not self._headers_written:
            self.clear()
            self.ask_to_sign_in(fault)
            return
        super().send_error(faults.status_of(fault, status_code), **{k: v for k, v in kwargs.items() if k != "reason"})

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        fault = kwargs.get("exc_info", (None, None))[1]
        for name, value in faults.headers_of(fault).items():
            self.set_header(name, value)
        if status_code == 405:
            allowed = [v.upper() for v in VERBS if v in dir(type(self)) and hasattr(getattr(type(self), v), "guard")]
            self.set_header("Allow", ", ".join(["HEAD", *allowed] if "GET" in allowed else allowed))
        page = faults.page_of(fault, status_code, request_id=self.request_id)
        if "application/json" in self.request.headers.get("Accept", ""):
            self.finish(faults.body_of(page))
            return
        if self.wants_fragment:
            self.set_header("HX-Retarget", "#eq-fault")
            self.set_header("HX-Reswap", "innerHTML")
        self.show(page, status=status_code)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        if isinstance(value, StoreUnavailable):  # told once by the probe; a trace for each request says nothing more
            log.warning("request_store_away", route=self.route, fault=str(value))
        elif not faults.is_expected(value):
            log.error("request_failed", route=self.route, fault=type(value).__name__, exc_info=(typ, value, tb))


#: So many places stand in the navigation of our people; the desk's first page has them all.
PLACES = 6


def _desk_of(person: Staff) -> dict[str, Any]:
    """What the layout of the staff area needs to know."""
    actions = actions_of(person.roles)
    places = [("全部", "/staff"), *((section.name, section.href) for section in sections_for(actions)[:PLACES])]
    return {"staff": person.name, "actions": actions, "places": tuple(places)}


def _shown(account: Account) -> str:
    """How the header names who is signed in: a person masked as on every paper, a body by the start of its name."""
    if account.kind is AccountKind.NATURAL:
        return masks.name(account.name)
    return account.name if len(account.name) <= 8 else f"{account.name[:7]}…"
