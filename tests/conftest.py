"""Fixtures every room's tests share: `mongo_url` (one real mongod per run), `settings`, `clock`.

Keep this file small: a fixture used by one room lives in that room's own conftest.
"""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from conf.live import forget
from conf.settings import Settings, load_settings
from setup.mongod import Mongod


@pytest.fixture(scope="session")
def mongo_url() -> Iterator[str]:
    """A fresh real mongod (single-node replica set) for the whole run."""
    with tempfile.TemporaryDirectory(prefix="eqicha-mongo-") as folder:
        server = Mongod(Path(folder) / "data").start()
        with MongoClient[Any](
            server.url
        ) as client:  # tests live by a clock of their own; the server would clear by its
            client.admin.command("setParameter", 1, ttlMonitorEnabled=False)
        yield server.url
        server.stop()


@pytest.fixture(scope="session")
def var_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One var/ for the run: development keys are made once."""
    return tmp_path_factory.mktemp("var")


@pytest.fixture(autouse=True)
def _nothing_tuned() -> Iterator[None]:
    """What a test had approved counts in that test only."""
    yield
    forget()


@pytest.fixture
def settings(mongo_url: str, var_dir: Path) -> Settings:
    return load_settings(mongo_url=mongo_url, mongo_database="eqicha_test", var_dir=var_dir, worker_enabled=False)


class Clock:
    """A clock that stands still until told to move."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 11, 21, 2, 0, tzinfo=UTC))
