"""The store over a real mongod: `run` drives coroutines on one loop; `store` is emptied between tests."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import pytest
from pymongo import MongoClient

from conf.keys import load_keys
from conf.settings import Settings, load_settings
from store import Store, open_store
from tests.conftest import Clock

T = TypeVar("T")
Run = Callable[[Awaitable[T]], T]
DATABASE = "eqicha_store_test"


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as one:
        yield one


@pytest.fixture(scope="session")
def run(runner: asyncio.Runner) -> Run[Any]:
    async def awaited(work: Awaitable[T]) -> T:
        return await work

    return lambda work: runner.run(awaited(work))


@pytest.fixture(scope="session")
def store_settings(mongo_url: str, var_dir: Any) -> Settings:
    return load_settings(mongo_url=mongo_url, mongo_database=DATABASE, var_dir=var_dir, worker_enabled=False)


@pytest.fixture(scope="session")
def store_clock() -> Clock:
    from datetime import UTC, datetime

    return Clock(datetime(2026, 11, 21, 2, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def _opened(run: Run[Any], store_settings: Settings, store_clock: Clock) -> Iterator[Store]:
    store = run(open_store(store_settings, load_keys(store_settings), store_clock))
    run(store.ensure_indexes())
    yield store
    run(store.close())


@pytest.fixture
def store(_opened: Store, mongo_url: str) -> Iterator[Store]:
    """An empty store with all indexes; what the test wrote is deleted afterwards."""
    empty(mongo_url)
    yield _opened
    empty(mongo_url)


def empty(mongo_url: str) -> None:
    """Delete every row; indexes stay."""
    with MongoClient(mongo_url) as client:
        db = client[DATABASE]
        for name in db.list_collection_names():
            if not name.startswith("system."):
                db[name].delete_many({})
