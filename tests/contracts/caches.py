"""A real redis-server of the run's own, and sessions and limits over MongoDB and Redis behind the same methods."""

import asyncio
import contextlib
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError

from adapters.cache import connect_cache
from adapters.cache.limits import RedisLimits
from adapters.cache.sessions import RedisSessions
from conf.clock import utc_now
from conf.keys import load_keys
from conf.settings import load_settings
from setup.mongod import free_port
from store import open_store
from store.records import Session
from store.sessions import SessionRules
from tests.conftest import Clock


class RedisServer:
    """A redis-server on a free port that a test may stop and start."""

    def __init__(self, folder: str) -> None:
        self.port, self._folder = free_port(), folder
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self._folder]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        with Redis.from_url(self.url) as client:
            for _ in range(200):
                with contextlib.suppress(RedisError):
                    client.ping()
                    return
                time.sleep(0.02)
        raise RuntimeError("redis-server did not start")

    def freeze(self) -> None:
        """Connections stand, answers stop."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="eqicha-redis-") as folder:
        server = RedisServer(folder)
        server.start()
        yield server
        server.stop()


class Room:
    """Sessions and limits of one implementation, on their own loop and clock."""

    def __init__(self, kind: str, mongo_url: str, var_dir: Any, redis_url: str) -> None:
        self._runner = asyncio.Runner()
        self.clock = Clock(utc_now())  # the servers forget by their own clocks, so this one starts with theirs
        settings = load_settings(mongo_url=mongo_url, mongo_database="eqicha_contracts", var_dir=var_dir)
        self.store = self.run(open_store(settings, load_keys(settings), self.clock))
        self.run(self.store.ensure_indexes())
        self.redis = connect_cache(redis_url)
        self.sessions: Any = self.store.sessions
        self.limits: Any = self.store.limits
        if kind == "redis":
            self.sessions = RedisSessions(self.redis, self.clock, rules=SessionRules(settings), record=Session)
            self.limits = RedisLimits(self.redis, self.clock)

    def run(self, work: Any) -> Any:
        async def awaited() -> Any:
            return await work

        return self._runner.run(awaited())

    def gather(self, work: Callable[[], Any], times: int) -> list[Any]:
        async def all_of_them() -> list[Any]:
            return await asyncio.gather(*(work() for _ in range(times)))

        return self.run(all_of_them())

    def close(self) -> None:
        self.run(self.redis.aclose())
        self.run(self.store.close())
        self._runner.close()


@pytest.fixture(params=["mongo", "redis"])
def room(request: Any, mongo_url: str, var_dir: Any, redis_server: RedisServer) -> Iterator[Room]:
    one = Room(request.param, mongo_url, var_dir, redis_server.url)
    yield one
    one.close()


@pytest.fixture
def redis_room(mongo_url: str, var_dir: Any, redis_server: RedisServer) -> Iterator[Room]:
    one = Room("redis", mongo_url, var_dir, redis_server.url)
    yield one
    one.close()
