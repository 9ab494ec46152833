"""A live service for page tests: `site` runs the real application over a real store on a free port.

`site.visitor()` is a browser without script that judges every page it gets (tests/web/client.py);
`site.signed_in(account)` is one with a session; `site.run(coroutine)` works on the service's own loop.
"""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pymongo import MongoClient
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from adapters.sharing.gateway import GatewaySharing
from conf.keys import load_keys
from conf.settings import Settings, load_settings
from conf.terms import Channel
from handlers.application import SERVER_LIMITS, Service, make_application
from handlers.visit import new_token, session_id
from store import Store, open_store
from store.records import Account, Session
from tests.conftest import Clock
from tests.web.client import PageClient

DATABASE = "eqicha_web_test"
START = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


class Site:
    """The running service. Its loop lives on a thread of its own; tests stay plain synchronous functions."""

    def __init__(self, settings: Settings, clock: Any = None) -> None:
        self.settings, self.clock = settings, clock or Clock(START)
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.store: Store
        self.app: Service
        self._clients: list[PageClient] = []
        self.run(self._open())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Await `work` on the service's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def visitor(self, **headers: str) -> PageClient:
        """A browser nobody is signed in at."""
        client = PageClient(self.url, headers, ready_token=self._token)
        self._clients.append(client)
        return client

    def signed_in(self, account: Account, *, channel: Channel = Channel.PC, **headers: str) -> PageClient:
        """A browser with a session of `account`."""
        return self.with_session(account_id=account.id, channel=channel, **headers)

    def with_session(
        self, *, account_id: str = "", staff_id: str = "", channel: Channel = Channel.PC, **headers: str
    ) -> PageClient:
        """A browser with a fresh session, of a visitor or of one of our people."""
        token, now = new_token(), self.clock()
        session = Session(
            id=session_id(token),
            account_id=account_id,
            staff_id=staff_id,
            channel=channel,
            terminal_id="",
            created_at=now,
            seen_at=now,
            expires_at=now + timedelta(hours=8),
            values={},
        )
        self.run(self.app.sessions.create(session))
        client = self.visitor(**headers)
        client.set_cookie(self.app.cookie("staff" if staff_id else "session"), token)
        return client

    def close(self) -> None:
        self.run(self._close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()

    def rest(self) -> None:
        """Between two tests: empty store, clock back, no open client, no counted search."""
        for client in self._clients:
            client.close()
        self._clients.clear()
        with MongoClient[Any](self.settings.mongo_url) as mongo:
            database = mongo[self.settings.mongo_database]
            for name in database.list_collection_names(filter={"name": {"$regex": "^(?!system\\.)"}}):
                database[name].delete_many({})
        self.clock.now = START
        self.app.terminals.forget()
        self.app.searches.forget()

    async def _open(self) -> None:
        keys = load_keys(self.settings)
        self.store = await open_store(self.settings, keys, self.clock)
        await self.store.ensure_indexes()
        away = self.settings.model_copy(update={"sharing_url": "http://127.0.0.1:9"})  # nobody listens there
        adapters = SimpleNamespace(sharing=GatewaySharing(away), lines=(), sm2=None, callbacks={})
        self.app = make_application(self.store, adapters, self.settings, keys=keys, clock=self.clock)
        self._server = HTTPServer(self.app, **SERVER_LIMITS)
        sockets = bind_sockets(0, "127.0.0.1")
        self._server.add_sockets(sockets)
        self.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"

    async def _close(self) -> None:
        self._server.stop()
        await self._server.close_all_connections()
        await self.store.close()

    @property
    def _token(self) -> str:
        return str(self.app.settings["xsrf_cookie_name"])


@pytest.fixture(scope="session")
def _site(mongo_url: str, var_dir: Path) -> Iterator[Site]:
    made = Site(load_settings(mongo_url=mongo_url, mongo_database=DATABASE, var_dir=var_dir, worker_enabled=False))
    yield made
    made.close()


@pytest.fixture
def site(_site: Site) -> Iterator[Site]:
    """The service with an empty store."""
    yield _site
    _site.rest()
